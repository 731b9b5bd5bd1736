"""Closed charts at the screens: asked for by emergency, closed again when the time is over, sealed faces."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.changes import CHANNEL, Change, Kind, payload
from clinicdesk.clinic.patients import service as patients
from clinicdesk.clinic.privacy import service as privacy
from clinicdesk.kit.ids import new_id
from tests.factories import PASSWORD, Network, followed
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery

LogIn = Callable[..., Session]
REASON = "Convulsiona en la sala de espera"
NOTE = "Dolor lumbar tras esfuerzo."
HEAD = "Historia cerrada"
ALERTS = "SELECT count(*) FROM chart_alerts WHERE patient_id = :id"
LEASES = "SELECT count(*) FROM chart_leases WHERE patient_id = :id AND login = :login AND until > now()"


@dataclass(frozen=True, slots=True)
class Case:
    """A patient with a history by one doctor, and another doctor who has nothing to do with it."""

    person: Person
    stranger: Surgery
    treating: Surgery

    @property
    def patient_id(self) -> UUID:
        return self.person.patient_id

    def alerts(self) -> int:
        return int(self.stranger.scalar(ALERTS, id=self.patient_id))

    def leases(self) -> int:
        login = f"u_{self.stranger.username}"
        return int(self.stranger.scalar(LEASES, id=self.patient_id, login=login))

    def acts(self, what: str) -> int:
        count = "SELECT count(*) FROM acts WHERE patient_id = :id AND what = :what AND outcome = 'done'"
        return int(self.stranger.scalar(count, id=self.patient_id, what=what))

    def lease_ends(self) -> None:
        """As if the half hour had passed."""
        ends = "UPDATE chart_leases SET until = now() - interval '1 second' WHERE login = :login"
        with self.stranger.network.owner.begin() as owner:
            owner.execute(text(ends), {"login": f"u_{self.stranger.username}"})

    def somebody_writes(self) -> None:
        """The news of a change in this chart, as another desk sends it."""
        pair = (self.patient_id, self.patient_id)
        news = payload(Change(Kind.RECORD, new_id(), ids=(pair,)))
        with self.stranger.network.owner.begin() as owner:
            owner.execute(text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": news})


@pytest.fixture
def case(network: Network, counter: Counter) -> Case:
    """Somebody whose chart is closed to the doctor at the desk."""
    clerk = counter.session
    stranger, treating = new_surgery(network, clerk), new_surgery(network, clerk)
    person = counter.patient("Barrios Leal", "Nahuel", phone="11 5555-4444")
    treating.history(person.patient_id, [("urgencia", "M54.5", "Lumbalgia", NOTE)])
    treating.allergic(person.patient_id, ("penicilina", "severa"))
    return Case(person, stranger, treating)


@pytest.fixture
def open_case(case: Case, open_desk: Callable[..., Desk]) -> Callable[[], Desk]:
    """`open_case()` → the doctor at the closed chart, found by its document."""

    def start() -> Desk:
        desk: Desk = open_desk(case.stranger.username)
        desk.wait_for("Nadie espera")
        desk.press(f"/{case.person.document}")
        desk.wait_for("Enter abre la historia de Barrios Leal, Nahuel.")
        desk.press("<Enter>")
        desk.wait_for("F8 pide la clave. Por defecto: no.")
        return desk

    return start


@pytest.fixture
def privacy_desk(log_in: LogIn) -> Session:
    """The officer, behind the screens."""
    return log_in("priva")


def sealed(officer: Session, patient_id: UUID) -> None:
    order = patients.SealPatient(patient_id=patient_id, sealed=True)
    officer.desk().do(patients.seal_patient, order)


def opened(desk: Desk) -> None:
    """Reason, class and password: the chart is on the screen."""
    desk.press(f"{REASON}<Tab>2<F8>")
    desk.wait_for("Clave de Lagos")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Historia · 1 registro")


def test_the_screen_says_before_what_will_happen_and_counts_the_letters(
    case: Case, open_case: Callable[[], Desk]
) -> None:
    desk = open_case()
    desk.shows(HEAD, "Barrios Leal, Nahuel", "DNI", "queda abierta 30 minutos", "0 · faltan 20")
    desk.press("Convulsiona<F8>")
    desk.wait_for("11 · faltan 9")
    desk.line_shows("El motivo lleva de 20 a 400 letras")
    desk.press("<Back>" * 11 + "a" * 25)
    desk.wait_for("25 · la misma letra no es un motivo")
    desk.press("<F8>")
    desk.line_shows("El motivo lleva de 20 a 400 letras")
    assert case.alerts() == 0


def test_esc_leaves_it_closed(case: Case, open_case: Callable[[], Desk]) -> None:
    desk = open_case()
    desk.press(f"{REASON}<F8>")
    desk.wait_for("Clave de Lagos")
    desk.press("<Esc><Esc>")
    desk.wait_for("Mi cola · 0 esperan")
    desk.hides(HEAD, "Lumbalgia")
    assert (case.alerts(), case.leases()) == (0, 0)


def test_a_wrong_password_opens_nothing_and_the_right_one_opens_with_an_alert(
    case: Case, open_case: Callable[[], Desk]
) -> None:
    desk = open_case()
    desk.press(f"{REASON}<F8>")
    desk.wait_for("Clave de Lagos")
    desk.press("equivocada<Enter>")
    desk.line_shows("La clave no es correcta. La historia sigue cerrada.")
    assert (case.alerts(), case.leases()) == (0, 0)
    desk.press("<Esc><Tab>2<F8>")
    desk.wait_for("Clave de Lagos")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.shows("Historia · 1 registro", "Lumbalgia")
    desk.line_shows("Historia abierta por urgencia hasta las", "Privacidad fue avisada.")
    desk.wait_for(
        lambda: bool(re.search(r"─ Historia abierta por urgencia hasta las \d\d:\d\d ─", desk.text))
    )
    said = "SELECT class || ': ' || reason FROM chart_alerts WHERE patient_id = :id"
    assert case.stranger.scalar(said, id=case.patient_id) == f"interconsulta: {REASON}"


def test_who_follows_the_patient_opens_the_same_chart_without_being_asked(
    case: Case, log_in: LogIn, open_desk: Callable[..., Desk]
) -> None:
    doctor = case.stranger.log_in()
    followed(log_in("secre"), case.patient_id, doctor)
    doctor.close()
    desk: Desk = open_desk(case.stranger.username)
    desk.wait_for("Nadie espera")
    desk.press(f"/{case.person.document}<Enter>")
    desk.wait_for("Historia · 1 registro")
    desk.hides("por urgencia")
    assert case.alerts() == 0


def test_life_saving_facts_need_no_reason_and_leave_a_trace(
    case: Case, open_case: Callable[[], Desk]
) -> None:
    desk = open_case()
    desk.press("<F2>")
    desk.shows("!! penicilina, severa", "11 5555-4444", "La historia sigue cerrada.")
    assert case.acts("patient.safety_facts") == 1
    desk.press("<Esc>")
    desk.wait_for("Motivo (de 20 a 400 letras)")
    assert (case.alerts(), case.leases()) == (0, 0)


def test_of_a_sealed_patient_the_allergies_are_shown_and_the_phone_is_not(
    case: Case, privacy_desk: Session, open_case: Callable[[], Desk]
) -> None:
    sealed(privacy_desk, case.patient_id)
    desk = open_case()
    desk.wait_for("§ SELLADO   El paciente restringió su historia.")
    desk.press("<F2>")
    desk.shows("!! penicilina, severa", "reservado: el paciente restringió sus datos")
    desk.hides("5555")
    desk.press("<Esc>")
    opened(desk)
    desk.wait_for(lambda: desk.lines[2].rstrip().endswith("§ SELLADO"))


def test_a_lease_that_ends_takes_the_chart_off_the_screen(case: Case, open_case: Callable[[], Desk]) -> None:
    desk = open_case()
    opened(desk)
    case.somebody_writes()
    desk.settle()
    desk.wait_for("Lumbalgia")
    case.lease_ends()
    case.somebody_writes()
    desk.line_shows("La historia se cerró: terminó el acceso.")
    desk.hides("Lumbalgia", "Barrios Leal", "abierta por urgencia")
    desk.press(f"/{case.person.document}<Enter>")
    desk.wait_for("F8 pide la clave.")


def test_text_being_written_stays_when_the_lease_ends(case: Case, open_case: Callable[[], Desk]) -> None:
    desk = open_case()
    opened(desk)
    desk.press("a")
    desk.wait_for("Adenda ·")
    desk.press("Se suma: hisopado negativo.")
    desk.wait_for("Se suma: hisopado negativo.")
    case.lease_ends()
    case.somebody_writes()
    desk.press("<F9>")
    desk.wait_for("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.line_shows("Historia cerrada: sin turno, atención ni seguimiento.")
    desk.wait_for("Se suma: hisopado negativo.")
    amended = "SELECT count(*) FROM notes WHERE patient_id = :id AND amends_id IS NOT NULL"
    assert case.stranger.scalar(amended, id=case.patient_id) == 0
    desk.press("<Esc><Enter>")
    desk.line_shows("La historia se cerró")


@pytest.fixture
def one_an_hour(privacy_desk: Session) -> Iterator[None]:
    """Doctors may open one chart an hour."""
    desk = privacy_desk.desk()
    desk.do(privacy.limit_charts, privacy.LimitCharts(role="medico", charts_per_hour=1))
    yield
    desk.do(privacy.limit_charts, privacy.LimitCharts(role="medico", charts_per_hour=60))


@pytest.mark.usefixtures("one_an_hour")
def test_more_charts_than_an_hour_holds_are_refused_in_the_line(
    case: Case, counter: Counter, open_case: Callable[[], Desk]
) -> None:
    desk = open_case()
    opened(desk)
    other = counter.patient("Otra", "Persona")
    desk.press("<Esc>")
    desk.line_shows("Nadie espera ni está por venir.")
    desk.press(f"/{other.document}<Enter>")
    desk.wait_for("F8 pide la clave.")
    desk.press(f"{REASON}<F8>")
    desk.wait_for("Clave de Lagos")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.line_shows("Se abrieron demasiadas historias en una hora.")
    desk.shows(HEAD, REASON)
    assert case.stranger.scalar(ALERTS, id=other.patient_id) == 0


def test_the_counter_finds_a_sealed_face_and_may_expect_them(
    front: Desk, counter: Counter, privacy_desk: Session
) -> None:
    person = counter.patient("Reservado Gil", "Ana", phone="11 4444-3333")
    sealed(privacy_desk, person.patient_id)
    front.press("reservado gil")
    front.wait_for("ninguno")
    front.press("<Esc>" + person.document)
    front.wait_for(lambda: front.row_of("Reservado Gil, Ana").split() == ["»", *FACE])
    front.press("<Enter>")
    front.line_shows("Reservado Gil, Ana § SELLADO: sus datos no se ven. t: turno. d: demanda.")
    front.press("<F2>")
    front.shows("El paciente restringió quién ve sus datos.", "Alergias: no se ven aquí")
    front.hides("4444-3333")
    front.press("<Esc>t")
    front.wait_for("Enter: dar a Reservado Gil, Ana.")
    front.press("<Enter>")
    front.line_shows("Reservado Gil, Ana", "z deshace.")
    assert len(counter.turns_of(person)) == 1
    front.press("<F2>")
    front.shows("11 4444-3333", "§ SELLADO")


FACE = ["Reservado", "Gil,", "Ana", "§", "SELLADO"]
