"""The documents that a row of a list of patients names, whatever column says so."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from clinicdesk.clinic.countries import pack
from clinicdesk.clinic.patients.rules import Document, document_problems, parsed_document
from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.importers._people_columns import Column, country_of, kind_of
from clinicdesk.kit.errors import InvalidInput

Paper = tuple[Document, str, str]
"""A document, the column it stood in and what stood there."""
_SPREADSHEET_NUMBER: Final = re.compile(r"(\d{5,})[.,]0", re.ASCII)
_GLUED: Final = re.compile(r"([A-Za-z][A-Za-z. ]*?)[\s.:]*(\d[\d.\- ]*)", re.ASCII)
_FIGURES: Final = re.compile(r"\d{1,30}|\d{1,3}(?:\.\d{3}){1,5}", re.ASCII)


class PaperReader:
    """Reads the documents of one file's rows; `country` is where those are from that name none."""

    def __init__(self, columns: Sequence[Column], country: str) -> None:
        self._country_here = country
        self._columns: list[tuple[str, str, str | None]] = []
        self._headers = {field: header for header, field in columns}
        for header, field in columns:
            name, _colon, kind = field.partition(":")
            if name == "document":
                self._columns.append((header, field, kind or None))

    def read(self, told: Mapping[str, str], bad: list[Bad]) -> list[Paper]:
        """Every document that the row names, each once; what is wrong goes to `bad`."""
        country = self._country(told, bad)
        if country is None:
            return []
        found: dict[str, Paper] = {}
        for header, field, own_kind in self._columns:
            if said := told.get(field):
                try:
                    paper = self._paper(told, header, said, own_kind, country)
                except Bad as each:
                    bad.append(each)
                else:
                    found.setdefault(paper.key, (paper, header, said))
        return list(found.values())

    def _country(self, told: Mapping[str, str], bad: list[Bad]) -> str | None:
        if not (said := told.get("country")):
            return self._country_here
        found = country_of(said)
        if found is None:
            header = self._headers.get("country", "country")
            bad.append(Bad(header, said, Fault.UNKNOWN_VALUE, "AR, Argentina, UY, Uruguay…"))
        return found

    def _paper(
        self, told: Mapping[str, str], header: str, said: str, own_kind: str | None, country: str
    ) -> Document:
        """One document: its kind from its column, before its number, or from the kind's column."""
        kinds = pack(country).kinds
        bare = _FIGURES.fullmatch(said) is not None
        kind, number = (None, said) if bare else _parted(said.strip(), kinds)
        kind = own_kind or kind or self._kind(told, kinds) or kinds[0]
        if bare and kind in kinds:
            found = Document(country, kind, said.replace(".", "").lstrip("0") or "0")
        else:
            found = _spelled(header, said, number, kind, country)
        if document_problems(found):
            raise Bad(header, said, Fault.BAD_CHECK_DIGIT)
        return found

    def _kind(self, told: Mapping[str, str], kinds: Sequence[str]) -> str | None:
        if not (said := told.get("kind")):
            return None
        if (found := kind_of(said)) is None:
            raise Bad(self._headers.get("kind", "kind"), said, Fault.UNKNOWN_VALUE, ", ".join(kinds))
        return found


def _spelled(header: str, said: str, number: str, kind: str, country: str) -> Document:
    """A number with more than figures and points in it. Raises Bad."""
    if typed := _SPREADSHEET_NUMBER.fullmatch(number):
        number = typed[1]
    try:
        return parsed_document(number if ":" in number else f"{country}:{kind}:{number}", country)
    except InvalidInput:
        raise Bad(header, said, Fault.BAD_DOCUMENT) from None


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
