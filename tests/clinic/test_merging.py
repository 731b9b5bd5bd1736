"""Two entries of the registry that are one person: merged, read as one, and taken apart exactly."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.everything import metadata
from clinicdesk.clinic.patients import alike, editing, history, merging, queries
from clinicdesk.clinic.patients import service as registry
from clinicdesk.clinic.patients.errors import (
    AlreadyMerged,
    DocumentKnown,
    MergeHidden,
    MergeOverlap,
    MergeSealed,
    NotMerged,
    PatientChanged,
    PatientNotFound,
    SamePatient,
)
from clinicdesk.clinic.patients.model import allergies, patients
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.tables import TableClass
from clinicdesk.clinic.turns import moving, service, slots
from clinicdesk.clinic.turns import queries as agenda
from clinicdesk.clinic.turns.errors import PatientBusy
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
# What tells of merges is not what they are taken back from; acts only grow.
_TELLS = {"patient_merges", "acts", "act_answers"}
_HELD = [
    table.name
    for table in metadata.sorted_tables
    if table.info["class"] in {TableClass.BY_PATIENT, TableClass.KEYED} and table.name not in _TELLS
]


def every_row(network: Network) -> dict[str, list[str]]:
    """Each row of every table of patients, as text."""
    with network.owner.connect() as owner:
        return {
            name: sorted(owner.execute(text(f"SELECT t::text FROM {name} t")).scalars()) for name in _HELD
        }


def merged(session: Session, kept: UUID, gone: UUID, **more: Any) -> merging.MergeAnswer:
    order = merging.MergePatients(patient_id=kept, retired_id=gone, reason="ficha duplicada", **more)
    return session.desk().do(merging.merge, order)


def parted(session: Session, gone: UUID) -> merging.UnmergeAnswer:
    order = merging.UnmergePatients(patient_id=gone, reason="eran dos")
    return session.desk().do(merging.unmerge, order)


def slot(network: Network, session: Session, ahead: int, at: int = 0, doctor: str = "lpaz") -> slots.SlotRow:
    """A free slot of a doctor some days ahead."""
    day = clock.local_day(clock.now(), session.actor.at.zone) + timedelta(days=ahead)
    ask = slots.SlotsQuery(network.clinic_ids[0], network.person_ids[doctor], since=day, days=1, limit=400)
    return session.desk().see(slots.slots, ask)[at]


def booked(session: Session, patient_id: UUID, where: slots.SlotRow) -> service.TurnAnswer:
    order = service.BookTurn(patient_id=patient_id, slot=where.id, acknowledged=_known(session, patient_id))
    return session.desk().do(service.book_turn, order)


def _known(session: Session, patient_id: UUID) -> tuple[UUID, ...]:
    found = session.desk().see(agenda.patient_turns, agenda.PatientTurnsQuery(patient_id))
    return tuple(turn.id for turn in found)


def shown(session: Session, patient_id: UUID) -> queries.PatientRow:
    return session.desk().see(queries.reread, queries.PatientQuery(patient_id))


@pytest.fixture
def secre(log_in: LogIn) -> Session:
    """Who may merge."""
    return log_in("secre")


def test_id_document_and_chart_number_of_the_retired_lead_to_who_stands(secre: Session) -> None:
    kept = new_patient(secre, family="Villafañe", document=Document("AR", "DNI", "39000001"))
    gone = new_patient(secre, family="Villafane", document=Document("AR", "DNI", "39000002"))
    answer = merged(secre, kept.patient_id, gone.patient_id)
    assert (answer.chart_number, answer.retired_chart) == (kept.chart_number, gone.chart_number)
    desk = secre.desk()
    assert shown(secre, gone.patient_id).patient_id == kept.patient_id
    for words in ("39000002", "DNI:39000002", f"HC {gone.chart_number}", "39000001"):
        assert desk.see(queries.find, queries.DocumentQuery(words)).patient_id == kept.patient_id
    with pytest.raises(DocumentKnown, match=f"{kept.chart_number:06d}"):
        new_patient(secre, document=Document("AR", "DNI", "39000002"))


def test_whoever_is_found_by_the_retired_ones_words_is_shown_once(secre: Session) -> None:
    kept = new_patient(secre, family="Zuloaga Unida", given="Berta")
    gone = new_patient(secre, family="Zuloaga Hunida", given="Verta", birth=date(1970, 1, 1))
    desk, ask = secre.desk(), queries.SearchQuery
    assert len(desk.see(queries.search, ask("zuloaga")).rows) == 2
    merged(secre, kept.patient_id, gone.patient_id)
    for words in ("zuloaga", "hunida verta", f"HC {gone.chart_number}"):
        found = desk.see(queries.search, ask(words))
        assert [row.patient_id for row in found.rows] == [kept.patient_id]
        assert found.more == 0
        assert found.rows[0].family == "Zuloaga Unida"


def test_who_is_one_person_is_counted_once_among_many(secre: Session) -> None:
    people = [new_patient(secre, family="Yrigoyen", given=f"Tulio {'ABCDE'[at % 5]}") for at in range(24)]
    for kept, gone in ((0, 23), (1, 22), (2, 21)):
        merged(secre, people[kept].patient_id, people[gone].patient_id)
    found = secre.desk().see(queries.search, queries.SearchQuery("yrigoyen tulio"))
    assert (len({row.patient_id for row in found.rows}), found.more) == (20, 1)
    merged(secre, people[3].patient_id, people[20].patient_id)
    found = secre.desk().see(queries.search, queries.SearchQuery("yrigoyen tulio"))
    assert (len(found.rows), found.more, found.uncounted) == (20, 0, False)


def test_who_stands_keeps_its_values_and_its_blanks_are_filled(network: Network, secre: Session) -> None:
    kept = new_patient(secre, document=None, birth=None, phone="+541140000001")
    gone = new_patient(secre, phone="+541140000002", email="r@example.org", city="Salta", payer="OSDE")
    with network.owner.begin() as owner:
        owner.execute(
            text("UPDATE patients SET allergy_status = 'registradas' WHERE patient_id = :id"),
            {"id": gone.patient_id},
        )
        owner.execute(
            insert(allergies).values(patient_id=gone.patient_id, id=new_id(), substance="penicilina")
        )
    before = shown(secre, gone.patient_id)
    merged(secre, kept.patient_id, gone.patient_id)
    row = shown(secre, kept.patient_id)
    assert (row.phone, row.email, row.city) == ("+541140000001", "r@example.org", "Salta")
    assert (row.birth, row.document, row.payer) == (date(1981, 8, 2), before.document, "OSDE")
    assert row.allergy_status == "registradas"
    assert row.chart_number == kept.chart_number
    assert row.united == (gone.chart_number,)


def test_the_plan_shows_what_the_merge_then_is(secre: Session) -> None:
    kept = new_patient(secre, document=None, birth=None)
    gone = new_patient(secre, phone="+541140000003")
    plan = secre.desk().see(merging.plan, merging.PlanQuery(kept.patient_id, gone.patient_id))
    assert (plan.kept, plan.retired) == (shown(secre, kept.patient_id), shown(secre, gone.patient_id))
    merged(secre, kept.patient_id, gone.patient_id)
    assert plan.result == shown(secre, kept.patient_id)
    assert not plan.distinct


def test_pairs_leave_the_work_list_and_come_back(network: Network, secre: Session) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    first, second = sorted((kept.patient_id, gone.patient_id))
    secre.desk().do(alike.keep_pairs, alike.KeepPairs(pairs=(alike.Pair(first, second, 97),)))

    def pairs() -> int:
        return secre.desk().see(alike.duplicates, alike.DuplicatesQuery()).total

    assert pairs() == 1
    merged(secre, kept.patient_id, gone.patient_id)
    assert pairs() == 0
    parted(secre, gone.patient_id)
    assert pairs() == 1


def test_turns_of_both_are_one_persons(network: Network, secre: Session) -> None:
    kept, gone = new_patient(secre, family="Queda"), new_patient(secre, family="Retirada")
    one = booked(secre, kept.patient_id, slot(network, secre, 2))
    other = booked(secre, gone.patient_id, slot(network, secre, 3))
    merged(secre, kept.patient_id, gone.patient_id)
    for patient_id in (kept.patient_id, gone.patient_id):
        found = secre.desk().see(agenda.patient_turns, agenda.PatientTurnsQuery(patient_id))
        assert [turn.id for turn in found] == [one.id, other.id]
        assert {turn.family for turn in found} == {"Queda"}
        assert [turn.own_chart for turn in found] == [None, gone.chart_number]


def test_nobody_is_in_two_places_whichever_chart_gave_the_turns(network: Network, secre: Session) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    where = slot(network, secre, 4)
    other = slot(network, secre, 4, doctor="jibarra")
    assert where.starts_at == other.starts_at
    turn = booked(secre, gone.patient_id, where)
    merged(secre, kept.patient_id, gone.patient_id)
    for patient_id in (kept.patient_id, gone.patient_id):
        with pytest.raises(PatientBusy):
            booked(secre, patient_id, other)
    # The turn goes elsewhere with its claim, and its old time is free again.
    later = slot(network, secre, 4, at=9)
    move = moving.MoveTurn(
        patient_id=gone.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, slot=later.id
    )
    secre.desk().do(moving.move, move)
    booked(secre, gone.patient_id, other)
    then = (slot(network, secre, 4, at=at, doctor="jibarra") for at in range(20))
    same = next(each for each in then if each.starts_at == later.starts_at)
    with pytest.raises(PatientBusy):
        booked(secre, kept.patient_id, same)


def test_turns_at_one_time_are_listed_and_refuse(network: Network, secre: Session) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    one = booked(secre, kept.patient_id, slot(network, secre, 5, at=3))
    two = booked(secre, gone.patient_id, slot(network, secre, 5, at=3, doctor="jibarra"))
    before = every_row(network)
    plan = secre.desk().see(merging.plan, merging.PlanQuery(kept.patient_id, gone.patient_id))
    assert {each.turn_id for each in plan.overlaps} == {one.id, two.id}
    with pytest.raises(MergeOverlap) as refused:
        merged(secre, kept.patient_id, gone.patient_id)
    assert {each.turn_id for each in refused.value.fields["turns"]} == {one.id, two.id}  # type: ignore[attr-defined]
    assert every_row(network) == before
    hop = service.Hop(
        patient_id=gone.patient_id, turn_id=two.id, seq=two.seq, from_state=two.state, reason="superpuesto"
    )
    secre.desk().do(service.cancel, hop)
    merged(secre, kept.patient_id, gone.patient_id)


def test_whoever_books_for_the_retired_while_it_is_merged_is_refused_by_the_database(
    network: Network, secre: Session, log_in: LogIn
) -> None:
    """The claim on its chart is the merge's own, from then on and for ever; the survivor's is free."""
    kept, gone = new_patient(secre), new_patient(secre)
    merged(secre, kept.patient_id, gone.patient_id)
    where = slot(network, secre, 6)
    claim = (
        "INSERT INTO bookings (resource, resource_id, id, patient_id, turn_id, during, active) VALUES"
        " (int8range(-:chart, -:chart, '[]'), -:chart, gen_random_uuid(), :patient, gen_random_uuid(),"
        " tstzrange(:start, :end), true)"
    )
    values = {"patient": gone.patient_id, "start": where.starts_at, "end": where.ends_at}
    with log_in("msosa").engine.connect() as connection:
        with pytest.raises(DBAPIError, match="bookings_no_overlap"):
            connection.execute(text(claim), values | {"chart": gone.chart_number})
        connection.rollback()
        connection.execute(text(claim), values | {"chart": kept.chart_number})
        connection.rollback()


def test_two_who_merge_a_pair_both_ways_at_once_merge_it_once(secre: Session, log_in: LogIn) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    pair = (kept.patient_id, gone.patient_id)
    sessions = (secre, log_in("gestion"))
    found: list[Any] = []
    start = threading.Barrier(2)

    def work(session: Session, one: UUID, other: UUID) -> None:
        start.wait()
        try:
            found.append(merged(session, one, other))
        except (AlreadyMerged, SamePatient) as refused:
            found.append(refused)

    threads = [
        threading.Thread(target=work, args=(session, *ids))
        for session, ids in zip(sessions, (pair, pair[::-1]), strict=True)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(isinstance(each, merging.MergeAnswer) for each in found) == [False, True]


def test_an_order_sent_again_under_its_key_merges_once(secre: Session) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    order = merging.MergePatients(patient_id=kept.patient_id, retired_id=gone.patient_id, reason="doble")
    assert secre.desk().do(merging.merge, order) == secre.desk().do(merging.merge, order)


def test_what_is_no_pair_is_refused(secre: Session) -> None:
    kept, gone, third = (new_patient(secre) for _ in range(3))
    with pytest.raises(SamePatient):
        merged(secre, kept.patient_id, kept.patient_id)
    with pytest.raises(PatientNotFound):
        merged(secre, kept.patient_id, new_id())
    with pytest.raises(PatientChanged):
        merged(secre, kept.patient_id, gone.patient_id, seen=(1, 7))
    merged(secre, kept.patient_id, gone.patient_id, seen=(1, 1))
    with pytest.raises(SamePatient):
        merged(secre, kept.patient_id, gone.patient_id)
    with pytest.raises(AlreadyMerged):
        merged(secre, third.patient_id, gone.patient_id)
    with pytest.raises(NotMerged):
        parted(secre, kept.patient_id)
    # Into the retired one is into who stands for it.
    assert merged(secre, gone.patient_id, third.patient_id).patient_id == kept.patient_id


@pytest.mark.parametrize("username", ["msosa", "lpaz", "enfe", "priva"])
def test_who_registers_or_cares_does_not_merge(username: str, secre: Session, log_in: LogIn) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    with pytest.raises(NotAllowed):
        merged(log_in(username), kept.patient_id, gone.patient_id)
    with pytest.raises(NotAllowed):
        parted(log_in(username), gone.patient_id)


ATTACKS = (
    "UPDATE patients SET merged_into = :kept WHERE patient_id = :gone",
    "INSERT INTO patient_merges (patient_id, id, seq, survivor_id, way, reason, survivor_before,"
    " retired_before, at, person_id, act) VALUES (:gone, :new, 1, :kept, 'merge', 'x',"
    " '{}', '{}', now(), 1, :new)",
    "SELECT merge_patients(:new, :kept, :gone, 'porque sí', :new)",
    "SELECT claims_follow(ARRAY[:gone]::uuid[], 1, 2, now())",
    "DELETE FROM patient_merges",
)


@pytest.mark.parametrize("statement", ATTACKS)
def test_raw_sql_of_the_counter_merges_nobody(statement: str, secre: Session, log_in: LogIn) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    values = {"kept": kept.patient_id, "gone": gone.patient_id, "new": new_id()}
    asked = {name: value for name, value in values.items() if f":{name}" in statement}
    with (
        log_in("msosa").engine.connect() as connection,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        connection.execute(text(statement), asked)


def test_nobody_is_born_merged_into_another_persons_chart(secre: Session, log_in: LogIn) -> None:
    """Or whoever registers would open the other's chart by a turn of their own making."""
    victim = new_patient(secre)
    row = (
        "INSERT INTO patients (patient_id, chart_number, given, family, sex, created_at, merged_into)"
        " VALUES (:id, nextval('chart_numbers'), 'A', 'B', 'F', now(), :into)"
    )
    with log_in("lpaz").engine.connect() as connection:
        with pytest.raises(DBAPIError, match="row-level security"):
            connection.execute(text(row), {"id": new_id(), "into": victim.patient_id})
        connection.rollback()
        connection.execute(text(row), {"id": new_id(), "into": None})
        connection.rollback()


def test_a_sealed_one_and_an_open_one_are_not_merged(secre: Session, log_in: LogIn) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    officer = log_in("priva").desk()
    officer.do(registry.seal_patient, registry.SealPatient(patient_id=gone.patient_id, sealed=True))
    with pytest.raises(MergeSealed):
        merged(secre, kept.patient_id, gone.patient_id)
    officer.do(registry.seal_patient, registry.SealPatient(patient_id=kept.patient_id, sealed=True))
    with pytest.raises(MergeHidden):
        merged(secre, kept.patient_id, gone.patient_id)


def test_a_seal_is_on_every_chart_of_the_person(secre: Session, log_in: LogIn, network: Network) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    merged(secre, kept.patient_id, gone.patient_id)
    officer = log_in("priva").desk()
    officer.do(registry.seal_patient, registry.SealPatient(patient_id=gone.patient_id, sealed=True))
    with network.owner.connect() as owner:
        pair = patients.c.patient_id.in_([kept.patient_id, gone.patient_id])
        assert set(owner.execute(select(patients.c.sealed).where(pair)).scalars()) == {True}
    assert shown(secre, gone.patient_id).closed


def test_taking_it_back_leaves_what_was_edited_and_says_so(network: Network, secre: Session) -> None:
    kept, gone = new_patient(secre, phone="+541140000004"), new_patient(secre, phone="+541140000005")
    merged(secre, kept.patient_id, gone.patient_id)
    now = shown(secre, kept.patient_id)
    said = {"phone": "+541140000006", "city": "Jujuy"}
    edit = editing.EditPatient(patient_id=gone.patient_id, version=now.version, said=said)
    secre.desk().do(editing.edit, edit)
    seen = secre.desk().see(history.changes, history.ChangesQuery(gone.patient_id))
    assert {(row.patient_id, row.field) for row in seen} == {(kept.patient_id, name) for name in said}
    answer = parted(secre, gone.patient_id)
    assert set(answer.changed) == {"phone", "city"}
    assert (shown(secre, kept.patient_id).phone, shown(secre, gone.patient_id).phone) == (
        "+541140000006",
        "+541140000005",
    )


def test_the_record_says_who_merged_what_and_why(secre: Session) -> None:
    kept, gone = new_patient(secre), new_patient(secre)
    merged(secre, kept.patient_id, gone.patient_id)
    parted(secre, gone.patient_id)
    rows = secre.desk().see(merging.merges, merging.MergesQuery(kept.patient_id))
    said = [(row.way, row.chart_number, row.survivor_chart, row.person, row.reason) for row in rows]
    assert said == [
        ("unmerge", gone.chart_number, kept.chart_number, "Vega", "eran dos"),
        ("merge", gone.chart_number, kept.chart_number, "Vega", "ficha duplicada"),
    ]


def _furnished(network: Network, session: Session, n: int) -> UUID:
    """Somebody with turns to come, a cancelled one, an allergy and a coverage."""
    made = new_patient(session, phone=f"+54115000{n:04d}" if n % 2 else None, payer="OSDE" if n % 3 else None)
    for at in (n, n + 20):
        turn = booked(session, made.patient_id, slot(network, session, 20 + n, at=at))
    hop = service.Hop(
        patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, reason="no viene"
    )
    session.desk().do(service.cancel, hop)
    return made.patient_id


@pytest.mark.parametrize("seed", range(6))
def test_any_sequence_taken_back_in_any_order_restores_every_byte(
    network: Network, secre: Session, seed: int
) -> None:
    chance = random.Random(seed)
    people = [_furnished(network, secre, 6 * seed + n) for n in range(5)]
    before = every_row(network)
    standing: set[UUID] = set()
    for _step in range(14):
        apart = [each for each in people if each not in standing]
        if len(apart) > 1 and (not standing or chance.random() < 0.7):
            kept, gone = chance.sample(apart, 2)
            merged(secre, kept, gone)
            standing.add(gone)
        else:
            gone = chance.choice(sorted(standing))
            parted(secre, gone)
            standing.remove(gone)
        with network.owner.connect() as owner:
            roots = dict(owner.execute(select(patients.c.patient_id, patients.c.merged_into)).all())
        assert {each for each in people if roots[each] is None} == set(people) - standing
        assert all(roots[roots[each]] is None for each in standing)
    for gone in chance.sample(sorted(standing), len(standing)):
        parted(secre, gone)
    assert every_row(network) == before
