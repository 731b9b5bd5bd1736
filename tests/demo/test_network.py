"""The demo as it stands in the database: whole, consistent, and alive on any day at any hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from clinicdesk import bootstrap
from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.patients.spelling import SearchNames
from clinicdesk.clinic.records import queries as history
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.rights import GROUP_ROLE, STAFF_ROLES, Role
from clinicdesk.clinic.turns import notices
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.clinic.turns.rules import State
from clinicdesk.demo import Demo, DemoUser, Size, plan, prepare
from clinicdesk.demo.days import ClinicDay, Moment, Pool
from clinicdesk.demo.errors import RealInstallation
from clinicdesk.demo.ground import Person, read
from clinicdesk.demo.stories import story_for
from clinicdesk.exporters import HISTORY, HistoryQuery
from clinicdesk.kit import clock, embedded
from tests.demo.conftest import MORNING, SMALL
from tests.exporters.fhir_documents import of, sound
from tests.exporters.fhir_documents import read as fhir_of
from tests.factories import Network, broken_glass

Ask = Callable[[str], list[tuple[Any, ...]]]


def enter(server: embedded.Server, demo: Demo, name: str) -> bootstrap.Session:
    """Log in with what the demo prints."""
    user = next(each for each in demo.users if each.user == name)
    return bootstrap.log_in(server.owner_dsn, user.user, user.password, host="prueba")


def test_the_registry_holds_the_plan(demo: Demo, ask: Ask) -> None:
    stored = ask("SELECT patient_id, given, family, birth, sex, allergy_status FROM patients")
    planned = [
        (each.id, each.given, each.family, each.birth, each.sex, each.allergy_status)
        for each in plan(SMALL).patients
    ]
    assert sorted(stored) == sorted(planned)
    assert ask("SELECT count(*), max(chart_number) FROM patients") == [(50, 50)]
    assert ask("SELECT count(*) FROM patient_documents WHERE kind = 'HC'") == [(50,)]
    found = {each[0]: each[1:] for each in ask("SELECT patient_id, names, birth, n FROM patient_search")}
    words: dict[str, int] = {}
    for each in plan(SMALL).patients:
        names = SearchNames.of(each.given, each.family)
        numbers = (each.document.number,) if each.document else ()
        assert found[each.id] == (names.stored, each.birth, names.keys(each.birth.year, numbers))
        words |= {word: words.get(word, 0) + 1 for word in names.words}
    assert {row[0]: row[1] for row in ask("SELECT word, people FROM name_words")} == words


def test_every_phone_is_a_number_of_its_country(ask: Ask) -> None:
    told = [row[0] for row in ask("SELECT DISTINCT phone FROM patients WHERE phone IS NOT NULL")]
    assert told
    assert [each for each in told if phones.read(each, "") != each] == []


def test_nobody_is_given_what_they_do_not_tolerate(ask: Ask) -> None:
    said = ask("SELECT patient_id, substance FROM allergies WHERE category = 'medicamento'")
    given = ask("SELECT patient_id, split_part(text, ' ', 1) FROM prescription_items")
    assert {drug for _patient, drug in given} & {"Ibuprofeno", "Amoxicilina"}
    assert set(said) & set(given) == set()


def test_nobody_is_told_a_story_whose_drug_they_do_not_tolerate() -> None:
    headache = {story_for("CLM", "F", 40, Random(seed)) for seed in range(200)}
    spared = {story_for("CLM", "F", 40, Random(seed), ("Aspirina",)) for seed in range(200)}
    assert {each.code for each in headache - spared if each} == {"G44.2"}


def test_each_turn_stands_where_its_chain_of_events_ends(ask: Ask) -> None:
    assert ask("SELECT count(*) FROM turns")[0][0] > 40
    broken = ask(
        "SELECT t.id FROM turns t JOIN LATERAL (SELECT count(*) AS n, max(seq) AS last,"
        " (array_agg(to_state ORDER BY seq DESC))[1] AS state, (array_agg(at ORDER BY seq DESC))[1] AS at"
        " FROM turn_events e WHERE e.patient_id = t.patient_id AND e.turn_id = t.id) e ON true"
        " WHERE (t.seq, t.state, t.state_at) IS DISTINCT FROM (e.last, e.state, e.at) OR e.n <> e.last"
    )
    assert broken == []
    backwards = ask(
        "SELECT 1 FROM turn_events a JOIN turn_events b ON b.patient_id = a.patient_id"
        " AND b.turn_id = a.turn_id AND b.prev_seq = a.seq WHERE b.at < a.at"
    )
    assert backwards == []
    coming = ask(
        "SELECT 1 FROM turn_events e JOIN turns t ON t.patient_id = e.patient_id AND t.id = e.turn_id"
        f" WHERE t.day <= '{MORNING.date()}' AND e.at > '{MORNING.isoformat()}'"
    )
    assert coming == []


def test_tickets_have_no_gap_and_every_arrival_an_admission(ask: Ask) -> None:
    assert ask("SELECT count(*) FROM tickets")[0][0] >= 4
    gaps = ask(
        "SELECT clinic_id, day FROM tickets GROUP BY clinic_id, day"
        " HAVING (min(n), max(n), count(DISTINCT n)) IS DISTINCT FROM (1, count(*)::integer, count(*))"
    )
    assert gaps == []
    unlike = ask(
        "SELECT 1 FROM turns t FULL JOIN tickets k ON k.patient_id = t.patient_id AND k.turn_id = t.id"
        " WHERE t.ticket IS DISTINCT FROM k.series || lpad(k.n::text, 3, '0')"
    )
    assert unlike == []
    odd = ask(
        "SELECT 1 FROM turns t LEFT JOIN admissions a ON a.patient_id = t.patient_id AND a.turn_id = t.id"
        " WHERE (t.ticket, t.arrived_at) IS DISTINCT FROM (a.ticket, a.at)"
    )
    assert odd == []


def test_a_booked_turn_holds_doctor_room_and_patient_until_it_is_given_up(ask: Ask) -> None:
    odd = ask(
        "SELECT t.id FROM turns t JOIN LATERAL (SELECT count(*) AS n, bool_and(active) AS held,"
        " bool_or(active) AS some FROM bookings b WHERE b.turn_id = t.id) b ON true"
        " WHERE (b.n = 3) <> (t.kind = 'booked') OR b.held IS DISTINCT FROM b.some"
        " OR b.held IS DISTINCT FROM"
        " CASE WHEN t.kind = 'booked' THEN t.state NOT IN ('cancelado', 'ausente') END"
    )
    assert odd == []


def test_whoever_was_called_has_a_visit_and_whoever_left_a_signed_note(ask: Ask) -> None:
    odd = ask(
        "SELECT t.state FROM turns t LEFT JOIN visits v ON v.patient_id = t.patient_id AND v.turn_id = t.id"
        " LEFT JOIN notes n ON n.patient_id = v.patient_id AND n.visit_id = v.id"
        " WHERE (v.id IS NOT NULL) <> (t.state IN ('en_curso', 'finalizado'))"
        " OR (v.ended_at IS NOT NULL) IS DISTINCT FROM (n.id IS NOT NULL) AND v.id IS NOT NULL"
        " OR (t.state = 'finalizado') <> (n.id IS NOT NULL)"
    )
    assert odd == []


def test_signed_notes_are_what_verification_wants(ask: Ask) -> None:
    found = ask(f"SELECT notes, finding FROM audit.verify_notes('{UUID(int=0)}', 100000)")
    assert {finding for _notes, finding in found} == {None}
    assert sum(notes for notes, _finding in found) > 60
    assert any(notes > 1 for notes, _finding in found)


def test_everything_about_a_patient_lies_between_birth_and_death(ask: Ask) -> None:
    assert ask("SELECT count(*) FROM visits")[0][0] > 60
    odd = ask(
        "SELECT 1 FROM visits v JOIN patients p USING (patient_id) WHERE v.started_at < p.created_at"
        " OR v.started_at::date > p.deceased_on OR v.ended_at < v.started_at"
    )
    assert odd == []


@pytest.mark.parametrize(
    "name", ["admision", "medico", "enfermeria", "admin", "privacidad", "admision2", "medico2"]
)
def test_the_printed_logins_work_and_carry_their_role(
    demo_server: embedded.Server, demo: Demo, name: str
) -> None:
    user = next(each for each in demo.users if each.user == name)
    session = enter(demo_server, demo, name)
    try:
        assert session.actor.at.role.value == user.role
        assert session.actor.at.clinic_code == user.clinic
        with session.engine.connect() as connection:
            groups = text(
                "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = session_user::regrole"
            )
            assert connection.execute(groups).scalars().all() == [GROUP_ROLE[Role(user.role)]]
    finally:
        session.close()


def test_every_role_is_printed_first_for_the_first_clinic(demo: Demo) -> None:
    assert demo.users[0] == DemoUser("admisionista", "admision", "admision-demo", "NORTE")
    assert {each.role for each in demo.users if each.clinic == "NORTE"} == set(STAFF_ROLES)
    assert [each.user for each in demo.users if each.clinic == "SUR"] == ["admision2", "medico2"]
    assert demo.made_now


def test_the_doctor_finds_a_queue_and_charts_that_are_not_empty(
    demo_server: embedded.Server, demo: Demo, ask: Ask
) -> None:
    doctor, front = enter(demo_server, demo, "medico"), enter(demo_server, demo, "admision")
    try:
        waiting = (
            "SELECT count(*) FROM turns WHERE state = 'en_espera' AND day = '2026-05-15' AND doctor_id = "
        )
        assert ask(f"{waiting}{doctor.actor.person_id}")[0][0] >= 4
        (patient_id,) = ask("SELECT patient_id FROM prescriptions WHERE state = 'vigente' LIMIT 1")[0]
        password = next(each.password for each in demo.users if each.user == "medico")
        broken_glass(doctor, patient_id, password)
        chart = doctor.desk().see(history.open_chart, history.ChartQuery(patient_id))
        assert chart.vitals
        assert chart.entries[0].notes[0].text.startswith("Motivo: ")
        kind, number = ask("SELECT kind, number FROM patient_documents WHERE kind = 'DNI' LIMIT 1")[0]
        found = front.desk().see(registry.find, registry.DocumentQuery(f"{kind}:{number}"))
        assert found.document
        assert Document("AR", kind, number).key.startswith("AR:DNI:")
    finally:
        doctor.close()
        front.close()


def test_the_charts_of_the_demo_are_sound_fhir_documents(
    demo_server: embedded.Server, demo: Demo, ask: Ask
) -> None:
    """Whoever has most notes, and whoever has a prescription; one resource of each shape is validated."""
    most = ask("SELECT patient_id FROM notes GROUP BY patient_id ORDER BY count(*) DESC, patient_id LIMIT 2")
    drugs = ask("SELECT patient_id FROM prescriptions WHERE state = 'vigente' ORDER BY patient_id LIMIT 2")
    password = next(each.password for each in demo.users if each.user == "medico")
    doctor = enter(demo_server, demo, "medico")
    try:
        for (patient_id,) in dict.fromkeys(most + drugs):
            broken_glass(doctor, patient_id, password)
            made = doctor.desk().see(HISTORY, HistoryQuery(patient_id))
            bundle = sound(fhir_of(made), every=False)
            notes = sum(len(entry.notes) for entry in made.chart.entries)
            assert len(of(bundle, "DocumentReference")) >= notes > 0
    finally:
        doctor.close()


def test_a_block_of_the_first_clinic_is_suspended_and_its_patients_are_to_be_told(
    ask: Ask, demo: Demo, demo_server: embedded.Server
) -> None:
    (shut,) = ask("SELECT id, block_id, first_day FROM agenda_exceptions WHERE clinic_id = 1")
    assert shut[2] > MORNING.date() + timedelta(days=3)
    fallen = ask(
        "SELECT t.state, t.cancelled_by, t.day, t.block_id, (n.state = 'pendiente') = (p.phone IS NOT NULL)"
        " FROM turn_notices n JOIN patients p USING (patient_id)"
        f" JOIN turns t ON t.patient_id = n.patient_id AND t.id = n.turn_id WHERE n.exception_id = {shut[0]}"
    )
    assert len(fallen) >= 3
    assert set(fallen) == {("cancelado", "centro", shut[2], shut[1], True)}
    events = ask("SELECT asked_by, count(*) FROM turn_events WHERE asked_by = 'centro' GROUP BY 1")
    assert events == [("centro", len(fallen))]
    front = enter(demo_server, demo, "secretaria")
    try:
        query = notices.NoticesQuery(front.actor.at.clinic_id, shut[0])
        assert len(front.desk().see(notices.notices, query)) == len(fallen)
    finally:
        front.close()


def test_quotas_stand_and_turns_hold_their_counted_places(ask: Ask) -> None:
    channels = ask("SELECT channel, count(DISTINCT block_id) > 2 FROM block_quotas GROUP BY 1 ORDER BY 1")
    assert channels == [("mismo_dia", True), ("web", True)]
    odd = ask(
        "SELECT t.id FROM turns t LEFT JOIN block_places p ON p.turn_id = t.id"
        " WHERE (p.n IS NOT NULL) <> (t.state NOT IN ('cancelado', 'ausente')"
        " AND t.block_id IN (SELECT block_id FROM block_quotas))"
    )
    assert odd == []
    assert ask("SELECT count(*) > 0 FROM block_places")[0][0]
    over = "SELECT 1 FROM block_places JOIN block_quotas USING (block_id) WHERE pool = channel AND n > places"
    assert ask(over) == []


def test_a_suspended_block_stays_empty_when_its_day_comes(demo_owner: Engine, demo: Demo, ask: Ask) -> None:
    ((block, day),) = ask("SELECT block_id, first_day FROM agenda_exceptions WHERE clinic_id = 1")
    prepare(demo_owner, SMALL, lambda _said: None, lambda: datetime.combine(day, MORNING.timetz()))
    states = ask(f"SELECT DISTINCT state FROM turns WHERE block_id = {block} AND day = '{day}'")
    assert states == [("cancelado",)]
    assert ask(f"SELECT count(*) > 10 FROM turns WHERE day = '{day}' AND clinic_id = 1")[0][0]


def test_a_second_opening_of_the_day_changes_nothing_and_the_next_day_has_its_own(
    demo_owner: Engine, demo: Demo, ask: Ask, demo_server: embedded.Server
) -> None:
    counts = (
        "SELECT (SELECT count(*) FROM turns), (SELECT count(*) FROM patients), (SELECT count(*) FROM notes)"
    )
    before = ask(counts)
    again = prepare(demo_owner, SMALL, lambda _said: None, lambda: MORNING + timedelta(hours=3))
    assert not again.made_now
    assert again.users == demo.users
    assert ask(counts) == before
    later = MORNING + timedelta(days=4, hours=5)
    other = prepare(demo_owner, Size(clinics=9), lambda _said: None, lambda: later)
    assert other.size == SMALL
    by_clinic: dict[Any, Any] = dict(
        ask("SELECT clinic_id, count(*) FROM turns WHERE day = '2026-05-19' GROUP BY 1")
    )
    assert set(by_clinic) == {1, 2}
    assert all(count >= 10 for count in by_clinic.values())
    test_signed_notes_are_what_verification_wants(ask)


def test_a_day_that_people_worked_on_already_is_filled_around_them(
    demo_owner: Engine, demo: Demo, ask: Ask, demo_server: embedded.Server
) -> None:
    """Turns that somebody booked for a coming day keep their place when that day is made."""
    front = enter(demo_server, demo, "admision")
    try:
        day = clock.local_day(clock.now(), front.actor.at.zone) + timedelta(days=2)
        asked = agenda.SlotsQuery(front.actor.at.clinic_id, since=day, days=1, limit=500)
        offered = front.desk().see(agenda.slots, asked)
        morning = [slot for slot in offered if slot.starts_at.hour in range(9, 12)]
        patients = [
            row[0] for row in ask("SELECT patient_id FROM patients WHERE deceased_on IS NULL LIMIT 5")
        ]
        for patient_id, slot in zip(patients, morning[::3], strict=False):
            front.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient_id, slot=slot.id))
    finally:
        front.close()
    noon = clock.instant(datetime.combine(day, datetime.min.time().replace(hour=10)), front.actor.at.zone)
    prepare(demo_owner, SMALL, lambda _said: None, lambda: noon)
    assert ask(f"SELECT count(*) FROM turns WHERE day = '{day}' AND clinic_id = 1")[0][0] > 10
    double = ask(f"SELECT patient_id FROM turns WHERE day = '{day}' GROUP BY 1 HAVING count(*) > 1")
    assert double == []


HOURS = ("00:40", "02:10", "07:55", "09:42", "13:05", "18:30", "20:15", "23:50")


@pytest.mark.parametrize("hour", HOURS)
def test_the_first_clinic_shows_every_state_at_any_hour(demo_owner: Engine, demo: Demo, hour: str) -> None:
    with demo_owner.connect() as connection:
        stand = read(connection)
    clinic = stand.clinics[0]
    now = clock.instant(datetime.fromisoformat(f"2026-11-22T{hour}"), clinic.zone)  # a Sunday
    moment = Moment(clock.local_day(now, clinic.zone), now)
    day = ClinicDay(clinic, moment, Pool(crowd()), 1, [], "prueba")
    drafts = day.make(stand.doctors[clinic.id], stand.blocks[clinic.id])
    states = {draft.state for draft in drafts}
    assert states >= {State.EN_ESPERA, State.EN_CURSO, State.FINALIZADO}
    rare = {State.AUSENTE, State.REGISTRADO, State.CONFIRMADO, State.CANCELADO}
    assert states >= rare or (hour < "02" and states & rare), states
    mine = [draft for draft in drafts if draft.doctor.logs_in]
    assert sum(draft.state is State.EN_ESPERA for draft in mine) >= 4
    assert all(draft.state is not State.EN_CURSO for draft in mine), "the room of who logs in is free"
    assert all(step.at <= now for draft in drafts for step in draft.steps)


def crowd() -> list[Person]:
    """The patients of one clinic of a network of the usual size."""
    return [
        Person(each.id, number, each.sex, each.birth, each.city, each.registered_at, each.deceased_on)
        for number, each in enumerate(plan(Size(clinics=1, patients=100)).patients, 1)
    ]


def test_a_real_installation_is_not_made_a_demo(network: Network) -> None:
    with pytest.raises(RealInstallation):
        prepare(network.owner, SMALL, lambda _said: None)


def test_calling_next_opens_the_visit_of_who_waits_longest(
    demo_owner: Engine, demo: Demo, demo_server: embedded.Server
) -> None:
    prepare(demo_owner, SMALL, lambda _said: None)  # today, as the program's own clock has it
    doctor = enter(demo_server, demo, "medico")
    try:
        called = doctor.desk().do(records.call_next, records.CallNext())
        assert called.state == "en_curso"
    finally:
        doctor.close()
