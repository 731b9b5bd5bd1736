"""`clinicdesk cie10`: the catalogue of diagnoses. It comes by `import cie10`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.site_parts import told
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.cie10.queries import CodeRow, Mine

app = noun(_("Códigos de la CIE-10. Se traen con: import cie10."))
_NAMES = ("code", "text", "chapter", "leaf", "active", "edition", "sex", "from_days", "until_days")
Code = Annotated[str, typer.Argument(metavar=_("CÓDIGO"), help=_("Con punto o sin él: E11.9, e119."))]


@verb(
    app,
    "search",
    _(
        "Códigos por su comienzo, o por palabras en cualquier orden.\n\n"
        "Sin acentos, palabras empezadas, siglas (HTA, DM2, EPOC) y una letra errada también sirven. "
        "Los favoritos y los usados hace poco van primero; sin texto, solo ellos."
    ),
)
def search(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar=_("TEXTO"), help=_("Código, palabras o sigla."))
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=200, help=_("A lo sumo cuántos."))] = 50,
) -> None:
    """Search codes."""
    from clinicdesk.clinic.cie10 import queries

    call = the_call(ctx)
    hand = _at_hand(call)
    first = hand.codes if hand else ()
    query = queries.CodesQuery(" ".join(words or ()), first=first, limit=limit)
    found = call.desk.see(queries.search, query)
    if not found:
        call.say(_("Ningún código coincide."))
    kept = {row.code for row in hand.favourites} if hand else set()
    columns = {_("Código"): "code", _("Nombre"): "text", "": "mark"}
    call.rows((_row(row) | {"mark": _("favorito") if row.code in kept else ""} for row in found), columns)


def _at_hand(call: Call) -> Mine | None:
    """What a doctor has at hand; others have nothing."""
    from clinicdesk.clinic.cie10 import queries
    from clinicdesk.clinic.rights import Permission

    if not call.session().actor.may(Permission.NOTE_WRITE):
        return None
    return call.desk.see(queries.mine, queries.MineQuery())


@verb(app, "show", _("Un código: nombre, capítulo, edición, límites, y los que están debajo."))
def show(ctx: typer.Context, code: Code) -> None:
    """Show a code."""
    from clinicdesk.clinic.cie10 import queries, rules

    call = the_call(ctx)
    whole = call.desk.see(queries.show, queries.CodeQuery(code))
    row = whole.row
    data = _row(row) | {
        "above": whole.above.code if whole.above else None,
        "below": [each.code for each in whole.below],
    }
    lines = [_("Capítulo {}").format(rules.roman(row.chapter)), _("Edición {}").format(row.edition)]
    if not row.active:
        lines.append(_("Ya no está en uso: la edición siguiente no lo tiene."))
    if row.sex:
        lines.append(_("Solo mujeres.") if row.sex == "F" else _("Solo varones."))
    lines += [f"  {each.code:<8} {each.text}" for each in whole.below]
    call.answer(data, f"{row.code}: {row.text}", *lines)


@verb(app, "favourite", _("Tener un código a mano: sale primero al buscar."), cls=Writes)
def favourite(
    ctx: typer.Context,
    code: Code,
    remove: Annotated[bool, typer.Option("--remove", help=_("Ya no."))] = False,
) -> None:
    """Keep a code at hand, or no longer."""
    from clinicdesk.clinic.cie10 import service

    call = the_call(ctx)
    order = service.KeepCode(**call.keyed, code=code, keep=not remove)
    answer = call.desk.do(service.keep_code, order)
    said = (
        _("{code} está entre sus favoritos.") if answer.kept else _("{code} ya no está entre sus favoritos.")
    )
    call.answer({"code": answer.code, "kept": answer.kept}, said.format(code=answer.code))


def _row(row: CodeRow) -> dict[str, Any]:
    return told(row, *_NAMES)
