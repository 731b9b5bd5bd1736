"""`clinicdesk history export --list|--all-of`: thousands of histories into a folder."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import DatabaseUnreachable, Exit, InvalidInput, Refusal, SessionEnded
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from clinicdesk.clinic.records.attended import Attended
    from clinicdesk.exporters import HistoryQuery
    from clinicdesk.exporters._batch import Done, Folder, Press, Unwritten

_MOST_SHOWN: Final = 20
_BAR: Final = 24
_WIDTH: Final = 78
_PACE_SECONDS: Final = 5
_SOON_SECONDS: Final = 60
_COMMENT: Final = "#"


@dataclass(frozen=True, slots=True)
class Batch:
    """What is asked for: who, as what, where to, on whose request, with how many processes, anew or not."""

    form: str
    suffix: str
    folder: Path
    query: Callable[[UUID], HistoryQuery]
    asked: str
    reason: str | None
    workers: int
    again: bool


@dataclass(slots=True)
class Tally:
    """What became of everybody; `failed` pairs who was asked for with why not.

    `seen` are the charts of this run, `nowhere` says why the folder takes no more files.
    """

    total: int
    written: int = 0
    unchanged: int = 0
    entries: int = 0
    lost: int = 0
    pending: int = 0
    sealed: int = 0
    nowhere: str = ""
    failed: list[tuple[str, str]] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    @property
    def exit(self) -> Exit:
        """Done, or done in part."""
        return Exit.PARTLY if self.failed or self.pending or self.lost else Exit.DONE

    def take(self, done: Iterable[Done | Unwritten]) -> None:
        """Count what came out."""
        from clinicdesk.exporters._batch import Unwritten

        for each in done:
            if isinstance(each, Unwritten):
                self.failed.append((f"HC {each.chart:06d}", each.why))
                self.nowhere = self.nowhere or each.nowhere
                continue
            self.written += 1
            self.entries += each.entries
            self.lost += bool(each.lost)


def listed(path: str) -> list[str]:
    """The documents of a list, one a line; blank lines and those after # are none. Raises InvalidInput."""
    try:
        text = sys.stdin.read() if path == given.DASH else Path(path).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            _("No se puede leer la lista {path}: {why}.").format(path=path, why=error)
        ) from None
    lines = (line.strip() for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line and not line.startswith(_COMMENT)))


def attended(call: Call, clinics: list[str]) -> Attended:
    """Everybody whom the clinics attended."""
    from clinicdesk.clinic.records import attended as queries

    codes = tuple(code.strip() for text in clinics for code in text.split(",") if code.strip())
    return call.desk.see(queries.attended, queries.AttendedQuery(codes))


def export(call: Call, batch: Batch, documents: list[str], clinics: list[str]) -> None:
    """Hand out everybody's history: an act each, under the limits of the role. Ends with the exit code."""
    people: list[str | tuple[UUID, int]] = list(documents)
    sealed = 0
    if clinics:
        found = attended(call, clinics)
        people += [(row.patient_id, row.chart_number) for row in found.rows]
        sealed = found.sealed
    tally = Tally(len(people), sealed=sealed)
    started = time.monotonic()
    try:
        with _bar(len(people)) as told:
            _run(call, batch, people, tally, told)
    except BaseException:
        if tally.written:
            counted = plural(tally.written, _("historia escrita"), _("historias escritas"))
            said = _("En {folder}: {counted}. Repetir la orden sigue con las demás.")
            call.say(said.format(folder=batch.folder, counted=counted))
        raise
    _tell(call, batch, tally, time.monotonic() - started)
    raise typer.Exit(int(tally.exit))


def _run(
    call: Call,
    batch: Batch,
    people: list[str | tuple[UUID, int]],
    tally: Tally,
    told: Callable[[int], None],
) -> None:
    from clinicdesk.exporters._batch import Folder, press
    from clinicdesk.kit.sheet import CannotWrite

    folder = Folder(batch.folder, batch.asked, batch.suffix)
    try:
        with press(folder, batch.form, batch.workers) as out:
            try:
                _each(call, batch, folder, out, people, tally, told)
            finally:
                tally.take(out.rest())
        if tally.nowhere:
            raise CannotWrite(path=batch.folder, reason=tally.nowhere)
        folder.settle()
    finally:
        folder.close()


def _each(
    call: Call,
    batch: Batch,
    folder: Folder,
    out: Press,
    people: list[str | tuple[UUID, int]],
    tally: Tally,
    told: Callable[[int], None],
) -> None:
    """One after the other, until the limit of the hour or until the folder takes no more."""
    from clinicdesk.clinic.desk import TooManyCharts
    from clinicdesk.exporters._batch import PressBroken
    from clinicdesk.kit.sheet import CannotWrite

    for number, asked in enumerate(people):
        told(number)
        try:
            _one(call, batch, folder, out, asked, tally)
        except TooManyCharts:
            tally.pending = len(people) - number
            break
        except (DatabaseUnreachable, SessionEnded, CannotWrite, PressBroken):
            raise
        except Refusal as refusal:
            tally.failed.append((_name(asked), refusal.for_prompt()))
            folder.fail(number + 1, None if isinstance(asked, str) else asked[1], refusal.code)
        if tally.nowhere:
            break


def _one(
    call: Call, batch: Batch, folder: Folder, out: Press, asked: str | tuple[UUID, int], tally: Tally
) -> None:
    """One history: found, skipped where its file stands, opened, read and put on its way."""
    from clinicdesk.cli.history import stamp_of
    from clinicdesk.clinic.privacy import service
    from clinicdesk.exporters import HISTORY
    from clinicdesk.exporters._batch import content_of

    if isinstance(asked, str):
        row = given.patient_of(call, asked)
        asked = (row.patient_id, row.chart_number)
    patient_id, chart = asked
    if chart in tally.seen:  # two documents of one person, who may have been merged
        tally.unchanged += 1
        return
    tally.seen.add(chart)
    before = folder.done(chart)
    if before is not None and not batch.again:
        tally.unchanged += 1
        return
    if batch.reason is not None:
        call.desk.do(service.open_copy, service.OpenCopy(patient_id=patient_id, reason=batch.reason))
    history = call.desk.see(HISTORY, batch.query(patient_id))
    tally.seen.add(history.chart.patient.chart_number)
    if before is not None and content_of(history) == before.content:
        tally.unchanged += 1
        return
    tally.take(out.put(history, stamp_of(call)))


def _name(asked: str | tuple[UUID, int]) -> str:
    return asked if isinstance(asked, str) else f"HC {asked[1]:06d}"


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, nothing anywhere else."""
    if not total or not sys.stderr.isatty():
        yield lambda _done: None
        return

    started = time.monotonic()

    def told(done: int) -> None:
        part = done / total
        said = _("{done} de {total} historias").format(done=done, total=total) + _left(done)
        line = f"[{'#' * round(_BAR * part):<{_BAR}}] {part:4.0%} {said}"
        sys.stderr.write(f"\r{line[:_WIDTH]:<{_WIDTH}}")
        sys.stderr.flush()

    def _left(done: int) -> str:
        """How long the rest takes at this pace, once there is one."""
        seconds = time.monotonic() - started
        if not done or seconds < _PACE_SECONDS:
            return ""
        left = seconds / done * (total - done)
        minutes = _(", quedan {count} min").format(count=round(left / _SOON_SECONDS))
        return minutes if left >= _SOON_SECONDS else _(", queda < 1 min")

    try:
        yield told
    finally:
        sys.stderr.write("\r" + " " * _WIDTH + "\r")
        sys.stderr.flush()


def _tell(call: Call, batch: Batch, tally: Tally, seconds: float) -> None:
    """The counts on stdout; on stderr whose history did not come, and why."""
    from clinicdesk.exporters._batch import MANIFEST

    for who, why in tally.failed[:_MOST_SHOWN]:
        call.say(f"{who}: {why}")
    if len(tally.failed) > _MOST_SHOWN:
        call.say(_("Y {count} más.").format(count=len(tally.failed) - _MOST_SHOWN))
    if tally.pending:
        said = _("Límite de historias por hora: faltan {count}. Repetir la orden más tarde las sigue.")
        call.say(said.format(count=tally.pending))
    if tally.sealed:
        said = _("{count} personas selladas no están en el lote: se piden una por una.")
        call.say(said.format(count=tally.sealed))
    if tally.lost:
        said = _("{count} archivos tienen caracteres impresos por su código: están en su última página.")
        call.say(said.format(count=tally.lost))
    data: dict[str, Any] = {
        "folder": str(batch.folder),
        "manifest": str(batch.folder / MANIFEST),
        "format": batch.form,
        "asked": tally.total,
        "written": tally.written,
        "unchanged": tally.unchanged,
        "failed": [{"patient": who, "reason": why} for who, why in tally.failed],
        "pending": tally.pending,
        "sealed": tally.sealed,
        "entries": tally.entries,
        "seconds": round(seconds, 1),
    }
    counted = plural(tally.written, _("historia escrita"), _("historias escritas"))
    said = _("{counted} en {folder}; {same} ya estaban, {failed} no se pudieron.")
    call.answer(
        data,
        said.format(counted=counted, folder=batch.folder, same=tally.unchanged, failed=len(tally.failed)),
    )


def batch_of(
    form: str,
    suffix: str,
    out: str | None,
    query: Callable[[UUID], HistoryQuery],
    asked: str,
    reason: str | None,
    jobs: int | None,
    *,
    again: bool,
) -> Batch:
    """The batch that the options describe. Raises Misused."""
    if out is None or out == given.DASH:
        raise Misused(text=_("Falta -o CARPETA: un lote se escribe en una carpeta."))
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise Misused(text=_("{path} no es una carpeta.").format(path=out))
    return Batch(form, suffix, folder, query, asked, reason, jobs or os.cpu_count() or 1, again)
