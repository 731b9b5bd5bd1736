"""The doctor's own queue, pure: who stands in it, in which order, and how a row reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from clinicdesk.clinic.admissions.rules import is_overdue, queue_key, wait_minutes, waits_for
from clinicdesk.clinic.records.cosigning import ToCosignRow
from clinicdesk.clinic.records.waiting import UnsignedRow
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import clock
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.text import cells, fit
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import SEALED, TRIAGE, TURN_STATES, Tone
from clinicdesk.tui.parts import Bit, Cell, wait_text
from clinicdesk.tui.parts.bits import fit_cell, width_of

EXPECTED: Final = (State.REGISTRADO, State.CONFIRMADO)
_WIDE: Final = 30
_DRAFT: Final = _("borr.")
_COSIGN: Final = _("cof.")
_NUMBER: Final = 6
_WAIT, _WIDE_WAIT = 4, 15


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the queue: a turn of today, a note of another day never signed, or one to be co-signed."""

    turn: TurnRow | None = None
    unsigned: UnsignedRow | None = None
    cosign: ToCosignRow | None = None

    @property
    def id(self) -> UUID:
        """The turn's, the visit's, or the note's."""
        if self.turn is not None:
            return self.turn.id
        if self.cosign is not None:
            return self.cosign.note_id
        assert self.unsigned is not None  # noqa: S101 - one of the two is always there
        return self.unsigned.visit_id

    @property
    def patient_id(self) -> UUID:
        """Whose place it is."""
        row = self.turn or self.unsigned or self.cosign
        assert row is not None  # noqa: S101 - as above
        return row.patient_id

    @property
    def name(self) -> str:
        """`Quispe Mamani, Rosa Elena`."""
        row = self.turn or self.unsigned or self.cosign
        return full_name(row.family, row.given) if row else ""


def places(
    turns: Iterable[TurnRow],
    unsigned: Iterable[UnsignedRow],
    doctor_id: int,
    now: datetime,
    services: Collection[int] = (),
    to_cosign: Iterable[ToCosignRow] = (),
) -> list[Place]:
    """Inside first, then the waiting in their order, who is to come, who has left, old drafts, co-signing.

    Among the waiting those who wait for one of the doctor's `services`.
    """
    mine = [
        turn
        for turn in turns
        if turn.doctor_id == doctor_id
        or (turn.state == State.EN_ESPERA and waits_for(turn, doctor_id, services))
    ]
    drafts = {(row.patient_id, row.turn_id): row for row in unsigned}

    def those(*states: State) -> list[TurnRow]:
        return [turn for turn in mine if turn.state in states]

    inside = sorted(those(State.EN_CURSO), key=lambda turn: (turn.state_at, turn.id))
    waiting = sorted(those(State.EN_ESPERA), key=lambda turn: queue_key(turn, now))
    expected = sorted(those(*EXPECTED), key=lambda turn: (turn.starts_at, turn.id))
    gone = sorted(those(State.FINALIZADO), key=lambda turn: (turn.state_at, turn.id), reverse=True)
    found = [
        Place(turn, drafts.pop((turn.patient_id, turn.id), None))
        for turn in (*inside, *waiting, *expected, *gone)
    ]
    found += [Place(None, row) for row in drafts.values()]
    return found + [Place(cosign=row) for row in to_cosign]


def counts_text(turns: Iterable[TurnRow], doctor_id: int) -> str:
    """`Hoy: 7 fin.  11 por venir`."""
    states = [turn.state for turn in turns if turn.doctor_id == doctor_id]
    gone = sum(1 for state in states if state == State.FINALIZADO)
    expected = sum(1 for state in states if state in EXPECTED)
    return f"{_('Hoy:')} {gone} {_('fin.')}  {expected} {_('por venir')}"


def owed_text(drafts: int, to_cosign: int) -> str:
    """`Sin firmar: 2 notas`, `1 sin firmar · 2 cofirmar`; nothing where nothing is owed."""
    if not to_cosign:
        return f"{_('Sin firmar:')} {plural(drafts, _('nota'), _('notas'))}" if drafts else ""
    waiting = _("{} a cofirmar").format(to_cosign)
    return _("{} sin firmar · {}").format(drafts, waiting) if drafts else waiting


def waiting_count(found: Iterable[Place]) -> int:
    """How many wait."""
    return sum(1 for place in found if place.turn is not None and place.turn.state == State.EN_ESPERA)


def place_lines(place: Place, width: int, now: datetime, zone: str) -> Sequence[Cell]:
    """A row of the queue: one line, or two where there is room for whole names."""
    wide = width >= _WIDE
    head = _head(place, wide, now, zone)
    draft = [Bit(f" {_DRAFT}", Tone.SLOW)] if place.unsigned is not None else []
    if place.cosign is not None:
        draft = [Bit(f" {_COSIGN}", Tone.SLOW)]
    if place.turn is not None and place.turn.sealed:
        draft = [Bit(" "), Bit(SEALED.glyph, SEALED.tone), *draft]
    if wide:
        return [[*head, *draft], f"{'':>{_NUMBER}}{place.name}"]
    room = max(1, width - width_of(head) - width_of(draft))
    row = place.turn or place.unsigned or place.cosign
    name = short_name(row.family, row.given, room) if row else ""
    return [[*head, *fit_cell(name, room), *draft]]


def _head(place: Place, wide: bool, now: datetime, zone: str) -> list[Bit]:
    """Number or hour, state, level and wait: what stands before the name."""
    turn = place.turn
    if turn is None:
        at = place.cosign.signed_at if place.cosign else place.unsigned.started_at if place.unsigned else now
        said = _("cofirmar") if place.cosign else _("sin firmar")
        return [Bit(fit(f"{clock.local(at, zone):%d/%m}", _NUMBER)), Bit(said) if wide else Bit("")]
    mark = TURN_STATES[turn.state]
    head = [
        Bit(fit(turn.ticket or f"{turn.wall_start:%H:%M}", _NUMBER)),
        Bit(mark.glyph, mark.tone),
        Bit(" "),
    ]
    if turn.state == State.EN_ESPERA:
        level = TRIAGE.get(turn.triage or 0)
        return [*head, Bit(level.glyph, level.tone) if level else Bit("  "), *_wait(turn, wide, now)]
    if not wide:
        return head
    minutes = f"  {wait_text(clock.minutes_between(turn.state_at, now))}"
    return [*head, Bit(f"{mark.word}{minutes if turn.state == State.EN_CURSO else ''}", mark.tone)]


def _wait(turn: TurnRow, wide: bool, now: datetime) -> list[Bit]:
    """` 12  `; reversed with a `!` once it is over the level's maximum: ` 71! `."""
    minutes = wait_minutes(turn.arrived_at, now)
    late = is_overdue(turn, now)
    text = f"{wait_text(minutes) if wide else minutes}{'!' if late else ' '}"
    blank = " " * max(1, (_WIDE_WAIT if wide else _WAIT) - cells(text))
    return [Bit(blank), Bit(text, Tone.OVERDUE if late else Tone.TEXT), Bit(" ")]
