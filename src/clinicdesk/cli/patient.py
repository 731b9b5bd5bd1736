"""`clinicdesk patient`: register, search, show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.patients.service import RegisterPatient

Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]

app = noun(_("Pacientes de la red."))
_ADD = _(
    "Registrar una persona.\n\n"
    "Un documento ya registrado se rechaza (salida 5) y se muestra de quién es. "
    "Sin documento, la persona queda con su número de historia clínica."
)
_FOUND = {
    "HC": "chart_number",
    _("Documento"): "document",
    _("Nombre"): "name",
    _("Sexo"): "sex",
    _("Nacimiento"): "birth",
}


@verb(app, "add", _ADD, cls=Writes)
def add(
    ctx: typer.Context,
    family: Annotated[str, typer.Option(metavar=_("APELLIDOS"), help=_("Apellidos."))],
    sex: Annotated[str, typer.Option(metavar="F|M|X", help=_("Sexo."))],
    given_names: Annotated[str, typer.Option("--given", metavar=_("NOMBRES"), help=_("Nombres."))] = "",
    document: Annotated[
        str | None, typer.Option(metavar=_("TIPO:NÚMERO"), help=_("Documento: DNI:12345678."))
    ] = None,
    birth: Annotated[
        str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Fecha de nacimiento."))
    ] = None,
    phone: Annotated[str | None, typer.Option(metavar=_("TELÉFONO"), help=_("Teléfono."))] = None,
    email: Annotated[str | None, typer.Option(metavar=_("CORREO"), help=_("Correo."))] = None,
    address: Annotated[str | None, typer.Option(metavar=_("DOMICILIO"), help=_("Domicilio."))] = None,
    city: Annotated[str | None, typer.Option(metavar=_("LOCALIDAD"), help=_("Localidad."))] = None,
    coverage: Annotated[str | None, typer.Option(metavar=_("COBERTURA"), help=_("Cobertura."))] = None,
) -> None:
    """Register a person; a known document shows whose it is."""
    call = the_call(ctx)
    contact = {"phone": phone, "email": email, "address": address, "city": city, "payer": coverage}
    order = _order(call, document, birth, given=given_names, family=family, sex=sex, **contact)
    _show(call, _registered(call, order))


def _order(call: Call, document: str | None, birth: str | None, **said: Any) -> RegisterPatient:
    """The order, once nothing is wrong with it. Raises InvalidInput with every problem."""
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.patients import rules
    from clinicdesk.clinic.patients.service import RegisterPatient

    today, problems = today_of(call), given.Problems()
    born = paper = None
    said["sex"] = said["sex"].strip().upper()
    with problems.noted():
        born = given.day_of(birth)
    with problems.noted():
        country = call.session().actor.at.country
        paper = rules.parsed_document(document, country) if document is not None else None
    if problems.found:
        problems.settle(*rules.problems_of(said["given"], said["family"], said["sex"], born, None, today))
    return RegisterPatient(**call.keyed, document=paper, birth=born, **said)


def _registered(call: Call, order: RegisterPatient) -> PatientRow:
    from clinicdesk.clinic.patients import queries, service
    from clinicdesk.clinic.patients.errors import DocumentKnown

    try:
        answer = call.desk.do(service.register, order)
    except DocumentKnown as known:
        if (found := known.fields.get("patient")) is not None:
            _show(call, found)  # type: ignore[arg-type]
        raise
    return call.desk.see(queries.show, queries.PatientQuery(answer.patient_id))


def _show(call: Call, row: PatientRow) -> None:
    from clinicdesk.cli.shapes import patient_lines, patient_object, today_of

    call.answer(patient_object(row), *patient_lines(row, today_of(call)))


@verb(app, "show", _("Mostrar un paciente por documento, número de historia (HC 123) o identificador."))
def show(
    ctx: typer.Context,
    document: Document,
) -> None:
    """Show one patient."""
    call = the_call(ctx)
    _show(call, given.patient_of(call, document))


@verb(
    app,
    "edit",
    _("Corregir los datos de contacto; lo que no se nombra queda, un texto vacío lo borra."),
    cls=Writes,
)
def edit(
    ctx: typer.Context,
    document: Document,
    phone: Annotated[str | None, typer.Option(metavar=_("TELÉFONO"), help=_("Teléfono."))] = None,
    email: Annotated[str | None, typer.Option(metavar=_("CORREO"), help=_("Correo."))] = None,
    address: Annotated[str | None, typer.Option(metavar=_("DOMICILIO"), help=_("Domicilio."))] = None,
    city: Annotated[str | None, typer.Option(metavar=_("LOCALIDAD"), help=_("Localidad."))] = None,
) -> None:
    """Change contact data."""
    from clinicdesk.clinic.patients import queries, service

    call = the_call(ctx)
    row = given.patient_of(call, document)
    said = {"phone": phone, "email": email, "address": address, "city": city}
    values: dict[str, Any] = {
        name: getattr(row, name) if value is None else value for name, value in said.items()
    }
    order = service.EditContact(**call.keyed, patient_id=row.patient_id, version=row.version, **values)
    answer = call.desk.do(service.edit_contact, order)
    _show(call, call.desk.see(queries.show, queries.PatientQuery(answer.patient_id)))


@verb(app, "search", _("Buscar por documento, nombres en cualquier orden o número de historia."))
def search(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(metavar=_("TEXTO…"), help=_("Lo que se sabe."))],
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=200, help=_("Cuántos, 20 si no."))] = 20,
) -> None:
    """List the best fits, best first; nobody found is an empty list."""
    from clinicdesk.cli.shapes import patient_object
    from clinicdesk.clinic.patients import queries
    from clinicdesk.kit.names import full_name

    call = the_call(ctx)
    text = " ".join(words)
    found = call.desk.see(queries.search, queries.SearchQuery(text, limit))
    rows = [patient_object(row) for row in found.rows]
    if not call.json:
        for shape, row in zip(rows, found.rows, strict=True):
            shape |= {"name": full_name(row.family, row.given), "document": row.document}
            shape["chart_number"] = f"{row.chart_number:06d}"
    call.rows(rows, _FOUND)
    if not rows:
        call.say(_("Nadie coincide con «{text}».").format(text=text[:60]))
    if found.more:
        call.say(_("Hay más: agregar un dato o --limit."))
