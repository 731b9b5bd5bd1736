"""CSV files as streams of rows, each with its physical line; memory does not grow with the file."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final

from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _

Cells = tuple[str, ...]
OnBad = Callable[[int, Bad], None]

_SHOWN_OF_A_ROW: Final = 200
_BLOCK: Final = 1 << 20
_LONGEST_LINE: Final = 1 << 20


class LineTooLong(Refusal):
    """A line that no row of data can be: the file is something else."""

    says = _("{file}: una línea pasa de {most} caracteres; no parece un CSV.")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns wanted of a file, by name in any case; an optional one that is absent reads as ""."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other names of columns, in capitals → the layout's."""
    delimiter: str = ","
    encoding: str = "utf-8-sig"

    @property
    def columns(self) -> tuple[str, ...]:
        """All of them, in the order of the cells that `rows` gives."""
        return self.needed + self.optional


def problems_of(path: Path, layout: Layout) -> list[str]:
    """Why a file cannot be read at all, one sentence each: no text, no header, columns missing or twice."""
    try:
        with _opened(path, layout.encoding) as file:
            header = _named(next(_reader(_Lines(file, path.name), layout), []), layout)
    except OSError as error:
        return [_("{file}: no se puede leer ({why}).").format(file=path.name, why=error.strerror)]
    except csv.Error:
        return [_("{file}: el encabezado tiene comillas mal puestas.").format(file=path.name)]
    if any(not name.isprintable() for name in header):
        return [_("{file}: no es texto CSV en UTF-8.").format(file=path.name)]
    if not header:
        return [_("{file}: está vacío, falta la línea de encabezado.").format(file=path.name)]
    found = []
    if missing := [name for name in layout.needed if name.upper() not in header]:
        columns = ", ".join(missing)
        found.append(_("{file}: faltan las columnas {columns}.").format(file=path.name, columns=columns))
    if twice := [name for name in layout.columns if header.count(name.upper()) > 1]:
        columns = ", ".join(twice)
        found.append(_("{file}: columnas repetidas: {columns}.").format(file=path.name, columns=columns))
    return found


def rows(path: Path, layout: Layout, on_bad: OnBad) -> Iterator[tuple[int, Cells]]:
    """Each row's first physical line and its wanted cells; rows that are no rows go to `on_bad`.

    Blank lines are passed over. The file must have no `problems_of`. Raises LineTooLong.
    """
    with _opened(path, layout.encoding) as file:
        lines = _Lines(file, path.name)
        reader = _reader(lines, layout)
        typed: list[str] = next(reader, [])
        pick = _picker(_named(typed, layout), layout)
        width = len(typed)
        for line, row in _records(reader, lines, on_bad):
            if len(row) == width:
                yield line, pick(row)
            elif len(row) > width:
                on_bad(line, Bad("", row[width], Fault.TOO_MANY_CELLS, str(width)))
            elif row:
                on_bad(
                    line, Bad(typed[len(row)].strip(), _start(",".join(row)), Fault.TOO_FEW_CELLS, str(width))
                )


def header_of(path: Path, layout: Layout) -> list[str]:
    """The header as it is written, blanks at the ends apart; nothing where it cannot be read."""
    try:
        with _opened(path, layout.encoding) as file:
            return [name.strip() for name in next(_reader(_Lines(file, path.name), layout), [])]
    except csv.Error:
        return []


def whole_rows(path: Path, layout: Layout) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """The header as it is written and every row with its line, of any width; broken ones are left out."""

    def every() -> Iterator[tuple[int, list[str]]]:
        with _opened(path, layout.encoding) as file:
            lines = _Lines(file, path.name)
            reader = _reader(lines, layout)
            next(reader, None)
            yield from _records(reader, lines, lambda _line, _bad: None)

    return header_of(path, layout), every()


def digest(paths: list[Path]) -> str:
    """SHA-256 over names and contents: what tells two imports with one key apart."""
    total = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            total.update(path.name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()


@contextmanager
def _opened(path: Path, encoding: str = "utf-8-sig") -> Iterator[IO[str]]:
    """Bytes that are no text become lone surrogates (U+FFFD in UTF-16): one bad cell rejects one row."""
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    with path.open(encoding=encoding, errors=errors, newline="", buffering=_BLOCK) as file:
        yield file


def _reader(lines: _Lines, layout: Layout) -> Any:
    """A CSV reader behind the line in which a spreadsheet names its separator, if there is one."""
    source = iter(lines)
    first = next(source, "")
    if first.strip().lower() != f"sep={layout.delimiter}".strip().lower():
        source = chain((first,), source)
    else:
        lines.skipped = 1
    return csv.reader(source, strict=True, delimiter=layout.delimiter)


class _Lines:
    """Physical lines, the last one kept for rejects; none so long that it would fill the memory."""

    def __init__(self, file: IO[str], name: str) -> None:
        self._file = file
        self._name = name
        self.last = ""
        self.skipped = 0

    def __iter__(self) -> Iterator[str]:
        read = self._file.readline
        while line := read(_LONGEST_LINE):
            self.last = line
            if len(line) == _LONGEST_LINE:
                raise LineTooLong(file=self._name, most=_LONGEST_LINE)
            yield line


def delimiter_of(path: Path) -> str:
    """The separator of a file's first line: comma, semicolon or tab."""
    with _opened(path) as file:
        first = file.readline(_LONGEST_LINE)
    return max(",;\t", key=first.count)


def _named(header: list[str], layout: Layout) -> list[str]:
    """What the layout calls each column, in capitals."""
    typed = [name.strip().upper() for name in header]
    return [layout.aliases.get(name, name).upper() for name in typed]


def _picker(header: list[str], layout: Layout) -> Callable[[list[str]], Cells]:
    """The wanted cells of a row, in the layout's order."""
    places = [header.index(name.upper()) if name.upper() in header else None for name in layout.columns]
    known = [place for place in places if place is not None]
    if len(known) == len(places) > 1:
        return itemgetter(*known)
    return lambda row: tuple("" if place is None else row[place] for place in places)


def _records(reader: Any, lines: _Lines, on_bad: OnBad) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins on; reading goes on in the line after one with broken quotes."""
    before = reader.line_num
    while True:
        try:
            for row in reader:
                yield before + 1 + lines.skipped, row
                before = reader.line_num
        except csv.Error:
            first, last = before + 1 + lines.skipped, reader.line_num + lines.skipped
            on_bad(first, Bad("", _start(lines.last), Fault.BAD_QUOTES, f"{first}–{last}"))
            before = reader.line_num
        else:
            return


def _start(text: str) -> str:
    """As much of a row as a message shows."""
    return text.rstrip("\r\n")[:_SHOWN_OF_A_ROW]
