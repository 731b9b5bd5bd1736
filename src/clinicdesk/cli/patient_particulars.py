"""`clinicdesk patient document|phone|coverage|contact|consent|allergy`: what is known of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from uuid import UUID

    from clinicdesk.clinic.patients.particulars import Particular

Patient = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("De quién."))]
Row = Annotated[str, typer.Argument(metavar="ID", help=_("Identificador, como lo da patient show --json."))]
Since = Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Desde cuándo."))]
Until = Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Último día."))]

document = noun(_("Documentos de un paciente: agregar, renovar, anular."))
phone = noun(_("Otros teléfonos de un paciente."))
coverage = noun(_("Coberturas de un paciente y sus autorizaciones."))
contact = noun(_("Contactos de un paciente: emergencia, responsable, madre."))
consent = noun(_("Consentimientos de un paciente, con su constancia."))
allergy = noun(_("Alergias de un paciente."))


def add_to(app: typer.Typer) -> None:
    """Hang these nouns on `patient`."""
    for name, each in (
        ("document", document),
        ("phone", phone),
        ("coverage", coverage),
        ("contact", contact),
        ("consent", consent),
        ("allergy", allergy),
    ):
        app.add_typer(each, name=name)


def _add(call: Call, patient: str, fact: Particular, said: str) -> None:
    """Add a fact and answer with its id."""
    from clinicdesk.clinic.patients import additions

    patient_id = given.patient_of(call, patient).patient_id
    answer = call.desk.do(
        additions.add_particular, additions.AddParticular(**call.keyed, patient_id=patient_id, fact=fact)
    )
    call.answer({"id": opaque(answer.patient_id, answer.row_id)}, said)


def _end(call: Call, row: str, kind: str, on: str | None, said: str) -> None:
    from clinicdesk.clinic.patients import additions

    patient_id, row_id = given.pair_of(row)
    order = additions.EndParticular(
        **call.keyed, patient_id=patient_id, row_id=row_id, kind=kind, on=given.day_of(on)
    )
    answer = call.desk.do(additions.end_particular, order)
    call.answer({"id": opaque(answer.patient_id, answer.row_id)}, said)


@verb(document, "add", _("Agregar un documento; uno que ya es suyo se renueva."), cls=Writes)
def add_document(
    ctx: typer.Context,
    patient: Patient,
    paper: Annotated[str, typer.Argument(metavar=_("TIPO:NÚMERO"), help=_("PAS:AB123456, CL:RUN:…"))],
    expires: Annotated[
        str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Último día de validez."))
    ] = None,
) -> None:
    """Add a document."""
    from clinicdesk.clinic.patients import identity, rules

    call, problems = the_call(ctx), given.Problems()
    read: Any = None
    last = None
    with problems.noted():
        read = rules.parsed_document(paper, call.session().actor.at.country)
    with problems.noted():
        last = given.day_of(expires)
    problems.settle()
    patient_id = given.patient_of(call, patient).patient_id
    order = identity.AddDocument(**call.keyed, patient_id=patient_id, document=read, expires_on=last)
    answer = call.desk.do(identity.add_document, order)
    call.answer({"document": answer.document}, _("Documento agregado: {}.").format(answer.document))


@verb(document, "void", _("Anular un documento que no es de este paciente, con el motivo."), cls=Writes)
def void_document(
    ctx: typer.Context,
    patient: Patient,
    paper: Annotated[str, typer.Argument(metavar=_("TIPO:NÚMERO"), help=_("Cuál."))],
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué."))],
) -> None:
    """Void a document."""
    from clinicdesk.clinic.patients import identity, rules

    call = the_call(ctx)
    read = rules.parsed_document(paper, call.session().actor.at.country)
    patient_id = given.patient_of(call, patient).patient_id
    order = identity.VoidDocument(**call.keyed, patient_id=patient_id, document=read, reason=reason)
    answer = call.desk.do(identity.void_document, order)
    call.answer({"document": answer.document}, _("Documento anulado: {}.").format(answer.document))


@verb(phone, "add", _("Agregar un teléfono más."), cls=Writes)
def add_phone(
    ctx: typer.Context,
    patient: Patient,
    number: Annotated[str, typer.Argument(metavar=_("TELÉFONO"), help=_("Del país del centro, o con +."))],
    kind: Annotated[
        str, typer.Option(metavar=_("TIPO"), help=_("celular, fijo, trabajo, familiar u otro."))
    ] = "celular",
    note: Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Cuándo o por quién."))] = None,
) -> None:
    """Add a phone."""
    from clinicdesk.clinic.patients.particulars import Phone

    _add(the_call(ctx), patient, Phone(number, kind, note), _("Teléfono agregado."))


@verb(phone, "remove", _("Dejar de usar un teléfono."), cls=Writes)
def remove_phone(ctx: typer.Context, row: Row) -> None:
    """End a phone."""
    _end(the_call(ctx), row, "phone", None, _("Teléfono retirado."))


@verb(coverage, "add", _("Agregar una cobertura."), cls=Writes)
def add_coverage(
    ctx: typer.Context,
    patient: Patient,
    payer: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Quién paga."))],
    plan: Annotated[str | None, typer.Option(metavar=_("PLAN"), help=_("Plan."))] = None,
    member: Annotated[str | None, typer.Option(metavar=_("NÚMERO"), help=_("Número de afiliado."))] = None,
    since: Since = None,
    until: Until = None,
) -> None:
    """Add a coverage."""
    from clinicdesk.clinic.patients.particulars import Coverage

    first, last = _period(since, until)
    fact = Coverage(payer, plan, member, first, last)
    _add(the_call(ctx), patient, fact, _("Cobertura agregada."))


@verb(coverage, "end", _("Terminar una cobertura, hoy o el día que se diga."), cls=Writes)
def end_coverage(ctx: typer.Context, row: Row, on: Until = None) -> None:
    """End a coverage."""
    _end(the_call(ctx), row, "coverage", on, _("Cobertura terminada."))


@verb(coverage, "authorise", _("Anotar el número con que una cobertura autorizó una práctica."), cls=Writes)
def authorise(
    ctx: typer.Context,
    row: Row,
    procedure: Annotated[str, typer.Option(metavar=_("CÓDIGO"), help=_("Práctica."))],
    number: Annotated[str, typer.Option(metavar=_("NÚMERO"), help=_("Número de autorización."))],
    times: Annotated[int, typer.Option(metavar="N", min=1, max=99, help=_("Cuántas veces, 1 si no."))] = 1,
    since: Since = None,
    until: Until = None,
) -> None:
    """Write an authorisation down."""
    from clinicdesk.clinic.patients import additions
    from clinicdesk.clinic.patients.particulars import Authorisation

    call = the_call(ctx)
    patient_id, coverage_id = given.pair_of(row)
    first, last = _period(since, until)
    fact = Authorisation(coverage_id, _procedure(call, procedure), number, first, last, times)
    order = additions.AddParticular(**call.keyed, patient_id=patient_id, fact=fact)
    answer = call.desk.do(additions.add_particular, order)
    call.answer({"id": opaque(answer.patient_id, answer.row_id)}, _("Autorización anotada."))


def _period(since: str | None, until: str | None) -> tuple[Any, Any]:
    problems, days = given.Problems(), []
    for text in (since, until):
        with problems.noted():
            days.append(given.day_of(text))
    problems.settle()
    return days[0], days[1]


@verb(contact, "add", _("Agregar a alguien: a quién llamar, quién responde por un menor."), cls=Writes)
def add_contact(
    ctx: typer.Context,
    patient: Patient,
    relation: Annotated[str, typer.Option(metavar=_("VÍNCULO"), help=_("madre, padre, tutor, conyuge…"))],
    name: Annotated[str, typer.Option(metavar=_("NOMBRE"), help=_("Apellido y nombre."))] = "",
    phone_number: Annotated[
        str | None, typer.Option("--phone", metavar=_("TELÉFONO"), help=_("Teléfono."))
    ] = None,
    related: Annotated[
        str | None, typer.Option(metavar=_("DOCUMENTO"), help=_("Si también es paciente."))
    ] = None,
    guardian: Annotated[bool, typer.Option("--guardian", help=_("Responde por el paciente."))] = False,
    emergency: Annotated[bool, typer.Option("--emergency", help=_("Se lo llama en una emergencia."))] = False,
) -> None:
    """Add a contact."""
    from clinicdesk.clinic.patients.particulars import Contact
    from clinicdesk.kit.names import full_name

    call = the_call(ctx)
    other: UUID | None = None
    if related is not None:
        found = given.patient_of(call, related)
        other, name = found.patient_id, name or full_name(found.family, found.given)
    fact = Contact(relation, name, phone_number, other, guardian, emergency)
    _add(call, patient, fact, _("Contacto agregado."))


@verb(contact, "remove", _("Quitar un contacto."), cls=Writes)
def remove_contact(ctx: typer.Context, row: Row) -> None:
    """End a contact."""
    _end(the_call(ctx), row, "contact", None, _("Contacto retirado."))


Purpose = Annotated[
    str,
    typer.Argument(
        metavar=_("PROPÓSITO"), help=_("avisos, resultados, seguimiento, campanas, teleconsulta, datos.")
    ),
]
Number = Annotated[
    str | None, typer.Option(metavar=_("TELÉFONO|CORREO"), help=_("Para cuál; no en teleconsulta y datos."))
]
Evidence = Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Cómo consta: firmó, dijo, correo del…"))]


@verb(consent, "grant", _("Anotar que el paciente consiente."), cls=Writes)
def grant(
    ctx: typer.Context, patient: Patient, purpose: Purpose, evidence: Evidence, number: Number = None
) -> None:
    """Write a consent down."""
    _say(the_call(ctx), patient, purpose, evidence, number, granted=True)


@verb(consent, "withdraw", _("Anotar que el paciente retira su consentimiento."), cls=Writes)
def withdraw(
    ctx: typer.Context, patient: Patient, purpose: Purpose, evidence: Evidence, number: Number = None
) -> None:
    """Write a withdrawal down."""
    _say(the_call(ctx), patient, purpose, evidence, number, granted=False)


def _say(call: Call, patient: str, purpose: str, evidence: str, number: str | None, *, granted: bool) -> None:
    from clinicdesk.clinic.patients.particulars import Consent

    said = _("Consentimiento anotado.") if granted else _("Retiro anotado: desde ahora no vale.")
    _add(call, patient, Consent(purpose, granted, evidence, number), said)


@verb(allergy, "add", _("Agregar una alergia."), cls=Writes)
def add_allergy(
    ctx: typer.Context,
    patient: Patient,
    substance: Annotated[str, typer.Argument(metavar=_("SUSTANCIA"), help=_("A qué."))],
    severity: Annotated[str | None, typer.Option(metavar="leve|moderada|severa", help=_("Gravedad."))] = None,
    reaction: Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Qué le hizo."))] = None,
    since: Since = None,
) -> None:
    """Add an allergy."""
    from clinicdesk.clinic.patients.particulars import Allergy

    fact = Allergy(substance, severity, reaction, since=given.day_of(since))
    _add(the_call(ctx), patient, fact, _("Alergia agregada."))


@verb(allergy, "none", _("Preguntado, no se le conoce ninguna."), cls=Writes)
def no_allergies(ctx: typer.Context, patient: Patient) -> None:
    """Write down that no allergy is known."""
    from clinicdesk.clinic.patients import additions

    call = the_call(ctx)
    patient_id = given.patient_of(call, patient).patient_id
    call.desk.do(additions.no_allergies, additions.NoAllergies(**call.keyed, patient_id=patient_id))
    call.answer({"allergy_status": additions.NO_ALLERGIES}, _("Sin alergias conocidas."))


@verb(allergy, "end", _("No es alergia, o ya no: quien atiende, o quien recién la anotó."), cls=Writes)
def end_allergy(ctx: typer.Context, row: Row) -> None:
    """End an allergy."""
    from clinicdesk.clinic.patients import additions
    from clinicdesk.clinic.rights import Permission

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(row)
    order = additions.EndAllergy(**call.keyed, patient_id=patient_id, row_id=row_id)
    carer = call.session().actor.may(Permission.VITALS_WRITE)
    answer = call.desk.do(additions.end_allergy if carer else additions.unsay_allergy, order)
    call.answer({"id": opaque(answer.patient_id, answer.row_id)}, _("Alergia cerrada."))


def _procedure(call: Call, code: str) -> int:
    """The procedure of a code. Raises ProcedureNotFound."""
    from clinicdesk.clinic.sites import queries
    from clinicdesk.clinic.sites.errors import ProcedureNotFound

    known = call.desk.see(queries.list_procedures, queries.SitesQuery())
    found = next((row.id for row in known if row.code == code.strip().upper()), None)
    if found is None:
        raise ProcedureNotFound(code=code[:40])
    return int(found)
