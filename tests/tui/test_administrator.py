"""The home of administration in a real terminal: who gets in, what they hold, and who is shown the door."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from clinicdesk.clinic.access import administration as admin
from clinicdesk.kit.ids import new_id
from tests.factories import Network
from tests.tui.desk import Desk

Open = Callable[..., Desk]
SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
_CODE: Final = re.compile(r"(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}")


@pytest.fixture(scope="module")
def shared(desk_environment: dict[str, str], network: Network) -> Iterator[Desk]:
    """One administrator's desk for the tests that only use it."""
    desk = Desk(desk_environment)
    yield desk.log_in("admin")
    desk.close()


@pytest.fixture
def desk(shared: Desk) -> Desk:
    """The same with no filter, everybody in the list."""
    shared.press("<Esc><Esc>")
    shared.wait_for("/ filtra")
    return shared


def pointed_at(desk: Desk, username: str) -> None:
    """Filter to one login, and go to its row."""
    desk.press(f"/{username}<Enter>")
    desk.wait_for(f"»{username}")


def row(network: Network, question: str, username: str) -> object:
    with network.owner.connect() as owner:
        return owner.execute(text(question), {"name": username}).scalar()


def test_a_role_is_given_until_a_day_and_taken_back(desk: Desk, network: Network) -> None:
    held = (
        "SELECT r.until FROM clinic_roles r JOIN logins USING (person_id)"
        " WHERE username = :name AND role = 'medico'"
    )
    pointed_at(desk, "cruiz")
    desk.press("h1")
    desk.wait_for("Rol ")
    desk.press("mago<Enter>")
    desk.line_shows("Un rol:")
    desk.press("<Back><Back><Back><Back>medico<Enter>")
    desk.line_shows("Centro", "NORTE")
    desk.press("<Back><Back><Back><Back><Back>SUR<Enter>")
    desk.line_shows("Hasta el día")
    desk.press("30/12/2037<Enter>")
    desk.line_shows("cruiz: medico en SUR.")
    desk.wait_for("Médico · SUR")
    desk.wait_for("hasta 30/12/37")
    assert row(network, held, "cruiz") is not None
    desk.press("x")
    desk.line_shows("1 admisionista NORTE", "2 medico SUR")
    desk.press("2<Enter>")
    desk.line_shows("cruiz: sin medico SUR.")
    assert row(network, held, "cruiz") is None


def test_a_right_is_denied_and_the_denial_lifted(desk: Desk, network: Network) -> None:
    pointed_at(desk, "msosa")
    desk.press("b2")
    desk.line_shows("Derecho que se niega")
    desk.press("turn.book<Enter><Enter>")
    desk.line_shows("msosa: turn.book negado en NORTE.")
    desk.wait_for("× negado turn.book")
    desk.press("x")
    desk.line_shows("2 turn.book NORTE")
    desk.press("2<Enter>")
    desk.line_shows("msosa: sin turn.book NORTE.")


def test_a_doctor_is_marked_a_resident_until_a_day_and_no_more(desk: Desk, network: Network) -> None:
    until = "SELECT supervised_until FROM people JOIN logins ON person_id = people.id WHERE username = :name"
    pointed_at(desk, "dvidal")
    desk.press("h3")
    desk.line_shows("Residente hasta el día")
    desk.press("<Enter>")
    desk.line_shows("No puede quedar vacío.")
    desk.press("30/12/2037<Enter>")
    desk.line_shows("dvidal: lo que firme hasta el 30/12/2037 espera cofirma.")
    desk.wait_for("Residente hasta 30/12/37")
    assert row(network, until, "dvidal") is not None
    desk.press("<Esc>/residente<Enter>")
    desk.wait_for("1 de ")
    desk.press("x")
    desk.line_shows("1 residente", "2 medico NORTE")
    desk.press("1<Enter>")
    desk.line_shows("dvidal: firma sin cofirma.")
    assert row(network, until, "dvidal") is None
    desk.press("<Esc>")
    desk.wait_for("/ filtra")
    pointed_at(desk, "cruiz")
    desk.press("h")
    desk.line_shows("Dar:", "2 un derecho suelto")
    desk.hides("marca de residente")
    desk.press("<Esc>")


def test_a_person_is_added_and_their_code_shown_once(desk: Desk, network: Network) -> None:
    desk.press("a")
    desk.line_shows("Usuario nuevo")
    desk.press("nora.prieto<Enter>Prieto<Enter>Nora<Enter>enfermeria<Enter><Enter>")
    desk.line_shows("nora.prieto agregado")
    desk.wait_for("Enfermería · NORTE")
    desk.wait_for(lambda: _CODE.search(desk.text) is not None)
    desk.press("<Home>")
    desk.wait_for(lambda: _CODE.search(desk.text) is None)
    assert row(network, "SELECT kind FROM logins WHERE username = :name", "nora.prieto") == "person"


def test_nobody_helps_themselves_and_the_key_says_why(desk: Desk) -> None:
    pointed_at(desk, "admin")
    desk.wait_for("(h Habilitar)")
    desk.press("h")
    desk.line_shows("nadie se da derechos a sí mismo")
    desk.press("b1s")
    desk.line_shows("No puede cerrar su propio usuario")
    desk.press("x1<Enter>")
    desk.line_shows("sin quien administre")


def test_the_filter_finds_by_name_role_clinic_and_state(desk: Desk) -> None:
    desk.press("/admision sur")
    desk.wait_for("»sur")
    desk.wait_for("1 de ")
    desk.press("<Esc>/nadie asi")
    desk.wait_for("Nadie coincide.")
    desk.press("<Esc>")
    desk.wait_for("/ filtra")


def test_whoever_is_closed_is_told_at_their_desk_and_their_draft_stays(
    desk: Desk, open_desk: Open, network: Network
) -> None:
    other = open_desk("vmora")
    desk.press("<F5>")
    pointed_at(desk, "vmora")
    desk.wait_for("1 sesión")
    desk.press("b1s")
    desk.line_shows("vmora está cerrado")
    other.wait_for("Administración terminó su sesión. Los borradores quedan.")
    other.wait_for("Usuario")
    other.wait_for("Clave")
    pointed = row(
        network, "SELECT why FROM sessions WHERE username = :name ORDER BY started_at DESC", "vmora"
    )
    assert pointed == "disabled"
    desk.press("b1")
    desk.line_shows("vmora puede ingresar otra vez.")


def test_a_session_is_ended_and_the_person_comes_in_again(
    desk: Desk, open_desk: Open, network: Network
) -> None:
    other = open_desk("rleon")
    desk.press("<F5>")
    pointed_at(desk, "rleon")
    desk.wait_for("1 sesión")
    desk.press("f")
    desk.line_shows("0 todas", "1 ")
    desk.press("1<Enter>")
    desk.line_shows("rleon: 1 sesión terminada.")
    other.wait_for("Administración terminó su sesión.")
    other.log_in("rleon")


def test_a_script_does_not_open_the_desk(desk: Desk, open_desk: Open, network: Network) -> None:
    session = network.log_in("admin")
    order = admin.NewService(
        key=new_id(),
        username="guion.tablero",
        name="Tablero",
        clinic_id=network.clinic_ids[0],
        verbs=("board",),
        password="una clave de guion",
    )
    session.desk().do(admin.add_service, order)
    session.close()
    other = open_desk()
    other.wait_for("Usuario")
    other.press("guion.tablero<Enter>")
    other.send("una clave de guion")
    other.press("<Enter>")
    other.line_shows("Esa cuenta es de guiones")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_as_rendered(open_desk: Open, size: tuple[int, int]) -> None:
    """What stands on the screen, but hours and counts of sessions, which no test holds still."""
    desk = open_desk("admin", size=size)
    desk.wait_for("Personas con acceso")
    desk.press("/lpaz<Enter>")
    desk.wait_for("»lpaz")
    desk.wait_for("Médico · NORTE")
    desk.settle()
    shown = "\n".join(_still(line) for line in desk.lines[1:]) + "\n"
    file = SNAPSHOTS / f"administrator-{size[0]}x{size[1]}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(shown, "utf-8")
    assert shown == file.read_text("utf-8")


def _still(line: str) -> str:
    return re.sub(r"\d+ de \d+", "n de n", line).rstrip()
