"""Reading charts and finding people with leases, policies and definer functions, beside the same SQL without.

    python -m benchmarks.charts [--rounds 300 --entries 200 --patients 20000]

The same statements go over two bare connections: a doctor's, under row policies and a lease, and the
owner's, whom no policy meets. Search: the definer function beside its own body. Interleaved; prints
medians in milliseconds and the ratios (aim: at most 1.5). Ends with the cost of entering a chart.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import time
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import event

from benchmarks.clusters import fresh_network
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import adding, queries
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.db import listener
from tests.factories import Network, followed, new_patient, proven

_PEOPLE = """
WITH made AS (
  SELECT g, gen_random_uuid() AS id, md5((g % 997)::text) AS family, md5((g % 211)::text || 'x') AS given
  FROM generate_series(1, {count}) g
), rows AS (
  INSERT INTO patients (patient_id, chart_number, given, family, sex, created_at)
  SELECT id, 1000000 + g, given, family, 'F', now() FROM made
)
INSERT INTO patient_search (patient_id, names, n)
SELECT id, family || '|' || given || '|',
  ARRAY[family, given, '3' || left(family, 3), '3' || left(given, 3)] FROM made
"""
_FOUND = "SELECT * FROM search_people(%(first)s, %(second)s, NULL, NULL, '')"


def a_chart(network: Network, doctor: Session, entries: int) -> UUID:
    """A patient with signed entries, each with a diagnosis."""
    front, secretary = network.log_in("msosa"), network.log_in("secre")
    patient_id = followed(secretary, new_patient(front).patient_id, doctor)
    for number in range(entries):
        order = adding.AddRecord(
            **proven(doctor),
            patient_id=patient_id,
            kind="control",
            text=f"Control {number}. Sin cambios, sigue igual.",
            diagnoses=(DiagnosisEntry("I10", "Hipertensión"),),
        )
        doctor.desk().do(adding.add_record, order)
    return patient_id


def recorded(doctor: Session, patient_id: UUID) -> list[tuple[str, dict[str, Any]]]:
    """The statements of reading a chart, as they reach the driver; the first one enters the chart."""
    seen: list[tuple[str, dict[str, Any]]] = []

    def listen(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, dict(values)))

    event.listen(doctor.engine, "before_cursor_execute", listen)
    doctor.desk().see(queries.reread_chart, queries.ChartQuery(patient_id))
    event.remove(doctor.engine, "before_cursor_execute", listen)
    return seen


def timed(raw: psycopg.Connection[Any], statements: list[tuple[str, dict[str, Any]]]) -> float:
    """Milliseconds of statements in one transaction, their rows read."""
    started = time.perf_counter()
    with raw.transaction():
        for statement, values in statements:
            raw.execute(statement, values).fetchall()
    return (time.perf_counter() - started) * 1e3


def body_of(raw: psycopg.Connection[Any]) -> str:
    """The query inside search_people for words, its parameters in psycopg's form."""
    row = raw.execute("SELECT prosrc FROM pg_proc WHERE proname = 'search_people'").fetchone()
    source = str(row[0] if row else "")
    query = source[source.index("RETURN QUERY") + len("RETURN QUERY") : source.index("ELSE")]
    query = query.strip().rstrip(";").replace("%", "%%")
    for name in ("first", "second"):
        query = query.replace(f"p_{name}", f"%({name})s::text")
    return query.replace("p_third", "NULL::text").replace("p_fourth", "NULL::text")


def compared(name: str, rounds: int, ours: Any, floor: Any) -> None:
    """Interleave, print medians and the ratio."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        took[0].append(ours(number))
        took[1].append(floor(number))
    mine, bare = (statistics.median(each) for each in took)
    print(f"{name:28} ours {mine:8.3f} ms   without {bare:8.3f} ms   ratio {mine / bare:5.2f}")


def main() -> None:
    """Build, then compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--patients", type=int, default=20_000)
    said = parser.parse_args()
    with fresh_network() as network:
        doctor = network.log_in("lpaz")
        patient_id = a_chart(network, doctor, said.entries)
        statements = recorded(doctor, patient_id)
        enter, reads = statements[:1], statements[1:]
        assert "charts.enter" in enter[0][0]
        mine, owner = listener(doctor.engine), listener(network.owner)
        owner.execute(_PEOPLE.format(count=said.patients).encode())
        owner.execute("ANALYZE")
        compared("chart, leased", said.rounds, lambda _n: timed(mine, reads), lambda _n: timed(owner, reads))
        compared("chart, entered and leased", said.rounds, lambda _n: timed(mine, enter + reads),
                 lambda _n: timed(owner, reads))  # fmt: skip
        body = body_of(owner)

        def words(number: int) -> dict[str, Any]:
            texts = (str(number % 997), f"{number % 211}x")
            made = (hashlib.md5(text.encode()).hexdigest() for text in texts)
            return dict(zip(("first", "second"), made, strict=True))

        compared("people, by name", said.rounds, lambda n: timed(mine, [(_FOUND, words(n))]),
                 lambda n: timed(owner, [(body, words(n))]))  # fmt: skip
        alone = [timed(mine, enter) for _ in range(said.rounds)]
        print(f"entering an open chart       {statistics.median(alone):8.3f} ms, a transaction of its own")
        mine.close()
        owner.close()


if __name__ == "__main__":
    main()
