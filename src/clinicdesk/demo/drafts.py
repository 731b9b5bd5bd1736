"""A turn of the demo, from being given to where it stands now, and its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from psycopg.types.range import Range

from clinicdesk.clinic.admissions.model import admissions, tickets, triage_events
from clinicdesk.clinic.admissions.rules import COMMON_SERIES, ticket_text
from clinicdesk.clinic.agendas.rules import Slot
from clinicdesk.clinic.turns.model import bookings, turn_events, turns
from clinicdesk.clinic.turns.rules import FREES_CLAIMS, Asker, State, is_late
from clinicdesk.demo.book import Book
from clinicdesk.demo.ground import Clinic, Doctor, Person
from clinicdesk.demo.stories import Story
from clinicdesk.kit import clock
from clinicdesk.kit.ids import derived_id


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of a turn."""

    state: State
    at: datetime
    by: int
    reason: str | None = None
    asked_by: Asker = Asker.PACIENTE
    """Of a cancellation: who wanted it."""


@dataclass(slots=True)
class Draft:
    """A turn being made. `slot` None: a walk-in, who holds no time."""

    clinic: Clinic
    day: date
    doctor: Doctor
    person: Person
    starts_at: datetime
    ends_at: datetime
    slot: Slot | None
    story: Story | None
    triage: int | None = None
    steps: list[Step] = field(default_factory=list)
    number: int | None = None
    id: UUID = field(init=False)

    def __post_init__(self) -> None:
        """The same turn gets the same id."""
        self.id = derived_id(self.starts_at, "demo", "turn", self.person.id.hex, self.clinic.code)

    @property
    def state(self) -> State:
        """Where it stands."""
        return self.steps[-1].state

    def when(self, state: State) -> datetime | None:
        """When it came into a state, None where it has not."""
        return next((step.at for step in self.steps if step.state is state), None)

    @property
    def ticket(self) -> str | None:
        """What was printed at the counter."""
        return ticket_text(self.number) if self.number else None

    @property
    def reason(self) -> str | None:
        """What was said at the counter; a walk-in always says something."""
        return self.story.reason.capitalize() if self.story else "Consulta" if self.slot is None else None


def number_tickets(drafts: list[Draft], last: int) -> None:
    """Number everybody who came to the counter, in the order they came, after the last number given."""
    came = [draft for draft in drafts if draft.when(State.EN_ESPERA)]
    came.sort(key=lambda draft: (draft.when(State.EN_ESPERA), draft.id))
    for number, draft in enumerate(came, start=last + 1):
        draft.number = number


def write(book: Book, draft: Draft, act: UUID, counter: int) -> None:
    """The rows of a turn: its chain of events, itself, its claims, its admission."""
    for seq, step in enumerate(draft.steps, start=1):
        book.add(
            turn_events,
            patient_id=draft.person.id,
            turn_id=draft.id,
            seq=seq,
            prev_seq=seq - 1 or None,
            from_state=draft.steps[seq - 2].state.value if seq > 1 else "",
            to_state=step.state.value,
            at=step.at,
            person_id=step.by,
            reason=step.reason,
            asked_by=step.asked_by.value if step.state is State.CANCELADO else None,
            late=is_late(draft.starts_at, step.at) if step.state is State.CANCELADO else None,
            act=act,
        )
    _turn(book, draft)
    if draft.slot is not None:
        _claims(book, draft, draft.slot)
    if draft.ticket is not None:
        _admission(book, draft, counter)


def _turn(book: Book, draft: Draft) -> None:
    block = draft.slot.block if draft.slot else None
    cancelled = draft.when(State.CANCELADO)
    called = draft.when(State.EN_CURSO)
    book.add(
        turns,
        patient_id=draft.person.id,
        id=draft.id,
        clinic_id=draft.clinic.id,
        doctor_id=draft.doctor.id,
        room_id=block.room_id if block else None,
        procedure_id=block.procedure_id if block else None,
        block_id=block.id if block else None,
        kind="booked" if block else "walk_in",
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        wall_start=clock.local(draft.starts_at, draft.clinic.zone).replace(tzinfo=None),
        zone=draft.clinic.zone,
        day=draft.day,
        seq=len(draft.steps),
        state=draft.state.value,
        state_at=draft.steps[-1].at,
        triage=draft.triage,
        ticket=draft.ticket,
        arrived_at=draft.when(State.EN_ESPERA),
        called_at=called,
        calls=1 if called else 0,
        reason=draft.reason,
        cancelled_by=draft.steps[-1].asked_by.value if cancelled else None,
        cancelled_late=is_late(draft.starts_at, cancelled) if cancelled else None,
    )


def _claims(book: Book, draft: Draft, slot: Slot) -> None:
    """Doctor, room and patient hold the time; finishing early gives the rest back."""
    finished = draft.when(State.FINALIZADO)
    ends_at = min(slot.ends_at, finished) if finished else slot.ends_at
    for resource in (slot.block.doctor_id, slot.block.room_id, -draft.person.chart_number):
        book.add(
            bookings,
            resource=Range(resource, resource, "[]"),
            resource_id=resource,
            id=draft.id,
            patient_id=draft.person.id,
            turn_id=draft.id,
            during=Range(slot.starts_at, ends_at, "[)"),
            active=draft.state not in FREES_CLAIMS,
        )


def _admission(book: Book, draft: Draft, counter: int) -> None:
    book.add(
        admissions,
        patient_id=draft.person.id,
        id=UUID(int=draft.id.int ^ 1),
        turn_id=draft.id,
        clinic_id=draft.clinic.id,
        at=draft.when(State.EN_ESPERA),
        ticket=draft.ticket,
        day=draft.day,
        person_id=counter,
    )
    if draft.triage is not None:
        _triage(book, draft, counter)
    number = draft.number or 0
    book.add(
        tickets,
        clinic_id=draft.clinic.id,
        day=draft.day,
        series=COMMON_SERIES,
        n=number,
        prev_n=number - 1 or None,
        patient_id=draft.person.id,
        turn_id=draft.id,
    )


def _triage(book: Book, draft: Draft, counter: int) -> None:
    """The level that was given on arrival."""
    book.add(
        triage_events,
        patient_id=draft.person.id,
        id=UUID(int=draft.id.int ^ 2),
        turn_id=draft.id,
        seq=1,
        level=draft.triage,
        at=draft.when(State.EN_ESPERA),
        person_id=counter,
        act=UUID(int=draft.id.int ^ 2),
    )
