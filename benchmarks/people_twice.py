"""Registering somebody with look-alikes shown; the scan of the whole registry for people entered twice."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

from benchmarks.bars import Bars, Clocks, load_now, percentile
from benchmarks.made_people import Person
from benchmarks.registry import Registry
from clinicdesk.clinic.patients import alike, rules, service
from clinicdesk.kit.ids import new_id
from tests.factories import PASSWORD, Network

_MOST_MS: Final = 50.0
_SCAN_SECONDS, _SCAN_MB, _FOUND = 60.0, 500.0, 99.0
_WARMING: Final = 20
_LOOK_SECONDS: Final = 0.2
_WAYS: Final = 6


def registering(registry: Registry, count: int, seed: int, bars: Bars) -> None:
    """Looking for candidates and registering, beside registering alone; interleaved."""
    session, random = registry.network.log_in("msosa"), Random(seed)
    desk, found = session.desk(), 0
    both, looks, alone = (Clocks(session.engine) for _ in range(3))
    for number in range(-_WARMING, count):
        if number == 0:
            both, looks, alone, found = *(Clocks(session.engine) for _ in range(3)), 0
        person = random.choice(registry.people)
        typed = doubled(random, person)
        who: dict[str, Any] = {name: getattr(typed, name) for name in ("given", "family", "sex", "birth")}
        with both.step():
            with looks.step():
                rows = desk.see(alike.alike, alike.AlikeQuery(typed.number, **who))
            desk.do(service.register, service.RegisterPatient(document=_paper(number, "A"), **who))
        found += any(person.number in row.patient.document_key for row in rows)
        with alone.step():
            desk.do(service.register, service.RegisterPatient(document=_paper(number, "B"), **who))
    print(f"{count} registrations of people who are there already, one or two things wrong; {load_now()}")
    both.show("a look and registering")
    looks.show("    the look alone")
    alone.show("    registering alone")
    print(f"the true one suggested: {found} of {count}; by the weights two things wrong may be too many")
    session.close()
    bars.at_most("registering with candidates p95", percentile(both.wall, 0.95), _MOST_MS, "ms")


def _paper(number: int, series: str) -> rules.Document:
    return rules.Document("AR", "PAS", f"{series}{abs(number)}{'W' if number < 0 else ''}")


def wrong(random: Random, number: str) -> str:
    """The number with one digit wrong."""
    at = random.randrange(len(number))
    return number[:at] + str((int(number[at]) + random.randint(1, 9)) % 10) + number[at + 1 :]


def doubled(random: Random, person: Person) -> Person:
    """The same person entered again with one or two things wrong."""
    number = random.choice((wrong(random, person.number), person.number, ""))
    family, given, sex, birth = person.family, person.given, person.sex, person.birth
    match random.randrange(_WAYS):
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


def scanned(registry: Registry, count: int, bars: Bars) -> None:
    """The whole registry with doubles put in, by the command itself in a process of its own."""
    wanted = _put_in(registry, count)
    with tempfile.TemporaryDirectory(prefix="cd-") as folder:
        took, processor, megabytes = _command(registry.network, Path(folder))
    rows = registry.raw.execute("SELECT patient_id, other_id FROM likely_duplicates").fetchall()
    found = {frozenset(row) for row in rows}
    share = 100 * len(wanted & found) / len(wanted)
    people = len(registry.people) + count
    print(
        f"scan of {people} people by the command: {took:.1f} s ({processor:.1f} s of its processor),", end=" "
    )
    print(f"{megabytes:.0f} MB at most, {load_now()}")
    print(f"    {share:.2f} % of {count} doubles found, {len(found - wanted)} other pairs")
    bars.at_most("scan of the registry", took, _SCAN_SECONDS, "s")
    bars.at_most("its memory", megabytes, _SCAN_MB, "MB")
    bars.at_least("doubles found", share, _FOUND, "%")


def _put_in(registry: Registry, count: int) -> set[frozenset[UUID]]:
    """Enter people twice; the pairs."""
    random, raw = Random(31), registry.raw
    meant = {
        place: doubled(random, registry.people[place])
        for place in random.sample(range(len(registry.people)), count)
    }
    ids = {place: new_id() for place in meant}
    with raw.cursor().copy(
        "COPY patients (patient_id, chart_number, given, family, sex, birth, created_at) FROM STDIN"
    ) as copy:
        for place, p in meant.items():
            copy.write_row((ids[place], 9_000_000 + place, p.given, p.family, p.sex, p.birth, "2026-01-01"))
    with raw.cursor().copy(
        "COPY patient_documents (document_key, patient_id, country, kind, number) FROM STDIN"
    ) as copy:
        for place, p in meant.items():
            if p.number:
                copy.write_row((f"XX:DNI:{place}", ids[place], "XX", "DNI", p.number))
    raw.execute("ANALYZE patients, patient_documents")
    return {frozenset((ids[place], registry.ids[place])) for place in meant}


def _megabytes(process: int) -> float:
    """What a process and those it started hold; pages that they share count once."""
    folder, held = Path(f"/proc/{process}"), 0.0
    with suppress(OSError):
        lines = (folder / "smaps_rollup").read_text().splitlines()
        held = sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
        for child in (folder / f"task/{process}/children").read_text().split():
            held += _megabytes(int(child))
    return held


def _command(network: Network, folder: Path) -> tuple[float, float, float]:
    """Seconds that passed, seconds of processor and megabytes at most of `patient duplicates --scan`."""
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    secret.chmod(0o600)
    environment = {
        **os.environ,
        "CLINICDESK_DATABASE_URL": network.url,
        "CLINICDESK_HOME": str(folder / "home"),
        "CLINICDESK_USER": "secre",
        "CLINICDESK_PASSWORD_FILE": str(secret),
    }
    started = time.perf_counter()
    child = subprocess.Popen(
        [Path(sys.executable).with_name("clinicdesk"), "patient", "duplicates", "--scan", "--limit", "1"],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    most = 0.0
    while not (ended := os.wait4(child.pid, os.WNOHANG))[0]:
        most = max(most, _megabytes(child.pid))
        time.sleep(_LOOK_SECONDS)
    _pid, status, used = ended
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        logs = "".join(path.read_text() for path in folder.rglob("*.log"))
        raise SystemExit(f"the scan ended with {child.returncode}\n{logs}")
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, most
