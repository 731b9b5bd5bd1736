"""Desk: permission, exactly once, refusals as acts, errors, and what a broken line leaves."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.clinic.acts import act_answers, acts
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.changes import CHANNEL, parsed
from clinicdesk.clinic.desk import Desk, KeyReused, NotAllowed, NotStorable
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import service
from clinicdesk.clinic.patients.errors import DocumentKnown
from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.clinic.records import queries as history
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit.db import engine_for, listener
from clinicdesk.kit.errors import DatabaseUnreachable, InvalidInput, Refusal
from clinicdesk.kit.ids import new_id
from tests.factories import Network, followed, new_patient


def order_for(number: str, **changes: object) -> service.RegisterPatient:
    """A registration that only its document tells from others."""
    values: dict[str, object] = {
        "document": Document("AR", "DNI", number),
        "given": "Íñigo",
        "family": "Ñandutí Echeverría",
        "sex": "M",
        "birth": date(1990, 1, 31),
    }
    return service.RegisterPatient(**(values | changes))  # type: ignore[arg-type]


def acts_of(network: Network, key: UUID) -> list[tuple[str, str, str, str | None]]:
    """(person, what, outcome, refusal) of the acts under a key, refused ones by the order's key."""
    with network.owner.connect() as owner:
        rows = owner.execute(
            select(acts.c.person, acts.c.what, acts.c.outcome, acts.c.refusal)
            .where((acts.c.key == key) | (acts.c.order_key == key))
            .order_by(acts.c.at)
        )
        return [(row.person, row.what, row.outcome, row.refusal) for row in rows]


def test_an_order_is_done_once_whatever_is_sent_twice(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    desk = log_in("msosa").desk()
    order = order_for("50100200")
    first = desk.do(service.register, order)
    again = replace(order, patient_id=new_id())
    assert desk.do(service.register, again) == first
    with network.owner.connect() as owner:
        same = select(func.count()).select_from(patients).where(patients.c.patient_id == first.patient_id)
        assert owner.execute(same).scalar_one() == 1
    assert acts_of(network, order.key) == [("u_msosa", "patient.register", "done", None)]


def test_a_key_stands_for_one_order(log_in) -> None:  # type: ignore[no-untyped-def]
    desk = log_in("msosa").desk()
    order = order_for("50100300")
    desk.do(service.register, order)
    with pytest.raises(KeyReused):
        desk.do(service.register, replace(order, given="Otro"))


def test_a_step_sent_again_after_a_look_is_the_same_order(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    desk = log_in("msosa").desk()
    patient = new_patient(log_in("msosa")).patient_id
    walk_in = admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason="tos")
    turn = desk.do(admissions.walk_in, walk_in)
    step = turns.Hop(patient_id=patient, turn_id=turn.id, seq=turn.seq, from_state=turn.state)
    first = desk.do(admissions.unadmit, step)
    again = replace(step, seq=first.seq, from_state=first.state)
    assert desk.answered(admissions.unadmit, again) == first
    assert desk.answered(admissions.unadmit, replace(again, key=new_id())) is None
    with pytest.raises(KeyReused):
        desk.answered(turns.confirm, again)


def test_nobody_reads_the_answer_to_anothers_key(log_in) -> None:  # type: ignore[no-untyped-def]
    order = order_for("50100350")
    log_in("msosa").desk().do(service.register, order)
    with pytest.raises(KeyReused):
        log_in("cruiz").desk().do(service.register, order)


def test_eight_sendings_at_once_are_one_registration(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    session = log_in("msosa")
    order = order_for("50100400")
    answers: list[object] = []

    def send() -> None:
        answers.append(session.desk().do(service.register, order))

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert len(answers) == 4
    assert len(set(map(repr, answers))) == 1


def test_a_refusal_in_memory_reaches_no_table_but_acts(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    doctor = log_in("lpaz").desk()
    order = admissions.WalkIn(patient_id=new_id(), doctor_id=1, reason="dolor")
    with pytest.raises(NotAllowed) as refused:
        doctor.do(admissions.walk_in, order)
    assert refused.value.exit == 4
    assert acts_of(network, order.key) == [("u_lpaz", "admission.walk_in", "refused", "NotAllowed")]


def test_a_refusal_by_constraint_is_an_act_of_its_own(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    desk = log_in("msosa").desk()
    desk.do(service.register, order_for("50100500"))
    second = order_for("50100500")
    with pytest.raises(DocumentKnown):
        desk.do(service.register, second)
    assert acts_of(network, second.key) == [("u_msosa", "patient.register", "refused", "DocumentKnown")]


@dataclass(frozen=True, slots=True)
class Named:
    """A query that says what else it is about."""

    subject: str


@view("test.named", needs=Permission.PATIENT_READ, act=True, purpose="OPER")
def named(_tx: Reader, query: Named) -> str:
    """What was asked about; an empty name is refused."""
    if not query.subject:
        raise InvalidInput("Falta el nombre.")
    return query.subject


def subjects_of(network: Network, person: str) -> list[tuple[str | None, str, str | None]]:
    """(subject, outcome, refusal) of a person's acts named test.named."""
    with network.owner.connect() as owner:
        rows = owner.execute(
            select(acts.c.subject, acts.c.outcome, acts.c.refusal)
            .where(acts.c.person == person, acts.c.what == "test.named")
            .order_by(acts.c.at)
        )
        return [(row.subject, row.outcome, row.refusal) for row in rows]


def test_an_act_says_what_else_it_is_about(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    desk = log_in("ncano").desk()
    for subject in ("informe day, csv", "ñ" * 300, "a\0b\ud800"):
        assert desk.see(named, Named(subject)) == subject
    kept = [subject for subject, *_outcome in subjects_of(network, "u_ncano")]
    assert kept == ["informe day, csv", "ñ" * 120, "ab?"]


def test_a_view_that_refuses_writes_an_act_too(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(NotAllowed):
        log_in("admin").desk().see(named, Named("x"))
    with pytest.raises(InvalidInput):
        log_in("rleon").desk().see(named, Named(""))
    assert subjects_of(network, "u_admin") == [("x", "refused", "NotAllowed")]
    assert subjects_of(network, "u_rleon") == [("", "refused", "InvalidInput")]


def test_all_problems_are_named_at_once(log_in) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidInput) as refused:
        log_in("msosa").desk().do(service.register, order_for("50100600", family=" ", sex="Q", birth=None))
    assert len(refused.value.problems) == 3


def test_reading_a_chart_is_an_act_of_its_patient(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    patient = new_patient(log_in("msosa"))
    session = log_in("lpaz")
    doctor = session.desk()
    followed(log_in("secre"), patient.patient_id, session)
    doctor.see(registry.search, registry.SearchQuery("quispe"))
    doctor.see(history.open_chart, history.ChartQuery(patient.patient_id))
    with network.owner.connect() as owner:
        seen = owner.execute(
            select(acts.c.what, acts.c.purpose).where(
                acts.c.patient_id == patient.patient_id, acts.c.person == "u_lpaz"
            )
        ).all()
    assert [tuple(row) for row in seen] == [("chart.open", "TREAT")]


def test_a_terminal_hears_of_a_turn_by_ids_alone(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    patient = new_patient(front)
    with listener(front.engine) as ear:
        ear.execute(f"LISTEN {CHANNEL}")
        order = admissions.WalkIn(
            patient_id=patient.patient_id, doctor_id=network.person_ids["lpaz"], reason="dolor"
        )
        answer = front.desk().do(admissions.walk_in, order)
        heard = [parsed(notice.payload) for notice in ear.notifies(timeout=60, stop_after=1)]
    assert [change.ids for change in heard if change] == [((patient.patient_id, answer.id),)]
    assert "Quispe" not in repr(heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Order):
    """An order that waits in mid-transaction, for somebody to cut its line."""

    patient_id: UUID


@use_case("test.slow", needs=Permission.PATIENT_READ, answer=bool)
def slow(tx: Tx, _order: Slow) -> bool:
    """Wait inside the transaction while somebody holds the lock."""
    tx.run(text("SELECT pg_advisory_xact_lock_shared(5550123)"))
    return True


def eventually(network: Network, question: str, username: str) -> None:
    """Wait until the question about a person's connections is answered with yes."""
    until = time.monotonic() + 60
    with network.owner.connect() as owner:
        while not owner.execute(text(question), {"name": f"u_{username}"}).scalar_one():
            assert time.monotonic() < until, question
            owner.rollback()
            time.sleep(0.02)


WAITS = "SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = :name AND wait_event = 'advisory'"
GONE = "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = :name"


def cut(network: Network, username: str) -> int:
    """End every connection of a person, as a server restart would."""
    with network.owner.begin() as owner:
        ended = owner.execute(
            text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = :name"),
            {"name": f"u_{username}"},
        )
        return int(ended.scalar_one())


def test_a_line_cut_in_mid_transaction_is_healed_without_doubling(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    session = log_in("secre")
    order = Slow(patient_id=new_id())
    cuts: list[int] = []

    def cut_it_while_it_waits() -> None:
        with network.owner.begin() as holding:
            holding.execute(text("SELECT pg_advisory_xact_lock(5550123)"))
            ready.set()
            eventually(network, WAITS, "secre")
            cuts.append(cut(network, "secre"))

    ready = threading.Event()
    scissors = threading.Thread(target=cut_it_while_it_waits)
    scissors.start()
    assert ready.wait(60)
    assert session.desk().do(slow, order) is True
    scissors.join(60)
    assert cuts != []
    assert cuts[0] >= 1
    assert acts_of(network, order.key) == [("u_secre", "test.slow", "done", None)]


def test_idle_connections_that_died_are_replaced(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    session = log_in("vmora")
    desk = session.desk()
    desk.see(registry.search, registry.SearchQuery("quispe"))
    assert cut(network, "vmora") >= 1
    eventually(network, GONE, "vmora")
    desk.see(registry.search, registry.SearchQuery("quispe"))
    assert cut(network, "vmora") >= 1
    eventually(network, GONE, "vmora")
    assert desk.do(service.register, order_for("50100700")).chart_number > 0


_deaths: list[int] = []


def _dies_once(tx: Reader, _order: Order, _refusal: Refusal) -> Refusal:
    if not _deaths:
        _deaths.append(1)
        tx.first(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    return DocumentKnown(kind="DNI", name="Leída, Después", chart="000001")


@use_case("test.taken", needs=Permission.PATIENT_READ, answer=bool, explain=_dies_once)
def _taken(tx: Tx, order: Order) -> bool:
    same = text("INSERT INTO patient_documents SELECT * FROM patient_documents LIMIT 1")
    tx.run(same)
    return bool(order)


def test_who_and_when_of_a_refusal_are_read_again_when_the_line_breaks(log_in) -> None:  # type: ignore[no-untyped-def]
    desk = log_in("ncano").desk()
    desk.do(service.register, order_for("50100650"))
    with pytest.raises(DocumentKnown, match="Leída, Después"):
        desk.do(_taken, Order())
    assert _deaths == [1]


def test_without_a_server_the_refusal_says_so(log_in) -> None:  # type: ignore[no-untyped-def]
    session = log_in("gestion")
    desk = Desk(engine_for("host=/nowhere user=u_gestion dbname=clinicdesk"), session.actor)
    with pytest.raises(DatabaseUnreachable) as refused:
        desk.see(registry.search, registry.SearchQuery("quispe"))
    assert refused.value.exit == 7


def test_people_write_acts_only_in_their_own_name_and_time(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    values: dict[str, Any] = {
        "key": new_id(),
        "role": "admisionista",
        "host": "x",
        "what": "turn.day",
        "purpose": "OPER",
        "outcome": "done",
    }
    session = log_in("msosa")
    with session.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(insert(acts).values(person="u_lpaz", **values))
    with session.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(insert(acts).values(at=text("now() - interval '1 year'"), **values))
    for table in (acts, act_answers):
        with session.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(f"DELETE FROM {table.name}"))
    with session.engine.begin() as connection:
        connection.execute(insert(acts).values(**values))
    assert [act[0] for act in acts_of(network, values["key"])] == ["u_msosa"]


def test_what_cannot_be_stored_is_refused_not_a_bug(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    patient = new_patient(front).patient_id
    with pytest.raises(NotStorable):
        front.desk().do(
            admissions.walk_in,
            admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason="a\0b"),
        )
    with pytest.raises(NotStorable):
        front.desk().do(
            admissions.walk_in, admissions.WalkIn(patient_id=patient, doctor_id=2**70, reason="fiebre")
        )


HOSTILE = ("A[/b]B", "[@click=app.exit]x[/]", "\x1b]52;c;aGk=\x07", "\x1b[2J", "Ana\u202eanA", "R'); --")


def test_hostile_names_are_kept_as_they_came(log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    for name in (
        "A[/b]B",
        "[@click=app.exit]x[/]",
        "\x1b]52;c;aGk=\x07",
        "\x1b[2J",
        "Ana\u202eanA",
        "Robert'); --",
    ):
        made = new_patient(front, family=name)
        kept = front.desk().see(registry.show, registry.PatientQuery(made.patient_id))
        assert kept.family == name


def test_half_a_character_is_refused_and_written_down_as_that(network: Network, log_in) -> None:  # type: ignore[no-untyped-def]
    front = log_in("msosa")
    order = admissions.WalkIn(
        patient_id=new_patient(front).patient_id, doctor_id=network.person_ids["lpaz"], reason="\ud800"
    )
    with pytest.raises(NotStorable):
        front.desk().do(admissions.walk_in, order)
    with pytest.raises(NotStorable):
        front.desk().see(agenda.slots, agenda.SlotsQuery(network.clinic_ids[0], procedure="\ud800"))
    assert acts_of(network, order.key) == [("u_msosa", "admission.walk_in", "refused", "NotStorable")]


@use_case("test.bug", needs=Permission.SITE_READ, answer=int)
def _breaks_a_rule_without_a_refusal(tx: Tx, _order: Order) -> int:
    tx.write(insert(act_answers), {"key": new_id(), "order_hash": None, "answer": 1})
    return 1


def test_an_error_without_a_refusal_is_a_bug_and_not_its_own_cause(log_in) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(DBAPIError) as bug:
        log_in("msosa").desk().do(_breaks_a_rule_without_a_refusal, Order())
    assert bug.value.__cause__ is not bug.value
