"""Agendas as pure rules: slots under exceptions and clock changes, quotas, runs, nearness."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk.clinic.agendas import rules
from clinicdesk.clinic.agendas.rules import (
    ALWAYS,
    Away,
    Block,
    Busy,
    Calendar,
    Channel,
    Half,
    RoomOut,
    Site,
    Slot,
    Taken,
)
from clinicdesk.clinic.rights import Role
from clinicdesk.kit import clock

ZONES = ("America/Santiago", "America/Argentina/Buenos_Aires", "America/Havana", "America/Asuncion", "UTC")
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 30))
MINUTES = st.integers(0, 1439)


@st.composite
def blocks(draw: st.DrawFn) -> tuple[Block, date]:
    """A block with slots, and a day on which it holds."""
    day = draw(DAYS)
    first = draw(st.integers(0, 1380))
    last = draw(st.integers(first + 10, 1439))
    made = Block(
        *(1, 1, 2, 3, 4, day.isoweekday()),
        time(*divmod(first, 60)),
        time(*divmod(last, 60)),
        draw(st.integers(5, 60)),
        day - timedelta(days=draw(st.integers(0, 30))),
        None,
    )
    return made, day


def wall_end(slot: Slot) -> datetime:
    return slot.wall_start + (slot.ends_at - slot.starts_at)


@given(blocks(), st.sampled_from(ZONES))
def test_a_slot_is_where_the_wall_clock_says(made: tuple[Block, date], zone: str) -> None:
    block, day = made
    found = list(rules.slots_of(block, day, zone))
    assert all(clock.instant(slot.wall_start, zone) == slot.starts_at for slot in found)
    assert all(clock.exists(slot.wall_start, zone) for slot in found)
    assert all(block.starts <= slot.wall_start.time() and slot.wall_start.date() == day for slot in found)
    assert all(one.starts_at < other.starts_at for one, other in pairwise(found))
    assert len(found) <= block.places


@given(blocks(), MINUTES, MINUTES, st.booleans())
def test_nothing_is_offered_inside_an_absence(
    made: tuple[Block, date], first: int, last: int, of_block: bool
) -> None:
    block, day = made
    start, end = sorted((time(*divmod(first, 60)), time(*divmod(last, 60))))
    away = Away(block.doctor_id, block.id if of_block else None, day, day, start, end)
    shut = Calendar(away={block.doctor_id: (away,)})
    every = list(rules.slots_of(block, day, "UTC"))
    left = list(rules.slots_of(block, day, "UTC", shut))
    inside = [slot for slot in every if slot.wall_start.time() < end and start < wall_end(slot).time()]
    assert {slot.id for slot in left} == {slot.id for slot in every} - {slot.id for slot in inside}
    other = Away(block.doctor_id, block.id + 1, day, day)
    assert list(rules.slots_of(block, day, "UTC", Calendar(away={block.doctor_id: (other,)}))) == every


@given(blocks())
def test_holidays_and_rooms_shut_days_but_an_extra_day_works_on_a_holiday(made: tuple[Block, date]) -> None:
    block, day = made
    holiday = Calendar(holidays={(block.clinic_id, day): "Patrio"})
    out = Calendar(rooms={block.room_id: (RoomOut(block.room_id, day, None, "obra"),)})
    weekly = replace(block, valid_from=day - timedelta(days=7), valid_to=None)
    extra = replace(block, valid_from=day, valid_to=day)
    assert list(rules.slots_of(weekly, day, "UTC", holiday)) == []
    assert [*rules.slots_of(extra, day, "UTC", holiday)] == [*rules.slots_of(extra, day, "UTC")]
    assert list(rules.slots_of(extra, day, "UTC", out)) == []
    assert list(rules.slots_of(replace(weekly, state="suspendido"), day, "UTC")) == []


QUOTAS = st.dictionaries(st.sampled_from([each.value for each in Channel]), st.integers(1, 3), max_size=4)


@given(QUOTAS, st.integers(0, 6), st.integers(0, 400), st.sampled_from(list(Channel)))
def test_pools_add_up_to_the_places_and_the_own_comes_first(
    quotas: dict[str, int], spare: int, hours: int, channel: Channel
) -> None:
    places = sum(quotas.values()) + spare
    day = date(2026, 11, 23)
    block = Block(
        *(1, 1, 2, 3, 4, 1, time(8), time(20), 20, day, None),
        capacity=max(places, 1),
        quotas=tuple(sorted(quotas.items())),
    )
    slot = next(rules.slots_of(block, day, "UTC"))
    now = slot.starts_at - timedelta(hours=hours)
    found = rules.pools(slot, channel, now, now.date())
    if not quotas:
        assert found == ()
        return
    assert len({pool for pool, _most in found}) == len(found)
    assert sum(most for _pool, most in found) <= places
    if channel in quotas:
        assert found[0] == (channel, quotas[channel])
    assert dict(found).get(rules.FREE, 0) == max(places, 1) - sum(quotas.values())
    opened = rules.pools(slot, channel, slot.starts_at, day)
    assert sum(most for _pool, most in opened) == block.places, "on the day everything is for everybody"
    early = rules.pools(slot, channel, slot.starts_at - timedelta(days=60), day - timedelta(days=60))
    assert {pool for pool, _most in early} <= {channel, rules.FREE}, "and long before nothing of others is"


@pytest.mark.parametrize(("hours", "released"), [(49, False), (48, True), (1, True)])
def test_what_is_not_used_is_released_48_hours_before(hours: int, released: bool) -> None:
    day = date(2026, 11, 23)
    block = Block(1, 1, 2, 3, 4, 1, time(8), time(10), 20, day, None, quotas=(("web", 2),))
    slot = next(rules.slots_of(block, day, "UTC"))
    now = slot.starts_at - timedelta(hours=hours)
    found = dict(rules.pools(slot, Channel.PROGRAMADO, now, now.date()))
    assert ("web" in found) is released


@pytest.mark.parametrize(
    ("role", "days", "channel"),
    [
        (Role.ADMISIONISTA, 0, Channel.MISMO_DIA),
        (Role.SECRETARIA, 3, Channel.PROGRAMADO),
        (Role.GESTION, 3, Channel.GESTION),
        (Role.MEDICO, 0, Channel.PROFESIONAL),
        (Role.SERVICIO, 9, Channel.WEB),
    ],
)
def test_the_channel_follows_the_role(role: Role, days: int, channel: Channel) -> None:
    today = date(2026, 11, 23)
    assert rules.channel_of(role, today + timedelta(days=days), today) is channel


@given(st.lists(st.integers(0, 70), unique=True, max_size=40))
def test_a_slot_clashes_exactly_with_what_overlaps_it(starts: list[int]) -> None:
    day = date(2026, 11, 23)
    block = Block(1, 1, 2, 3, 4, 1, time(8), time(20), 10, day, None)
    begin = datetime(2026, 11, 23, 8, tzinfo=UTC)
    claims = [
        Busy(2 if at % 2 else 3, begin + timedelta(minutes=10 * at), begin + timedelta(minutes=10 * at + 7))
        for at in starts
    ]
    taken = Taken(claims)
    for slot in rules.slots_of(block, day, "UTC"):
        plain = any(each.starts_at < slot.ends_at and slot.starts_at < each.ends_at for each in claims)
        assert taken.clashes(slot) is plain


@given(st.sets(st.integers(0, 11)), st.integers(1, 4))
def test_runs_are_neighbours(chosen: set[int], length: int) -> None:
    day = date(2026, 11, 23)
    block = Block(1, 1, 2, 3, 4, 1, time(8), time(12), 20, day, None)
    slots = [slot for at, slot in enumerate(rules.slots_of(block, day, "UTC")) if at in chosen]
    found = [[slot.wall_start for slot in run] for run in rules.runs(slots, length)]
    every = {slot.wall_start for slot in slots}
    wanted = [
        [slot.wall_start + timedelta(minutes=20 * n) for n in range(length)]
        for slot in slots
        if all(slot.wall_start + timedelta(minutes=20 * n) in every for n in range(length))
    ]
    assert found == wanted


def test_halves_meet_at_noon() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert Half.PM.holds(noon)
    assert Half.AM.holds(noon - timedelta(minutes=1))
    assert not Half.AM.holds(noon)


def test_the_nearest_is_by_distance_then_city_then_name() -> None:
    here = Site(1, "Centro", "Rosario", -32.95, -60.65)
    others = [
        Site(2, "Lejos", "Salta", -24.79, -65.41),
        Site(3, "Cerca", "Funes", -32.92, -60.81),
        Site(4, "Zeta", "Rosario", None, None),
        Site(5, "Alfa", "Quilmes", None, None),
    ]
    ranked = sorted([*others, here], key=lambda site: site.far_from(here))
    assert [site.id for site in ranked] == [1, 3, 2, 4, 5]
    km = rules.distance_km((-34.6037, -58.3816), (-31.4201, -64.1888))
    assert 640 < km < 650, "Buenos Aires to Córdoba"


@given(blocks(), blocks())
def test_a_change_takes_and_adds_what_differs(one: tuple[Block, date], other: tuple[Block, date]) -> None:
    before, day = one
    after = replace(other[0], weekday=before.weekday, valid_from=before.valid_from)
    lost, gained = rules.slot_changes(before, after, [day], "UTC")
    old, new = (len(list(rules.slots_of(each, day, "UTC"))) for each in (before, after))
    assert new - old == gained - lost
    assert rules.slot_changes(before, before, [day], "UTC") == (0, 0)
    for slot in rules.slots_of(before, day, "UTC"):
        inside = after.starts <= slot.wall_start.time() and wall_end(slot) <= datetime.combine(
            day, after.ends
        )
        assert rules.stays(after, slot.wall_start, wall_end(slot), ALWAYS) is inside
