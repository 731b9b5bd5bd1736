"""The clinic's desk: login, homes by role, the board on F3, and what changes elsewhere shown here."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeVar
from zoneinfo import ZoneInfo

from platformdirs import user_state_path

from clinicdesk.kit import clock
from clinicdesk.kit.errors import DatabaseUnreachable, Refusal, SessionEnded
from clinicdesk.kit.names import short_name
from clinicdesk.kit.text import cells
from clinicdesk.kit.words import _
from clinicdesk.tui.desk_link import DeskLink, WatchedLink
from clinicdesk.tui.door import Door
from clinicdesk.tui.engine import DeskApp
from clinicdesk.tui.lock import Why
from clinicdesk.tui.locking import Locking
from clinicdesk.tui.login import LoginScreen
from clinicdesk.tui.menu import menu
from clinicdesk.tui.news import News
from clinicdesk.tui.parts import Command, DeskScreen, Line
from clinicdesk.tui.recent import Recent
from clinicdesk.tui.rests import Rests
from clinicdesk.tui.roles import home_of, role_word
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from uuid import UUID

    from textual import events

    from clinicdesk.bootstrap import Session
    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.rights import ClinicRole
    from clinicdesk.kit.settings import Settings
    from clinicdesk.tui.day import Day
    from clinicdesk.tui.roles.edit_patient import Draft
    from clinicdesk.tui.turn_verbs import Undo

T = TypeVar("T")
DemoUser = tuple[str, str, str]
"""Role, user, password: shown on the login of a demo network."""

_LOGIN_AND_HOME: Final = 2
_CLOCK_AND_LINE: Final = 33
"""Columns of the header's right end."""
_LEAST_NAME: Final = 8
_GOODBYE_SECONDS: Final = 1.0
_LAST_SAVE_SECONDS: Final = 2.0
"""Less than the driver leaves a desk without a terminal."""
_SPREAD_SECONDS: Final = 5.0
"""The minute's rereading of many desks is spread over so long."""


def run(settings: Settings, demo_users: Sequence[DemoUser] = ()) -> int:
    """Open the desk in this terminal; the exit code once the person has left."""
    return ClinicDesk(settings, demo_users).run_desk()


class ClinicDesk(DeskApp):
    """One desk: the login below, above it the home of who is logged in and what they opened."""

    link: DeskLink
    """The session; there is one while `logged_in`."""
    day: Day
    """Today's turns of the clinic, for roles with turn.read."""

    def __init__(
        self, settings: Settings, demo_users: Sequence[DemoUser] = (), *, now: clock.Now = clock.now
    ) -> None:
        """A desk that has read and imported nothing yet; `now` is what its clock and waits go by."""
        super().__init__(clock=lambda: now().astimezone())
        self.now = now
        self.settings = settings
        self.door = Door(settings)
        self.log_folders = (settings.home / "log", user_state_path("clinicdesk", appauthor=False) / "log")
        self.demo_users = tuple(demo_users)
        self.logged_in = False
        self.tells_last_login = True
        self.undoable: list[Undo] = []
        """What this session did and can take back, the last at the end."""
        self.locking = Locking(self, settings)
        self.news = News(self)
        self.patient_drafts: dict[UUID, Draft] = {}
        """What was left unsaved of patients' data in this session."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._thrown_out: asyncio.Task[None] | None = None
        self._farewell: asyncio.Task[None] | None = None
        self.rests = Rests()
        self.recent = Recent()
        """Whom this login chose last."""

    def first_screen(self) -> DeskScreen:
        """The login."""
        return LoginScreen(self.demo_users)

    def where(self) -> str:
        """Place, role and person, as far as they are known."""
        if not self.logged_in:
            return "clinicdesk"
        actor = self.link.session.actor
        place = f"{actor.at.clinic_name} · {role_word(actor.at.role.value)} · "
        family, _comma, given = actor.name.partition(", ")
        room = self.size.width - cells(place) - _CLOCK_AND_LINE
        return place + short_name(family, given, max(room, _LEAST_NAME))

    def common_commands(self, screen: DeskScreen) -> Iterable[Command]:
        """F1 and `?`, and for who is logged in: the board, refresh, leave."""
        yield from super().common_commands(screen)
        if not isinstance(screen, ClinicScreen):
            return
        if self.has_board:
            label, help_text = screen.f3_words
            yield Command("f3", label, self.show_board, help_text, everywhere=True)
            yield Command("f4", _("Agenda"), self.show_agenda, _("agenda de un profesional"), everywhere=True)
        if self._finds_charts(screen):
            yield Command(
                "f2",
                _("Historia"),
                self._find_chart,
                _("buscar un paciente y abrir su historia"),
                screen.no_line,
            )
        elif self._finds_people(screen):
            yield Command("f2", _("Paciente"), self._find_person, _("ficha de un paciente"), screen.no_line)
        if not any(each.key == "f5" for each in screen.commands()):
            again = _("releer todo, reconectar")
            yield Command("f5", _("Actualizar"), self.refresh_all, again, everywhere=True)
        yield Command(
            "f7",
            _("Bloquear"),
            self.lock,
            _("bloquear el puesto ahora"),
            bar=False,
            everywhere=True,
            urgent=True,
        )
        yield Command("f10", _("Menú"), self.menu, _("cerrar sesión, cambiar de rol, salir"), everywhere=True)

    def _finds_charts(self, screen: ClinicScreen) -> bool:
        """Whether F2 finds charts here: at the home and the board of who reads them and writes no notes."""
        from clinicdesk.clinic.rights import Permission
        from clinicdesk.tui.roles.board import Board

        actor = self.link.session.actor
        reads = actor.may(Permission.CHART_READ) and not actor.may(Permission.NOTE_WRITE)
        at_home = isinstance(screen, Board) or screen in self.screen_stack[1:2]
        has_own = any(each.key == "f2" for each in screen.commands())
        return reads and not actor.may(Permission.CHART_COPY) and at_home and not has_own

    def _finds_people(self, screen: ClinicScreen) -> bool:
        """Whether F2 finds a patient's page here: at the home and the board of who may merge."""
        from clinicdesk.clinic.rights import Permission
        from clinicdesk.tui.roles.board import Board

        at_home = isinstance(screen, Board) or screen in self.screen_stack[1:2]
        has_own = any(each.key == "f2" for each in screen.commands())
        return self.link.session.actor.may(Permission.PATIENT_MERGE) and at_home and not has_own

    async def _find_person(self) -> None:
        from clinicdesk.tui.roles.find_patient import FindPatient

        await self.push_screen(FindPatient(_("Enter abre la ficha de {}."), self._open_person))

    async def _open_person(self, patient: PatientRow) -> None:
        from clinicdesk.tui.roles.patient import PatientPage

        await self.push_screen(PatientPage(patient.patient_id))

    async def _find_chart(self) -> None:
        from clinicdesk.tui.roles.chart_screen import find_chart

        await find_chart(self)

    # In and out

    async def start(self, session: Session) -> None:
        """Open the home of a session, above whatever was open before. Raises Refusal."""
        self.link = WatchedLink(session, self.slow, self.session_ended)
        zone = ZoneInfo(session.actor.at.zone)
        self.clock = lambda: self.now().astimezone(zone)
        self.undoable = []
        self.logged_in, self.connection = True, Line()
        try:
            await self.rests.give_back(self.link)
            await self._read_day()
        except Refusal:
            self._forget_session()
            raise
        with self.batch_update():
            self._close_down_to(_LOGIN_AND_HOME)
            open_screen = self.push_screen if len(self.screen_stack) < _LOGIN_AND_HOME else self.switch_screen
            await open_screen(home_of(session.actor.at.role.value))
        self.news.listen(session)
        self.locking.watch(session)
        self._greet(session)

    def _greet(self, session: Session) -> None:
        """What whoever comes in should know first: other rules of time, or when they came in last."""
        from clinicdesk.tui.access_words import last_login

        home = self.screen
        if not isinstance(home, ClinicScreen):
            return
        entered, zone = session.entered, session.actor.at.zone
        if session.rules_differ:
            home.prompt.alarm(session.rules_differ)
        elif self.tells_last_login and not home.pressing:
            home.prompt.say(last_login(entered.last_at, entered.last_host, zone))

    async def _read_day(self) -> None:
        if self.has_board:
            from clinicdesk.tui.day import Day

            self.day = Day(self.link, self.turns_changed, self.now)
            await self.day.reread()

    def _close_down_to(self, count: int) -> None:
        while len(self.screen_stack) > count:
            self.pop_screen()

    def _forget_session(self) -> None:
        self.news.forget()
        self.locking.forget()
        self.patient_drafts = {}
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self.recent = Recent()
        self.logged_in, self.connection = False, Line()
        self.link.close()

    async def log_out(self) -> None:
        """Back to an empty login; whatever was open saves what it must and is closed."""
        await self.abandon_command()
        await self.put_away()
        await self.say_goodbye()
        self._forget_session()
        login = self.screen_stack[0]
        if isinstance(login, LoginScreen):
            login.clear()
        self._close_down_to(1)

    def session_ended(self) -> None:
        """The database takes no more of this session: to the login, whatever runs, which is told why."""
        if self.logged_in and (self._thrown_out is None or self._thrown_out.done()):
            self._thrown_out = asyncio.ensure_future(self._to_the_login())

    async def _to_the_login(self) -> None:
        await self.abandon_command()
        await self.put_away()
        self.rests.keep(self.link.session.actor.username, (each.rest() for each in self.clinic_screens()))
        self._forget_session()
        login = self.screen_stack[0]
        if isinstance(login, LoginScreen):
            login.clear()
            self._close_down_to(1)
            login.prompt.alarm(str(SessionEnded()))

    async def leave(self) -> None:
        """Out of the program."""
        await self.put_away()
        await self.say_goodbye()
        self.exit()

    def hung_up(self, code: int) -> None:
        """Without a terminal: what is typed goes to the server first, if it answers soon."""
        self._farewell = asyncio.ensure_future(self._save_and_exit(code))

    async def _save_and_exit(self, code: int) -> None:
        try:
            if self.logged_in:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.put_away(), _LAST_SAVE_SECONDS)
        finally:
            self.exit(return_code=code)

    async def say_goodbye(self) -> None:
        """The database writes down that the person went; nobody waits for a line that does not answer."""
        if not self.offline:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.link.hop(self.link.session.leave), _GOODBYE_SECONDS)

    async def put_away(self) -> None:
        """Save what is typed, end what is open at the server: before the person goes, and at a lock."""
        for screen in self.clinic_screens():
            await screen.leaving()
        with contextlib.suppress(Refusal):
            await self.link.hop(self.link.session.leave_charts)

    async def menu(self) -> None:
        """F10: leave, another role, another password, the lock."""
        if isinstance(self.screen, DeskScreen):
            await menu(self, self.screen)

    async def switch(self, at: ClinicRole) -> None:
        """Go on in another role or at another clinic, at its home. Raises NoRole and stays where it is."""
        session = await self.link.hop(self.link.session.acting, at)
        await self.put_away()
        await self.start_again(session)

    async def start_again(self, session: Session) -> None:
        """Another session of who is in; where it cannot begin, back to the login. Raises Refusal."""
        self._forget_session()
        try:
            await self.start(session)
        except Refusal:
            login = self.screen_stack[0]
            if isinstance(login, LoginScreen):
                login.clear()
            self._close_down_to(1)
            raise

    async def show_agenda(self) -> None:
        """F4: the agenda of the doctor pointed at, with who was chosen; from it, back."""
        from clinicdesk.clinic.rights import Permission
        from clinicdesk.tui.roles.agenda import Agenda
        from clinicdesk.tui.turn_verbs import TurnVerbs

        front = self.screen
        if isinstance(front, Agenda):
            front.back()
            return
        turn = front.turn() if isinstance(front, TurnVerbs) else None
        asked = getattr(front, "patient", None)
        chosen = asked() if callable(asked) else None
        own = self.link.session.actor
        attends = own.may(Permission.TURN_ATTEND)
        doctor = turn.doctor_id if turn is not None else own.person_id if attends else None
        await self.push_screen(Agenda(doctor, chosen if isinstance(chosen, tuple) else None))

    async def show_board(self) -> None:
        """F3: the clinic's board on top, or back down to it; from there the whole network's, and back."""
        from clinicdesk.tui.roles.board import Board
        from clinicdesk.tui.roles.network import Network

        front = self.screen
        if isinstance(front, Board) and front.is_own:
            await self.push_screen(Network())
        elif isinstance(front, (Board, Network)):
            self.pop_screen()
        elif any(isinstance(screen, (Board, Network)) for screen in self.screen_stack):
            while not isinstance(self.screen, (Board, Network)):
                self.pop_screen()
        else:
            await self.push_screen(Board())

    @property
    def at_home(self) -> bool:
        """Whether the screen in front is the home itself."""
        return len(self.screen_stack) <= _LOGIN_AND_HOME

    @property
    def has_board(self) -> bool:
        """Whether the person may see the turns of the day."""
        from clinicdesk.clinic.rights import Permission

        return self.logged_in and self.link.session.actor.may(Permission.TURN_READ)

    # The lock (see locking)

    @property
    def locked(self) -> bool:
        """Whether the desk waits for its person's password."""
        return self.locking.locked

    def seizes(self, event: events.Event) -> bool:
        """F7, and the first key after too long a silence: the lock takes them from any screen."""
        return self.logged_in and self.locking.seizes(event)

    def lock(self) -> None:
        """F7: lock now."""
        self.locking.lock(Why.ASKED)

    def renewed(self, session: Session) -> None:
        """Go on with a new session of the same person: the same screens, listening anew."""
        self.link.renew(session)
        self.news.listen(session)
        self.locking.watch(session)

    # Live (see news)

    @property
    def offline(self) -> bool:
        """Whether the line to the database is lost."""
        return self.news.lost_at is not None

    async def refresh_all(self) -> None:
        """F5: try the line now, and read everything again."""
        await self.news.refresh_all()

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """The day has other turns: each open screen hears of it."""
        for screen in self.clinic_screens():
            screen.turns_changed(ids)

    def slow(self, seconds: int) -> None:
        """The header says how long the database takes; 0: it answered."""
        if self.offline or not self.logged_in:
            return
        if seconds:
            self.line_is(Line("slow", seconds))
        elif self.connection.state == "slow":
            self.line_is(Line())

    def clinic_screens(self) -> list[ClinicScreen]:
        """The open screens of who is logged in, the lowest first."""
        return [
            screen for screen in self.screen_stack if isinstance(screen, ClinicScreen) and screen.is_mounted
        ]

    # Work behind the screens

    def in_background(self, work: Awaitable[None]) -> asyncio.Task[None]:
        """Run beside the screens until done or logged out; a refusal goes to the prompt line."""
        task = asyncio.ensure_future(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _quietly(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Refusal as refusal:
            if not (self.offline and isinstance(refusal, DatabaseUnreachable)):
                self.say_refused(refusal)
        except Exception as error:  # noqa: BLE001 - a bug beside the screens must not end the desk
            self.report(error)

    def say_refused(self, refusal: Refusal) -> None:
        """A no of the domain that no command asked for, in the prompt line."""
        if isinstance(self.screen, DeskScreen):
            self.screen.prompt.refuse(refusal.for_desk())

    def report(self, error: BaseException) -> None:
        """Log a bug that no command made; its code goes to the prompt line."""
        if isinstance(self.screen, DeskScreen):
            code = self.report_bug(error)
            self.screen.prompt.alarm(_("Falló un paso. Avisar con el código {}.").format(code))
