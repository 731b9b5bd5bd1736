"""Cells of a list of patients → the values of their staging row; all that is wrong with a row at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from types import MappingProxyType
from typing import Final, TypeVar

from clinicdesk.clinic.countries import pack
from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.particulars import MAIL, NUMBER_MOST
from clinicdesk.clinic.patients.rules import (
    EARLIEST_BIRTH,
    NAME_MOST,
    Document,
    document_problems,
    parsed_document,
)
from clinicdesk.clinic.patients.spelling import SearchNames, sound
from clinicdesk.importers._batch import Staged
from clinicdesk.importers._cells import Bad, Bads, Fault, key, line
from clinicdesk.importers._csv import Cells
from clinicdesk.importers._people_columns import country_of, kind_of, plain
from clinicdesk.importers._people_map import DateOrder, PeopleMap
from clinicdesk.kit.errors import InvalidInput

_DAY: Final = re.compile(
    r"(\d{1,4})[/.\- ](\d{1,2}|[a-z]{3,10})\.?[/.\- ](\d{1,4})"
    r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_SOLID: Final = re.compile(r"\d{8}", re.ASCII)
_MONTHS: Final = MappingProxyType(
    {
        name[:3]: number
        for names in (
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
            "january february march april may june july august september october november december",
        )
        for number, name in enumerate(names.split(), start=1)
    }
    | {"set": 9}
)
_SEXES: Final = MappingProxyType(
    dict.fromkeys(("f", "fem", "femenino", "femenina", "mujer", "female", "woman", "nina"), "F")
    | dict.fromkeys(
        ("m", "h", "masc", "masculino", "masculina", "varon", "hombre", "male", "man", "nino"), "M"
    )
    | dict.fromkeys(("x", "nobinario", "nobinaria", "indeterminado", "intersex", "otro", "other"), "X")
)
_SPREADSHEET_NUMBER: Final = re.compile(r"(\d{5,})[.,]0", re.ASCII)
# What write_csv() puts before what a spreadsheet would run.
_GUARD: Final = re.compile("(^|[;\t\r\n])'(?=[=+@＝＋－＠-])")
_GLUED: Final = re.compile(r"([A-Za-z][A-Za-z. ]*?)[\s.:]*(\d[\d.\- ]*)", re.ASCII)
_YEAR_FIGURES: Final = 4
_MONTHS_A_YEAR: Final = 12
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
_MOST_LETTERS: Final = MappingProxyType(
    {"email": NAME_MOST, "member": NUMBER_MOST, "payer": NAME_MOST, "plan": NAME_MOST}
)
CheckedT = TypeVar("CheckedT")
Paper = tuple[Document, str, str]
"""A document, the column it stood in and what stood there."""
Column = tuple[str, str]
"""What a column is called in the file, and its field."""


class Evidence:
    """What the whole file shows of how it writes days and sexes: a row alone cannot tell."""

    def __init__(self) -> None:
        self.day_first = self.month_first = 0
        self.example = ""
        self.sex_letters: set[str] = set()


class PeopleRows:
    """Rows of one file. `columns` are those read, in the order of the cells."""

    def __init__(
        self, columns: Sequence[Column], said: PeopleMap, country: str, today: date, *, mended: bool = False
    ) -> None:
        """`country` is where documents are from that name none; `mended` rows come from a file of rejects."""
        self._columns = columns
        self._said = said
        self.country = country
        self._mended = mended
        self._today = today
        self._headers = {field: header for header, field in columns}
        self._sexes = {**_SEXES, **said.sex}
        self.evidence = Evidence()

    def row(self, cells: Cells) -> Staged:
        """One person. Raises Bads with everything that is wrong."""
        told = {
            field: cell
            for (_header, field), cell in zip(self._columns, cells, strict=True)
            if cell and not cell.isspace()
        }
        if self._mended:
            told = {field: _GUARD.sub(r"\1", cell) for field, cell in told.items()}
        return _Person(self, {**self._said.constants, **told}).staged()

    def header(self, field: str) -> str:
        """What the file calls a field; the field itself where a constant or nothing gives it."""
        if field == "family" and field not in self._headers:
            return self._headers.get("name", field)
        return self._headers.get(field, field)

    @property
    def papers(self) -> Iterator[tuple[str, str, str | None]]:
        """Header, field and kind of each column of documents; the kind where the column has its own."""
        for header, field in self._columns:
            name, _colon, kind = field.partition(":")
            if name == "document":
                yield header, field, kind or None

    def day(self, field: str, said: str) -> date:
        """A day as this file writes it, from 1880 to today. Raises Bad."""
        header = self.header(field)
        found = self._calendar_day(header, said)
        if found < EARLIEST_BIRTH:
            raise Bad(header, said, Fault.TOO_EARLY, EARLIEST_BIRTH.isoformat())
        if found > self._today:
            raise Bad(header, said, Fault.FUTURE)
        return found

    def _calendar_day(self, header: str, said: str) -> date:
        text, dates = said.strip(), self._said.dates
        if _SOLID.fullmatch(text):
            parts = _cut(text, dates if dates.told else DateOrder("ymd"))
        elif found := _DAY.fullmatch(_spoken(text)):
            parts = found[1], found[2], found[3]
        else:
            raise Bad(header, said, Fault.BAD_DATE)
        try:
            return date(*self._ordered(header, said, parts))
        except ValueError:
            raise Bad(header, said, Fault.BAD_DATE) from None

    def _ordered(self, header: str, said: str, parts: tuple[str, str, str]) -> tuple[int, int, int]:
        """Year, month, day. A year of four figures in front is never anything else."""
        first, middle, last = parts
        month = _MONTHS.get(middle.lower()[:3]) if middle.isalpha() else int(middle)
        if month is None:
            raise Bad(header, said, Fault.BAD_DATE)
        if len(first) == _YEAR_FIGURES:
            self.evidence.day_first += 1
            return int(first), month, int(last)
        if self._said.dates.order == "ymd":
            raise Bad(header, said, Fault.BAD_DATE)
        if len(last) == len("yy") and not self._said.dates.short:
            raise Bad(header, said, Fault.SHORT_YEAR)
        if len(last) not in {len("yy"), _YEAR_FIGURES}:
            raise Bad(header, said, Fault.BAD_DATE)
        day, year = int(first), self._whole_year(last)
        if middle.isalpha():
            return year, month, day
        self._learn(day, month, said)
        return (year, day, month) if self._said.dates.order.startswith("m") else (year, month, day)

    def _learn(self, first: int, second: int, said: str) -> None:
        found = self.evidence
        if first > _MONTHS_A_YEAR >= second:
            found.day_first += 1
        elif second > _MONTHS_A_YEAR >= first:
            found.month_first += 1
            found.example = found.example or said

    def _whole_year(self, said: str) -> int:
        """Two figures are of the last hundred years."""
        if len(said) == _YEAR_FIGURES:
            return int(said)
        century = self._today.year // 100 * 100
        year = century + int(said)
        return year if year <= self._today.year else year - 100

    def sex(self, said: str) -> str:
        """F, M or X. Raises Bad."""
        word = plain(said) or said.strip()
        if len(word) == 1:
            self.evidence.sex_letters.add(word)
        found = self._sexes.get(word)
        if found is None:
            raise Bad(
                self.header("sex"), said, Fault.UNKNOWN_VALUE, "F, M, X, femenino, masculino, mujer, varón"
            )
        return found


class _Person:
    """One row on its way to staging; what is wrong is collected, what depends on it is left out."""

    def __init__(self, rows: PeopleRows, told: Mapping[str, str]) -> None:
        self._rows, self._told = rows, told
        self._bad: list[Bad] = []

    def staged(self) -> Staged:
        """The values of staging_registry after batch and line. Raises Bads."""
        given, family = self._names()
        sex = self._checked("sex", self._rows.sex, needed=True)
        birth = self._checked("birth", lambda said: self._rows.day("birth", said))
        died = self._checked("deceased_on", lambda said: self._rows.day("deceased_on", said))
        papers = self._papers()
        self._must_fit(birth, died, papers)
        texts = {name: self._text(name) for name in ("address", "city", "payer", "plan", "member")}
        first, second = (self._checked(name, partial(self._phone, name)) for name in ("phone", "mobile"))
        mail = self._checked("email", self._mail)
        source_key = self._checked("key", lambda said: key(self._rows.header("key"), said))
        if self._bad:
            raise Bads(self._bad)
        names = SearchNames.of(given, family)
        told_key, numbered = _key(source_key, papers, names, birth, sex or "")
        return (
            told_key,
            numbered,
            given,
            family,
            sex,
            birth and birth.isoformat(),
            died and died.isoformat(),
            first or second,
            second if first and second != first else None,
            mail,
            *texts.values(),
            names.keys(
                birth.year if birth else None, tuple(paper.number for paper, _column, _said in papers)
            ),
            names.stored,
            list(names.words),
            [sound(word) for word in names.words],
            [paper.key for paper, _column, _said in papers],
            [column for _paper, column, _said in papers],
            [said for _paper, _column, said in papers],
        )

    def _checked(
        self, field: str, check: Callable[[str], CheckedT], *, needed: bool = False
    ) -> CheckedT | None:
        said = self._told.get(field, "")
        if not said:
            if needed:
                self._bad.append(Bad(self._rows.header(field), "", Fault.MISSING))
            return None
        try:
            return check(said)
        except Bad as bad:
            self._bad.append(bad)
            return None

    def _text(self, field: str) -> str | None:
        most = _MOST_LETTERS.get(field, 400)
        return self._checked(field, lambda said: line(self._rows.header(field), said, most)) or None

    def _phone(self, field: str, said: str) -> str:
        found = phones.read(said.strip(), self._rows.country)
        if found is None:
            raise Bad(self._rows.header(field), said, Fault.BAD_PHONE)
        return found

    def _mail(self, said: str) -> str:
        found = line(self._rows.header("email"), said, NAME_MOST)
        if not MAIL.fullmatch(found):
            raise Bad(self._rows.header("email"), said, Fault.BAD_MAIL)
        return found

    def _names(self) -> tuple[str, str]:
        if "name" in self._told and "family" not in self._told:
            family, comma, given = self._told["name"].partition(",")
            if not comma:
                self._bad.append(Bad(self._rows.header("name"), self._told["name"], Fault.NO_COMMA))
            parts = {"family": family, "given": given}
        else:
            parts = dict(self._told)
        return self._name(parts, "given"), self._name(parts, "family", needed=True)

    def _name(self, parts: Mapping[str, str], field: str, *, needed: bool = False) -> str:
        """Both columns of a name together."""
        header = self._rows.header(field)
        said = f"{parts.get(field, '')} {parts.get(field + '2', '')}"
        try:
            found = line(header, said, NAME_MOST)
            if needed and not found:
                raise Bad(header, said.strip(), Fault.MISSING)
            if _UNREADABLE in found:
                raise Bad(header, said.strip(), Fault.NOT_TEXT)
            return found
        except Bad as bad:
            self._bad.append(bad)
            return ""

    def _must_fit(self, birth: date | None, died: date | None, papers: Sequence[Paper]) -> None:
        if birth and died and died < birth:
            said = self._told["deceased_on"]
            self._bad.append(Bad(self._rows.header("deceased_on"), said, Fault.BEFORE, birth.isoformat()))
        if "payer" not in self._told and self._told.keys() & {"plan", "member"}:
            self._bad.append(Bad(self._rows.header("payer"), "", Fault.MISSING))
        if papers and "birth" not in self._told:
            self._bad.append(Bad(self._rows.header("birth"), "", Fault.MISSING))

    def _papers(self) -> list[Paper]:
        """Every document that the row names, each once."""
        found: dict[str, Paper] = {}
        country = self._country()
        for header, field, own_kind in self._rows.papers:
            if (said := self._told.get(field, "")) and country:
                try:
                    paper = self._paper(header, said, own_kind, country)
                    found.setdefault(paper.key, (paper, header, said))
                except Bad as bad:
                    self._bad.append(bad)
        return list(found.values())

    def _country(self) -> str | None:
        if not (said := self._told.get("country")):
            return self._rows.country
        found = country_of(said)
        if found is None:
            self._bad.append(
                Bad(self._rows.header("country"), said, Fault.UNKNOWN_VALUE, "AR, Argentina, UY, Uruguay…")
            )
        return found

    def _paper(self, header: str, said: str, own_kind: str | None, country: str) -> Document:
        """One document: its kind from its column, before its number, or from the kind's column."""
        kinds = pack(country).kinds
        kind, number = _parted(said.strip(), kinds)
        kind = own_kind or kind or self._kind(kinds) or kinds[0]
        if typed := _SPREADSHEET_NUMBER.fullmatch(number):
            number = typed[1]
        text = number if ":" in number else f"{country}:{kind}:{number}"
        try:
            found = parsed_document(text, country)
        except InvalidInput:
            raise Bad(header, said, Fault.BAD_DOCUMENT) from None
        if document_problems(found):
            raise Bad(header, said, Fault.BAD_CHECK_DIGIT)
        return found

    def _kind(self, kinds: Sequence[str]) -> str | None:
        if not (said := self._told.get("kind")):
            return None
        if (found := kind_of(said)) is None:
            raise Bad(self._rows.header("kind"), said, Fault.UNKNOWN_VALUE, ", ".join(kinds))
        return found


def _parted(said: str, kinds: Sequence[str]) -> tuple[str | None, str]:
    """`DNI 12.345.678`, `D.N.I.: 12345678`, `Pasaporte AB123` → kind and number; None for a bare number."""
    head, colon, rest = said.rpartition(":")
    if colon and ":" not in head and (kind := kind_of(head)):
        return kind, rest
    head, _blank, rest = said.partition(" ")
    if rest and (kind := kind_of(head)):
        return kind, rest
    if (found := _GLUED.fullmatch(said)) and (kind := kind_of(found[1])) in kinds:
        return kind, found[2]
    return None, said


def _key(
    own: str | None, papers: Sequence[Paper], names: SearchNames, birth: date | None, sex: str
) -> tuple[str, bool]:
    """What names the row from one list to the next, and whether others may have the same."""
    if own:
        return f"id:{own}", False
    if papers:
        return f"doc:{papers[0][0].key}", False
    return f"who:{names.stored}:{birth or ''}:{sex}", True


def _spoken(text: str) -> str:
    """`4 de marzo de 1980` → `4 marzo 1980`."""
    return re.sub(r"[ ]+(?:de|del)[ ]+", " ", text.lower()) if " de" in text.lower() else text


def _cut(text: str, dates: DateOrder) -> tuple[str, str, str]:
    """Eight figures in the order that was told."""
    if dates.order == "ymd":
        return text[:4], text[4:6], text[6:]
    return text[:2], text[2:4], text[4:]
