"""`clinicdesk board`: the day's turns, of a clinic or of the network; once, or every change as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli.frame import Call, lone, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import DatabaseUnreachable
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.board_lines import Wanted
    from clinicdesk.clinic.changes import Change
    from clinicdesk.tui.network_day import ClinicRow

app = lone()
_HELP = _(
    "Los turnos de hoy del centro; con --all, cada centro de la red. Con --watch, cada cambio, hasta Ctrl+C."
)


@verb(app, "board", _HELP)
def board(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help=_("Seguir los cambios."))] = False,
    network: Annotated[bool, typer.Option("--all", help=_("Toda la red: una línea por centro."))] = False,
    doctor: Annotated[str | None, typer.Option(metavar=_("USUARIO"), help=_("Profesional."))] = None,
    room: Annotated[str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Consultorio."))] = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar=_("ESTADO"), help=_("Estado; se puede repetir."))
    ] = None,
    specialty: Annotated[str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Especialidad."))] = None,
    number: Annotated[str | None, typer.Option(metavar=_("NÚMERO"), help=_("Número de admisión."))] = None,
    words: Annotated[
        str, typer.Option(metavar=_("PALABRAS"), help=_("Palabras, como el filtro de la pantalla."))
    ] = "",
    late: Annotated[bool, typer.Option("--late", help=_("Solo quienes llegan tarde."))] = False,
    free: Annotated[bool, typer.Option("--free", help=_("Solo lugares que quedaron libres."))] = False,
    waiting_room: Annotated[
        bool, typer.Option("--waiting-room", help=_("Pantalla de sala de espera, sin persona. Con --clinic."))
    ] = False,
    no_initials: Annotated[
        bool, typer.Option("--no-initials", help=_("En la sala de espera, solo números."))
    ] = False,
) -> None:
    """Print the board; when watching, each change is one line (of JSON with --json)."""
    call = the_call(ctx)
    if waiting_room:
        raise typer.Exit(_waiting_room(call, shows_initials=not no_initials))
    from clinicdesk.cli.board_lines import Wanted
    from clinicdesk.cli.shapes import doctor_named

    held = doctor_named(call, doctor, everywhere=network) if doctor is not None else None
    wanted = Wanted(held, room, _states(state or []), specialty, number, words, late, free)
    asyncio.run(_network(call, wanted, watch=watch) if network else _clinic(call, wanted, watch=watch))


def _states(said: list[str]) -> tuple[str, ...]:
    """States as stored; `en espera` is taken as `en_espera`. Raises Misused for what is none."""
    from clinicdesk.clinic.turns.rules import State

    states = tuple(each.strip().lower().replace(" ", "_") for each in said)
    for each in states:
        if each not in set(State):
            raise Misused(text=_("«{}» no es un estado. Son: {}.").format(each, ", ".join(State)))
    return states


def _waiting_room(call: Call, *, shows_initials: bool) -> int:
    """The screen of a clinic's waiting room, by the key of its own; its exit code."""
    from clinicdesk import bootstrap
    from clinicdesk.cli.entrance import one_line
    from clinicdesk.cli.kept_login import secret_text
    from clinicdesk.tui.display import run

    clinic = call.clinic or call.settings.clinic
    if clinic is None:
        raise Misused(text=_("La sala de espera necesita --clinic CÓDIGO."))
    secret = one_line(secret_text(call.settings.display_key))
    return run(bootstrap.display(call.settings, secret, clinic.upper()), shows_initials=shows_initials)


async def _clinic(call: Call, wanted: Wanted, *, watch: bool) -> None:
    """The clinic's turns, then what changes of them."""
    from clinicdesk.cli.board_lines import Printed
    from clinicdesk.tui.day import Day
    from clinicdesk.tui.desk_link import DeskLink

    printed = Printed(call, wanted)
    day = Day(DeskLink(call.session()), lambda _ids: None)
    await day.reread()
    await asyncio.to_thread(printed.whole, day.rows)

    async def news(changes: tuple[Change, ...]) -> None:
        await day.take_in(changes)
        await asyncio.to_thread(printed.news, day.rows)

    if watch:
        await _follow(call, news)


async def _network(call: Call, wanted: Wanted, *, watch: bool) -> None:
    """Every clinic, then those whose counts are other."""
    from clinicdesk.cli.board_lines import CLINIC_COLUMNS, clinic_cells, clinic_object
    from clinicdesk.kit import clock
    from clinicdesk.tui.desk_link import DeskLink
    from clinicdesk.tui.network_day import NetworkDay

    day = NetworkDay(DeskLink(call.session()), lambda: None)
    seen: dict[int, ClinicRow] = {}

    async def news(changes: tuple[Change, ...]) -> None:
        await day.take_in(changes)
        rows = day.rows([*wanted.every_word, *_words_for(wanted)], clock.now())
        fresh = [row for row in rows if seen.get(row.id) != row]
        seen.update({row.id: row for row in rows})
        if call.json:
            call.rows(map(clinic_object, fresh), {})
        elif fresh:
            call.rows(list(map(clinic_cells, fresh)), CLINIC_COLUMNS)

    await news(())
    if watch:
        await _follow(call, news)


def _words_for(wanted: Wanted) -> list[str]:
    """What a network's count compares as words too: a number, a state said once."""
    from clinicdesk.clinic.patients.spelling import folded

    if len(wanted.states) > 1:
        raise Misused(text=_("Con --all, un solo --state."))
    states = [each.replace("_", " ") for each in wanted.states]
    return folded(" ".join([*states, wanted.number or ""])).split()


async def _follow(call: Call, news: Callable[[tuple[Change, ...]], Awaitable[None]]) -> None:
    """Every change of turns until interrupted or the session is over; a lost line comes back by itself."""
    from clinicdesk.clinic.access.errors import SessionOver
    from clinicdesk.clinic.changes import CHANNEL
    from clinicdesk.kit.listening import Listener
    from clinicdesk.tui.live import Live

    session = call.session()

    async def take(changes: tuple[Change, ...]) -> None:
        if not changes or any(each.kind == "turn" for each in changes):
            try:
                await news(changes)
            except DatabaseUnreachable:
                return  # whoever keeps the line reads everything again once it is back

    def line(up: bool) -> None:
        if not up:
            call.say(_("Se perdió la línea. Se reintenta."))

    live = Live(lambda: Listener(session.engine, CHANNEL), take, line)
    try:
        await asyncio.wait_for(live.run(), session.seconds_left)
    except TimeoutError:
        raise SessionOver from None
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
