"""The login: painted before anything heavy is imported; the database opens while it is filled in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, cast

from textual.widget import Widget

from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.text import cells, fit
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell, Command, DeskScreen, Field, TextLines
from clinicdesk.tui.passwords import asked_new
from clinicdesk.tui.roles import role_word

if TYPE_CHECKING:
    from datetime import datetime

    from textual import events

    from clinicdesk.bootstrap import Session
    from clinicdesk.clinic.rights import ClinicRole
    from clinicdesk.tui.app import ClinicDesk, DemoUser

_LEFT: Final = 19
_LABEL: Final = 9
_RULE: Final = 38
_COLUMN: Final = 39
_ROWS_BESIDE_NOTICE: Final = 7


class Choice(Field):
    """A field that shows one of several, changed with ← →."""

    takes_text = False

    def __init__(self, label: str, on_choose: Callable[[], None] = lambda: None) -> None:
        """Without choices yet; it takes the focus only once there are two."""
        super().__init__(label, label_width=_LABEL, margin=2)
        self._on_choose = on_choose
        self.options: Sequence[str] = ()
        self.at = 0
        self.can_focus = False

    @property
    def chosen(self) -> str:
        """What is shown, "" without choices."""
        return self.options[self.at] if self.options else ""

    def offer(self, options: Iterable[str]) -> None:
        """Other choices, the first taken."""
        self.options, self.at = tuple(dict.fromkeys(options)), 0
        self.can_focus = len(self.options) > 1
        self.repaint()

    def press(self, key: events.Key) -> bool:
        """← and → go round."""
        if key.key not in {"left", "right"} or not self.options:
            return False
        self.at = (self.at + (1 if key.key == "right" else -1)) % len(self.options)
        self.repaint()
        self._on_choose()
        return True

    def _text(self, room: int) -> list[Bit]:
        if not self.options:
            return [Bit(" " * room)]
        count = _("({} de {})").format(self.at + 1, len(self.options))
        tone = Tone.FOCUS if self.has_focus else Tone.TEXT
        return [Bit(fit(self.options[self.at], 22), tone), Bit(fit(f" {count}", max(0, room - 22)))]


class LoginScreen(DeskScreen):
    """User and password; then, for who holds several roles, which one to take now."""

    NAME = _("Ingreso")

    def __init__(self, demo_users: Sequence[DemoUser]) -> None:
        """`demo_users` are listed with their passwords."""
        super().__init__()
        self._demo = demo_users
        self.user = Field(_("Usuario"), label_width=_LABEL, most=60)
        # Longer than any password may be: what is typed is never cut to one that fits.
        self.password = Field(_("Clave"), label_width=_LABEL, secret=True, most=1000)
        self.clinic = Choice(_("Centro"), self._offer_roles)
        self.role = Choice(_("Rol"))
        self._session: Session | None = None

    @property
    def desk(self) -> ClinicDesk:
        """The app, as the clinic's desk."""
        return cast("ClinicDesk", self.app)

    # The screen

    def body(self) -> Iterable[Widget]:
        """Title, fields, then the demo users or the notice."""
        left = " " * (_LEFT + 2)
        title = Bit(f"{left}{_('Ingreso')}", Tone.TITLE)
        yield (
            TextLines("", title, f"{left}{'─' * _RULE}", "")
            if self._demo
            else TextLines("", "", "", title, f"{left}{'─' * _RULE}", "")
        )
        for field in (self.user, self.password, self.clinic, self.role):
            field.styles.margin = (0, 0, 0, _LEFT)
            yield field
        lines = self._demo_lines() if self._demo else ["", "", "", "", *self._notice()]
        yield TextLines(*lines)

    def _notice(self) -> list[Cell]:
        return [
            f"   {_('Las historias clínicas son confidenciales. Cada acceso queda registrado')}",
            f"   {_('con usuario, puesto, fecha y motivo.')}",
        ]

    def _demo_lines(self) -> list[Cell]:
        """Role, user and password of each, in two columns, read downwards."""
        head = Bit(f" {_('Red de demostración: rol, usuario y clave')}", Tone.TITLE)
        roles = max(cells(role) for role, _user, _password in self._demo)
        users = max(cells(user) for _role, user, _password in self._demo)
        each = [f" {fit(role, roles)}  {fit(user, users)}  {password}" for role, user, password in self._demo]
        rows = _in_columns(each) if max(map(cells, each)) <= _COLUMN else each
        notice = self._notice() if len(rows) <= _ROWS_BESIDE_NOTICE else []
        return ["", head, *rows, "", *notice]

    def commands(self) -> Iterable[Command]:
        """Enter, F5, F10."""
        yield Command("enter", _("Ingresar"), self.enter, _("pasar al campo siguiente o ingresar"))
        yield Command("tab", _("Campo"), self.focus_next_field, _("campo siguiente"))
        yield Command("down", _("Campo"), self.focus_next_field, bar=False)
        yield Command("up", _("Campo"), self.focus_previous_field, bar=False)
        yield Command("left", _("Centro"), lambda: None, _("otro centro"), pane=self.clinic, shown_as="←→")
        yield Command("right", _("Rol"), lambda: None, _("otro rol"), pane=self.role, shown_as="←→")
        yield Command("escape", _("Volver"), self.clear, _("volver a escribir"), bar=False)
        yield Command("f8", _("Código"), self.use_code, _("poner una clave con un código de administración"))
        yield Command("f5", _("Reintentar"), self.open_door, _("volver a abrir la base de datos"))
        yield Command("f10", _("Salir"), self.desk.exit, _("cerrar clinicdesk"), urgent=True)

    def started(self) -> None:
        """The user's name first; the rest opens behind the first frame."""
        self.focus_on(self.user)
        self.call_after_refresh(self.open_door)

    # Keys

    def focus_next_field(self) -> None:
        """Tab and ↓."""
        self.focus_next()
        self.keys_changed()

    def focus_previous_field(self) -> None:
        """↑."""
        self.focus_previous()
        self.keys_changed()

    def clear(self) -> None:
        """Empty fields, no session."""
        if self._session is not None:
            self._session.close()
            self._session = None
        self.user.value = self.password.value = ""
        self.clinic.offer(())
        self.role.offer(())
        self.prompt.hint("")
        self.focus_on(self.user)

    def open_door(self) -> None:
        """Have the database opened in the background."""
        opening = self.desk.door.open()
        if not opening.done():
            self.prompt.hint(_("Abriendo la base de datos…"))
            opening.add_done_callback(lambda _task: self._door_tried())

    def _door_tried(self) -> None:
        if not self.is_mounted:
            return
        self.prompt.hint("")
        error = self.desk.door.error
        if isinstance(error, Refusal):
            self.prompt.hint(f"{error} {_('F5: reintentar.')}")
        elif error is not None:
            self.desk.report(error)

    async def enter(self) -> None:
        """Enter: the next empty field, or the way in."""
        if self._session is not None:
            return await self._go(self._session, self._chosen(self._session))
        if not self.user.value:
            return self.focus_on(self.user)
        if not self.password.value:
            return self.focus_on(self.password)
        typed = self.password.value
        try:
            session = await self.desk.door.log_in(self.user.value, typed)
        except Refusal:
            self.password.value = ""
            self.focus_on(self.password)
            raise
        if session.actor.must_change_password:
            return await self._change_password(session, typed)
        if session.code_used_at is not None and not await self._told(session.code_used_at):
            session.close()
            return self.clear()
        return await self._in(session)

    async def _told(self, used_at: datetime) -> bool:
        """Whoever did not use the code must hear that somebody did."""
        at = f"{used_at.astimezone():%d/%m %H:%M}"
        said = _("Un código cambió su clave el {at}. Si no fue usted, avisar. Enter sigue.")
        return await self.prompt.accept(said.format(at=at))

    async def use_code(self) -> None:
        """F8: a code instead of the password; it asks for the new one and lets the person in."""
        if self._session is not None:
            return
        if not self.user.value:
            self.prompt.refuse(_("Escribir primero el usuario; después F8 pide el código."))
            self.focus_on(self.user)
            return
        code = await self.prompt.ask_secret(_("Código de un solo uso"))
        if code is None:
            return
        opened = await self.desk.door.open_code(self.user.value, code)
        new = await asked_new(self.prompt, _("Código correcto. Escribir la clave nueva"), opened.words)
        if new is not None:
            await self._in(await self.desk.door.redeem(opened, new))

    async def _in(self, session: Session) -> None:
        if len(session.actor.roles) == 1:
            await self._go(session, session.actor.roles[0])
        else:
            self.offer(session)

    async def _change_password(self, session: Session, typed: str) -> None:
        """A password that somebody else has set opens nothing but the question for another one."""
        words = await self.desk.door.words_of(session)
        new = await asked_new(self.prompt, _("Su clave es provisoria. Escribir una nueva"), words)
        if new is None:
            session.close()
            self.clear()
        else:
            await self._in(await self.desk.door.change_password(session, typed, new))

    def offer(self, session: Session) -> None:
        """Several roles: the first is filled in, Enter takes it."""
        self._session = session
        self.user.value, self.password.value = session.actor.username, ""
        self.clinic.offer(held.clinic_name for held in session.actor.roles)
        self._offer_roles()
        self.focus_on(self.clinic if self.clinic.can_focus else self.role)
        self.prompt.hint(_("←→ elige centro y rol. Enter ingresa. Esc vuelve al ingreso."))

    def _offer_roles(self) -> None:
        """The roles held at the clinic chosen."""
        if self._session is not None:
            roles = self._session.actor.roles
            here = [held for held in roles if held.clinic_name == self.clinic.chosen]
            self.role.offer(role_word(held.role.value) for held in here)

    def _chosen(self, session: Session) -> ClinicRole:
        return next(
            held
            for held in session.actor.roles
            if (held.clinic_name, role_word(held.role.value)) == (self.clinic.chosen, self.role.chosen)
        )

    async def _go(self, session: Session, at: ClinicRole) -> None:
        self._session = None
        self.password.value = ""
        await self.desk.start(await asyncio.to_thread(session.acting, at))


def _in_columns(lines: Sequence[str]) -> list[str]:
    """The lines in two columns, read downwards."""
    half = -(-len(lines) // 2)
    right = [*lines[half:], ""]
    return [fit(left, _COLUMN) + right[at] for at, left in enumerate(lines[:half])]
