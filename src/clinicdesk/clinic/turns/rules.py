"""Pure decisions about turns: states and hops."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final


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


def said(state: str) -> str:
    """A state in words: `en espera`."""
    return str(state).replace("_", " ")


def may_hop(from_state: State, to_state: State) -> bool:
    """Whether the table of transitions has this hop."""
    return to_state in HOPS[from_state]


def undo_of(from_state: State, to_state: State) -> State | None:
    """The state that takes a hop back, where the table allows it."""
    return from_state if may_hop(to_state, from_state) else None
