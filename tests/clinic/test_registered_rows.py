"""What a death does to turns, and rows of a person that the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.patients import additions, details, queries, service
from clinicdesk.clinic.patients import particulars as known
from clinicdesk.clinic.turns import deaths, slots
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import DeathAhead, NotDeceased, PatientDeceased
from clinicdesk.kit import clock, db
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
MOBILE = "+5491161234567"


def whole(session: Session, patient_id: Any) -> details.PatientDetails:
    """Everything known of a patient."""
    return session.desk().see(details.details, queries.PatientQuery(patient_id))


def add(session: Session, patient_id: Any, fact: known.Particular) -> Any:
    """The id of a fact that was added."""
    order = additions.AddParticular(patient_id=patient_id, fact=fact)
    return session.desk().do(additions.add_particular, order).row_id


# Death


def booked(clerk: Session, patient_id: Any) -> turns.TurnAnswer:
    """A turn in a free slot some days ahead."""
    today = clock.local_day(clock.now(), clerk.actor.at.zone)
    asked = slots.SlotsQuery(clerk.actor.at.clinic_id, since=today + timedelta(days=2), days=3)
    free = clerk.desk().see(slots.slots, asked)
    return clerk.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient_id, slot=free[0].id))


def state_of(network: Network, turn_id: Any) -> tuple[Any, ...]:
    """State, who cancelled, reason and whether it holds time."""
    question = text(
        "SELECT t.state, t.cancelled_by, e.reason, EXISTS ("
        "SELECT FROM bookings b WHERE b.turn_id = t.id AND b.active)"
        " FROM turns t JOIN turn_events e ON e.turn_id = t.id AND e.seq = t.seq WHERE t.id = :turn"
    )
    with network.owner.connect() as owner:
        return tuple(owner.execute(question, {"turn": turn_id}).one())


def test_a_death_frees_the_turns_to_come_and_is_taken_back(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk).patient_id
    turn = booked(clerk, patient_id)
    today = clock.local_day(clock.now(), clerk.actor.at.zone)
    ahead = deaths.RecordDeath(patient_id=patient_id, died_on=today + timedelta(days=2))
    with pytest.raises(DeathAhead):
        clerk.desk().do(deaths.record_death, ahead)
    answer = clerk.desk().do(deaths.record_death, deaths.RecordDeath(patient_id=patient_id, died_on=today))
    assert answer.cancelled == 1
    assert state_of(network, turn.id) == ("cancelado", "centro", deaths.REASON, False)
    with pytest.raises(PatientDeceased):
        booked(clerk, patient_id)
    walk_in = admissions.WalkIn(
        patient_id=patient_id, doctor_id=log_in("lpaz").actor.person_id, reason="control"
    )
    with pytest.raises(PatientDeceased):
        clerk.desk().do(admissions.walk_in, walk_in)
    undone = clerk.desk().do(deaths.undo_death, deaths.UndoDeath(patient_id=patient_id))
    assert (undone.restored, undone.not_restored) == (1, 0)
    assert state_of(network, turn.id)[0::3] == ("registrado", True)
    with pytest.raises(NotDeceased):
        clerk.desk().do(deaths.undo_death, deaths.UndoDeath(patient_id=patient_id))


def test_a_turn_for_the_dead_is_refused_by_the_database_itself(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk).patient_id
    with network.owner.begin() as owner:
        died = text("UPDATE patients SET deceased_on = current_date WHERE patient_id = :patient")
        owner.execute(died, {"patient": patient_id})
    with clerk.engine.connect() as connection, pytest.raises(DBAPIError, match="has died"):
        connection.execute(text("SELECT demand_living(:patient)"), {"patient": patient_id})


def test_no_turn_outlives_a_death_entered_meanwhile(network: Network, log_in: LogIn) -> None:
    clerks = [log_in(name) for name in ("msosa", "secre")]
    today = clock.local_day(clock.now(), clerks[0].actor.at.zone)
    asked = slots.SlotsQuery(clerks[0].actor.at.clinic_id, since=today + timedelta(days=2), days=3)
    for _round in range(4):
        patient_id = new_patient(clerks[0]).patient_id
        free = clerks[0].desk().see(slots.slots, asked)[0]
        barrier = Barrier(2)
        ends: list[str] = []
        book = turns.BookTurn(patient_id=patient_id, slot=free.id)
        die = deaths.RecordDeath(patient_id=patient_id, died_on=today)

        def act(clerk: Session, case: Any, order: Any, barrier: Barrier, ends: list[str]) -> None:
            barrier.wait(60)
            try:
                clerk.desk().do(case, order)
                ends.append("done")
            except PatientDeceased:
                ends.append("dead")

        jobs = ((clerks[0], turns.book_turn, book), (clerks[1], deaths.record_death, die))
        threads = [Thread(target=act, args=(*job, barrier, ends)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(120)
        assert sorted(ends) in (["dead", "done"], ["done", "done"])
        stands = text(
            "SELECT count(*) FROM bookings b JOIN turns t ON t.id = b.turn_id"
            " WHERE t.patient_id = :p AND (b.active OR t.state <> 'cancelado')"
        )
        with network.owner.connect() as owner:
            assert owner.execute(stands, {"p": patient_id}).scalar_one() == 0


# By raw SQL, as the people who may write: (statement, what says no), each with its rightful twin.

PHONE = "INSERT INTO phones (patient_id, id, number, kind, note, added_at) VALUES (:p, :id, {}, now())"
CLOSE = (
    "INSERT INTO contacts (patient_id, id, relation, name, phone, related_id, added_at)"
    " VALUES (:p, :id, {}, now())"
)
SAID = (
    "INSERT INTO consents (patient_id, id, purpose, number, granted, evidence, at, person_id)"
    " VALUES (:p, :id, {}, now(), {})"
)
COVER = "INSERT INTO coverages (patient_id, id, payer, plan, since, until) VALUES (:p, :id, {})"
FORMER = (
    "INSERT INTO former_documents (patient_id, id, kind, number, reason, at, person_id)"
    " VALUES (:p, :id, 'DNI', '1', {}, now(), charts.me())"
)
PATIENT = "UPDATE patients SET {} WHERE patient_id = :p"
WRONG = {
    "phones_number_ck": (PHONE.format("'4444', 'fijo', NULL"), PHONE.format(f"'{MOBILE}', 'fijo', NULL")),
    "phones_kind_ck": (PHONE.format(f"'{MOBILE}', 'fax', NULL"), PHONE.format(f"'{MOBILE}', 'otro', NULL")),
    "phones_note_ck": (PHONE.format(f"'{MOBILE}', 'otro', ''"), PHONE.format(f"'{MOBILE}', 'otro', 'x'")),
    "contacts_relation_ck": (
        CLOSE.format("'vecino', 'A', NULL, NULL"),
        CLOSE.format("'tutor', 'A', NULL, NULL"),
    ),
    "contacts_name_ck": (CLOSE.format("'tutor', '', NULL, NULL"), CLOSE.format("'padre', 'A', NULL, NULL")),
    "contacts_phone_ck": (
        CLOSE.format("'tutor', 'A', '1', NULL"),
        CLOSE.format(f"'hijo', 'A', '{MOBILE}', NULL"),
    ),
    "contacts_other_ck": (CLOSE.format("'tutor', 'A', NULL, :p"), CLOSE.format("'tutor', 'A', NULL, :id")),
    "consents_purpose_ck": (
        SAID.format(f"'todo', '{MOBILE}', true, 'x'", "charts.me()"),
        SAID.format("'datos', NULL, true, 'x'", "charts.me()"),
    ),
    "consents_number_ck": (
        SAID.format("'avisos', NULL, true, 'x'", "charts.me()"),
        SAID.format(f"'avisos', '{MOBILE}', true, 'x'", "charts.me()"),
    ),
    "consents_form_ck": (
        SAID.format("'avisos', '@', true, 'x'", "charts.me()"),
        SAID.format("'avisos', 'a@b', true, 'x'", "charts.me()"),
    ),
    "consents_evidence_ck": (
        SAID.format("'datos', NULL, true, ''", "charts.me()"),
        SAID.format("'datos', NULL, false, 'x'", "charts.me()"),
    ),
    "coverages_period_ck": (
        COVER.format("'OSDE', NULL, '2026-01-02', '2026-01-01'"),
        COVER.format("'OSDE', NULL, '2026-01-01', '2026-01-01'"),
    ),
    "coverages_plan_ck": (
        COVER.format("'OSDE', repeat('x', 121), NULL, NULL"),
        COVER.format("'OSDE', repeat('x', 120), NULL, NULL"),
    ),
    "former_documents_reason_ck": (FORMER.format("''"), FORMER.format("'x'")),
    "patients_provisional_ck": (PATIENT.format("provisional = 'x'"), PATIENT.format("provisional = 'nn'")),
    "patients_allergy_ck": (
        PATIENT.format("allergy_status = 'x'"),
        PATIENT.format("allergy_status = 'ninguna'"),
    ),
    "patients_death_ck": (
        PATIENT.format("deceased_on = birth - 1"),
        PATIENT.format("deceased_on = birth"),
    ),
    "patient_documents_chart_ck": (
        "UPDATE patient_documents SET valid = false WHERE patient_id = :p AND kind = 'HC'",
        "UPDATE patient_documents SET valid = false WHERE patient_id = :p AND kind <> 'HC'",
    ),
    "patient_documents_pk": (
        "SELECT take_document(:p, 'AR', 'DNI', (SELECT number FROM patient_documents WHERE kind = 'DNI'"
        " AND valid AND patient_id <> :p LIMIT 1), NULL)",
        "SELECT take_document(:p, 'AR', 'DNI', (SELECT number FROM patient_documents WHERE kind = 'DNI'"
        " AND valid AND patient_id = :p LIMIT 1), NULL)",
    ),
}


def used(statement: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values that a statement names."""
    return {name: value for name, value in values.items() if f":{name}" in statement}


@pytest.mark.parametrize("constraint", WRONG)
def test_a_wrong_row_is_refused_by_name_and_its_twin_is_taken(log_in: LogIn, constraint: str) -> None:
    clerk = log_in("msosa")
    new_patient(clerk)
    values = {"p": new_patient(clerk).patient_id, "id": new_id()}
    wrong, right = WRONG[constraint]
    with clerk.engine.connect() as connection, pytest.raises(DBAPIError) as refused:
        connection.execute(text(wrong), used(wrong, values))
    assert db.constraint_name(refused.value) == constraint or constraint in str(refused.value)
    with clerk.engine.connect() as connection:
        assert connection.execute(text(right), used(right, values)).rowcount == 1


def test_a_sealed_patient_s_phones_are_hidden_by_the_database_too(log_in: LogIn) -> None:
    clerk, officer = log_in("msosa"), log_in("priva")
    patient_id = new_patient(clerk).patient_id
    add(clerk, patient_id, known.Phone("351 555-7303"))
    add(clerk, patient_id, known.Contact("hermano", "Ana"))
    counts = (
        "SELECT (SELECT count(*) FROM phones WHERE patient_id = :p),"
        " (SELECT count(*) FROM contacts WHERE patient_id = :p)"
    )

    def seen() -> tuple[Any, ...]:
        with clerk.engine.connect() as connection:
            return tuple(connection.execute(text(counts), {"p": patient_id}).one())

    assert seen() == (1, 1)
    officer.desk().do(service.seal_patient, service.SealPatient(patient_id=patient_id, sealed=True))
    assert seen() == (0, 0)
    assert whole(clerk, patient_id).phones == ()


def test_a_consent_is_written_in_ones_own_name(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    values = {"p": new_patient(clerk).patient_id, "id": new_id()}
    said = "'datos', NULL, true, 'x'"
    with clerk.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(text(SAID.format(said, "charts.me() + 1")), values)
    with clerk.engine.connect() as connection:
        assert connection.execute(text(SAID.format(said, "charts.me()")), values).rowcount == 1
