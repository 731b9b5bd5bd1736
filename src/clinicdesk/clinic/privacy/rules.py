"""Pure decisions about charts."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

REASON_LEAST: Final = 20
REASON_MOST: Final = 400
_DISTINCT_LEAST: Final = 5


class Urgency(StrEnum):
    """Why somebody without a care relation opens a chart."""

    URGENCIA = "urgencia"
    INTERCONSULTA = "interconsulta"
    OTRO = "otro"


class Outcome(StrEnum):
    """What privacy found."""

    JUSTIFICADO = "justificado"
    INJUSTIFICADO = "injustificado"
    ACLARAR = "aclarar"


def is_reason(text: str) -> bool:
    """Whether a reason for break-glass says something: 20 to 400 characters, not one repeated."""
    said = text.strip()
    return REASON_LEAST <= len(said) <= REASON_MOST and len(set(said.lower())) >= _DISTINCT_LEAST
