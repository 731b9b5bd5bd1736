"""Charts of who reads and writes no notes: nursing by F2, copies on request; closed ones stay closed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.changes import CHANNEL, Change, Kind, payload
from clinicdesk.kit.ids import new_id
from tests.factories import PASSWORD, Network
from tests.tui.counter import Counter, Person
from tests.tui.desk import Desk
from tests.tui.surgery import FIRST, Surgery, new_surgery

Open = Callable[..., Desk]
URGENT = "Convulsiona en la sala de espera"
REQUEST = "La pide el juzgado civil 4, oficio 221"
NOTE = "Dolor lumbar tras esfuerzo."
LEASES = "SELECT count(*) FROM chart_leases WHERE patient_id = :id AND login = :login AND until > now()"
DONE = (
    "SELECT count(*) FROM acts WHERE patient_id = :id AND what = :what AND person = :who AND outcome = 'done'"
)


@dataclass(frozen=True, slots=True)
class Case:
    """Somebody with a history, an allergy, vital signs and no turn today."""

    person: Person
    surgery: Surgery

    @property
    def patient_id(self) -> UUID:
        return self.person.patient_id

    def leases(self, username: str) -> int:
        return int(self.surgery.scalar(LEASES, id=self.patient_id, login=f"u_{username}"))

    def done(self, username: str, what: str) -> int:
        return int(self.surgery.scalar(DONE, id=self.patient_id, what=what, who=f"u_{username}"))

    def alerts(self) -> list[tuple[str, str]]:
        found = text("SELECT class, reason FROM chart_alerts WHERE patient_id = :id ORDER BY id")
        with self.surgery.network.owner.connect() as owner:
            return [tuple(row) for row in owner.execute(found, {"id": self.patient_id})]

    def the_time_is_over(self, username: str) -> None:
        """Its lease has ended, and something of the chart changes: the desk reads it again."""
        ends = "UPDATE chart_leases SET until = now() - interval '1 second' WHERE login = :login"
        news = payload(Change(Kind.RECORD, new_id(), ids=((self.patient_id, self.patient_id),)))
        with self.surgery.network.owner.begin() as owner:
            owner.execute(text(ends), {"login": f"u_{username}"})
            owner.execute(text("SELECT pg_notify(:channel, :news)"), {"channel": CHANNEL, "news": news})


@pytest.fixture
def case(network: Network, counter: Counter) -> Case:
    """One of their own for each test."""
    surgery = new_surgery(network, counter.session)
    person = counter.patient("Barrios Leal", "Nahuel", phone="11 5555-4444")
    surgery.history(person.patient_id, [("urgencia", "M54.5", "Lumbalgia", NOTE)])
    surgery.allergic(person.patient_id, ("penicilina", "severa"))
    surgery.measured(person.patient_id, FIRST, high=131, low=84)
    return Case(person, surgery)


def found(desk: Desk, case: Case) -> None:
    """F2 and the document: Enter would open the chart."""
    desk.press("<F2>")
    desk.wait_for("Escribir documento, apellido")
    desk.press(case.person.document)
    desk.line_shows("Enter abre la historia de Barrios Leal, Nahuel.")


def test_nursing_opens_the_chart_of_who_is_expected_today(
    case: Case, counter: Counter, open_desk: Open
) -> None:
    counter.booked(case.person)
    desk = open_desk("enfe")
    found(desk, case)
    desk.press("<Enter>")
    desk.shows("Historia · 1 registro", "Barrios Leal, Nahuel", "penicilina", "Lumbalgia")
    assert case.done("enfe", "chart.open") == 1
    desk.press("<Enter>")
    desk.wait_for(NOTE)
    desk.press("<Esc>5")
    desk.shows("Vitales · 2", "131")
    desk.press("p")
    desk.line_shows("Imprimir: su rol no entrega historias")
    desk.press("<F2>")
    desk.wait_for("11 5555-4444")
    desk.press("<Esc><Esc>")
    desk.wait_for("Historia · 1 registro")
    desk.press("<Esc>")
    desk.wait_for("sin triaje")
    desk.hides("Lumbalgia")


def test_nursing_breaks_the_glass_and_the_chart_closes_when_the_time_is_over(
    case: Case, open_desk: Open
) -> None:
    desk = open_desk("enfe")
    found(desk, case)
    desk.press("<Enter>")
    desk.shows("Historia cerrada", "F8 pide la clave. Por defecto: no.")
    desk.hides(NOTE)
    desk.press("<F2>")
    desk.shows("penicilina", "La historia sigue cerrada.")
    desk.press(f"<Esc>{URGENT}<F8>")
    desk.wait_for("Clave de")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.shows("Historia · 1 registro", "Historia abierta por urgencia hasta las")
    assert case.alerts() == [("urgencia", URGENT)]
    case.the_time_is_over("enfe")
    desk.line_shows("La historia se cerró: terminó el acceso.")
    desk.hides("Lumbalgia", "penicilina")


def test_a_glass_left_whole_leads_back_and_opens_nothing(case: Case, open_desk: Open) -> None:
    desk = open_desk("enfe")
    found(desk, case)
    desk.press("<Enter>")
    desk.wait_for("Historia cerrada")
    desk.press("<Esc>")
    desk.wait_for("sin triaje")
    desk.hides("Historia cerrada")
    assert (case.alerts(), case.leases("enfe")) == ([], 0)
    desk.press("<F2>")
    desk.wait_for("Escribir documento, apellido")


def test_the_lock_takes_the_chart_and_the_password_does_not_give_an_urgent_one_back(
    case: Case, open_desk: Open
) -> None:
    desk = open_desk("enfe")
    found(desk, case)
    desk.press("<Enter>")
    desk.wait_for("Historia cerrada")
    desk.press(f"{URGENT}<F8>")
    desk.wait_for("Clave de")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Historia · 1 registro")
    desk.press("<F7>")
    desk.wait_for("Puesto bloqueado.")
    desk.becomes(lambda: case.leases("enfe"), 0)
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.line_shows("La historia se cerró: terminó el acceso.")
    desk.hides("Lumbalgia", "penicilina")


def asked_for(desk: Desk, case: Case) -> None:
    """Somebody is found at the home of copies, and Enter asks for the reason."""
    desk.press(case.person.document)
    desk.line_shows("Enter pide el motivo y abre la historia de Barrios Leal, Nahuel.")
    desk.press("<Enter>")
    desk.line_shows("Quién pide la copia de Barrios Leal, Nahuel y para qué")


def written(folder: Path, pattern: str) -> Path | None:
    """The file of that name, once it is there."""
    return next(iter(folder.glob(pattern)), None)


def test_a_copy_is_opened_on_request_read_and_handed_out(case: Case, open_desk: Open, tmp_path: Path) -> None:
    desk = open_desk("copias", env={"HOME": str(tmp_path)})
    asked_for(desk, case)
    desk.press("poco<Enter>")
    desk.line_shows("De 20 a 400 letras")
    assert case.alerts() == []
    desk.press(f"<Back><Back><Back><Back>{REQUEST}<Enter>")
    desk.shows("Historia · 1 registro", "Lumbalgia", "penicilina")
    assert case.alerts() == [("copia", REQUEST)]
    assert case.done("copias", "chart.copy") == 1
    desk.press("p1")
    desk.wait_for(lambda: written(tmp_path, "clinicdesk-HC-*.pdf") is not None)
    desk.line_shows("Historia guardada en")
    paper = written(tmp_path, "clinicdesk-HC-*.pdf")
    assert paper is not None
    printed = " ".join(page.extract_text() for page in PdfReader(paper).pages)
    assert "Lumbalgia" in printed
    assert f"Pedido: {REQUEST}" in printed
    desk.press("p2")
    desk.wait_for(lambda: written(tmp_path, "clinicdesk-HC-*.json") is not None)
    data = written(tmp_path, "clinicdesk-HC-*.json")
    assert data is not None
    assert NOTE in json.dumps(json.loads(data.read_text("utf-8")), ensure_ascii=False)
    assert case.done("copias", "history.export") == 2
    desk.press("<Esc>")
    desk.wait_for("Una historia se abre a pedido")


def test_a_request_not_written_opens_nothing(case: Case, open_desk: Open) -> None:
    desk = open_desk("copias")
    asked_for(desk, case)
    desk.press("<Esc>")
    desk.line_shows("Enter pide el motivo")
    assert (case.alerts(), case.leases("copias")) == ([], 0)
    desk.press("<Esc><Esc>")
    desk.line_shows("Escribir documento")


def test_a_copy_closes_when_its_time_is_over(case: Case, open_desk: Open) -> None:
    desk = open_desk("copias")
    asked_for(desk, case)
    desk.press(f"{REQUEST}<Enter>")
    desk.wait_for("Historia · 1 registro")
    case.the_time_is_over("copias")
    desk.line_shows("La historia se cerró: terminó el acceso.")
    desk.hides("Lumbalgia")
    desk.wait_for("Una historia se abre a pedido")


@pytest.mark.parametrize(("user", "name"), [("enfe", "nursing"), ("copias", "copies")])
def test_the_keys_as_drawn(case: Case, open_desk: Open, counter: Counter, user: str, name: str) -> None:
    desk = open_desk(user)
    if user == "enfe":
        counter.booked(case.person)
        found(desk, case)
        desk.press("<Enter>")
    else:
        asked_for(desk, case)
        desk.press(f"{REQUEST}<Enter>")
    desk.wait_for("Historia · 1 registro")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    same_as_kept(desk, f"chart-keys-{name}")


def same_as_kept(desk: Desk, name: str) -> Any:
    """The rows of keys are what the file says."""
    import os

    desk.settle()
    file = Path(__file__).parent / "snapshots" / f"{name}-80x24.txt"
    seen = re.sub(r" +\w{3} \d+ \w{3} .*", "", "\n".join(desk.lines)) + "\n"
    if os.environ.get("SNAPSHOTS") == "write":
        file.write_text(seen, "utf-8")
    assert seen == file.read_text("utf-8")


def test_who_writes_notes_or_reads_no_charts_has_no_such_key(
    log_in: Callable[..., Session], open_desk: Open
) -> None:
    for user in ("secre", "dvidal"):
        desk = open_desk(user)
        desk.press("<F3>")
        desk.wait_for("Tablero")
        desk.press("<F1>")
        desk.wait_for("Teclas de esta pantalla")
        desk.hides("buscar un paciente y abrir su historia")
