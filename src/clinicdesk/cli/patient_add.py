"""`clinicdesk patient add|show|identify|death`: a person whole, and who somebody turns out to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Reads, Writes, the_call, verb
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.patients.service import PatientAnswer, RegisterPatient

AnswerT = TypeVar("AnswerT")
Document = Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("12345678, DNI:12345678…"))]
Birth = Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Fecha de nacimiento."))]
Estimated = Annotated[
    bool, typer.Option("--birth-estimated", help=_("La fecha de nacimiento es aproximada."))
]

_ADD = _(
    "Registrar una persona.\n\n"
    "Un documento ya registrado se rechaza (salida 5) y se muestra de quién es. "
    "Sin documento, la persona queda con su número de historia clínica. "
    "De quien no se sabe el nombre, --nn; un recién nacido, --newborn con --mother: luego patient identify."
)
_IDENTIFY = _(
    "Dar nombre y documento a quien se registró sin ellos; la historia es la misma.\n\n"
    "Si el documento ya es de otra ficha se rechaza (salida 5): son la misma persona y se unen."
)
_DEATH = _(
    "Anotar el fallecimiento: sus turnos por venir se cancelan y sus avisos cesan.\n\n"
    "Con --undo, si fue un error: los turnos vuelven donde el lugar sigue libre."
)


def add_to(app: typer.Typer) -> None:
    """Hang these verbs on the noun."""
    verb(app, "add", _ADD, cls=Writes)(add)
    shown = _("Mostrar un paciente por documento, número de historia (HC 123) o identificador.")
    verb(app, "show", shown, cls=Reads)(show)
    verb(app, "identify", _IDENTIFY, cls=Writes)(identify)
    verb(app, "death", _DEATH, cls=Writes)(death)


def add(
    ctx: typer.Context,
    sex: Annotated[str, typer.Option(metavar="F|M|X", help=_("Sexo."))],
    family: Annotated[str, typer.Option(metavar=_("APELLIDOS"), help=_("Apellidos."))] = "",
    given_names: Annotated[str, typer.Option("--given", metavar=_("NOMBRES"), help=_("Nombres."))] = "",
    document: Annotated[
        list[str] | None,
        typer.Option(metavar=_("TIPO:NÚMERO"), help=_("DNI:12345678; repetir para otros.")),
    ] = None,
    birth: Birth = None,
    estimated: Estimated = False,
    name_in_use: Annotated[
        str | None, typer.Option(metavar=_("NOMBRE"), help=_("Cómo se la llama, si es otro."))
    ] = None,
    gender: Annotated[
        str, typer.Option(metavar=_("GÉNERO"), help=_("mujer, varon, mujer_trans, no_binario, otro…"))
    ] = "sin_preguntar",
    blood_group: Annotated[
        str, typer.Option(metavar=_("GRUPO"), help=_("0-, 0+, A-… o desconocido."))
    ] = "desconocido",
    dependent: Annotated[bool, typer.Option("--dependent", help=_("Otro responde por la persona."))] = False,
    nn: Annotated[bool, typer.Option("--nn", help=_("No se sabe quién es."))] = False,
    newborn: Annotated[bool, typer.Option("--newborn", help=_("Recién nacido sin nombre aún."))] = False,
    mother: Annotated[
        str | None, typer.Option(metavar=_("DOCUMENTO"), help=_("La madre, si es paciente."))
    ] = None,
    phone: Annotated[
        list[str] | None, typer.Option(metavar=_("TELÉFONO"), help=_("Teléfono; repetir para otros."))
    ] = None,
    email: Annotated[str | None, typer.Option(metavar=_("CORREO"), help=_("Correo."))] = None,
    address: Annotated[str | None, typer.Option(metavar=_("DOMICILIO"), help=_("Domicilio."))] = None,
    city: Annotated[str | None, typer.Option(metavar=_("LOCALIDAD"), help=_("Localidad."))] = None,
    coverage: Annotated[str | None, typer.Option(metavar=_("COBERTURA"), help=_("Quién paga."))] = None,
    plan: Annotated[str | None, typer.Option(metavar=_("PLAN"), help=_("De la cobertura."))] = None,
    member: Annotated[str | None, typer.Option(metavar=_("NÚMERO"), help=_("Número de afiliado."))] = None,
    guardian: Annotated[
        str | None, typer.Option(metavar=_("VÍNCULO:NOMBRE:TELÉFONO"), help=_("Quién responde."))
    ] = None,
    emergency: Annotated[
        str | None, typer.Option(metavar=_("VÍNCULO:NOMBRE:TELÉFONO"), help=_("A quién llamar."))
    ] = None,
    consent: Annotated[
        list[str] | None, typer.Option(metavar=_("PROPÓSITO"), help=_("Para el primer teléfono; repetir."))
    ] = None,
    evidence: Annotated[
        str, typer.Option(metavar=_("TEXTO"), help=_("Constancia de los consentimientos."))
    ] = "",
    allergy: Annotated[
        list[str] | None, typer.Option(metavar=_("SUSTANCIA[:GRAVEDAD]"), help=_("Alergia; repetir."))
    ] = None,
    no_allergies: Annotated[
        bool, typer.Option("--no-allergies", help=_("Preguntado, no se le conocen alergias."))
    ] = False,
) -> None:
    """Register a person; a known document shows whose it is."""
    call = the_call(ctx)
    said = {name: value for name, value in locals().items() if name not in {"ctx", "call"}}
    answer = _registered(call, _order(call, said))
    for warning in answer.warnings:
        call.say(warning)
    _show(call, answer.patient_id)


def _order(call: Call, said: dict[str, Any]) -> RegisterPatient:
    """The order, once nothing that was typed is wrong. Raises InvalidInput with every problem."""
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.patients import particulars, rules
    from clinicdesk.clinic.patients.service import RegisterPatient

    problems, country = given.Problems(), call.session().actor.at.country
    born, papers = None, []
    with problems.noted():
        born = given.day_of(said["birth"])
    for text in said["document"] or ():
        with problems.noted():
            papers.append(rules.parsed_document(text, country))
    numbers = said["phone"] or []
    order = RegisterPatient(
        **call.keyed,
        document=papers[0] if papers else None,
        documents=tuple(map(particulars.Paper, papers[1:])),
        given=said["given_names"],
        family=said["family"],
        sex=said["sex"].strip().upper(),
        birth=born,
        birth_estimated=said["estimated"],
        provisional=_provisional(said),
        mother_id=given.patient_of(call, said["mother"]).patient_id if said["mother"] else None,
        phone=numbers[0] if numbers else None,
        phones=tuple(map(particulars.Phone, numbers[1:])),
        payer=None,
        coverages=_coverages(said),
        contacts=_contacts(said),
        consents=_consents(said, numbers),
        allergies=tuple(_allergy(text) for text in said["allergy"] or ()),
        **{name: said[name] for name in _SAME},
    )
    if problems.found:
        today = today_of(call)
        given_name, family = rules.names_given(order.given, order.family, order.provisional, None)
        problems.settle(*rules.problems_of(given_name, family, order.sex, born, None, today))
    return order


_SAME = (
    *("name_in_use", "gender", "blood_group", "dependent"),
    *("email", "address", "city", "no_allergies"),
)


def _provisional(said: dict[str, Any]) -> str | None:
    if said["nn"]:
        return "nn"
    return "recien_nacido" if said["newborn"] else None


def _coverages(said: dict[str, Any]) -> tuple[Any, ...]:
    from clinicdesk.clinic.patients.particulars import Coverage

    if not any((said[name] or "").strip() for name in ("coverage", "plan", "member")):
        return ()
    return (Coverage(said["coverage"] or "", said["plan"], said["member"]),)


def _contacts(said: dict[str, Any]) -> tuple[Any, ...]:
    """`madre:Quispe, Rosa:1145551234`, the parts after the name may be left out."""
    from clinicdesk.clinic.patients.particulars import Contact

    found = []
    for role in ("guardian", "emergency"):
        if said[role]:
            relation, name, phone, *_rest = (*map(str.strip, said[role].split(":", 2)), "", "")
            found.append(Contact(relation.lower(), name, phone or None, None, **{role: True}))
    return tuple(found)


def _consents(said: dict[str, Any], numbers: list[str]) -> tuple[Any, ...]:
    from clinicdesk.clinic.patients.particulars import WITHOUT_NUMBER, Consent

    first = numbers[0] if numbers else said["email"]
    purposes = [text.strip().lower() for text in said["consent"] or ()]
    return tuple(
        Consent(each, True, said["evidence"], None if each in WITHOUT_NUMBER else first) for each in purposes
    )


def _allergy(text: str) -> Any:
    from clinicdesk.clinic.patients.particulars import Allergy

    substance, _colon, severity = text.partition(":")
    return Allergy(substance, severity.strip().lower() or None)


def _registered(call: Call, order: RegisterPatient) -> PatientAnswer:
    from clinicdesk.clinic.patients import service

    return _shown_if_known(call, lambda: call.desk.do(service.register, order))


def _shown_if_known(call: Call, attempt: Callable[[], AnswerT]) -> AnswerT:
    """What an attempt answers; a document that is somebody's shows whose, and is refused."""
    from clinicdesk.clinic.patients.errors import DocumentKnown

    try:
        return attempt()
    except DocumentKnown as known:
        if (found := known.fields.get("patient")) is not None:
            _show_row(call, found)  # type: ignore[arg-type]
        raise


def _show_row(call: Call, row: PatientRow) -> None:
    from clinicdesk.cli.shapes import patient_lines, patient_object, today_of

    call.answer(patient_object(row), *patient_lines(row, today_of(call)))


def _show(call: Call, patient_id: Any) -> None:
    from clinicdesk.cli.patient_shapes import Whole, details_lines, details_object
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.patients import details, queries
    from clinicdesk.clinic.rights import Permission

    query, actor = queries.PatientQuery(patient_id), call.session().actor
    found = call.desk.see(details.details, query)
    known = None
    if actor.may(Permission.CHART_READ) and not found.patient.closed:
        known = call.desk.see(details.allergies, query)
    whole, today = Whole(found, known), today_of(call)
    call.answer(details_object(whole, today), *details_lines(whole, today, actor.at.country))


def show(ctx: typer.Context, document: Document) -> None:
    """Show one patient, whole."""
    call = the_call(ctx)
    _show(call, given.opened(call, document).patient_id)


def identify(
    ctx: typer.Context,
    patient: Annotated[str, typer.Argument(metavar=_("DOCUMENTO"), help=_("HC 123, NN-000123 o RN-000123."))],
    family: Annotated[str, typer.Option(metavar=_("APELLIDOS"), help=_("Apellidos."))],
    sex: Annotated[str | None, typer.Option(metavar="F|M|X", help=_("Sexo, si era otro."))] = None,
    given_names: Annotated[str, typer.Option("--given", metavar=_("NOMBRES"), help=_("Nombres."))] = "",
    document: Annotated[str | None, typer.Option(metavar=_("TIPO:NÚMERO"), help=_("Documento."))] = None,
    birth: Birth = None,
    estimated: Estimated = False,
) -> None:
    """Say who somebody is."""
    from clinicdesk.clinic.patients import identity, rules

    call, problems = the_call(ctx), given.Problems()
    row = given.patient_of(call, patient)
    born, paper = row.birth, None
    with problems.noted():
        born = given.day_of(birth) or row.birth
    with problems.noted():
        country = call.session().actor.at.country
        paper = rules.parsed_document(document, country) if document is not None else None
    problems.settle()
    order = identity.Identify(
        **call.keyed,
        patient_id=row.patient_id,
        document=paper,
        given=given_names,
        family=family,
        sex=(sex or row.sex).strip().upper(),
        birth=born,
        birth_estimated=estimated,
    )
    _shown_if_known(call, lambda: call.desk.do(identity.identify, order))
    _show(call, row.patient_id)


def death(
    ctx: typer.Context,
    document: Document,
    on: Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("Día; hoy si no."))] = None,
    undo: Annotated[bool, typer.Option("--undo", help=_("Fue un error: vive."))] = False,
) -> None:
    """Write a death down, or take it back."""
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.turns import deaths

    call = the_call(ctx)
    died_on = given.day_of(on) or today_of(call)
    patient_id = given.patient_of(call, document).patient_id
    if undo:
        answer = call.desk.do(deaths.undo_death, deaths.UndoDeath(**call.keyed, patient_id=patient_id))
        said = _("El fallecimiento se anuló. Turnos repuestos: {0}; sin lugar: {1}.")
        told = said.format(answer.restored, answer.not_restored)
    else:
        order = deaths.RecordDeath(**call.keyed, patient_id=patient_id, died_on=died_on)
        answer = call.desk.do(deaths.record_death, order)
        said = _("Fallecimiento anotado. Turnos cancelados: {0}; avisos y esperas que cesan: {1}.")
        told = said.format(answer.cancelled, answer.notices + answer.waits)
    names = ("cancelled", "notices", "waits", "restored", "not_restored")
    call.answer({name: getattr(answer, name) for name in names}, told)
