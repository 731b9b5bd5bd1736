"""Pure decisions about turns: states and hops."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol


class State(StrEnum):
    """States of a turn, stored as written."""

    REGISTRADO = "registrado"
    CONFIRMADO = "confirmado"
    EN_ESPERA = "en_espera"
    EN_CURSO = "en_curso"
    FINALIZADO = "finalizado"
    CANCELADO = "cancelado"
    AUSENTE = "ausente"


_S = State
# The database holds the same table (turn_transitions); a test compares them.
HOPS: Final = MappingProxyType(
    {
        _S.REGISTRADO: (_S.CONFIRMADO, _S.EN_ESPERA, _S.CANCELADO, _S.AUSENTE),
        _S.CONFIRMADO: (_S.EN_ESPERA, _S.CANCELADO, _S.AUSENTE, _S.REGISTRADO),
        _S.EN_ESPERA: (_S.EN_CURSO, _S.CANCELADO, _S.CONFIRMADO),
        _S.EN_CURSO: (_S.FINALIZADO, _S.EN_ESPERA),
        _S.FINALIZADO: (),
        _S.CANCELADO: (_S.REGISTRADO,),
        _S.AUSENTE: (_S.EN_ESPERA,),
    }
)
BORN: Final = (_S.REGISTRADO, _S.EN_ESPERA)
FREES_CLAIMS: Final = frozenset({_S.CANCELADO, _S.AUSENTE})
HOLDS_CLAIMS: Final = frozenset({_S.REGISTRADO, _S.CONFIRMADO})
NEEDS_REASON: Final = frozenset({_S.CANCELADO, _S.AUSENTE})
# Beside the hops: where a turn stands after a move, where an absence entered by mistake may go back to, and
# where the mark "entered by error" may be set. Whoever is with the doctor leaves the room first.
MOVES: Final = MappingProxyType(
    {_S.REGISTRADO: _S.REGISTRADO, _S.CONFIRMADO: _S.CONFIRMADO, _S.CANCELADO: _S.REGISTRADO}
)
UNDOES: Final = MappingProxyType({_S.AUSENTE: (_S.REGISTRADO, _S.CONFIRMADO)})
VOIDS: Final = tuple(state for state in State if state is not _S.EN_CURSO)
# Whoever gives turns arranges them at every clinic of the network; from the arrival on they are its own.
ARRANGED: Final = frozenset({_S.REGISTRADO, _S.CONFIRMADO, _S.CANCELADO})

# DOMAIN "Turn": a cancellation says whether it came less than 24 h before.
_NOTICE: Final = timedelta(hours=24)


class How(StrEnum):
    """How a turn came from one state to another, stored as written."""

    HOP = "hop"
    MOVE = "move"
    UNDO = "undo"
    VOID = "void"


class Asker(StrEnum):
    """Who asked for a cancellation."""

    PACIENTE = "paciente"
    CENTRO = "centro"


def said(state: str) -> str:
    """A state in words: `en espera`."""
    return str(state).replace("_", " ")


def may_hop(from_state: State, to_state: State) -> bool:
    """Whether the table of transitions has this hop."""
    return to_state in HOPS[from_state]


class Wish(StrEnum):
    """States of a row of the waiting list, stored as written."""

    ESPERANDO = "esperando"
    OFRECIDO = "ofrecido"
    RESUELTO = "resuelto"
    RETIRADO = "retirado"


class Resolution(StrEnum):
    """How a wait ended, stored as written."""

    TURNO_DADO = "turno_dado"
    ATENDIDO = "atendido"
    NO_QUIERE = "no_quiere"
    NO_RESPONDE = "no_responde"
    OTRO = "otro"


ENDS: Final = MappingProxyType(
    {
        Resolution.TURNO_DADO: Wish.RESUELTO,
        Resolution.ATENDIDO: Wish.RESUELTO,
        Resolution.NO_QUIERE: Wish.RETIRADO,
        Resolution.NO_RESPONDE: Wish.RETIRADO,
        Resolution.OTRO: Wish.RETIRADO,
    }
)


class HalfDay(StrEnum):
    """Before noon on the clinic's clock, or from it on; stored as written."""

    MANANA = "manana"
    TARDE = "tarde"


class Unmet(StrEnum):
    """Why somebody who asked got no turn, stored as written."""

    SIN_OFERTA = "sin_oferta"
    SIN_LUGAR = "sin_lugar"
    OFERTA_RECHAZADA = "oferta_rechazada"


_NOON: Final = 12


def half_day_of(wall: datetime) -> HalfDay:
    """The half of the day of a wall time."""
    return HalfDay.MANANA if wall.hour < _NOON else HalfDay.TARDE


class Wished(Protocol):
    """What somebody waits for; what is None or empty does not matter."""

    @property
    def clinic_id(self) -> int | None:
        """Where."""

    @property
    def doctor_id(self) -> int | None:
        """With whom."""

    @property
    def specialty_id(self) -> int | None:
        """In which specialty."""

    @property
    def procedure_id(self) -> int | None:
        """For what."""

    @property
    def from_day(self) -> date:
        """Not before it."""

    @property
    def half_day(self) -> str | None:
        """Which half of the day."""

    @property
    def weekdays(self) -> Collection[int]:
        """1 Monday … 7 Sunday."""


@dataclass(frozen=True, slots=True)
class OfferedPlace:
    """What a place of an agenda serves, and when it begins on the clinic's clock."""

    clinic_id: int
    doctor_id: int
    procedures: frozenset[int]
    specialties: frozenset[int]
    wall_start: datetime


def is_served(wish: Wished, place: OfferedPlace) -> bool:
    """Whether a place is what somebody waits for."""
    day = place.wall_start.date()
    return (
        wish.clinic_id in {None, place.clinic_id}
        and wish.doctor_id in {None, place.doctor_id}
        and (wish.procedure_id is None or wish.procedure_id in place.procedures)
        and (wish.specialty_id is None or wish.specialty_id in place.specialties)
        and wish.from_day <= day
        and wish.half_day in {None, half_day_of(place.wall_start).value}
        and (not wish.weekdays or day.isoweekday() in wish.weekdays)
    )


class Every(StrEnum):
    """How often the sessions of a series come, as it is typed."""

    DAILY = "daily"
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    FOURWEEKLY = "fourweekly"


EVERY_DAYS: Final = MappingProxyType(
    {Every.DAILY: 1, Every.WEEKLY: 7, Every.BIWEEKLY: 14, Every.FOURWEEKLY: 28}
)
MOST_SESSIONS: Final = 60


def session_days(first: date, every: Every, times: int) -> tuple[date, ...]:
    """The days of a series, its first included."""
    return tuple(first + timedelta(days=EVERY_DAYS[every] * n) for n in range(times))


def horizon(today: date, days: int) -> date:
    """The last day on which a turn may be given, where they are given so many days ahead."""
    return today + timedelta(days=days)


def is_late(starts_at: datetime, now: datetime) -> bool:
    """Whether a cancellation now leaves less than a day to give the time to somebody else."""
    return starts_at - now < _NOTICE
