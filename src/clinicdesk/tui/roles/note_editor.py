"""The note of a visit, or an addendum: written, kept on the server meanwhile, shown as it will be signed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.records import queries, service
from clinicdesk.clinic.records.queries import DiagnosisRow, DraftRow
from clinicdesk.clinic.records.rules import DiagnosisEntry, RecordKind
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import (
    Bar,
    Bit,
    Body,
    Cell,
    Command,
    Field,
    LineList,
    PatientLine,
    PatientStrip,
    Row,
    Rule,
    TextLines,
)
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.parts.editor import Editor
from clinicdesk.tui.parts.pager import Pager, wrapped
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.patient_header import OfPatient
from clinicdesk.tui.roles import chart_text as words
from clinicdesk.tui.roles import note_text
from clinicdesk.tui.roles.drafts import DraftKeeper, Written
from clinicdesk.tui.roles.joint import Joint

SignOrder = service.SignNote | service.AddendNote

_SIDE, _WIDE_SIDE = 27, 44
_ROW: Final = 2
"""Screen rows of one diagnosis."""
_SURELY: Final = 2_000
"""A text of so many characters is not empty, without looking at it."""


@dataclass(frozen=True, slots=True)
class NoteJob:
    """What is written: the note of `visit_id`, or with `amends_id` an addendum to a signed note.

    Without a visit an addendum has no draft on the server. `about` names the entry it is added to;
    `problems` are the patient's, to be named by code alone.
    """

    patient: PatientLine
    patient_id: UUID
    visit_id: UUID | None
    kind: str = RecordKind.CONSULTA.value
    reason: str | None = None
    amends_id: UUID | None = None
    about: str = ""
    draft: DraftRow | None = None
    problems: tuple[DiagnosisRow, ...] = ()

    def __post_init__(self) -> None:
        """A job without both is a mistake of the program."""
        if self.visit_id is None and self.amends_id is None:
            raise ValueError("a note needs its visit")


class NoteScreen(OfPatient):
    """Editor left, diagnoses right; F9 covers both with the note as it will be signed."""

    NAME = _("Nota")
    under_lease = True
    DEFAULT_CSS = f"""
    NoteScreen #stated {{ width: {_SIDE}; }}
    NoteScreen.-wide #stated {{ width: {_WIDE_SIDE}; }}
    """

    def __init__(
        self, job: NoteJob, on_close: Callable[[service.NoteAnswer | None], Awaitable[None]]
    ) -> None:
        """`on_close` hears of the signature, or None, and is awaited before the screen goes."""
        super().__init__()
        self.job, self._on_close = job, on_close
        self.strip = PatientStrip(job.patient)
        draft = job.draft
        self._blank = "" if job.amends_id else note_text.template(job.reason)
        self.stated: tuple[DiagnosisEntry, ...] = draft.diagnoses if draft else ()
        self.editor = Editor(
            draft.text if draft else self._blank,
            heading=note_text.heading,
            on_change=self._typed,
            on_full=self._full,
            id="note",
        )
        self.list = LineList[DiagnosisEntry](
            lambda entry: entry.code, draw=_diagnosis_rows, tall=_ROW, title=_("Diagnósticos"), id="diagnoses"
        )
        self.code = Field(_("Dx"), id="code")
        self.paper = Pager(id="paper")
        self._signing: SignOrder | None = None
        self.keeper = self._keeper()
        self._saving: asyncio.Task[None] | None = None

    @property
    def patient_id(self) -> UUID:
        """Whose note it is."""
        return self.job.patient_id

    def _keeper(self) -> DraftKeeper | None:
        visit_id, draft = self.job.visit_id, self.job.draft
        if visit_id is None:
            return None
        first = service.SaveDraft(
            patient_id=self.job.patient_id, visit_id=visit_id, text="", version=draft.version if draft else 0
        )
        keeper = DraftKeeper(first, self, self._save, self._read)
        keeper.saved_at = draft.saved_at if draft else None
        return keeper

    # The frame

    def body(self) -> Iterable[Widget]:
        """Patient, then the note beside its diagnoses, or the page to be signed."""
        self._over, under = Joint("┬", self._bars), Joint("┴", self._bars)
        title = TextLines(Bit(f" {self._title()}", Tone.TITLE))
        yield self.strip
        yield self._over
        if self.job.amends_id:
            yield Body(title, self.editor, id="writing")
        else:
            help_lines = TextLines(
                f" {_('Código y nombre: I10 HTA.')}",
                f" {_('En la lista: Enter cambia,')}",
                f" {_('x quita.')}",
            )
            side = Body(self.code, self.list, Rule(), help_lines, id="stated")
            yield Row(Body(title, self.editor), Bar(), side, id="writing")
        yield self.paper
        yield under

    def started(self) -> None:
        """In the editor: after the first heading of a new note, at the end of a draft."""
        self.paper.display = False
        if self.job.draft is None and not self.job.amends_id:
            self.editor.set(self._blank, note_text.first_place(self._blank))
        self._show_diagnoses()
        self.focus_on(self.editor)
        self.draft_state()
        if self.keeper is not None:
            self._saving = asyncio.create_task(self.keeper.run())

    def on_unmount(self) -> None:
        """Nothing is typed any more."""
        if self._saving is not None:
            self._saving.cancel()

    def commands(self) -> Iterable[Command]:
        """Keys that are no text, and x in the list of diagnoses."""
        yield Command(
            "enter", _("Agregar"), self._enter, _("agregar o cambiar un diagnóstico"), pane=self.code
        )
        yield Command("f9", _("Firmar"), self.sign, _("firmar la nota"), why_not=self._no_signing)
        yield Command("f8", _("Guardar"), self.save, _("guardar el borrador ahora"), why_not=self._no_saving)
        yield Command("x", _("Quitar"), self._drop, _("quitar el diagnóstico"), why_not=self._no_diagnosis)
        yield Command("escape", _("Volver"), self.leave, _("volver; el borrador queda guardado"))

    def keys_changed(self) -> None:
        """While the password is asked only its two keys stand in the bar."""
        super().keys_changed()
        if self.signing:
            accept = Command("enter", _("Firmar"), self.sign)
            self.keys.set([accept, Command("escape", _("Volver al borrador"), self.leave)])

    def _bars(self, width: int) -> tuple[int, ...]:
        if self.job.amends_id or self.signing:
            return ()
        return (width - (_WIDE_SIDE if width >= WIDE else _SIDE) - 1,)

    def take(self, event: events.Event) -> bool:
        """While the password is asked the page can still be turned; F10 finds the text saved."""
        if isinstance(event, events.Key):
            if self.signing and event.key in {"pageup", "pagedown"}:
                return self.paper.press(event)
            if event.key == "f10" and self.keeper is not None:
                self.keeper.hurry()
        return super().take(event)

    async def leaving(self) -> None:
        """The draft on the server now; without a line it stays here, and due."""
        if self.keeper is not None:
            with contextlib.suppress(Refusal):
                await self.keeper.save()

    @property
    def unsaved(self) -> bool:
        """Whether the server does not have all of it; an addendum without a draft is here alone."""
        return self.keeper.dirty if self.keeper is not None else bool(self.editor.text.strip())

    def line_changed(self) -> None:
        """The line is back: save at once what waited for it."""
        if not self.desk.offline and self.keeper is not None:
            self.keeper.hurry()

    def rest(self) -> service.SaveDraft | None:
        """What the server has not taken of the draft."""
        return self.keeper.rest() if self.keeper is not None else None

    @property
    def signing(self) -> bool:
        """Whether the page to be signed covers the editor."""
        return bool(self.paper.display)

    def _title(self) -> str:
        day = f"{self.today():%d/%m/%Y}"
        if self.job.amends_id:
            return f"{_('Adenda')} · {day}{self.job.about}"
        kind = words.KINDS.get(self.job.kind, self.job.kind).lower()
        return f"{_('Evolución')} · {kind} · {day}"

    # The draft

    def written(self) -> Written:
        """What stands in the editor and the list."""
        return Written(self.editor.text, self.stated)

    def join(self, theirs: DraftRow) -> None:
        """Another desk saved this draft: its text goes under this one."""
        hour = f"{clock.local(theirs.saved_at, self.actor.at.zone):%H:%M}"
        cursor = self.editor.prose.cursor
        self.editor.set(note_text.both_texts(self.editor.text, theirs.text, hour), cursor)
        self.stated = note_text.both_diagnoses(self.stated, theirs.diagnoses)
        self._show_diagnoses()
        self.prompt.alarm(_("El borrador cambió en otro puesto a las {}: abajo está ese texto.").format(hour))

    def draft_state(self) -> None:
        """Row 23: how much was saved and when, or since when it was not."""
        keeper = self.keeper
        stated = plural(len(self.stated), _("diagnóstico"), _("diagnósticos"))
        left = "" if self.job.amends_id else f"{stated}."
        if keeper is None:
            self.prompt.hint(_("Sin borrador en el servidor: firmar antes de salir."))
        elif keeper.failing_since is not None:
            since = f"{clock.local(keeper.failing_since, self.actor.at.zone):%H:%M}"
            self.prompt.hint(_("Sin guardar desde {}: sigue aquí.").format(since), Tone.ALARM)
        elif keeper.saved_at is not None:
            self.prompt.hint(self._both_ends(left, self._saved_words(keeper.saved_at)))
        else:
            self.prompt.hint(self._both_ends(left, _("Se guarda solo, para usted.")))

    def draft_bug(self, error: Exception) -> None:
        """Saving failed by a mistake of the program."""
        self.desk.report(error)

    def _saved_words(self, at: datetime) -> str:
        hour = f"{clock.local(at, self.actor.at.zone):%H:%M:%S}"
        count = plural(note_text.lines_of(self.editor.text), _("línea"), _("líneas"))
        return _("Borrador guardado {}, {}, solo suyo").format(hour, count)

    def _both_ends(self, left: str, right: str) -> str:
        return "".join(bit.text for bit in spread(left, right, max(40, self.size.width - 2)))

    async def _save(self, order: service.SaveDraft) -> service.DraftAnswer:
        return await self.do(service.save_draft, order)

    async def _read(self) -> DraftRow | None:
        query = queries.DraftsQuery(self.job.patient_id, self.job.visit_id)
        found = await self.see(queries.drafts, query)
        return found[0] if found else None

    def _typed(self, keys: int) -> None:
        if self.keeper is not None:
            self.keeper.touch(keys)
        self.keys_changed()

    def _full(self) -> None:
        self.prompt.refuse(_("No entra más texto: una nota tiene hasta 200.000 letras."))

    async def save(self) -> None:
        """F8: everything on the server now."""
        if self.keeper is not None:
            await self.keeper.save()

    def _no_saving(self) -> str | None:
        return self.no_line() or (None if self.keeper else _("una adenda sin atención no guarda borrador"))

    async def leave(self) -> None:
        """Esc: from the page to the text; from the text home, once all is saved."""
        if self.signing:
            self._show_editor()
            return
        if self.keeper is None and self.editor.text.strip():
            if not await self.prompt.accept(_("La adenda no está firmada. Enter: descartarla. Esc: seguir.")):
                return
        elif self.keeper is not None:
            await self.keeper.save()
            await self._drop_empty(self.keeper)
        await self._close(None)

    async def _drop_empty(self, keeper: DraftKeeper) -> None:
        """A note that was emptied again leaves no draft to be offered."""
        visit_id, version = self.job.visit_id, keeper.version
        empty = self.editor.text == self._blank or not note_text.tidy(self.editor.text)
        if visit_id is not None and version and empty and not self.stated:
            drop = service.DropDraft(patient_id=self.job.patient_id, visit_id=visit_id, version=version)
            await self.do(service.drop_draft, drop)

    async def _close(self, signed: service.NoteAnswer | None) -> None:
        await self._on_close(signed)
        self.desk.pop_screen()

    # Diagnoses

    async def _enter(self) -> None:
        if self.focused is self.code:
            self._add()
        elif self.focused is self.list:
            await self._change()

    def _add(self) -> None:
        """What stands in the field becomes a diagnosis."""
        if not self.code.value:
            return
        found = note_text.stated(self.code.value, self.job.problems, self.stated)
        if isinstance(found, str):
            self.code.wrong()
            self.prompt.refuse(found)
            return
        self.code.value = ""
        self._state((*self.stated, found))
        self.list.select(found.code)

    async def _change(self) -> None:
        entry = self.list.current
        if entry is None:
            return
        key = await self.prompt.pick(f"{entry.code}:", note_text.TURNS, at_once=True)
        if key is not None:
            self._state(note_text.turned_in(self.stated, entry.code, key))

    def _drop(self) -> None:
        entry = self.list.current
        if entry is not None:
            self._state(note_text.without(self.stated, entry.code))

    def _no_diagnosis(self) -> str | None:
        if self.focused is not self.list:
            return _("se quita en la lista de diagnósticos")
        return None if self.stated else _("no hay diagnósticos")

    def _state(self, stated: tuple[DiagnosisEntry, ...]) -> None:
        self.stated = stated
        self._show_diagnoses()
        self._typed(1)
        self.draft_state()

    def _show_diagnoses(self) -> None:
        self.list.show(self.stated)
        self.list.title(f"{_('Diagnósticos')} · {len(self.stated)}")

    # Signing

    def _no_signing(self) -> str | None:
        if why := self.no_line():
            return why
        written = len(self.editor.prose) > _SURELY or self._signed_text()
        return None if written else _("la nota está vacía")

    def _signed_text(self) -> str:
        """What would be signed; nothing while the template stands as it came."""
        text = self.editor.text
        if text == self._blank and self.job.draft is None:
            return ""
        return text.strip() if self.job.amends_id else note_text.tidy(text)

    async def sign(self) -> None:
        """F9: the page, the password, the signature. A wrong password keeps everything."""
        order = self._order()
        if self.keeper is not None:
            await self.keeper.save()
        self._show_paper(order.text)
        try:
            signed = await self._sign_with_password(order)
        finally:
            self._show_editor()
        if signed is not None:
            await self._close(signed)

    async def _sign_with_password(self, order: SignOrder) -> service.NoteAnswer | None:
        ask = _("Firmar como {}. Clave").format(
            ", ".join(filter(None, (self.actor.name, self.actor.license)))
        )
        hint = _("Esc sigue el borrador") if len(ask) < self.size.width // 2 else ""
        while (password := await self.prompt.ask_secret(ask, hint=hint)) is not None:
            try:
                proof = await self.link.prove(password, order.key)
            except LoginRefused:
                ask, hint = _("La clave no es correcta. La nota sigue como borrador. Clave"), ""
                continue
            if isinstance(order, service.SignNote):
                return await self.do(service.sign_note, replace(order, proof=proof))
            return await self.do(service.addend_note, replace(order, proof=proof))
        return None

    def _order(self) -> SignOrder:
        """The order; the same one again, under its key, while nothing of it changed."""
        order = self._new_order()
        if self._signing is None or self._signing.digest("") != order.digest(""):
            self._signing = order
        return self._signing

    def _new_order(self) -> SignOrder:
        job, text = self.job, self._signed_text()
        if job.amends_id is not None:
            return service.AddendNote(patient_id=job.patient_id, amends_id=job.amends_id, text=text)
        assert job.visit_id is not None  # noqa: S101 - a job has one of the two
        return service.SignNote(
            patient_id=job.patient_id,
            visit_id=job.visit_id,
            kind=job.kind,
            text=text,
            diagnoses=self.stated,
        )

    def _show_paper(self, text: str) -> None:
        title = Bit(f" {self._title()}", Tone.TITLE)
        self.paper.show(title, lambda width: self._paper(text, width), _("se firmará tal como se ve"))
        self._turn_to(paper=True)

    def _show_editor(self) -> None:
        self._turn_to(paper=False)
        self.focus_on(self.editor)

    def _turn_to(self, *, paper: bool) -> None:
        self.paper.display, self.query_one("#writing").display = paper, not paper
        self._over.display = not paper
        for rule in self.query(Joint):
            rule.repaint()

    def _paper(self, text: str, width: int) -> list[Cell]:
        lines: list[Cell] = ["", *wrapped(text, width), ""]
        if not self.job.amends_id:
            lines += [Bit(_("Diagnósticos"), Tone.TITLE)]
            for entry in self.stated:
                lines += words.diagnosis_lines(entry, width)
            lines += [""] if self.stated else [_("ninguno"), ""]
        return lines + wrapped(
            _("Al firmar: la nota queda cerrada para todos; los cambios van como adenda."), width
        )


def _diagnosis_rows(entry: DiagnosisEntry, width: int) -> list[Cell]:
    certainty = _("conf.") if entry.certainty == "confirmado" else _("presunt.")
    kind = _("princ.") if entry.kind == "principal" else _("rel.")
    standing = " ".join(filter(None, (certainty, kind, _("crónico") if entry.chronic else "")))
    return [cut(shown(f"{entry.code:<5} {entry.text}"), width), f"  {standing}"]
