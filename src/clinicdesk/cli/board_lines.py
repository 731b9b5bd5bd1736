"""What `clinicdesk board` prints: the turns that fit, then what changed; or the clinics of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from clinicdesk.cli.shapes import people_of, state_word, turn_cells, turn_object
from clinicdesk.clinic.admissions.rules import wait_minutes
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.turns.board import freed, late_minutes
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit import clock
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _
from clinicdesk.tui.look import TURN_STATES
from clinicdesk.tui.turn_filter import fits, words_of

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.sites.queries import DoctorRow
    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.tui.network_day import ClinicRow

COLUMNS: Final = {
    _("Hora"): "hour",
    _("Paciente"): "name",
    _("Estado"): "state_word",
    _("Espera"): "wait",
    _("Número"): "ticket",
    _("Profesional"): "doctor_name",
    _("Consultorio"): "room",
}
CLINIC_COLUMNS: Final = {
    _("Código"): "code",
    _("Centro"): "name",
    **{mark.word: state for state, mark in TURN_STATES.items()},
    _("Tarde"): "late",
    _("Excedidas"): "over",
    _("Peor espera"): "worst_words",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; nothing said takes all. Words are compared as the screen's filter compares them."""

    doctor: DoctorRow | None = None
    room: str | None = None
    states: tuple[str, ...] = ()
    specialty: str | None = None
    number: str | None = None
    words: str = ""
    late: bool = False
    free: bool = False

    @property
    def every_word(self) -> list[str]:
        """All of it as words of the filter, but states and the number."""
        doctor = f"{self.doctor.family} {self.doctor.given}" if self.doctor else None
        said = (doctor, self.room, self.specialty, self.words)
        marks = [*(["tarde"] if self.late else []), *(["libre"] if self.free else [])]
        return [*folded(" ".join(filter(None, said))).split(), *marks]

    def takes(self, row: TurnRow, *, is_late: bool, is_free: bool) -> bool:
        """Whether a turn is among those asked for."""
        if self.states and row.state not in self.states:
            return False
        if self.doctor is not None and row.doctor_id != self.doctor.person_id:
            return False
        if self.number is not None and (row.ticket or "").upper() != self.number.upper():
            return False
        return fits(words_of(row), self.every_word, is_late=is_late, is_free=is_free)


class Printed:
    """What was printed last, so that only news are printed."""

    def __init__(self, call: Call, wanted: Wanted) -> None:
        """Nothing yet."""
        self._call, self._wanted = call, wanted
        self._seen: dict[UUID, TurnRow] = {}
        self._free: frozenset[UUID] = frozenset()

    def whole(self, rows: Sequence[TurnRow]) -> None:
        """The turns that fit; with a filter, of how many."""
        found = self._found(rows)
        if self._call.json:
            self._objects(found)
        else:
            self._call.rows([self._cells(row) for row in found], COLUMNS)
            if len(found) != len(rows):
                self._call.say(_("{} de {} turnos.").format(len(found), len(rows)))
            elif not rows:
                self._call.say(_("Hoy no hay turnos."))
        self._seen = {row.id: row for row in found}

    def news(self, rows: Sequence[TurnRow]) -> None:
        """A line for each turn that came, changed, or is no longer among those asked for."""
        found = {row.id: row for row in self._found(rows)}
        changed = [row for row in found.values() if self._seen.get(row.id) != row]
        every = {row.id: row for row in rows}
        gone = [every.get(each, row) for each, row in self._seen.items() if each not in found]
        self._seen = found
        if self._call.json:
            self._objects(changed)
            self._objects(gone, listed=False)
        elif changed or gone:
            self._call.lines(*map(self._line, changed), *(f"{self._line(row)} {_('(sale)')}" for row in gone))

    def _found(self, rows: Sequence[TurnRow]) -> list[TurnRow]:
        now = clock.now()
        self._free = freed(rows, now)
        return [
            row
            for row in rows
            if self._wanted.takes(row, is_late=late_minutes(row, now) > 0, is_free=row.id in self._free)
        ]

    def _objects(self, rows: Iterable[TurnRow], *, listed: bool = True) -> None:
        """JSON Lines: the turn, and what a board says of it."""
        people, code = people_of(self._call), self._call.session().actor.at.clinic_code
        for row in rows:
            self._call.object(turn_object(row, people, code) | self._said(row) | {"listed": listed})

    def _said(self, row: TurnRow) -> dict[str, Any]:
        now = clock.now()
        waits = row.state == State.EN_ESPERA
        return {
            "specialty": row.specialty,
            "wait_minutes": wait_minutes(row.arrived_at, now) if waits else None,
            "late_minutes": late_minutes(row, now),
            "place_free": row.id in self._free,
        }

    def _cells(self, row: TurnRow) -> dict[str, Any]:
        return turn_cells(row) | {"wait": self._wait(row)}

    def _wait(self, row: TurnRow) -> str:
        said = self._said(row)
        if said["wait_minutes"] is not None:
            return f"{said['wait_minutes']} min"
        if said["late_minutes"]:
            return _("tarde {} min").format(said["late_minutes"])
        return _("libre") if said["place_free"] else ""

    def _line(self, row: TurnRow) -> str:
        """`09:41 A014 Rivas Pons, Inés: en espera. Ibarra, C.2`, its hour when it came to that state."""
        at = f"{clock.local(row.state_at, self._call.session().actor.at.zone):%H:%M}"
        who = f"{row.ticket or f'{row.wall_start:%H:%M}'} {full_name(row.family, row.given)}"
        where = ", ".join(filter(None, (row.doctor_family, row.room_code, self._wait(row))))
        called = _(" Llamado {}.").format(row.calls) if row.calls else ""
        return f"{at} {who}: {state_word(row.state)}. {where}.{called}"


def clinic_object(row: ClinicRow) -> dict[str, Any]:
    """A clinic's day: how many turns in each state, how many late or waiting too long, the worst wait."""
    worst = row.worst
    return {
        "clinic": row.code,
        "name": row.name,
        "turns": row.turns,
        "states": dict(zip(TURN_STATES, row.counts, strict=True)),
        "late": row.late,
        "over_target": row.over,
        "worst_wait": worst
        and {
            "ticket": worst.ticket,
            "triage": worst.triage,
            "wait_minutes": wait_minutes(worst.arrived_at, clock.now()),
            "doctor_name": full_name(worst.doctor_family, worst.doctor_given),
            "room": worst.room_code,
        },
    }


def clinic_cells(row: ClinicRow) -> dict[str, Any]:
    """The same for a table."""
    worst = row.worst
    words = f"{worst.ticket or ''} {wait_minutes(worst.arrived_at, clock.now())} min" if worst else ""
    states = dict(zip(TURN_STATES, row.counts, strict=True))
    facts = {"code": row.code, "name": row.name, "late": row.late, "over": row.over}
    return {**facts, **states, "worst_words": words}
