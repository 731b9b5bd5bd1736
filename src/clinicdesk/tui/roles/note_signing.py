"""Signing a note: the page as it will be signed, the password, the signature."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Final

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.records import service
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.records.unfilled import Gap
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command
from clinicdesk.tui.parts.pager import Pager, wrapped
from clinicdesk.tui.patient_header import OfPatient
from clinicdesk.tui.roles import chart_text as words

_FIRST: Final = "1"
_AS_IT_IS: Final = "f"
SignOrder = service.SignNote | service.AddendNote
OnClose = Callable[[service.NoteAnswer | None], Awaitable[None]]


class NoteSigning(OfPatient):
    """F9 of the note's screen. What is written says the screen; here it is shown, proved and sent."""

    def __init__(self, on_close: OnClose) -> None:
        """`on_close` hears of the signature, or None, and is awaited before the screen goes."""
        super().__init__()
        self._on_close = on_close
        self.paper = Pager(id="paper")
        self._signing: SignOrder | None = None
        self._asks = False

    # What the screen says

    @abstractmethod
    def new_order(self) -> SignOrder:
        """What would be signed now, under a key of its own."""

    @abstractmethod
    def about(self) -> str:
        """What is written, about when."""

    @abstractmethod
    def said_besides(self, order: SignOrder) -> Iterable[str]:
        """What the page says besides text and diagnoses: the plan, another hour."""

    @abstractmethod
    async def save_all(self) -> None:
        """The draft to the server. Raises Refusal."""

    @abstractmethod
    def to_be_seen(self) -> Iterable[str]:
        """What the page says first: what is unfilled, what stands as a template brought it."""

    @abstractmethod
    def gaps(self) -> tuple[Gap, ...]:
        """What the text leaves unfilled, where it stands in it."""

    @abstractmethod
    def go_to(self, gap: Gap) -> None:
        """The cursor there, the text in front."""

    @abstractmethod
    def turn_to(self, *, paper: bool) -> None:
        """The page covers what is written, or leaves it."""

    # The page

    @property
    def signing(self) -> bool:
        """Whether the page to be signed covers the editor."""
        return bool(self.paper.display)

    def keys_changed(self) -> None:
        """While the password is asked only its two keys stand in the bar."""
        super().keys_changed()
        if self.signing:
            accept = Command("enter", _("Ir al lugar") if self._asks else _("Firmar"), self.sign)
            self.keys.set([accept, Command("escape", _("Volver al borrador"), self.back_to_text)])

    def back_to_text(self) -> None:
        """The page goes, nothing is signed."""
        self.turn_to(paper=False)

    async def close(self, signed: service.NoteAnswer | None) -> None:
        """The screen goes, once whoever opened it has heard."""
        await self._on_close(signed)
        self.desk.pop_screen()

    async def sign(self) -> None:
        """F9: the page, the password, the signature. A wrong password keeps everything."""
        await self.save_all()
        order, signed = self._order(), None
        gaps = () if order.as_it_stands else self.gaps()
        self._show_paper(order)
        try:
            choice = await self._ask_about(gaps) if gaps else _AS_IT_IS
            if choice == _AS_IT_IS:
                signed = await self._sign_with_password(self._seen(order) if gaps else order)
        finally:
            self.turn_to(paper=False)
        if choice == _FIRST:
            self.go_to(gaps[0])
        elif signed is not None:
            await self.close(signed)

    async def _ask_about(self, gaps: tuple[Gap, ...]) -> str | None:
        """What is unfilled is filled in, from the first on, or stays so; None after Esc."""
        left = plural(len(gaps), _("lugar por completar"), _("lugares por completar"))
        options = {_FIRST: _("ir al primero"), _AS_IT_IS: _("firmar así")}
        self._asks = True
        try:
            return await self.prompt.pick(f"{left}.", options, at_once=True, enter=_FIRST)
        finally:
            self._asks = False

    def _seen(self, order: SignOrder) -> SignOrder:
        """The same, of who saw what is unfilled."""
        self._signing = replace(order, as_it_stands=True, key=new_id())
        return self._signing

    async def _sign_with_password(self, order: SignOrder) -> service.NoteAnswer | None:
        ask = _("Firmar como {}. Clave").format(
            ", ".join(filter(None, (self.actor.name, self.actor.license)))
        )
        hint = _("Esc sigue el borrador") if len(ask) < self.size.width // 2 else ""
        while (password := await self.prompt.ask_secret(ask, hint=hint)) is not None:
            try:
                proof = await self.link.prove(password, order.key)
            except LoginRefused:
                ask, hint = _("La clave no es correcta. La nota sigue como borrador. Clave"), ""
                continue
            if isinstance(order, service.SignNote):
                return await self.do(service.sign_note, replace(order, proof=proof))
            return await self.do(service.addend_note, replace(order, proof=proof))
        return None

    def _order(self) -> SignOrder:
        """The order; the same one again, under its key, while nothing of it changed."""
        order, before = self.new_order(), self._signing
        same = replace(order, as_it_stands=before is not None and before.as_it_stands)
        if before is None or before.digest("") != same.digest(""):
            self._signing = before = order
        return before

    def _show_paper(self, order: SignOrder) -> None:
        title = Bit(f" {self.about()}", Tone.TITLE)

        def lines(width: int) -> list[Cell]:
            return page(order, width, self.said_besides(order), self.to_be_seen())

        self.paper.show(title, lines, _("se firmará tal como se ve"))
        self.turn_to(paper=True)


def page(
    order: SignOrder, width: int, besides: Iterable[str] = (), to_be_seen: Iterable[str] = ()
) -> list[Cell]:
    """The lines of the page: what is to be seen first, text, diagnoses, plan, what signing does."""
    lines: list[Cell] = [line for each in to_be_seen for line in wrapped(each, width, Tone.ALARM)]
    lines += ["", *wrapped(order.text, width), ""]
    if isinstance(order, service.SignNote):
        lines += _stated_lines(order.diagnoses, width)
    said = [line for each in besides for line in wrapped(each, width)]
    lines += [*said, ""] if said else []
    closing = _("Al firmar: la nota queda cerrada para todos; los cambios van como adenda.")
    return lines + wrapped(closing, width)


def _stated_lines(stated: Iterable[DiagnosisEntry], width: int) -> list[Cell]:
    lines: list[Cell] = [Bit(_("Diagnósticos"), Tone.TITLE)]
    for entry in stated:
        lines += words.diagnosis_lines(entry, width)
    return [*lines, ""] if len(lines) > 1 else [*lines, _("ninguno"), ""]
