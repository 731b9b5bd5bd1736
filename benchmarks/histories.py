"""Histories by the thousand, as `history export --all-of` writes them, and one at a time.

    python -m benchmarks.histories [--people 1000 --visits 20 --format pdf]

Each person has so many visits with notes, diagnoses, signs and results. Every history is opened on a
request, read and put on its way under the session of who delivers copies; all cores write. Prints
histories and pages a second, the peak memory of the reader and of the largest writer, and p50 and p95
of single exports in one process.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from pathlib import Path
from uuid import UUID

from pypdf import PdfReader
from sqlalchemy import text

from benchmarks.clusters import fresh_network
from benchmarks.timeline import long_chart
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.privacy import service
from clinicdesk.exporters import HISTORY, History, HistoryQuery
from clinicdesk.exporters._batch import Done, Folder, Unwritten, press
from clinicdesk.kit import clock
from clinicdesk.kit.sheet import Stamp
from tests.factories import Network, new_patient

REASON = "Banco de pruebas de historias por lote"
SINGLES = 40
SAMPLE = 50


def people(network: Network, count: int, visits: int) -> list[UUID]:
    """So many patients with so many visits each."""
    front = network.log_in("msosa")
    doctors = (network.person_ids["lpaz"], network.person_ids["jibarra"])
    made = [new_patient(front).patient_id for _each in range(count)]
    for patient_id in made:
        long_chart(network, patient_id, doctors, visits)
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE chart_limits SET charts_per_hour = 10000"))
        owner.execute(text("ANALYZE"))
    return made


def read(session: Session, patient_id: UUID) -> History:
    """One history, opened on a request."""
    desk = session.desk()
    desk.do(service.open_copy, service.OpenCopy(patient_id=patient_id, reason=REASON))
    return desk.see(HISTORY, HistoryQuery(patient_id, request=REASON))


def main() -> None:
    """Build, then the batch, then singles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=1000)
    parser.add_argument("--visits", type=int, default=20)
    parser.add_argument("--format", default="pdf", choices=("pdf", "json", "fhir"))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    said = parser.parse_args()
    with fresh_network() as network, tempfile.TemporaryDirectory() as name:
        made = people(network, said.people, said.visits)
        session = network.log_in("copias")
        zone = session.actor.at.zone
        stamp = Stamp("Copias", clock.local(clock.now(), zone), zone, "Centro Norte")
        done: list[Done | Unwritten] = []
        started = time.monotonic()
        folder = Folder(Path(name), said.format, f".{said.format}")
        with press(folder, said.format, said.jobs) as out:
            for patient_id in made:
                done += out.put(read(session, patient_id), stamp)
            done += out.rest()
        took = time.monotonic() - started
        told(Path(name), said.format, len(done), took)
        singles(session, made[:SINGLES], stamp, said.format)


def told(folder: Path, form: str, count: int, seconds: float) -> None:
    """What the batch did; pages are counted in a sample."""
    line = f"{count} histories in {seconds:.1f} s: {count / seconds:.1f} a second"
    if form == "pdf":
        sample = sorted(folder.glob("*.pdf"))[:SAMPLE]
        pages = sum(len(PdfReader(path).pages) for path in sample) / len(sample) * count
        line += f", {pages / seconds:.0f} pages/s"
    mebi = 1024
    reader = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / mebi
    writer = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / mebi
    print(f"{line}; peak {reader:.0f} MiB reader, {writer:.0f} MiB largest child", flush=True)


def singles(session: Session, made: list[UUID], stamp: Stamp, form: str) -> None:
    """One after another, from the request to the file."""
    took = []
    with tempfile.TemporaryDirectory() as name, press(Folder(Path(name), form, f".{form}"), form, 1) as out:
        for patient_id in made:
            started = time.perf_counter()
            list(out.put(read(session, patient_id), stamp))
            took.append((time.perf_counter() - started) * 1e3)
    took.sort()
    print(f"single exports: p50 {statistics.median(took):.0f} ms, p95 {took[len(took) * 95 // 100]:.0f} ms")


if __name__ == "__main__":
    main()
