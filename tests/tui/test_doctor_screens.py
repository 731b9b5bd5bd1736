"""The doctor's screens as rendered, kept as text at 80×24 and 120×36; SNAPSHOTS=write writes them anew."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from clinicdesk.clinic.patients.rules import Document
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.desk import Desk
from tests.tui.surgery import FIRST, Surgery, new_surgery

SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
AT: Final = clock.instant(datetime(2037, 11, 24, 10, 53), ZONE)  # noqa: DTZ001 - wall time of the clinic
_ALWAYS: Final = (
    (re.compile(r"HC \d{6}"), "HC 004417"),
    (re.compile(r"guardado \d\d:\d\d:\d\d"), "guardado 11:02:14"),
    (re.compile(r"Sello [0-9a-f]{12}"), "Sello 6b281af3875b"),
    (re.compile(r"(MP 112\.904,.{0,60}?)\d\d/\d\d/\d{4}", re.DOTALL), r"\g<1>24/11/2037"),
    (re.compile(r" \d\d:\d\d\.(?=\s*│)"), " 11:06."),
    (re.compile(r" \d\d:\d\d\.$", re.MULTILINE), " 11:06."),
)
"""Chart numbers, times and seals: what depends on the run."""
NOTE: Final = "Control de presión. Enalapril 10 mg cada 12 h. Dieta sin sal. Vuelve en 30 días."
KINDS: Final = (
    ("control", "I10", "HTA esencial", NOTE),
    ("laboratorio", "E11.9", "DM2 sin complicación", ""),
    ("urgencia", "M54.5", "Lumbalgia", "Dolor lumbar tras esfuerzo. Sin signos de alarma."),
    ("control", "E11.9", "DM2 sin complicación", NOTE),
    ("imagen", "Z01.6", "Mamografía", ""),
    ("teleconsulta", "J06.9", "Infección respiratoria alta", ""),
    ("control", "E66.9", "Obesidad", ""),
)
# family, given, triage, minutes waited
WAITING: Final = (
    ("Coria Villalba", "Pedro", 3, 12),
    ("Luna Escalante", "Esteban", 4, 131),
    ("Aguirre Núñez", "Sofía", 4, 4),
)


@pytest.fixture(scope="module")
def surgery(network: Network) -> Iterator[Surgery]:
    """A morning of 2037: one inside, three waiting, a chart with everything."""
    clerk = network.log_in("cruiz")
    surgery = new_surgery(network, clerk, "lagos", "Lagos")
    rosa = surgery.patient(document=Document("AR", "DNI", "26431907"), birth=date(1991, 8, 2))
    surgery.history(rosa, KINDS)
    surgery.allergic(rosa, ("AINE", "leve"), ("penicilina", "severa"))
    surgery.prescribed(rosa, "Atorvastatina 20 mg", "Enalapril 10 mg", "Metformina 850 mg")
    for months, high, low in ((17, 131, 84), (14, 142, 88), (9, 151, 96), (5, 144, 90), (1, 152, 94)):
        surgery.measured(rosa, FIRST - timedelta(days=30 * months), high=high, low=low, pulse=88, bmi=31.2)
    surgery.inside(rosa, AT - timedelta(minutes=22))
    for family, given, triage, minutes in WAITING:
        surgery.waits(surgery.patient(family, given), AT - timedelta(minutes=minutes), triage)
    yield surgery
    clerk.close()


@pytest.fixture
def desk(surgery: Surgery, desk_environment: dict[str, str]) -> Iterator[Callable[..., Desk]]:
    """`desk((80, 24))` → the doctor at 10:53 of that day."""
    opened: list[Desk] = []

    def start(size: tuple[int, int], **env: Any) -> Desk:
        opened.append(Desk({**desk_environment, **env}, size=size, at=AT.isoformat()))
        opened[-1].log_in(surgery.username)
        opened[-1].wait_for("Historia")
        return opened[-1]

    yield start
    for each in opened:
        each.close()


def as_kept(desk: Desk) -> str:
    """The screen without what no two runs have alike."""
    screen = "\n".join(desk.lines) + "\n"
    for pattern, always in _ALWAYS:
        screen = pattern.sub(always, screen)
    return screen


def same_as_kept(desk: Desk, name: str) -> None:
    """The screen at rest is what the file says."""
    desk.settle()
    file = SNAPSHOTS / f"doctor-{name}-{desk.columns}x{desk.rows}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        desk.settle(0.5)
        file.parent.mkdir(exist_ok=True)
        file.write_text(as_kept(desk), "utf-8")
    kept = file.read_text("utf-8")
    with contextlib.suppress(AssertionError):
        desk.wait_for(lambda: as_kept(desk) == kept)
    assert as_kept(desk) == kept


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_home_chart_and_an_empty_note(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    terminal = desk(size)
    terminal.wait_for("Enter abre el registro del 16/10/26")
    same_as_kept(terminal, "home")
    terminal.press("4")
    terminal.wait_for("1 o Esc vuelve a la historia.")
    same_as_kept(terminal, "diagnoses")
    terminal.press("<Esc><Down><Down><Enter>")
    terminal.wait_for("Sello")
    same_as_kept(terminal, "entry")
    terminal.press("<F2>")
    terminal.wait_for("Nacimiento")
    same_as_kept(terminal, "patient")
    terminal.press("<Esc><F1>")
    terminal.wait_for("Teclas de esta pantalla")
    same_as_kept(terminal, "keys")
    terminal.press("<Esc>e")
    terminal.wait_for("Subjetivo:")
    same_as_kept(terminal, "note-new")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_the_search_across_charts(desk: Callable[..., Desk], size: tuple[int, int]) -> None:
    terminal = desk(size)
    terminal.wait_for("Enter abre el registro del 16/10/26")
    terminal.send("\x06")
    terminal.wait_for("Por qué se puede buscar")
    same_as_kept(terminal, "search")
    terminal.press("pac:26431907 desde:2020<Enter>")
    terminal.wait_for("Enter abre el registro del 16/10/26 de Quispe Mamani, Rosa Elena.")
    same_as_kept(terminal, "search-found")
    terminal.press("?")
    terminal.wait_for("Teclas de esta pantalla")
    same_as_kept(terminal, "search-keys")


def test_a_note_written_and_to_be_signed(
    network: Network, desk_environment: dict[str, str], log_in: Callable[..., Any]
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), "lagosdos", "Lagos Dos")
    rosa = surgery.patient(document=Document("AR", "DNI", "26431908"), birth=date(1991, 8, 2))
    surgery.history(rosa, KINDS[:2])
    day_after = AT + timedelta(days=1)  # ticket numbers count by day
    surgery.inside(rosa, day_after - timedelta(minutes=2))
    terminal = Desk(desk_environment, at=day_after.isoformat())
    with terminal:
        terminal.log_in(surgery.username)
        terminal.wait_for("Historia · 2")
        terminal.press("e")
        terminal.wait_for("Subjetivo:")
        terminal.press("<Tab>Refiere cefalea occipital matinal desde hace dos semanas. Niega disnea.")
        terminal.press("<Tab>PA 152/94, FC 88.<Tab>Enalapril cada 12 h.<Tab>i10<Enter>e119<Enter>r51")
        terminal.wait_for("4 líneas, solo suyo")
        same_as_kept(terminal, "note")
        terminal.press("<F9>")
        terminal.wait_for("Firmar como")
        terminal.press("abcd")
        same_as_kept(terminal, "sign")


def test_the_home_without_colour_and_in_ascii(desk: Callable[..., Desk]) -> None:
    terminal = desk((80, 24), LANG="C", NO_COLOR="1")
    terminal.wait_for("Enter abre el registro del 16/10/26")
    same_as_kept(terminal, "ascii")
