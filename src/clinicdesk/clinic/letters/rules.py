"""What a letter says and what its code covers. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec

from clinicdesk.kit.words import _


class LetterKind(StrEnum):
    """Kinds of letters, as typed and stored."""

    CERTIFICATE = "certificado"
    REFERRAL = "interconsulta"
    ORDER = "estudios"


TITLES: Final = MappingProxyType(
    {
        LetterKind.CERTIFICATE: _("Certificado médico"),
        LetterKind.REFERRAL: _("Interconsulta"),
        LetterKind.ORDER: _("Pedido de estudios"),
    }
)
# A line whose every field is empty is left out.
BODIES: Final = MappingProxyType(
    {
        LetterKind.CERTIFICATE: _(
            "Certifico que {paciente}, {documento}, recibió atención en {centro} el {fecha}.\n"
            "Se indica reposo por {dias}, desde el {desde} hasta el {hasta} inclusive.\n"
            "Diagnóstico: {diagnostico}.\n"
            "{texto}\n"
            "Se extiende a pedido de la persona interesada, para ser presentado ante {para}."
        ),
        LetterKind.REFERRAL: _(
            "Solicito evaluación por {especialidad}. Prioridad: {urgencia}.\n"
            "Paciente: {paciente}, {edad}, {documento}.\n"
            "Motivo: {texto}\n"
            "Diagnóstico: {diagnostico}.\n"
            "Resumen: {resumen}"
        ),
        LetterKind.ORDER: _(
            "Solicito para {paciente}, {edad}, {documento}:\n"
            "{estudios}\n"
            "Diagnóstico: {diagnostico}.\n"
            "Prioridad: {urgencia}.\n"
            "{texto}"
        ),
    }
)
FIELDS: Final = (
    *("paciente", "documento", "edad", "medico", "matricula", "centro", "ciudad", "fecha", "dias", "desde"),
    *("hasta", "diagnostico", "especialidad", "urgencia", "resumen", "estudios", "texto", "para"),
)
URGENCIES: Final = ("programada", "preferente", "urgente")
MOST_DAYS: Final = 180
MOST_TEXT: Final = 6_000
_FIELD: Final = re.compile(r"\{([^{}\n]*)\}")
_CODE_DIGITS: Final = 16
_ASKED: Final = re.compile(
    r"(?:CLINICDESK\s+|N[.\s]*[ºo°]?\s*)?(\d{1,18})[\s·:,;/-]+((?:[0-9A-FOIL]{4}[\s-]*){3}[0-9A-FOIL]{4})",
    re.IGNORECASE | re.ASCII,
)
# What is read for a digit of the code, and is none.
_MISREAD: Final = str.maketrans("oil", "011")
_SMALL: Final = 2
"""Years under which an age is told in months."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the doctor says; what the kind does not need stays empty. `days` of rest begin at `since`."""

    text: str = ""
    days: int = 0
    since: date | None = None
    specialty: str = ""
    urgency: str = ""
    summary: str = ""
    studies: tuple[str, ...] = ()
    diagnosis: str = ""
    recipient: str = ""


def problem_of(kind: LetterKind, said: Said) -> str | None:
    """What a letter of this kind lacks, as a sentence; None where it can be issued."""
    if not 0 <= said.days <= MOST_DAYS:
        return _("El reposo va de 0 a {} días.").format(MOST_DAYS)
    if said.urgency and said.urgency not in URGENCIES:
        return _("La prioridad es programada, preferente o urgente.")
    if max(len(said.text), len(said.summary)) > MOST_TEXT:
        return _("El texto admite hasta {} letras.").format(MOST_TEXT)
    if kind is LetterKind.CERTIFICATE and not (said.days or said.text):
        return _("Un certificado necesita días de reposo o un texto.")
    if kind is LetterKind.REFERRAL and not (said.specialty and said.text):
        return _("Una interconsulta necesita especialidad y motivo.")
    if kind is LetterKind.ORDER and not said.studies:
        return _("Un pedido necesita al menos un estudio.")
    return None


def unknown_fields(body: str) -> tuple[str, ...]:
    """The fields of a wording that no letter fills."""
    return tuple(dict.fromkeys(name for name in _FIELD.findall(body) if name not in FIELDS))


def written(body: str, values: Mapping[str, str]) -> str:
    """A wording with its fields filled; a line all of whose fields are empty is left out."""
    lines = [_filled(line, values) for line in body.split("\n")]
    return "\n".join(line for line in lines if line is not None).strip()


def _filled(line: str, values: Mapping[str, str]) -> str | None:
    named = _FIELD.findall(line)
    known = [name for name in named if name not in {"medico", "matricula", "centro", "ciudad", "fecha"}]
    if known and not any(values.get(name) for name in known):
        return None
    return _FIELD.sub(lambda found: values.get(found[1], ""), line).rstrip()


def values_of(said: Said, today: date) -> dict[str, str]:
    """The fields that the doctor's words fill."""
    since = said.since or today
    until = since + timedelta(days=max(said.days - 1, 0))
    rest = bool(said.days)
    many = _("{} días").format(said.days) if said.days > 1 else _("1 día")
    return {
        "dias": many if rest else "",
        "desde": f"{since:%d/%m/%Y}" if rest else "",
        "hasta": f"{until:%d/%m/%Y}" if rest else "",
        "texto": said.text,
        "especialidad": said.specialty,
        "urgencia": said.urgency or (URGENCIES[0] if said.specialty or said.studies else ""),
        "resumen": said.summary,
        "estudios": "\n".join(f"- {each}" for each in said.studies),
        "diagnostico": said.diagnosis.rstrip("."),
        "para": said.recipient or _("quien corresponda"),
    }


@dataclass(frozen=True, slots=True)
class Issued:
    """What a letter's hash covers. `replaces` is the number of the letter that it stands in for."""

    patient_id: UUID
    id: UUID
    number: int
    kind: str
    text: str
    author_id: int
    author_name: str
    author_license: str
    issued_at: datetime
    patient_name: str
    patient_document: str
    clinic_name: str
    visit_id: UUID | None
    codes: tuple[str, ...]
    replaces: int | None


def letter_hash(issued: Issued) -> bytes:
    """SHA-256 over everything issued, as canonical JSON; the time in UTC."""
    said = replace(issued, issued_at=issued.issued_at.astimezone(UTC))
    return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).digest()


def titled(kind: str, number: int) -> str:
    """`Certificado médico n.º 12`."""
    return _("{} n.º {}").format(TITLES[LetterKind(kind)], number)


def code_of(made: bytes) -> str:
    """The code that stands on the paper: `3F2A-90C1-77DE-0B4C`, the first half of the hash's first half."""
    digits = made.hex().upper()[:_CODE_DIGITS]
    return "-".join(digits[at : at + 4] for at in range(0, _CODE_DIGITS, 4))


def quoted(codes: Iterable[str], text: str) -> tuple[str, ...]:
    """Those of the codes that a text names, each as a word of its own."""
    return tuple(code for code in codes if re.search(rf"(?<![\w.]){re.escape(code)}(?![\w.]*\w)", text))


def asked(typed: str) -> tuple[int, str] | None:
    """The number and code that somebody read off a paper, or scanned; None where they are no such thing.

    `12 3F2A-90C1-77DE-0B4C`, `12 3f2a90c177de0b4c`, `CLINICDESK 12 3F2A-90C1-77DE-0B4C`, `N.º 12 · 3F2A-…`.
    """
    found = _ASKED.fullmatch(typed.strip())
    if found is None:
        return None
    return int(found[1]), "".join(filter(str.isalnum, found[2].lower())).translate(_MISREAD)


def age_words(birth: date | None, today: date) -> str:
    """`45 años`; months under two years; nothing where the birth is not known."""
    if birth is None or birth > today:
        return ""
    months = (today.year - birth.year) * 12 + today.month - birth.month - (today.day < birth.day)
    years = months // 12
    return _("{} años").format(years) if years >= _SMALL else _("{} meses").format(months)
