"""Make the demo network once, and its today each day that it is opened."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Engine, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic import changes
from clinicdesk.clinic.access.model import clinic_roles, logins
from clinicdesk.clinic.acts import act_answers, acts
from clinicdesk.clinic.admissions.model import tickets
from clinicdesk.clinic.admissions.rules import COMMON_SERIES
from clinicdesk.clinic.agendas.rules import Busy
from clinicdesk.clinic.rights import Role
from clinicdesk.clinic.sites.model import clinics
from clinicdesk.clinic.turns.model import bookings, turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.demo import agendas, drafts, ground, past
from clinicdesk.demo.book import Book
from clinicdesk.demo.build import Plan, build
from clinicdesk.demo.charts import Charts, Seen
from clinicdesk.demo.days import ClinicDay, Moment, Pool
from clinicdesk.demo.errors import RealInstallation
from clinicdesk.demo.ground import Clinic, Ground
from clinicdesk.demo.patients import patients
from clinicdesk.demo.places import places
from clinicdesk.demo.staff import USERNAMES, password_of, staff
from clinicdesk.kit import clock
from clinicdesk.kit.ids import derived_id
from clinicdesk.kit.words import _

SEED: Final = "clinicdesk"
_DAYS_BEFORE: Final = 1
_BEGUN: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NETWORK_KEY: Final = derived_id(_BEGUN, "demo", "network")
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('clinicdesk.demo', 0))")


@dataclass(frozen=True, slots=True)
class Size:
    """How large a network is, and what its people are drawn from."""

    clinics: int = 20
    patients: int = 2000
    seed: str = SEED


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A login of the demo. `role` as typed, `clinic` a code."""

    role: str
    user: str
    password: str
    clinic: str


@dataclass(frozen=True, slots=True)
class Demo:
    """The network that stands, which may be of another size than was asked for."""

    size: Size
    users: tuple[DemoUser, ...]
    made_now: bool


def plan(size: Size) -> Plan:
    """The people and places of a network: the same for the same size and seed."""
    stand = places(size.clinics)
    return Plan(stand, staff(stand, size.seed), patients(stand, size.patients, size.seed))


def prepare(
    owner: Engine, size: Size, say: Callable[[str], None], now: Callable[[], datetime] = clock.now
) -> Demo:
    """Make the network unless it stands, then whatever of today is missing.

    `owner` is the migrated database's owner. All in one transaction: a kill leaves nothing half-made.
    Raises RealInstallation where the database holds anything else than a demo.
    """
    with _no_collecting(), owner.begin() as connection:
        connection.execute(_LOCK)
        standing = _standing(connection)
        at = now()
        if standing is None:
            say(
                _("Creando {clinics} centros y {patients} pacientes…").format(
                    clinics=size.clinics, patients=size.patients
                )
            )
            build(connection, plan(size), size.seed)
            _mark(connection, _NETWORK_KEY, "demo.network", None)
            connection.execute(insert(act_answers).values(**_answer(size)))
        network = standing or size
        _bring_up_to(connection, network, at, say, fresh=standing is None)
        return Demo(network, _users(connection), made_now=standing is None)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """A hundred thousand rows that all live to the end: looking for garbage among them costs a fifth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _standing(connection: Connection) -> Size | None:
    """The network that stands, None in an empty database. Raises RealInstallation."""
    stored = select(act_answers.c.answer).where(act_answers.c.key == _NETWORK_KEY)
    found = connection.execute(stored).first()
    if found is not None:
        return msgspec.convert(found.answer, Size)
    if connection.execute(select(clinics.c.id).limit(1)).first() is not None:
        raise RealInstallation
    return None


def _answer(size: Size) -> dict[str, Any]:
    return {"key": _NETWORK_KEY, "order_hash": "demo", "answer": msgspec.to_builtins(size)}


def _mark(connection: Connection, key: UUID, what: str, clinic_id: int | None) -> bool:
    """Write what was made down as an act of the owner's; False where it had been."""
    act = {
        "key": key,
        "role": "demo",
        "host": "demo",
        "clinic_id": clinic_id,
        "what": what,
        "purpose": "ADMIN",
        "outcome": "done",
    }
    statement = upsert(acts).values(**act).on_conflict_do_nothing(constraint="acts_pk").returning(acts.c.key)
    return connection.execute(statement).first() is not None


def _users(connection: Connection) -> tuple[DemoUser, ...]:
    """Who can log in, the first clinic first, roles in the order people meet them."""
    statement = (
        select(logins.c.username, clinic_roles.c.role, clinics.c.code)
        .join(clinic_roles, clinic_roles.c.person_id == logins.c.person_id)
        .join(clinics, clinics.c.id == clinic_roles.c.clinic_id)
        .where(logins.c.is_demo, logins.c.disabled_at.is_(None))
        .order_by(clinics.c.id)
    )
    found = [
        DemoUser(row.role, row.username, password_of(Role(row.role)), row.code)
        for row in connection.execute(statement)
    ]
    order = [role.value for role in USERNAMES]
    first = {code: at for at, code in reversed(list(enumerate(each.clinic for each in found)))}
    return tuple(sorted(found, key=lambda each: (first[each.clinic], order.index(each.role))))


class _Days:
    """Writes days into one book."""

    def __init__(self, connection: Connection, stand: Ground, seed: str, now: datetime, book: Book) -> None:
        self._connection, self._stand, self._seed, self._now, self._book = connection, stand, seed, now, book
        self._pools: dict[tuple[str, date], Pool] = {}
        self.charts = Charts(book, ground.chain_ends(connection), now)
        self.turns = 0

    def make(self, clinic: Clinic, moment: Moment) -> None:
        """One clinic's day, unless it has been made before."""
        key = derived_id(datetime.combine(moment.day, time(), UTC), "demo", "day", clinic.code)
        if clinic.id not in self._stand.counter or not _mark(self._connection, key, "demo.day", clinic.id):
            return
        busy = _busy(self._connection, clinic, moment.day)
        counter = self._stand.counter[clinic.id]
        day = ClinicDay(clinic, moment, self._pool(clinic.city, moment.day), counter, busy, self._seed)
        blocks = agendas.open_blocks(self._connection, self._stand.blocks.get(clinic.id, []), moment.day)
        made = day.make(self._stand.doctors.get(clinic.id, []), blocks)
        self._number(clinic, moment.day, made)
        agendas.count_places(self._connection, self._book, moment.day, made)
        for draft in made:
            drafts.write(self._book, draft, key, counter)
            self._visit(draft)
        self.turns += len(made)
        hint = changes.payload(changes.Change(changes.Kind.TURN, key, clinic.id, moment.day))
        self._connection.execute(select(func.pg_notify(changes.CHANNEL, hint)))

    def suspend(self, clinic: Clinic) -> None:
        """A block some days ahead is not worked: its turns fall, and patients are to be told."""
        shut = agendas.chosen(self._stand, clinic, clock.local_day(self._now, clinic.zone))
        key = derived_id(_BEGUN, "demo", "suspension", clinic.code)
        if shut is None or not _mark(self._connection, key, "demo.suspension", clinic.id):
            return
        pool = self._pool(clinic.city, shut.day)
        made = agendas.suspend(self._connection, self._book, self._stand, clinic, shut, pool, self._now)
        for draft in made:
            drafts.write(self._book, draft, key, self._stand.counter[clinic.id])
        self.turns += len(made)

    def _pool(self, city: str, day: date) -> Pool:
        if (city, day) not in self._pools:
            statement = select(turns.c.patient_id).where(turns.c.day == day)
            expected = {row.patient_id for row in self._connection.execute(statement)}
            living = [
                person
                for person in self._stand.people.get(city, ())
                if person.deceased_on is None and person.since.date() < day and person.id not in expected
            ]
            Random(f"{self._seed}:{city}:{day}").shuffle(living)  # noqa: S311 - made-up turns
            # Who has a history comes first: the charts that somebody will open are not empty.
            living.sort(key=lambda person: person.id not in self.charts.ends)
            self._pools[city, day] = Pool(living)
        return self._pools[city, day]

    def _number(self, clinic: Clinic, day: date, made: list[drafts.Draft]) -> None:
        """Tickets go on from those that were given by hand."""
        counted = (tickets.c.clinic_id == clinic.id) & (tickets.c.day == day)
        counted &= tickets.c.series == COMMON_SERIES
        before = self._connection.execute(select(func.max(tickets.c.n)).where(counted)).scalar() or 0
        drafts.number_tickets(made, before)

    def _visit(self, draft: drafts.Draft) -> None:
        started = draft.when(State.EN_CURSO)
        if started is None:
            return
        finished = draft.when(State.FINALIZADO)
        seen = Seen(draft.person, draft.doctor, started, finished, draft.id)
        if finished is not None and draft.story is not None:
            random = Random(f"{self._seed}:{draft.id}")  # noqa: S311 - made-up findings
            self.charts.whole_visit(seen, draft.story, random)
        else:
            self.charts.open_visit(seen, "consulta")


def _busy(connection: Connection, clinic: Clinic, day: date) -> list[Busy]:
    """Claims in force that touch the clinic's day."""
    start, end = clock.day_bounds(day, clinic.zone)
    statement = select(
        bookings.c.resource_id, func.lower(bookings.c.during), func.upper(bookings.c.during)
    ).where(bookings.c.active, bookings.c.during.op("&&")(func.tstzrange(start, end)))
    return [Busy(*row) for row in connection.execute(statement)]


def _bring_up_to(
    connection: Connection, size: Size, now: datetime, say: Callable[[str], None], *, fresh: bool
) -> None:
    """Today in every clinic; in a new network also its past, oldest first."""
    stand = ground.read(connection)
    book = Book()
    days = _Days(connection, stand, size.seed, now, book)
    if fresh:
        say(_("Escribiendo historias clínicas y turnos…"))
        past.write(days.charts, stand, now, size.seed)
        for back in range(_DAYS_BEFORE, 0, -1):
            for clinic in stand.clinics:
                days.make(clinic, _closed(clinic, now, back))
    for clinic in stand.clinics:
        days.make(clinic, Moment(clock.local_day(now, clinic.zone), now))
    if fresh:
        days.suspend(stand.clinics[0])
    if days.turns:
        say(_("Guardando turnos e historias…"))
        raw: Any = connection.connection.driver_connection
        book.write(raw)
        connection.execute(text("ANALYZE"))


def _closed(clinic: Clinic, now: datetime, back: int) -> Moment:
    """A day before today, seen from its last minute."""
    day = clock.local_day(now, clinic.zone) - timedelta(days=back)
    return Moment(day, clock.day_bounds(day, clinic.zone)[1] - timedelta(minutes=1), over=True)
