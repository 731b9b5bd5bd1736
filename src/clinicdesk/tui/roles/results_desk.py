"""The home of who hands out histories: look for somebody, write the request down, open the chart."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from textual.widget import Widget

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.privacy import rules, service
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command, Rule, TextLines
from clinicdesk.tui.roles.chart_screen import show_chart
from clinicdesk.tui.roles.find_patient import Finding
from clinicdesk.tui.turn_lists import whole_name

_HOW: Final = (
    f"   {_('Una historia se abre a pedido: se escribe quién pide la copia y para qué.')}",
    f"   {_('Queda abierta un cuarto de hora. Privacidad ve cada apertura con su motivo.')}",
)


class ResultsDesk(Finding):
    """Search, reason, chart; `p` in the chart hands it out."""

    NAME = _("Copias de historias")

    def __init__(self) -> None:
        """Nobody is looked for yet."""
        super().__init__(_("Enter pide el motivo y abre la historia de {}."))
        self._order: service.OpenCopy | None = None

    def body(self) -> Iterable[Widget]:
        """The search, and what a request is."""
        yield from (self.box, Rule(), self.candidates, Rule(), TextLines(*_HOW, tall=len(_HOW)), Rule())

    def commands(self) -> Iterable[Command]:
        """Those of a search; there is no screen to go back to."""
        for each in super().commands():
            if each.key == "escape":
                yield Command("escape", _("Borrar"), self.leave, _("a la búsqueda; borrarla"))
            else:
                yield each

    async def take_patient(self, patient: PatientRow) -> None:
        """The reason, then the chart; Esc leaves it closed. The same request sent again is one."""
        asked = _("Quién pide la copia de {} y para qué").format(whole_name(patient))
        reason = await self.prompt.ask(asked, check=_not_a_reason, most=rules.REASON_MOST)
        if reason is None:
            return
        order = service.OpenCopy(patient_id=patient.patient_id, reason=reason)
        if self._order is None or self._order.digest("") != order.digest(""):
            self._order = order
        await self.do(service.open_copy, self._order)
        self._order = None
        await show_chart(self.desk, patient.patient_id, reason)

    def away(self) -> None:
        """Esc in the box: nobody is looked for."""
        self.box.value = ""


def _not_a_reason(text: str) -> str | None:
    if rules.is_reason(text):
        return None
    return _("De {} a {} letras: quién la pide y para qué.").format(rules.REASON_LEAST, rules.REASON_MOST)
