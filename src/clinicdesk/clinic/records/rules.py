"""Pure decisions about the history: kinds of record, what a signature covers."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from clinicdesk.kit.text import clean


class RecordKind(StrEnum):
    """Types of entry in the history."""

    CONSULTA = "consulta"
    URGENCIA = "urgencia"
    CONTROL = "control"
    PROCEDIMIENTO = "procedimiento"
    TELECONSULTA = "teleconsulta"
    LABORATORIO = "laboratorio"
    IMAGEN = "imagen"
    INTERNACION = "internacion"
    OTRO = "otro"


NOTE_MOST: Final = 200_000
# The attribute that keeps an entry's text until it is signed.
UNSIGNED: Final = "texto_sin_firma"
_CIE10: Final = re.compile(r"[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?", re.IGNORECASE)
CERTAINTIES: Final = ("presuntivo", "confirmado")
DIAGNOSIS_KINDS: Final = ("principal", "relacionado")


@dataclass(frozen=True, slots=True)
class DiagnosisEntry:
    """A diagnosis as the doctor states it."""

    code: str
    text: str
    system: str = "CIE-10"
    certainty: str = "confirmado"
    kind: str = "principal"
    chronic: bool = False


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers. Changing any of it changes the hash."""

    patient_id: UUID
    note_id: UUID
    record_id: UUID
    amends_id: UUID | None
    text: str
    author_id: int
    author_name: str
    author_license: str
    signed_at: datetime
    diagnoses: tuple[DiagnosisEntry, ...]


def note_hash(prev_hash: bytes | None, signed: Signed) -> bytes:
    """SHA-256 over the patient's previous note's hash and everything signed, as canonical JSON."""
    body = msgspec.json.encode(signed, order="deterministic")
    return hashlib.sha256((prev_hash or b"") + body).digest()


def is_cie10(code: str) -> bool:
    """Whether a text has the shape of a CIE-10 code: `I10`, `E11.9`, `M545`."""
    return _CIE10.fullmatch(code) is not None


def typed_text(text: str) -> str:
    """A note's text as stored: `clean`, and no blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in clean(text).split("\n"))
