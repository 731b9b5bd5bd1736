"""The turns of one day at a clinic, by doctor and state, and how long people waited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.queries import DayQuery, TurnRow, day_turns
from clinicdesk.clinic.turns.rules import State
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Cell, Column, Fact, Kind, Table
from clinicdesk.kit.words import _
from clinicdesk.reports import Report, ReportQuery

_COLUMNS: Final = (
    Column("doctor", _("Profesional")),
    Column(State.REGISTRADO, _("Registrados"), Kind.COUNT, _("reg.")),
    Column(State.CONFIRMADO, _("Confirmados"), Kind.COUNT, _("conf.")),
    Column(State.EN_ESPERA, _("En espera"), Kind.COUNT, _("esp.")),
    Column(State.EN_CURSO, _("En curso"), Kind.COUNT, _("curso")),
    Column(State.FINALIZADO, _("Finalizados"), Kind.COUNT, _("fin.")),
    Column(State.CANCELADO, _("Cancelados"), Kind.COUNT, _("canc.")),
    Column(State.AUSENTE, _("Ausentes"), Kind.COUNT, _("aus.")),
    Column("turns", _("Turnos"), Kind.COUNT, _("total")),
    Column("called", _("Llamados"), Kind.COUNT, _("llam.")),
    Column("wait_median", _("Espera mediana"), Kind.MINUTES, _("mediana")),
    Column("wait_max", _("Espera máxima"), Kind.MINUTES, _("máx.")),
)


def run(reader: Reader, query: ReportQuery) -> Table:
    """The day's table, from one statement and so from one snapshot.

    Turns are those whose local day at the actor's clinic is the day asked for (today without one);
    those voided as a mistake count nowhere. Every turn counts once, under its doctor and under the
    state it is in now, so the states of a row add up to its `turns`.

    Raises InvalidInput for more than one day.
    """
    at = reader.actor.at
    day = query.since or query.until or clock.local_day(reader.now, at.zone)
    if query.until not in (None, day):
        raise InvalidInput(_("El informe «day» es de un solo día: --from y --to deben coincidir."))
    found = day_turns.run(reader, DayQuery(at.clinic_id, day))
    return table(found, at.clinic_name, day, reader.now, ZoneInfo(at.zone))


def table(turns: Sequence[TurnRow], clinic: str, day: date, now: datetime, zone: ZoneInfo) -> Table:
    """Count turns, one row for each doctor by name, and all of them in `total`.

    `arrived` counts turns with an arrival, `walk_in` and `overbook` those born so. See `_row` for the rest.
    """
    doctors = {turn.doctor_id: full_name(turn.doctor_family, turn.doctor_given) for turn in turns}
    ordered = sorted(doctors, key=lambda doctor: (doctors[doctor].casefold(), doctor))
    rows = [_row(doctors[one], [turn for turn in turns if turn.doctor_id == one]) for one in ordered]
    kinds = Counter(turn.kind for turn in turns)
    facts = (
        Fact("clinic", _("Centro"), clinic),
        Fact("day", _("Día"), day, Kind.DATE),
        Fact("at", _("Contado"), now.astimezone(zone)),
        Fact("turns", _("Turnos"), len(turns), Kind.COUNT),
        Fact("walk_in", _("De ellos, demanda espontánea"), kinds["walk_in"], Kind.COUNT),
        Fact("overbook", _("De ellos, sobreturnos"), kinds["overbook"], Kind.COUNT),
        Fact("arrived", _("Llegaron"), sum(1 for turn in turns if turn.arrived_at), Kind.COUNT),
        Fact("called", _("Llamados, con espera medida"), len(_waits(turns)), Kind.COUNT),
    )
    return Table("day", _("Turnos del día"), _COLUMNS, tuple(rows), zone, facts, _row(_("Total"), turns))


def _row(name: str, turns: Sequence[TurnRow]) -> tuple[Cell, ...]:
    """One doctor's numbers.

    Each state: turns in that state now. `turns`: their sum. `called`: turns with an arrival and a call
    not before it, the n of both waits. `wait_median`, `wait_max`: whole minutes from arrival to the
    last call over those n, None where n is 0: who was never called has no wait yet, not a wait of 0.
    """
    states = Counter(turn.state for turn in turns)
    waits = _waits(turns)
    return (
        name,
        *(states[state] for state in State),
        len(turns),
        len(waits),
        _whole(median(waits)) if waits else None,
        max(waits, default=None),
    )


def _waits(turns: Iterable[TurnRow]) -> list[int]:
    return [
        clock.minutes_between(turn.arrived_at, turn.called_at)
        for turn in turns
        if turn.arrived_at and turn.called_at and turn.called_at >= turn.arrived_at
    ]


def _whole(minutes: float) -> float:
    """The median of whole minutes is whole or a half: 12 stays `12`."""
    return int(minutes) if minutes == int(minutes) else minutes


REPORT: Final = Report(
    name="day",
    title=_("Turnos del día"),
    help=_("Turnos de un día por profesional y estado, y esperas desde la llegada hasta el llamado."),
    permission=Permission.REPORT_READ,
    run=run,
)
