"""A registry of made-up people to measure on: built by COPY, kept between runs where a folder is named."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from inspect import getsource
from itertools import chain
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks import made_people
from benchmarks.made_people import People, Person
from clinicdesk.clinic.patients import spelling
from clinicdesk.clinic.patients.rules import chart_key
from clinicdesk.clinic.patients.spelling import SearchNames, sound
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for, listener
from tests.factories import Network, make_network

_ROOT: Final = Path(__file__).parents[1]
_FIRST_ID: Final = UUID("019b7600-0000-7000-8000-000000000000").int
_FIRST_CHART: Final = 1_000_000
_BATCH: Final = 2_000
_NULL: Final = r"\N"
_AT: Final = "2026-01-01"
_TABLES: Final = {
    "patients": "patient_id, chart_number, given, family, sex, birth, phone, created_at",
    "patient_search": "patient_id, names, birth, n",
    "patient_documents": "document_key, patient_id, country, kind, number",
    "name_words": "word, sound, people",
}
_SIZES: Final = """
SELECT count(*), pg_total_relation_size('name_words') >> 20, pg_relation_size('patient_search') >> 20,
  pg_indexes_size('patient_search') >> 20, pg_database_size(current_database()) >> 20 FROM name_words"""
_SECONDARY: Final = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
WHERE i.indrelid = ANY (%s::regclass[]) AND NOT i.indisunique"""


@dataclass(frozen=True, slots=True)
class Order:
    """Which people: how many, from which seed, with the names of which countries."""

    count: int
    seed: int
    names: str

    @property
    def database(self) -> str:
        """The name of the database that holds them."""
        return f"people_{self.count}_{self.names}_{self.seed}"


@dataclass(frozen=True, slots=True)
class Registry:
    """A copy of the registry: what a run writes goes with it. `ids[n]` is that of `people[n]`."""

    network: Network
    people: Sequence[Person]
    ids: Sequence[UUID]
    raw: psycopg.Connection[Any]


@contextmanager
def cluster(keep: Path | None) -> Iterator[tuple[embedded.Server, Network]]:
    """A durable server; one that is kept starts anew where the schema or the keys have changed since."""
    folder = keep or Path(tempfile.mkdtemp(prefix="cd-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    home, mark = folder / "home", folder / "made-of"
    try:
        if mark.exists() and mark.read_text() != _made_of():
            embedded.stop(home)
            shutil.rmtree(home)
            mark.unlink()
        server = embedded.start(home)
        owner = engine_for(server.owner_dsn)
        if mark.exists():
            network = Network(server.owner_dsn, owner, (), {}, {})
        else:
            migrate.upgrade(owner)
            network = make_network(owner, server.owner_dsn)
            mark.write_text(_made_of())
        owner.dispose()
        yield server, network
    finally:
        embedded.stop(home)
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def _made_of() -> str:
    """What a kept registry must agree with: the schema, and how names become keys."""
    said = hashlib.sha256()
    for path in sorted((_ROOT / "migrations").rglob("*.sql")):
        said.update(path.read_bytes())
    for module in (spelling, made_people):
        said.update(getsource(module).encode())
    return said.hexdigest()


@contextmanager
def registry(server: embedded.Server, network: Network, order: Order) -> Iterator[Registry]:
    """People to search among, made where they are not there yet."""
    people = list(People(order.seed, order.names).take(order.count))
    ids = ids_of(people)
    name, copy = order.database, f"run_{order.database}"
    with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as admin:
        known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s AND datistemplate", (name,))
        if known.fetchone() is None:
            _build(admin, server, name, people, ids)
        _copied(admin, name, copy)
        url = server.dsn("clinicdesk", copy)
        owner = engine_for(url)
        raw = listener(owner)
        try:
            _say(raw, people, order)
            yield Registry(replace(network, url=url, owner=owner), people, ids, raw)
        finally:
            raw.close()
            owner.dispose()
            admin.execute(f"DROP DATABASE {copy} WITH (FORCE)".encode())


def ids_of(people: Sequence[Person]) -> list[UUID]:
    """The same each time, so that nobody has to read them back."""
    return [UUID(int=_FIRST_ID + place) for place in range(len(people))]


def _build(
    admin: psycopg.Connection[Any],
    server: embedded.Server,
    name: str,
    people: Sequence[Person],
    ids: Sequence[UUID],
) -> None:
    started = time.perf_counter()
    _copied(admin, "clinicdesk", name)
    with psycopg.connect(server.dsn("clinicdesk", name), autocommit=True) as raw:
        load(raw, people, ids)
    admin.execute(f"ALTER DATABASE {name} IS_TEMPLATE true".encode())
    print(f"{name} built in {time.perf_counter() - started:.0f} s")


def _copied(admin: psycopg.Connection[Any], source: str, name: str) -> None:
    admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)".encode())
    admin.execute(f"CREATE DATABASE {name} TEMPLATE {source} STRATEGY file_copy".encode())
    admin.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC".encode())
    admin.execute(f"GRANT CONNECT ON DATABASE {name} TO k_staff, k_gate, k_display".encode())


def _say(raw: psycopg.Connection[Any], people: Sequence[Person], order: Order) -> None:
    words, *sizes = raw.execute(_SIZES).fetchall()[0]
    print(f"{order.count} people, names {order.names}, seed {order.seed}: {words} words of names;", end=" ")
    print("{} MB of words, {} of search rows, {} of their indexes; all {}".format(*sizes))


def load(raw: psycopg.Connection[Any], people: Sequence[Person], ids: Sequence[UUID]) -> None:
    """Write everybody by COPY, as an import would; indexes are made after."""
    secondary = raw.execute(_SECONDARY, (list(_TABLES),)).fetchall()
    for index, _made in secondary:
        raw.execute(f"DROP INDEX {index}".encode())
    names = [SearchNames.of(each.given, each.family) for each in people]
    for table, rows in _rows(people, ids, names).items():
        with raw.cursor().copy(f"COPY {table} ({_TABLES[table]}) FROM STDIN".encode()) as copy:
            batch: list[str] = []
            for row in rows:
                batch.append(row)
                if len(batch) == _BATCH:
                    copy.write("".join(batch))
                    batch.clear()
            copy.write("".join(batch))
    for _index, made in secondary:
        raw.execute(made.encode())
    raw.execute("VACUUM (ANALYZE)")


def _rows(
    people: Sequence[Person], ids: Sequence[UUID], names: Sequence[SearchNames]
) -> dict[str, Iterable[str]]:
    """Lines of COPY's text format by table; no value made up here needs an escape."""
    everybody = list(enumerate(zip(ids, people, names, strict=True)))
    by_number = sorted((p.number, i) for _n, (i, p, _names) in everybody)
    bearers = Counter(word for each in names for word in each.words)
    return {
        "patients": (
            f"{i}\t{_FIRST_CHART + n}\t{p.given}\t{p.family}\t{p.sex}\t{p.birth}\t{p.phone or _NULL}\t{_AT}\n"
            for n, (i, p, _names) in everybody
        ),
        "patient_search": (
            f"{i}\t{each.stored}\t{p.birth}\t{{{','.join(each.keys(p.birth.year, (p.number,)))}}}\n"
            for _n, (i, p, each) in everybody
        ),
        "patient_documents": chain(
            (f"AR:DNI:{number}\t{i}\tAR\tDNI\t{number}\n" for number, i in by_number),
            (f"{chart_key(n)}\t{i}\t{_NULL}\tHC\t{n:06d}\n" for n, i in enumerate(ids, _FIRST_CHART)),
        ),
        "name_words": (f"{word}\t{sound(word)}\t{count}\n" for word, count in sorted(bearers.items())),
    }


def top_surname(people: Sequence[Person]) -> tuple[str, float]:
    """The commonest first surname and its share in percent."""
    name, count = Counter(each.family.split()[0] for each in people).most_common(1)[0]
    return name, 100 * count / len(people)
