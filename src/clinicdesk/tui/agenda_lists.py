"""How a day of an agenda reads, row by row. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from types import MappingProxyType

from clinicdesk.clinic.admissions.rules import wait_minutes
from clinicdesk.clinic.turns.agenda_day import AgendaDay, AgendaRow, Kind
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.text import cut, fit
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import TURN_STATES, Tone
from clinicdesk.tui.parts import Bit, Cell, day_text, wait_text
from clinicdesk.tui.parts.lines import DAYS

_NAME = 33
_DONE = 12
_SHORT_DAYS = 6
NOTICES = MappingProxyType(
    {"pendiente": _("por avisar"), "hecho": _("avisado"), "sin_medio": _("sin teléfono")}
)
"""How the state of a notice reads."""


def agenda_lines(row: AgendaRow, width: int, now: datetime, zone: str, *, again: bool) -> Sequence[Cell]:
    """The one line of a row; `again`: its hour stands in the row above."""
    hour = "     " if again else f"{row.wall_start:%H:%M}"
    wide = max(0, width - 79)
    if row.kind is Kind.TURN and row.turn is not None:
        return [_turn_line(row, row.turn, hour, now, zone, wide)]
    if row.kind is Kind.SHUT:
        return [_shut_line(row, wide)]
    if row.kind is Kind.TOLD:
        return [_told_line(row, wide)]
    return [_free_line(row, hour, wide, now, zone)]


def _turn_line(row: AgendaRow, turn: TurnRow, hour: str, now: datetime, zone: str, wide: int) -> list[Bit]:
    mark = words.mark(turn)
    over = turn.kind == "overbook"
    lead = "│" if row.band else ""
    room = _NAME + wide - len(lead) - (2 if over else 0)
    name = fit(short_name(turn.family, turn.given, room), room)
    done = fit(cut((turn.procedure or "").lower(), _DONE - 1), _DONE)
    tone = Tone.TEXT
    return [
        Bit(f"{'     ' if over else hour} {lead}"),
        Bit(mark.glyph, mark.tone),
        Bit(f" {'  ' if over else ''}{name}", tone),
        Bit(f" {done}"),
        Bit(_state_text(row, turn, now, zone), mark.tone),
    ]


def _state_text(row: AgendaRow, turn: TurnRow, now: datetime, zone: str) -> str:
    word = words.mark(turn).word
    if row.notice:
        return _fate_text(row)
    if turn.state == State.EN_ESPERA and turn.arrived_at is not None:
        return f"{word} {wait_text(wait_minutes(turn.arrived_at, now))}"
    if turn.state == State.EN_CURSO:
        return f"{word} {wait_text(wait_minutes(turn.state_at, now))}"
    if turn.state == State.FINALIZADO:
        return f"{word} {words.clock_time(turn.state_at, zone)}"
    if turn.state == State.CANCELADO:
        late = f" {_('<24 h')}" if turn.cancelled_late else ""
        return f"{word}: {turn.cancelled_by}{late}" if turn.cancelled_by else word
    if turn.kind == "overbook" and row.number:
        return _("sobreturno {} de {} ({})").format(
            row.number, max(row.number, row.most), cut(row.given_by, 7)
        )
    return word


def _fate_text(row: AgendaRow) -> str:
    """What became of a suspended turn: `avisado → 26/11 10:20`."""
    told = NOTICES[row.notice]
    return told if row.again is None else f"{told} → {row.again:%d/%m %H:%M}"


def _free_line(row: AgendaRow, hour: str, wide: int, now: datetime, zone: str) -> list[Bit]:
    said = _("─ libre ─")
    if row.places:
        said = _("─ {} ─ por orden de llegada").format(plural(row.places, _("lugar"), _("lugares")))
    if row.kept_for:
        said += " " + _("reservado: {}").format(row.kept_for)
    return [Bit(f"{hour}   {fit(said, 46 + wide)}"), Bit(_free_text(row, now, zone))]


def _free_text(row: AgendaRow, now: datetime, zone: str) -> str:
    if not row.is_offered(now):
        return _("{:%H:%M} pasó, no se ofrece").format(row.wall_start)
    if row.released_at is not None:
        at = words.clock_time(row.released_at, zone)
        return _("se suelta {} {}").format(f"{row.released_at:%d/%m}", at)
    return ""


def _shut_line(row: AgendaRow, wide: int) -> list[Bit]:
    mark = TURN_STATES[State.CANCELADO]
    span = _("BLOQUE SUSPENDIDO {:%H:%M} a {:%H:%M}").format(row.wall_start, row.wall_end)
    return [
        Bit(f"{row.wall_start:%H:%M} "),
        Bit(mark.glyph, mark.tone),
        Bit(f" {fit(span, 46 + wide)}", Tone.TITLE),
        Bit(row.why),
    ]


def _told_line(row: AgendaRow, wide: int) -> list[Bit]:
    """`6 turnos: 4 avisados, 2 sin tel.`: the consequences of the block suspended above it."""
    left = row.affected - row.told - row.untold
    counts = (
        plural(row.told, _("avisado"), _("avisados")) if row.told else "",
        f"{row.untold} {_('sin tel.')}" if row.untold else "",
        f"{left} {_('por avisar')}" if left else "",
        plural(row.replaced, _("reasignado"), _("reasignados")) if row.replaced else "",
    )
    said = f"{plural(row.affected, _('turno'), _('turnos'))}: {', '.join(filter(None, counts))}"
    return [Bit(f"        {fit(said, 46 + wide)}"), Bit(_("m: dar otro lugar"))]


def day_strip(agenda: AgendaDay, now: datetime) -> list[Bit]:
    """`← vie 20   lun 23   mar 24 →   10 turnos, 2 libres`: the day among its neighbours with an agenda."""
    at = agenda.days.index(agenda.day)
    shown = agenda.days[max(0, at - 1) : max(0, at - 1) + _SHORT_DAYS]
    bits = [Bit("  ← " if at else "    ")]
    for number, each in enumerate(shown):
        bits += [Bit("   ")] * bool(number)
        bits.append(Bit(_short_day(each), Tone.FOCUS if each == agenda.day else Tone.TEXT))
    count = plural(agenda.turns, _("turno"), _("turnos"))
    free = plural(agenda.free(now), _("libre"), _("libres"))
    return [*bits, Bit(" →" if at + 1 < len(agenda.days) else "  "), Bit(f"   {count}, {free}")]


def _short_day(day: date) -> str:
    return f"{DAYS[day.weekday()]} {day.day:>2}"


def title_words(agenda: AgendaDay) -> tuple[str, str]:
    """What stands at the left and at the right of the title row."""
    facts = [full_name(agenda.family, agenda.given), agenda.specialty, agenda.room]
    left = f" {_('Agenda')} · " + " · ".join(filter(None, facts))
    minutes = f" · {agenda.slot_minutes} min" if agenda.slot_minutes else ""
    return left, f"{day_text(agenda.day)}{minutes} "
