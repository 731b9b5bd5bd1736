"""One import: files → staging by COPY → one merge, in one transaction under one act."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO, Final
from uuid import UUID

from sqlalchemy import Table, func, select, text

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients.errors import DocumentKnown
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case
from clinicdesk.importers import FileCount, ImportResult
from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.importers._csv import Cells, Layout, digest, problems_of, rows
from clinicdesk.importers._rejects import Rejects
from clinicdesk.kit.errors import Exit, InvalidInput, Refusal
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.sheet import write_atomically
from clinicdesk.kit.words import _

# Far more than a person's connection allows a statement: COPY and merge are one statement each.
LONGEST: Final = text("SET LOCAL statement_timeout = '2h'")

_REJECTS: Final = "COPY (SELECT kind, line, field, value, reason FROM import_rejects(%s, %s)) TO STDOUT"

Staged = tuple[Any, ...]


class FolderNotFound(Refusal):
    """Nothing to read there."""

    says = _("No existe la carpeta {folder}.")
    exit = Exit.NOT_FOUND


class CannotRead(Refusal):
    """A file went away, or was never ours to read."""

    says = _("No se puede leer {file}: {why}.")
    exit = Exit.NOT_FOUND


class FilesMissing(Refusal):
    """The folder lacks what the import cannot do without."""

    says = _("En {folder} falta {files}.")
    exit = Exit.NOT_FOUND


class ImportRunning(Refusal):
    """Imports go one at a time."""

    says = _("Otra importación está en curso. Reintentar cuando termine.")
    exit = Exit.CONFLICT
    constraint = "import_running"


class Overtaken(Refusal):
    """Somebody registered one of the documents between the check and the commit."""

    says = _("Mientras se importaba se registró uno de los documentos del archivo. Volver a importar.")
    exit = Exit.CONFLICT


@dataclass(frozen=True, slots=True)
class Lookup:
    """A small file whose rows others name: `row` gives key and name, held in `names`."""

    file: str
    layout: Layout
    row: Callable[[Cells], tuple[str, str]]
    names: dict[str, str]


@dataclass(frozen=True, slots=True)
class Feed:
    """A file whose rows become rows of a staging table.

    `row` gives the staged values after batch and line; `columns` tells which column of the file a
    staging column came from, for rejects that the merge finds.
    """

    file: str
    kind: str
    table: Table
    layout: Layout
    row: Callable[[Cells], Staged]
    columns: MappingProxyType[str, str]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of files as one importer knows it; feeds are in the order of the merge."""

    name: str
    folder: Path
    lookups: tuple[Lookup, ...]
    feeds: tuple[Feed, ...]

    @property
    def parts(self) -> tuple[Lookup | Feed, ...]:
        """Every file that the importer knows, in the order in which it reads them."""
        return (*self.lookups, *self.feeds)

    def path(self, part: Lookup | Feed) -> Path:
        """Where a file is, or would be."""
        return self.folder / part.file

    def present(self) -> list[Lookup | Feed]:
        """The files that are there."""
        return [part for part in self.parts if self.path(part).is_file()]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOrder(Order):
    """Files to import. `content` is their digest: the same key with other files is another order."""

    source: str
    content: str

    @property
    def subject(self) -> str:
        """Which files the act was about, by their digest."""
        return self.content


@dataclass(frozen=True, slots=True)
class Imported:
    """What is kept as the answer: counts alone, no value of any row."""

    files: tuple[FileCount, ...]


class TrialOver(Exception):  # noqa: N818 - the way out of a transaction that must not commit
    def __init__(self, answer: Imported) -> None:
        super().__init__()
        self.answer = answer


def run_import(
    desk: Desk, source: Source, *, dry_run: bool = False, rejects: Path | None = None, key: UUID | None = None
) -> ImportResult:
    """Import a folder in one transaction. Raises a Refusal with nothing written, the rejects file neither.

    A dry run does the same work and rolls it back, so its counts and rejects are the true ones. With
    the key of an import that is done, its counts come again and no file is read for rejects.
    """
    check(source)
    with Rejects(part.file for part in source.parts) as found:
        job = _Job(source, found, dry_run)

        def go(out: BinaryIO | None) -> ImportResult:
            try:
                result = job.result(desk, key)
            except OSError as error:
                raise CannotRead(file=error.filename or source.folder, why=error.strerror) from error
            if out is not None:
                found.write(out)
            return result

        return write_atomically(rejects, go) if rejects is not None else go(None)


def check(source: Source) -> None:
    """Refuse what cannot be read at all, with everything that is wrong named at once."""
    if not source.folder.is_dir():
        raise FolderNotFound(folder=source.folder)
    missing = [feed.file for feed in source.feeds if feed.required and not source.path(feed).is_file()]
    if missing:
        raise FilesMissing(folder=source.folder, files=", ".join(missing))
    problems = [problems_of(source.path(part), part.layout) for part in source.present()]
    if found := list(chain.from_iterable(problems)):
        raise InvalidInput(*found)


class _Job:
    """One import as it runs; a deadlock or a lost line may make it run more than once."""

    def __init__(self, source: Source, rejects: Rejects, trial: bool) -> None:
        self._source = source
        self._rejects = rejects
        self._trial = trial
        self._feeds = {feed.kind: feed for feed in source.feeds}

    def result(self, desk: Desk, key: UUID | None) -> ImportResult:
        """Run through the desk and tell what happened."""
        started = time.monotonic()
        content = digest([self._source.path(part) for part in self._source.present()])
        # A trial never commits, so it must not answer for a key that did.
        order_key = new_id() if key is None or self._trial else key
        order = ImportOrder(key=order_key, source=self._source.name, content=content)
        case = use_case(
            f"import.{self._source.name}",
            needs=Permission.IMPORT_RUN,
            answer=Imported,
            purpose="BATCH",
            explain=explain_overtaken,
        )(self._run)
        try:
            answer = desk.do(case, order)
        except TrialOver as over:
            answer = over.answer
        return self._told(answer, time.monotonic() - started)

    def _told(self, answer: Imported, seconds: float) -> ImportResult:
        files = answer.files
        known = {part.file for part in self._source.parts}
        return ImportResult(
            read=sum(each.read for each in files),
            accepted=sum(each.accepted for each in files),
            updated=sum(each.updated for each in files),
            unchanged=sum(each.unchanged for each in files),
            rejected=sum(each.rejected for each in files),
            seconds=round(seconds, 3),
            files=files,
            rejects=self._rejects.first(),
            ignored=tuple(sorted({path.name for path in self._source.folder.glob("*.csv")} - known)),
            dry_run=self._trial,
        )

    def _run(self, tx: Tx, order: ImportOrder) -> Imported:
        """The use case: stage what is there, merge it, take the rejects back."""
        self._rejects.clear()
        tx.run(LONGEST)
        tx.run(select(func.import_begin(self._source.name, order.key)))
        self._rejects.new_run()
        for lookup in self._source.lookups:
            self._look_up(lookup)
        staged = {feed.kind: self._stage(tx, feed, order.key) for feed in self._source.feeds}
        answer = Imported(self._merge(tx, order.key, staged))
        if self._trial:
            raise TrialOver(answer)
        if any(each.accepted or each.updated for each in answer.files):
            tx.changed(Change(Kind.PATIENT, tx.act))
        return answer

    def _look_up(self, lookup: Lookup) -> None:
        lookup.names.clear()
        for line, cells in self._rows(lookup):
            try:
                name, value = lookup.row(cells)
                lookup.names[name] = value
            except Bad as bad:
                self._reject(lookup.file, line, bad)

    def _stage(self, tx: Tx, feed: Feed, batch: UUID) -> int:
        columns = [column.name for column in feed.table.columns]
        return tx.copy(feed.table, columns, self._staged(feed, str(batch)))

    def _staged(self, feed: Feed, batch: str) -> Iterator[Staged]:
        for line, cells in self._rows(feed):
            try:
                row = feed.row(cells)
            except Bad as bad:
                self._reject(feed.file, line, bad)
            else:
                yield (batch, line, *row)

    def _rows(self, part: Lookup | Feed) -> Iterator[tuple[int, Cells]]:
        path = self._source.path(part)
        if not path.is_file():
            return iter(())
        return rows(path, part.layout, lambda line, bad: self._reject(part.file, line, bad))

    def _reject(self, file: str, line: int, bad: Bad) -> None:
        self._rejects.add(file, line, bad.column, bad.value, bad.fault, bad.detail)

    def _merge(self, tx: Tx, batch: UUID, staged: dict[str, int]) -> tuple[FileCount, ...]:
        """Counts of each file that is there; of a lookup nothing is stored, so only its rejects count."""
        unread = dict(self._rejects.counts)
        name = self._source.name
        merge = func.import_merge(name, batch, tx.now, self._trial).table_valued(
            "kind", "accepted", "updated", "unchanged", "rejected"
        )
        merged = {row.kind: row for row in tx.rows(select(merge))}
        self._rejects.new_run()
        with tx.bare() as raw, raw.cursor().copy(_REJECTS, (name, batch)) as copy:
            copy.set_types(["text", "int8", "text", "text", "text"])
            for kind, line, column, value, fault in copy.rows():
                feed = self._feeds[kind]
                self._rejects.add(feed.file, line, feed.columns.get(column, column), value, Fault(fault))
        return tuple(_counts(self._source.present(), staged, merged, unread))


def _counts(
    parts: list[Lookup | Feed], staged: dict[str, int], merged: dict[str, Any], unread: dict[str, int]
) -> Iterator[FileCount]:
    for part in parts:
        lost = unread.get(part.file, 0)
        if isinstance(part, Feed):
            row = merged[part.kind]
            kept = (row.accepted, row.updated, row.unchanged)
            yield FileCount(part.file, staged[part.kind] + lost, *kept, row.rejected + lost)
        elif lost:
            yield FileCount(part.file, lost, 0, 0, 0, lost)


def explain_overtaken(_tx: Reader, _order: ImportOrder, refusal: Refusal) -> Refusal:
    """A document registered meanwhile is no fault of the file."""
    return Overtaken() if isinstance(refusal, DocumentKnown) else refusal
