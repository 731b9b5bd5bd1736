"""Several desks on one draft, several doctors on one visit: who loses a race is told, and loses no word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import queries, service
from clinicdesk.clinic.records.errors import NoteSigned
from clinicdesk.clinic.turns import service as turns
from clinicdesk.kit.ids import new_id
from tests.clinic.test_notes import in_course
from tests.editors import type_together
from tests.factories import Network, followed, proven

LogIn = Callable[..., Session]
EDITORS, SAVES = 8, 50


@pytest.mark.parametrize("one_draft", [True, False], ids=["one draft", "a draft each"])
def test_no_save_goes_unseen_over_anothers(network: Network, log_in: LogIn, *, one_draft: bool) -> None:
    first = in_course(network, log_in)
    visits = [(first.patient_id, first.visit_id)] * EDITORS
    if not one_draft:
        made = [in_course(network, log_in) for _ in range(EDITORS)]
        visits = [(each.patient_id, each.visit_id) for each in made]
    outcome = type_together(network, "lpaz", visits, SAVES)
    assert outcome.silent == ()
    assert outcome.saves == EDITORS * SAVES
    assert bool(outcome.conflicts) is one_draft


def test_two_doctors_of_a_requeued_visit_keep_a_draft_each_and_the_second_to_sign_keeps_the_text(
    network: Network, log_in: LogIn
) -> None:
    visit, first, second = in_course(network, log_in), log_in("lpaz"), log_in("jibarra")
    followed(log_in("secre"), visit.patient_id, second)
    step: dict[str, Any] = {"patient_id": visit.patient_id, "turn_id": visit.turn_id}
    draft = service.SaveDraft(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="De la primera.", version=1
    )
    first.desk().do(service.save_draft, draft)
    back = first.desk().do(turns.requeue, turns.Hop(**step, seq=visit.seq, from_state=visit.state))
    second.desk().do(service.start_visit, service.StartVisit(**step, seq=back.seq, from_state=back.state))
    own = replace(draft, key=new_id(), draft_id=new_id(), text="Del segundo.")
    second.desk().do(service.save_draft, own)
    asked = queries.DraftsQuery(visit.patient_id, visit.visit_id)
    assert [row.text for row in first.desk().see(queries.drafts, asked)] == ["De la primera."]
    assert [row.text for row in second.desk().see(queries.drafts, asked)] == ["Del segundo."]
    sign = service.SignNote(patient_id=visit.patient_id, visit_id=visit.visit_id, text="De la primera.")
    note = first.desk().do(service.sign_note, replace(sign, **proven(first)))
    with pytest.raises(NoteSigned):
        second.desk().do(service.sign_note, replace(sign, text="Del segundo.", **proven(second)))
    assert [row.text for row in second.desk().see(queries.drafts, asked)] == ["Del segundo."]
    addendum = service.AddendNote(
        patient_id=visit.patient_id, amends_id=note.note_id, text="Del segundo.", **proven(second)
    )
    second.desk().do(service.addend_note, addendum)
    assert second.desk().see(queries.drafts, asked) == ()
