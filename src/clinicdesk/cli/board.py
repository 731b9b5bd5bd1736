"""`clinicdesk board`: the day's turns, once or again at each change."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli.frame import Call, lone, the_call, verb
from clinicdesk.cli.outcome import Misused
from clinicdesk.kit.errors import DatabaseUnreachable
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change
    from clinicdesk.clinic.turns.queries import TurnRow

app = lone()
_COLUMNS: Final = {
    _("Hora"): "hour",
    _("Paciente"): "name",
    _("Estado"): "state_word",
    _("Espera"): "wait",
    _("Número"): "ticket",
    _("Profesional"): "doctor_name",
    _("Consultorio"): "room",
}


@verb(app, "board", _("Los turnos de hoy del centro. Con --watch, otra vez a cada cambio, hasta Ctrl+C."))
def board(
    ctx: typer.Context,
    watch: Annotated[bool, typer.Option("--watch", help=_("Seguir los cambios."))] = False,
    waiting_room: Annotated[
        bool, typer.Option("--waiting-room", help=_("Pantalla de sala de espera, sin persona. Con --clinic."))
    ] = False,
    no_initials: Annotated[
        bool, typer.Option("--no-initials", help=_("En la sala de espera, solo números."))
    ] = False,
) -> None:
    """Print the board; when watching, JSON is one line for each turn that changed."""
    call = the_call(ctx)
    if waiting_room:
        raise typer.Exit(_waiting_room(call, shows_initials=not no_initials))
    if watch:
        asyncio.run(_watch(call))
    else:
        _print(call, _today(call))


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


def _today(call: Call) -> tuple[TurnRow, ...]:
    from clinicdesk.clinic.turns import queries

    return call.desk.see(queries.day_turns, queries.DayQuery(call.session().actor.at.clinic_id))


def _print(call: Call, rows: tuple[TurnRow, ...]) -> None:
    if call.json:
        from clinicdesk.cli.shapes import people_of, turn_object

        people, code = people_of(call), call.session().actor.at.clinic_code
        call.rows((turn_object(row, people, code) for row in rows), {})
        return
    call.rows([_cells(row) for row in rows], _COLUMNS)
    if not rows:
        call.say(_("Hoy no hay turnos."))


def _cells(row: TurnRow) -> dict[str, Any]:
    from clinicdesk.cli.shapes import turn_cells
    from clinicdesk.clinic.admissions.rules import wait_minutes
    from clinicdesk.clinic.turns.rules import State
    from clinicdesk.kit import clock

    waits = row.state == State.EN_ESPERA
    wait = f"{wait_minutes(row.arrived_at, clock.now())} min" if waits else ""
    return turn_cells(row) | {"wait": wait}


async def _watch(call: Call) -> None:
    """Print now, and after every change of this clinic's day; a lost line comes back by itself."""
    from clinicdesk.clinic.access.errors import SessionOver
    from clinicdesk.clinic.changes import CHANNEL
    from clinicdesk.kit.listening import Listener
    from clinicdesk.tui.live import Live

    session, printed = call.session(), _Printed(call)

    async def news(changes: tuple[Change, ...]) -> None:
        if not changes or any(each.clinic_id == session.actor.at.clinic_id for each in changes):
            await asyncio.to_thread(printed.again)

    def line(up: bool) -> None:
        if not up:
            call.say(_("Se perdió la línea. Se reintenta."))

    live = Live(lambda: Listener(session.engine, CHANNEL), news, line)
    try:
        await asyncio.wait_for(live.run(), session.seconds_left)
    except TimeoutError:
        raise SessionOver from None
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


class _Printed:
    """What was printed last, so that only news are printed."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._seen: dict[Any, tuple[int, int, str | None]] = {}

    def again(self) -> None:
        """Read the day and print what is new: the changed turns in JSON, else the whole table."""
        try:
            rows = _today(self._call)
        except DatabaseUnreachable:
            return  # whoever keeps the line reads everything again once it is back
        seen = {row.id: (row.seq, row.calls, row.voided_reason) for row in rows}
        fresh = tuple(row for row in rows if self._seen.get(row.id) != seen[row.id])
        if seen == self._seen and self._seen:
            return
        self._seen = seen
        if not self._call.json:
            self._call.lines("")
        _print(self._call, fresh if self._call.json else rows)
