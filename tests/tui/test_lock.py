"""The lock: nothing of a patient stays or comes on the terminal, nothing typed passes, nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.administration import EnableUser, enable_user
from tests.factories import PASSWORD, Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery

Open = Callable[..., Desk]
FAMILY, GIVEN = "Zarzabal Quintreros", "Petronila"
OF_A_PATIENT = [word.encode() for word in (*FAMILY.split(), GIVEN)]
IDLE = "Puesto bloqueado por inactividad. Clave de Sosa, Marta para seguir."
ASKED = "Puesto bloqueado. Clave de"


@dataclass(frozen=True, slots=True)
class Place:
    """A screen to lock: who opens it, with which keys, and a text that shows it is there."""

    user: str
    keys: str
    shows: str


PLACES = {
    "counter": Place("cruiz", "", FAMILY.split()[0]),
    "search": Place("cruiz", "zarzabal", "1 candidato"),
    "patient": Place("cruiz", "zarzabal<Enter>", FAMILY),
    "page": Place("cruiz", "zarzabal<Enter><F2>", "Turnos desde hoy · 1"),
    "correction": Place("cruiz", "zarzabal<Enter>e", "Corregir datos"),
    "whose": Place("cruiz", "zarzabal<Enter>m1<Enter>", "Pasar a otra persona"),
    "form": Place("cruiz", "<Tab>a27<Tab>", "Apellido"),
    "board": Place("cruiz", "<F3>", FAMILY.split()[0]),
    "filter": Place("cruiz", "<F3>/zarza", "Filtrar » zarza"),
    "copies": Place("copias", "zarzabal", "1 candidato"),
    "nursing": Place("enfe", "<F2>zarzabal<Enter>", FAMILY),
    "help": Place("cruiz", "<F3>?", "Teclas de esta pantalla"),
    "menu": Place("cruiz", "<F10>", "5 bloquear"),
    "password": Place("cruiz", "<F10>4una cl", "Clave actual » ******"),
    "clinic board": Place("secre", "", FAMILY.split()[0]),
    "network board": Place("secre", "<F3>", "Centro Sur"),
    "agendas": Place("secre", "e", "Cupos:"),
    "agenda": Place("cruiz", "<F4>", " libres"),
    "week": Place("cruiz", "<F4>v", "lun "),
    "suspended": Place("secre", "em", "Turnos suspendidos ·"),
    "fees": Place("secre", "27", "Nomencladores"),
    "triage": Place("enfe", "", FAMILY.split()[0]),
    "signs": Place("enfe", "<Home>e15", "Presión sistólica"),
    "pairs": Place("secre", "<F10>6", "Personas repetidas ·"),
    "administration": Place("admin", "", "Personas con acceso"),
    "sites": Place("admin", "2", "Consultorios ·"),
    "site form": Place("secre", "2e", "Equipos"),
    "chart": Place("doctor", "", f"{FAMILY}, {GIVEN}"),
    "all charts": Place("doctor", "\x06tos dr:paz", "Historias » tos dr:paz"),
    "note": Place("doctor", "e<Tab>Tos seca desde el martes.", "Tos seca desde el martes."),
    "diagnosis": Place("doctor", "e<Tab>Tos.<Tab><Tab><Tab>J06.9 Catarro", "J06.9 Catarro"),
    "signing": Place("doctor", "e<Tab>Tos seca.<F9>una cl", "Firmar como"),
}


def bare(desk: Desk) -> str:
    """What stands below the header, without times and counts that go on by themselves."""
    lines = [re.sub(r"Borrador guardado.*|Se guarda solo.*", "", line) for line in desk.lines[1:]]
    return re.sub(r"\d", "0", "\n".join(line.rstrip() for line in lines))


def of_a_patient(output: bytes) -> list[bytes]:
    """Words of the patient's name in what was sent."""
    return [word for word in OF_A_PATIENT if word in output]


def unlock(desk: Desk) -> None:
    """Type the password."""
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for(lambda: "Clave de" not in desk.text and "Revisando" not in desk.text)


@pytest.fixture(scope="module", autouse=True)
def of_the_day(network: Network) -> None:
    """The patient is on every board, so that each screen has the name to hide."""
    clerk = network.log_in("cruiz")
    counter = Counter(network, clerk)
    counter.admitted(counter.patient(FAMILY, GIVEN), "jibarra")
    clerk.close()


@dataclass(frozen=True, slots=True)
class Room:
    """A doctor of their own with the patient in the room."""

    surgery: Surgery
    patient_id: UUID

    @property
    def draft(self) -> str:
        """The draft on the server."""
        return self.surgery.draft(self.patient_id) or ""


@pytest.fixture
def room(network: Network, log_in: Callable[..., Session]) -> Room:
    """A doctor nobody else's tests queue for."""
    surgery = new_surgery(network, log_in("cruiz"))
    patient_id = surgery.patient(FAMILY, GIVEN)
    surgery.inside(patient_id)
    return Room(surgery, patient_id)


@pytest.fixture
def arrive(request: pytest.FixtureRequest, open_desk: Open) -> Callable[[Place], Desk]:
    """`arrive(place)` → a desk on that screen, settled."""

    def go(place: Place) -> Desk:
        user = place.user
        if user == "doctor":
            room: Room = request.getfixturevalue("room")
            user = room.surgery.username
        desk = open_desk(user)
        if place.user == "doctor":
            desk.wait_for(f"{FAMILY}, {GIVEN}")
            desk.settle()
        if place.user == "doctor" and place.keys.startswith("e"):
            desk.press("e")
            desk.wait_for("Subjetivo:")
        desk.press(place.keys.removeprefix("e") if place.user == "doctor" else place.keys)
        desk.wait_for(place.shows)
        desk.settle()
        return desk

    return go


@pytest.mark.parametrize("place", PLACES.values(), ids=list(PLACES))
def test_f7_blanks_any_screen_and_the_password_brings_it_back_as_it_was(
    place: Place, arrive: Callable[[Place], Desk]
) -> None:
    desk = arrive(place)
    before = bare(desk)
    start = len(desk.output)
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.settle()
    assert all(not line for line in desk.lines[1:-2])
    assert "Sosa" not in desk.lines[0]
    desk.press("<F3><Esc>s1<Tab><F5><F7><F8><F9>?")
    desk.resize(100, 30)
    desk.wait_for(lambda: len(desk.lines[0]) > 90 and ASKED in desk.lines[-2])
    desk.resize(80, 24)
    desk.wait_for(lambda: ASKED in desk.lines[22])
    desk.press("<Enter>")
    desk.wait_for("La clave no es correcta.")
    desk.settle()
    assert of_a_patient(desk.output[start:]) == []
    assert before not in desk.text
    unlock(desk)
    desk.wait_for(lambda: bare(desk) == before)


def test_too_long_without_a_key_locks_and_the_next_key_is_lost(open_desk: Open, counter: Counter) -> None:
    counter.admitted(counter.patient(FAMILY, GIVEN), "jibarra")
    desk = open_desk("msosa", lock=12)
    desk.press("zarz")
    desk.wait_for("Paciente » zarz")
    desk.wait_for(IDLE)
    desk.wait_for(lambda: desk.lines[22].startswith(f" {IDLE}"))
    start = len(desk.output)
    desk.press("abal")
    desk.wait_for("» ****")
    assert of_a_patient(desk.output[start:]) == []
    desk.press("\x15")
    unlock(desk)
    desk.wait_for("Paciente » zarz")
    desk.settle()
    assert "zarzabal" not in desk.text


def test_live_news_do_not_paint_over_the_lock_and_are_there_after_it(
    open_desk: Open, counter: Counter
) -> None:
    desk = open_desk("cruiz")
    desk.press("<F3><F7>")
    desk.wait_for(ASKED)
    start = len(desk.output)
    counter.booked(counter.patient("Nuevos", GIVEN), "jibarra")
    desk.settle(1.0)
    assert b"Nuevos" not in desk.output[start:]
    assert of_a_patient(desk.output[start:]) == []
    unlock(desk)
    desk.wait_for("Nuevos")


def test_not_one_letter_of_a_draft_is_lost(room: Room, arrive: Callable[[Place], Desk]) -> None:
    desk = arrive(Place("doctor", "e<Tab>Uno", "Uno"))
    desk.press(" dos tres<F7>cuatro")
    desk.wait_for(ASKED)
    desk.wait_for(lambda: "Uno dos tres" in room.draft)
    desk.press("\x15")
    unlock(desk)
    desk.press(" cinco<F8>")
    desk.wait_for("Uno dos tres cinco")
    desk.wait_for(lambda: "Uno dos tres cinco" in room.draft)
    assert "cuatro" not in room.draft


def test_what_is_typed_while_the_password_is_looked_at_reaches_nobody(open_desk: Open) -> None:
    desk = open_desk("cruiz")
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.send(PASSWORD + "\r" + "fuera de lugar")
    desk.wait_for("Escribir documento")
    desk.settle()
    assert "fuera" not in desk.text


def test_f10_leaves_the_desk_to_another_with_the_draft_kept(
    room: Room, arrive: Callable[[Place], Desk]
) -> None:
    desk = arrive(Place("doctor", "e<Tab>Queda guardado", "Queda guardado"))
    start = len(desk.output)
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.press("<F10>")
    desk.wait_for("Ingreso")
    desk.settle()
    assert of_a_patient(desk.output[start:]) == []
    assert "Queda guardado" in room.draft
    desk.log_in("cruiz")
    desk.wait_for("Admisión · Ruiz, Carla")


def test_f10_at_the_lock_gives_up_an_open_question(arrive: Callable[[Place], Desk]) -> None:
    desk = arrive(PLACES["password"])
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.press("<F10>")
    desk.wait_for("Ingreso")
    desk.log_in("cruiz")
    desk.wait_for("Escribir documento")


def test_guessing_at_the_lock_is_bounded_as_at_the_login(open_desk: Open) -> None:
    desk = open_desk("gestion", env={"SSH_CONNECTION": "10.1.2.9 4 10.0.0.1 22"})
    desk.press("<F7>")
    desk.wait_for(ASKED)
    for number in range(1, 6):
        desk.press("no es la clave<Enter>")
        desk.wait_for(f"Van {number} de 5.")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Demasiados intentos con este usuario. Volver a probar en 15 min.")
    desk.hides("Tablero de turnos")


def test_a_question_that_was_open_waits_under_the_lock_and_takes_no_key_of_the_password(
    room: Room, arrive: Callable[[Place], Desk]
) -> None:
    """The question of printing: a key of the password typed at the lock must not answer it."""
    desk = arrive(PLACES["chart"])
    desk.press("f")
    desk.wait_for("Enter: finalizar igual.")
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.hides("finalizar igual")
    unlock(desk)
    desk.wait_for("Enter: finalizar igual.")
    state = "SELECT state FROM turns WHERE patient_id = :id"
    assert room.surgery.scalar(state, id=room.patient_id) == "en_curso"


def test_who_was_disabled_meanwhile_is_shown_the_door(
    open_desk: Open, log_in: Callable[..., Session]
) -> None:
    admin = log_in("admin").desk()
    desk = open_desk("vmora")
    desk.press("<F7>")
    desk.wait_for(ASKED)
    admin.do(enable_user, EnableUser(username="vmora", enabled=False))
    try:
        desk.send(PASSWORD + "\r")
        desk.wait_for("Su acceso cambió y esta sesión se cerró.")
        desk.wait_for("Ingreso")
    finally:
        admin.do(enable_user, EnableUser(username="vmora", enabled=True))
    desk.log_in("vmora")
    desk.wait_for("Tablero de turnos")


def test_a_lost_line_keeps_it_locked(open_desk: Open, network: Network) -> None:
    desk = open_desk("rleon")
    desk.press("<F7>")
    desk.wait_for(ASKED)
    with network.owner.begin() as owner:
        owner.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'u_rleon'")
        )
    desk.press("<F5>")
    desk.settle(0.5)
    assert ASKED in desk.text
    unlock(desk)
    desk.wait_for("León, Rocío")


def test_after_its_hours_a_session_ends_and_the_password_begins_another(
    open_desk: Open, network: Network
) -> None:
    desk = open_desk("ncano", lasts=6)
    desk.wait_for("Escribir documento")
    desk.press("zarz")
    desk.wait_for("La sesión terminó. Clave de Cano, Nicolás para ingresar de nuevo.")
    left = text("SELECT count(*) FROM pg_stat_activity WHERE usename = 'u_ncano'")

    def gone() -> bool:
        with network.owner.connect() as owner:
            return bool(owner.execute(left).scalar_one() == 0)

    desk.wait_for(gone)
    unlock(desk)
    desk.wait_for("Paciente » zarz")
    desk.wait_for("en vivo")
    desk.wait_for("La sesión terminó.")  # its hours are as many again, not more


LEASES = "SELECT count(*) FROM chart_leases WHERE login = :login AND until > clock_timestamp()"


def test_leases_end_at_the_lock_and_the_chart_is_read_anew_after_it(
    room: Room, arrive: Callable[[Place], Desk]
) -> None:
    desk = arrive(PLACES["chart"])
    login = f"u_{room.surgery.username}"
    assert room.surgery.scalar(LEASES, login=login) == 1
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.wait_for(lambda: room.surgery.scalar(LEASES, login=login) == 0)
    room.surgery.waits(room.surgery.patient("Nuevos", GIVEN))
    desk.settle(0.5)
    assert room.surgery.scalar(LEASES, login=login) == 0
    unlock(desk)
    desk.wait_for(lambda: room.surgery.scalar(LEASES, login=login) == 1)
    desk.press("<F10>1")
    desk.wait_for("Ingreso")
    desk.wait_for(lambda: room.surgery.scalar(LEASES, login=login) == 0)


def test_a_locked_desk_is_silent_and_sleeps(open_desk: Open) -> None:
    desk = open_desk("cruiz")
    desk.press("<F7>")
    desk.wait_for(ASKED)
    desk.settle(1.0)
    assert desk.idle_wake_ups(4.0) <= 4
