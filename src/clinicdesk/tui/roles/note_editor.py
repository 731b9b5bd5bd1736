"""The note of a visit, or an addendum: written beside its diagnoses, kept on the server meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.records import dropping, headings, queries, service
from clinicdesk.clinic.records.errors import NoteTooLong
from clinicdesk.clinic.records.plan import NOTHING
from clinicdesk.clinic.records.queries import DraftRow
from clinicdesk.clinic.records.rules import NOTE_MOST
from clinicdesk.clinic.records.wording import late_words
from clinicdesk.kit import clock
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bar, Bit, Body, Cell, Command, PatientStrip, Row, Rule
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.parts.editor import Editor
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.roles import chart_text as words
from clinicdesk.tui.roles import note_text
from clinicdesk.tui.roles.drafts import DraftKeeper, Written
from clinicdesk.tui.roles.joint import Joint
from clinicdesk.tui.roles.note_codes import Codes
from clinicdesk.tui.roles.note_job import NoteJob
from clinicdesk.tui.roles.note_letters import NoteLetters
from clinicdesk.tui.roles.note_plan import PlanRows, both_plans, plan_page
from clinicdesk.tui.roles.note_signing import OnClose, SignOrder
from clinicdesk.tui.roles.note_stated import StatedSide

_SIDE, _WIDE_SIDE = 27, 44
_SURELY: Final = 2_000
"""A text of so many characters is not empty, without looking at it."""


class NoteScreen(NoteLetters):
    """Editor left, diagnoses right; F9 covers both with the note as it will be signed."""

    NAME = _("Nota")
    under_lease = True
    DEFAULT_CSS = f"""
    NoteScreen #sides {{ width: {_SIDE}; }}
    NoteScreen.-wide #sides {{ width: {_WIDE_SIDE}; }}
    NoteScreen #between, NoteScreen #beside {{ display: none; }}
    NoteScreen.-wide #between, NoteScreen.-wide #beside, NoteScreen.-beside #beside {{ display: block; }}
    NoteScreen.-beside #stated {{ display: none; }}
    NoteScreen.-wide #stated {{ display: block; }}
    """

    def __init__(self, job: NoteJob, on_close: OnClose) -> None:
        """`on_close` hears of the signature, or None, and is awaited before the screen goes."""
        super().__init__(job, on_close)
        self.strip = PatientStrip(job.patient)
        draft = job.draft
        self.editor = Editor(
            draft.text if draft else self.blank,
            heading=lambda line: headings.heading(line, self.known),
            on_change=self.typed,
            on_full=self._full,
            id="note",
        )
        self.side = StatedSide(
            draft.diagnoses if draft else (),
            job.problems,
            self.prompt,
            Codes(self, job.problems, job.sex, job.days),
            self._stated_anew,
            self._picking,
        )
        self.ordered = PlanRows(
            draft.plan if draft else NOTHING,
            job.doctors,
            job.person_id,
            lambda: self.today().date(),
            self.prompt,
            self._stated_anew,
        )
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
        keeper = DraftKeeper(first, self, self._save, self._read, draft.text if draft else "")
        keeper.saved_at = draft.saved_at if draft else None
        return keeper

    # The frame

    def body(self) -> Iterable[Widget]:
        """Patient, then the note beside its diagnoses, or the page to be signed."""
        self._over, under = Joint("┬", self._bars), Joint("┴", self._bars)
        self.title_line.set(Bit(f" {self.about()}", Tone.TITLE))
        yield self.strip
        yield self._over
        if self.job.amends_id:
            yield Body(self.title_line, self.editor, id="writing")
        else:
            sides = Body(self.side, Rule(id="between"), self.beside, id="sides")
            yield Row(Body(self.title_line, self.editor), Bar(), sides, id="writing")
        yield self.paper
        yield under
        if not self.job.amends_id:
            yield self.ordered

    def started(self) -> None:
        """In the editor: after the first heading of a new note, at the end of a draft."""
        self.paper.display = False
        if self.job.draft is None and not self.job.amends_id:
            self.editor.set(self.blank, note_text.first_place(self.blank, self.known))
        if not self.job.amends_id:
            self.side.set(self.side.stated)
            self.ordered.set(self.ordered.plan)
            self.show_beside(self.job.contents)
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
        side = self.side
        yield Command("enter", _("Agregar"), self._enter, _("agregar, cambiar o insertar"), pane=side.code)
        yield Command("f9", _("Firmar"), self.sign, _("firmar la nota"), why_not=self._no_signing)
        yield Command("f8", _("Guardar"), self.save, _("guardar el borrador ahora"), why_not=self._no_saving)
        yield Command("x", _("Quitar"), self._drop, _("quitar lo señalado"), why_not=self._no_drop)
        if not self.job.amends_id:
            yield self.side_command()
        yield Command("escape", _("Volver"), self.leave, _("volver; el borrador queda guardado"))
        if not self.job.amends_id:
            yield from self.tool_commands()
            yield self.letter_command()

    async def _enter(self) -> None:
        """Enter outside the text: what has the focus says what."""
        if self.ordered.focused is not None:
            self.ordered.enter()
        elif self.focused is self.beside:
            self.insert_fact()
        else:
            await self.side.enter()

    def _drop(self) -> None:
        (self.ordered if self.ordered.focused is self.ordered.list else self.side).drop()

    def _no_drop(self) -> str | None:
        return None if self.ordered.focused is self.ordered.list else self.side.no_drop()

    def show_brief(self, lines: Sequence[Cell]) -> None:
        """Under the diagnoses, unless one works on them; a wide screen has the patient beside."""
        self.side.about_patient(lines)

    def keys_changed(self) -> None:
        """While codes are offered the picker's keys stand in the bar; it closes when its field is left."""
        super().keys_changed()
        self.side.tell()
        if not self.side.picking or self.signing:
            return
        if self.focused is not self.side.code:
            self.side.close_picks()
            return
        picker = (
            Command("enter", _("Elegir"), self.side.enter),
            Command("down", _("Mover"), self.side.enter, shown_as="↓↑"),
            Command("tab", _("Certeza"), self.side.enter, shown_as="Tab"),
            Command("escape", _("Cerrar lista"), self.leave),
            Command("f9", _("Firmar"), self.sign, why_not=self._no_signing),
        )
        self.keys.set(picker, Command("f1", _("Ayuda"), self.show_help))

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

    def about(self) -> str:
        """What is written, and of which day."""
        day = f"{self.today():%d/%m/%Y}"
        if self.job.amends_id:
            return f"{_('Adenda')} · {day}{self.job.about}"
        kind = words.KINDS.get(self.job.kind, self.job.kind).lower()
        said = f"{_('Evolución')} · {kind} · {day}"
        if self.late is None:
            return said
        at = clock.local(self.late.at, self.actor.at.zone)
        return f"{_('Evolución')} · {kind} · {_('atendido')} {at:%d/%m/%y %H:%M}"

    # The draft

    def written(self) -> Written:
        """What stands in the editor and the list."""
        return Written(self.editor.text, self.side.stated, self.ordered.plan, self.late)

    def join(self, theirs: DraftRow) -> None:
        """Another desk saved this draft: its text goes under this one."""
        hour = f"{clock.local(theirs.saved_at, self.actor.at.zone):%H:%M}"
        cursor = self.editor.prose.cursor
        held = self.keeper.held if self.keeper is not None else ""
        both = note_text.both_texts(self.editor.text, theirs.text, hour, held)
        if len(both) > NOTE_MOST:
            self.prompt.alarm(_("El borrador de otro puesto no entra aquí: sigue guardado. Acortar este."))
            raise NoteTooLong
        self.editor.set(both, cursor)
        self.side.set(note_text.both_diagnoses(self.side.stated, theirs.diagnoses))
        self.ordered.set(both_plans(self.ordered.plan, theirs.plan))
        self.was_at(self.late or theirs.late)
        self.prompt.alarm(_("El borrador cambió en otro puesto a las {}: abajo está ese texto.").format(hour))

    def draft_state(self) -> None:
        """Row 23: how much was saved and when, or since when it was not."""
        keeper = self.keeper
        if self.side.picking:
            self.prompt.hint(self.side.pointed)
            return
        left = "" if self.job.amends_id else f"{self.side.counted}."
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
        count = plural(note_text.lines_of(self.editor.text, self.known), _("línea"), _("líneas"))
        return _("Borrador guardado {}, {}, solo suyo").format(hour, count)

    def _both_ends(self, left: str, right: str) -> str:
        return "".join(bit.text for bit in spread(left, right, max(40, self.size.width - 2)))

    async def _save(self, order: service.SaveDraft) -> service.DraftAnswer:
        return await self.do(service.save_draft, order)

    async def _read(self) -> DraftRow | None:
        query = queries.DraftsQuery(self.job.patient_id, self.job.visit_id)
        found = await self.see(queries.drafts, query)
        return found[0] if found else None

    def typed(self, keys: int) -> None:
        """So many characters are other ones."""
        if self.keeper is not None:
            self.keeper.touch(keys)
        self.keys_changed()

    def _full(self) -> None:
        self.prompt.refuse(_("No entra más texto: una nota tiene hasta 200.000 letras."))

    async def save(self) -> None:
        """F8: everything on the server now."""
        await self.save_all()

    def _no_saving(self) -> str | None:
        return self.no_line() or (None if self.keeper else _("una adenda sin atención no guarda borrador"))

    async def leave(self) -> None:
        """Esc: from the page to the text; from the text home, once all is saved."""
        if self.signing:
            self.back_to_text()
            return
        if self.focused is self.beside:
            self.turn_side_to(beside=False)
            return
        if self.side.close_picks():
            return
        if self.keeper is None and self.editor.text.strip():
            if not await self.prompt.accept(_("La adenda no está firmada. Enter: descartarla. Esc: seguir.")):
                return
        elif self.keeper is not None:
            await self.keeper.save()
            await self._drop_empty(self.keeper)
        await self.close(None)

    async def _drop_empty(self, keeper: DraftKeeper) -> None:
        """A note that was emptied again leaves no draft to be offered."""
        visit_id, version = self.job.visit_id, keeper.version
        empty = self.editor.text == self.blank or not headings.tidy(self.editor.text, self.known)
        nothing = empty and not self.side.stated and not self.ordered.plan
        if visit_id is not None and version and nothing:
            drop = dropping.DropDraft(patient_id=self.job.patient_id, visit_id=visit_id, version=version)
            await self.do(dropping.drop_draft, drop)

    def _picking(self) -> None:
        """The picker opened, moved or closed: other keys, and row 23 says the code pointed at whole."""
        self.draft_state()
        self.keys_changed()

    def _stated_anew(self) -> None:
        self.typed(1)
        self.draft_state()

    # Signing

    def _no_signing(self) -> str | None:
        if why := self.no_line():
            return why
        written = len(self.editor.prose) > _SURELY or self._signed_text()
        if not written:
            return _("la nota está vacía")
        if not self.job.amends_id and self.ordered.waiting:
            return _("hay un tratamiento o control sin agregar: Enter")
        return None

    def _signed_text(self) -> str:
        """What would be signed; nothing while the template stands as it came."""
        text = self.editor.text
        if text == self.blank and self.job.draft is None:
            return ""
        return text.strip() if self.job.amends_id else headings.tidy(text, self.known)

    async def save_all(self) -> None:
        """The draft, where there is one. Raises Refusal."""
        if self.keeper is not None:
            await self.keeper.save()

    def new_order(self) -> SignOrder:
        """The note or the addendum as it stands."""
        job, text = self.job, self._signed_text()
        if job.amends_id is not None:
            return service.AddendNote(
                patient_id=job.patient_id, amends_id=job.amends_id, text=text, draft_version=self._version
            )
        assert job.visit_id is not None  # noqa: S101 - a job has one of the two
        return service.SignNote(
            patient_id=job.patient_id,
            visit_id=job.visit_id,
            kind=job.kind,
            text=text,
            diagnoses=self.side.stated,
            plan=self.ordered.plan,
            late=self.late,
            draft_version=self._version,
        )

    @property
    def _version(self) -> int | None:
        """The draft that is signed, as it was saved last."""
        return self.keeper.version if self.keeper is not None else None

    def said_besides(self, order: SignOrder) -> Iterable[str]:
        """The plan, and the other hour with its reason."""
        if isinstance(order, service.SignNote):
            yield from plan_page(order.plan, self.job.doctors)
            if order.late is not None:
                zone = self.actor.at.zone
                at, now = clock.local(order.late.at, zone), self.today()
                yield late_words(at, now, order.late.reason) + "."
            yield from self.left_to_say(order.diagnoses)

    def turn_to(self, *, paper: bool) -> None:
        """The page covers text and diagnoses, or the text has the focus again."""
        self.paper.display, self.query_one("#writing").display = paper, not paper
        self._over.display = self.ordered.display = not paper
        for rule in self.query(Joint):
            rule.repaint()
        if not paper:
            self.focus_on(self.editor)
