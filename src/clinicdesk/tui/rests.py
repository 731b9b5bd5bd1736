"""What somebody typed and the database took no more, their session being over: kept for their return.

In this process alone, never on a disk; whoever else logs in meanwhile neither sees it nor has it saved.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.ids import new_id

if TYPE_CHECKING:
    from clinicdesk.clinic.records.service import SaveDraft
    from clinicdesk.tui.desk_link import DeskLink


class Rests:
    """Drafts owed, by person."""

    def __init__(self) -> None:
        """Nobody is owed anything."""
        self._owed: dict[str, list[SaveDraft]] = {}

    def keep(self, username: str, rests: Iterable[SaveDraft | None]) -> None:
        """Remember what is owed to a person."""
        if found := [rest for rest in rests if rest is not None]:
            self._owed.setdefault(username, []).extend(found)

    async def give_back(self, link: DeskLink) -> None:
        """Save what is owed to who came in; what another desk wrote meanwhile stays below it.

        What is refused now is tried at the next login.
        """
        username = link.session.actor.username
        for rest in self._owed.pop(username, []):
            try:
                await _save(link, rest)
            except Refusal:
                self.keep(username, (rest,))


async def _save(link: DeskLink, rest: SaveDraft) -> None:
    from clinicdesk.clinic.records import queries, service
    from clinicdesk.clinic.records.errors import DraftChanged
    from clinicdesk.kit import clock
    from clinicdesk.tui.roles import note_text
    from clinicdesk.tui.roles.note_plan import both_plans

    with contextlib.suppress(DraftChanged):
        await link.do(service.save_draft, rest)
        return
    found = await link.see(queries.drafts, queries.DraftsQuery(rest.patient_id, rest.visit_id))
    if not found:
        await link.do(service.save_draft, replace(rest, key=new_id(), version=1))
        return
    theirs = found[0]
    hour = f"{clock.local(theirs.saved_at, link.session.actor.at.zone):%H:%M}"
    text = note_text.both_texts(rest.text, theirs.text, hour)
    stated = note_text.both_diagnoses(rest.diagnoses, theirs.diagnoses)
    joined = replace(
        rest,
        key=new_id(),
        text=text,
        diagnoses=stated,
        plan=both_plans(rest.plan, theirs.plan),
        late=rest.late or theirs.late,
        version=theirs.version + 1,
    )
    await link.do(service.save_draft, joined)
