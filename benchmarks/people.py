"""Finding one person among many: how often the search has them among the first ten, and how fast.

    python -m benchmarks.people [--people 100000 --queries 10000 --registrations 300 --doubles 10000 --seed 5]

Made-up people with real frequencies (made_people.py), 24 kinds of queries (asked_people.py). Prints recall
where at most ten people fit what was meant, and over all with its ceiling; milliseconds end to end through
the desk, whole and as one types, beside one hand-written statement over a bare connection, interleaved;
registration with and without looking for duplicates; the scan of the registry with duplicates put in.
The data stand under the temporary directory and go with it.
"""

from __future__ import annotations

import argparse
import gc
import os
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.asked_people import Asked, Oracle, Writer, typed_on
from benchmarks.made_people import People, Person
from benchmarks.transition import fresh_network
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import alike, queries, rules, service
from clinicdesk.clinic.patients.registry_scan import Scan
from clinicdesk.clinic.patients.spelling import SearchNames, name_words, sound
from clinicdesk.kit.db import listener
from clinicdesk.kit.ids import new_id
from tests.factories import Network

# The floor: one statement that finds words and their beginnings, without any tolerance.
_BY_NAME: Final = """
SELECT p.patient_id FROM patient_search s JOIN patients p USING (patient_id)
WHERE s.n @> %(keys)s AND NOT EXISTS (
  SELECT 1 FROM unnest(%(words)s::text[]) w
  WHERE NOT EXISTS (SELECT 1 FROM unnest(s.n) t WHERE starts_with(t, w)))
ORDER BY (SELECT count(*) FROM unnest(%(words)s::text[]) w WHERE w = ANY (s.n)) DESC, cardinality(s.n)
LIMIT 20"""
_DECIDABLE: Final = 10
_FOR_CPU: Final = 1_000
_SIZES: Final = """
SELECT count(*), pg_total_relation_size('name_words') >> 20, pg_total_relation_size('patient_search') >> 20
FROM name_words"""
_BY_NUMBER: Final = """
SELECT p.patient_id FROM patient_documents d JOIN patients p USING (patient_id)
WHERE d.number >= %(number)s AND d.number < %(number)s || chr(1114111) ORDER BY d.number LIMIT 20"""


def load(raw: psycopg.Connection[Any], people: Sequence[Person]) -> list[UUID]:
    """Write everybody by COPY, as an import would; their ids."""
    ids = [new_id() for _ in people]
    names = [SearchNames.of(each.given, each.family) for each in people]
    at = datetime(2026, 1, 1, tzinfo=UTC)
    tables: dict[str, tuple[str, Iterable[tuple[Any, ...]]]] = {
        "patient_documents": (
            "document_key, patient_id, country, kind, number",
            ((f"AR:DNI:{p.number}", i, "AR", "DNI", p.number) for i, p in zip(ids, people, strict=True)),
        ),
        "patients": (
            "patient_id, chart_number, given, family, sex, birth, phone, created_at",
            (
                (i, 1_000_000 + n, p.given, p.family, p.sex, p.birth, p.phone or None, at)
                for n, (i, p) in enumerate(zip(ids, people, strict=True))
            ),
        ),
        "patient_search": (
            "patient_id, names, birth, n",
            (
                (i, each.stored, p.birth, each.keys(p.birth.year, (p.number,)))
                for i, p, each in zip(ids, people, names, strict=True)
            ),
        ),
        "name_words": (
            "word, sound, people",
            (
                (word, sound(word), count)
                for word, count in Counter(w for each in names for w in each.words).items()
            ),
        ),
    }
    raw.execute("DROP INDEX patient_search_n_ix")
    for table, (columns, rows) in tables.items():
        with raw.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)
    raw.execute("CREATE INDEX patient_search_n_ix ON patient_search USING gin (n) WITH (fastupdate = off)")
    raw.execute("VACUUM ANALYZE")
    return ids


def shares(took: list[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    took = sorted(took)
    marks = (took[min(int(len(took) * mark), len(took) - 1)] * 1e3 for mark in (0.5, 0.95, 0.99))
    return "p50 {:6.1f}  p95 {:6.1f}  p99 {:6.1f} ms".format(*marks)


def timed(session: Session, text: str) -> tuple[float, tuple[UUID, ...]]:
    """One search as the desk makes it."""
    started = time.perf_counter()
    found = session.desk().see(queries.search_on, queries.SearchQuery(text, 20))
    return time.perf_counter() - started, tuple(row.patient_id for row in found.rows)


def backend_of(session: Session) -> int:
    """The process that serves this person's one connection."""
    with session.engine.connect() as connection:
        return int(connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one())


def cpu_of(process: int) -> float:
    """Seconds of processor time that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare(raw: psycopg.Connection[Any], text: str) -> tuple[float, tuple[UUID, ...]]:
    """The same by the hand-written statement."""
    words = list(name_words(text))
    digits = text.replace(" ", "").replace("-", "")
    started = time.perf_counter()
    if digits.isdigit():
        rows = raw.execute(_BY_NUMBER, {"number": digits}).fetchall()
    else:
        keys = [f"3{word[:3]}" for word in words if len(word) > 2]
        rows = raw.execute(_BY_NAME, {"words": words, "keys": keys}).fetchall()
    return time.perf_counter() - started, tuple(row[0] for row in rows)


class Tally:
    """Hits and misses by kind."""

    def __init__(self) -> None:
        self.decidable: dict[str, list[bool]] = defaultdict(list)
        self.others: list[tuple[bool, float]] = []
        self.misses: list[Asked] = []

    def add(self, asked: Asked, fit: int, *, hit: bool) -> None:
        if fit <= _DECIDABLE:
            self.decidable[asked.kind].append(hit)
            self.misses += [] if hit else [asked]
        else:
            self.others.append((hit, _DECIDABLE / fit))

    def show(self) -> None:
        every = [hit for hits in self.decidable.values() for hit in hits]
        for kind, hits in self.decidable.items():
            print(f"    {kind:28} {sum(hits):6} of {len(hits):6}  {100 * sum(hits) / len(hits):6.2f} %")
        count = len(every) + len(self.others)
        print(f"recall@10 where ten or fewer fit: {100 * sum(every) / len(every):.2f} %", end="")
        print(f" of {len(every)} ({100 * len(every) / count:.0f} % of the queries)")
        if self.others:
            found, chance = (sum(each[side] for each in self.others) for side in (0, 1))
            part = len(self.others) / 100
            print(f"of the others {found / part:.1f} %; ten of all who fit would have {chance / part:.1f} %")


def searches(network: Network, people: Sequence[Person], ids: Sequence[UUID], count: int, seed: int) -> None:
    """Recall and times."""
    session, oracle = network.log_in("msosa"), Oracle(people)
    raw = listener(network.owner)
    ours, floor, tally, plain = list[float](), list[float](), Tally(), list[bool]()
    by_kind: dict[str, list[float]] = defaultdict(list)
    asked_all = Writer(people, seed).take(count)
    for asked in asked_all[:200]:
        timed(session, asked.text)
    server, before = backend_of(session), time.process_time()
    server_before = cpu_of(server)
    for asked in asked_all[:_FOR_CPU]:
        timed(session, asked.text)
    cpu = [1e3 * each / _FOR_CPU for each in (time.process_time() - before, cpu_of(server) - server_before)]
    print("processor time of a query: program {:.1f} ms, server {:.1f} ms".format(*cpu))
    for asked in asked_all:
        took, found = timed(session, asked.text)
        bare_took, bare_found = bare(raw, asked.text)
        ours.append(took)
        floor.append(bare_took)
        by_kind[asked.kind].append(took)
        fit = oracle.fit(asked)
        tally.add(asked, fit, hit=ids[asked.meant] in found[:10])
        plain += [ids[asked.meant] in bare_found[:10]] if fit <= _DECIDABLE else []
    tally.show()
    print(f"whole queries, ours        {shares(ours)}")
    print(f"whole queries, bare SQL    {shares(floor)}   its recall {100 * sum(plain) / len(plain):.1f} %")
    worst = sorted(by_kind, key=lambda kind: -sorted(by_kind[kind])[int(len(by_kind[kind]) * 0.95)])[:5]
    for kind in worst:
        print(f"    slowest: {kind:22} {shares(by_kind[kind])}")
    for asked in tally.misses[:12]:
        person = people[asked.meant]
        print(f"    missed: {asked.kind}: «{asked.text}» for {person.family}, {person.given}")
    typing = [timed(session, text)[0] for asked in asked_all[: count // 20] for text in typed_on(asked.text)]
    print(f"as one types ({len(typing)} states) {shares(typing)}")
    raw.close()


def registering(network: Network, people: Sequence[Person], count: int, seed: int) -> None:
    """Looking for candidates and registering, beside registering alone; interleaved."""
    desk, random = network.log_in("msosa").desk(), Random(seed)
    looked, alone, found = list[float](), list[float](), 0
    for number in range(count):
        person = random.choice(people)
        typed = Person(
            person.given, person.family, person.sex, person.birth, wrong(random, person.number), ""
        )
        for took, look in ((looked, True), (alone, False)):
            paper = rules.Document("AR", "PAS", f"B{number}{look}")
            who = {"given": typed.given, "family": typed.family, "sex": typed.sex, "birth": typed.birth}
            started = time.perf_counter()
            if look:
                rows = desk.see(alike.alike, alike.AlikeQuery(typed.number, **who))  # type: ignore[arg-type]
                found += any(person.number in row.patient.document.replace(".", "") for row in rows)
            desk.do(service.register, service.RegisterPatient(document=paper, **who))  # type: ignore[arg-type]
            took.append(time.perf_counter() - started)
    print(
        f"registering after a look   {shares(looked)}   the true one among the candidates {found} of {count}"
    )
    print(f"registering alone          {shares(alone)}")


def wrong(random: Random, number: str) -> str:
    """The number with one digit wrong."""
    at = random.randrange(len(number))
    return number[:at] + str((int(number[at]) + random.randint(1, 9)) % 10) + number[at + 1 :]


def doubled(random: Random, person: Person) -> Person:
    """The same person entered again with one or two things wrong."""
    number = random.choice((wrong(random, person.number), person.number, ""))
    family, given, sex, birth = person.family, person.given, person.sex, person.birth
    match random.randrange(6):
        case 0:
            at = random.randrange(1, len(family) - 1)
            family = family[:at] + family[at + 1 :]
        case 1:
            given = given.split()[0]
        case 2:
            family = family.split()[0]
        case 3:
            sex = {"F": "M", "M": "F"}[sex]
        case 4:
            leap = (birth.month, birth.day) == (2, 29)
            birth = birth.replace(year=birth.year + random.choice((-1, 1)), day=28 if leap else birth.day)
        case _:
            at = random.randrange(1, len(given) - 1)
            given = given[:at] + random.choice("aeiou") + given[at + 1 :]
    return Person(given, family, sex, birth, number, "")


def scanned(network: Network, raw: psycopg.Connection[Any], people: Sequence[Person], count: int) -> None:
    """The whole registry with doubles put in, by a process of its own, as the command does it."""
    random = Random(31)
    meant = {each: doubled(random, people[each]) for each in random.sample(range(len(people)), count)}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    ids = {number: new_id() for number in meant}
    with raw.cursor().copy(
        "COPY patients (patient_id, chart_number, given, family, sex, birth, created_at) FROM STDIN"
    ) as copy:
        for number, p in meant.items():
            copy.write_row((ids[number], 9_000_000 + number, p.given, p.family, p.sex, p.birth, at))
    with raw.cursor().copy(
        "COPY patient_documents (document_key, patient_id, country, kind, number) FROM STDIN"
    ) as copy:
        for number, p in meant.items():
            if p.number:
                copy.write_row((f"XX:DNI:{number}", ids[number], "XX", "DNI", p.number))
    raw.execute("ANALYZE")
    started = time.perf_counter()
    pairs, memory, cpu = in_a_process(network)
    took = time.perf_counter() - started
    rows = raw.execute(
        "SELECT number, patient_id FROM patient_documents WHERE country = 'AR' AND kind = 'DNI'"
    )
    by_number: dict[str, UUID] = dict(rows.fetchall())
    wanted = {frozenset((ids[number], by_number[people[number].number])) for number in meant}
    found = {frozenset(pair) for pair in pairs}
    print(f"scan of {len(people) + count} people: {took:.1f} s ({cpu} of processor), {memory} MB; "
          f"{100 * len(wanted & found) / len(wanted):.2f} % of {len(wanted)} doubles found, "
          f"{len(found - wanted)} other pairs")  # fmt: skip


def in_a_process(network: Network) -> tuple[list[tuple[UUID, UUID]], int, int]:
    """The pairs that a scan finds, the megabytes and the seconds of processor that it needed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child:
        os.close(writer)
        with os.fdopen(reader, "rb") as stream:
            answer = stream.read()
        os.waitpid(child, 0)
        told, _, rest = answer.partition(b"\n")
        memory, cpu = map(int, told.split())
        halves = [rest[place : place + 16] for place in range(0, len(rest), 16)]
        numbers = [UUID(bytes=each) for each in halves]
        return list(zip(numbers[::2], numbers[1::2], strict=True)), memory, cpu
    gc.collect()
    gc.freeze()  # what came from the parent stays shared with it
    before, started = private_memory(), time.process_time()
    scan, view, last, most = Scan(), alike.roll, None, 0
    desk = network.log_in("secre").desk()
    while page := desk.see(view, alike.RollQuery(last)):
        for row in page:
            scan.add(row.patient_id, row.given, row.family, row.sex, row.birth, row.numbers)
        view, last = alike.roll_on, page[-1].patient_id
        most = max(most, private_memory())
    with os.fdopen(writer, "wb") as out:
        found = []
        for pair in scan.pairs():
            found.append(pair[0].bytes + pair[1].bytes)
            if len(found) % 1000 == 1:
                most = max(most, private_memory())
        out.write(f"{(most - before) >> 10} {time.process_time() - started:.0f}\n".encode() + b"".join(found))
    os._exit(0)


def private_memory() -> int:
    """Kilobytes that this process shares with nobody."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private"))


def main() -> None:
    """Build, search, register, scan."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--registrations", type=int, default=300)
    parser.add_argument("--doubles", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=5)
    said = parser.parse_args()
    with fresh_network() as network:
        started = time.perf_counter()
        people = list(People(said.seed).take(said.people))
        raw = listener(network.owner)
        ids = load(raw, people)
        name, count = Counter(each.family.split()[0] for each in people).most_common(1)[0]
        sizes = raw.execute(_SIZES).fetchone() or ()
        print(f"{said.people} people, {name} {100 * count / said.people:.1f} %,", end=" ")
        print("words {}, {} MB; search table {} MB".format(*sizes), end=" ")
        print(f"built in {time.perf_counter() - started:.0f} s")
        if said.queries:
            searches(network, people, ids, said.queries, said.seed + 1)
        if said.doubles:
            scanned(network, raw, people, said.doubles)
        if said.registrations:
            registering(network, people, said.registrations, said.seed + 2)
        raw.close()


if __name__ == "__main__":
    main()
