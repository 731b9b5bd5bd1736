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
from clinicdesk.importers import FileCount, ImportResult
from clinicdesk.importers._batch import (
    LONGEST,
    CannotRead,
    Imported,
    ImportOrder,
    Staged,
    TrialOver,
)
from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.importers._csv import Cells, Layout, delimiter_of, digest, problems_of, rows
from clinicdesk.importers._json import json_rows
from clinicdesk.importers._rejects import Rejects
from clinicdesk.kit.errors import Exit, InvalidInput, Refusal
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.sheet import write_atomically
from clinicdesk.kit.words import _

COUNTS: Final = ("accepted", "updated", "unchanged", "rejected", "closed")
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
    closed. `said` is what else the order says, for telling two orders apart.
    """

    name: str
    path: Path
    layout: Layout
    table: Table
    columns: tuple[str, ...]
    row: Row
    merge: Callable[[UUID], Any]
    said: str = ""

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
        job = _Job(source, found, dry_run)

        def go(out: BinaryIO | None) -> ImportResult:
            try:
                result = job.result(desk, key)
            except OSError as error:
                raise CannotRead(file=source.path.name, why=error.strerror) from error
            if out is not None:
                found.write(out)
            return replace(result, extra={**result.extra, **extra()}, notes=notes())

        return write_atomically(rejects, go) if rejects is not None else go(None)


def each_row(source: OneFile, on_bad: Callable[[int, Bad], None]) -> Iterator[tuple[int, Cells]]:
    """The file's rows, whatever its format."""
    read = json_rows if source.is_json else rows
    return read(source.path, source.layout, on_bad)


def _checked(source: OneFile) -> OneFile:
    """The source with its separator known. Raises FileMissing, CannotRead, InvalidInput with all problems."""
    if not source.path.is_file():
        raise FileMissing(file=source.path)
    try:
        if source.is_json:
            return source
        source = replace(source, layout=replace(source.layout, delimiter=delimiter_of(source.path)))
    except OSError as error:
        raise CannotRead(file=source.path.name, why=error.strerror) from error
    if problems := problems_of(source.path, source.layout):
        raise InvalidInput(*problems)
    return source


class _Job:
    """One import as it runs; a deadlock or a lost line may make it run more than once."""

    def __init__(self, source: OneFile, rejects: Rejects, trial: bool) -> None:
        self._source, self._rejects, self._trial = source, rejects, trial
        self._closed = 0

    def result(self, desk: Desk, key: UUID | None) -> ImportResult:
        """Run through the desk and tell what happened."""
        started = time.monotonic()
        source = self._source
        # A trial never commits, so it must not answer for a key that did.
        order_key = new_id() if key is None or self._trial else key
        content = f"{digest([source.path])} {source.said}".strip()
        case = use_case(
            f"import.{source.name}", needs=Permission.IMPORT_RUN, answer=Imported, purpose="BATCH"
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
            extra={"closed": self._closed},
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
            ("batch", "line", "place", *self._source.columns),
            self._staged(str(order.key)),
        )
        unread = self._rejects.counts.get(file, 0)
        merged = tx.rows(select(self._source.merge(order.key)))[0]
        self._take_rejects(tx, order.key, file)
        self._closed = merged.closed
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
        if count.accepted or count.updated or self._closed:
            tx.changed(Change(Kind.SITE, tx.act))
        return Imported((count,))

    def _take_rejects(self, tx: Tx, batch: UUID, file: str) -> None:
        self._rejects.new_run()
        with tx.bare() as raw:
            for line, column, value, fault in raw.execute(_REJECTS, (self._source.name, batch)):
                self._rejects.add(file, line, column, value, Fault(fault))

    def _staged(self, batch: str) -> Iterator[Staged]:
        for place, (line, cells) in enumerate(each_row(self._source, self._reject), start=1):
            try:
                row = self._source.row(cells)
            except Bad as bad:
                self._reject(line, bad)
            else:
                yield (batch, line, place, *row)

    def _reject(self, line: int, bad: Bad) -> None:
        name = self._source.path.name
        self._rejects.add(name, line, bad.column, bad.value, bad.fault, bad.detail)
