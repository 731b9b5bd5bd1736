"""How turns read on every screen: hours, states, waits, names. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.admissions import rules as queueing
from clinicdesk.clinic.admissions.rules import Because, Neighbour, Why
from clinicdesk.clinic.turns import board
from clinicdesk.clinic.turns.network import NetworkTurn
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import clock
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import SEALED, TRIAGE, TURN_STATES, Mark, Tone
from clinicdesk.tui.parts import Bit, wait_text

_HOURS_ALONE = 600
"""Waits from so many minutes on are told in hours alone."""
_MINUTES_AN_HOUR = 60
_TWO_DIGITS = 99
FREED = "─"
"""A place that can be given again."""
ADMISSIBLE = frozenset({State.REGISTRADO, State.CONFIRMADO, State.AUSENTE})


def hour(turn: TurnRow | NetworkTurn) -> str:
    """`09:40` on the clinic's clock; `dem.` for one who came without a turn."""
    return _("dem.") if turn.kind == "walk_in" else f"{turn.wall_start:%H:%M}"


def clock_time(at: datetime, zone: str) -> str:
    """`09:40`: an instant on the clinic's clock."""
    return f"{clock.local(at, zone):%H:%M}"


def day_time(at: datetime, zone: str) -> str:
    """`23/11/26 09:40`: an instant on the clinic's calendar and clock."""
    return f"{clock.local(at, zone):%d/%m/%y %H:%M}"


def mark(turn: TurnRow | NetworkTurn) -> Mark:
    """Glyph, word and tone of its state."""
    return TURN_STATES[turn.state]


def state_word(turn: TurnRow) -> Bit:
    """`en espera`, in the state's tone."""
    return Bit(mark(turn).word, mark(turn).tone)


def state_glyph(turn: TurnRow) -> Bit:
    """`≡`, in the state's tone."""
    return Bit(mark(turn).glyph, mark(turn).tone)


def patient_name(turn: TurnRow) -> str:
    """The whole name, for prompts that write."""
    return full_name(turn.family, turn.given)


def patient_short(turn: TurnRow, width: int) -> list[Bit]:
    """The name in so many columns, with `§` after it where the patient is sealed."""
    if not turn.sealed:
        return [Bit(short_name(turn.family, turn.given, width))]
    name = short_name(turn.family, turn.given, width - 2)
    return [Bit(name), Bit(" "), Bit(SEALED.glyph, SEALED.tone)]


def doctor(turn: TurnRow | NetworkTurn, width: int = 12) -> str:
    """The doctor's surname in so many columns."""
    return short_name(turn.doctor_family, "", width)


def triage(turn: TurnRow | NetworkTurn) -> Bit:
    """`N2`, blank before triage."""
    level = TRIAGE.get(turn.triage or 0)
    return Bit(level.glyph, level.tone) if level else Bit("  ")


def wait(turn: TurnRow | NetworkTurn, now: datetime, most: int = 8) -> Bit:
    """`24 min`, with `!` and reversed over the level's maximum; nothing for who does not wait.

    In less than 8 columns a wait over the maximum is minutes alone: `71!`.
    """
    if turn.state != State.EN_ESPERA or turn.arrived_at is None:
        return Bit("")
    minutes = queueing.wait_minutes(turn.arrived_at, now)
    text = wait_text(minutes) if minutes < _HOURS_ALONE else f"{minutes // _MINUTES_AN_HOUR} h"
    if not queueing.is_overdue(turn, now):
        return Bit(text)
    return Bit(f"{text}!" if len(text) < most else f"{minutes}!", Tone.OVERDUE)


def expected(turn: TurnRow, now: datetime) -> Bit:
    """`09:40`; `09:40!` reversed for who is expected and late."""
    is_late = bool(board.late_minutes(turn, now))
    return Bit(f"{hour(turn)}!", Tone.OVERDUE) if is_late else Bit(hour(turn))


def late(turn: TurnRow | NetworkTurn, now: datetime) -> Bit:
    """`tarde 12` for who is expected and has not come; nothing for who is not late."""
    minutes = board.late_minutes(turn, now)
    if not minutes:
        return Bit("")
    hours = minutes // _MINUTES_AN_HOUR
    return Bit(_("tarde {}").format(minutes if minutes <= _TWO_DIGITS else f"{hours}h"), Tone.OVERDUE)


def number_or_hour(turn: TurnRow | NetworkTurn) -> str:
    """How people refer to the turn: its number, else its hour."""
    return turn.ticket or hour(turn)


def news(turn: TurnRow, zone: str, before: TurnRow | None = None) -> str:
    """What happened last: `A014 Rivas Pons, Inés pasó a en espera 09:41.`, or that they were called.

    `before` is the turn as it was known: with it, what was no step of the turn is said too.
    """
    who = f"{number_or_hour(turn)} {patient_name(turn)}"
    if before is not None and (other := _besides_steps(turn, before)):
        return f"{who}: {other}."
    if turn.called_at is not None and turn.called_at > turn.state_at:
        times = plural(turn.calls, _("vez"), _("veces"))
        return _("{}: llamado {}, {}.").format(who, times, clock_time(turn.called_at, zone))
    return _("{} pasó a {} {}.").format(who, mark(turn).word, clock_time(turn.state_at, zone))


def _besides_steps(turn: TurnRow, before: TurnRow) -> str:
    """What changed without a change of state: hour, level, doctor; empty where something else did."""
    if turn.state != before.state:
        return ""
    if turn.wall_start != before.wall_start:
        return _("movido de {} a {}").format(_moment(before, turn), _moment(turn, before))
    if turn.triage != before.triage and turn.triage:
        was = TRIAGE[before.triage].word if before.triage else ""
        now = _("triaje {}").format(TRIAGE[turn.triage].word)
        return _("{}, antes {}").format(now, was) if was else now
    if turn.doctor_id != before.doctor_id:
        return _("pasó de {} a {}").format(before.doctor_family, turn.doctor_family)
    return ""


def _moment(turn: TurnRow, other: TurnRow) -> str:
    """Its hour; with the day where the other one is of another day."""
    return f"{turn.wall_start:%H:%M}" if turn.day == other.day else f"{turn.wall_start:%d/%m %H:%M}"


def waiting(turns: Iterable[TurnRow], now: datetime) -> list[TurnRow]:
    """Who waits, in the order in which they will be called."""
    queue = [turn for turn in turns if turn.state == State.EN_ESPERA]
    return queueing.in_order(queue, now)


def turn_of_today(turns: Iterable[TurnRow]) -> TurnRow | None:
    """Of a patient's turns of a day the one that matters: to admit, else under way, else the last."""
    found = list(turns)
    for states in (ADMISSIBLE - {State.AUSENTE}, {State.EN_ESPERA, State.EN_CURSO}, {State.AUSENTE}):
        for turn in found:
            if turn.state in states:
                return turn
    return found[-1] if found else None


def counts(turns: Iterable[TurnRow | NetworkTurn]) -> dict[str, int]:
    """How many are in each state."""
    found = dict.fromkeys(TURN_STATES, 0)
    for turn in turns:
        found[turn.state] += 1
    return found


def counts_line(found: dict[str, int], *, words: bool = True) -> list[Bit]:
    """` ° 14 reg.  + 9 conf.  …`: the legend of the glyphs at once."""
    bits: list[Bit] = []
    for state, number in found.items():
        each = TURN_STATES[state]
        bits += [Bit("  " if bits else " "), Bit(each.glyph, each.tone)]
        bits.append(Bit(f" {number} {each.short}" if words else f" {number}"))
    return bits


_BECAUSE: Final = MappingProxyType(
    {
        Because.LEVEL: _("por nivel"),
        Because.AGEING: _("por espera"),
        Because.ARRIVAL: _("llegó antes"),
        Because.TIE: _("llegó a la vez"),
    }
)


def why_this_order(turn: TurnRow, turns: Iterable[TurnRow], now: datetime) -> str:
    """`A009 es 2.º de 3: A3 AMARILLO, espera 24 min de 60. Antes: A013 N2, por nivel.`

    The queue is that of the doctor who will call.
    """
    waiting = (each for each in turns if each.state == State.EN_ESPERA)
    queue = [each for each in waiting if queueing.waits_for(each, turn.doctor_id, {turn.specialty_id})]
    found = queueing.why(turn.id, queue, now)
    if found is None:
        return _("No está en espera: el orden es de quienes esperan.")
    said = [_("{} es {}.º de {}: {}.").format(number_or_hour(turn), found.place, found.of, why_level(found))]
    if found.reached < found.level:
        said.append(_("Por la espera vale {}.").format(TRIAGE[found.reached].glyph))
    if found.ahead:
        said.append(_("Antes: {}.").format(_neighbour(found.ahead[-1])))
    elif found.behind:
        said.append(_("Después: {}.").format(_neighbour(found.behind[0])))
    return " ".join(said)


def why_level(found: Why[TurnRow]) -> str:
    """`A3 AMARILLO, espera 24 min de 60`."""
    level = TRIAGE[found.level]
    shown = f"{level.glyph} {level.word}" if found.turn.triage else _("sin triaje (como V4)")
    return _("{}, espera {} de {}").format(shown, wait_text(found.waited_minutes), found.most_minutes)


def _neighbour(other: Neighbour[TurnRow]) -> str:
    who = f"{number_or_hour(other.turn)} {triage(other.turn).text}".strip()
    return f"{who}, {_BECAUSE[other.because]}"
