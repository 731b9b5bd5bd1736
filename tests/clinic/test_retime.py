"""When a country changes its clock: under the new rules each turn stands at the hour people were told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, text, update

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.changes import CHANNEL, Kind, parsed
from clinicdesk.clinic.desk import DatabaseRefused, NotAllowed
from clinicdesk.clinic.sites.model import clinics, floors, rooms
from clinicdesk.clinic.turns import retime, service
from clinicdesk.clinic.turns.errors import SlotTaken
from clinicdesk.clinic.turns.moving import MoveTurn, move
from clinicdesk.kit import clock
from clinicdesk.kit.db import listener
from tests.clinic.tzif import write_rules
from tests.clinic.under_rules import under
from tests.factories import Network, new_patient

ASUNCION, MEXICO, LIMA = "America/Asuncion", "America/Mexico_City", "America/Lima"
# Real changes: Paraguay stays on its summer time since 2024, Mexico gave its up in 2022.
BEFORE = {ASUNCION: "<-04>4<-03>,M10.1.0/0,M3.4.0/0", MEXICO: "CST6CDT,M4.1.0,M10.5.0"}
AFTER = {ASUNCION: "<-03>3", MEXICO: "CST6"}


@dataclass
class Place:
    """Three clinics whose clocks differ, with a doctor's week in each, and the turns booked there."""

    network: Network
    fronts: dict[str, Session]
    blocks: dict[str, int]
    folders: dict[str, Path]

    @property
    def front(self) -> Session:
        """The counter in Paraguay."""
        return self.fronts[ASUNCION]

    def book(self, rules: str, *wanted: tuple[str, datetime]) -> list[Any]:
        """Book by the rules of a folder, each for a patient of its own: (zone, wall time)."""
        slots = [[str(new_patient(self.front).patient_id), self.slot(zone, wall)] for zone, wall in wanted]
        return list(under(self.folders[rules], "book", self.network.url, username="msosa", slots=slots))

    def slot(self, zone: str, wall: datetime) -> str:
        """A slot's id."""
        return f"{self.blocks[zone] + wall.weekday()}.{wall:%Y%m%dT%H%M}"

    def look(self, rules: str, turns: list[Any]) -> dict[str, tuple[datetime, datetime]]:
        """(wall time, instant) of each turn as a desk under these rules shows it."""
        seen = under(self.folders[rules], "look", self.network.url, username="msosa", ids=turns)
        return {
            turn: (datetime.fromisoformat(wall), datetime.fromisoformat(at))
            for turn, (wall, at) in seen.items()
        }

    def retime(self, rules: str) -> Any:
        """The owner's `db retime` under these rules."""
        return under(self.folders[rules], "retime", self.network.url)

    def claims(self, turn: str) -> list[Any]:
        """(resource, start, active) of a turn's claims."""
        asked = "SELECT resource_id, lower(during), active FROM bookings WHERE turn_id = :turn ORDER BY 1"
        with self.network.owner.connect() as owner:
            return [tuple(row) for row in owner.execute(text(asked), {"turn": turn})]


@pytest.fixture(scope="module")
def place(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """NORTE keeps the time of Paraguay, SUR of Mexico, OESTE of Peru, where nothing changes."""
    weeks = {
        ASUNCION: ("lpaz", time(6), time(23, 59)),
        MEXICO: ("jibarra", time(0), time(23, 59)),
        LIMA: ("lpaz", time(0), time(6)),
    }
    with network.owner.begin() as owner:
        procedure = owner.execute(select(agenda_blocks.c.procedure_id).limit(1)).scalar_one()
        owner.execute(delete(agenda_blocks))
        north, south = network.clinic_ids
        owner.execute(update(clinics).where(clinics.c.id == north).values(zone=ASUNCION))
        owner.execute(update(clinics).where(clinics.c.id == south).values(zone=MEXICO))
        west = owner.execute(
            insert(clinics).returning(clinics.c.id),
            {"code": "OESTE", "name": "Centro Oeste", "country": "PE", "zone": LIMA},
        ).scalar_one()
        floor = {"clinic_id": west, "number": 0, "name": "Planta baja"}
        owner.execute(insert(floors), floor)
        places = {ASUNCION: north, MEXICO: south, LIMA: west}
        blocks = {zone: _week(owner, network, places[zone], procedure, *weeks[zone]) for zone in places}
        clerk = {"person_id": network.person_ids["msosa"], "role": "admisionista"}
        owner.execute(insert(clinic_roles), [clerk | {"clinic_id": each} for each in (south, west)])
    folder = tmp_path_factory.mktemp("rules")
    # Invented: on a day of winter the clocks of Paraguay go from ten to eleven.
    number = winter(7, 7, 10).replace(year=2023).timetuple().tm_yday  # J: leap days are not counted
    skips = {ASUNCION: f"<-03>3<-02>,J{number}/10,J330/0", MEXICO: "CST6"}
    rules = {"before": BEFORE, "after": AFTER, "skips": skips}
    folders = {name: write_rules(folder / name, name, zones) for name, zones in rules.items()}
    codes = {ASUNCION: "NORTE", MEXICO: "SUR", LIMA: "OESTE"}
    fronts = {zone: network.log_in("msosa", clinic=code) for zone, code in codes.items()}
    yield Place(network, fronts, blocks, folders)
    for front in fronts.values():
        front.close()


def _week(
    owner: Any, network: Network, clinic_id: int, procedure: int, doctor: str, starts: time, ends: time
) -> int:
    """A room of its own and a block on each day; the id of Monday's."""
    floor = owner.execute(select(floors.c.id).where(floors.c.clinic_id == clinic_id)).scalar_one()
    room = {"clinic_id": clinic_id, "floor_id": floor, "code": "Z.9", "kind": "consultorio"}
    room_id = owner.execute(insert(rooms).returning(rooms.c.id), room).scalar_one()
    doctor_id = network.person_ids[doctor]
    works = {"person_id": doctor_id, "clinic_id": clinic_id, "role": "medico"}
    if not owner.execute(select(clinic_roles).filter_by(**works)).first():
        owner.execute(insert(clinic_roles), works)
    made = [
        owner.execute(
            insert(agenda_blocks).returning(agenda_blocks.c.id),
            {
                "clinic_id": clinic_id,
                "doctor_id": doctor_id,
                "room_id": room_id,
                "procedure_id": procedure,
                "weekday": weekday,
                "starts": starts,
                "ends": ends,
                "slot_minutes": 15,
                "state": "publicado",
                "valid_from": date(2020, 1, 1),
            },
        ).scalar_one()
        for weekday in range(1, 8)
    ]
    return int(made[0])


def winter(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A wall time on the next such day, or some weeks later: soon enough to be offered, not too soon."""
    today = clock.now().date()
    nominal = date(today.year, month, day)
    candidates = [nominal + timedelta(days=year * 365 + later) for later in (0, 25) for year in (0, 1)]
    wanted = next(each for each in candidates if 2 <= (each - today).days <= 350)
    return datetime.combine(wanted, time(hour, minute))


def test_under_new_rules_no_turn_moves_on_the_wall_and_every_instant_follows(place: Place) -> None:
    hours = [(hour, minute) for hour in (9, 10, 11) for minute in (0, 15, 30, 45)]
    wanted = [(zone, winter(7, 14, *at)) for zone in (ASUNCION, MEXICO, LIMA) for at in hours]
    # The doctor of two places is in Peru by night: another hour than in Paraguay, by any rules.
    wanted = [(z, wall.replace(hour=wall.hour - 9) if z == LIMA else wall) for z, wall in wanted]
    summer = [(ASUNCION, winter(12, 15, 9)), (MEXICO, winter(12, 15, 9))]
    place.retime("before")
    booked = place.book("before", *wanted, *summer)
    assert under(place.folders["before"], "retime", place.network.url)["turns"] == 0
    cancelled = _hop(place, booked[0], service.cancel, "registrado", reason="viaja")
    before = place.look("before", booked)
    heard = listener(place.front.engine)
    heard.execute(f"LISTEN {CHANNEL}".encode())
    done = place.retime("after")
    assert (done["before"], done["version"]) == ("before", "after")
    assert (done["turns"], done["overlapping"], done["place"], done["hour"]) == (24, [], [], [])
    told = [parsed(each.payload) for each in heard.notifies(timeout=5, stop_after=2)]
    heard.close()
    assert sorted(len(change.ids) for change in told if change and change.kind is Kind.TURN) == [12, 12]
    after = place.look("after", booked)
    assert {turn: wall for turn, (wall, _at) in after.items()} == {
        turn: wall for turn, (wall, _at) in before.items()
    }
    moved = {turn: (at - before[turn][1]).total_seconds() / 3600 for turn, (_wall, at) in after.items()}
    by_place = [moved[turn] for _patient, turn, _seq in booked]
    assert by_place == [-1.0] * 12 + [1.0] * 12 + [0.0] * 12 + [0.0] * 2
    for patient_turn in booked:
        claims = place.claims(patient_turn[1])
        assert len(claims) == 3
        assert {start for _resource, start, _active in claims} == {after[patient_turn[1]][1]}
        assert {active for *_rest, active in claims} == {patient_turn is not booked[0]}
    assert place.retime("after")["turns"] == 0
    _hop(place, [*booked[0][:2], cancelled], service.reopen, "cancelado")
    assert all(active for *_rest, active in place.claims(booked[0][1]))


def _hop(
    place: Place, turn: list[Any], case: Any, state: str, *, at: str = ASUNCION, reason: str | None = None
) -> int:
    patient, turn_id, seq = turn
    order = service.Hop(patient_id=patient, turn_id=turn_id, seq=seq, from_state=state, reason=reason)
    return int(place.fronts[at].desk().do(case, order).seq)


def test_a_doctor_of_two_zones_whose_turns_now_meet_keeps_the_first_and_the_other_is_listed(
    place: Place,
) -> None:
    place.retime("before")
    # In winter Lima's five is ten o'clock UTC: six in Asunción before, seven after.
    first, second = place.book("before", (LIMA, winter(8, 4, 5)), (ASUNCION, winter(8, 4, 7)))
    done = place.retime("after")
    assert done["overlapping"] == done["place"] == [second[1]]
    held = {resource for resource, _start, active in place.claims(second[1]) if active}
    assert place.network.person_ids["lpaz"] not in held
    assert len(held) == 2
    assert all(active for *_rest, active in place.claims(first[1]))
    assert place.retime("after")["place"] == [second[1]], "listed until somebody has moved or cancelled it"
    seq = _hop(place, second, service.cancel, "registrado", reason="se encima")
    assert place.retime("after")["place"] == []
    again = [*second[:2], seq]
    with pytest.raises(SlotTaken):
        _hop(place, again, service.reopen, "cancelado")
    _hop(place, first, service.cancel, "registrado", at=LIMA, reason="viaja")
    _hop(place, again, service.reopen, "cancelado")
    assert all(active for *_rest, active in place.claims(second[1]))


def test_a_turn_at_an_hour_that_is_skipped_from_now_on_is_listed(place: Place) -> None:
    place.retime("after")
    early, skipped, late = place.book("after", *((ASUNCION, winter(7, 7, hour)) for hour in (9, 10, 12)))
    done = place.retime("skips")
    assert done["hour"] == [skipped[1]]
    assert done["place"] == []
    seen = place.look("skips", [early, skipped, late])
    assert [seen[turn[1]][0].hour for turn in (early, skipped, late)] == [9, 10, 12]
    assert place.retime("after")["hour"] == []


def test_a_turn_that_was_moved_follows_where_it_stands_now(place: Place) -> None:
    place.retime("after")
    (turn,) = place.book("after", (ASUNCION, winter(7, 21, 9)))
    slot = place.slot(ASUNCION, winter(7, 21, 11))
    patient, turn_id, seq = turn
    order = MoveTurn(patient_id=UUID(patient), turn_id=turn_id, seq=seq, from_state="registrado", slot=slot)
    place.front.desk().do(move, order)
    assert turn_id not in place.retime("before")["place"]
    wall, at = place.look("before", [turn])[turn_id]
    assert (wall.hour, at.hour) == (11, 15)
    held = [(start.hour, active) for _resource, start, active in place.claims(turn_id)]
    assert sorted(held) == [(12, False)] * 3 + [(15, True)] * 3
    place.retime("after")


def test_desks_work_on_while_turns_follow_new_rules(place: Place) -> None:
    place.retime("before")
    hours = [(hour, minute) for hour in range(6, 16) for minute in (0, 15, 30, 45)]
    booked = place.book("before", *((MEXICO, winter(6, 16, *at)) for at in hours))
    failed: list[str] = []

    def work() -> None:
        for turn in booked:
            try:
                _hop(place, turn, service.confirm, "registrado", at=MEXICO)
            except Exception as error:  # noqa: BLE001 - whatever a desk meets is counted
                failed.append(repr(error))

    desk = Thread(target=work)
    other = Thread(target=place.retime, args=("after",))
    desk.start()
    other.start()
    first = place.retime("after")
    desk.join(300)
    other.join(300)
    assert failed == []
    assert first["place"] == []
    assert place.retime("after")["turns"] == 0
    seen = place.look("after", booked)
    for turn in booked:
        wall, at = seen[turn[1]]
        assert at.astimezone(ZoneInfo("Etc/GMT+6")).replace(tzinfo=None) == wall
        assert [(start, active) for _resource, start, active in place.claims(turn[1])] == [(at, True)] * 3


def test_days_that_are_over_keep_their_instants(place: Place) -> None:
    place.retime("before")
    (turn,) = place.book("before", (MEXICO, winter(6, 23, 9)))
    before = place.look("before", [turn])
    over = "UPDATE turns SET day = current_date - 3 WHERE id = :turn"
    with place.network.owner.begin() as owner:
        owner.execute(text(over), {"turn": turn[1]})
    place.retime("after")
    assert place.look("after", [turn]) == before


def test_the_owner_alone_has_turns_follow_rules(place: Place) -> None:
    """An administrator's login reaches none of the rows that this writes."""
    order = retime.Retime(clinic_id=place.network.clinic_ids[0], day=winter(7, 14, 9).date())
    with closing(place.network.log_in("admin")) as admin:
        with pytest.raises(DatabaseRefused):
            admin.desk().do(retime.retime, order)
        with pytest.raises(DatabaseRefused):
            admin.desk().do(retime.adopt, retime.AdoptRules(version="x", retimed=0))
    with closing(place.network.log_in("msosa")) as front:
        with pytest.raises(NotAllowed):
            front.desk().do(retime.retime, order)
        known = bootstrap.owner_desk(place.network.owner).see(retime.rules_in_force, retime.RulesQuery())
        assert front.zone_rules == known[0].version
