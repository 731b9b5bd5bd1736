"""Two charts side by side that may be one person: what each knows, what will stand. F8 asks, and merges."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.patients import merging
from clinicdesk.clinic.patients.facts import PERSON
from clinicdesk.clinic.patients.merging import EnteredRow, MergeAnswer, MergePlan, UnmergeAnswer
from clinicdesk.clinic.patients.queries import DocumentQuery, PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.names import full_name
from clinicdesk.kit.text import fit
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command, Rule, TextLines
from clinicdesk.tui.parts.pager import Pager, wrapped
from clinicdesk.tui.parts.prompt import PromptLine
from clinicdesk.tui.patient_header import names
from clinicdesk.tui.roles.find_patient import FindPatient
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change

_LABEL: Final = 12
REASONS: Final = {
    "1": _("ficha duplicada"),
    "2": _("registro sin documento"),
    "3": _("otro"),
}
_OTHER: Final = "3"
_REASON_MOST: Final = 400
_NAMED: Final = 4
"""So many turns and notes are told by their day where a merge is taken back."""


class MergePeople(ClinicScreen):
    """What stands is bold. An arrow changes which chart stays; nothing is lost, and it can be taken back."""

    NAME = _("Unir fichas")

    def __init__(
        self, kept: UUID, retired: UUID, merged: Callable[[MergeAnswer], Awaitable[None]] | None = None
    ) -> None:
        """`merged` hears of it once this screen has gone."""
        super().__init__()
        self._ids = (kept, retired)
        self._merged = merged
        self._plan: MergePlan | None = None
        self._order: merging.MergePatients | None = None
        self._merging = False
        self.facts = Pager(id="facts")

    def body(self) -> Iterable[Widget]:
        """Rows 2 to 22."""
        yield TextLines(Bit(f" {_('Unir fichas: lo que queda va en negrita')}", Tone.TITLE))
        yield Rule()
        yield self.facts
        yield Rule()

    def commands(self) -> Iterable[Command]:
        """Merge, change sides, leave."""
        yield Command("f8", _("Unir"), self.merge, _("unir las dos fichas, con motivo"), self._why_not)
        other = _("que quede la otra ficha")
        yield Command("right", _("Cambiar la que queda"), self.swap, other, self.no_line, shown_as="←→")
        yield Command("left", _("Cambiar la que queda"), self.swap, other, self.no_line, bar=False)
        yield Command("escape", _("Volver"), self.leave, _("no unir, volver"))

    def started(self) -> None:
        """Read behind the first frame."""
        self.focus_on(self.facts)
        self.in_background(self._read())

    def leave(self) -> None:
        """Back to where it was opened; nothing changed."""
        self.desk.pop_screen()

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """What somebody else wrote of one of them; nothing any more once they are one."""
        if self._plan is not None and not self._merging and any(names(changes, each) for each in self._ids):
            await self._read()

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self._announce()

    async def swap(self) -> None:
        """The other one stays."""
        self._ids = self._ids[::-1]
        await self._read()

    async def _read(self) -> None:
        self._plan = await self.see(merging.plan, merging.PlanQuery(*self._ids))
        self._show()

    def _show(self) -> None:
        plan = self._plan
        if plan is not None:
            self.facts.show("", lambda width: side_by_side(plan, width))
            self.keys_changed()
            self._announce()

    def _why_not(self) -> str | None:
        if self._plan is None:
            return _("las fichas no se leyeron todavía")
        if self._plan.overlaps:
            return _("hay turnos a la misma hora")
        return self.no_line()

    def _announce(self) -> None:
        plan = self._plan
        if self.desk.offline:
            self.prompt.hint(_("Sin línea no se unen. Nada cambió."), Tone.ALARM)
        elif plan is None:
            self.prompt.hint(_("Leyendo las dos fichas…"))
        elif plan.overlaps:
            self.prompt.hint(_("No se unen: hay turnos a la misma hora. Moverlos o cancelarlos antes."))
        else:
            said = _("F8 une HC {:06d} a HC {:06d}, con motivo. Por defecto: no.")
            self.prompt.hint(said.format(plan.retired.chart_number, plan.kept.chart_number))

    async def merge(self) -> None:
        """F8: why, then the question with both names and numbers; Enter and Esc are no."""
        plan = self._plan
        if plan is None or (reason := await asked_reason(self.prompt)) is None:
            return
        if not await self.prompt.confirm(question(plan)):
            return
        self._merging = True
        try:
            answer = await self.do(merging.merge, self._ordered(plan, reason))
        except BaseException:
            self._merging = False
            raise
        self.desk.pop_screen()
        if self._merged is not None:
            await self._merged(answer)

    def _ordered(self, plan: MergePlan, reason: str) -> merging.MergePatients:
        """The order; the same one again, under its key, while nothing of it changed."""
        order = merging.MergePatients(
            patient_id=plan.kept.patient_id,
            retired_id=plan.retired.patient_id,
            reason=reason,
            seen=(plan.kept.version, plan.retired.version),
        )
        if self._order is None or self._order.digest("") != order.digest(""):
            self._order = order
        return self._order


def _needed(text: str) -> str | None:
    return None if text else _("Falta el motivo.")


async def asked_reason(prompt: PromptLine) -> str | None:
    """One of the usual reasons or another in words; None after Esc."""
    chosen = await prompt.pick(_("Motivo"), REASONS, at_once=True)
    if chosen != _OTHER:
        return None if chosen is None else REASONS[chosen]
    return await prompt.ask(_("Motivo"), check=_needed, most=_REASON_MOST)


def question(plan: MergePlan) -> str:
    """Both by full name and number."""
    one, other = plan.retired, plan.kept
    names = (full_name(one.family, one.given), full_name(other.family, other.given))
    said = _("¿Unir {} (HC {:06d}) a {} (HC {:06d})?")
    return said.format(names[0], one.chart_number, names[1], other.chart_number)


def side_by_side(plan: MergePlan, width: int) -> list[Cell]:
    """One fact a line, the entry that stays at the left; what will stand is bold, full names wrap."""
    room = max(8, (width - _LABEL) // 2 - 1)
    lines: list[Cell] = [
        [Bit(fit("", _LABEL)), Bit(fit(_("Queda"), room + 1), Tone.TITLE), Bit(_("Se retira"))]
    ]
    for label, kept, retired, result in _facts(plan):
        lines += _pair(label, (kept, kept == result), (retired, retired == result and kept != result), room)
    if plan.distinct:
        lines += ["", *wrapped(_("Alguien marcó que son dos personas distintas."), width, Tone.ALARM)]
    if plan.overlaps:
        said = plural(
            len(plan.overlaps), _("turno por venir se superpone"), _("turnos por venir se superponen")
        )
        lines += ["", Bit(said, Tone.TITLE)]
        for each in plan.overlaps:
            text = f"{each.starts_at:%d/%m %H:%M}  {each.doctor}, {each.clinic}  HC {each.chart_number:06d}"
            lines += wrapped(text, width)
    return lines


def _pair(label: str, left: tuple[str, bool], right: tuple[str, bool], room: int) -> list[Cell]:
    sides = [
        [(each.text if isinstance(each, Bit) else "") for each in wrapped(text, room)] if text else [""]
        for text, _bold in (left, right)
    ]
    tones = [Tone.TITLE if bold else Tone.TEXT for _text, bold in (left, right)]
    return [
        [
            Bit(fit(label if not number else "", _LABEL)),
            Bit(fit(one, room + 1), tones[0]),
            Bit(fit(other, room), tones[1]),
        ]
        for number, (one, other) in enumerate(zip_longest(*sides, fillvalue=""))
    ]


def _facts(plan: MergePlan) -> Iterator[tuple[str, str, str, str]]:
    """Label, what stays, what is retired, what will be read: of each fact that any of them says."""
    rows = (plan.kept, plan.retired, plan.result)
    for fact in PERSON.values():
        if not all(map(fact.unknown_of, rows)):
            kept, retired, result = map(fact.read, rows)
            yield fact.short_label, kept, retired, result


def parted_words(answer: UnmergeAnswer) -> Iterator[str]:
    """What was edited, given and signed meanwhile stays where it is: a sentence each, some by their day."""
    numbers = (answer.chart_number, answer.survivor_chart)
    yield _("HC {:06d} y HC {:06d} son otra vez dos fichas.").format(*numbers)
    if answer.changed:
        labels = (PERSON[name].noun or PERSON[name].label for name in answer.changed if name in PERSON)
        said = _("Lo editado mientras tanto en HC {:06d} sigue así: {}.")
        yield said.format(answer.survivor_chart, ", ".join(dict.fromkeys(labels)))
    if not answer.entered:
        return
    words = {
        "turn": (_("turno"), _("turnos")),
        "note": (_("nota"), _("notas")),
        "letter": (_("documento"), _("documentos")),
    }
    told = [
        f"{plural(len(rows), *words[kind])} ({_days(rows)})"
        for kind in words
        if (rows := [row for row in answer.entered if row.kind == kind])
    ]
    yield _("Se dio mientras tanto y queda en HC {:06d}: {}.").format(answer.survivor_chart, "; ".join(told))


def _days(rows: Sequence[EnteredRow]) -> str:
    """`24/11 10:20 Paz, 25/11 09:00 Ibarra…`."""
    shown = ", ".join(f"{row.at:%d/%m %H:%M} {row.doctor}" for row in rows[:_NAMED])
    return f"{shown}…" if len(rows) > _NAMED else shown


class Uniting(ClinicScreen):
    """What the page of a patient offers to who may merge: F8 finds the other chart, F9 takes a merge back."""

    shown: PatientRow | None = None
    """Whose page it is, once read."""

    def uniting_commands(self) -> Iterable[Command]:
        """Its two keys."""
        if self.actor.may(Permission.PATIENT_MERGE):
            yield Command("f8", _("Unir"), self.find_other, _("unir con otra ficha"), self._unread)
            yield Command("f9", _("Separar"), self.part, _("separar una ficha unida"), self._not_united)

    def _unread(self) -> str | None:
        return self.no_line() or (None if self.shown is not None else _("la ficha no se leyó todavía"))

    def _not_united(self) -> str | None:
        if why := self._unread():
            return why
        united = self.shown.united if self.shown is not None else ()
        return None if united else _("no hay otra ficha unida a esta")

    async def find_other(self) -> None:
        """Which one, then both side by side."""
        await self.desk.push_screen(FindPatient(_("Enter la compara con {}."), self._compare))

    async def _compare(self, other: PatientRow) -> None:
        if self.shown is not None:
            screen = MergePeople(self.shown.patient_id, other.patient_id, self._was_merged)
            await self.desk.push_screen(screen)

    async def _was_merged(self, answer: MergeAnswer) -> None:
        said = _("HC {:06d} lleva ahora a HC {:06d}. F9 en la ficha: separarlas.")
        self.prompt.say(said.format(answer.retired_chart, answer.chart_number))
        await self.read_again()

    async def read_again(self) -> None:
        """The page as it is now."""

    async def part(self) -> None:
        """F9: which chart, why, and the question; the default is no."""
        shown = self.shown
        if shown is None or not shown.united:
            return
        chart = await self._one_of(shown.united)
        if chart is None or (reason := await asked_reason(self.prompt)) is None:
            return
        name = full_name(shown.family, shown.given)
        asked = _("¿Separar HC {:06d} de {} (HC {:06d})?").format(chart, name, shown.chart_number)
        if not await self.prompt.confirm(asked):
            return
        entry = await self.see(merging.find_retired, DocumentQuery(f"HC {chart}"))
        order = merging.UnmergePatients(patient_id=entry.patient_id, reason=reason)
        answer = await self.do(merging.unmerge, order)
        self.prompt.say(" ".join(parted_words(answer)))
        await self.read_again()

    async def _one_of(self, united: Sequence[int]) -> int | None:
        """The only one, or the one picked."""
        if len(united) == 1:
            return united[0]
        options = {str(n): f"HC {chart:06d}" for n, chart in enumerate(united[:9], start=1)}
        chosen = await self.prompt.pick(_("¿Cuál?"), options, at_once=True)
        return None if chosen is None else united[int(chosen) - 1]
