"""The diagnoses of a note: the field where one is typed, over those that stand, or the codes that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.cie10.rules import code_of
from clinicdesk.clinic.records.queries import DiagnosisRow
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.finder import Finder
from clinicdesk.tui.parts import Body, Cell, LineList, PromptLine, Rule, TextLines
from clinicdesk.tui.roles import note_text
from clinicdesk.tui.roles.note_codes import CodeField, CodeList, Codes, Offered

_ROW = 2
"""Screen rows of one diagnosis."""
_TITLED = 9
_BELOW = 5
"""Screen rows under the list: what is known of a patient takes so many."""
_FAVOURITE = "f"
_OF = {"p": "certainty", "c": "certainty", "1": "kind", "2": "kind", "3": "chronic"}
"""What of a diagnosis each key of `TURNS` says."""
_HELP = (
    f" {_('Código, palabras o sigla.')}",
    f" {_('En la lista: Enter cambia,')}",
    f" {_('x quita. ↓: los de siempre')}",
)


class StatedSide(Body):
    """The pane beside the text. `stated` is what stands in it; `on_change` hears of each change by a person.

    `problems` are the patient's, to be named by code alone; questions go through the screen's `prompt`.
    `on_hint` hears when the picker opened, moved or closed.
    """

    def __init__(
        self,
        stated: Iterable[DiagnosisEntry],
        problems: Iterable[DiagnosisRow],
        prompt: PromptLine,
        codes: Codes,
        on_change: Callable[[], None],
        on_hint: Callable[[], None],
    ) -> None:
        """The field above, a list below it: of what stands, or while one types of the codes that fit."""
        self.stated = tuple(stated)
        self._problems, self._prompt, self._codes = tuple(problems), prompt, codes
        self._on_change, self._on_hint = on_change, on_hint
        self.code = CodeField(_("Dx"), self._typed, self._key)
        self.list = LineList[DiagnosisEntry](
            lambda entry: entry.code, draw=_diagnosis_rows, tall=_ROW, title=_("Diagnósticos"), id="diagnoses"
        )
        self.picks = CodeList(lambda _each: self._on_hint())
        self.picks.can_focus = False
        self.picks.display = False
        self._finder: Finder[tuple[Offered, ...]] = Finder(codes.find, self._found)
        self._turned: dict[str, str] = {}
        self._known: tuple[Cell, ...] = ()
        self._below = TextLines(*_HELP, tall=_BELOW)
        super().__init__(self.code, self.list, self.picks, Rule(), self._below, id="stated")

    @property
    def counted(self) -> str:
        """`2 diagnósticos`."""
        return plural(len(self.stated), _("diagnóstico"), _("diagnósticos"))

    @property
    def picking(self) -> bool:
        """Whether the codes that fit are shown."""
        return bool(self.picks.display)

    @property
    def pointed(self) -> str:
        """The code pointed at with its whole text; nothing while none is offered."""
        each = self.picks.current if self.picking else None
        return f"{each.row.code} {each.row.text}" if each else ""

    @property
    def _focused(self) -> Widget | None:
        """What has the focus; an addendum has no such pane on its screen."""
        return self.screen.focused if self.is_attached else None

    def set(self, stated: Iterable[DiagnosisEntry]) -> None:
        """Others, not told to `on_change`."""
        self.stated = tuple(stated)
        self.list.show(self.stated)
        self.list.title(f"{_('Diagnósticos')} · {len(self.stated)}")

    # Picking

    def _typed(self, text: str) -> None:
        self._turned = {}
        if not text:
            self.close_picks()
            self._finder.forget()
        else:
            self._finder.want(text)

    def _found(self, text: str, found: tuple[Offered, ...]) -> None:
        if not self.is_attached or text != self.code.value:
            return
        if not found:
            self.close_picks()
            return
        self.picks.show(found)
        self.picks.select(found[0].row.code)
        self.picks.title(f"CIE-10 · «{cut(shown(text), _TITLED)}» · {len(found)}" if text else _("A mano"))
        self._turn_to(picks=True)

    def close_picks(self) -> bool:
        """The diagnoses again; False if they were there. What is typed stays."""
        was = self.picking
        self._turned = {}
        if was:
            self._turn_to(picks=False)
        return was

    def _turn_to(self, *, picks: bool) -> None:
        self.picks.display, self.list.display = picks, not picks
        self.tell()
        self._on_hint()

    def _key(self, key: str) -> bool:
        """The picker's keys in the field: those that move, and Tab for what a code is taken as."""
        if self.picking and CodeList.moves(key):
            self.picks.press(events.Key(key, None))
            return True
        if self.picking and key == "tab":
            self.picks.desk.run_command(self._ask_turn)
            return True
        if key == "down" and not self.code.value:
            self.picks.desk.run_command(self._at_hand)
            return True
        return False

    async def _at_hand(self) -> None:
        """What this doctor states most, before anything is typed."""
        found = await self._codes.find("")
        self._found("", found)
        if not found:
            self._prompt.refuse(_("Todavía no hay códigos a mano."))

    async def _ask_turn(self) -> None:
        """How the code will be taken, or that it is kept at hand."""
        each = self.picks.current
        if each is None:
            return
        options = {**note_text.TURNS, _FAVOURITE: _("favorito")}
        key = await self._prompt.pick(f"{each.row.code}:", options, at_once=True)
        if key == _FAVOURITE:
            kept = await self._codes.keep(each.row.code)
            said = _("{} queda entre sus favoritos.") if kept else _("{} ya no está entre sus favoritos.")
            self._prompt.say(said.format(each.row.code))
            self._finder.again()
        elif key is not None:
            self._turned[_OF[key]] = "" if key == "3" and "3" in self._turned.values() else key
            self.tell()

    def about_patient(self, lines: Sequence[Cell]) -> None:
        """What is known of the patient, said below while one writes."""
        self._known = tuple(lines)
        self.tell()

    def tell(self) -> None:
        """Below: how to type a diagnosis, how the code pointed at will be taken, or what is known."""
        if not self.picking:
            works = self._focused in {self.code, self.list} or not self.is_attached
            brief = self._known if not works and not self.screen.has_class("-wide") else ()
            self._below.set(*(brief or _HELP))
            return
        entry = self._entry()
        chronic = _("sí") if entry and entry.chronic else _("no")
        lines = (
            (_("Certeza"), entry.certainty if entry else ""),
            (_("Clase"), entry.kind if entry else ""),
            (_("Crónico"), chronic),
        )
        self._below.set(*(f" {name:<8} {value}" for name, value in lines))

    def _entry(self) -> DiagnosisEntry | None:
        """The one pointed at as a diagnosis: with the text that is shown, turned as was asked."""
        each = self.picks.current
        if each is None:
            return None
        kind = "relacionado" if self.stated else "principal"
        chronic = bool(each.problem and each.problem.chronic)
        entry = DiagnosisEntry(each.row.code, each.row.text, kind=kind, chronic=chronic)
        for key in filter(None, self._turned.values()):
            entry = note_text.turned(entry, key)
        return entry

    async def enter(self) -> None:
        """Enter: the code pointed at or what is typed is added, or the one pointed at is changed."""
        if self._focused is self.code:
            await self._add()
        elif self._focused is self.list:
            await self._change()

    async def _add(self) -> None:
        """A code that was seen, or is exactly what was typed; else what stands in the field."""
        text = self.code.value
        if text and not self.picking and self._finder.shown(text) is None:
            found = await self._finder.answer(text)
            if found and found[0].row.code != code_of(text):
                return  # they are shown now, and Enter again takes one
        if self.picking:
            self._take()
        elif text:
            self._add_typed(text)

    def _take(self) -> None:
        entry = self._entry()
        if entry is None:
            return
        if any(each.code == entry.code for each in self.stated):
            self._prompt.refuse(_("Ese código ya está en la nota."))
            return
        mark = self.picks.current.mark if self.picks.current else ""
        self._stand(entry)
        if mark in {_("sexo"), _("edad")}:
            said = _("{} no corresponde a este paciente por {}, según el catálogo: revisar.")
            self._prompt.refuse(said.format(entry.code, mark))

    def _add_typed(self, text: str) -> None:
        """What stands in the field becomes a diagnosis."""
        found = note_text.stated(text, self._problems, self.stated)
        if isinstance(found, str):
            self.code.wrong()
            self._prompt.refuse(found)
        else:
            self._stand(found)

    def _stand(self, entry: DiagnosisEntry) -> None:
        """One more; where it is the main one, another steps back."""
        stated = (*self.stated, entry)
        if entry.kind == "principal":
            stated = note_text.turned_in(stated, entry.code, "1")
        self.code.value = ""
        self.close_picks()
        self._state(stated)
        self.list.select(entry.code)

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
