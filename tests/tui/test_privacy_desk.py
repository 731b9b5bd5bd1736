"""The privacy officer's desk: alerts as they come, reviews, who opened what, seals, limits."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import service as patients
from clinicdesk.clinic.privacy import service as privacy
from clinicdesk.kit import clock
from tests.factories import ZONE, Network, proven
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk

LogIn = Callable[..., Session]
SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
AT: Final = clock.instant(datetime(2037, 11, 23, 9, 42), ZONE)  # noqa: DTZ001 - the wall clock there
REASON: Final = "Convulsiona en la sala de espera"
_OSC: Final = re.compile(rb"\x1b\][^\x07]*\x07")
_ALWAYS: Final = (
    (re.compile(r"HC \d{6}"), "HC 004417"),
    (re.compile(r"\d\d/\d\d/\d\d \d\d:\d\d"), "23/11/26 11:20"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}"), "01a1fe0d-b9fd-7000-9ffe-475ceabc0505"),
    (re.compile(r"(Privacidad · Centro Norte), \S+"), r"\g<1>, equipo"),
)
"""Chart numbers, times, acts and hosts: what depends on the run."""


@pytest.fixture(scope="module")
def people(network: Network) -> Iterator[dict[str, Person]]:
    """Four openings by emergency, one of a sealed patient, one reviewed."""
    clerk, officer = network.log_in("cruiz"), network.log_in("priva")
    counter = Counter(network, clerk)
    found = {
        family: counter.patient(family, given, document=document)
        for family, given, document in (
            ("Aguirre Núñez", "Sofía", "44902317"),
            ("Barrios Leal", "Nahuel", "44902318"),
            ("Coria Villalba", "Pedro Antonio", "44902319"),
            ("Duarte", "Alba Noemí", "44902320"),
        )
    }
    seal = patients.SealPatient(patient_id=found["Barrios Leal"].patient_id, sealed=True)
    officer.desk().do(patients.seal_patient, seal)
    for family, username, urgency in (
        ("Aguirre Núñez", "jibarra", "otro"),
        ("Coria Villalba", "dvidal", "interconsulta"),
        ("Barrios Leal", "jibarra", "urgencia"),
        ("Duarte", "enfe", "urgencia"),
    ):
        breaks_the_glass(network, username, found[family].patient_id, urgency)
    review(network, officer, found["Aguirre Núñez"].patient_id, "justificado", "Lo pidió la guardia")
    yield found
    clerk.close()
    officer.close()


def breaks_the_glass(network: Network, username: str, patient_id: UUID, urgency: str = "urgencia") -> None:
    """Somebody opens a chart by emergency."""
    doctor = network.log_in(username)
    order = privacy.BreakGlass(patient_id=patient_id, urgency=urgency, reason=REASON, **proven(doctor))
    doctor.desk().do(privacy.break_glass, order)
    doctor.close()


def review(network: Network, officer: Session, patient_id: UUID, outcome: str, comment: str) -> None:
    """What was found about the alert of a patient."""
    alert = scalar(network, "SELECT max(id) FROM chart_alerts WHERE patient_id = :id", id=patient_id)
    order = privacy.ReviewAlert(alert_id=alert, outcome=outcome, comment=comment)
    officer.desk().do(privacy.review_alert, order)


def scalar(network: Network, statement: str, **values: Any) -> Any:
    """One value, asked as the owner."""
    with network.owner.connect() as owner:
        return owner.execute(text(statement), values).scalar()


def outcome_of(network: Network, person: Person) -> tuple[str | None, str | None]:
    """What was found about a patient's alert, and the comment."""
    found = "SELECT outcome, comment FROM chart_alerts WHERE patient_id = :id ORDER BY id DESC LIMIT 1"
    with network.owner.connect() as owner:
        row = owner.execute(text(found), {"id": person.patient_id}).one()
    return row.outcome, row.comment


@pytest.fixture
def officer(people: dict[str, Person], open_desk: Callable[..., Desk]) -> Callable[..., Desk]:
    """`officer(size=(80, 24))` → the home of privacy, its alerts read."""

    def start(**more: Any) -> Desk:
        assert people
        desk: Desk = open_desk("priva", **more)
        desk.wait_for("Avisos por revisar")
        desk.wait_for("Barrios")
        return desk

    return start


def as_kept(desk: Desk) -> str:
    """The screen without what no two runs have alike."""
    screen = "\n".join(desk.lines) + "\n"
    for pattern, always in _ALWAYS:
        screen = pattern.sub(always, screen)
    return screen


def same_as_kept(desk: Desk, name: str) -> None:
    """The screen at rest is what the file says."""
    desk.settle()
    file = SNAPSHOTS / f"privacy-{name}-{desk.columns}x{desk.rows}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        desk.settle(0.5)
        file.write_text(as_kept(desk), "utf-8")
    kept = file.read_text("utf-8")
    with contextlib.suppress(AssertionError):
        desk.wait_for(lambda: as_kept(desk) == kept)
    assert as_kept(desk) == kept


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=str)
def test_the_home_its_sections_and_who_opened_what(
    officer: Callable[..., Desk], size: tuple[int, int]
) -> None:
    desk = officer(size=size, at=AT.isoformat())
    desk.wait_for("3 sin revisar, 0 a aclarar")
    same_as_kept(desk, "home")
    desk.press("2")
    desk.wait_for("Todos los avisos")
    same_as_kept(desk, "every")
    desk.press("3")
    desk.wait_for("Historias por hora")
    same_as_kept(desk, "limits")
    desk.press("<Esc><Down><Enter>")
    desk.wait_for("F8 quita el sello")
    desk.press("/ibarra")
    desk.wait_for("Quién abrió qué · 1 acceso")
    same_as_kept(desk, "log")
    desk.press("<Esc><Esc><F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, "keys")


def test_the_home_without_colour_and_in_ascii(officer: Callable[..., Desk]) -> None:
    desk = officer(env={"LANG": "C", "NO_COLOR": "1"}, at=AT.isoformat())
    same_as_kept(desk, "ascii")


def test_a_new_alert_rings_once_and_is_said(
    network: Network, counter: Counter, officer: Callable[..., Desk]
) -> None:
    desk = officer()
    desk.settle()
    heard = len(desk.output)
    person = counter.patient("Nueva Alerta", "Ana")
    breaks_the_glass(network, "dvidal", person.patient_id)
    desk.line_shows("* ", "Vidal, Delia abrió a Nueva Alerta, Ana.")
    desk.row_shows("sin revisar", "Nueva Alerta, Ana")
    desk.press("<F5>")
    desk.settle()
    assert _OSC.sub(b"", bytes(desk.output[heard:])).count(b"\x07") == 1


def test_a_review_takes_an_outcome_and_a_comment(
    network: Network, counter: Counter, officer: Callable[..., Desk]
) -> None:
    person = counter.patient("Revisada", "Ana")
    breaks_the_glass(network, "jibarra", person.patient_id)
    desk = officer()
    desk.press("<Home>")
    desk.line_shows("Enter muestra quién abrió qué de Revisada, Ana.")
    desk.press("k<Esc>")
    desk.line_shows("Enter muestra quién abrió qué de Revisada, Ana.")
    assert outcome_of(network, person) == (None, None)
    desk.press("k3Falta el parte de guardia<Enter>")
    desk.line_shows("Acceso de Ibarra, Jorge a Revisada, Ana: aclarar.")
    assert outcome_of(network, person) == ("aclarar", "Falta el parte de guardia")
    desk.row_shows("a aclarar", "Revisada, Ana")
    desk.press("k2Sin motivo válido<Enter>")
    desk.line_shows("Acceso de Ibarra, Jorge a Revisada, Ana: injustificado.")
    desk.hides("HC · Revisada", "a aclarar     urgencia")
    assert outcome_of(network, person) == ("injustificado", "Sin motivo válido")
    desk.press("2")
    desk.row_shows("injustificado", "Revisada, Ana")
    desk.press("<Home>k")
    desk.line_shows("Revisar: ya fue revisado")


def test_the_filter_narrows_and_esc_gives_the_list_back(officer: Callable[..., Desk]) -> None:
    desk = officer()
    desk.press("/vidal inter")
    desk.row_shows("interconsulta", "Vidal", "Coria")
    desk.hides("Barrios")
    desk.press("<Esc>")
    desk.shows("Barrios", "Coria")


def test_a_patient_is_sealed_only_after_a_yes_and_opened_again(
    network: Network, counter: Counter, officer: Callable[..., Desk]
) -> None:
    person = counter.patient("Sellable", "Eva")
    is_sealed = "SELECT sealed FROM patients WHERE patient_id = :id"
    desk = officer()
    desk.press(f"<F2>{person.document}")
    desk.wait_for("Enter muestra quién abrió qué de Sellable, Eva.")
    desk.press("<Enter>")
    desk.row_shows("Ruiz, Carla", "registró al paciente")
    desk.line_shows("F8 sella")
    desk.press("<F8>")
    desk.line_shows("¿Sellar a Sellable, Eva?  s sí")
    desk.press("<Enter>")
    desk.line_shows("F8 sella")
    assert scalar(network, is_sealed, id=person.patient_id) is False
    desk.press("<F8>s")
    desk.line_shows("Sellable, Eva. Sellado")
    desk.wait_for(lambda: desk.lines[2].rstrip().endswith("§ SELLADO"))
    assert scalar(network, is_sealed, id=person.patient_id) is True
    desk.press("<F8>s")
    desk.line_shows("Sellable, Eva. Sin sello.")
    assert scalar(network, is_sealed, id=person.patient_id) is False


def test_an_hourly_limit_is_changed_and_nonsense_is_not(
    network: Network, officer: Callable[..., Desk]
) -> None:
    limit = "SELECT charts_per_hour FROM chart_limits WHERE group_role = 'k_resultados'"
    desk = officer()
    desk.press("3")
    desk.wait_for("Resultados")
    desk.press("<End><Enter><Back><Back>0<Enter>")
    desk.line_shows("Un número entero de 1 a 10000.")
    assert scalar(network, limit) == 40
    desk.press("<Back>25<Enter>")
    desk.line_shows("Resultados: hasta 25 historias por hora desde ahora.")
    assert scalar(network, limit) == 25
    desk.press("<Enter><Back><Back>40<Enter>")
    desk.line_shows("Resultados: hasta 40 historias por hora desde ahora.")
