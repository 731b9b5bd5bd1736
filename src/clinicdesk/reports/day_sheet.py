"""The day sheet: who comes, when and to whom, on paper, for the day on which the system is down.

It holds what the counter needs and no more: no reason, no diagnosis, no coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from clinicdesk.clinic.patients.phones import shown
from clinicdesk.clinic.patients.queries import PatientRow, rows_of
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.queries import DayQuery, TurnRow, day_turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Cell, Column, Fact, Kind, Stamp, Table
from clinicdesk.kit.words import _, plural
from clinicdesk.reports import Report, ReportQuery

_COLUMNS: Final = (
    Column("doctor", _("Profesional")),
    Column("room", _("Consultorio"), short=_("Cons.")),
    Column("hour", _("Hora")),
    Column("patient", _("Paciente")),
    Column("document", _("Documento")),
    Column("phone", _("Teléfono")),
    Column("procedure", _("Práctica")),
    Column("state", _("Estado")),
)
_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        State.REGISTRADO: _("registrado"),
        State.CONFIRMADO: _("confirmado"),
        State.EN_ESPERA: _("en espera"),
        State.EN_CURSO: _("en curso"),
        State.FINALIZADO: _("finalizado"),
        State.AUSENTE: _("ausente"),
    }
)
_DAYS: Final = (
    _("lunes"),
    _("martes"),
    _("miércoles"),
    _("jueves"),
    _("viernes"),
    _("sábado"),
    _("domingo"),
)
_BOX: Final = "⬜"
_BLANK_ROWS: Final = 6
_SIZE: Final = 7.5
_LARGE: Final = 10.5
# How the width is shared out among what is written by hand.
_BLANK: Final = "\u00a0"
_BY_HAND: Final = (_("Hora"), _("Apellido y nombres"), _("Documento"), _("Teléfono"), _("Con"))
_ROOM: Final = (40, 16, 16, 16)


def run(reader: Reader, query: ReportQuery) -> Table:
    """The turns of one local day at the actor's clinic (tomorrow without one), those cancelled left out.

    Raises InvalidInput for more than one day.
    """
    at = reader.actor.at
    day = query.since or query.until or clock.local_day(reader.now, at.zone) + timedelta(days=1)
    if query.until not in (None, day):
        raise InvalidInput(_("La hoja «day-sheet» es de un solo día: --from y --to deben coincidir."))
    found = day_turns.run(reader, DayQuery(at.clinic_id, day))
    people = {
        patient_id: replace(each, phone=shown(each.phone, at.country) or None)
        for patient_id, each in rows_of(reader, {turn.patient_id for turn in found}).items()
    }
    return table(found, people, at.clinic_name, day, reader.now, ZoneInfo(at.zone))


def table(
    turns: Iterable[TurnRow],
    people: Mapping[UUID, PatientRow],
    clinic: str,
    day: date,
    now: datetime,
    zone: ZoneInfo,
) -> Table:
    """One row a turn, by doctor and room, then by time."""
    every = list(turns)
    coming = sorted((turn for turn in every if turn.state in _STATES), key=_order)
    facts = (
        Fact("clinic", _("Centro"), clinic),
        Fact("day", _("Día"), day, Kind.DATE),
        Fact("at", _("Al momento"), now.astimezone(zone)),
        Fact("turns", _("Turnos"), len(coming), Kind.COUNT),
        Fact("cancelled", _("Cancelados, fuera de la hoja"), len(every) - len(coming), Kind.COUNT),
    )
    rows = tuple(_row(turn, people.get(turn.patient_id)) for turn in coming)
    return Table("day-sheet", _("Hoja de turnos"), _COLUMNS, rows, zone, facts)


def _order(turn: TurnRow) -> tuple[object, ...]:
    name = full_name(turn.doctor_family, turn.doctor_given)
    return (folded(name), turn.doctor_id, turn.room_code or "", turn.starts_at, turn.id)


def _row(turn: TurnRow, patient: PatientRow | None) -> tuple[Cell, ...]:
    return (
        full_name(turn.doctor_family, turn.doctor_given),
        turn.room_code,
        _("dem.") if turn.kind == "walk_in" else f"{turn.wall_start:%H:%M}",
        full_name(turn.family, turn.given),
        patient.document if patient else "",
        patient.phone if patient else None,
        turn.procedure,
        _STATES[turn.state],
    )


def paper(sheet: Table, stamp: Stamp) -> bytes:
    """A4: a block for each doctor and room, a box to tick who came, lines for who comes without a turn."""
    from clinicdesk.kit.pdf import Document, Head, Running

    facts = {fact.key: fact.value for fact in sheet.facts}
    title = f"{sheet.title} · {_long_day(facts['day'])}"
    document = Document(Running(stamp.origin, "", title, "", stamp.line()), stamp.at)
    document.title(title)
    document.paragraph(_summary(facts), after=2)
    document.paragraph(_("Marcar la casilla de quien llega. Al volver el sistema, admitir a los marcados."))
    heads = [Head(_("Llegó")), *(Head(column.title) for column in sheet.columns[2:])]
    every = [_cells(row) for row in sheet.rows]
    for (doctor, room), group in groupby(sheet.rows, key=lambda row: (str(row[0]), str(row[1] or ""))):
        rows = [_cells(row) for row in group]
        name = " · ".join(filter(None, (doctor, room, plural(len(rows), _("turno"), _("turnos")))))
        document.heading(name)
        document.carry(name)
        document.table(heads, rows, size=_SIZE, like=every)
        document.carry("")
    document.heading(_("Sin turno: anotar aquí"))
    blank = (_BLANK, *(_BLANK * room for room in _ROOM))
    document.table([Head(text) for text in _BY_HAND], [blank] * _BLANK_ROWS, size=_LARGE)
    return document.finish()


def _cells(row: tuple[Cell, ...]) -> tuple[str, ...]:
    return (_BOX, *(str(cell or "") for cell in row[2:]))


def _long_day(day: Cell) -> str:
    """`lunes 23/11/2026`."""
    return f"{_DAYS[day.weekday()]} {day:%d/%m/%Y}" if isinstance(day, date) else ""


def _summary(facts: Mapping[str, Cell]) -> str:
    count, gone, at = facts["turns"], facts["cancelled"], facts["at"]
    said = plural(int(str(count)), _("turno"), _("turnos"))
    left = plural(int(str(gone)), _("cancelado"), _("cancelados"))
    when = f"{at:%d/%m/%Y %H:%M}" if isinstance(at, datetime) else ""
    return _("{clinic}: {turns} al {when}; {gone} fuera de la hoja.").format(
        clinic=facts["clinic"], turns=said, when=when, gone=left
    )


REPORT: Final = Report(
    name="day-sheet",
    title=_("Hoja de turnos"),
    help=_("Los turnos de mañana, por profesional y consultorio, para imprimir y tener si falla el sistema."),
    permission=Permission.TURN_READ,
    run=run,
    paper=paper,
)
