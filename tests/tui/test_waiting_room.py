"""The waiting-room screen: the program itself, with its own login, in a real terminal."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
from sqlalchemy import text

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.display import DisplayKeyWrong, NewDisplayKey, new_display_key
from clinicdesk.clinic.sites.displays import ShowInitials, show_initials
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.waiting_room import CallRow, ClinicUnknown, WaitingRoom
from clinicdesk.kit import db
from clinicdesk.kit.settings import Settings
from clinicdesk.tui import big_letters
from clinicdesk.tui.roles.waiting_room import news, room_words
from tests.factories import PASSWORD, Network
from tests.terminal import Terminal
from tests.tui.counter import Counter, Person

PROGRAM: Final = str(Path(sys.executable).with_name("clinicdesk"))
SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
KEY: Final = "una-clave-de-la-pantalla-de-prueba"
PEOPLE: Final = (
    ("Tapia", "Mario"),
    ("Salas", "Julia"),
    ("Funes Rey", "Emilia"),
    ("Llanos Choque", "Wilson"),
    ("Quispe Mamani", "Rosa Elena"),
)
BELL: Final = b"\x07"


@pytest.fixture(scope="module")
def key_file(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The screen's key, made by an administrator."""
    admin = network.log_in("admin")
    admin.desk().do(new_display_key, NewDisplayKey(secret=KEY))
    admin.close()
    path = tmp_path_factory.mktemp("display") / "display.key"
    path.touch(mode=0o600)
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture(scope="module")
def people(network: Network) -> dict[str, tuple[Person, Any]]:
    """Five who came with a turn and were called a minute apart, the last one just now; one waits."""
    clerk = network.log_in("cruiz")
    counter = Counter(network, clerk)
    made = {}
    for number, (family, given) in enumerate(PEOPLE):
        person = counter.patient(family, given)
        turn = counter.admitted(person, "lpaz")
        at = datetime.now(UTC) - timedelta(minutes=len(PEOPLE) - number)
        counter.at(at).do(turns.call, turns.Call(patient_id=turn.patient_id, turn_id=turn.id))
        made[family] = (person, turn)
    counter.admitted(counter.patient("Godoy", "Bruno"), "lpaz")
    clerk.close()
    return made


@pytest.fixture
def screen(
    desk_environment: dict[str, str], key_file: Path, people: dict[str, tuple[Person, Any]]
) -> Iterator[Callable[..., Terminal]]:
    """`screen(size=…)` → the waiting room of the north, painted."""
    opened: list[Terminal] = []

    def start(*more: str, size: tuple[int, int] = (80, 24), **env: str) -> Terminal:
        command = [PROGRAM, "board", "--waiting-room", "--clinic", "norte", *more]
        environment = {**desk_environment, "CLINICDESK_DISPLAY_FILE": str(key_file), **env}
        opened.append(Terminal(command, size=size, env=environment))
        opened[-1].wait_for("Últimos llamados")
        opened[-1].settle()
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def called(network: Network, turn: Any) -> None:
    """Somebody is called now."""
    doctor = network.log_in("lpaz")
    doctor.desk().do(turns.call, turns.Call(patient_id=turn.patient_id, turn_id=turn.id))
    doctor.close()


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_it_looks_as_drawn(screen: Callable[..., Terminal], size: tuple[int, int]) -> None:
    terminal = screen(size=size)
    seen = re.sub(r"\d\d:\d\d", "10:31", terminal.text) + "\n"
    file = SNAPSHOTS / f"waiting-room-{size[0]}x{size[1]}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(seen, "utf-8")
    assert seen == file.read_text("utf-8")


def test_nothing_else_of_a_patient_is_sent(
    screen: Callable[..., Terminal], people: dict[str, tuple[Person, Any]]
) -> None:
    terminal = screen()
    for person, turn in people.values():
        for secret in (*person.family.split(), *person.given.split(), person.document, str(turn.id)):
            assert secret.encode() not in terminal.output
    assert b"control" not in terminal.output.lower()


def test_a_call_rings_once_and_shines_and_a_repeated_one_again(
    screen: Callable[..., Terminal], network: Network, people: dict[str, tuple[Person, Any]]
) -> None:
    terminal = screen()
    assert BELL not in terminal.output
    _person, turn = people["Llanos Choque"]
    for times in (1, 2):
        called(network, turn)
        terminal.wait_for(f"Número {turn.ticket}")
        terminal.wait_for(lambda times=times: terminal.output.count(BELL) == times)  # type: ignore[misc]
        terminal.settle()
        row = next(y for y, line in enumerate(terminal.lines) if "Número" in line)
        assert terminal.screen.buffer[row][6].bg == "white"
    assert terminal.output.count(BELL) == 2


def test_calls_to_several_rooms_shine_side_by_side(
    screen: Callable[..., Terminal], network: Network, people: dict[str, tuple[Person, Any]]
) -> None:
    terminal = screen()
    first, second = people["Tapia"][1], people["Salas"][1]
    called(network, first)
    terminal.wait_for(f"Número {first.ticket}")
    called(network, second)
    terminal.wait_for(f"Número {second.ticket}")

    def shining() -> list[str]:
        return [
            line.strip()[:11]
            for y, line in enumerate(terminal.lines)
            if y > 1 and line.strip() and terminal.screen.buffer[y][6].bg == "white"
        ]

    terminal.wait_for(lambda: len(shining()) == 2 and shining()[1].startswith(first.ticket))
    terminal.wait_for(lambda: terminal.output.count(BELL) == 2)


def test_who_is_sealed_has_no_initials(
    screen: Callable[..., Terminal], network: Network, people: dict[str, tuple[Person, Any]]
) -> None:
    person, turn = people["Quispe Mamani"]
    seal = text("UPDATE patients SET sealed = :s WHERE patient_id = :id")
    with network.owner.begin() as owner:
        owner.execute(seal, {"s": True, "id": person.patient_id})
    try:
        terminal = screen()
        terminal.settle()
        line = next(line for line in terminal.lines[9:] if turn.ticket in line)
        assert "R. E. Q. M." not in terminal.text
        assert "Consultorio 1" in line
    finally:
        with network.owner.begin() as owner:
            owner.execute(seal, {"s": False, "id": person.patient_id})
    assert "R. E. Q. M." in screen().text


def test_a_clinic_may_show_numbers_alone(
    screen: Callable[..., Terminal], people: dict[str, tuple[Person, Any]]
) -> None:
    terminal = screen("--no-initials")
    terminal.settle()
    assert people["Llanos Choque"][1].ticket in terminal.text
    assert "W. L. C." not in terminal.text


def test_a_clinic_decides_for_all_its_screens_and_open_ones_follow(
    screen: Callable[..., Terminal],
    log_in: Callable[..., Session],
    raw: psycopg.Connection[Any],
    people: dict[str, tuple[Person, Any]],
) -> None:
    desk, terminal = log_in("admin").desk(), screen()
    terminal.shows(people["Funes Rey"][1].ticket, "E. F. R.")
    desk.do(show_initials, ShowInitials(clinic="NORTE", shown=False))
    try:
        terminal.hides("E. F. R.")
        terminal.shows(people["Funes Rey"][1].ticket)
        assert {row[1] for row in raw.execute("SELECT * FROM display.waiting_room('NORTE')")} == {""}
    finally:
        desk.do(show_initials, ShowInitials(clinic="NORTE", shown=True))
    terminal.shows("E. F. R.")


def test_no_key_does_anything_but_f10_with_a_login(screen: Callable[..., Terminal]) -> None:
    terminal = screen()
    before = terminal.text
    terminal.type("q", "\x1b[18~", "\x1bOP", "?", "\x03", "\r", "\x1b[15~")
    terminal.settle()
    assert terminal.text == before
    terminal.type("\x1b[21~", "nadie\r", "nada\r")
    terminal.wait_for("La clave no es correcta.")
    assert terminal.alive
    terminal.type("\x1b[21~")
    terminal.wait_for("Salir de la pantalla. Usuario")
    terminal.type("msosa\r")
    terminal.wait_for("Clave de msosa")
    terminal.send(f"{PASSWORD}\r")
    assert terminal.wait_end() == 0


def test_a_lost_line_says_so_and_shows_no_old_call_as_new(
    screen: Callable[..., Terminal], network: Network, people: dict[str, tuple[Person, Any]]
) -> None:
    terminal = screen()
    with network.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.execute(text("ALTER ROLE k_display NOLOGIN"))
        owner.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'k_display'")
        )
        try:
            terminal.wait_for("Sin conexión desde las")
            terminal.wait_for("Consulte en Admisión.")
            terminal.settle()
            assert "Número" not in terminal.text
        finally:
            owner.execute(text("ALTER ROLE k_display LOGIN"))
    terminal.wait_for("Número")
    terminal.settle()
    assert BELL not in terminal.output


def test_idle_it_sleeps(screen: Callable[..., Terminal]) -> None:
    terminal = screen()
    terminal.settle(1.0)
    assert terminal.idle_wake_ups(4.0) <= 4


# The login of the screen, by raw SQL


@pytest.fixture
def raw(network: Network, key_file: Path) -> Iterator[psycopg.Connection[Any]]:
    """What somebody with the screen's key can ask the database."""
    with psycopg.connect(db.conninfo(network.url, "k_display", KEY, "raw"), autocommit=True) as connection:
        yield connection


def test_it_reads_its_two_functions_and_no_table_at_all(
    raw: psycopg.Connection[Any], network: Network, people: dict[str, tuple[Person, Any]]
) -> None:
    assert len(raw.execute("SELECT * FROM display.waiting_room('NORTE')").fetchall()) == len(PEOPLE)
    with network.owner.connect() as owner:
        found = owner.execute(
            text(
                "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
                " WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname NOT LIKE 'pg_%'"
                " AND n.nspname <> 'information_schema'"
            )
        )
        tables = list(found)
        for name in ("patients", "turns", "acts"):
            assert owner.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() > 0
    assert len(tables) > 30
    for schema, table in tables:
        for statement in ("SELECT 1 FROM {} LIMIT 1", "DELETE FROM {}"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                raw.execute(statement.format(f'"{schema}"."{table}"'))


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT public.search_people('{a}', NULL, NULL, NULL, '')",
        "SELECT access.set_display_key('SCRAM-SHA-256$4096:x')",
        "SELECT charts.leave()",
        "SELECT display.initials('Rosa', 'Quispe')",
        "SELECT display.room_of(1, 1, current_date)",
        "SET ROLE k_staff",
        "CREATE TABLE public.mine (a int)",
        "CREATE TEMP TABLE mine (a int)",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_it_may_do_nothing_else(raw: psycopg.Connection[Any], statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        raw.execute(statement)


def test_another_clinic_and_none_have_no_rows(raw: psycopg.Connection[Any]) -> None:
    assert raw.execute("SELECT * FROM display.waiting_room('SUR')").fetchall() == []
    assert raw.execute("SELECT * FROM display.waiting_room('''; --')").fetchall() == []


def test_a_new_key_ends_the_one_before(
    network: Network, log_in: Callable[..., Session], key_file: Path
) -> None:
    where = Settings(home=Path("/nowhere"), database_url=network.url)
    admin = log_in("admin").desk()
    bootstrap.display(where, KEY, "NORTE").engine.dispose()
    admin.do(new_display_key, NewDisplayKey(secret="otra"))
    try:
        with pytest.raises(DisplayKeyWrong):
            bootstrap.display(where, KEY, "NORTE")
        with pytest.raises(ClinicUnknown):
            bootstrap.display(where, "otra", "OESTE")
    finally:
        admin.do(new_display_key, NewDisplayKey(secret=KEY))


# What is pure

NOW: Final = datetime(2026, 11, 23, 13, 31, tzinfo=UTC)


def a_call(**changes: Any) -> CallRow:
    """A call a few seconds ago."""
    values = {"ticket": "A016", "initials": "R. Q.", "room": "C.4", "kind": "consultorio", "floor": 1}
    return CallRow(**{**values, "called_at": NOW - timedelta(seconds=5), "calls": 1, **changes})


def a_room(*calls: CallRow) -> WaitingRoom:
    """A room with these calls."""
    return WaitingRoom(1, "Centro Norte", "UTC", 0, NOW, calls)


def test_news_are_calls_not_seen_before_and_not_old() -> None:
    before, again = a_room(a_call()), a_call(calls=2, called_at=NOW)
    assert news(None, before) == frozenset()
    assert news(before, a_room(a_call())) == frozenset()
    assert news(before, a_room(a_call(ticket="A017"), a_call())) == {a_call(ticket="A017")}
    assert news(before, a_room(again)) == {again}
    both = (a_call(ticket="A017"), a_call(ticket="A018", room="C.7"), a_call())
    assert news(before, a_room(*both)) == {*both[:2]}
    old = a_call(ticket="A017", called_at=NOW - timedelta(minutes=2))
    assert news(before, a_room(old, a_call())) == frozenset()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "Consultorio 4, piso 1"),
        ({"floor": 0}, "Consultorio 4, planta baja"),
        ({"room": "VAC", "kind": "vacunatorio", "floor": None}, "Vacunatorio"),
        ({"room": None, "kind": None, "floor": None}, "Admisión"),
    ],
)
def test_a_room_is_told_in_words(changes: dict[str, Any], words: str) -> None:
    assert room_words(a_call(**changes), floor=True) == words


def test_large_letters_are_all_as_wide_and_tall() -> None:
    for char in "ABCDEFGHIJKLMNÑOPQRSTUVWXYZ0123456789→-":
        rows = big_letters.rows_of(char)
        assert len(rows) == big_letters.TALL
        assert any(rows)
        assert max(map(len, rows)) <= 5
        assert big_letters.width_of(char) == 7
    assert len(big_letters.rows_of("A", 2)) == 10
