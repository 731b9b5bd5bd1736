"""A first day on the installed program: three terminals, a real import, a kill, a signed note on paper."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import slots as agenda
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from tests.data import shared
from tests.factories import PASSWORD, Network, make_network
from tests.terminal import Terminal
from tests.tui.desk import Desk

pytestmark = pytest.mark.e2e

PROGRAM: Final = Path(sys.executable).parent / "clinicdesk"
NOTE: Final = (
    "Niñez sin asma. ",
    "Cefalea matinal desde hace dos semanas; niega disnea.",
    "Sin edemas.",
    "Reposo.",
)
PAPER: Final = "Subjetivo: Cefalea matinal desde hace dos semanas; niega disnea."


@dataclass(frozen=True, slots=True)
class Clinic:
    """An installation in a home of its own, and one imported person who comes today."""

    network: Network
    environment: dict[str, str]
    family: str
    given: str
    document: str
    visits: int

    def run(self, *arguments: str, user: str) -> str:
        """The program on the command line as somebody; what it printed."""
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            env={**self.environment, "CLINICDESK_USER": user},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def desk(self, user: str, size: tuple[int, int] = (80, 24)) -> Desk:
        """The program opened in a terminal, and somebody logged in."""
        return Installed(self.environment, size).log_in(user)

    def value(self, statement: str, **values: Any) -> Any:
        """One value, asked as the owner."""
        with self.network.owner.connect() as connection:
            return connection.execute(text(statement), values).scalar()


class Installed(Desk):
    """The console script itself, as a person starts it."""

    def __init__(self, environment: dict[str, str], size: tuple[int, int]) -> None:
        self.database = "clinicdesk"
        Terminal.__init__(self, [str(PROGRAM)], size=size, env=environment)


@pytest.fixture
def clinic(open_tmp: Path) -> Iterator[Clinic]:
    """A new home with the embedded server, the Synthea set imported by the program, a turn today."""
    if not PROGRAM.exists():
        pytest.skip("needs the clinicdesk command beside this interpreter")
    folder, home = shared("synthea-csv-27"), open_tmp / "first-day"
    server = embedded.start(home, durable=False)
    owner = engine_for(server.owner_dsn)
    migrate.upgrade(owner)
    network = make_network(owner, server.owner_dsn)
    secret = open_tmp / "secret"
    secret.touch(0o600)
    secret.write_text(PASSWORD)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, "CLINICDESK_HOME": str(home), "CLINICDESK_PASSWORD_FILE": str(secret)}
    who, visits = most_seen(folder)
    found = Clinic(network, environment, who["LAST"], who["FIRST"], who["SSN"].replace("-", ""), visits)
    found.run("import", "synthea", str(folder), user="admin")
    book_today(found)
    yield found
    owner.dispose()
    embedded.stop(home)


def most_seen(folder: Path) -> tuple[dict[str, str], int]:
    """The living person with most encounters in the files, and how many."""
    with (folder / "encounters.csv").open(encoding="utf-8") as file:
        seen = Counter(row["PATIENT"] for row in csv.DictReader(file))
    with (folder / "patients.csv").open(encoding="utf-8") as file:
        living = [row for row in csv.DictReader(file) if not row["DEATHDATE"]]
    who = max(living, key=lambda row: (seen[row["Id"]], row["Id"]))
    return who, seen[who["Id"]]


def book_today(clinic: Clinic) -> None:
    """The next free slot of Dr. Paz."""
    clerk = clinic.network.log_in("cruiz")
    patient = clerk.desk().see(registry.search, registry.SearchQuery(clinic.document)).rows[0]
    query = agenda.SlotsQuery(clinic.network.clinic_ids[0], clinic.network.person_ids["lpaz"], days=1)
    slot = clerk.desk().see(agenda.slots, query)[0]
    clerk.desk().do(turns.book_turn, turns.BookTurn(patient_id=patient.patient_id, slot=slot.id))
    clerk.close()


def test_the_first_day(clinic: Clinic, tmp_path: Path) -> None:
    with clinic.desk("msosa") as front, clinic.desk("gestion") as board, clinic.desk("lpaz") as doctor:
        board.press("v")
        sees(board, clinic, "registrado")

        assert front.press(f"{clinic.document}<Enter><Enter>") == len(clinic.document) + 2
        front.line_shows("z deshace", f"{clinic.family}, {clinic.given}")
        sees(board, clinic, "en espera")
        doctor.wait_for("Mi cola · 1 espera")
        doctor.row_shows("»A001", clinic.family[:6])

        assert doctor.press("n") == 1
        doctor.wait_for(f"Historia · {clinic.visits} registros")
        doctor.wait_for(lambda: doctor.lines[1].startswith(f" {clinic.family}, {clinic.given}"))
        sees(board, clinic, "en curso")

        doctor.press("e")
        doctor.wait_for("Subjetivo:")
        doctor.press("<Tab>".join(NOTE))
        doctor.wait_for("Borrador guardado")
        doctor.wait_for(lambda: "Reposo." in (clinic.value("SELECT text FROM note_drafts") or ""))
        doctor.kill(signal.SIGKILL)
        assert doctor.wait_end() == -signal.SIGKILL

    with clinic.desk("lpaz") as doctor, clinic.desk("gestion") as board:
        board.press("v")
        doctor.wait_for("Hay un borrador suyo de las")
        doctor.press("<Enter>")
        doctor.shows("Plan: Reposo.", "Motivo: Niñez sin asma.")
        doctor.press("<F9>")
        doctor.wait_for("se firmará tal como se ve")
        doctor.send(PASSWORD)
        doctor.press("<Enter>")
        doctor.wait_for("Nota firmada")
        assert clinic.value("SELECT count(*) FROM note_drafts") == 0
        doctor.press("f")
        doctor.wait_for("finalizada. n llama al siguiente.")
        sees(board, clinic, "finalizado")

    paper = tmp_path / "historia.pdf"
    clinic.run("history", "export", f"US:SSN:{clinic.document}", "-o", str(paper), user="lpaz")
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(paper).pages]
    assert any(PAPER in page for page in pages)
    assert all(clinic.family in page for page in pages)
    assert any("Paz, Lucía" in page for page in pages)


def sees(board: Desk, clinic: Clinic, state: str) -> None:
    """The board's table comes to show the patient in that state."""

    def shown() -> bool:
        rows = [line for line in board.lines if clinic.family[:8] in line]
        return any(state in row for row in rows)

    board.wait_for(shown)
