"""Free slots at 20 clinics, 200 doctors, 90 days, 60 % booked: our search beside one SQL for the same answer.

    python -m benchmarks.slots [--rounds 60]

Asks six kinds of questions in turn, ours and the floor interleaved, and prints p50, p95 and p99 of each
in milliseconds, the statements of a search, and whether both gave the same slots. Exits 1 where p95 of
any question is over 300 ms or the answers differ.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Engine, event, text

from benchmarks.clusters import fresh_network
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.agendas.rules import Half
from clinicdesk.clinic.turns.slots import SlotsQuery, slots
from clinicdesk.kit import clock
from tests.factories import ZONE

_TARGET_MS: Final = 300
_FILL: Final = (
    """INSERT INTO specialties (code, name)
       SELECT 'S' || n, 'Especialidad ' || n FROM generate_series(1, 10) n""",
    """INSERT INTO procedures (code, name, minutes, specialty_id)
       SELECT 'P' || substr(code, 2), 'Consulta ' || code, 20, id FROM specialties
       WHERE code ~ '^S[0-9]+$'""",
    """INSERT INTO clinics (code, name, country, zone)
       SELECT 'B' || n, 'Centro ' || n, 'AR', :zone FROM generate_series(3, 20) n""",
    """INSERT INTO floors (clinic_id, number, name) SELECT id, 0, 'PB' FROM clinics c
       WHERE NOT EXISTS (SELECT 1 FROM floors f WHERE f.clinic_id = c.id)""",
    """INSERT INTO rooms (clinic_id, floor_id, code, kind)
       SELECT f.clinic_id, f.id, 'B' || n, 'consultorio' FROM floors f, generate_series(1, 10) n""",
    """INSERT INTO people (family, given)
       SELECT 'Médica ' || n, 'Una' FROM generate_series(1, 200) n""",
    """DELETE FROM agenda_blocks""",
    """WITH d AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS k FROM people
         WHERE family LIKE 'Médica %'),
       r AS (SELECT id, clinic_id, row_number() OVER (ORDER BY clinic_id, id) - 1 AS k FROM rooms
         WHERE code LIKE 'B%'),
       p AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS k FROM procedures
         WHERE code ~ '^P[0-9]+$')
       INSERT INTO agenda_blocks (clinic_id, doctor_id, room_id, procedure_id, weekday, starts, ends,
         slot_minutes, state, valid_from, doctor_span, room_span, minutes, valid)
       SELECT r.clinic_id, d.id, r.id, p.id, w, '08:00', '12:00', 20, 'publicado', '2020-01-01',
         int8range(d.id, d.id, '[]'), int8range(r.id, r.id, '[]'),
         int4range((w - 1) * 1440 + 480, (w - 1) * 1440 + 720), daterange('2020-01-01', NULL, '[]')
       FROM d JOIN r ON r.k = d.k JOIN p ON p.k = d.k % 10, generate_series(1, 5) w""",
    """INSERT INTO bookings (resource, resource_id, id, patient_id, turn_id, during, active)
       SELECT int8range(who, who, '[]'), who, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
         tstzrange(at, at + interval '20 minutes'), true
       FROM (SELECT b.doctor_id, b.room_id,
               (CAST(g AS timestamp) + b.starts + n * interval '20 minutes') AT TIME ZONE :zone AS at
             FROM agenda_blocks b
             JOIN generate_series(current_date, current_date + 90, interval '1 day') g
               ON extract(isodow FROM g) = b.weekday, generate_series(0, 11) n
             WHERE abs(hashint8(b.doctor_id * 100000 + CAST(extract(doy FROM g) AS bigint) * 100 + n)
               % 10) < 6) s,
         LATERAL (VALUES (s.doctor_id), (s.room_id)) v(who)""",
    """ANALYZE""",
)
# The same slots in one statement, written for this network alone: one zone, no exception, no quota.
_FLOOR: Final = """
  WITH busy AS MATERIALIZED (
    SELECT resource_id, range_agg(during) AS held FROM bookings
    WHERE active AND during && tstzrange(:now, CAST(:last AS date) + interval '2 days') GROUP BY 1
  )
  SELECT b.id || '.' || to_char(wall, 'YYYYMMDD"T"HH24MI') FROM agenda_blocks b
  JOIN procedures p ON p.id = b.procedure_id LEFT JOIN specialties s ON s.id = p.specialty_id
  LEFT JOIN busy d ON d.resource_id = b.doctor_id LEFT JOIN busy r ON r.resource_id = b.room_id
  JOIN generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), interval '1 day') g
    ON extract(isodow FROM g) = b.weekday
  CROSS JOIN LATERAL generate_series(g + b.starts, g + b.ends - b.slot_minutes * interval '1 minute',
    b.slot_minutes * interval '1 minute') wall
  CROSS JOIN LATERAL (SELECT tstzrange(wall AT TIME ZONE :zone,
    wall AT TIME ZONE :zone + interval '20 minutes') AS span) x
  WHERE b.state = 'publicado' AND lower(x.span) >= :now
    AND (CAST(:clinic AS bigint) IS NULL OR b.clinic_id = :clinic)
    AND (CAST(:doctor AS bigint) IS NULL OR b.doctor_id = :doctor)
    AND (CAST(:specialty AS text) IS NULL OR s.code = :specialty)
    AND (CAST(:weekday AS integer) IS NULL OR b.weekday = :weekday)
    AND (NOT :morning OR extract(hour FROM wall) < 12)
    AND (d.held && x.span) IS NOT TRUE AND (r.held && x.span) IS NOT TRUE
  ORDER BY wall, b.doctor_id LIMIT :limit"""


def fill(owner: Engine) -> tuple[int, int, int]:
    """The network; a clinic of it, a doctor, and how many claims there are."""
    for statement in _FILL:
        with owner.begin() as connection:
            connection.execute(
                text(statement.replace("::", "\\:\\:")), {"zone": ZONE} if ":zone" in statement else {}
            )
    with owner.connect() as connection:
        clinic, doctor = connection.execute(
            text("SELECT clinic_id, doctor_id FROM agenda_blocks ORDER BY id LIMIT 1")
        ).one()
        return clinic, doctor, connection.execute(text("SELECT count(*) FROM bookings")).scalar_one()


def questions(clinic: int, doctor: int) -> dict[str, SlotsQuery]:
    """What is asked."""
    return {
        "a doctor, next ten": SlotsQuery(clinic, doctor, days=90, limit=10),
        "a doctor, 90 days whole": SlotsQuery(clinic, doctor, days=90, limit=5000),
        "a clinic, next 200": SlotsQuery(clinic, days=90),
        "specialty, network": SlotsQuery(clinic, specialty="S3", days=90, network=True),
        "everybody, network, Thursdays a.m.": SlotsQuery(
            clinic, days=90, network=True, weekdays=(4,), half=Half.AM
        ),
        "specialty, network, in 60 days": SlotsQuery(
            clinic,
            specialty="S7",
            days=30,
            network=True,
            since=clock.local_day(clock.now(), ZONE) + timedelta(days=60),
        ),
    }


def floor(connection: Any, query: SlotsQuery) -> list[str]:
    """The ids that one statement finds."""
    now = clock.now()
    first = query.since or clock.local_day(now, ZONE)
    values = {
        "zone": ZONE,
        "now": now,
        "first": first,
        "last": first + timedelta(days=query.days - 1),
        "clinic": None if query.network else query.clinic_id,
        "doctor": query.doctor_id,
        "specialty": query.specialty,
        "weekday": next(iter(query.weekdays), None),
        "morning": query.half is Half.AM,
        "limit": query.limit,
    }
    return list(connection.execute(text(_FLOOR), values).scalars())


def timed(run: Callable[[], list[str]]) -> tuple[float, list[str]]:
    """Milliseconds, and what came."""
    started = time.perf_counter()
    found = run()
    return (time.perf_counter() - started) * 1000, found


def percentiles(times: list[float]) -> str:
    """p50, p95, p99."""
    cuts = statistics.quantiles(times, n=100, method="inclusive")
    return f"p50 {cuts[49]:7.1f}  p95 {cuts[94]:7.1f}  p99 {cuts[98]:7.1f}"


def compare(session: Session, rounds: int, asked: dict[str, SlotsQuery]) -> bool:
    """Print each question; True where all are fast enough and equal to the floor."""
    sound = True
    statements: list[str] = []
    event.listen(session.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    with session.engine.connect() as connection:
        for name, query in asked.items():
            ours: list[float] = []
            floors: list[float] = []
            same = True
            for _round in range(rounds):
                statements.clear()
                taken, found = timed(lambda q=query: [row.id for row in session.desk().see(slots, q)])  # type: ignore[misc]
                sent = len(statements)
                other, wanted = timed(lambda q=query: floor(connection, q))  # type: ignore[misc]
                connection.rollback()
                ours.append(taken)
                floors.append(other)
                same &= found == wanted
            fast = statistics.quantiles(ours, n=100, method="inclusive")[94] <= _TARGET_MS
            sound &= same and fast
            print(f"{name}: {len(found)} slots, {sent} statements, {'same' if same else 'DIFFERENT'}")
            print(f"  ours  {percentiles(ours)} ms")
            print(f"  floor {percentiles(floors)} ms", flush=True)
    return sound


def main() -> int:
    """Fill, ask, compare."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=60)
    wanted = arguments.parse_args()
    with fresh_network() as network:
        started = time.perf_counter()
        clinic, doctor, claims = fill(network.owner)
        print(f"20 clinics, 200 doctors, {claims} claims ({time.perf_counter() - started:.0f} s)", flush=True)
        session = network.log_in("msosa")
        sound = compare(session, wanted.rounds, questions(clinic, doctor))
        session.close()
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
