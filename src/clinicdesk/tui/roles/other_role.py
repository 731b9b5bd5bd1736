"""F10, another role: the roles a person holds, one a line, each with its digit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from textual.widget import Widget

from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command, LineList, Rule, TextLines
from clinicdesk.tui.roles import role_word
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from clinicdesk.clinic.rights import ClinicRole

_DIGITS: Final = "123456789"


class OtherRole(ClinicScreen):
    """Choose by digit, or with ↑ ↓ and Enter; Esc stays where one is."""

    NAME = _("Otro rol o centro")

    def __init__(self, roles: tuple[ClinicRole, ...]) -> None:
        """The roles in the order of their digits; one of them is the actor's own."""
        super().__init__()
        self._roles = roles
        self.list = LineList[int](lambda at: at, draw=lambda at, _width: [self._line(at)], id="roles")

    def body(self) -> Iterable[Widget]:
        """A title and the list."""
        yield TextLines("", Bit(f"   {_('Seguir en otro rol o centro')}", Tone.TITLE))
        yield Rule()
        yield self.list

    def commands(self) -> Iterable[Command]:
        """A digit for each of the first nine, Enter for the one pointed at."""
        yield Command("enter", _("Seguir"), self._choose, _("seguir en el rol señalado"))
        for at, digit in enumerate(_DIGITS[: len(self._roles)]):
            yield Command(digit, self._words(at), lambda at=at: self._go(at), bar=False)  # type: ignore[misc]
        yield Command("escape", _("Volver"), self.desk.pop_screen, _("seguir como hasta ahora"))

    def started(self) -> None:
        """The list has the focus."""
        self.list.show(range(len(self._roles)))
        self.focus_on(self.list)
        self.prompt.hint(_("Un número elige. La pantalla de ahora se cierra; los borradores se guardan."))

    async def _choose(self) -> None:
        if self.list.current is not None:
            await self._go(self.list.current)

    async def _go(self, at: int) -> None:
        if self._roles[at] == self.actor.at:
            self.desk.pop_screen()
        else:
            await self.desk.switch(self._roles[at])

    def _words(self, at: int) -> str:
        held = self._roles[at]
        return f"{held.clinic_name} · {role_word(held.role.value)}"

    def _line(self, at: int) -> Cell:
        digit = _DIGITS[at] if at < len(_DIGITS) else " "
        now = f"   ({_('ahora')})" if self._roles[at] == self.actor.at else ""
        return f" {digit}  {self._words(at)}{now}"
