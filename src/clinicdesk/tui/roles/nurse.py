"""The home of nursing: who waits for triage, then who waits for a doctor; levels, signs, other queues."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.admissions.rules import in_order, is_overdue
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.names import sex_age
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.board_lists import detail_lines
from clinicdesk.tui.look import CHANGED, Tone
from clinicdesk.tui.parts import Bit, Column, Command, LineList, Rule, TextLines
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.roles.everywhere import everywhere
from clinicdesk.tui.turn_verbs import NO_RIGHT, TurnVerbs

_NAME, _WIDE_NAME, _WIDE = 25, 40, 100


def triage_order(turns: Iterable[TurnRow], now: datetime) -> list[TurnRow]:
    """Who waits without a level by arrival, then the others as they will be called."""
    waiting = [turn for turn in turns if turn.state == State.EN_ESPERA]
    new = [turn for turn in waiting if turn.triage is None]
    seen = [turn for turn in waiting if turn.triage is not None]
    return [*sorted(new, key=lambda turn: (turn.arrived_at or now, turn.id)), *in_order(seen, now)]


class NurseHome(TurnVerbs):
    """One list, Enter gives the level of whoever is pointed at."""

    NAME = _("Enfermería")

    def __init__(self) -> None:
        """The parts; the rows come from the day."""
        super().__init__()
        self.top = TextLines()
        self.queue = LineList[TurnRow](
            lambda turn: turn.id,
            self._columns,
            heads=True,
            empty=_("Nadie espera."),
            on_move=lambda _turn: self._texts(),
            id="queue",
        )
        self.detail = TextLines(tall=2)

    def _columns(self, width: int) -> Sequence[Column[TurnRow]]:
        name = _NAME if width < _WIDE else _WIDE_NAME
        return (
            Column[TurnRow](_("Nro."), 5, lambda turn: turn.ticket or "", gap=1),
            Column[TurnRow](_("Tr"), 2, words.triage),
            Column[TurnRow](_("Espera"), 8, lambda turn: words.wait(turn, self.now()), align="right", gap=2),
            Column[TurnRow](_("Paciente"), name, lambda turn: words.patient_short(turn, name)),
            Column[TurnRow](_("Edad"), 6, lambda turn: sex_age(turn.sex, turn.birth, self.today()), gap=2),
            Column[TurnRow](_("Prof."), 8, lambda turn: words.doctor(turn, 8)),
            Column[TurnRow](_("Motivo"), 0, lambda turn: turn.reason or ""),
        )

    def body(self) -> Iterable[Widget]:
        """Rows 2 to 22."""
        yield from (self.top, self.queue, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Triage and signs first."""
        yield Command("enter", _("Triaje"), self.enter, _("triaje del señalado"), self._no_turn)
        yield Command("e", _("Signos"), self.take_signs, _("escribir signos vitales"), self._no_signs)
        yield from self.verbs(in_bar="mlrgy")
        yield from everywhere(self, str)

    def started(self) -> None:
        """Whoever came first and has no level."""
        self._show(fresh=True)
        self.focus_on(self.queue)

    def resumed(self) -> None:
        """Rows may have changed while another screen was in front."""
        super().resumed()
        self._show()

    # Rows

    def turn(self) -> TurnRow | None:
        """The turn pointed at, as it is now."""
        pointed = self.queue.current
        return self.day.get(pointed.id) if pointed is not None else None

    def _show(self, *, fresh: bool = False) -> None:
        found = triage_order(self.day.rows, self.now())
        if fresh:
            self.queue.show(found)
        else:
            self.queue.renew(found)
        self._texts()

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Somebody came, or was called: it is shown, and said."""
        self._show()
        turn = self.day.get(next(iter(ids))) if ids is not None and len(ids) == 1 else None
        if turn is not None and not self.prompt.asking:
            self.prompt.say(f"{CHANGED} {words.news(turn, self.actor.at.zone, self.day.before(turn.id))}")

    def minute(self) -> None:
        """Waits tick; who waited long enough moves up."""
        self._show()
        self.queue.repaint()

    def line_changed(self) -> None:
        """The title says of when the rows are."""
        self._texts()

    # Texts

    def _texts(self) -> None:
        if not self.is_mounted:
            return
        waiting = [turn for turn in self.day.rows if turn.state == State.EN_ESPERA]
        new = sum(1 for turn in waiting if turn.triage is None)
        late = sum(1 for turn in waiting if is_overdue(turn, self.now()))
        title = (
            f" {_('Triaje')} · {_('{} sin triaje').format(new)} · {_('{} en espera').format(len(waiting))}"
        )
        over = plural(late, _("espera pasada"), _("esperas pasadas")) if late else ""
        self.top.set(
            spread(
                [Bit(title, Tone.TITLE)],
                [Bit(f"{over} ", Tone.OVERDUE if late else Tone.TEXT)],
                self.size.width,
            )
        )
        turn = self.turn()
        lines = detail_lines(turn, self.desk.clock(), self.actor.at.zone) if turn is not None else ["", ""]
        self.detail.set(*lines)
        self.prompt.hint(self._hint(turn))
        self.keys_changed()

    def _hint(self, turn: TurnRow | None) -> str:
        if turn is None:
            return _("Nadie espera.")
        what = _("da el triaje a") if turn.triage is None else _("cambia el triaje de")
        return _("Enter {} {} {}.").format(what, turn.ticket or "", words.patient_name(turn))

    # Keys

    async def enter(self) -> None:
        """The level of whoever is pointed at."""
        turn = self.turn()
        if turn is not None:
            await self.triage(turn)

    def _no_signs(self) -> str | None:
        if not self.actor.may(Permission.VITALS_WRITE):
            return NO_RIGHT
        return self.no_line() or self._no_turn()

    async def take_signs(self) -> None:
        """A form for what is measured."""
        from clinicdesk.tui.roles.vitals import VitalsForm

        turn = self.turn()
        if turn is not None:
            await self.desk.push_screen(VitalsForm(turn))
