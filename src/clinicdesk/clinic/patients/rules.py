"""Pure decisions about people: documents, names as they are searched, what a registration needs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinicdesk.clinic.countries import pack
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

EARLIEST_BIRTH: Final = date(1880, 1, 1)
NAME_MOST: Final = 120
_PARTICLES: Final = frozenset(
    {"de", "del", "la", "las", "los", "da", "das", "do", "dos", "di", "van", "von", "y"}
)
_JOINERS: Final = re.compile(r"['’`´]")
_BREAKS: Final = re.compile(r"[\W_]+")
_SEPARATORS: Final = re.compile(r"[\s.\-–/]+")
_NUMBER: Final = re.compile(r"(?=.*[0-9])[0-9A-Z]{1,30}")
_DOCUMENT_LIKE: Final = re.compile(r"[\d.\-\s]{3,}")
_CHART: Final = re.compile(r"(?:hc|historia)\s*0*(\d{1,12})", re.IGNORECASE)
_PREFIX_LETTERS: Final = 3


@dataclass(frozen=True, slots=True)
class Document:
    """An identity document: issuing country (ISO 3166-1 alpha-2), kind as its pack names it, number."""

    country: str
    kind: str
    number: str

    @property
    def key(self) -> str:
        """What makes it unique over the network."""
        return f"{self.country}:{self.kind}:{self.number}"


def chart_key(chart_number: int) -> str:
    """The document key of a chart number."""
    return f"chart:{chart_number:06d}"


def parsed_document(text: str, country: str) -> Document:
    """A document as typed: `12345678`, `DNI:12345678` or `AR:DNI:12345678`.

    `country` and its usual kind fill what is left out. Raises InvalidInput.
    """
    parts = [part.strip().upper() for part in unicodedata.normalize("NFKC", text).split(":")]
    number = _SEPARATORS.sub("", parts[-1])
    issuer = parts[-3] if len(parts) == 3 else country  # noqa: PLR2004 - country, kind, number
    known = pack(issuer)
    kind = parts[-2] if len(parts) > 1 else known.kinds[0]
    problems = []
    if len(parts) > 3 or not _NUMBER.fullmatch(number):  # noqa: PLR2004
        problems.append(
            _("El documento «{text}» no se entiende: se espera 12345678 o DNI:12345678.").format(text=text)
        )
    elif kind not in known.kinds:
        kinds = ", ".join(known.kinds)
        problems.append(
            _("El tipo de documento «{kind}» no existe en {name}: {kinds}.").format(
                kind=kind, name=known.name, kinds=kinds
            )
        )
    if problems:
        raise InvalidInput(*problems)
    return Document(issuer, kind, number.lstrip("0") or "0" if number.isdigit() else number)


def shown_document(country: str | None, kind: str, number: str) -> str:
    """`DNI 28.431.907`: grouped where the country groups it."""
    if country and kind in pack(country).grouped and number.isdigit():
        return f"{kind} {int(number):,}".replace(",", ".")
    return f"{kind} {number}"


def folded(text: str) -> str:
    """Lower case without marks: ñ → n, ü → u; apostrophes vanish, other punctuation becomes a blank."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return _BREAKS.sub(" ", _JOINERS.sub("", plain)).strip()


def name_words(text: str) -> tuple[str, ...]:
    """The folded words of a name that tell people apart: particles go, unless they are all there is."""
    words = folded(text).split()
    return tuple(word for word in words if word not in _PARTICLES) or tuple(words)


def search_keys(given: str, family: str) -> list[str]:
    """The keys a person is found under: folded words, joined surnames, three-letter prefixes (`3mar`)."""
    words = list(dict.fromkeys((*name_words(family), *name_words(given), folded(family).replace(" ", ""))))
    prefixes = dict.fromkeys(f"3{word[:_PREFIX_LETTERS]}" for word in words if len(word) >= _PREFIX_LETTERS)
    return [*words, *prefixes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody typed into the search box, understood: a document, a chart number or words."""

    document: str = ""
    chart_number: int | None = None
    words: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Too little to search by: less than three characters in every word."""
        return (
            not self.document
            and self.chart_number is None
            and not any(len(word) >= _PREFIX_LETTERS for word in self.words)
        )


def understood(text: str) -> Wanted:
    """One box takes all: digits are a document (or its beginning), `HC 123` a chart, else names.

    Letters with a digit among them may be either: a passport, or a name somebody numbered.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if found := _CHART.fullmatch(text):
        return Wanted(chart_number=int(found.group(1)))
    tail = text.rsplit(":", 1)[-1].upper()
    if _DOCUMENT_LIKE.fullmatch(tail) or (tail.isdigit() and tail.isascii()):
        digits = _SEPARATORS.sub("", tail)
        return Wanted(document=digits.lstrip("0") if len(digits) >= _PREFIX_LETTERS else "")
    number = tail if _NUMBER.fullmatch(tail) else ""
    return Wanted(document=number, words=name_words(text))


def problems_of(
    given: str, family: str, sex: str, birth: date | None, document: Document | None, today: date
) -> tuple[str, ...]:
    """Everything that keeps a registration from being saved, one sentence each."""
    found = []
    if not clean_line(family):
        found.append(_("Falta el apellido."))
    if len(family) > NAME_MOST or len(given) > NAME_MOST:
        found.append(_("Cada nombre lleva hasta 120 caracteres."))
    if sex not in {"F", "M", "X"}:
        found.append(_("El sexo es F, M o X."))
    if birth is not None and birth > today:
        found.append(_("La fecha de nacimiento está en el futuro."))
    if birth is not None and birth < EARLIEST_BIRTH:
        found.append(_("La fecha de nacimiento no puede ser anterior a 1880."))
    if birth is None and document is not None:
        found.append(_("Falta la fecha de nacimiento."))
    return tuple(found)
