"""`note verify --all` over a whole registry: notes a second and memory, beside reading and hashing its rows.

  python -m benchmarks.note_verify                    20,000 signed notes
  python -m benchmarks.note_verify --notes 100000     as many as the issue asks about
  python -m benchmarks.note_verify --long 40          and a patient with so many notes of 100,000 letters

Notes, entries, diagnoses, treatments, controls and the acts of signing are written by SQL with the hashes
that the program would have made, a chain of twenty for each patient. The floor is one statement that reads
the same rows and hashes each entry once. A tenth of the notes is verified first: memory of this process and
of the server's must not grow with them. Then some are forged, and those alone must be found; exit 1 if not.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, text

from benchmarks.bars import Bars, load_now
from benchmarks.clusters import fresh_network
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import verifying
from tests.factories import Network

_CHAIN: Final = 20
_FORGED: Final = 7
_MOST_RATIO: Final = 5.0
_MOST_GROWTH_MIB: Final = 16.0
_LONG: Final = 100_000
_ENTRIES: Final = (
    """INSERT INTO patients (patient_id, chart_number, given, family, sex, birth, created_at)
SELECT md5('p' || n)::uuid, 8000000 + n, 'Ana ' || n, 'Quispe', 'F', '1970-01-01', now()
FROM generate_series(:first, :last) n""",
    """INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id, title, attributes, written_at)
SELECT md5('p' || n)::uuid, md5('r' || n || '.' || k)::uuid, 'control',
  now() - (:chain - k) * interval '30 days', :clinic, :doctor, 'Control', '{"presion": 120}', now()
FROM generate_series(:first, :last) n, generate_series(1, :chain) k""",
    """INSERT INTO diagnoses (patient_id, id, record_id, system, code, text, certainty, kind)
SELECT md5('p' || n)::uuid, md5('d' || n || '.' || k || c)::uuid, md5('r' || n || '.' || k)::uuid,
  'CIE-10', c, 'Hipertensión', 'confirmado', 'principal'
FROM generate_series(:first, :last) n, generate_series(1, :chain) k, unnest('{I10,E11.9}'::text[]) c""",
    """INSERT INTO treatments (patient_id, id, record_id, what, since)
SELECT md5('p' || n)::uuid, md5('t' || n || '.' || k)::uuid, md5('r' || n || '.' || k)::uuid,
  'Enalapril 10 mg', current_date
FROM generate_series(:first, :last) n, generate_series(1, :chain) k""",
    """INSERT INTO follow_ups (patient_id, id, record_id, clinic_id, doctor_id, due_on, what)
SELECT md5('p' || n)::uuid, md5('f' || n || '.' || k)::uuid, md5('r' || n || '.' || k)::uuid,
  :clinic, :doctor, current_date + 30, 'laboratorio'
FROM generate_series(:first, :last) n, generate_series(1, :chain) k""",
)
_NOTES: Final = """
INSERT INTO notes (patient_id, id, record_id, text, author_id, author_name, author_license, login, signed_at,
  prev_hash, hash)
SELECT md5('p' || n)::uuid, md5('n' || n || '.' || :k)::uuid, md5('r' || n || '.' || :k)::uuid,
  repeat('Refiere cefalea de tres días, sin fiebre. ', :length / 42 + 1 + n % 7), :doctor, 'Paz, Lucía',
  'MN 1', 'u_lpaz', now() - (:chain - :k) * interval '30 days',
  (SELECT b.hash FROM notes b
   WHERE b.patient_id = md5('p' || n)::uuid AND b.id = md5('n' || n || '.' || :k - 1)::uuid),
  sha256('')
FROM generate_series(:first, :last) n"""
_HASHED: Final = """
UPDATE notes SET hash = charts.note_hash(notes) FROM generate_series(:first, :last) n
WHERE notes.patient_id = md5('p' || n)::uuid AND notes.id = md5('n' || n || '.' || :k)::uuid"""
_ACTS: Final = """
INSERT INTO acts (key, person, role, host, patient_id, what, purpose, outcome, subject)
SELECT gen_random_uuid(), w.login, 'medico', 'banco', w.patient_id, 'note.signed', 'TREAT', 'done',
  replace(w.id::text, '-', '') || ' ' || encode(w.hash, 'hex')
FROM generate_series(:first, :last) n JOIN notes w ON w.patient_id = md5('p' || n)::uuid"""
_FLOOR: Final = """
SELECT count(sha256(convert_to(concat(n, r, d.said, t.said, f.said, a.said), 'UTF8')))
FROM notes n JOIN records r ON r.patient_id = n.patient_id AND r.id = n.record_id
CROSS JOIN LATERAL (SELECT string_agg(d::text, '' ORDER BY d.id) AS said FROM diagnoses d
  WHERE d.patient_id = n.patient_id AND d.record_id = n.record_id) d
CROSS JOIN LATERAL (SELECT string_agg(t::text, '' ORDER BY t.id) AS said FROM treatments t
  WHERE t.patient_id = n.patient_id AND t.record_id = n.record_id) t
CROSS JOIN LATERAL (SELECT string_agg(f::text, '' ORDER BY f.id) AS said FROM follow_ups f
  WHERE f.patient_id = n.patient_id AND f.record_id = n.record_id) f
LEFT JOIN (SELECT a.patient_id, split_part(a.subject, ' ', 1)::uuid AS id, a::text AS said FROM acts a
  WHERE a.what = 'note.signed') a ON a.patient_id = n.patient_id AND a.id = n.id"""
_FORGE: Final = """
UPDATE notes SET text = text || '.' WHERE (patient_id, id) IN (
  SELECT patient_id, id FROM notes ORDER BY md5(id::text) LIMIT :many) RETURNING id"""


def main() -> int:
    """Build, verify a tenth, verify all, forge, judge."""
    said = _arguments()
    bars = Bars()
    bars.begin(f"{said.notes:,} notes")
    with fresh_network() as network:
        session = network.log_in("priva")
        patients = max(said.notes // _CHAIN, 10)
        tenth = max(patients // 10, 1)
        _sign(network, 1, tenth)
        few = _verified(session)
        _sign(network, tenth + 1, patients)
        if said.long:
            _sign(network, patients + 1, patients + 1, chain=said.long, length=_LONG)
        many = _verified(session)
        floor = _floor(network)
        print(f"reading and hashing the same rows: {many.notes / floor:,.0f} notes/s   {load_now()}")
        bars.at_most("ratio to the floor", many.seconds / floor, _MOST_RATIO, "")
        bars.at_most("growth of this process", many.here_mib - few.here_mib, _MOST_GROWTH_MIB, "MiB")
        bars.at_most("growth of the server's", many.there_mib - few.there_mib, _MOST_GROWTH_MIB, "MiB")
        bars.at_most("forgeries missed or made up", _forged(network, session), 0, "")
        session.close()
    return bars.judged()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--notes", type=int, default=20_000)
    parser.add_argument("--long", type=int, default=0, metavar="N")
    return parser.parse_args()


def _sign(network: Network, first: int, last: int, chain: int = _CHAIN, length: int = 400) -> None:
    """Chains of so many notes for these patients, as they would have been signed."""
    started = time.perf_counter()
    who = {"clinic": network.clinic_ids[0], "doctor": network.person_ids["lpaz"]}
    size = {"first": first, "last": last, "chain": chain, "length": length}
    with network.owner.begin() as owner:
        owner.execute(text("SET LOCAL session_replication_role = replica"))  # keys hold by how they are made
        for statement in _ENTRIES:
            _run(owner, statement, who | size)
    with network.owner.begin() as owner:
        for k in range(1, chain + 1):
            _run(owner, _NOTES, who | size | {"k": k})
            _run(owner, _HASHED, size | {"k": k})
        _run(owner, _ACTS, size)
    with network.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
        owner.execute(text("VACUUM (ANALYZE)"))
    print(f"{(last - first + 1) * chain:,} notes signed in {time.perf_counter() - started:.0f} s")


def _run(owner: Connection, statement: str, values: dict[str, int]) -> None:
    named = {name: value for name, value in values.items() if f":{name}" in statement}
    owner.execute(text(statement).bindparams(*(bindparam(name, type_=Integer) for name in named)), named)


class _Seen:
    """What one verification took: seconds, and the most memory of this process and the server's, in MiB."""

    def __init__(self, session: Session) -> None:
        with session.engine.connect() as connection:
            process = int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one())
        self._server = Path(f"/proc/{process}/status")
        self.there_mib = 0.0
        started = time.perf_counter()
        verdict = verifying.verify_all(session.desk(), self._looked)
        self.seconds = time.perf_counter() - started
        self.here_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        self.notes, self.findings = verdict.notes, verdict.findings

    def _looked(self, _done: int, _total: int) -> None:
        lines = dict(line.split(":", 1) for line in self._server.read_text().splitlines())
        self.there_mib = max(self.there_mib, int(lines["RssAnon"].split()[0]) / 1024)


def _verified(session: Session) -> _Seen:
    """All that stands, told."""
    seen = _Seen(session)
    assert not seen.findings
    print(
        f"note verify --all: {seen.notes:,} notes, {seen.seconds:.2f} s, {seen.notes / seen.seconds:,.0f}/s,"
        f" at most {seen.here_mib:.0f} MiB here, {seen.there_mib:.0f} MiB of the server's own"
    )
    return seen


def _floor(network: Network) -> float:
    """Seconds of the better of two."""
    took = []
    with network.owner.connect() as owner:
        owner.execute(text("SET jit = off"))
        owner.execute(text("SET max_parallel_workers_per_gather = 0"))
        for _each in range(2):
            started = time.perf_counter()
            owner.execute(text(_FLOOR)).scalar_one()
            took.append(time.perf_counter() - started)
    return min(took)


def _forged(network: Network, session: Session) -> int:
    """How many of some forgeries were missed, or told where there are none."""
    with network.owner.begin() as owner:
        wrong = set(owner.execute(text(_FORGE), {"many": _FORGED}).scalars())
    told = {each.note_id for each in _Seen(session).findings}
    print(f"{_FORGED} notes forged: {len(told & wrong)} found, {len(told - wrong)} made up")
    return len(told ^ wrong)


if __name__ == "__main__":
    raise SystemExit(main())
