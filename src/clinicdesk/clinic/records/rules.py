"""Pure decisions about the history: kinds of record, what a signature covers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from clinicdesk.clinic.audit.rules import microseconds
from clinicdesk.kit.text import clean
from clinicdesk.kit.words import _


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
NOTE_FORM: Final = "clinicdesk.note/1"
COSIGN_FORM: Final = "clinicdesk.cosign/1"
COSIGNED: Final = "cofirmada"
RETURNED: Final = "devuelta"
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
class SignedEntry:
    """The entry that a note was signed into. `attributes` as the database prints them."""

    kind: str
    at: datetime
    clinic_id: int | None
    institution: str | None
    doctor_id: int | None
    title: str | None
    attributes: str
    written_at: datetime
    late_reason: str | None
    doctor_name: str | None = None
    entered_by: int | None = None
    corrects_id: UUID | None = None
    schema_version: int | None = None


@dataclass(frozen=True, slots=True)
class SignedDiagnosis:
    """A diagnosis as it stood when it was signed."""

    system: str
    code: str
    text: str
    certainty: str
    kind: str
    chronic: bool
    onset: date | None
    abated: date | None


@dataclass(frozen=True, slots=True)
class SignedTreatment:
    """A treatment as it was ordered; what ends it later is no part of the note."""

    what: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class SignedFollowUp:
    """A control as it was asked for."""

    clinic_id: int
    doctor_id: int
    due_on: date
    what: str


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signature covers: changing any of it changes the hash.

    A first note covers its entry too, with diagnoses, treatments and controls by id; an addendum
    (`amends_id`) itself alone.
    """

    patient_id: UUID
    note_id: UUID
    record_id: UUID
    visit_id: UUID | None
    amends_id: UUID | None
    supervised: bool
    author_id: int
    author_name: str
    author_license: str
    login: str
    signed_at: datetime
    text: str
    entry: SignedEntry | None = None
    diagnoses: tuple[SignedDiagnosis, ...] = ()
    treatments: tuple[SignedTreatment, ...] = ()
    follow_ups: tuple[SignedFollowUp, ...] = ()


def note_hash(prev_hash: bytes | None, signed: Signed) -> bytes:
    """SHA-256 over the form's name, the hash of the patient's previous note and everything signed.

    `charts.note_hash` in the database (notes.sql) is its twin: a change here is a change there.
    """
    before = None if prev_hash is None else prev_hash.hex()
    return hashlib.sha256(b"".join(map(_canonical, (NOTE_FORM, before, signed)))).digest()


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What a co-signature covers: its words, and the note by its hash."""

    patient_id: UUID
    cosign_id: UUID
    note_id: UUID
    note_hash: str
    verdict: str
    reason: str | None
    person_id: int
    person_name: str
    person_license: str
    login: str
    at: datetime


def cosign_hash(cosigned: Cosigned) -> bytes:
    """SHA-256 over the form's name and everything said; `charts.cosign_hash` is its twin."""
    return hashlib.sha256(b"".join(map(_canonical, (COSIGN_FORM, cosigned)))).digest()


def _canonical(value: object) -> bytes:
    """A value as it is hashed: no two differing ones alike.

    A field is its length in bytes of UTF-8, a colon and its text; `-` is what is not there. What has
    fields is those in their order; of several alike their number comes first.
    """
    if value is None:
        return b"-"
    if isinstance(value, _COVERED):
        return b"".join(_canonical(getattr(value, each.name)) for each in fields(value))
    if isinstance(value, tuple):
        return b"".join(map(_canonical, (len(value), *value)))
    text = _field(value).encode()
    return b"%d:%b" % (len(text), text)


def _field(value: object) -> str:
    """A time is microseconds since 1970, a day ISO 8601."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return microseconds(value)
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


_COVERED: Final = (Signed, SignedEntry, SignedDiagnosis, SignedTreatment, SignedFollowUp, Cosigned)


def leaves(attributes: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value at any depth under its path, `presion.sistolica`; those of a list under the list's."""
    for key, value in attributes.items():
        yield from _leaves_of(key, value)


def _leaves_of(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves_of(f"{path}.{key}", each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves_of(path, each)
    else:
        yield path, value


def value_text(value: Any) -> str:
    """One value of an attribute in words."""
    said = {None: _("nulo"), True: _("sí"), False: _("no")}
    return said[value] if value is None or isinstance(value, bool) else str(value)


def is_cie10(code: str) -> bool:
    """Whether a text has the shape of a CIE-10 code: `I10`, `E11.9`, `M545`."""
    return _CIE10.fullmatch(code) is not None


def typed_text(text: str) -> str:
    """A note's text as stored: `clean`, and no blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in clean(text).split("\n"))
