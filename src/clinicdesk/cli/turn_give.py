"""`clinicdesk turn give`: a turn that was given to the wrong person goes to the right one."""

from __future__ import annotations

from typing import Annotated

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Writes, the_call, verb
from clinicdesk.kit.words import _

_GIVE = _(
    "Pasar a quien corresponde un turno dado a otra persona.\n\n"
    "El equivocado queda anulado por error con el motivo, y el mismo es, como estaba, de la otra: hora, "
    "profesional, número y lugar en la cola. Las dos historias dicen de dónde vino y a dónde pasó. "
    "Lo ya atendido se pasa con record give."
)


def add_to(app: typer.Typer) -> None:
    """Hang the verb on the noun."""
    verb(app, "give", _GIVE, cls=Writes)(give)


def give(
    ctx: typer.Context,
    turn_id: Annotated[str, typer.Argument(metavar="TURN_ID", help=_("El id, o el número de hoy: A014."))],
    to: Annotated[str, typer.Option(metavar=_("DOCUMENTO"), help=_("De quién es."))],
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué estaba mal."))],
) -> None:
    """Void the turn and give its like to another person, in one step."""
    from clinicdesk.cli.turn import show_turn, turn_ids
    from clinicdesk.clinic.admissions import misgiven

    call = the_call(ctx)
    patient_id, row_id = turn_ids(call, turn_id)
    whose = given.patient_of(call, to).patient_id
    order = misgiven.GiveTo(**call.keyed, patient_id=patient_id, turn_id=row_id, to_id=whose, reason=reason)
    show_turn(call, call.desk.do(misgiven.give_to, order))
