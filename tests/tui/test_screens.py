"""Screens as rendered, kept as text: a whole day at a clinic, at 80×24 and 120×36, in colour and plain ASCII.

`SNAPSHOTS=write` writes them anew; look at the difference before committing it.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import service
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
AT: Final = clock.instant(datetime(2037, 11, 23, 9, 42), ZONE)  # noqa: DTZ001 - the wall clock there
"""A Monday, 09:42 at the clinic, long after anything other tests do."""
SMALL, LARGE = (80, 24), (120, 36)

# family, given, sex, year of birth, document, hour, doctor, what became of it
DAY: Final = (
    ("Peralta", "Ramón Ángel", "M", 1961, "27400001", "09:00", "jibarra", "ausente"),
    ("Benítez Rojas", "Carlos", "M", 1986, "27400002", "09:20", "lpaz", "en_curso"),
    ("Ocampo Ferreyra", "Nilda Beatriz", "F", 1970, "27400003", "09:40", "lpaz", "en_espera 24"),
    ("Llanos Choque", "Wilson", "M", 1993, "27400004", "09:40", "jibarra", "en_espera 3"),
    ("Aguirre Núñez", "Sofía", "F", 2010, "27400005", "10:00", "lpaz", "confirmado"),
    ("Rivas Pons", "Inés", "F", 2002, "27400006", "10:00", "jibarra", "en_espera 1"),
    ("Quispe Mamani", "Rosa Elena", "F", 1992, "27431907", "10:20", "lpaz", "confirmado"),
    ("Zelaya Ríos", "Íñigo", "M", 2022, "27400007", "10:20", "jibarra", "registrado"),
    ("Maldonado de la Fuente", "María José", "F", 1979, "27400008", "10:40", "lpaz", "registrado"),
    ("Sánchez Ortiz", "Julia", "F", 1999, "27400009", "10:40", "jibarra", "cancelado"),
    ("Ybarra Güemes", "Tomás", "M", 2012, "27400010", "11:00", "lpaz", "registrado"),
    ("Coria Villalba", "Pedro Antonio", "M", 1955, "27400011", "11:00", "jibarra", "confirmado"),
    ("Duarte", "Alba Noemí", "F", 1981, "27400012", "11:20", "lpaz", "registrado"),
    ("Ñáñez Prado", "Olga Susana", "F", 1960, "27400013", "12:00", "lpaz", "registrado"),
    ("Herrera Ledesma", "Joaquín Ignacio", "M", 1992, "27439566", "17:20", "jibarra", "registrado"),
    (
        "Fernández de la Reguera Ibáñez",
        "María de los Ángeles",
        "F",
        1988,
        "27400014",
        "17:40",
        "lpaz",
        "registrado",
    ),
)
# family, given, sex, year, doctor, triage, minutes waited, reason
WALK_INS: Final = (
    ("Funes Rey", "Emilia", "F", 2022, "jibarra", 3, 12, "fiebre"),
    ("Godoy", "Bruno Ariel", "M", 2015, "lpaz", 4, 9, "dolor de garganta"),
    ("Toledo Paz", "Hernán", "M", 1966, "jibarra", 5, 31, "receta"),
    ("Gil Ledesma", "Álvaro", "M", 1977, "lpaz", 2, 17, "caída, dolor de muñeca"),
)


@pytest.fixture(scope="module")
def environment(desk_environment: dict[str, str], network: Network) -> Iterator[dict[str, str]]:
    """The desk's environment, the day of 2037 in its database."""
    session = network.log_in("cruiz")
    counter = Counter(network, session)
    for family, given, sex, year, document, hour, doctor, fate in DAY:
        person = counter.patient(family, given, sex=sex, birth=date(year, 3, 7), document=document)
        _live(counter, person, hour, doctor, fate)
    counter.patient("Quispe Condori", "Rosana", sex="F", birth=date(1991, 3, 7), document="27433120")
    for family, given, sex, year, doctor, triage, minutes, reason in WALK_INS:
        person = counter.patient(family, given, sex=sex, birth=date(year, 3, 7))
        order = admissions.WalkIn(
            patient_id=person.patient_id,
            doctor_id=network.person_ids[doctor],
            reason=reason,
            triage=triage,
        )
        counter.at(AT - timedelta(minutes=minutes)).do(admissions.walk_in, order)
    yield desk_environment
    session.close()


def _live(counter: Counter, person: Person, hour: str, doctor: str, fate: str) -> None:
    """Book a turn of the day and take it where it stands at 09:42."""
    wall = datetime.strptime(f"2037-11-23 {hour}", "%Y-%m-%d %H:%M")  # noqa: DTZ007
    turn = counter.booked(person, doctor, clock.instant(wall, ZONE))
    early = AT - timedelta(hours=2)
    state, _blank, minutes = fate.partition(" ")
    if state == "confirmado":
        counter.hop(service.confirm, turn, early)
    elif state == "cancelado":
        counter.hop(service.cancel, turn, early, reason="lo pidió el paciente")
    elif state == "ausente":
        counter.hop(service.absent, turn, AT, reason="no vino")
    elif state == "en_espera":
        counter.hop(admissions.admit, turn, AT - timedelta(minutes=int(minutes)))
    elif state == "en_curso":
        counter.hop(admissions.admit, turn, AT - timedelta(minutes=40))
        _called(counter, doctor)


def _called(counter: Counter, doctor: str) -> None:
    session = counter.network.log_in(doctor)
    seen = Counter(counter.network, session)
    seen.at(AT - timedelta(minutes=22)).do(records.call_next, records.CallNext())
    session.close()


@pytest.fixture
def open_at(environment: dict[str, str]) -> Iterator[Callable[..., Desk]]:
    """`open_at((80, 24))` → admission at 09:42 of that day."""
    opened: list[Desk] = []

    def start(size: tuple[int, int], env: dict[str, str] | None = None, user: str = "msosa") -> Desk:
        more = env or {}
        colour = "NO_COLOR" not in more
        opened.append(Desk({**environment, **more}, size=size, at=AT.isoformat(), colour=colour))
        return opened[-1].log_in(user)

    yield start
    for desk in opened:
        desk.close()


def same_as_kept(desk: Desk, name: str) -> None:
    """The screen at rest is what the file says."""
    desk.settle()
    file = SNAPSHOTS / f"{name}-{desk.columns}x{desk.rows}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        desk.settle(0.5)
        file.parent.mkdir(exist_ok=True)
        file.write_text(as_kept(desk), "utf-8")
    kept = file.read_text("utf-8")
    with contextlib.suppress(AssertionError):
        desk.wait_for(lambda: as_kept(desk) == kept)
    assert as_kept(desk) == kept


def as_kept(desk: Desk) -> str:
    """The screen without the chart numbers, which depend on the run."""
    return re.sub(r"HC \d{6}", "HC ······", "\n".join(desk.lines) + "\n")


def test_the_login(desk_environment: dict[str, str]) -> None:
    desk = Desk({**desk_environment, "TZ": ZONE}, at=AT.isoformat())
    desk.wait_for("Usuario")
    desk.wait_for(lambda: "Abriendo" not in desk.text)
    try:
        same_as_kept(desk, "login")
    finally:
        desk.close()


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
def test_admission_and_board(open_at: Callable[..., Desk], size: tuple[int, int]) -> None:
    desk = open_at(size)
    same_as_kept(desk, "home")
    desk.press("2743")
    desk.wait_for("3 candidatos")
    same_as_kept(desk, "home-search")
    desk.press("1<Enter>")
    desk.wait_for("Enter admite a")
    same_as_kept(desk, "home-chosen")
    desk.press("<F2>")
    desk.wait_for("Turnos desde hoy · 1")
    same_as_kept(desk, "patient")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "patient-keys")
    desk.press("<Esc>e")
    desk.wait_for("Corregir datos")
    same_as_kept(desk, "edit")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "edit-keys")
    desk.press("<Esc><Esc>")
    desk.wait_for("Turnos desde hoy · 1")
    desk.press("<Esc><F3>")
    desk.wait_for("REGISTRADO")
    same_as_kept(desk, "board")
    desk.press("v")
    desk.wait_for("tabla")
    same_as_kept(desk, "board-table")
    desk.press("/espera")
    desk.wait_for("Esc quita el filtro y muestra")
    same_as_kept(desk, "board-filter")
    desk.press("<Esc><F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "board-keys")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
def test_the_network(open_at: Callable[..., Desk], size: tuple[int, int]) -> None:
    desk = open_at(size)
    desk.press("<F3><F3>")
    desk.wait_for("Tablero de la red · 2 centros")
    same_as_kept(desk, "network")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "network-keys")


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
def test_nursing(open_at: Callable[..., Desk], size: tuple[int, int]) -> None:
    desk = open_at(size, user="enfe")
    desk.wait_for("sin triaje")
    same_as_kept(desk, "nurse")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "nurse-keys")
    desk.press("<Esc>e")
    desk.wait_for("Signos vitales")
    desk.wait_for("Alergias:")
    desk.press("152<Enter>84<Enter>120<Enter>26")
    desk.wait_for("CRÍTICO")
    same_as_kept(desk, "vitals")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "vitals-keys")


def test_the_registration_form(open_at: Callable[..., Desk]) -> None:
    desk = open_at(SMALL)
    desk.press("27499999<Enter><Enter>")
    desk.wait_for("Registrar paciente nuevo")
    desk.press("Ybarra G<Tab>Tomás<Tab>m0703199")
    desk.wait_for("Personas parecidas · 1")
    same_as_kept(desk, "register")
    desk.press("<PageDown>")
    desk.wait_for("RePág: primeros datos")
    same_as_kept(desk, "register-more")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "register-keys")


def test_the_board_in_ascii(open_at: Callable[..., Desk]) -> None:
    desk = open_at(SMALL, {"LANG": "C", "NO_COLOR": "1"}, "enfe")
    desk.wait_for("sin triaje")
    desk.press("<F3>")
    desk.wait_for("o REGISTRADO")
    same_as_kept(desk, "board-ascii")


@pytest.mark.parametrize(
    ("env", "cut"),
    [
        ({"NO_COLOR": "1"}, "…"),
        ({"TERM": "vt100"}, "…"),
        ({"TERM": "xterm", "COLORTERM": ""}, "…"),
        ({"TERM": "linux"}, "~"),
    ],
    ids=["NO_COLOR", "vt100", "16 colours", "console"],
)
def test_the_board_says_the_same_with_less(
    open_at: Callable[..., Desk], env: dict[str, str], cut: str
) -> None:
    desk = open_at(SMALL, env)
    desk.press("<F3>")
    kept = (SNAPSHOTS / "board-80x24.txt").read_text("utf-8").replace("…", cut)
    desk.becomes(lambda: as_kept(desk), kept)
    colours = set(re.findall(rb"\x1b\[[0-9;]*?([349][0-8])(?=[;m])", desk.output))
    assert bool(colours) == (env.get("TERM") in {"xterm", "linux"})
    assert b"38;" not in desk.output
    marks = {desk.screen.buffer[4][32], desk.screen.buffer[4][42]}
    assert any(cell.reverse or cell.bg != "default" for cell in marks)
