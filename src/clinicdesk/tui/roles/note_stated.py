"""The diagnoses of a note: the field where one is typed, over the list of those that stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from textual.widget import Widget

from clinicdesk.clinic.records.queries import DiagnosisRow
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.parts import Body, Cell, Field, LineList, PromptLine, Rule, TextLines
from clinicdesk.tui.roles import note_text

_ROW = 2
"""Screen rows of one diagnosis."""


class StatedSide(Body):
    """The pane beside the text. `stated` is what stands in it; `on_change` hears of each change by a person.

    `problems` are the patient's, to be named by code alone; questions go through the screen's `prompt`.
    """

    def __init__(
        self,
        stated: Iterable[DiagnosisEntry],
        problems: Iterable[DiagnosisRow],
        prompt: PromptLine,
        on_change: Callable[[], None],
    ) -> None:
        """The field above, the list below it."""
        self.stated = tuple(stated)
        self._problems, self._prompt, self._on_change = tuple(problems), prompt, on_change
        self.code = Field(_("Dx"), id="code")
        self.list = LineList[DiagnosisEntry](
            lambda entry: entry.code, draw=_diagnosis_rows, tall=_ROW, title=_("Diagnósticos"), id="diagnoses"
        )
        help_lines = TextLines(
            f" {_('Código y nombre: I10 HTA.')}",
            f" {_('En la lista: Enter cambia,')}",
            f" {_('x quita.')}",
        )
        super().__init__(self.code, self.list, Rule(), help_lines, id="stated")

    @property
    def counted(self) -> str:
        """`2 diagnósticos`."""
        return plural(len(self.stated), _("diagnóstico"), _("diagnósticos"))

    @property
    def _focused(self) -> Widget | None:
        """What has the focus; an addendum has no such pane on its screen."""
        return self.screen.focused if self.is_attached else None

    def set(self, stated: Iterable[DiagnosisEntry]) -> None:
        """Others, not told to `on_change`."""
        self.stated = tuple(stated)
        self.list.show(self.stated)
        self.list.title(f"{_('Diagnósticos')} · {len(self.stated)}")

    async def enter(self) -> None:
        """Enter: what is typed is added, or the one pointed at is changed."""
        if self._focused is self.code:
            self._add()
        elif self._focused is self.list:
            await self._change()

    def _add(self) -> None:
        """What stands in the field becomes a diagnosis."""
        if not self.code.value:
            return
        found = note_text.stated(self.code.value, self._problems, self.stated)
        if isinstance(found, str):
            self.code.wrong()
            self._prompt.refuse(found)
            return
        self.code.value = ""
        self._state((*self.stated, found))
        self.list.select(found.code)

    async def _change(self) -> None:
        entry = self.list.current
        if entry is None:
            return
        key = await self._prompt.pick(f"{entry.code}:", note_text.TURNS, at_once=True)
        if key is not None:
            self._state(note_text.turned_in(self.stated, entry.code, key))

    def drop(self) -> None:
        """`x`: the one pointed at goes."""
        entry = self.list.current
        if entry is not None:
            self._state(note_text.without(self.stated, entry.code))

    def no_drop(self) -> str | None:
        """Why there is nothing to take out."""
        if self._focused is not self.list:
            return _("se quita en la lista de diagnósticos")
        return None if self.stated else _("no hay diagnósticos")

    def _state(self, stated: tuple[DiagnosisEntry, ...]) -> None:
        self.set(stated)
        self._on_change()


def _diagnosis_rows(entry: DiagnosisEntry, width: int) -> list[Cell]:
    certainty = _("conf.") if entry.certainty == "confirmado" else _("presunt.")
    kind = _("princ.") if entry.kind == "principal" else _("rel.")
    standing = " ".join(filter(None, (certainty, kind, _("crónico") if entry.chronic else "")))
    return [cut(shown(f"{entry.code:<5} {entry.text}"), width), f"  {standing}"]
