"""F10: another role, another clinic, another password, the lock; each by its digit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Executable, delete, insert, text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.errors import NoRole
from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.changes import Change, Kind, payload
from clinicdesk.kit.ids import new_id
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

Open = Callable[..., Desk]
SWITCHES = text(
    "SELECT role, clinic_id FROM acts WHERE what = 'session.switch' AND person = 'u_msosa' ORDER BY at"
)


def also_in_the_south(network: Network) -> dict[str, object]:
    """The row that makes a person of the north one of the south too."""
    person_id = network.person_ids["msosa"]
    return {"person_id": person_id, "clinic_id": network.clinic_ids[1], "role": "secretaria"}


@pytest.fixture
def write(network: Network) -> Callable[[Executable], None]:
    """Change who holds which role, as administration does."""

    def change(statement: Executable) -> None:
        with network.owner.begin() as owner:
            owner.execute(statement)
            owner.execute(text("SELECT access.sync_groups('msosa')"))

    return change


@pytest.fixture
def two_clinics(network: Network, write: Callable[[Executable], None]) -> Iterator[None]:
    """Admisionista in the north, secretaria in the south."""
    second = also_in_the_south(network)
    write(insert(clinic_roles).values(**second))
    yield
    write(delete(clinic_roles).filter_by(**second))


@pytest.fixture
def desk(open_desk: Open, two_clinics: None) -> Desk:
    """Logged in, in the north."""
    desk = open_desk()
    desk.wait_for("Usuario")
    desk.press("msosa<Enter>una clave de prueba<Enter>")
    desk.wait_for("elige centro y rol")
    desk.press("<Enter>")
    desk.wait_for("Centro Norte · Admisión · Sosa, Marta")
    desk.wait_for("Escribir documento")
    return desk


def test_another_clinic_opens_its_home_and_its_board_is_live(
    desk: Desk, network: Network, log_in: Callable[..., Session]
) -> None:
    north = Counter(network, log_in("cruiz"))
    north.booked(north.patient("Nortina", "Sol"), "jibarra")
    desk.wait_for("Nortina")
    desk.press("<F10>2")
    desk.wait_for("1  Centro Norte · Admisión   (ahora)")
    desk.press("2")
    desk.wait_for("Centro Sur · Secretaría · Sosa, Marta")
    desk.wait_for("Tablero de turnos · Centro Sur")
    desk.settle()
    assert "Nortina" not in desk.text
    north.booked(north.patient("Boreal", "Sol"), "jibarra")
    desk.settle(0.5)
    assert "Boreal" not in desk.text
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE turns SET clinic_id = :south").bindparams(south=network.clinic_ids[1]))
        said = payload(Change(Kind.TURN, new_id(), network.clinic_ids[1]))
        owner.execute(text("SELECT pg_notify('clinicdesk', :said)").bindparams(said=said))
    desk.wait_for("Boreal")
    with network.owner.connect() as owner:
        assert list(owner.execute(SWITCHES)) == [("secretaria", network.clinic_ids[1])]


def test_esc_and_the_role_one_has_change_nothing(desk: Desk) -> None:
    for key in ("<Esc>", "1", "<Enter>"):
        desk.press("<F10>2")
        desk.wait_for("Seguir en otro rol o centro")
        desk.press(key)
        desk.wait_for("Escribir documento")
    desk.wait_for("Centro Norte · Admisión · Sosa, Marta")


def test_a_role_taken_away_meanwhile_is_refused_and_one_stays(
    desk: Desk, network: Network, write: Callable[[Executable], None]
) -> None:
    write(delete(clinic_roles).filter_by(**also_in_the_south(network)))
    desk.press("<F10>22")
    desk.wait_for("Su usuario no tiene un rol así en Centro Sur.")
    desk.wait_for("Centro Norte · Admisión · Sosa, Marta")
    write(insert(clinic_roles).values(**also_in_the_south(network)))


def test_who_holds_one_role_is_offered_no_other(open_desk: Open) -> None:
    desk = open_desk("cruiz")
    desk.press("<F10>")
    desk.wait_for("5 bloquear")
    desk.settle()
    assert "otro rol" not in desk.text
    desk.press("5")
    desk.wait_for("Puesto bloqueado. Clave de Ruiz, Carla para seguir.")


def test_the_whole_menu_fits(desk: Desk) -> None:
    desk.press("<F10>")
    desk.wait_for("Menú:  1 cerrar sesión  2 otro rol  3 salir  4 clave  5 bloquear  6 repetidos")
    desk.line_shows("8 comprobar un documento")


def test_a_role_that_is_not_held_is_refused_by_the_database(log_in: Callable[..., Session]) -> None:
    elsewhere = log_in("sur").actor.at
    with pytest.raises(NoRole):
        log_in("cruiz").acting(elsewhere)
