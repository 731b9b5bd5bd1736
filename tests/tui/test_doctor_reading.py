"""Two readings of one chart at once: the older answer is never shown over the newer one."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from clinicdesk.tui.roles.doctor import DoctorHome

WHO = UUID(int=1)


def test_an_answer_that_another_one_overtook_is_read_again() -> None:
    chart = SimpleNamespace(contents="as it was")
    answers = ["before the note was signed", "with the note"]

    async def whole(patient_id: UUID, *, opening: bool) -> str:
        assert (patient_id, opening) == (WHO, False)
        if len(answers) > 1:
            chart.contents = "shown meanwhile"
        return answers.pop(0)

    home = cast(Any, SimpleNamespace(chart=chart, reading=SimpleNamespace(whole=whole)))
    shown: object = asyncio.run(DoctorHome._read_again(home, WHO))
    assert shown == "with the note"
    assert answers == []
