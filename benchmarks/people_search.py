"""Recall and times of the search box, beside one hand-written statement."""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.asked_people import Asked, Oracle, Writer, typed_on
from benchmarks.bars import Bars, Clocks, load_now, percentile, shares
from benchmarks.made_people import Person
from benchmarks.registry import Registry
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import queries
from clinicdesk.clinic.patients.spelling import name_words
from tests.factories import PASSWORD

# The floor: one statement that finds words and their beginnings, without any tolerance.
_BY_NAME: Final = """
SELECT p.patient_id FROM patient_search s JOIN patients p USING (patient_id)
WHERE s.n @> %(keys)s AND NOT EXISTS (
  SELECT 1 FROM unnest(%(words)s::text[]) w
  WHERE NOT EXISTS (SELECT 1 FROM unnest(s.n) t WHERE starts_with(t, w)))
ORDER BY (SELECT count(*) FROM unnest(%(words)s::text[]) w WHERE w = ANY (s.n)) DESC, cardinality(s.n)
LIMIT 20"""
_BY_NUMBER: Final = """
SELECT p.patient_id FROM patient_documents d JOIN patients p USING (patient_id)
WHERE d.number >= %(number)s AND d.number < %(number)s || chr(1114111) AND d.kind <> 'HC'
ORDER BY d.number LIMIT 20"""
_DECIDABLE: Final = 10
_WARMING: Final = 200
_FLOOR_EACH: Final = 20
"""Beginnings take the hand-written statement seconds."""
_RECALL, _MOST_MS = 99.5, 50.0


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

    @property
    def recall(self) -> float:
        """Percent of those where at most ten fit."""
        every = [hit for hits in self.decidable.values() for hit in hits]
        return 100 * sum(every) / len(every)

    def show(self) -> None:
        for kind, hits in self.decidable.items():
            print(f"    {kind:28} {sum(hits):6} of {len(hits):6}  {100 * sum(hits) / len(hits):6.2f} %")
        decidable = sum(map(len, self.decidable.values()))
        share = 100 * decidable / (decidable + len(self.others))
        print(f"recall@10 where ten or fewer fit: {self.recall:.2f} % of {decidable} ({share:.0f} % of all)")
        if self.others:
            found, ceiling = (sum(each[side] for each in self.others) for side in (0, 1))
            part = len(self.others) / 100
            print(f"of the others {found / part:.1f} %; ten of all who fit would have {ceiling / part:.1f} %")


def found_by(session: Session, text: str) -> tuple[UUID, ...]:
    """One search as the desk makes it."""
    found = session.desk().see(queries.search_on, queries.SearchQuery(text, 20))
    return tuple(row.patient_id for row in found.rows)


def bare(raw: psycopg.Connection[Any], text: str) -> tuple[float, tuple[UUID, ...]]:
    """The same by the hand-written statement, and its seconds."""
    words = list(name_words(text))
    digits = text.replace(" ", "").replace("-", "")
    started = time.perf_counter()
    if digits.isdigit():
        rows = raw.execute(_BY_NUMBER, {"number": digits}).fetchall()
    else:
        keys = [f"3{word[:3]}" for word in words if len(word) > 2]
        rows = raw.execute(_BY_NAME, {"words": words, "keys": keys}).fetchall()
    return time.perf_counter() - started, tuple(row[0] for row in rows)


def searches(registry: Registry, count: int, seed: int, bars: Bars) -> None:
    """Whole queries of every kind: who is found, and in which time."""
    people, ids = registry.people, registry.ids
    session, oracle = registry.network.log_in("msosa"), Oracle(people)
    asked_all = Writer(people, seed).take(count)
    for asked in asked_all[:_WARMING]:
        found_by(session, asked.text)
        bare(registry.raw, asked.text)
    gc.freeze()
    ours, floor, tally, plain = Clocks(session.engine), list[float](), Tally(), list[bool]()
    for asked in asked_all:
        with ours.step():
            found = found_by(session, asked.text)
        took, bare_found = bare(registry.raw, asked.text)
        floor.append(took)
        fit = oracle.fit(asked)
        tally.add(asked, fit, hit=ids[asked.meant] in found[:_DECIDABLE])
        plain += [ids[asked.meant] in bare_found[:_DECIDABLE]] if fit <= _DECIDABLE else []
    tally.show()
    print(load_now())
    ours.show("whole queries")
    print(f"{'    one hand-written statement':30} {shares(floor)}", end="   ")
    print(f"its recall {100 * sum(plain) / len(plain):.1f} %")
    _slowest(asked_all, ours)
    _missed(people, tally)
    print(f"kept by a program after {count} searches: {kept(registry, asked_all):.0f} MB more than before")
    session.close()
    bars.at_least("recall@10 where at most ten fit", tally.recall, _RECALL, "%")
    bars.at_most("whole queries p95", percentile(ours.wall, 0.95), _MOST_MS, "ms")


_PROGRAM: Final = """
import sys
from benchmarks.people_search import found_by, memory
from clinicdesk import bootstrap
session = bootstrap.log_in(sys.argv[1], "msosa", sys.argv[2], host="prueba")
texts = [line.rstrip("\\n") for line in sys.stdin]
for text in texts[:int(sys.argv[3])]:
    found_by(session, text)
before = memory()
for text in texts:
    found_by(session, text)
print(memory() - before)
session.close()
"""


def kept(registry: Registry, asked_all: Sequence[Asked]) -> float:
    """Megabytes that the searches leave behind, in a program that holds no million people beside them:
    among so many objects the collector hardly ever looks at all of them.
    """
    texts = "".join(f"{asked.text}\n" for asked in asked_all)
    command = [sys.executable, "-c", _PROGRAM, registry.network.url, PASSWORD, str(_WARMING)]
    return float(subprocess.run(command, input=texts, check=True, stdout=subprocess.PIPE, text=True).stdout)


def _slowest(asked_all: list[Asked], ours: Clocks) -> None:
    by_kind: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for asked, *took in zip(asked_all, ours.wall, ours.processor, strict=True):
        by_kind[asked.kind].append((took[0], took[1]))
    worst = sorted(by_kind, key=lambda kind: -percentile([each[1] for each in by_kind[kind]], 0.95))
    for kind in worst[:6]:
        wall, processor = ([each[side] for each in by_kind[kind]] for side in (0, 1))
        print(f"    {kind:26} {shares(wall)}   processor {shares(processor)}")


def _missed(people: Sequence[Person], tally: Tally) -> None:
    for asked in tally.misses[:12]:
        person = people[asked.meant]
        print(f"    missed: {asked.kind}: «{asked.text}» for {person.family}, {person.given}")


def memory() -> float:
    """Megabytes that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / (1 << 20)


def typing(registry: Registry, count: int, seed: int, bars: Bars) -> None:
    """The box after each letter from the third on; every state is asked, none dropped."""
    session = registry.network.log_in("msosa")
    states = [text for asked in Writer(registry.people, seed).take(count) for text in typed_on(asked.text)]
    for text in states[:_WARMING]:
        found_by(session, text)
    ours, floor = Clocks(session.engine), list[float]()
    for number, text in enumerate(states):
        with ours.step():
            found_by(session, text)
        if number % _FLOOR_EACH == 0:
            floor.append(bare(registry.raw, text)[0])
    print(f"as one types {count} queries, {len(states)} states, {load_now()}")
    ours.show("as one types")
    print(f"{'    one hand-written statement':30} {shares(floor)}   of {len(floor)} states")
    lengths: dict[int, list[float]] = defaultdict(list)
    for text, took in zip(states, ours.processor, strict=True):
        lengths[min(len(text), 9)].append(took)
    for length in sorted(lengths):
        print(f"    {length} letters  processor {shares(lengths[length])}")
    session.close()
    bars.at_most("as one types p95", percentile(ours.wall, 0.95), _MOST_MS, "ms")
