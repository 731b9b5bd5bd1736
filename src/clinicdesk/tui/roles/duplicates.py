"""The work list of who may stand in the registry twice: pair after pair, both people side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.changes import Kind
from clinicdesk.clinic.patients import alike
from clinicdesk.clinic.patients.alike import Duplicates, DuplicatesQuery, WorkList
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.words import _
from clinicdesk.tui import pair_words
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Column, Command, LineList, Rule, TextLines
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.roles.filtered import Filtered
from clinicdesk.tui.turn_verbs import NO_RIGHT

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.clinic.patients.merging import MergeAnswer
    from clinicdesk.clinic.usecases import View

_MOST: Final = 200
PairId = tuple[UUID, UUID]


class DuplicatesList(Filtered):
    """One row a pair, the likeliest first; `x` says that they are two people, `z` takes that back."""

    NAME = _("Personas repetidas")
    DEFAULT_CSS = "DuplicatesList #filter { display: none; }"

    def __init__(self, about: Sequence[UUID] = ()) -> None:
        """`about`: pairs with one of these people first, where there are any."""
        super().__init__()
        self._about = frozenset(about)
        self._found: WorkList | None = None
        self._fit = 0
        """How many pairs fit the filter; a pair that left may stay in sight until the next key."""
        self._undoable: list[PairId] = []
        self.top = TextLines()
        self.list = LineList[Duplicates](
            lambda pair: pair.id,
            self._columns,
            heads=True,
            empty=_("Leyendo la lista."),
            on_move=lambda _pair: self._texts(),
            id="pairs",
        )
        self.detail = TextLines(tall=pair_words.LINES)

    def body(self) -> Iterable[Widget]:
        """Counts and freshness, filter, pairs, the one pointed at."""
        return (self.top, self.filter, self.list, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Settle, narrow, leave."""
        yield Command("enter", _("Unir"), self.enter, _("unir las dos fichas"), self._no_merge)
        yield Command("x", _("Distintas"), self.call_distinct, _("son dos personas"), self._no_settling)
        yield Command("z", _("Deshacer"), self.undo, _("deshacer lo último"), self._no_undo)
        yield Command("f2", _("Paciente"), self.open_patient, _("ficha de la izquierda"), self._no_pair)
        yield from self.filter_commands()
        yield Command("escape", _("Volver"), self.back, _("quitar el filtro; volver"))

    def started(self) -> None:
        """Read behind the first frame: an act."""
        self.focus_on(self.list)
        self._texts()
        self.in_background(self._read(alike.duplicates))

    def on_resize(self, event: events.Resize) -> None:
        """The detail is laid out anew."""
        super().on_resize(event)
        self._texts()

    def the_list(self) -> LineList[Duplicates]:
        """The pairs."""
        return self.list

    def _columns(self, width: int) -> Sequence[Column[Duplicates]]:
        name = (width - 12) // 2
        return (
            Column[Duplicates](_("%"), 3, lambda pair: str(pair.likeness), align="right", gap=2),
            Column[Duplicates](
                _("Una"), name, lambda pair: short_name(pair.patient.family, pair.patient.given, name), gap=2
            ),
            Column[Duplicates](
                _("Otra"), 0, lambda pair: short_name(pair.other.family, pair.other.given, name)
            ),
        )

    # Reading

    async def _read(self, view: View[DuplicatesQuery, WorkList]) -> None:
        fresh = self._found is None
        self._found = await self.see(view, DuplicatesQuery(_MOST))
        self.list.empty(_("Ningún par parecido."))
        if self.is_mounted:
            self.show_rows(fresh=fresh)

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """A pair shown was settled elsewhere, a scan has come to its end, or anything may have changed."""
        if self._found is not None and (not changes or any(map(self._concerns, changes))):
            await self._read(alike.duplicates_on)

    def _concerns(self, change: Change) -> bool:
        """News of people without ids tell of a scan; of others only those on the list count."""
        if change.kind is not Kind.PATIENT:
            return False
        ours = {each for pair in self.list.rows for each in pair.id}
        return not change.ids or any(who in ours for who, _row in change.ids)

    def show_rows(self, *, fresh: bool = False) -> None:
        """The pairs that fit the filter, those asked about first."""
        if self._found is None or not self.is_mounted:
            return
        wanted = self.wanted
        found = [pair for pair in self._found.pairs if all(word in _folded(pair) for word in wanted)]
        found.sort(key=lambda pair: self._about.isdisjoint(pair.id))
        self._fit = len(found)
        if fresh or wanted:
            self.list.show(found)
        else:
            self.list.renew(found)
        self._texts()

    # Texts

    def _texts(self) -> None:
        if not self.is_mounted:
            return
        self.top.set(self._title())
        pair = self.list.current
        lines = pair_words.pair_lines(pair, self.size.width, self.today().date()) if pair is not None else ()
        self.detail.set(*lines)
        self.prompt.hint(self._hint(pair))
        self.keys_changed()

    def _title(self) -> list[Bit]:
        title = f" {self.NAME}"
        if self._found is None:
            return [Bit(title, Tone.TITLE)]
        total = self._found.total
        count = str(total) if self._fit == total else _("{} de {}").format(self._fit, total)
        fresh = pair_words.freshness(self._found, self.now(), self.actor.at.zone)
        return spread([Bit(f"{title} · {count}", Tone.TITLE)], [fresh, Bit(" ")], self.size.width)

    def _hint(self, pair: Duplicates | None) -> str:
        if self.desk.offline:
            return _("Sin línea: la lista puede haber cambiado.")
        if pair is None:
            return _("Ningún par por mirar.") if self._found is not None else ""
        if not self.actor.may(Permission.PATIENT_MERGE):
            return _("¿Son dos personas? x lo anota. Unirlas: secretaría o gestión.")
        return _("¿Es la misma persona? Enter: unir. x: son dos.")

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self._texts()

    # Keys

    def _no_pair(self) -> str | None:
        return self.no_line() or (None if self.list.current is not None else _("no hay un par señalado"))

    def _no_merge(self) -> str | None:
        if self.filter.has_focus:
            return None
        return self._no_pair() if self.actor.may(Permission.PATIENT_MERGE) else NO_RIGHT

    async def enter(self) -> None:
        """Both side by side, to be merged; in the filter, leave it on. The older chart is the one to stay."""
        from clinicdesk.tui.roles.merge_people import MergePeople

        if self.filter.has_focus:
            self.focus_on(self.list)
            self._texts()
        elif (pair := self.list.current) is not None:
            kept, retired = sorted((pair.patient, pair.other), key=lambda row: row.chart_number)
            await self.desk.push_screen(MergePeople(kept.patient_id, retired.patient_id, self._merged))

    async def _merged(self, answer: MergeAnswer) -> None:
        await self._read(alike.duplicates_on)
        self.prompt.say(_("Unidas: queda HC {:06d}.").format(answer.chart_number))

    def _no_settling(self) -> str | None:
        return self._no_pair() if self.actor.may(Permission.PATIENT_WRITE) else NO_RIGHT

    def _no_undo(self) -> str | None:
        return self.no_line() or (None if self._undoable else _("no hay nada que deshacer"))

    async def call_distinct(self) -> None:
        """`x`: two people; `z` takes it back."""
        pair = self.list.current
        if pair is None:
            return
        await self.do(alike.call_distinct, alike.CallDistinct(patient_id=pair.id[0], other_id=pair.id[1]))
        self._undoable.append(pair.id)
        await self._read(alike.duplicates_on)
        self.prompt.say(_("{} y {}: dos personas. z deshace.").format(*_names(pair, 24)))

    async def undo(self) -> None:
        """`z`: the pair is to be looked at again."""
        one, other = self._undoable[-1]
        await self.do(alike.doubt_again, alike.DoubtAgain(patient_id=one, other_id=other))
        self._undoable.pop()
        await self._read(alike.duplicates_on)
        self.list.select((one, other))
        self.prompt.say(_("El par vuelve a la lista."))

    async def open_patient(self) -> None:
        """F2: the page of the one at the left."""
        from clinicdesk.tui.roles.patient import PatientPage

        if (pair := self.list.current) is not None:
            await self.desk.push_screen(PatientPage(pair.id[0]))

    def back(self) -> None:
        """Esc: the filter goes; without one, back."""
        if self.close_filter():
            self.show_rows()
        else:
            self.desk.pop_screen()


def _folded(pair: Duplicates) -> str:
    sides = (pair.patient, pair.other)
    return folded(" ".join(f"{full_name(row.family, row.given)} {row.document}" for row in sides))


def _names(pair: Duplicates, width: int) -> tuple[str, str]:
    return (
        short_name(pair.patient.family, pair.patient.given, width),
        short_name(pair.other.family, pair.other.given, width),
    )
