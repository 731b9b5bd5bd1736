"""What is looked for across charts, typed in one line: `tos dx:I10 dr:paz desde:01/10/2026 peso>90`. Pure.

Words and dates mean what they mean in the search of one history (`finding`). A name and a colon ask by a
criterion, a name and a sign by an attribute; quotation marks keep blanks together and take a text as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.records.finding import days_of
from clinicdesk.clinic.records.searching import Condition, RecordsQuery, diagnosis_asked
from clinicdesk.kit import clock
from clinicdesk.kit.words import _

MOST_WORDS: Final = 12
"""The database looks for no more."""
_MOST_LETTERS: Final = 400
_SAID: Final = 24


@dataclass(frozen=True, slots=True)
class Criterion:
    """What may be asked by: the name typed before the colon, others that are understood, and what it is."""

    name: str
    also: tuple[str, ...]
    says: str
    example: str


CRITERIA: Final = (
    Criterion(
        "dx",
        ("diag", "diagnostico", "cie", "cie10"),
        _("diagnóstico, por código o palabras"),
        "dx:I10  dx:hipertensión",
    ),
    Criterion("tipo", (), _("tipo de registro"), "tipo:imagen"),
    Criterion(
        "dr", ("dra", "medico", "medica", "prof", "profesional"), _("profesional que atendió"), "dr:paz"
    ),
    Criterion("centro", (), _("centro de la red"), "centro:norte"),
    Criterion("inst", ("institucion", "lugar"), _("institución fuera de la red"), 'inst:"hospital italiano"'),
    Criterion("desde", (), _("desde ese día"), "desde:01/10/2026"),
    Criterion("hasta", (), _("hasta ese día"), "hasta:31/10/2026"),
    Criterion("pac", ("paciente", "doc", "dni", "hc"), _("un solo paciente"), "pac:28431907  hc:4417"),
)
_BY_NAME: Final = MappingProxyType({name: each.name for each in CRITERIA for name in (each.name, *each.also)})
_NAME: Final = r"[^\W\d_][^\W_]*"
_VALUE: Final = r'"[^"]*"?|[^\s"]+'
_PIECE: Final = re.compile(
    rf"(?P<name>{_NAME}):(?:\s*(?!{_NAME}:)(?P<value>{_VALUE}))?"
    rf'|(?P<path>"[^"]+"|[^\s"=<>≥≤:]+)\s*(?P<sign>>=|<=|[≥≤=<>])\s*(?P<limit>{_VALUE})?'
    rf"|(?P<word>{_VALUE})"
)
_SIGNS: Final = MappingProxyType({"≥": ">=", "≤": "<="})
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,17})([.]\d{1,18})?", re.ASCII)
_DECIMAL: Final = re.compile(r"(-?\d{1,18}),(\d{1,18})", re.ASCII)
_ISO: Final = re.compile(r"(?:19|20)\d\d-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the line and where it stands: `name` is the criterion, "" for words and attributes.

    A name that is no criterion is kept in `unknown`.
    """

    start: int
    end: int
    value: str = ""
    name: str = ""
    unknown: str = ""
    path: str = ""
    sign: str = ""
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What was not understood, in one sentence, and where it ends in the line."""

    says: str
    end: int


@dataclass(slots=True)
class Asked:
    """The line understood, as far as it goes without the names of a network."""

    words: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    diagnoses: list[str] = field(default_factory=list)
    doctor: str = ""
    clinic: str = ""
    institution: str = ""
    patient: str = ""
    since: date | None = None
    until: date | None = None
    attributes: list[Condition] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return self == Asked()


@dataclass(frozen=True, slots=True)
class Known:
    """What a network calls its clinics (id, code, name) and its types of entries (code, name)."""

    clinics: Sequence[tuple[int, str, str]] = ()
    kinds: Sequence[tuple[str, str]] = ()


# The line in pieces


def pieces(typed: str) -> tuple[Piece, ...]:
    """The parts of a line, in their order; blanks lie between them."""
    return tuple(_piece(found) for found in _PIECE.finditer(typed))


def piece_at(typed: str, at: int) -> Piece:
    """The part that the cursor stands in or behind; an empty one between two."""
    return next((each for each in pieces(typed) if each.start <= at <= each.end), Piece(at, at))


def replaced(typed: str, piece: Piece, text: str) -> tuple[str, int]:
    """The line with a text in place of a part, blanks around it, and where the text ends."""
    before, after = typed[: piece.start].rstrip(), typed[piece.end :].lstrip()
    head = f"{before} {text}" if before else text
    return (f"{head} {after}" if after else head), len(head)


def quoted(value: str) -> str:
    """A value as it is typed after a colon."""
    bare = " ".join(value.replace('"', " ").split())
    return f'"{bare}"' if " " in bare else bare


def _piece(found: re.Match[str]) -> Piece:
    start, end = found.span()
    if found["name"] is not None:
        name = _BY_NAME.get(folded(found["name"]), "")
        value = _bare(found["value"])
        if folded(found["name"]) == "hc" and value:
            value = f"HC {value}"
        return Piece(start, end, value, name, "" if name else found["name"])
    if found["path"] is not None:
        sign = _SIGNS.get(found["sign"], found["sign"])
        return Piece(start, end, _bare(found["limit"]), path=_bare(found["path"]), sign=sign)
    return Piece(start, end, _bare(found["word"]), quoted=found["word"].startswith('"'))


def _bare(text: str | None) -> str:
    return " ".join((text or "").replace('"', " ").split())


# What it asks


def understood(typed: str, today: date) -> Asked:
    """The line understood; what is not is named in `problems`, and the rest stands all the same."""
    asked = Asked()
    for piece in pieces(typed):
        if problem := _take(asked, piece, today):
            asked.problems.append(Problem(problem, piece.end))
    words = folded(" ".join(asked.words))
    if len(words.split()) > MOST_WORDS or len(words) > _MOST_LETTERS:
        said = _("Son demasiadas palabras: hasta {} y {} letras.")
        asked.problems.append(Problem(said.format(MOST_WORDS, _MOST_LETTERS), len(typed)))
    return asked


def _take(asked: Asked, piece: Piece, today: date) -> str:
    """Enter a part; why it cannot be, or nothing."""
    if piece.unknown:
        names = ", ".join(each.name for each in CRITERIA)
        return _("«{}:» no se entiende. Hay {}.").format(piece.unknown[:_SAID], names)
    if piece.path:
        return _take_condition(asked, piece)
    if piece.name and not piece.value:
        return _("Falta qué va después de «{}:».").format(piece.name)
    if not folded(piece.value):
        return _("«{}» no tiene letras ni números que buscar.").format(piece.value[:_SAID])
    return _TAKERS[piece.name](asked, piece, today)


def _take_word(asked: Asked, piece: Piece, _today: date) -> str:
    days = None if piece.quoted else days_of(piece.value)
    if days is None:
        asked.words += piece.value.split()
        return ""
    asked.since = max(days[0], asked.since or days[0])
    asked.until = min(days[1], asked.until or days[1])
    return ""


def _take_condition(asked: Asked, piece: Piece) -> str:
    found = condition_of(piece.path, piece.sign, piece.value)
    if isinstance(found, str):
        return found
    asked.attributes.append(found)
    return ""


def condition_of(path: str, sign: str, value: str) -> Condition | str:
    """What is asked of an attribute, or why that cannot be."""
    number = _DECIMAL.sub(r"\1.\2", value) if _DECIMAL.fullmatch(value) else value
    said = f"{path}{sign}{value}"[:_SAID]
    if not folded(path) or not folded(value):
        return _("«{}»: falta el nombre del dato o su valor.").format(said)
    if sign != "=" and not _NUMBER.fullmatch(number):
        return _("«{}»: después de {} va un número.").format(said, sign)
    return Condition(path, sign, number)


def _once(name: str) -> Callable[[Asked, Piece, date], str]:
    """A criterion that can be asked once."""

    def take(asked: Asked, piece: Piece, _today: date) -> str:
        if getattr(asked, name):
            return _("«{}:» está dos veces.").format(piece.name)
        setattr(asked, name, piece.value)
        return ""

    return take


def _take_kind(asked: Asked, piece: Piece, _today: date) -> str:
    asked.kinds.append(piece.value)
    return ""


def _take_diagnosis(asked: Asked, piece: Piece, _today: date) -> str:
    asked.diagnoses.append(piece.value)
    return ""


def _take_since(asked: Asked, piece: Piece, today: date) -> str:
    found = _day(piece.value, today)
    if found is None:
        return _no_day(piece)
    asked.since = max(found[0], asked.since or found[0])
    return ""


def _take_until(asked: Asked, piece: Piece, today: date) -> str:
    found = _day(piece.value, today)
    if found is None:
        return _no_day(piece)
    asked.until = min(found[1], asked.until or found[1])
    return ""


_TAKERS: Final = MappingProxyType(
    {
        "": _take_word,
        "dx": _take_diagnosis,
        "tipo": _take_kind,
        "dr": _once("doctor"),
        "centro": _once("clinic"),
        "inst": _once("institution"),
        "desde": _take_since,
        "hasta": _take_until,
        "pac": _once("patient"),
    }
)


def _no_day(piece: Piece) -> str:
    return _("«{}:{}» no es una fecha: 01/10/2026, 10/2026 o 2026.").format(piece.name, piece.value[:_SAID])


def _day(text: str, today: date) -> tuple[date, date] | None:
    """The first and the last day of `hoy`, `ayer`, `01/10/2026`, `10/2026`, `2026`, `2026-10-01`."""
    word = folded(text)
    if word in {"hoy", "ayer"}:
        day = today - timedelta(days=word == "ayer")
        return day, day
    if _ISO.fullmatch(text):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return day, day
    return days_of(text)


# With the names of the network


def query_of(asked: Asked, known: Known, zone: str, patient_id: UUID | None = None) -> RecordsQuery | str:
    """The query; `patient_id` is whom `patient` means. Why there is none where a name leads nowhere."""
    clinic = clinic_of(asked.clinic, known.clinics) if asked.clinic else None
    kinds = [kinds_of(each, known.kinds) for each in asked.kinds]
    if wrong := next((each for each in (clinic, *kinds) if isinstance(each, str)), None):
        return wrong
    codes, stated = _diagnoses(asked.diagnoses)
    return RecordsQuery(
        words=" ".join(asked.words),
        kinds=tuple(dict.fromkeys(code for each in kinds if not isinstance(each, str) for code in each)),
        codes=codes,
        stated=stated,
        doctor=asked.doctor,
        clinic_id=None if isinstance(clinic, str) else clinic,
        institution=asked.institution,
        since=_start(asked.since, zone),
        until=_start(asked.until, zone, later=1),
        patient_id=patient_id,
        attributes=tuple(asked.attributes),
    )


def _diagnoses(said: Iterable[str]) -> tuple[tuple[str, ...], str]:
    """Beginnings of codes, any of them, and words, all of them."""
    found = [diagnosis_asked(each) for each in said]
    codes = dict.fromkeys(code for codes, _stated in found for code in codes)
    return tuple(codes), " ".join(stated for _codes, stated in found if stated)


def _start(day: date | None, zone: str, later: int = 0) -> datetime | None:
    """When a day begins on the clinic's wall."""
    if day is None:
        return None
    return clock.instant(datetime.combine(day + timedelta(later), time()), zone)


def clinic_of(said: str, clinics: Sequence[tuple[int, str, str]]) -> int | str:
    """The clinic of a code or of words of its name, or why none is meant."""
    exact = [clinic_id for clinic_id, code, name in clinics if folded(said) in {folded(code), folded(name)}]
    found = exact or [clinic_id for clinic_id, _code, name in clinics if bears(name, said)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(name for clinic_id, _code, name in clinics if not found or clinic_id in found)
    if not found:
        return _("No hay un centro «{}». Están: {}.").format(said[:_SAID], names)
    return _("«centro:{}» puede ser {}: escribir más letras.").format(said[:_SAID], names)


def kinds_of(said: str, kinds: Sequence[tuple[str, str]]) -> tuple[str, ...] | str:
    """The codes of the types that a text names or begins, or why there is none."""
    exact = tuple(code for code, name in kinds if folded(said) in {folded(code), folded(name)})
    begun = tuple(code for code, name in kinds if bears(name, said) or bears(code, said))
    if exact or begun:
        return exact or begun
    names = ", ".join(code for code, _name in kinds)
    return _("No hay un tipo «{}». Están: {}.").format(said[:_SAID], names)


def bears(name: str, said: str) -> bool:
    """Whether each word said begins a word of the name."""
    words = folded(name).split()
    return all(any(word.startswith(each) for word in words) for each in folded(said).split())
