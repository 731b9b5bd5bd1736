"""Tabular output: one `Table`, written for a terminal, as CSV, as JSON or on paper; and files kept whole."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, Final, Literal, TypeVar

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.text import shown
from clinicdesk.kit.words import _

Cell = str | int | float | date | datetime | None
WrittenT = TypeVar("WrittenT")

_HOUR: Final = 60
_LEAST_TEXT: Final = 8
_WIDEST: Final = 10_000
_UPRIGHT_COLUMNS: Final = 7
# Where a spreadsheet may take text for a formula, full-width signs too: at the start of a cell, and where
# one that expects another separator than our comma starts a cell of its own.
_FORMULA: Final = re.compile("^(?=[\t\r\n])|(?:^[ \u00a0]*|(?<=[;\t\r\n]))(?=[=+@＝＋－＠-])")
# Legal inside JSON strings, yet read by a terminal or by a right-to-left reader as orders.
_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


_REASONS: Final = MappingProxyType(
    {
        errno.ENOENT: _("no existe la carpeta"),
        errno.ENOTDIR: _("no existe la carpeta"),
        errno.EISDIR: _("es una carpeta"),
        errno.EACCES: _("falta el permiso"),
        errno.EPERM: _("falta el permiso"),
        errno.EROFS: _("el disco es de solo lectura"),
        errno.ENOSPC: _("el disco está lleno"),
        errno.ENAMETOOLONG: _("el nombre es demasiado largo"),
    }
)


class CannotWrite(Refusal):
    """The file asked for cannot be written there."""

    says = _("No se puede escribir {path}: {reason}.")
    exit = Exit.INVALID


class Kind(StrEnum):
    """What a column holds; it decides how its cells are written and on which side they stand."""

    TEXT = "text"
    COUNT = "count"
    MINUTES = "minutes"
    TIME = "time"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Column:
    """`key` is for programs (glossary word), `title` for people, `short` for a narrow terminal."""

    key: str
    title: str
    kind: Kind = Kind.TEXT
    short: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """One value that holds for a whole table: its day, its clinic, a denominator."""

    key: str
    title: str
    value: Cell
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells in the order of `columns`; `total` is a row too. Times are told in `zone`."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    zone: tzinfo
    facts: tuple[Fact, ...] = ()
    total: tuple[Cell, ...] | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a print says of itself: who made it, when (aware), and where."""

    by: str
    at: datetime
    zone: str
    origin: str

    def line(self) -> str:
        """`Impreso por Sosa, Marta el 23/11/2026 09:42 (UTC-03:00, America/Bogota)`."""
        offset = f"{self.at:%z}"
        return _("Impreso por {by} el {at} (UTC{offset}, {zone})").format(
            by=self.by, at=f"{self.at:%d/%m/%Y %H:%M}", offset=f"{offset[:3]}:{offset[3:5]}", zone=self.zone
        )


def spoken(cell: Cell, kind: Kind, zone: tzinfo) -> str:
    """A cell as people read it: `1.234`, `9 min`, `1 h 14`, `09:40`, `16/10/2026`; nothing for None."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        local = cell.astimezone(zone)
        return f"{local:%H:%M}" if kind is Kind.TIME else f"{local:%d/%m/%Y %H:%M}"
    if isinstance(cell, date):
        return f"{cell:%d/%m/%Y}"
    if isinstance(cell, str):
        return cell
    if kind is Kind.MINUTES and cell >= _HOUR:
        return f"{int(cell // _HOUR)} h {int(cell % _HOUR):02d}"
    number = f"{cell:,g}" if isinstance(cell, float) else f"{cell:,d}"
    number = number.translate(str.maketrans(",.", ".,"))
    return f"{number} min" if kind is Kind.MINUTES else number


def to_csv(table: Table, *, head: bool = True) -> bytes:
    """A head of keys, then the rows alone, so that sums over the file are right.

    Without `head` the rows of a further page.
    """
    out = io.BytesIO()
    rows = ([_plain(cell, table.zone) for cell in row] for row in table.rows)
    write_csv(out, [column.key for column in table.columns] if head else (), rows)
    return out.getvalue()


def write_csv(out: BinaryIO, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """RFC 4180 in UTF-8: the one writer of CSV for whatever leaves the house as a spreadsheet.

    Text that a spreadsheet would run as a formula gets a `'` in front; nothing a terminal obeys passes.
    """
    text = io.TextIOWrapper(out, "utf-8", errors="backslashreplace", newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    if head:
        writer.writerow([_csv_cell(cell) for cell in head])
    writer.writerows([_csv_cell(cell) for cell in row] for row in rows)
    text.flush()
    text.detach()


def _csv_cell(cell: object) -> object:
    if not isinstance(cell, str):
        return "" if cell is None else cell
    safe = _FORMULA.sub("'", cell)
    return "\n".join(shown(line) for line in safe.replace("\r\n", "\n").split("\n"))


def to_json(table: Table) -> bytes:
    """One object: the table's name, its facts, its rows and its total, by the columns' keys."""
    head = {"name": table.name, **{fact.key: _plain(fact.value, table.zone) for fact in table.facts}}
    total = None if table.total is None else _object(table, table.total)
    return json_text({**head, "rows": [_object(table, row) for row in table.rows], "total": total}) + b"\n"


def to_json_lines(table: Table) -> Iterator[bytes]:
    """JSON Lines: each row an object, its line end included."""
    return (json_text(_object(table, row)) + b"\n" for row in table.rows)


def json_text(value: object) -> bytes:
    """JSON in UTF-8 whose strings hold no raw control, direction or invisible character."""
    return unseen_escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def unseen_escaped(text: str) -> bytes:
    """JSON text in UTF-8, what no terminal shows written as escapes."""
    return _UNSEEN.sub(_escaped, text).encode("utf-8", "backslashreplace")


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def _object(table: Table, row: tuple[Cell, ...]) -> dict[str, str | int | float | None]:
    keys = (column.key for column in table.columns)
    return dict(zip(keys, (_plain(cell, table.zone) for cell in row), strict=True))


def _plain(cell: Cell, zone: tzinfo) -> str | int | float | None:
    """A cell for programs: ISO 8601, times with their offset."""
    if isinstance(cell, datetime):
        return cell.astimezone(zone).isoformat()
    return cell.isoformat() if isinstance(cell, date) else cell


def to_terminal(table: Table, *, width: int | None = None, color: bool = False) -> str:
    """Lines for a terminal of `width` columns (None: as wide as the table is), no markup read."""
    from rich import box
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=box.SIMPLE_HEAD, show_footer=table.total is not None, show_edge=False, padding=0)
    total = table.total or (None,) * len(table.columns)
    for column, cell in zip(table.columns, total, strict=True):
        head, foot = Text(column.short or column.title), Text(_told(cell, column, table))
        figure = _side(column) == "right"
        grid.add_column(head, foot, justify=_side(column), overflow="fold", no_wrap=figure)
    for row in table.rows:
        grid.add_row(
            *(Text(_told(cell, column, table)) for cell, column in zip(row, table.columns, strict=True))
        )
    out = io.StringIO()
    wide = _WIDEST if width is None else max(width, _least_width(table))
    console = Console(file=out, width=wide, force_terminal=color, no_color=not color, highlight=False)
    console.print(Text(shown(table.title), style="bold"))
    for line in _fact_lines(table):
        console.print(Text(shown(line)))
    console.print("", grid)
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines()) + "\n"


def _least_width(table: Table) -> int:
    """Columns under which a figure would be cut: rather a line that wraps than a wrong number."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    least = len(table.columns) - 1
    for place, column in enumerate(table.columns):
        told = (_told(row[place], column, table) for row in rows)
        figures = max(map(len, (column.short or column.title, *told)))
        least += figures if _side(column) == "right" else _LEAST_TEXT
    return least


def _side(column: Column) -> Literal["left", "right"]:
    return "right" if column.kind in (Kind.COUNT, Kind.MINUTES) else "left"


def _told(cell: Cell, column: Column, table: Table) -> str:
    return shown(" ".join(spoken(cell, column.kind, table.zone).split("\n")))


def _cells(table: Table, row: tuple[Cell, ...]) -> list[str]:
    return [spoken(cell, column.kind, table.zone) for cell, column in zip(row, table.columns, strict=True)]


def _fact_lines(table: Table) -> list[str]:
    return [f"{fact.title}: {spoken(fact.value, fact.kind, table.zone)}" for fact in table.facts]


def to_pdf(table: Table, stamp: Stamp) -> bytes:
    """The table on A4, upright unless it has too many columns for that."""
    from clinicdesk.kit.ink import Bold
    from clinicdesk.kit.pdf import SMALL, Document, Head, Running

    running = Running(table.title, "", stamp.origin, "", stamp.line())
    document = Document(running, stamp.at, landscape=len(table.columns) > _UPRIGHT_COLUMNS)
    document.title(table.title)
    for fact in table.facts:
        document.paragraph(Bold(f"{fact.title}: "), spoken(fact.value, fact.kind, table.zone), after=0)
    document.gap(12)
    heads = [Head(column.title, _side(column) == "right") for column in table.columns]
    total = _cells(table, table.total) if table.total else None
    document.table(heads, [_cells(table, row) for row in table.rows], total=total, size=SMALL)
    return document.finish()


def write_atomically(path: str | Path, writer: Callable[[BinaryIO], WrittenT]) -> WrittenT:
    """Let `writer` fill a file that appears whole under its name, or not at all; `-` is stdout.

    The file is readable by its owner alone: it may hold people's data. What is at the end of a
    symbolic link is replaced, and what is no plain file (`/dev/null`, a pipe) is written straight.
    Raises CannotWrite; whatever the writer raises passes through, with nothing left behind.
    """
    if str(path) == "-":
        written = writer(sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return written
    target = Path(path)
    try:
        target = target.resolve()
        if target.exists() and not target.is_file():
            with target.open("wb") as straight:
                return writer(straight)
        return _replace(target, writer)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: str | Path, error: OSError) -> CannotWrite:
    """What the system said, in words."""
    reason = _REASONS.get(error.errno or 0, error.strerror or type(error).__name__)
    return CannotWrite(path=path, reason=reason)


def _replace(target: Path, writer: Callable[[BinaryIO], WrittenT]) -> WrittenT:
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:80]}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            written = writer(file)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)
    return written


def _sync_folder(folder: Path) -> None:
    """Make the new name itself last through a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
