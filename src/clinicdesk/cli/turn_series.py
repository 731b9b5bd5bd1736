"""`clinicdesk turn series`: several turns at one hour, seen first, given together, cancelled from one on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Again, Asked, Length, Patient, Reason, Repeat, Times, unless_again
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from clinicdesk.clinic.turns.series import SeriesAnswer, Session

app = noun(_("Series de turnos: verlas antes, darlas todas o ninguna, cancelarlas."))


Slot = Annotated[str, typer.Option(metavar="ID", help=_("El primer lugar, como lo da turn slots."))]
Every = Annotated[Repeat, typer.Option("--repeat", help=_("Cada cuánto."))]
_PLAN: Final = {"N": "n", _("Cuándo"): "when", _("Problema"): "why", "Id": "slot"}
_TURNS: Final = {_("Cuándo"): "when", _("Estado"): "state", "Id": "id"}


@verb(app, "plan", _("Qué turnos serían, y cuáles no se pueden dar y por qué."))
def plan(
    ctx: typer.Context,
    document: Patient,
    slot: Slot,
    every: Every = Repeat.WEEKLY,
    times: Times = 10,
    length: Length = 1,
) -> None:
    """Print every session; nothing is booked."""
    from clinicdesk.clinic.turns import rules, series

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    asked = series.SeriesQuery(patient_id, slot, rules.Every(every.value), times, length)
    found = call.desk.see(series.plan, asked)
    show_sessions(call, found)


def show_sessions(call: Call, sessions: Iterable[Session]) -> None:
    """The sessions of a series, with why one cannot be."""
    rows = map(_session, sessions)
    call.rows(rows if call.json else ({**row, "when": _when(row["wall_start"])} for row in rows), _PLAN)


def _when(at: datetime) -> str:
    return f"{at:%d/%m/%Y %H:%M}"


def _session(each: Session) -> dict[str, Any]:
    return {"n": each.n, "wall_start": each.wall_start, "slot": each.slot, "why": each.why}


@verb(app, "book", _("Dar todos los turnos de una serie, o ninguno."), cls=Writes)
def book(
    ctx: typer.Context,
    document: Patient,
    slot: Slot,
    every: Every = Repeat.WEEKLY,
    times: Times = 10,
    length: Length = 1,
    reason: Reason = None,
    again: Again = False,
) -> None:
    """Book a series; where one session cannot be, all are listed and nothing is booked."""
    book_series(the_call(ctx), Asking(document, slot, every, times, length, reason), again=again)


@dataclass(frozen=True, slots=True)
class Asking:
    """A series as it was typed."""

    document: str
    slot: str
    every: Repeat
    times: int
    length: int
    reason: str | None


def book_series(call: Call, asked: Asking, *, again: bool) -> None:
    """The same for `turn book --repeat`."""
    from clinicdesk.clinic.turns import rules, series
    from clinicdesk.clinic.turns.errors import SeriesRefused

    said = {
        "patient_id": given.patient_of(call, asked.document).patient_id,
        "slot": asked.slot,
        "every": rules.Every(asked.every.value),
        "times": asked.times,
        "length": asked.length,
        "reason": asked.reason,
    }
    try:
        answer = unless_again(call, series.book_series, series.BookSeries, said, again=again)
    except SeriesRefused as refusal:
        sessions: Any = refusal.fields["sessions"]
        for each in sessions:
            if each.why:
                call.say(f"{each.wall_start:%d/%m/%Y %H:%M}  {each.why}")
        raise
    _show(call, answer)


def _show(call: Call, answer: SeriesAnswer) -> None:
    series = opaque(answer.patient_id, answer.series_id)
    call.rows(
        (
            {
                "id": opaque(each.patient_id, each.id),
                "series_id": series,
                "state": each.state,
                "starts_at": each.starts_at,
                **({} if call.json else {"when": _when(each.starts_at)}),
            }
            for each in answer.turns
        ),
        _TURNS,
    )
    if not call.json:
        call.say(_("Serie: {id}").format(id=series))


@verb(app, "cancel", _("Cancelar lo que queda de una serie, desde un día."), cls=Writes)
def cancel(
    ctx: typer.Context,
    series_id: Annotated[str, typer.Argument(metavar="SERIES_ID", help=_("La serie, como la da book."))],
    since: Annotated[
        str | None, typer.Option("--from", metavar=_("AAAA-MM-DD"), help=_("Desde qué día; ahora si no."))
    ] = None,
    reason: Reason = None,
    by: Annotated[Asked, typer.Option("--by", help=_("Quién lo pidió."))] = Asked.PACIENTE,
) -> None:
    """Cancel the turns to come, together."""
    from clinicdesk.clinic.turns import rules, series

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(series_id)
    order = series.CancelSeries(
        **call.keyed,
        patient_id=patient_id,
        series_id=row_id,
        since=given.instant_of(since, call.session().actor.at.zone),
        reason=reason if reason is not None else _("sin motivo indicado"),
        asked_by=rules.Asker(by.value),
    )
    _show(call, call.desk.do(series.cancel_series, order))
