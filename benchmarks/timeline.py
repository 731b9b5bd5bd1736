"""A patient with 2,000 visits on a doctor's screen: from the key to the painted screen, in a real terminal.

    python -m benchmarks.timeline [--visits 2000 --rounds 20]

Every visit has a signed note, diagnoses and vital signs; every tenth a result. Measured in a pty, its
first painted row awaited: opening the chart, a page down, the end of what was read, a filter by
diagnosis and doctor, a filter by a word of the notes, leaving it, the list by problem, a note and the
next one. Prints p50 and p95 in milliseconds beside the budgets (200 to open, 300 to find), and what the
server alone takes.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, text

from benchmarks.clusters import fresh_network
from clinicdesk.clinic.records import queries, timeline
from clinicdesk.clinic.records.model import diagnoses, notes, records, visits, vitals
from clinicdesk.clinic.results.model import observations, results
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, followed, new_patient
from tests.tui.desk import Desk, strokes
from tests.tui.surgery import Surgery

NOTE: Final = (
    "Motivo: control de presión y glucemia.\n\nRefiere cefalea occipital matinal desde hace dos semanas; "
    "toma enalapril 10 mg una vez al día. Niega dolor torácico y disnea.\n\nExamen: PA 148/92, FC 88. "
    "Sin edemas. Auscultación normal.\n\nPlan: dieta sin sal, laboratorio, control en 30 días."
)
CODES: Final = (
    ("I10", "Hipertensión esencial (primaria)"),
    ("E11.9", "Diabetes mellitus tipo 2"),
    ("M54.5", "Lumbago no especificado"),
    ("J06.9", "Infección respiratoria alta"),
)
KINDS: Final = ("control", "consulta", "urgencia", "laboratorio")
SIGNS: Final = (("8480-6", "Presión sistólica", 140, "mm[Hg]"), ("8867-4", "Frecuencia cardíaca", 80, "/min"))


def long_chart(network: Network, patient_id: UUID, people: tuple[int, ...], visits_count: int) -> None:
    """So many visits every 15 days back from now, the doctors and clinics by turns."""
    made: dict[Any, list[dict[str, Any]]] = {
        table: [] for table in (visits, records, notes, diagnoses, vitals, results, observations)
    }
    now = clock.now()
    last = hashlib.sha256(b"first").digest()
    for number in range(visits_count):
        at = now - timedelta(days=15 * (visits_count - number), hours=number % 7)
        last = _visit(made, network, patient_id, people[number % len(people)], number, at, last)
    with network.owner.begin() as owner:
        for table, rows in made.items():
            owner.execute(insert(table), rows)
        owner.execute(text("ANALYZE"))


def _visit(
    made: dict[Any, list[dict[str, Any]]],
    network: Network,
    patient_id: UUID,
    doctor: int,
    number: int,
    at: Any,
    last: bytes,
) -> bytes:
    visit_id, record_id = new_id(), new_id()
    of = {"patient_id": patient_id}
    where = network.clinic_ids[number % len(network.clinic_ids)]
    kind = KINDS[number % 4]
    digest = hashlib.sha256(last + str(number).encode()).digest()
    made[visits].append(
        {**of, "id": visit_id, "clinic_id": where, "doctor_id": doctor, "kind": kind, "started_at": at,
         "ended_at": at}
    )  # fmt: skip
    made[records].append(
        {**of, "id": record_id, "visit_id": visit_id, "kind": kind, "at": at, "clinic_id": where,
         "doctor_id": doctor}
    )  # fmt: skip
    said = f"{NOTE}\n\nVisita número {number}." + (" Refiere urticaria." if number % 97 == 0 else "")
    made[notes].append(
        {**of, "id": new_id(), "record_id": record_id, "visit_id": visit_id, "text": said,
         "author_id": doctor, "author_name": "Paz, Lucía", "author_license": "MN 1", "signed_at": at,
         "prev_hash": last, "hash": digest}
    )  # fmt: skip
    for place in range(1 + number % 2):
        code, name = CODES[(number + place) % 4]
        made[diagnoses].append(
            {**of, "id": new_id(), "record_id": record_id, "visit_id": visit_id, "system": "CIE-10",
             "code": code, "text": name, "certainty": "confirmado",
             "kind": "relacionado" if place else "principal", "chronic": code != "J06.9"}
        )  # fmt: skip
    for code, name, value, unit in SIGNS:
        made[vitals].append(
            {**of, "id": new_id(), "visit_id": visit_id, "at": at, "system": "LOINC", "code": code,
             "name": name, "value": value + number % 20, "unit": unit}
        )  # fmt: skip
    if number % 10 == 0:
        _result(made, of, at)
    return digest


def _result(made: dict[Any, list[dict[str, Any]]], of: dict[str, UUID], at: Any) -> None:
    result_id = new_id()
    made[results].append({**of, "id": result_id, "at": at, "title": "Laboratorio", "category": "laboratory"})
    for code, name in (("2823-3", "Potasio"), ("2345-7", "Glucosa")):
        made[observations].append(
            {**of, "id": new_id(), "result_id": result_id, "at": at, "system": "LOINC", "code": code,
             "name": name, "value_number": 4.2, "unit": "mmol/L"}
        )  # fmt: skip


def times(rounds: int, act: Callable[[], object]) -> list[float]:
    """Milliseconds of each round."""
    took = []
    for _each in range(rounds):
        started = time.perf_counter()
        act()
        took.append((time.perf_counter() - started) * 1e3)
    return took


def keyed(desk: Desk, script: str, shown: str) -> float:
    """Milliseconds from the last key of a script to a text on the screen."""
    *before, last = strokes(script)
    for each in before:
        desk.stroke(each, 0.04)
    desk.settle()
    started = time.perf_counter()
    desk.stroke(last, 0)
    desk.wait_for(shown)
    return (time.perf_counter() - started) * 1e3


def told(name: str, took: list[float], budget: int = 0) -> None:
    """One line of p50 and p95."""
    p95 = sorted(took)[max(0, -(-len(took) * 95 // 100) - 1)]
    beside = f"   budget {budget}" if budget else ""
    print(f"{name:44} p50 {statistics.median(took):7.1f} ms   p95 {p95:7.1f} ms{beside}", flush=True)


STEPS: Final = (
    ("Enter, opens the chart", "<Enter>", "/ buscar", 200),
    ("/i10 paz Enter", "/i10 paz<Enter>", "«i10 paz»", 300),
    ("Esc, all again", "<Esc>", "/ buscar", 200),
    ("/urticar Enter", "/urticar<Enter>", "«urticar»", 300),
    ("Enter, the note", "<Enter>", "otro registro", 200),
    ("Esc, the list", "<Esc>", "quita el filtro", 200),
    ("Esc, all again", "<Esc>", "/ buscar", 200),
    ("v, by problem", "v", "Por problema ·", 300),
    ("v, by date", "v", "/ buscar", 200),
)


def on_screen(network: Network, patient_id: UUID, count: int, rounds: int) -> None:
    """The doctor's own desk, key by key; the chart is closed and opened again each round."""
    surgery = Surgery(network, network.log_in("msosa"), "lpaz", network.person_ids["lpaz"])
    surgery.inside(patient_id)
    took: dict[tuple[str, int], list[float]] = {}
    with Desk({"CLINICDESK_DATABASE_URL": network.url}) as desk:
        desk.log_in("lpaz")
        desk.wait_for("/ buscar")
        for _round in range(rounds):
            desk.press("<Esc><Esc>")  # to the queue, and the chart is closed
            desk.wait_for("abre la historia de")
            for name, script, shown, budget in STEPS:
                took.setdefault((name, budget), []).append(keyed(desk, script, shown))
        assert f"{count} registros" in desk.text
    for (name, budget), each in took.items():
        told(f"on screen: {name}", each, budget)


def main() -> None:
    """Build the chart, then measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--visits", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=20)
    said = parser.parse_args()
    with fresh_network() as network:
        doctor = network.log_in("lpaz")
        made = new_patient(network.log_in("msosa"))
        patient_id = followed(network.log_in("secre"), made.patient_id, doctor)
        people = (network.person_ids["lpaz"], network.person_ids["jibarra"])
        long_chart(network, patient_id, people, said.visits)
        see, query = doctor.desk().see, queries.ChartQuery(patient_id)
        told("server: chart.open", times(said.rounds, partial(see, queries.open_chart, query)), 200)
        for words in ("i10 paz", "laboratorio 2025", "urticar", "cefalea"):
            asked = timeline.FindQuery(patient_id, words)
            found = partial(see, timeline.find_entries, asked)
            told(f"server: {words}", times(said.rounds, found), 300)
        by_problem = timeline.ProblemsQuery(patient_id)
        told("server: by problem", times(said.rounds, partial(see, timeline.problems, by_problem)))
        on_screen(network, patient_id, said.visits, said.rounds)


if __name__ == "__main__":
    main()
