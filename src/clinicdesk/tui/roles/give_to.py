"""`m` on what stands under the wrong person: whose it is, both side by side, and the question."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _
from clinicdesk.tui import pair_words
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Rule, TextLines
from clinicdesk.tui.roles.find_patient import Finding
from clinicdesk.tui.screens import ClinicScreen

REASONS: Final = {
    "1": _("se llaman igual"),
    "2": _("estaba abierta otra ficha"),
    "3": _("otro"),
}
_IN_WORDS: Final = "3"
_REASON_MOST: Final = 200

Give = Callable[[PatientRow, str], Awaitable[str]]
"""Whose it is and why: does it, and what to say of it then."""


class GiveTo(Finding):
    """A search box; below it whoever has the row now, and whoever is pointed at."""

    NAME = _("Pasar a otra persona")

    def __init__(self, what: str, whose: PatientRow, give: Give) -> None:
        """`what` is moved, in a few words; `whose` it seems to be."""
        super().__init__(_("Enter: es de {}."))
        self._what, self._whose, self._give = what, whose, give
        self.top = TextLines()
        self.both = TextLines(tall=pair_words.LINES)

    def body(self) -> Iterable[Widget]:
        """What is moved, the search, and both people."""
        yield self.top
        yield from super().body()
        yield from (self.both, Rule())

    def started(self) -> None:
        """Nobody is pointed at yet: the one who has it stands alone."""
        super().started()
        self._texts()

    def on_resize(self, event: events.Resize) -> None:
        """Both are laid out anew."""
        super().on_resize(event)
        self._texts()

    def _announce(self) -> None:
        super()._announce()
        self._texts()

    def _texts(self) -> None:
        if not self.is_mounted:
            return
        self.top.set(Bit(f" {self.NAME}: {self._what}", Tone.TITLE))
        text = self.box.asked
        found = self.finder.shown(text) if text else None
        other = self.candidates.current if found is not None and found.rows else None
        width, today = self.size.width, self.today().date()
        self.both.set(*pair_words.people_lines(self._whose, other, width, today))

    async def take_patient(self, patient: PatientRow) -> None:
        """Why, then the question with both names; Esc and Enter leave all as it is."""
        if patient.patient_id == self._whose.patient_id:
            self.prompt.refuse(_("Ya está en la historia de {}.").format(_named(patient)))
            return
        self.candidates.select(patient.patient_id)
        self._texts()
        reason = await self._asked_reason()
        if reason is None or not await self.prompt.confirm(self._question(patient)):
            return
        said = await self._give(patient, reason)
        self.desk.pop_screen()
        front = self.desk.screen
        if isinstance(front, ClinicScreen):
            front.prompt.say(said)

    def away(self) -> None:
        """Back; nothing was moved."""
        self.desk.pop_screen()

    async def _asked_reason(self) -> str | None:
        chosen = await self.prompt.pick(_("¿Por qué estaba mal?"), REASONS, at_once=True)
        if chosen != _IN_WORDS:
            return None if chosen is None else REASONS[chosen]
        missing = _("Falta el motivo.")
        return await self.prompt.ask(
            _("Motivo"), check=lambda text: None if text else missing, most=_REASON_MOST
        )

    def _question(self, patient: PatientRow) -> str:
        said = _("¿Pasar {} de {} a {}? Por defecto: no.")
        return said.format(self._what, _named(self._whose), _named(patient))


def _named(row: PatientRow) -> str:
    name = full_name(row.family, row.given)
    return name if row.closed else f"{name} (HC {row.chart_number:06d})"
