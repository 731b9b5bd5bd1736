"""Signing a note: the page as it will be signed, the password, the signature."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.records import service
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command
from clinicdesk.tui.parts.pager import Pager, wrapped
from clinicdesk.tui.patient_header import OfPatient
from clinicdesk.tui.roles import chart_text as words

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
            accept = Command("enter", _("Firmar"), self.sign)
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
        order = self._order()
        await self.save_all()
        self._show_paper(order)
        try:
            signed = await self._sign_with_password(order)
        finally:
            self.turn_to(paper=False)
        if signed is not None:
            await self.close(signed)

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
        order = self.new_order()
        if self._signing is None or self._signing.digest("") != order.digest(""):
            self._signing = order
        return self._signing

    def _show_paper(self, order: SignOrder) -> None:
        title = Bit(f" {self.about()}", Tone.TITLE)
        self.paper.show(
            title, lambda width: page(order, width, self.said_besides(order)), _("se firmará tal como se ve")
        )
        self.turn_to(paper=True)


def page(order: SignOrder, width: int, besides: Iterable[str] = ()) -> list[Cell]:
    """The lines of the page: text, diagnoses, plan, what signing does."""
    lines: list[Cell] = ["", *wrapped(order.text, width), ""]
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
