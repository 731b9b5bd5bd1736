"""Who opened what of one patient, newest first; here the patient is sealed, or no longer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import service as patients
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.privacy import queries
from clinicdesk.clinic.privacy.queries import AccessRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import privacy_words as words
from clinicdesk.tui.parts import Column, Command, LineList, PatientStrip, Rule, TextLines
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.patient_header import names, patient_line
from clinicdesk.tui.roles import role_word
from clinicdesk.tui.roles.filtered import Filtered
from clinicdesk.tui.turn_lists import whole_name
from clinicdesk.tui.turn_verbs import NO_RIGHT

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change

_PAGE: Final = 200
_NEAR_THE_END: Final = 40


class AccessLog(Filtered):
    """Reading it is an act as well, so it is read once and not by itself again."""

    NAME = _("Quién abrió qué")

    def __init__(self, patient_id: UUID) -> None:
        """Empty until read."""
        super().__init__()
        self._patient_id = patient_id
        self.patient: PatientRow | None = None
        self._read_rows: tuple[AccessRow, ...] = ()
        self._all_read, self._reading = False, False
        self.strip = PatientStrip()
        self.accesses = LineList[AccessRow](
            lambda row: row.key,
            self._columns,
            title=_("Accesos"),
            heads=True,
            empty=_("Ningún acceso."),
            on_move=self._moved,
        )
        self.detail = TextLines(tall=3)

    def body(self) -> Iterable[Widget]:
        """Patient, filter, accesses, the one pointed at whole."""
        yield from (self.strip, Rule(), self.filter, self.accesses, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Narrow, seal, leave."""
        yield from self.filter_commands()
        yield Command("f8", _("Sellar, abrir"), self.seal, _("sellar, o quitar el sello"), self._no_sealing)
        yield Command("escape", _("Volver"), self.leave, _("volver"))

    def started(self) -> None:
        """Read behind the first frame."""
        self.filter.display = False
        self.focus_on(self.accesses)
        self.in_background(self._read())

    def on_resize(self, event: events.Resize) -> None:
        """The detail is wrapped anew."""
        super().on_resize(event)
        self._moved(self.accesses.current)

    def the_list(self) -> LineList[AccessRow]:
        """The accesses."""
        return self.accesses

    def _columns(self, width: int) -> Sequence[Column[AccessRow]]:
        zone = self.actor.at.zone
        wide = width >= WIDE
        who = 30 if wide else 18
        role = (Column[AccessRow](_("Rol"), 14, lambda row: role_word(row.role)),) if wide else ()
        place = (Column[AccessRow](_("Centro"), 20, lambda row: row.clinic),) if wide else ()
        return (
            Column[AccessRow](_("Cuándo"), 14, lambda row: words.when(row.at, zone)),
            Column[AccessRow](_("Quién"), who, lambda row: words.short(row.person, who)),
            *role,
            Column[AccessRow](_("Qué hizo"), 0, words.deed),
            *place,
            Column[AccessRow](_("Para"), 10, words.purpose),
        )

    # Reading

    async def _read(self) -> None:
        await self._read_more()  # an act: what follows goes on with it
        await self._read_patient()

    async def _read_patient(self) -> None:
        query = registry.PatientQuery(self._patient_id)
        self._show_patient(await self.see(registry.reread, query))

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """The patient above, as they are now; reading the accesses again would be another act."""
        if self.patient is not None and names(changes, self._patient_id):
            await self._read_patient()

    def _show_patient(self, patient: PatientRow) -> None:
        self.patient = patient
        self.strip.show(patient_line(patient, self.today().date()))
        self.keys_changed()
        self._announce()

    async def _read_more(self) -> None:
        self._reading = True
        try:
            before = self._read_rows[-1].at if self._read_rows else None
            found = await self.see(
                queries.access_log, queries.AccessLogQuery(self._patient_id, before, _PAGE)
            )
        finally:
            self._reading = False
        self._all_read = len(found) < _PAGE
        self._read_rows += found
        if self.is_mounted:
            self.show_rows()

    def show_rows(self) -> None:
        """Those that fit."""
        wanted = self.wanted
        fitting = [row for row in self._read_rows if words.access_fits(row, wanted)]
        self.accesses.show(fitting)
        count = plural(len(fitting), _("acceso"), _("accesos"))
        more = "" if self._all_read else " " + _("(hay más abajo)")
        self.accesses.title(f"{_('Quién abrió qué')} · {count}{more}")
        self._moved(self.accesses.current)

    def _moved(self, row: AccessRow | None) -> None:
        self.detail.set(*words.access_lines(row, self.size.width, self.actor.at.zone))
        near = row is not None and row.key in {each.key for each in self._read_rows[-_NEAR_THE_END:]}
        if near and not self._all_read and not self._reading:
            self.in_background(self._read_more())

    # Sealing

    async def seal(self) -> None:
        """F8: asked first, since the seal changes at once what everybody sees."""
        patient = self.patient
        if patient is None:
            return
        name = whole_name(patient)
        question = _("¿Quitar el sello a {}?") if patient.sealed else _("¿Sellar a {}?")
        if not await self.prompt.confirm(question.format(name)):
            return
        order = patients.SealPatient(patient_id=patient.patient_id, sealed=not patient.sealed)
        answer = await self.do(patients.seal_patient, order)
        await self._read_patient()
        said = _("Sellado: los datos los ve quien lo atiende.") if answer.sealed else _("Sin sello.")
        self.prompt.say(f"{name}. {said}")

    def _no_sealing(self) -> str | None:
        if not self.actor.may(Permission.PATIENT_SEAL):
            return NO_RIGHT
        return self.no_line() or (None if self.patient else _("todavía no se leyó el paciente"))

    def leave(self) -> None:
        """Esc: the filter goes; without one, back."""
        if not self.close_filter():
            self.desk.pop_screen()

    def _announce(self) -> None:
        patient = self.patient
        if patient is None:
            self.prompt.hint("")
        elif patient.sealed:
            self.prompt.hint(_("Sellado. F8 quita el sello. Esc vuelve."))
        else:
            self.prompt.hint(_("F8 sella: los datos los ve solo quien lo atiende. Esc vuelve."))
