"""The CodiEsp corpus: Spanish clinical cases as entries of a history, with the codes that coders gave them.

Nobody signed them: each text waits unsigned, under the name of its source (CC BY 4.0, Miranda-Escalada et
al., CLEF 2020). A case is a person without a document, of no known birth; its year is the publication's.
"""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Table

from clinicdesk.clinic.cie10.rules import code_of
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients.spelling import SearchNames, sound
from clinicdesk.clinic.records.rules import NOTE_MOST, UNSIGNED, RecordKind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.staging import staging_diagnoses, staging_patients, staging_visits
from clinicdesk.importers import Importer, ImportResult, Progress, quiet
from clinicdesk.importers._batch import (
    CannotRead,
    Feed,
    FilesMissing,
    FolderNotFound,
    Source,
    Staged,
    run_import,
)
from clinicdesk.importers._cells import Bad, Fault, key, words
from clinicdesk.importers._csv import Cells, Layout
from clinicdesk.kit.words import _

_TEXTS: Final = "text_files"
_MARKS: Final = "devX.tsv"
_DIAGNOSIS: Final = "DIAGNOSTICO"
_PLACE: Final = "CodiEsp"
_YEAR: Final = re.compile(r"S\d{4}-\d{3}[\dX]((?:19|20)\d\d)\d{9}-\d+", re.ASCII)
"""A case is named after its article: ISSN, year, issue, number."""
_UNKNOWN_YEAR: Final = "1970"
_WOMAN: Final = re.compile(r"\b(mujer|niña|gestante|embarazada|femenin[oa])\b", re.IGNORECASE)
_MAN: Final = re.compile(r"\b(varón|hombre|niño|masculino)\b", re.IGNORECASE)
_LOOKED_AT: Final = 300
_NAME_MOST: Final = 300
_COLUMNS: Final = MappingProxyType(
    {"key": "CASE", "patient_key": "CASE", "visit_key": "CASE", "code": "CODE"}
)


def _patient(cells: Cells) -> Staged:
    case, text = cells
    named = SearchNames.of(key("CASE", case), _PLACE)
    found = {
        "key": case,
        "given": case,
        "family": _PLACE,
        "sex": _sex(text),
        "search": named.keys(None, ()),
        "search_names": named.stored,
        "name_words": list(named.words),
        "name_sounds": [sound(word) for word in named.words],
        "documents": [],
        "document_columns": [],
        "document_texts": [],
    }
    return _row(staging_patients, found)


def _visit(cells: Cells) -> Staged:
    case, text = cells
    year = _YEAR.fullmatch(case)
    found = {
        "key": key("CASE", case),
        "patient_key": case,
        "institution": _PLACE,
        "kind": RecordKind.OTRO.value,
        "started_at": f"{year[1] if year else _UNKNOWN_YEAR}-01-01T12:00:00Z",
        "title": _("Caso clínico"),
        "attributes": msgspec.json.encode({UNSIGNED: words("TEXT", text, NOTE_MOST)}).decode(),
    }
    return _row(staging_visits, found)


def _diagnosis(cells: Cells) -> Staged:
    case, code, text = cells
    shaped = code_of(code)
    if shaped is None:
        raise Bad("CODE", code, Fault.BAD_CODE)
    found = {
        "patient_key": key("CASE", case),
        "visit_key": case,
        "system": "CIE-10",
        "code": shaped,
        "text": words("TEXT", text[:_NAME_MOST], _NAME_MOST),
    }
    return _row(staging_diagnoses, found)


def _row(table: Table, found: Mapping[str, object]) -> Staged:
    """The values in the table's order, after batch and line."""
    return tuple(found.get(column.name) for column in list(table.columns)[2:])


def _sex(text: str) -> str:
    """What the first sentences say: F or M, X where they say nothing."""
    start = text[:_LOOKED_AT]
    woman, man = _WOMAN.search(start), _MAN.search(start)
    if woman and (not man or woman.start() < man.start()):
        return "F"
    return "M" if man else "X"


def run(
    desk: Desk,
    folder: Path,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    key: UUID | None = None,
    progress: Progress = quiet,
    **_options: str,
) -> ImportResult:
    """Import a folder with text_files and devX.tsv. Raises FolderNotFound, FilesMissing, CannotRead."""
    if not folder.is_dir():
        raise FolderNotFound(folder=folder)
    if not (folder / _TEXTS).is_dir() or not (folder / _MARKS).is_file():
        raise FilesMissing(folder=folder, files=f"{_TEXTS}, {_MARKS}")
    with tempfile.TemporaryDirectory() as apart:
        try:
            _laid_out(folder, Path(apart))
        except (OSError, UnicodeDecodeError) as error:
            raise CannotRead(file=folder, why=error) from error
        return run_import(desk, _source(Path(apart)), dry_run=dry_run, rejects=rejects, key=key)


def _source(folder: Path) -> Source:
    case = Layout(("CASE", "TEXT"))
    return Source(
        name="codiesp",
        folder=folder,
        lookups=(),
        feeds=(
            Feed("cases.csv", "patients", staging_patients, case, _patient, _COLUMNS, required=True),
            Feed("texts.csv", "visits", staging_visits, case, _visit, _COLUMNS, required=True),
            Feed(
                "codes.csv",
                "diagnoses",
                staging_diagnoses,
                Layout(("CASE", "CODE", "TEXT")),
                _diagnosis,
                _COLUMNS,
            ),
        ),
    )


def _laid_out(folder: Path, apart: Path) -> None:
    """The corpus as files of rows: cases, twice, and each code of a case once with the words it marks."""
    texts = [
        (path.stem, path.read_text(encoding="utf-8-sig").strip())
        for path in sorted((folder / _TEXTS).glob("*.txt"))
    ]
    for name in ("cases.csv", "texts.csv"):
        _write(apart / name, ("CASE", "TEXT"), iter(texts))
    _write(apart / "codes.csv", ("CASE", "CODE", "TEXT"), _marked(folder / _MARKS))


def _marked(path: Path) -> Iterator[tuple[str, ...]]:
    seen: set[tuple[str, str]] = set()
    with path.open(encoding="utf-8-sig", newline="") as file:
        for case, kind, code, text, *_places in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if kind == _DIAGNOSIS and (case, code) not in seen:
                seen.add((case, code))
                yield case, code, text


def _write(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    """Rows for our own reader, every cell between quotes: no spreadsheet opens them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        for row in chain((header,), rows):
            cells = (cell.replace('"', '""') for cell in row)
            file.write(",".join(f'"{cell}"' for cell in cells) + "\n")


IMPORTER: Final = Importer(
    name="codiesp",
    title=_("Casos clínicos de CodiEsp, con sus códigos"),
    help=_("Carpeta con text_files y devX.tsv. Cada caso entra como registro sin firma."),
    permission=Permission.IMPORT_RUN,
    run=run,
)
