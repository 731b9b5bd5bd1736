"""`clinicdesk patient edit|changes`: a person's data corrected, and who corrected what before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, the_call, verb
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.patients.history import EditRow

Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]

_EDIT = _(
    "Corregir los datos de una persona; lo que no se nombra queda, un texto vacío lo borra.\n\n"
    "Con --version, la que mostró patient show: si alguien los cambió después no se guarda nada (salida 5), "
    "se muestra lo que dicen ahora y quién lo cambió."
)
_CHANGED = {
    _("Cuándo"): "at",
    _("Quién"): "person",
    _("Dato"): "label",
    _("Antes"): "before",
    _("Después"): "after",
}


def add_to(app: typer.Typer) -> None:
    """Hang these verbs on the noun."""
    verb(app, "edit", _EDIT, cls=Writes)(edit)
    verb(app, "changes", _("Quién cambió qué de un paciente, lo último primero: antes y después."))(changes)


def edit(
    ctx: typer.Context,
    document: Document,
    family: Annotated[str | None, typer.Option(metavar=_("APELLIDOS"), help=_("Apellidos."))] = None,
    given_names: Annotated[
        str | None, typer.Option("--given", metavar=_("NOMBRES"), help=_("Nombres."))
    ] = None,
    sex: Annotated[str | None, typer.Option(metavar="F|M|X", help=_("Sexo."))] = None,
    birth: Annotated[
        str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Fecha de nacimiento."))
    ] = None,
    birth_estimated: Annotated[
        bool | None, typer.Option("--birth-estimated/--birth-known", help=_("Si esa fecha es estimada."))
    ] = None,
    phone: Annotated[str | None, typer.Option(metavar=_("TELÉFONO"), help=_("Teléfono."))] = None,
    email: Annotated[str | None, typer.Option(metavar=_("CORREO"), help=_("Correo."))] = None,
    address: Annotated[str | None, typer.Option(metavar=_("DOMICILIO"), help=_("Domicilio."))] = None,
    city: Annotated[str | None, typer.Option(metavar=_("LOCALIDAD"), help=_("Localidad."))] = None,
    name_in_use: Annotated[
        str | None, typer.Option(metavar=_("NOMBRE"), help=_("Cómo se la llama, si es otro."))
    ] = None,
    gender: Annotated[
        str | None, typer.Option(metavar=_("GÉNERO"), help=_("mujer, varon, no_binario, otro…"))
    ] = None,
    blood_group: Annotated[
        str | None, typer.Option(metavar=_("GRUPO"), help=_("0-, 0+, A-… o desconocido."))
    ] = None,
    dependent: Annotated[
        bool | None, typer.Option("--dependent/--independent", help=_("Si otro responde por la persona."))
    ] = None,
    version: Annotated[
        int | None, typer.Option(metavar="N", min=1, help=_("La que se vio; la de ahora si no."))
    ] = None,
) -> None:
    """Correct a patient's data."""
    said = {
        "family": family,
        "given": given_names,
        "sex": sex,
        "birth": birth,
        "birth_estimated": _flag(birth_estimated),
        "phone": phone,
        "email": email,
        "address": address,
        "city": city,
        "name_in_use": name_in_use,
        "gender": gender,
        "blood_group": blood_group,
        "dependent": _flag(dependent),
    }
    _edit(the_call(ctx), document, {name: text for name, text in said.items() if text is not None}, version)


def _flag(said: bool | None) -> str | None:
    return None if said is None else str(said).lower()


def _edit(call: Call, document: str, said: dict[str, str], version: int | None) -> None:
    from clinicdesk.cli.patient import show_patient
    from clinicdesk.clinic.patients import editing, queries
    from clinicdesk.clinic.patients.errors import PatientChanged

    given.day_of(said.get("birth") or None)
    row = given.patient_of(call, document)
    seen = row.version if version is None else version
    order = editing.EditPatient(**call.keyed, patient_id=row.patient_id, version=seen, said=said)
    here = queries.PatientQuery(row.patient_id)
    try:
        call.desk.do(editing.edit, order)
    except PatientChanged as changed:
        show_patient(call, call.desk.see(queries.reread, here))
        for edit_row in changed.fields.get("edits", ()):  # type: ignore[attr-defined]
            call.say(_told(call, edit_row))
        raise
    show_patient(call, call.desk.see(queries.reread, here))


def _told(call: Call, row: EditRow) -> str:
    """`Teléfono: antes 111, ahora 222 (Ruiz Peña, Carla, 21/11/2026 09:42).`"""
    from clinicdesk.cli.shapes import wall

    fact, nothing = row.fact, _("nada")
    return _("{label}: antes {before}, ahora {after} ({who}, {at}).").format(
        label=fact.label,
        before=fact.shown(row.before) or nothing,
        after=fact.shown(row.after) or nothing,
        who=row.person,
        at=wall(row.at, call.zone),
    )


def changes(
    ctx: typer.Context,
    document: Document,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=5000, help=_("Cuántos, 200 si no."))] = 200,
) -> None:
    """List the corrections of a patient's data, newest first."""
    from clinicdesk.clinic.patients import history

    call = the_call(ctx)
    patient_id = given.patient_of(call, document).patient_id
    found = call.desk.see(history.changes, history.ChangesQuery(patient_id, limit))
    call.rows([_shape(call, row) for row in found], _CHANGED)
    if not found:
        call.say(_("Nadie cambió sus datos desde que se registró."))


def _shape(call: Call, row: EditRow) -> dict[str, Any]:
    from clinicdesk.cli.shapes import wall

    if call.json:
        names = ("at", "login", "person", "version", "field")
        texts = {name: getattr(row, name) or None for name in ("before", "after")}
        return {name: getattr(row, name) for name in names} | texts | {"act": row.act}
    fact = row.fact
    return {
        "at": wall(row.at, call.zone),
        "person": row.person,
        "label": fact.label,
        "before": fact.shown(row.before),
        "after": fact.shown(row.after),
    }
