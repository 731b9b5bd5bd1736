"""`clinicdesk db records`: entries of histories whose data do not fit the schema that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from clinicdesk.cli.frame import the_call, verb
from clinicdesk.kit.errors import Exit
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from clinicdesk.clinic.records.checking import Misfit


def add_to(app: typer.Typer) -> None:
    """The verb of `clinicdesk db`."""
    verb(
        app,
        "records",
        _(
            "Comprobar los datos de todos los registros contra el esquema de su tipo (salida 5).\n\n"
            "Lo corre la cuenta dueña. Nombra los registros que se escribieron sin pasar por el programa "
            "y no cumplen: dónde y por qué, sin ningún valor. Queda escrito que se comprobó."
        ),
    )(_records)


def _records(ctx: typer.Context) -> None:
    """Look at every entry as the owner, a line for each that does not fit, as it is found."""
    from clinicdesk import bootstrap
    from clinicdesk.clinic.records import checking

    call = the_call(ctx)
    owner = bootstrap.owner_engine(call.settings)
    checked, wrong = checking.Checked(), 0
    try:
        for each in checking.check_all(bootstrap.owner_desk(owner), checked):
            wrong += 1
            row = _object(each)
            if call.json:
                call.object(row)
            else:
                call.lines(f"{row['id']} {row['type']}: {row['problems']}")
    finally:
        owner.dispose()
    call.say(
        _("{entries} con datos, {wrong}.").format(
            entries=plural(checked.entries, _("registro"), _("registros")),
            wrong=_("ninguno sin su forma") if not wrong else _("{} sin su forma").format(wrong),
        )
    )
    if wrong:
        raise typer.Exit(Exit.CONFLICT)


def _object(each: Misfit) -> dict[str, Any]:
    from clinicdesk.kit.ids import opaque

    return {
        "id": opaque(each.patient_id, each.id),
        "type": each.kind,
        "schema_version": each.schema_version,
        "problems": each.problems,
    }
