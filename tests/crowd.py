"""A crowd of real processes that book, move on, cancel and reopen at random; and what must hold after it."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Engine, text

from clinicdesk import bootstrap
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import queries, rules, service, suspension, undo
from clinicdesk.clinic.turns.moving import MoveTurn, move
from clinicdesk.clinic.turns.rules import How, State
from clinicdesk.clinic.usecases import UseCase
from clinicdesk.kit.errors import DatabaseUnreachable, Refusal
from tests.factories import PASSWORD, Network

_SPAWN: Final = multiprocessing.get_context("spawn")
_INSIST_SECONDS: Final = 300
_Hop = tuple[UseCase[Any, Any], type[service.Hop], tuple[State, ...]]
_S = State
COUNTER: Final[tuple[_Hop, ...]] = (
    (service.confirm, service.Hop, (_S.REGISTRADO,)),
    (service.unconfirm, service.Hop, (_S.CONFIRMADO,)),
    (admissions.admit, admissions.Admit, (_S.REGISTRADO, _S.CONFIRMADO, _S.AUSENTE)),
    (admissions.unadmit, service.Hop, (_S.EN_ESPERA,)),
    (service.cancel, service.Hop, (_S.REGISTRADO, _S.CONFIRMADO)),
    (service.reopen, service.Hop, (_S.CANCELADO,)),
    (undo.reinstate, service.Hop, (_S.CANCELADO,)),
    (service.absent, service.Hop, (_S.REGISTRADO, _S.CONFIRMADO)),
    (undo.unabsent, service.Hop, (_S.AUSENTE,)),
    (move, MoveTurn, (_S.REGISTRADO, _S.CONFIRMADO, _S.CANCELADO)),
)
DOCTOR: Final[tuple[_Hop, ...]] = (
    (records.start_visit, records.StartVisit, (_S.EN_ESPERA,)),
    (records.finish_visit, records.FinishVisit, (_S.EN_CURSO,)),
    (service.requeue, service.Hop, (_S.EN_CURSO,)),
    (service.cancel, service.Hop, (_S.EN_ESPERA,)),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the crowd works: a clinic's day at a moment of its clock, some slots and some patients."""

    url: str
    day: date
    at: datetime
    slots: tuple[str, ...]
    patients: tuple[UUID, ...]
    blocks: tuple[tuple[int, int], ...]
    """(doctor, block) of that day: what management suspends and opens again."""
    seed: int = 1
    steps: int = 60
    """Steps of each member; 0: until `meanwhile` has ended."""
    insist: bool = False
    """Whether an order that met no server is sent again, under its key, until it is answered."""


@dataclass(frozen=True, slots=True)
class Done:
    """An order that was acknowledged, and when (monotonic)."""

    key: UUID
    turn_id: UUID | None
    seq: int
    state: str
    at: float


@dataclass(slots=True)
class Told:
    """What a member of the crowd tells at the end: acknowledged orders, and how each attempt ended."""

    done: list[Done] = field(default_factory=list)
    ends: Counter[str] = field(default_factory=Counter)


def crowd(scene: Scene, usernames: Sequence[str], *, meanwhile: Callable[[], None] = lambda: None) -> Told:
    """Let them all work, each a process with a login of its own; `meanwhile` runs here."""
    with _SPAWN.Manager() as manager:
        told = manager.list()
        barrier, over = _SPAWN.Barrier(len(usernames)), manager.Event()
        members = [
            _SPAWN.Process(target=_member, args=(scene, number, username, barrier, over, told))
            for number, username in enumerate(usernames)
        ]
        for member in members:
            member.start()
        try:
            meanwhile()
        finally:
            over.set()
            for member in members:
                member.join(900)
        assert [member.exitcode for member in members] == [0] * len(members)
        every = Told()
        for each in told:
            every.done += each.done
            every.ends += each.ends
    return every


def _member(scene: Scene, number: int, username: str, barrier: Any, over: Any, told: Any) -> None:
    session = bootstrap.log_in(scene.url, username, PASSWORD, host="multitud")
    desk = Desk(session.engine, session.actor, now=lambda: scene.at)
    made = _Manager if session.actor.at.role.value == "gestion" else _Member
    worker = made(scene, desk, random.Random(scene.seed * 1009 + number))
    barrier.wait(300)
    steps = range(scene.steps) if scene.steps else iter(over.is_set, True)
    for _step in steps:
        worker.step()
    worker.end()
    told.append(worker.told)
    session.close()


class _Member:
    """One person of the crowd."""

    def __init__(self, scene: Scene, desk: Desk, chance: random.Random) -> None:
        self.scene, self.desk, self.chance = scene, desk, chance
        self.told = Told()
        self.seen: tuple[queries.TurnRow, ...] = ()
        at = desk.actor.at
        self.attends = at.role.value == "medico"
        self.ask = queries.DayQuery(at.clinic_id)

    def step(self) -> None:
        """One order, acknowledged or refused."""
        # Old lists are worth as much as new ones: most desks decide on what they saw a moment ago.
        if not self.seen or self.chance.random() < 0.4:
            self.seen = self._insisting(lambda: self.desk.see(queries.day_turns, self.ask))
        self.do(*self._choose())

    def end(self) -> None:
        """Nothing is left open."""

    def do(self, case: UseCase[Any, Any], order: Any) -> Any:
        """Carry it out and remember how it ended; None where it was refused."""
        try:
            answer = self._insisting(lambda: self.desk.do(case, order))
        except Refusal as refusal:
            self.told.ends[type(refusal).__name__] += 1
            return None
        self.told.ends["done"] += 1
        self._acknowledged(order, answer)
        return answer

    def _choose(self) -> tuple[UseCase[Any, Any], Any]:
        if not self.attends and (not self.seen or self.chance.random() < 0.3):
            slot, patient = self.chance.choice(self.scene.slots), self.chance.choice(self.scene.patients)
            known = tuple(row.id for row in self.seen)
            return service.book_turn, service.BookTurn(patient_id=patient, slot=slot, acknowledged=known)
        if not self.seen:
            return records.call_next, records.CallNext()
        row = self.chance.choice(self.seen)
        if self.chance.random() < 0.03:
            return undo.void, undo.Void(patient_id=row.patient_id, turn_id=row.id, reason="error")
        verbs = DOCTOR if self.attends else COUNTER
        fitting = [verb for verb in verbs if row.state in verb[2]]
        case, order, _from = self.chance.choice(fitting if fitting and self.chance.random() < 0.8 else verbs)
        seen: dict[str, Any] = {"seq": row.seq, "from_state": row.state, "reason": "prueba"}
        if case is move:
            seen["slot"] = self.chance.choice(self.scene.slots)
        return case, order(patient_id=row.patient_id, turn_id=row.id, **seen)

    def _acknowledged(self, order: Any, answer: Any) -> None:
        if isinstance(answer, suspension.CascadeAnswer):
            done = Done(order.key, None, 0, "", time.monotonic())
        else:
            turn_id = getattr(answer, "turn_id", None) or answer.id
            done = Done(order.key, turn_id, answer.seq, answer.state, time.monotonic())
        self.told.done.append(done)

    def _insisting(self, attempt: Callable[[], Any]) -> Any:
        end = time.monotonic() + _INSIST_SECONDS
        while True:
            try:
                return attempt()
            except DatabaseUnreachable:
                if not self.scene.insist or time.monotonic() > end:
                    raise
            self.told.ends["again"] += 1
            time.sleep(0.2)


class _Manager(_Member):
    """Suspends a block with all its turns, and opens it again."""

    suspended: int | None = None

    def step(self) -> None:
        """Suspend, or lift the suspension."""
        time.sleep(0.1)
        if self.suspended is not None:
            self.end()
            return
        doctor, block = self.chance.choice(self.scene.blocks)
        day = self.scene.day
        query = suspension.AwayQuery(doctor, day, day, block_id=block)
        fallen = self._insisting(lambda: self.desk.see(suspension.fallen_by_absence, query))
        order = suspension.SuspendBlock(
            block_id=block, first_day=day, last_day=day, reason="prueba", seen=fallen.seen
        )
        answer = self.do(suspension.suspend_block, order)
        self.suspended = None if answer is None else answer.id

    def end(self) -> None:
        """What is suspended is opened again."""
        if self.suspended is not None:
            self.do(suspension.reinstate, suspension.Reinstate(exception_id=self.suspended))
            self.suspended = None


EXPECTED: Final = frozenset(
    {"done", "again", "SlotTaken", "PatientBusy", "TurnChanged", "IllegalHop", "TurnNotFound", "NobodyWaits"}
    | {"SamePlace", "TurnInCourse", "BlockClosed", "AffectedChanged", "UndoneTooLate", "AlreadyBooked"}
)
_WITHOUT_STEP: Final = frozenset({"turn.call", "agenda.suspend", "agenda.reinstate"})

_OVERLAPS: Final = """
    SELECT count(*) FROM bookings a JOIN bookings b ON a.resource_id = b.resource_id AND a.id < b.id
    WHERE a.active AND b.active AND a.during && b.during"""
_CHAINS: Final = """
    SELECT t.id, t.state, t.seq, array_agg(e.from_state ORDER BY e.seq) AS left_states,
      array_agg(e.to_state ORDER BY e.seq) AS states, array_agg(e.how ORDER BY e.seq) AS hows
    FROM turns t JOIN turn_events e ON e.patient_id = t.patient_id AND e.turn_id = t.id
    GROUP BY t.patient_id, t.id"""
_CLAIMS: Final = """
    SELECT t.id, t.state, t.kind, t.voided_reason IS NOT NULL AS voided,
      count(b.id) FILTER (WHERE b.active) AS held,
      count(DISTINCT b.resource_id) FILTER (WHERE b.active AND (b.resource_id IN (t.doctor_id, t.room_id)
        OR b.resource_id = -p.chart_number) AND b.during = tstzrange(t.starts_at, t.ends_at)) AS own
    FROM turns t JOIN patients p ON p.patient_id = t.patient_id
    LEFT JOIN bookings b ON b.patient_id = t.patient_id AND b.turn_id = t.id
    WHERE t.block_id IS NOT NULL OR t.kind = 'walk_in'
    GROUP BY t.patient_id, t.id, p.chart_number"""
_KEPT: Final = "SELECT act, turn_id, seq, to_state FROM turn_events WHERE act = ANY(:keys)"
_ACTS: Final = "SELECT count(*) FROM acts WHERE key = ANY(:keys) AND outcome = 'done'"


_DECLARED: Final = frozenset(
    {("", state.value, How.HOP.value) for state in rules.BORN}
    | {(state.value, to.value, How.HOP.value) for state, ways in rules.HOPS.items() for to in ways}
    | {(state.value, to.value, How.MOVE.value) for state, to in rules.MOVES.items()}
    | {(state.value, to.value, How.UNDO.value) for state, ways in rules.UNDOES.items() for to in ways}
    | {(state.value, state.value, How.VOID.value) for state in rules.VOIDS}
)


def in_order(owner: Engine) -> None:
    """Nobody is in two places; each turn came to its state by declared steps and holds what that holds."""
    with owner.connect() as connection:
        assert connection.execute(text(_OVERLAPS)).scalar_one() == 0
        chains = connection.execute(text(_CHAINS)).all()
        claims = connection.execute(text(_CLAIMS)).all()
    for turn in chains:
        assert (turn.state, turn.seq) == (turn.states[-1], len(turn.states)), turn
        assert turn.left_states == ["", *turn.states[:-1]], turn
        steps = list(zip(turn.left_states, turn.states, turn.hows, strict=True))
        assert set(steps) <= _DECLARED, turn
    for turn in claims:
        assert turn.held in _held(turn), turn
        if turn.held and turn.state != State.FINALIZADO.value:
            assert turn.own == turn.held, turn


def _held(turn: Any) -> tuple[int, ...]:
    """How many claims in force a turn may have: doctor, room and patient together, or none."""
    if turn.kind == "walk_in" or turn.voided or turn.state in {State.CANCELADO, State.AUSENTE}:
        return (0,)
    if turn.state in {State.REGISTRADO, State.CONFIRMADO}:
        return (3,)
    return (0, 3)  # who came late has lost the time; a visit that ended before its hour gave it back


def nothing_lost(owner: Engine, told: Told) -> None:
    """Every acknowledged order is in the database as it was answered, and once."""
    keys = [done.key for done in told.done]
    assert len(set(keys)) == len(keys)
    with owner.connect() as connection:
        kept = connection.execute(text(_KEPT), {"keys": keys}).all()
        acts = connection.execute(text(_ACTS), {"keys": keys}).scalar_one()
    assert acts == len(keys)
    steps = Counter((row.act, row.turn_id, row.seq, row.to_state) for row in kept)
    assert set(steps.values()) <= {1}
    last = {(row.act, row.turn_id, row.seq): row.to_state for row in kept}
    missing = [
        done for done in told.done if last.get((done.key, done.turn_id, done.seq)) not in {done.state, None}
    ]
    assert missing == []
    with_steps = {row.act for row in kept}
    without = [done for done in told.done if done.key not in with_steps]
    assert all(_has_no_step(owner, done) for done in without), without


def _has_no_step(owner: Engine, done: Done) -> bool:
    """Whether an order makes no step of a turn it names: a call, a suspension."""
    asked = "SELECT what FROM acts WHERE key = :key"
    with owner.connect() as connection:
        return connection.execute(text(asked), {"key": done.key}).scalar_one() in _WITHOUT_STEP


def on_boards(network: Network, clinic_id: int, day: Any) -> dict[UUID, tuple[str, int, int]]:
    """What each board of the clinic must show: turn → (state, seq, calls)."""
    asked = """
        SELECT id, state, seq, calls FROM turns
        WHERE clinic_id = :clinic AND day = :day AND voided_reason IS NULL"""
    with network.owner.connect() as connection:
        rows = connection.execute(text(asked), {"clinic": clinic_id, "day": day})
        return {row.id: (row.state, row.seq, row.calls) for row in rows}
