"""Cells of a list of patients → the values of their staging row; all that is wrong with a row at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final, TypeVar

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.particulars import MAIL, NUMBER_MOST
from clinicdesk.clinic.patients.rules import EARLIEST_BIRTH, NAME_MOST
from clinicdesk.clinic.patients.spelling import SearchNames, sound
from clinicdesk.importers._batch import Staged
from clinicdesk.importers._cells import Bad, Bads, Fault, key, line
from clinicdesk.importers._csv import Cells
from clinicdesk.importers._people_columns import MORE, Column, plain
from clinicdesk.importers._people_facts import FactsReader
from clinicdesk.importers._people_map import DateOrder, PeopleMap
from clinicdesk.importers._people_papers import Paper, PaperReader
from clinicdesk.kit.words import _

_DAY: Final = re.compile(
    r"(\d{1,4})[/.\- ](\d{1,2}|[a-z]{3,10})\.?[/.\- ](\d{1,4})"
    r"(?:[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_USUAL_DAY: Final = re.compile(r"(\d\d)/(\d\d)/(\d{4})", re.ASCII)
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
# What write_csv() puts before what a spreadsheet would run.
_GUARD: Final = re.compile("(^|[;\t\r\n])'(?=[=+@＝＋－＠-])")
_LETTERS: Final = frozenset("FMXfmx")
_YEAR_FIGURES: Final = 4
_MONTHS_A_YEAR: Final = 12
_UNREADABLE: Final = "\N{REPLACEMENT CHARACTER}"
_MOST_LETTERS: Final = MappingProxyType(
    {"email": NAME_MOST, "member": NUMBER_MOST, "payer": NAME_MOST, "plan": NAME_MOST}
)
_EVIDENCE: Final = _("Lista de {source}")
_TEXTS: Final = ("address", "city", "payer", "plan", "member")
CheckedT = TypeVar("CheckedT")


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
        self._fields = tuple(field for _header, field in columns)
        self._headers = {field: header for header, field in columns}
        self._sexes = {**_SEXES, **said.sex}
        self.evidence = Evidence()
        self.papers = PaperReader(columns, country)
        self.facts = FactsReader(
            self.header, self.phone, self.mail, _EVIDENCE.format(source=said.source or "sin nombre")
        )
        self.tells_more = not MORE.isdisjoint((*self._fields, *said.constants))
        self._month_first = said.dates.order.startswith("m")
        self._days = None if said.dates.order == "ymd" else _USUAL_DAY

    def row(self, cells: Cells) -> Staged:
        """One person. Raises Bads with everything that is wrong."""
        told = {
            field: cell
            for field, cell in zip(self._fields, cells, strict=True)
            if cell and not cell.isspace()
        }
        if self._mended:
            told = {field: _GUARD.sub(r"\1", cell) for field, cell in told.items()}
        return _Person(self, {**self._said.constants, **told} if self._said.constants else told).staged()

    def header(self, field: str) -> str:
        """What the file calls a field; the field itself where a constant or nothing gives it."""
        if field == "family" and field not in self._headers:
            return self._headers.get("name", field)
        return self._headers.get(field, field)

    def day(self, field: str, said: str) -> date:
        """A day as this file writes it, from 1880 to today. Raises Bad."""
        header = self.header(field)
        usual = self._days and self._days.fullmatch(said)
        found = self._usual_day(header, said, usual) if usual else self._calendar_day(header, said)
        if found < EARLIEST_BIRTH:
            raise Bad(header, said, Fault.TOO_EARLY, EARLIEST_BIRTH.isoformat())
        if found > self._today:
            raise Bad(header, said, Fault.FUTURE)
        return found

    def _usual_day(self, header: str, said: str, parts: re.Match[str]) -> date:
        """Two figures, two and four: what most lists have in every row."""
        first, second, year = int(parts[1]), int(parts[2]), int(parts[3])
        if first > _MONTHS_A_YEAR or second > _MONTHS_A_YEAR:
            self._learn(first, second, said)
        try:
            return date(year, first, second) if self._month_first else date(year, second, first)
        except ValueError:
            raise Bad(header, said, Fault.BAD_DATE) from None

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
        return (year, day, month) if self._month_first else (year, month, day)

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

    def sex(self, field: str, said: str) -> str:
        """F, M or X. Raises Bad."""
        word = said.lower() if said in _LETTERS else plain(said) or said.strip()
        if len(word) == 1:
            self.evidence.sex_letters.add(word)
        found = self._sexes.get(word)
        if found is None:
            known = "F, M, X, femenino, masculino, mujer, varón"
            raise Bad(self.header(field), said, Fault.UNKNOWN_VALUE, known)
        return found

    def phone(self, field: str, said: str) -> str:
        """In E.164. Raises Bad."""
        found = phones.read(said.strip(), self.country)
        if found is None:
            raise Bad(self.header(field), said, Fault.BAD_PHONE)
        return found

    def mail(self, field: str, said: str) -> str:
        """An address. Raises Bad."""
        found = line(self.header(field), said, NAME_MOST)
        if not MAIL.fullmatch(found):
            raise Bad(self.header(field), said, Fault.BAD_MAIL)
        return found

    def text(self, field: str, said: str) -> str | None:
        """Words of one line, None where they are but blanks. Raises Bad."""
        return line(self.header(field), said, _MOST_LETTERS.get(field, 400)) or None

    def name(self, field: str, said: str) -> str | None:
        """A name. Raises Bad."""
        found = line(self.header(field), said, NAME_MOST)
        if _UNREADABLE in found:
            raise Bad(self.header(field), said, Fault.NOT_TEXT)
        return found or None

    def key(self, field: str, said: str) -> str:
        """The other system's own name of a row. Raises Bad."""
        return key(self.header(field), said)


class _Person:
    """One row on its way to staging; what is wrong is collected, what depends on it is left out."""

    def __init__(self, rows: PeopleRows, told: Mapping[str, str]) -> None:
        self._rows, self._told = rows, told
        self._bad: list[Bad] = []

    def staged(self) -> Staged:
        """The values of staging_registry after batch and line. Raises Bads."""
        rows = self._rows
        given, family = self._names()
        sex = self._checked("sex", rows.sex, needed=True)
        birth, died = self._checked("birth", rows.day), self._checked("deceased_on", rows.day)
        papers = rows.papers.read(self._told, self._bad)
        self._must_fit(birth, died, papers)
        texts = [self._checked(name, rows.text) for name in _TEXTS]
        first, second = self._checked("phone", rows.phone), self._checked("mobile", rows.phone)
        mail = self._checked("email", rows.mail)
        more = self._more(second or first, mail) if rows.tells_more else ()
        source_key = self._checked("key", rows.key)
        if self._bad:
            raise Bads(self._bad)
        names = SearchNames.of(given, family)
        words, stored = names.words, names.stored
        keys = [paper.key for paper, _column, _said in papers]
        born = birth.isoformat() if birth else None
        return (
            *_key(source_key, keys, stored, born, sex or ""),
            given,
            family,
            sex,
            born,
            died and died.isoformat(),
            first or second,
            second if first and second != first else None,
            mail,
            *texts,
            _listed(
                names.keys(
                    birth.year if birth else None, tuple(paper.number for paper, _column, _said in papers)
                )
            ),
            stored,
            _listed(words),
            _listed(map(sound, words)),
            _listed(keys),
            _quoted(column for _paper, column, _said in papers),
            _quoted(said for _paper, _column, said in papers),
            *more,
        )

    def _more(self, dialled: str | None, mail: str | None) -> Staged:
        """Name in use, gender, blood group and the facts that come in any number."""
        rows = self._rows
        name = self._checked("name_in_use", rows.name)
        gender = self._checked("gender", rows.facts.gender)
        field = "blood_group" if "blood_group" in self._told else "blood_factor"
        blood = self._checked(field, lambda _field, _said: rows.facts.blood(self._told))
        return name, gender, blood, rows.facts.read(self._told, dialled, mail, self._bad)

    def _checked(
        self, field: str, check: Callable[[str, str], CheckedT], *, needed: bool = False
    ) -> CheckedT | None:
        said = self._told.get(field)
        if not said:
            if needed:
                self._bad.append(Bad(self._rows.header(field), "", Fault.MISSING))
            return None
        try:
            return check(field, said)
        except Bad as bad:
            self._bad.append(bad)
            return None

    def _names(self) -> tuple[str, str]:
        if "name" in self._told and "family" not in self._told:
            family, comma, given = self._told["name"].partition(",")
            if not comma:
                self._bad.append(Bad(self._rows.header("name"), self._told["name"], Fault.NO_COMMA))
            parts: Mapping[str, str] = {"family": family, "given": given}
        else:
            parts = self._told
        return self._name(parts, "given"), self._name(parts, "family", needed=True)

    def _name(self, parts: Mapping[str, str], field: str, *, needed: bool = False) -> str:
        """Both columns of a name together."""
        header = self._rows.header(field)
        second = parts.get(f"{field}2")
        said = f"{parts.get(field, '')} {second}" if second else parts.get(field, "")
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


def _key(
    own: str | None, documents: Sequence[str], names: str, born: str | None, sex: str
) -> tuple[str, str]:
    """What names the row from one list to the next, and whether others may have the same."""
    if own:
        return f"id:{own}", "f"
    if documents:
        return f"doc:{documents[0]}", "f"
    return f"who:{names}:{born or ''}:{sex}", "t"


def _spoken(text: str) -> str:
    """`4 de marzo de 1980` → `4 marzo 1980`."""
    return re.sub(r"[ ]+(?:de|del)[ ]+", " ", text.lower()) if " de" in text.lower() else text


def _cut(text: str, dates: DateOrder) -> tuple[str, str, str]:
    """Eight figures in the order that was told."""
    if dates.order == "ymd":
        return text[:4], text[4:6], text[6:]
    return text[:2], text[2:4], text[4:]


def _listed(words: Iterable[str]) -> str:
    """An array as COPY takes it, of words in which no quote or backslash can be: the driver takes ten
    times as long over a list.
    """
    joined = '","'.join(words)
    return f'{{"{joined}"}}' if joined else "{}"


def _quoted(texts: Iterable[str]) -> str:
    """The same of any texts."""
    return _listed(text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
