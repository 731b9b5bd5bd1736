"""What can be done to the turn that is pointed at: one letter, one verb, on every screen that lists turns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns import moving, service, undo
from clinicdesk.clinic.turns.errors import TurnChanged
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import MOVES, Asker, State
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _, plural
from clinicdesk.tui import papers
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.look import TURN_STATES
from clinicdesk.tui.parts import Command
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.transfer import to_other_queue
from clinicdesk.tui.triage import give_level

if TYPE_CHECKING:
    from clinicdesk.clinic.usecases import UseCase

ABSENT_REASONS: Final = {"1": _("no vino"), "2": _("no responde al llamado"), "3": _("avisó que no viene")}
LEFT_REASONS: Final = {"1": _("se retiró"), "2": _("no responde al llamado")}
CANCEL_REASONS: Final = {
    "1": _("lo pidió el paciente"),
    "2": _("lo canceló el centro"),
    "3": _("se retiró"),
    "4": _("no puede ese día"),
    "5": _("ya no lo necesita"),
    "6": _("está enfermo o internado"),
    "7": _("se dio por error"),
    "9": _("otro"),
}
_BY_CLINIC: Final = ("2", "7")
_IN_WORDS: Final = "9"
_REASON_MOST: Final = 200
VOID_REASON: Final = _("deshecho en el momento")

NO_RIGHT: Final = _("su rol no tiene ese derecho")
CLOSED: Final = _("el paciente restringió quién ve sus datos")
NO_OVERBOOK: Final = _("dar sobreturnos necesita el derecho «sobreturno»")
HopT = TypeVar("HopT", bound=service.Hop)


@dataclass(frozen=True, slots=True)
class Undo:
    """How the last act is taken back, as it was left at `seq`."""

    said: str
    case: UseCase[service.Hop, service.TurnAnswer] | None
    patient_id: UUID
    turn_id: UUID
    seq: int
    state: str
    slot: str | None = None
    """Where a turn that was moved stood."""


class TurnVerbs(ClinicScreen):
    """A screen that points at a turn."""

    @abstractmethod
    def turn(self) -> TurnRow | None:
        """The turn pointed at, as it is now."""

    def verbs(self, in_bar: str, *, without: str = "") -> Iterable[Command]:
        """The keys on a turn; those of `in_bar` stand in the key bar, all in the help.

        `without`: what the screen has under a key of its own.
        """
        admit, book, call = Permission.TURN_ADMIT, Permission.TURN_BOOK, Permission.TURN_CALL
        for key, label, act, help_text, needs, states in (
            ("i", _("Admitir"), self.admit, _("admitir: llegó"), admit, _ADMIT),
            ("c", _("Confirmar"), self.confirm, _("confirmar asistencia"), book, _CONFIRM),
            ("l", _("Llamar"), self.call, _("llamar al señalado"), call, _CALL),
            ("r", _("Repetir"), self.call, _("repetir el llamado"), call, _CALL),
            ("u", _("Ausente"), self.absent, _("ausente, con motivo"), call, _OPEN),
            ("x", _("Cancelar"), self.cancel, _("cancelar, con motivo"), book, _OPEN),
            ("p", _("Imprimir"), self.print, _("imprimir número o constancia"), call, _HERE),
            ("g", _("Triaje"), self.triage, _("dar o cambiar el triaje"), Permission.TRIAGE, _CALL),
        ):
            if key in without:
                continue
            yield Command(
                key,
                label,
                self._run_on_turn(act),
                help_text,
                self._why_not(key, needs, states),
                key in in_bar,
            )
        if "m" not in without:
            move = self._run_on_turn(self.move)
            yield Command("m", _("Mover"), move, _("mover de hora, o de cola"), self.no_moving, "m" in in_bar)
        yield Command("z", _("Deshacer"), self.undo, _("deshacer lo último"), self._no_undo, "z" in in_bar)
        yield Command("y", _("Orden"), self.why, _("por qué este orden"), self._no_turn, "y" in in_bar)

    def _run_on_turn(self, act: Callable[[TurnRow], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            turn = self.turn()
            if turn is not None:
                await act(turn)

        return run

    def _why_not(self, key: str, needs: Permission, states: tuple[State, ...]) -> Callable[[], str | None]:
        def why_not() -> str | None:
            if not self.actor.may(needs):
                return NO_RIGHT
            return self.no_line() or self._no_turn() or self._elsewhere() or self._wrong_state(key, states)

        return why_not

    def no_moving(self) -> str | None:
        """Why `m` cannot work: on who waits it moves to another queue, else to another place."""
        turn = self.turn()
        waits = turn is not None and turn.state == State.EN_ESPERA
        needs = Permission.TURN_CALL if waits else Permission.TURN_BOOK
        return self._why_not("m", needs, (*MOVES, State.EN_ESPERA))()

    def _no_turn(self) -> str | None:
        return None if self.turn() is not None else _("no hay un turno señalado")

    def _elsewhere(self) -> str | None:
        turn = self.turn()
        here = turn is None or turn.clinic_id == self.actor.at.clinic_id
        return None if here else _("el turno es de otro centro: F10, otro rol")

    def _wrong_state(self, key: str, states: tuple[State, ...]) -> str | None:
        turn = self.turn()
        if turn is None:
            return None
        if turn.state not in states:
            return _("el turno está {}").format(words.mark(turn).word)
        if key == "u" and turn.state == State.EN_ESPERA and not self.actor.may(Permission.TURN_BOOK):
            return NO_RIGHT
        if key == "r" and not turn.calls:
            return _("todavía no fue llamado")
        return None

    def _no_undo(self) -> str | None:
        return self.no_line() or (None if self.desk.undoable else _("no hay nada para deshacer"))

    # Verbs; each takes the turn as it was when the key came

    async def admit(self, turn: TurnRow) -> None:
        """The patient is at the counter."""
        answer = await self._hop(admissions.admit, order(admissions.Admit, turn))
        self._undoable(_("admisión {}").format(answer.ticket), admissions.unadmit, answer)
        said = _("Admisión {}: {}.").format(answer.ticket, words.patient_name(turn))
        self.prompt.say(f"{said} {_('z deshace.')}")
        papers.print_behind(self, answer.id, said)

    async def confirm(self, turn: TurnRow) -> None:
        """The patient says they will come."""
        answer = await self._hop(service.confirm, order(service.Hop, turn))
        self._undoable(_("confirmación"), service.unconfirm, answer)
        self._tell(turn, State.CONFIRMADO)

    async def call(self, turn: TurnRow) -> None:
        """Call to the room, once more if need be."""
        await self.do(service.call, service.Call(patient_id=turn.patient_id, turn_id=turn.id))
        await self._refresh(turn.patient_id, turn.id)
        times = plural(turn.calls + 1, _("vez"), _("veces"))
        said = _("{} {}: llamado {}.").format(turn.ticket or "", words.patient_name(turn), times)
        self.prompt.say(said.strip())

    async def absent(self, turn: TurnRow) -> None:
        """Did not come; or waited and is gone, which is a cancellation with that reason."""
        gone = turn.state == State.EN_ESPERA
        reasons = LEFT_REASONS if gone else ABSENT_REASONS
        chosen = await self.prompt.pick(_("Ausente, motivo:"), reasons)
        if chosen:
            case, to = (service.cancel, State.CANCELADO) if gone else (service.absent, State.AUSENTE)
            answer = await self._hop(case, order(service.Hop, turn, reasons[chosen]))
            back = (_("cancelación"), undo.reinstate) if gone else (_("ausencia"), undo.unabsent)
            self._undoable(*back, answer)
            self._tell(turn, to)

    async def cancel(self, turn: TurnRow) -> None:
        """The turn will not happen."""
        chosen = await self.prompt.pick(_("Cancelar, motivo:"), CANCEL_REASONS)
        reason = CANCEL_REASONS[chosen] if chosen else None
        if chosen == _IN_WORDS:
            no_words = _("Falta el motivo.")
            reason = await self.prompt.ask(
                _("Motivo"), check=lambda text: None if text else no_words, most=_REASON_MOST
            )
        if chosen and reason:
            asked_by = Asker.CENTRO if chosen in _BY_CLINIC else Asker.PACIENTE
            said = replace(order(service.Hop, turn, reason), asked_by=asked_by)
            answer = await self._hop(service.cancel, said)
            self._undoable(_("cancelación"), undo.reinstate, answer)
            self._tell(turn, State.CANCELADO)

    async def print(self, turn: TurnRow) -> None:
        """The number once more, or the certificate of attendance."""
        await papers.print_one(self, turn)

    async def triage(self, turn: TurnRow) -> None:
        """Another level of triage, which is another event: nothing is undone, it is given again."""
        said = await give_level(self, turn)
        if said is not None:
            await self._refresh(turn.patient_id, turn.id)
            self.prompt.say(said)

    async def move(self, turn: TurnRow) -> None:
        """Look for another place in the agenda of its doctor; who waits goes to another doctor's queue."""
        from clinicdesk.tui.roles.agenda import Agenda

        if turn.state == State.EN_ESPERA:
            await self.to_other_queue(turn)
            return
        await self.desk.push_screen(Agenda(turn.doctor_id, moved=turn))

    async def to_other_queue(self, turn: TurnRow) -> None:
        """Another doctor's queue, by the doctor's letter."""
        said = await to_other_queue(self, turn)
        if said is not None:
            await self._refresh(turn.patient_id, turn.id)
            self.prompt.say(said)

    async def undo(self) -> None:
        """Take the last act of this desk back."""
        last = self.desk.undoable.pop()
        now = self.day.get(last.turn_id)
        if now is not None and now.seq != last.seq:
            raise TurnChanged(state=words.mark(now).word)
        if last.slot is not None:
            seq = await self._moved_back(last, last.slot)
        elif last.case is None:
            void = undo.Void(patient_id=last.patient_id, turn_id=last.turn_id, reason=VOID_REASON)
            await self.do(undo.void, void)
            seq = last.seq
        else:
            back = service.Hop(
                patient_id=last.patient_id, turn_id=last.turn_id, seq=last.seq, from_state=last.state
            )
            seq = (await self.do(last.case, back)).seq
        self._earlier_follow(last, seq)
        await self._refresh(last.patient_id, last.turn_id)
        whose = f", {words.patient_name(now)}" if now is not None else ""
        self.prompt.say(_("Deshecho: {}{}.").format(last.said, whose))

    async def _moved_back(self, last: Undo, slot: str) -> int:
        back = moving.MoveTurn(
            patient_id=last.patient_id, turn_id=last.turn_id, seq=last.seq, from_state=last.state, slot=slot
        )
        return (await self.do(moving.move, back)).seq

    def _earlier_follow(self, undone: Undo, seq: int) -> None:
        """What was done to the turn before can be taken back next, from where it stands now."""
        self.desk.undoable = [
            replace(each, seq=seq) if each.turn_id == undone.turn_id else each for each in self.desk.undoable
        ]

    def why(self) -> None:
        """Why the queue has this order."""
        turn = self.turn()
        if turn is not None:
            self.prompt.say(words.why_this_order(turn, self.day.rows, self.now()))

    # Underneath

    async def _hop(self, case: UseCase[HopT, service.TurnAnswer], hop: HopT) -> service.TurnAnswer:
        """Move the turn on as it was seen; its row is read again whatever comes of it."""
        try:
            return await self.do(case, hop)
        finally:
            await self._refresh(hop.patient_id, hop.turn_id)

    async def _refresh(self, patient_id: UUID, turn_id: UUID) -> None:
        """Show the turn as it is now; if it cannot be read the live line brings it."""
        try:
            await self.day.refresh([(patient_id, turn_id)])
        except Refusal:
            return

    def _undoable(
        self,
        said: str,
        case: UseCase[service.Hop, service.TurnAnswer] | None,
        answer: service.TurnAnswer,
        slot: str | None = None,
    ) -> None:
        made = Undo(said, case, answer.patient_id, answer.id, answer.seq, answer.state, slot)
        self.desk.undoable.append(made)

    def _tell(self, turn: TurnRow, to: State) -> None:
        said = _("{} {} pasó a {}.").format(
            words.number_or_hour(turn), words.patient_name(turn), TURN_STATES[to].word
        )
        self.prompt.say(f"{said} {_('z deshace.')}")


def order(made: type[HopT], turn: TurnRow, reason: str | None = None) -> HopT:
    """The order that moves a turn on, as it was seen."""
    return made(
        patient_id=turn.patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state, reason=reason
    )


_ADMIT: Final = (State.REGISTRADO, State.CONFIRMADO, State.AUSENTE)
_CALL: Final = (State.EN_ESPERA, State.EN_CURSO)
_CONFIRM: Final = (State.REGISTRADO,)
_HERE: Final = (State.EN_ESPERA, State.EN_CURSO, State.FINALIZADO)
_OPEN: Final = (State.REGISTRADO, State.CONFIRMADO, State.EN_ESPERA)
