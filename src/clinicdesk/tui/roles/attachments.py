"""The files of a patient: looked at by name and type, added, saved out; none is ever opened here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.attachments import queries, saving, service
from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.attachments.rules import weight
from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit import clock
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Column, Command, LineList, PatientStrip, Rule, TextLines
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.patient_header import OfPatient, names
from clinicdesk.tui.turn_verbs import NO_RIGHT

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change

_SHA_SHOWN: Final = 16
_KINDS: Final = {
    "application/pdf": "PDF",
    "application/dicom": "DICOM",
    "text/plain": _("texto"),
    "application/octet-stream": _("bytes"),
}


class Attachments(OfPatient):
    """Bytes in, the same bytes out. What was attached in error stays, marked."""

    NAME = _("Adjuntos")
    under_lease = True

    def __init__(self, patient_id: UUID) -> None:
        """Empty until read."""
        super().__init__()
        self._patient_id = patient_id
        self._limits: queries.Limits | None = None
        self.strip = PatientStrip()
        self.files = LineList[AttachmentRow](
            lambda row: row.id,
            self._columns,
            title=_("Adjuntos"),
            heads=True,
            empty=_("Sin adjuntos."),
            on_move=self._moved,
            id="files",
        )
        self.detail = TextLines(tall=3)

    @property
    def patient_id(self) -> UUID:
        """Whose files."""
        return self._patient_id

    def body(self) -> Iterable[Widget]:
        """Patient, files, the one pointed at whole."""
        yield from (self.strip, Rule(), self.files, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Save, add, mark, leave."""
        yield Command("enter", _("Guardar"), self.save, _("guardar en un archivo"), self._no_file)
        if self.actor.may(Permission.ATTACHMENT_WRITE):
            yield Command("a", _("Agregar"), self.add, _("adjuntar un archivo"), self.no_line)
            yield Command("x", _("Quitar"), self.void, _("anular el señalado"), self._no_voiding)
        yield Command("escape", _("Volver"), self.leave, _("volver"))

    def started(self) -> None:
        """Read behind the first frame."""
        self.focus_on(self.files)
        self.in_background(self._read())

    def on_resize(self, event: events.Resize) -> None:
        """The detail is cut anew."""
        super().on_resize(event)
        self._moved(self.files.current)

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """What somebody else attached or marked."""
        if names(changes, self._patient_id):
            await self._read()

    def leave(self) -> None:
        """Back to the chart."""
        self.desk.pop_screen()

    # Reading

    async def _read(self) -> None:
        await self.read_header()
        self._limits = await self.see(queries.limits, queries.LimitsQuery())
        found = await self.see(queries.listed, queries.AttachmentsQuery(self._patient_id))
        if self.is_mounted:
            self.files.renew(found)
            self.files.title(self._title(found))
            self._moved(self.files.current)
            self.keys_changed()

    def _title(self, found: Sequence[AttachmentRow]) -> str:
        count = plural(len(found), _("archivo"), _("archivos"))
        held = weight(sum(row.size_bytes for row in found))
        most = weight(self._limits.patient_bytes) if self._limits else ""
        return f"{_('Adjuntos')} · {count} · " + _("{held} de {most}").format(held=held, most=most)

    def _columns(self, width: int) -> Sequence[Column[AttachmentRow]]:
        who = (Column[AttachmentRow](_("Quién"), 22, lambda row: row.person),) if width >= WIDE else ()
        return (
            Column[AttachmentRow](_("Fecha"), 15, self._when),
            Column[AttachmentRow](_("Tipo"), 8, _kind),
            Column[AttachmentRow](_("Nombre"), 0, _name),
            *who,
            Column[AttachmentRow](_("Tamaño"), 9, lambda row: weight(row.size_bytes)),
        )

    def _when(self, row: AttachmentRow) -> str:
        return f"{clock.local(row.at, self.actor.at.zone):%d/%m/%y %H:%M}"

    def _moved(self, row: AttachmentRow | None) -> None:
        self.detail.set(*(_detail(row) if row is not None else ()))
        if row is None:
            self.prompt.hint(_("Las rutas son de esta máquina. Esc vuelve."))
        else:
            self.prompt.hint(_("Enter guarda una copia en esta máquina. Nada se abre desde acá."))

    # Verbs

    def _no_file(self) -> str | None:
        return self.no_line() or (None if self.files.current else _("no hay un adjunto señalado"))

    def _no_voiding(self) -> str | None:
        row = self.files.current
        if row is not None and row.voided_at:
            return _("ya está anulado")
        return self._no_file() if self.actor.may(Permission.ATTACHMENT_WRITE) else NO_RIGHT

    async def save(self) -> None:
        """Enter: a copy where the person says, over nothing that is there."""
        row = self.files.current
        if row is None:
            return
        where = await self.prompt.ask(_("Guardar en (archivo o carpeta):"))
        if not where:
            return
        found = await self.see(queries.body, queries.BodyQuery(row.patient_id, row.id))
        path = await asyncio.to_thread(saving.save, found, Path(where).expanduser())
        self.prompt.say(_("Guardado como {}.").format(path.name))

    async def add(self) -> None:
        """A file of this machine into the chart."""
        where = await self.prompt.ask(_("Archivo:"))
        if not where or self._limits is None:
            return
        path = Path(where).expanduser()
        body = await asyncio.to_thread(saving.read, path, self._limits.file_bytes)
        described = await self.prompt.ask(_("Qué es:"))
        if described is None:
            return
        order = service.Attach.of(
            body, patient_id=self._patient_id, name=path.name, described=described or None
        )
        answer = await self.do(service.attach, order)
        await self._read()
        self.files.select(answer.id)
        self.prompt.say(_("Adjuntado: {}, {}.").format(answer.media_type, weight(answer.size_bytes)))

    async def void(self) -> None:
        """One attached in error: it stays, with the reason."""
        row = self.files.current
        reason = await self.prompt.ask(_("Por qué se anula:")) if row is not None else None
        if row is None or not reason:
            return
        order = service.VoidAttachment(patient_id=row.patient_id, attachment_id=row.id, reason=reason)
        await self.do(service.void, order)
        await self._read()
        self.prompt.say(_("Anulado: queda en la historia, marcado."))


def _kind(row: AttachmentRow) -> str:
    return _KINDS.get(row.media_type) or row.media_type.rpartition("/")[2].upper()[:8]


def _name(row: AttachmentRow) -> str:
    return f"{_('ANULADO')} {row.name}" if row.voided_at else row.name


def _detail(row: AttachmentRow) -> Iterable[Cell]:
    size = f" · {row.width} × {row.height}" if row.width else ""
    yield f" {row.described or _('Sin descripción.')}"
    yield f" {row.media_type}{size} · SHA-256 {row.sha256.hex()[:_SHA_SHOWN]}… · {row.person}"
    if row.voided_at:
        said = _("Anulado por {who}: {why}").format(who=row.voided_by, why=row.voided_reason)
        yield Bit(f" {said}", Tone.ALARM)
    else:
        yield f" {origin_words(row.own_chart, row.misplaced)}"
