"""What several verbs of turns take and ask in the same words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.usecases import UseCase

AnswerT = TypeVar("AnswerT")


class Asked(StrEnum):
    """Who asks for a cancellation, as it is typed."""

    PACIENTE = "paciente"
    CENTRO = "centro"


class Repeat(StrEnum):
    """How often, as it is typed."""

    DAILY = "daily"
    WEEKLY = "weekly"
    BIWEEKLY = "biweekly"
    FOURWEEKLY = "fourweekly"


Patient = Annotated[
    str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678, HC 123 o un identificador."))
]
Length = Annotated[
    int, typer.Option(metavar="N", min=1, max=24, help=_("Cuántos lugares seguidos ocupa, 1 si no."))
]
Again = Annotated[
    bool, typer.Option("--again", help=_("Aunque ya tenga un turno futuro de la misma práctica."))
]
Reason = Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Motivo."))]
Times = Annotated[
    int, typer.Option(metavar="N", min=2, max=60, help=_("Cuántos turnos tiene la serie, 10 si no."))
]


def unless_again(
    call: Call, case: UseCase[Any, AnswerT], made: Callable[..., Any], said: dict[str, Any], *, again: bool
) -> AnswerT:
    """Carry out an order that gives turns; with --again also where the same procedure is still to come."""
    from clinicdesk.clinic.turns.errors import AlreadyBooked

    order = made(**call.keyed, **said)
    try:
        return call.desk.do(case, order)
    except AlreadyBooked as refusal:
        found: Any = refusal.fields["turns"]
        if again:
            return call.desk.do(case, replace(order, acknowledged=tuple(each.id for each in found)))
        for each in found:
            call.say(f"{each.starts_at:%d/%m/%Y %H:%M}  {each.procedure}  {each.doctor}  {each.clinic}")
        raise
