"""`clinicdesk note`: the note of a visit, from draft to signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clinicdesk.cli import given, note_cosign, note_verify
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.record import Codes
from clinicdesk.cli.turn import TurnId, turn_ids
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from uuid import UUID

    from clinicdesk.clinic.records.plan import Late, Plan
    from clinicdesk.clinic.records.queries import DraftRow
    from clinicdesk.clinic.records.rules import DiagnosisEntry
    from clinicdesk.clinic.records.service import NoteAnswer

    Stated = tuple[DiagnosisEntry, ...]

app = noun(_("Notas: borrador, firma, adenda, verificación."))
_DRAFT = _(
    "Guardar el borrador de la nota de una atención propia; sin --text lo muestra.\n\n"
    "Con --text - se lee de la entrada."
)
_SIGN = _(
    "Firmar la nota de una atención propia; se pide la clave.\n\n"
    "Firma el borrador guardado, o el texto de --text. Lo firmado no cambia: lo que falte va en una adenda."
)
Words = Annotated[
    str | None, typer.Option("--text", metavar=_("TEXTO|-"), help=_("El texto, o - para leerlo."))
]


Treatments = Annotated[
    list[str] | None,
    typer.Option(
        "--treatment", metavar=_("TEXTO"), help=_("«Enalapril 10 mg por 30 días»; se repite, uno cada vez.")
    ),
]
FollowUps = Annotated[
    list[str] | None,
    typer.Option(
        "--follow-up", metavar=_("TEXTO"), help=_("Control: «30 con Paz: traer laboratorio»; se repite.")
    ),
]
At = Annotated[
    str | None, typer.Option("--at", metavar=_("FECHA"), help=_("Cuándo se atendió, si se escribe después."))
]
AsItStands = Annotated[
    bool,
    typer.Option("--as-it-stands", help=_("Firmar aunque queden huecos de la plantilla, como «PA ___».")),
]
LateWhy = Annotated[
    str | None,
    typer.Option("--late", metavar=_("MOTIVO"), help=_("Por qué se escribe después; va con --at.")),
]


@verb(app, "draft", _DRAFT, cls=Writes)
def draft(
    ctx: typer.Context,
    turn_id: TurnId,
    text: Words = None,
    diagnosis: Codes = None,
    treatment: Treatments = None,
    follow_up: FollowUps = None,
    at: At = None,
    late: LateWhy = None,
) -> None:
    """Save a draft, or show it."""
    call = the_call(ctx)
    stated, plan, when = _typed(call, diagnosis, treatment, follow_up, at, late)
    patient_id, visit_id = _visit(call, turn_id)
    held = _held(call, patient_id, visit_id)
    if text is not None:
        typed = (given.text_of(text), stated, plan, when)
        held = _saved(call, patient_id, visit_id, held, typed)
    _show_draft(call, patient_id, visit_id, held)


def _typed(
    call: Call,
    diagnosis: list[str] | None,
    treatment: list[str] | None,
    follow_up: list[str] | None,
    at: str | None,
    late: str | None,
) -> tuple[Stated, Plan, Late | None]:
    """What the options say of diagnoses, plan and hour. Raises InvalidInput with all that is wrong."""
    from clinicdesk.clinic.records.plan import Plan

    problems, plan = given.Problems(), Plan()
    stated: Stated = ()
    when: Late | None = None
    with problems.noted():
        stated = given.diagnoses_of(diagnosis or ())
    with problems.noted():
        plan = given.plan_of(call, treatment or (), follow_up or ())
    with problems.noted():
        when = given.late_of(at, late, call.session().actor.at.zone)
    problems.settle()
    return stated, plan, when


def _visit(call: Call, turn_id: str) -> tuple[UUID, UUID]:
    """(patient, visit) of a turn. Raises VisitNotFound."""
    from clinicdesk.clinic.records import queries
    from clinicdesk.clinic.records.errors import VisitNotFound

    patient_id, row_id = turn_ids(call, turn_id)
    found = call.desk.see(queries.visit_of_turn, queries.VisitQuery(patient_id, row_id))
    if found is None:
        raise VisitNotFound
    return patient_id, found.id


def _held(call: Call, patient_id: UUID, visit_id: UUID) -> DraftRow | None:
    from clinicdesk.clinic.records import queries

    found = call.desk.see(queries.drafts, queries.DraftsQuery(patient_id, visit_id))
    return found[0] if found else None


def _saved(
    call: Call,
    patient_id: UUID,
    visit_id: UUID,
    held: DraftRow | None,
    typed: tuple[str, Stated, Plan, Late | None],
) -> DraftRow | None:
    """Save unless the server holds just this: the same command twice is one save."""
    from clinicdesk.clinic.records import service

    text, stated, plan, late = typed
    if held is not None and (held.text, held.diagnoses, held.plan, held.late) == typed:
        return held
    order = service.SaveDraft(
        patient_id=patient_id,
        visit_id=visit_id,
        text=text,
        diagnoses=stated,
        plan=plan,
        late=late,
        version=held.version + 1 if held else 1,
    )
    call.desk.do(service.save_draft, order)
    return _held(call, patient_id, visit_id)


def _show_draft(call: Call, patient_id: UUID, visit_id: UUID, held: DraftRow | None) -> None:
    data = {
        "visit_id": opaque(patient_id, visit_id),
        "text": held.text if held else "",
        "diagnoses": held.diagnoses if held else (),
        "treatments": held.plan.treatments if held else (),
        "follow_ups": held.plan.follow_ups if held else (),
        "late": held.late if held else None,
        "version": held.version if held else 0,
        "saved_at": held.saved_at if held else None,
    }
    if held is None:
        call.say(_("No hay borrador."))
    call.answer(data, *((held.text,) if held else ()))


@verb(app, "sign", _SIGN, cls=Writes)
def sign(
    ctx: typer.Context,
    turn_id: TurnId,
    text: Words = None,
    diagnosis: Codes = None,
    kind: Annotated[
        str, typer.Option("--type", metavar=_("TIPO"), help=_("Tipo de registro, consulta si no."))
    ] = "consulta",
    treatment: Treatments = None,
    follow_up: FollowUps = None,
    at: At = None,
    late: LateWhy = None,
    as_it_stands: AsItStands = False,
) -> None:
    """Sign a visit's note."""
    from clinicdesk.clinic.records import service, signing

    call = the_call(ctx)
    stated, plan, when = _typed(call, diagnosis, treatment, follow_up, at, late)
    patient_id, visit_id = _visit(call, turn_id)
    common = {**call.keyed, "patient_id": patient_id, "visit_id": visit_id, "kind": kind, "late": when}
    common |= {"as_it_stands": as_it_stands}
    if text is None:
        held = call.proved(signing.SignDraft(**common, diagnoses=stated or None, plan=plan or None))
        show_signed(call, call.desk.do(signing.sign_draft, held))
        return
    body = given.text_of(text)
    order = call.proved(service.SignNote(**common, text=body, diagnoses=stated, plan=plan))
    show_signed(call, call.desk.do(service.sign_note, order))


@verb(app, "addend", _("Agregar a una nota firmada; se pide la clave."), cls=Writes)
def addend(
    ctx: typer.Context,
    note_id: Annotated[
        str, typer.Argument(metavar="NOTE_ID", help=_("El id que dan note sign y record show."))
    ],
    text: Annotated[str, typer.Option(metavar=_("TEXTO|-"), help=_("El texto, o - para leerlo."))],
    as_it_stands: AsItStands = False,
) -> None:
    """Sign an addendum."""
    from clinicdesk.clinic.records import service

    call = the_call(ctx)
    patient_id, row_id = given.pair_of(note_id)
    body = given.text_of(text)
    order = service.AddendNote(
        **call.keyed, patient_id=patient_id, amends_id=row_id, text=body, as_it_stands=as_it_stands
    )
    show_signed(call, call.desk.do(service.addend_note, call.proved(order)))


def show_signed(call: Call, answer: NoteAnswer) -> None:
    """Print a note that was signed."""
    from clinicdesk.cli.shapes import wall

    note_id = opaque(answer.patient_id, answer.note_id)
    data = {
        "id": note_id,
        "record_id": opaque(answer.patient_id, answer.record_id),
        "signed_at": answer.signed_at,
        "hash": answer.hash,
    }
    signed = _("Nota firmada, {at}.").format(at=wall(answer.signed_at, call.zone))
    call.answer(data, signed, f"Id: {note_id}")


note_cosign.add_to(app)
note_verify.add_to(app)
