"""Searching entries of histories across charts, by each criterion and by several, beside hand-written SQL.

  python -m benchmarks.records                          100,000 entries
  python -m benchmarks.records --records 1000000        as many as a network writes in years
  python -m benchmarks.records --keep FOLDER            what was built stays there for the next run

Each search is one call of the desk by a doctor of two clinics of twenty, who cares for some hundred people;
next to it one statement over the same tables and the same scope, as its author would write it, on a bare
connection. They take turns. Exit 1 where a criterion's 95th of a hundred searches takes longer than 300 ms.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, Final

import psycopg

from benchmarks.bars import Bars, load_now, percentile, shares
from benchmarks.made_records import CLINICS, DOCTORS, Corpus, Records, load, newest, patient_id, record_id
from benchmarks.registry import cluster
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import searching
from clinicdesk.clinic.records.searching import Condition, RecordsQuery
from clinicdesk.kit import embedded
from clinicdesk.kit.db import engine_for, listener
from tests.data import DATA
from tests.factories import Network

_MOST_MS: Final = 300.0
_WARMING: Final = 3
_CARED_FOR: Final = 150
_CHECKED: Final = 500
_FLOOR: Final = """
SELECT s.person_id, s.patient_id, s.id, s.at, r.kind, r.clinic_id, r.institution, r.doctor_id, r.title,
  (SELECT string_agg(concat_ws(' ', d.code, d.text), '; ') FROM diagnoses d
   WHERE d.patient_id = s.patient_id AND d.record_id = s.id),
  EXISTS (SELECT FROM notes w WHERE w.patient_id = s.patient_id AND w.record_id = s.id), p.family, p.given
FROM record_search s JOIN records r ON r.patient_id = s.patient_id AND r.id = s.id
JOIN patients p ON p.patient_id = s.person_id
WHERE (s.clinic_id = ANY (%(clinics)s) OR s.person_id = ANY (%(cared)s))
  AND (%(query)s::tsquery IS NULL OR s.n @@ %(query)s::tsquery)
  AND s.at >= %(since)s AND s.at < %(until)s {more}
ORDER BY s.at DESC, s.id DESC LIMIT 51"""
_BY_VALUE: Final = "AND (r.attributes #>> '{presion,sistolica}')::numeric > %(value)s"


def main() -> int:
    """Build or find, measure, judge."""
    said = _arguments()
    bars = Bars()
    bars.begin(f"{said.records:,} records")
    with (
        cluster(said.keep) as (server, network),
        _built(server, network, said.records) as (found, raw, corpus),
    ):
        session = found.log_in("lpaz")
        _same(raw, said.records)
        _measured(session, raw, corpus, said.searches, bars)
        session.close()
    return bars.judged()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--searches", type=int, default=100, help="of each criterion")
    return parser.parse_args()


@contextmanager
def _built(
    server: embedded.Server, network: Network, count: int
) -> Iterator[tuple[Network, psycopg.Connection[Any], Corpus]]:
    """A database of so many entries, made where it is not there yet."""
    name = f"records_{count}"
    with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as admin:
        fresh = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None
        if fresh:
            admin.execute(f"CREATE DATABASE {name} TEMPLATE clinicdesk STRATEGY file_copy".encode())
            admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
            admin.execute(f"GRANT CONNECT ON DATABASE {name} TO k_staff, k_gate, k_display".encode())
    url = server.dsn("clinicdesk", name)
    owner = engine_for(url)
    raw = listener(owner)
    corpus = Corpus.read(DATA / "codiesp-dev", raw)
    try:
        if fresh:
            _build(raw, corpus, count)
        yield replace(network, url=url, owner=owner), raw, corpus
    finally:
        raw.close()
        owner.dispose()


def _build(raw: psycopg.Connection[Any], corpus: Corpus, count: int) -> None:
    started = time.perf_counter()
    clinics = [
        raw.execute(
            "INSERT INTO clinics (code, name, country, zone) VALUES (%s, %s, 'AR', %s) RETURNING id",
            (f"B{n:02}", f"Centro {n}", "America/Argentina/Buenos_Aires"),
        ).fetchone()
        for n in range(CLINICS)
    ]
    doctors = [
        raw.execute(
            "INSERT INTO people (id, family, given) VALUES (nextval('resource_ids'), %s, %s) RETURNING id",
            (f"Doctor{n:03}", "Ana"),
        ).fetchone()
        for n in range(DOCTORS)
    ]
    places, attending = ([row[0] for row in rows if row] for rows in (clinics, doctors))
    load(raw, Records(corpus, count, places, attending, newest()))
    lpaz = "(SELECT person_id FROM logins WHERE username = 'lpaz')"
    raw.execute(
        f"INSERT INTO clinic_roles (person_id, clinic_id, role) SELECT {lpaz}, c, 'medico'"
        " FROM unnest(%s::bigint[]) c",
        ([places[3], places[8]],),
    )
    cared = [patient_id(n) for n in range(0, max(count // 20, 50), max(count // 20 // _CARED_FOR, 1))]
    raw.execute(
        "INSERT INTO care_relations (patient_id, id, person_id, kind, since)"
        f" SELECT p, gen_random_uuid(), {lpaz}, 'equipo', current_date FROM unnest(%s::uuid[]) p",
        (cared[:_CARED_FOR],),
    )
    raw.execute("VACUUM (ANALYZE)")
    print(f"built in {time.perf_counter() - started:.0f} s")


def _same(raw: psycopg.Connection[Any], count: int) -> None:
    """That a sample is found by what the database itself makes of its rows."""
    rows = Random(3).sample(range(count), min(_CHECKED, count))
    astray = raw.execute(
        "SELECT s.id, s.n, k.n FROM record_search s CROSS JOIN LATERAL"
        " record_keys(ARRAY[s.patient_id], ARRAY[s.id]) k WHERE s.id = ANY (%s) AND s.n <> k.n",
        ([record_id(number) for number in rows],),
    ).fetchall()
    if astray:
        raise SystemExit(f"{len(astray)} of {len(rows)} are not found by what they say: {astray[0]}")
    print(f"{len(rows)} entries compared with what the database makes of them")


class _Asker:
    """Searches as people make them, each with the query that a hand-written statement takes."""

    def __init__(self, raw: psycopg.Connection[Any], corpus: Corpus) -> None:
        self._raw, self._corpus, self._random = raw, corpus, Random(11)
        self._doctors = [row[0] for row in raw.execute("SELECT id FROM people WHERE family LIKE 'Doctor%%'")]
        self._scope = self._scope_of()
        self.clinics: list[int] = self._scope["clinics"]

    def _scope_of(self) -> dict[str, Any]:
        person = "(SELECT person_id FROM logins WHERE username = 'lpaz')"
        found = self._raw.execute(
            f"SELECT ARRAY(SELECT clinic_id FROM clinic_roles WHERE person_id = {person}) AS clinics,"
            f" ARRAY(SELECT patient_id FROM care_relations WHERE person_id = {person}) AS cared"
        ).fetchone()
        assert found is not None
        return {"clinics": found[0], "cared": found[1]}

    def kinds(self) -> dict[str, Callable[[], RecordsQuery]]:
        """Each criterion alone, and several together."""
        return {
            "nothing": RecordsQuery,
            "type": lambda: RecordsQuery(kinds=(self._random.choice(("imagen", "urgencia", "consulta")),)),
            "code": lambda: RecordsQuery(codes=(self._code()[0],)),
            "category of codes": lambda: RecordsQuery(codes=(self._code()[0][:3],)),
            "chapter": self._chapter,
            "words of a diagnosis": lambda: RecordsQuery(stated=self._code()[1]),
            "doctor": lambda: RecordsQuery(doctor=f"doctor{self._random.randrange(DOCTORS):03}"),
            "clinic": lambda: RecordsQuery(clinic_id=self._random.choice(self.clinics)),
            "institution": lambda: RecordsQuery(institution="hospital nuno"),
            "period": lambda: replace(RecordsQuery(), **self._period()),
            "treatment": lambda: RecordsQuery(
                words=self._random.choice(("enalapril", "omeprazol 20", "kinesio"))
            ),
            "one word": lambda: RecordsQuery(words=self._words(1)),
            "two words": lambda: RecordsQuery(words=self._words(2)),
            "three words": lambda: RecordsQuery(words=self._words(3)),
            "beginning of a word": lambda: RecordsQuery(words=self._words(1)[:4]),
            "attribute": lambda: self._attribute("="),
            "attribute above": lambda: self._attribute(">"),
            "patient": lambda: RecordsQuery(patient_id=self._random.choice(self._scope["cared"])),
            "word and type": lambda: RecordsQuery(words=self._words(1), kinds=("imagen",)),
            "words, code, period": lambda: RecordsQuery(
                words=self._words(1), codes=(self._code()[0][:3],), **self._period()
            ),
            "doctor and words": lambda: RecordsQuery(
                doctor=f"doctor{self._random.randrange(40):03}", words=self._words(1)
            ),
            "clinic, type, above": lambda: replace(
                self._attribute(">"), clinic_id=self._random.choice(self.clinics), kinds=("control",)
            ),
        }

    def _code(self) -> tuple[str, str]:
        return self._random.choices(self._corpus.codes, self._corpus.weights)[0]

    def _chapter(self) -> RecordsQuery:
        chapter = self._random.choice(("IX", "II", "X", "XI", "XIV"))
        return RecordsQuery(codes=searching.diagnosis_asked(f"capítulo {chapter}")[0])

    def _words(self, count: int) -> str:
        """Words that stand together in a text, four letters at least."""
        text = [word for word in self._random.choice(self._corpus.texts) if word.isalpha() and len(word) > 3]
        start = self._random.randrange(len(text) - count)
        return " ".join(text[start : start + count])

    def _period(self) -> dict[str, Any]:
        until = newest() - timedelta(days=self._random.randrange(2_500))
        return {"since": until - timedelta(days=self._random.choice((7, 90, 365))), "until": until}

    def _attribute(self, sign: str) -> RecordsQuery:
        value = self._random.randrange(150, 185) if sign == ">" else self._random.randrange(100, 160)
        return RecordsQuery(attributes=(Condition("presion.sistolica", sign, str(value)),))

    def bare(self, query: RecordsQuery) -> tuple[str, dict[str, Any]]:
        """The hand-written statement and its values, made before the clock starts."""
        doctors = self._raw.execute(
            "SELECT array_agg(id) FROM people WHERE family ILIKE %s", (query.doctor,)
        ).fetchone()
        attributes = json_of(query.attributes)
        made = self._raw.execute(
            "SELECT search_query(%s, %s, %s, %s, %s, NULL, %s, %s, %s)::text",
            (
                *(
                    query.words or None,
                    list(query.kinds) or None,
                    list(query.codes) or None,
                    query.stated or None,
                ),
                *(
                    doctors[0] if doctors and query.doctor else None,
                    query.clinic_id,
                    query.institution or None,
                ),
                attributes,
            ),
        ).fetchone()
        above = [each for each in query.attributes if each.sign == ">"]
        more = _BY_VALUE if above else ""
        if query.patient_id:
            more += " AND s.person_id = %(patient)s"
        values = self._scope | {
            "query": made[0] if made else None,
            "since": query.since or "-infinity",
            "until": query.until or "infinity",
            "value": int(above[0].value) if above else None,
            "patient": query.patient_id,
        }
        return _FLOOR.format(more=more), values


def json_of(conditions: tuple[Condition, ...]) -> str:
    """Conditions as search_query() takes them."""
    import json

    return json.dumps([{"path": each.path, "sign": each.sign, "value": each.value} for each in conditions])


def _measured(session: Session, raw: psycopg.Connection[Any], corpus: Corpus, count: int, bars: Bars) -> None:
    asker = _Asker(raw, corpus)
    ours, floor, found = (defaultdict[str, list[float]](list) for _each in range(3))
    kinds = asker.kinds()
    raw.execute("SET jit = off")
    for round_ in range(count + _WARMING):
        for name, make in kinds.items():
            query = make()
            statement, values = asker.bare(query)
            started = time.perf_counter()
            rows = session.desk().see(searching.search_on, query).rows
            middle = time.perf_counter()
            bare = raw.execute(statement.encode(), values).fetchall()
            ended = time.perf_counter()
            if [row.id for row in rows] != [row[2] for row in bare][: searching.PAGE]:
                raise SystemExit(f"{name}: {query} finds {len(rows)} here and {len(bare)} by hand")
            if round_ >= _WARMING:
                ours[name].append(middle - started)
                floor[name].append(ended - middle)
                found[name].append(len(rows))
    print(load_now())
    for name in kinds:
        ratio = percentile(ours[name], 0.5) / percentile(floor[name], 0.5)
        rows_found = sum(found[name]) / len(found[name])
        print(f"{name:22} {shares(ours[name])}   by hand {shares(floor[name])}   ratio {ratio:5.2f}", end="")
        print(f"   {rows_found:4.1f} rows")
        bars.at_most(f"{name} p95", percentile(ours[name], 0.95), _MOST_MS, "ms")


if __name__ == "__main__":
    raise SystemExit(main())
