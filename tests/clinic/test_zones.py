"""Local time: every zone of the countries served, over each of its clock changes of two years."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import zoneinfo
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path

import pytest

from clinicdesk.clinic.agendas import rules as agendas
from clinicdesk.clinic.countries import PACKS
from clinicdesk.kit import clock, zones
from tests.clinic.tzif import write_rules

ZONES = sorted({zone for code in PACKS for zone in zones.of_country(code)})
YEARS = 2
_HOUR = timedelta(hours=1)


@cache
def changes(zone: str) -> tuple[date, ...]:
    """The local days of this year and the next on which a zone's clock changes."""
    start = datetime(clock.now().year, 1, 1, tzinfo=UTC)
    hours = [start + n * _HOUR for n in range(24 * 366 * YEARS)]
    offsets = [clock.local(hour, zone).utcoffset() for hour in hours]
    return tuple(
        clock.local_day(later, zone)
        for later, (before, after) in zip(hours[1:], itertools.pairwise(offsets), strict=True)
        if before != after
    )


def block(day: date, minutes: int) -> agendas.Block:
    """A block around the clock."""
    return agendas.Block(
        1, 1, 2, 3, 4, day.isoweekday(), time(0), time(23, 59), minutes, date(2000, 1, 1), None
    )


def test_the_countries_served_have_all_their_zones() -> None:
    spanish = "AR BO CL CO CR CU DO EC ES GT HN MX NI PA PE PR PY SV UY VE"
    assert set(spanish.split(" ")) <= set(PACKS)
    assert all(pack.zone in zones.of_country(code) for code, pack in PACKS.items())
    assert len(zones.of_country("AR")) == 12
    assert {"Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"} == set(zones.of_country("ES"))
    assert zones.of_country("XX") == ()


def test_some_of_them_change_their_clocks() -> None:
    """Else the test below would say nothing."""
    assert sum(bool(changes(zone)) for zone in ZONES) >= 10
    assert all(changes(zone) for zone in ("Europe/Madrid", "America/Santiago"))


@pytest.mark.parametrize("zone", ZONES)
def test_no_slot_moves_on_the_wall_over_a_clock_change(zone: str) -> None:
    days = changes(zone) or (date(clock.now().year, 6, 1),)
    around = {day + timedelta(days=n) for day in days for n in (-1, 0, 1)}
    for day, minutes in itertools.product(sorted(around), (5, 15, 45)):
        found = list(agendas.slots_of(block(day, minutes), day, zone))
        for slot in found:
            assert clock.local(slot.starts_at, zone).replace(tzinfo=None) == slot.wall_start
            assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)
        for earlier, later in itertools.pairwise(found):
            assert earlier.ends_at <= later.starts_at
        assert len({slot.wall_start for slot in found}) == len(found)


def test_the_skipped_hour_is_not_offered_and_the_doubled_one_once() -> None:
    """Madrid: 2027-03-28 02:00 → 03:00 and 2027-10-31 03:00 → 02:00."""
    spring, autumn = date(2027, 3, 28), date(2027, 10, 31)
    offered = [
        slot.wall_start.time() for slot in agendas.slots_of(block(spring, 30), spring, "Europe/Madrid")
    ]
    assert [each for each in offered if each.hour in {1, 2, 3}] == [
        time(1), time(1, 30), time(3), time(3, 30),
    ]  # fmt: skip
    twice = list(agendas.slots_of(block(autumn, 30), autumn, "Europe/Madrid"))
    doubled = [slot for slot in twice if slot.wall_start.hour == 2]
    assert [slot.starts_at for slot in doubled] == [
        datetime(2027, 10, 31, 0, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC),
    ]  # fmt: skip
    three = next(slot for slot in twice if slot.wall_start.hour == 3)
    assert three.starts_at == datetime(2027, 10, 31, 2, tzinfo=UTC)


def test_the_rules_are_the_packages_and_not_the_systems() -> None:
    assert zoneinfo.TZPATH == (zones.PACKAGED,)
    assert zones.version() == _version_of({})


def test_rules_named_by_pythontzpath_are_used_and_say_their_release(tmp_path: Path) -> None:
    named = write_rules(tmp_path / "a", "2099z", {"America/Asuncion": "<-03>3"})
    assert _version_of({"PYTHONTZPATH": str(named)}) == "2099z"
    (named / "tzdata.zi").unlink()
    unnamed = _version_of({"PYTHONTZPATH": str(named)})
    assert unnamed.startswith("?")
    (named / "America" / "Asuncion").write_bytes(b"TZif")
    assert _version_of({"PYTHONTZPATH": str(named)}) not in {unnamed, "2099z"}


def _version_of(more: dict[str, str]) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONTZPATH"}
    asked = "from clinicdesk.kit import zones; print(zones.version())"
    command = [sys.executable, "-c", asked]
    done = subprocess.run(command, env=kept | more, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.strip()
