"""`clinicdesk turn` and `clinicdesk admission`: every step, in the words of a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from clinicdesk.clinic.turns.model import turn_events, turns
from clinicdesk.kit import clock
from tests.cli.conftest import Done, added
from tests.factories import ZONE, Network

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]


def a_slot(cli: Cli, ahead: int, doctor: str = "jibarra", place: int = 0) -> Any:
    """A free slot some days ahead."""
    day = clock.local_day(clock.now(), ZONE) + timedelta(days=ahead)
    found = cli("msosa", "turn", "slots", "--doctor", doctor, "--from", str(day), "--days", "1", "--json")
    assert found.code == 0, found.err
    return found.rows[place]


@pytest.fixture
def booked(cli: Cli) -> Callable[..., tuple[str, Any]]:
    """`booked(document)` → (turn's id, slot) of a new patient."""

    def made(document: str, ahead: int = 10) -> tuple[str, Any]:
        added(cli, document)
        slot = a_slot(cli, ahead)
        done = cli("msosa", "turn", "book", document, "--slot", slot["id"], "--json")
        assert done.code == 0, done.err
        return done.data["id"], slot

    return made


def state_of(cli: Cli, document: str) -> str:
    """Where a patient's only turn stands."""
    (row,) = cli("msosa", "turn", "list", "--patient", document, "--json").rows
    return str(row["state"])


def test_slots_are_json_lines_with_the_clinics_offset(cli: Cli) -> None:
    slot = a_slot(cli, 5)
    assert set(slot) >= {"id", "starts_at", "ends_at", "doctor", "room", "clinic", "procedure"}
    assert (slot["doctor"], slot["room"], slot["clinic"]) == ("jibarra", "C.2", "NORTE")
    starts = datetime.fromisoformat(slot["starts_at"])
    assert starts.utcoffset() == starts.astimezone(ZoneInfo(ZONE)).utcoffset()
    assert datetime.fromisoformat(slot["ends_at"]) - starts == timedelta(minutes=5)


def test_slots_by_specialty_and_procedure(cli: Cli) -> None:
    by_specialty = cli("msosa", "turn", "slots", "--specialty", "CLM", "--limit", "40", "--json").rows
    assert {row["doctor"] for row in by_specialty} >= {"lpaz", "jibarra"}
    assert cli("msosa", "turn", "slots", "--procedure", "CONTROL", "--limit", "3", "--json").rows
    table = cli("msosa", "turn", "slots", "--limit", "1").out
    assert re.search(r"\d\d/\d\d/\d{4} \d\d:\d\d", table)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--doctor", "nadie"), 3, "«nadie»"),
        (("--specialty", "NADA"), 3, "«NADA»"),
        (("--procedure", "NADA"), 3, "«NADA»"),
        (("--from", "2026-02-30"), 6, "2026-02-30"),
        (("--days", "0"), 2, "--days"),
        (("--days", "x"), 2, "--days"),
    ],
)
def test_slots_that_nobody_can_offer(cli: Cli, options: tuple[str, str], code: int, said: str) -> None:
    done = cli("msosa", "turn", "slots", *options)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_a_turn_walks_from_booked_to_finished(cli: Cli, booked: Callable[..., tuple[str, Any]]) -> None:
    turn, slot = booked("41200001", 0)
    steps: list[tuple[str, str, str]] = [
        ("msosa", "confirm", "confirmado"),
        ("msosa", "unconfirm", "registrado"),
        ("msosa", "arrive", "en_espera"),
        ("msosa", "call", "en_espera"),
        ("jibarra", "start", "en_curso"),
        ("jibarra", "requeue", "en_espera"),
        ("jibarra", "start", "en_curso"),
        ("jibarra", "finish", "finalizado"),
    ]
    for user, step, state in steps:
        done = cli(user, "turn", step, turn, "--json")
        assert done.code == 0, (step, done.err)
        assert (done.data["id"], done.data["state"]) == (turn, state)
        assert done.data["starts_at"] == slot["starts_at"]
    (row,) = cli("msosa", "turn", "list", "--patient", "41200001", "--json").rows
    assert (row["id"], row["state"], row["calls"]) == (turn, "finalizado", 1)
    assert (row["doctor"], row["clinic"]) == ("jibarra", "NORTE")
    assert row["patient"]["family"] == "Quispe Mamani"


def test_a_hop_the_table_does_not_have_is_a_conflict(cli: Cli, booked: Callable[..., Any]) -> None:
    turn, _slot = booked("41200002")
    done = cli("jibarra", "turn", "finish", turn)
    assert (done.code, done.out) == (5, "")
    assert state_of(cli, "41200002") == "registrado"


def test_a_taken_slot_is_a_conflict_that_says_by_whom(cli: Cli, booked: Callable[..., Any]) -> None:
    _turn, slot = booked("41200003")
    added(cli, "41200004")
    done = cli("cruiz", "turn", "book", "41200004", "--slot", slot["id"])
    assert done.code == 5
    assert "Sosa" in done.err
    other = a_slot(cli, 10, "lpaz")
    same = [row for row in _slots_at(cli, other) if row["starts_at"] == slot["starts_at"]]
    busy = cli("msosa", "turn", "book", "41200003", "--slot", same[0]["id"], "--again")
    assert busy.code == 5
    assert "Ya tiene otro turno" in busy.err
    assert "Ibarra" in busy.err


def _slots_at(cli: Cli, slot: Any) -> list[Any]:
    day = slot["starts_at"][:10]
    return cli(
        "msosa", "turn", "slots", "--doctor", slot["doctor"], "--from", day, "--days", "1",
        "--limit", "5000", "--json",
    ).rows  # fmt: skip


@pytest.mark.parametrize(
    ("slot", "code"),
    [("nada", 3), ("1", 3), ("99999.20991212T1000", 3), ("{past}", 6), ("{odd}", 3), ("-1.20991212T0000", 3)],
)
def test_a_slot_that_is_none(cli: Cli, network: Network, slot: str, code: int) -> None:
    document = "41200005"
    if cli("msosa", "patient", "show", document).code:
        added(cli, document)
    block = network.block_ids["jibarra"]
    known = {"{past}": f"{block}.20240101T0900", "{odd}": f"{block}.20990105T0901"}
    done = cli("msosa", "turn", "book", document, "--slot", known.get(slot, slot))
    assert (done.code, done.out) == (code, ""), done.err
    assert cli("msosa", "turn", "list", "--patient", document, "--json").out == ""


def test_the_same_procedure_again_has_to_be_said(cli: Cli, booked: Callable[..., Any]) -> None:
    _turn, slot = booked("41200020", 13)
    book = ("turn", "book", "41200020", "--slot", a_slot(cli, 14, "lpaz")["id"])
    done = cli("msosa", *book)
    assert (done.code, done.out) == (5, "")
    assert f"{datetime.fromisoformat(slot['starts_at']):%d/%m/%Y %H:%M}" in done.err
    assert "--again" in done.err
    assert cli("msosa", *book, "--again").code == 0
    assert len(cli("msosa", "turn", "list", "--patient", "41200020", "--json").rows) == 2


def test_a_double_turn_holds_both_slots(cli: Cli) -> None:
    added(cli, "41200021")
    first, second = (a_slot(cli, 15, "lpaz", place) for place in (0, 1))
    book = ("turn", "book", "41200021", "--slot", first["id"], "--length", "2", "--json")
    done = cli("msosa", *book)
    assert done.code == 0, done.err
    left = {row["id"] for row in _slots_at(cli, first)}
    assert left.isdisjoint({first["id"], second["id"]})
    assert cli("msosa", "turn", "book", "41200021", "--slot", first["id"], "--length", "25").code == 2
    last = _slots_at(cli, first)[-1]
    assert cli("msosa", "turn", "book", "41200021", "--slot", last["id"], "--length", "2").code == 3


def test_a_turn_moves_and_a_failed_move_leaves_it(cli: Cli, booked: Callable[..., Any]) -> None:
    turn, slot = booked("41200022", 16)
    other, _taken = booked("41200023", 17)
    taken = next(row for row in [_taken])
    failed = cli("msosa", "turn", "move", turn, "--slot", taken["id"])
    assert failed.code == 5
    target = a_slot(cli, 18, "lpaz")
    key = ("--key", str(uuid4()), "--json")
    moved = cli("sur", "turn", "move", turn, "--slot", target["id"], *key)
    assert (moved.code, moved.data["starts_at"]) == (0, target["starts_at"]), moved.err
    assert cli("sur", "turn", "move", turn, "--slot", target["id"], *key).out == moved.out
    assert slot["id"] in {row["id"] for row in _slots_at(cli, slot)}
    assert cli("msosa", "turn", "move", other, "--slot", "nada").code == 3


def test_who_asked_for_a_cancellation_is_kept_and_an_absence_is_undone(
    cli: Cli, network: Network, booked: Callable[..., Any]
) -> None:
    turn, _slot = booked("41200024", 0)
    assert cli("msosa", "turn", "absent", turn).code == 0
    assert cli("msosa", "turn", "unabsent", turn, "--json").data["state"] == "registrado"
    assert cli("msosa", "turn", "cancel", turn, "--by", "nadie").code == 2
    assert cli("msosa", "turn", "cancel", turn, "--by", "centro", "--reason", "congreso").code == 0
    with network.owner.connect() as owner:
        row = owner.execute(select(turns).where(turns.c.id == turn[32:])).one()
    assert (row.cancelled_by, row.cancelled_late) == ("centro", True)


def test_cancelled_and_absent_free_the_slot(cli: Cli, booked: Callable[..., Any]) -> None:
    turn, slot = booked("41200006")
    assert cli("msosa", "turn", "cancel", turn, "--reason", "no puede venir", "--json").data["state"] == (
        "cancelado"
    )
    assert slot["id"] in {row["id"] for row in _slots_at(cli, slot)}
    assert cli("msosa", "turn", "reopen", turn, "--json").data["state"] == "registrado"
    assert slot["id"] not in {row["id"] for row in _slots_at(cli, slot)}
    assert cli("msosa", "turn", "absent", turn, "--json").data["state"] == "ausente"
    assert slot["id"] in {row["id"] for row in _slots_at(cli, slot)}


def test_a_cancel_without_a_reason_says_so_in_the_history(
    cli: Cli, network: Network, booked: Callable[..., Any]
) -> None:
    turn, _slot = booked("41200007")
    assert cli("msosa", "turn", "cancel", turn).code == 0
    assert cli("msosa", "turn", "cancel", turn, "--reason", "").code in {5, 6}
    with network.owner.connect() as owner:
        reasons = owner.execute(
            select(turn_events.c.reason).where(
                turn_events.c.turn_id == turn[32:], turn_events.c.to_state == "cancelado"
            )
        )
        assert [row.reason for row in reasons] == ["sin motivo indicado"]


def test_a_voided_turn_leaves_the_lists_and_stays_stored(
    cli: Cli, network: Network, booked: Callable[..., Any]
) -> None:
    turn, _slot = booked("41200008")
    assert cli("msosa", "turn", "void", turn).code == 2
    assert cli("msosa", "turn", "void", turn, "--reason", "era otra persona").code == 0
    assert cli("msosa", "turn", "list", "--patient", "41200008", "--json").out == ""
    with network.owner.connect() as owner:
        held = select(func.count()).where(turns.c.id == turn[32:])
        assert owner.execute(held).scalar_one() == 1


@pytest.mark.parametrize("turn", ["nada", "A1", "z" * 64, "a" * 63, "é" * 64])
def test_an_id_that_is_none_is_invalid(cli: Cli, turn: str) -> None:
    done = cli("msosa", "turn", "confirm", turn)
    assert (done.code, done.out) == (6, "")


def test_a_turn_nobody_has_is_not_found(cli: Cli) -> None:
    nobody = uuid4().hex + uuid4().hex
    for step in ("confirm", "arrive", "call"):
        assert cli("msosa", "turn", step, nobody).code == 3
    assert cli("jibarra", "turn", "start", nobody).code == 3


def test_what_a_role_may_not_do_is_not_allowed(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("41200009")
    assert cli("msosa", "turn", "start", turn).code == 4
    assert cli("gestion", "turn", "cancel", turn).code == 4
    done = cli("enfe", "admission", "add", "41200009", "--doctor", "jibarra", "--reason", "x")
    assert done.code == 4
    assert "derecho" in done.err
    assert cli("msosa", "turn", "cancel", turn).code == 0


def test_another_clinics_turn_is_arranged_and_not_admitted(cli: Cli, booked: Callable[..., Any]) -> None:
    turn, _slot = booked("41200010", 0)
    assert cli("sur", "turn", "confirm", turn).code == 0
    done = cli("sur", "turn", "arrive", turn)
    assert done.code == 3
    assert state_of(cli, "41200010") == "confirmado"
    assert cli("msosa", "turn", "arrive", turn).code == 0


def test_the_same_key_is_one_turn_and_one_answer(cli: Cli) -> None:
    added(cli, "41200011")
    book = ("turn", "book", "41200011", "--slot", a_slot(cli, 12)["id"], "--json", "--key", str(uuid4()))
    first, again = cli("msosa", *book), cli("msosa", *book)
    assert (first.code, first.out) == (again.code, again.out)
    assert len(cli("msosa", "turn", "list", "--patient", "41200011", "--json").rows) == 1


def test_a_step_repeated_with_its_key_gives_the_first_answer(
    cli: Cli, network: Network, booked: Callable[..., Any]
) -> None:
    turn, _slot = booked("41200012")
    key = ("--key", str(uuid4()), "--json")
    first = cli("msosa", "turn", "confirm", turn, *key)
    assert cli("msosa", "turn", "unconfirm", turn).code == 0
    again = cli("msosa", "turn", "confirm", turn, *key)
    assert (again.code, again.out) == (0, first.out)
    assert state_of(cli, "41200012") == "registrado"
    assert cli("msosa", "turn", "arrive", turn, *key).code == 6
    with network.owner.connect() as owner:
        hops = select(func.count()).where(turn_events.c.turn_id == turn[32:])
        assert owner.execute(hops).scalar_one() == 3


def test_a_walk_in_waits_with_a_ticket(cli: Cli) -> None:
    added(cli, "41200013")
    order = ("admission", "add", "41200013", "--doctor", "jibarra", "--reason", "fiebre", "--triage", "verde")
    done = cli("msosa", *order, "--json")
    assert done.code == 0, done.err
    assert re.fullmatch(r"[A-Z]\d{3}", done.data["ticket"])
    (row,) = [
        row
        for row in cli("msosa", "admission", "list", "--json").rows
        if row["turn_id"] == done.data["turn_id"]
    ]
    assert (row["ticket"], row["state"], row["triage"]) == (done.data["ticket"], "en_espera", 4)
    assert done.data["ticket"] in cli("msosa", "admission", "list").out
    called = cli("msosa", "turn", "call", done.data["ticket"].lower(), "--json")
    assert called.data["id"] == done.data["turn_id"]
    assert cli("msosa", "turn", "cancel", done.data["ticket"], "--reason", "se retiró").code == 0


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--doctor", "jibarra", "--reason", " "), 6),
        (("--doctor", "jibarra", "--reason", "x", "--triage", "9"), 6),
        (("--doctor", "msosa", "--reason", "x"), 3),
        (("--doctor", "jibarra"), 2),
    ],
)
def test_an_admission_that_cannot_be(cli: Cli, options: tuple[str, ...], code: int) -> None:
    if cli("msosa", "patient", "show", "41200014").code:
        added(cli, "41200014")
    assert cli("msosa", "admission", "add", "41200014", *options).code == code
    assert cli("msosa", "turn", "list", "--patient", "41200014", "--json").out == ""


def test_an_admission_repeated_with_its_key_is_one_ticket(cli: Cli) -> None:
    added(cli, "41200015")
    order = ("admission", "add", "41200015", "--doctor", "jibarra", "--reason", "tos", "--key", str(uuid4()))
    first, again = cli("msosa", *order, "--json"), cli("msosa", *order, "--json")
    assert (first.code, first.out) == (again.code, again.out)
    assert cli("msosa", "turn", "cancel", first.data["turn_id"]).code == 0


def test_next_calls_in_whoever_is_first(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("41200016", "jibarra")
    seen = []
    while (done := cli("jibarra", "turn", "next", "--json")).code == 0:  # others may wait from other tests
        seen.append(done.data["id"])
        assert done.data["state"] == "en_curso"
        assert cli("jibarra", "turn", "finish", seen[-1]).code == 0
    assert turn in seen
    empty = cli("jibarra", "turn", "next")
    assert (empty.code, empty.out) == (3, "")
    assert "Nadie espera" in empty.err


def test_the_day_is_listed_by_doctor_and_state(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("41200017", family="Lista del Día")
    waiting = cli("msosa", "turn", "list", "--doctor", "jibarra", "--state", "en_espera", "--json").rows
    assert turn in {row["id"] for row in waiting}
    assert {row["doctor"] for row in waiting} == {"jibarra"}
    (line,) = [line for line in cli("msosa", "turn", "list").out.splitlines() if turn in line]
    assert "Lista del Día, Rosa Elena" in line
    assert "en espera" in line
    assert cli("msosa", "turn", "list", "--state", "volando").code == 6
    assert cli("msosa", "turn", "list", "--date", "ayer").code == 6
    assert cli("msosa", "turn", "list", "--date", "2001-01-01", "--json").out == ""
    assert cli("msosa", "turn", "cancel", turn).code == 0


def test_who_asks_for_a_service_waits_without_a_doctor(cli: Cli) -> None:
    added(cli, "41400031")
    codes = [row["code"] for row in cli("msosa", "admission", "services", "--json").rows]
    assert codes == ["CLM"]
    said = ("admission", "add", "41400031", "--reason", "fiebre", "--triage", "amarillo")
    done = cli("msosa", *said, "--specialty", "clm", "--json")
    assert (done.code, done.data["state"]) == (0, "en_espera"), done.err
    row = next(
        row
        for row in cli("msosa", "admission", "list", "--json").rows
        if row["turn_id"] == done.data["turn_id"]
    )
    assert (row["doctor"], row["doctor_name"], row["service"]) == (None, None, "Clínica médica")
    assert cli("msosa", *said).code == 6
    assert cli("msosa", *said, "--specialty", "NADA").code == 3
    assert cli("msosa", *said, "--specialty", "CLM", "--doctor", "lpaz").code == 6
