"""One import of one file, CSV or JSON: rows → staging by COPY → one merge, in one transaction, one act."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from sqlalchemy import Table, func, select

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Tx, use_case
from clinicdesk.importers import FileCount, ImportResult, Progress, quiet
from clinicdesk.importers._batch import (
    LONGEST,
    CannotRead,
    Imported,
    ImportOrder,
    Staged,
    TrialOver,
    explain_overtaken,
)
from clinicdesk.importers._cells import Bad, Bads, Fault
from clinicdesk.importers._csv import Cells, Layout, delimiter_of, digest, problems_of, rows, whole_rows
from clinicdesk.importers._json import json_rows
from clinicdesk.importers._rejects import Rejects
from clinicdesk.kit.errors import Exit, InvalidInput, Refusal
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.sheet import write_atomically
from clinicdesk.kit.words import _

COUNTED: Final = ("accepted", "updated", "unchanged", "rejected")
COUNTS: Final = (*COUNTED, "closed")
_STEP: Final = 1000
_REJECTS: Final = "SELECT line, field, value, reason FROM import_rejects(%s, %s)"
Row = Callable[[Cells], Staged]


class FileMissing(Refusal):
    """Nothing to read there."""

    says = _("No existe el archivo {file}.")
    exit = Exit.NOT_FOUND


@dataclass(frozen=True, slots=True)
class OneFile:
    """A file as one importer knows it.

    `row` gives the staged values after batch, line and place, `columns` their names; `merge` the call of
    the database's function for a batch, whose one row counts accepted, updated, unchanged, rejected and
    `counts`. `said` is what else the order says, for telling two orders apart. `header` gives the file's name
    for a staging column; `finish` refuses when all is read; rejects carry the `whole_rows` if asked.
    """

    name: str
    path: Path
    layout: Layout
    table: Table
    columns: tuple[str, ...]
    row: Row
    merge: Callable[[UUID], Any]
    said: str = ""
    counts: tuple[str, ...] = ("closed",)
    kind: Kind = Kind.SITE
    header: Callable[[str], str] = str
    finish: Callable[[], None] | None = None
    whole_rows: bool = False

    @property
    def is_json(self) -> bool:
        """Told by the name, else by how it begins."""
        if self.path.suffix.lower() in {".json", ".csv", ".tsv", ".txt"}:
            return self.path.suffix.lower() == ".json"
        with self.path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"[")


def run_file(
    desk: Desk,
    source: OneFile,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    key: UUID | None = None,
    prepare: Callable[[OneFile], None] | None = None,
    progress: Progress = quiet,
    extra: Callable[[], Mapping[str, int]] = dict,
    notes: Callable[[], tuple[str, ...]] = tuple,
) -> ImportResult:
    """Import a file in one transaction. Raises a Refusal with nothing written, the rejects file neither.

    `prepare` looks at the file as a whole before; `extra` and `notes` are asked when all is done.
    """
    source = _checked(source)
    if prepare is not None:
        prepare(source)
    with Rejects([source.path.name]) as found:
        job = _Job(source, found, dry_run, progress)

        def go(out: BinaryIO | None) -> ImportResult:
            try:
                result = job.result(desk, key)
            except OSError as error:
                raise CannotRead(file=source.path.name, why=error.strerror) from error
            if out is not None and source.whole_rows:
                found.write_rows(out, lambda: whole_rows(source.path, source.layout))
            elif out is not None:
                found.write(out)
            return replace(result, extra={**result.extra, **extra()}, notes=notes())

        return write_atomically(rejects, go) if rejects is not None else go(None)


def each_row(source: OneFile, on_bad: Callable[[int, Bad], None]) -> Iterator[tuple[int, Cells]]:
    """The file's rows, whatever its format."""
    read = json_rows if source.is_json else rows
    return read(source.path, source.layout, on_bad)


def readable(path: Path) -> Path:
    """The file, once it is there and can be opened. Raises FileMissing, CannotRead."""
    if not path.is_file():
        raise FileMissing(file=path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise CannotRead(file=path.name, why=error.strerror) from error
    return path


def _checked(source: OneFile) -> OneFile:
    """The source with its separator known. Raises FileMissing, CannotRead, InvalidInput with all problems."""
    readable(source.path)
    if source.is_json:
        return source
    if source.layout.delimiter == "":
        source = replace(source, layout=replace(source.layout, delimiter=delimiter_of(source.path)))
    if problems := problems_of(source.path, source.layout):
        raise InvalidInput(*problems)
    return source


class _Job:
    """One import as it runs; a deadlock or a lost line may make it run more than once."""

    def __init__(self, source: OneFile, rejects: Rejects, trial: bool, progress: Progress) -> None:
        self._source, self._rejects, self._trial, self._progress = source, rejects, trial, progress
        self._place = ("place",) if "place" in source.table.c else ()
        self._extra = dict.fromkeys(source.counts, 0)

    def result(self, desk: Desk, key: UUID | None) -> ImportResult:
        """Run through the desk and tell what happened."""
        started = time.monotonic()
        source = self._source
        # A trial never commits, so it must not answer for a key that did.
        order_key = new_id() if key is None or self._trial else key
        content = f"{digest([source.path])} {source.said}".strip()
        case = use_case(
            f"import.{source.name}",
            needs=Permission.IMPORT_RUN,
            answer=Imported,
            purpose="BATCH",
            explain=explain_overtaken,
        )(self._run)
        try:
            answer = desk.do(case, ImportOrder(key=order_key, source=source.name, content=content))
        except TrialOver as over:
            answer = over.answer
        (count,) = answer.files
        return ImportResult(
            read=count.read,
            accepted=count.accepted,
            updated=count.updated,
            unchanged=count.unchanged,
            rejected=count.rejected,
            seconds=round(time.monotonic() - started, 3),
            files=answer.files,
            rejects=self._rejects.first(),
            ignored=(),
            dry_run=self._trial,
            extra=self._extra,
        )

    def _run(self, tx: Tx, order: ImportOrder) -> Imported:
        """The use case: stage, merge, take the rejects back."""
        name, file = self._source.name, self._source.path.name
        self._rejects.clear()
        tx.run(LONGEST)
        tx.run(select(func.import_begin(name, order.key)))
        self._rejects.new_run()
        staged = tx.copy(
            self._source.table,
            ("batch", "line", *self._place, *self._source.columns),
            self._staged(str(order.key)),
        )
        if self._source.finish is not None:
            self._source.finish()
        unread = self._rejects.counts.get(file, 0)
        merged = tx.rows(select(self._source.merge(order.key)))[0]
        self._take_rejects(tx, order.key, file)
        self._extra = {name: getattr(merged, name) for name in self._source.counts}
        count = FileCount(
            file,
            staged + unread,
            merged.accepted,
            merged.updated,
            merged.unchanged,
            merged.rejected + unread,
        )
        if self._trial:
            raise TrialOver(Imported((count,)))
        if count.accepted or count.updated or self._extra.get("closed"):
            tx.changed(Change(self._source.kind, tx.act))
        return Imported((count,))

    def _take_rejects(self, tx: Tx, batch: UUID, file: str) -> None:
        self._rejects.new_run()
        with tx.bare() as raw:
            for line, column, value, fault in raw.execute(_REJECTS, (self._source.name, batch)):
                why, _colon, detail = fault.partition(":")
                self._rejects.add(file, line, self._source.header(column), value, Fault(why), detail)

    def _staged(self, batch: str) -> Iterator[Staged]:
        for place, (line, cells) in enumerate(each_row(self._source, self._reject), start=1):
            if place % _STEP == 0:
                self._progress(line)
            try:
                row = self._source.row(cells)
            except Bad as bad:
                self._reject(line, bad)
            except Bads as many:
                for at, each in enumerate(many.found):
                    self._reject(line, each, again=at > 0)
            else:
                yield (batch, line, place, *row) if self._place else (batch, line, *row)

    def _reject(self, line: int, bad: Bad, *, again: bool = False) -> None:
        name = self._source.path.name
        self._rejects.add(name, line, bad.column, bad.value, bad.fault, bad.detail, again=again)
