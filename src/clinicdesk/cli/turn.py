"""`clinicdesk turn`: free slots, booking, and every step of a turn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from clinicdesk.cli import given, turn_give, turn_series
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Again, Asked, Length, Patient, Reason, Repeat, Times, unless_again
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from uuid import UUID

    from clinicdesk.clinic.records.service import VisitAnswer
    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.clinic.turns.service import Hop, TurnAnswer
    from clinicdesk.clinic.turns.slots import SlotRow
    from clinicdesk.clinic.usecases import UseCase

AnswerT = TypeVar("AnswerT")


app = noun(_("Turnos: lugares libres, dar, confirmar, llamar, finalizar."))
app.add_typer(turn_series.app, name="series")
_SLOTS: Final = {
    _("Cuándo"): "when",
    _("Profesional"): "doctor_name",
    _("Consultorio"): "room",
    _("Práctica"): "procedure",
    "Id": "id",
}
_LIST: Final = {
    _("Hora"): "hour",
    _("Paciente"): "name",
    _("Estado"): "state_word",
    _("Número"): "ticket",
    _("Profesional"): "doctor_name",
    _("Consultorio"): "room",
    "Id": "id",
}
_TICKET: Final = re.compile(r"[A-Za-z]\d{3,5}")

TurnId = Annotated[
    str,
    typer.Argument(
        metavar="TURN_ID", help=_("El id que dan turn list y turn book, o el número de hoy: A016.")
    ),
]
Doctor = Annotated[str | None, typer.Option(metavar=_("USUARIO"), help=_("Profesional, por su usuario."))]


@verb(app, "slots", _("Lugares libres, por hora."))
def slots(
    ctx: typer.Context,
    doctor: Doctor = None,
    specialty: Annotated[
        str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Especialidad de la práctica."))
    ] = None,
    procedure: Annotated[str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Práctica."))] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar=_("AAAA-MM-DD"), help=_("Desde qué día; hoy si no."))
    ] = None,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=90, help=_("Cuántos días, 14 si no."))] = 14,
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=5000, help=_("Cuántos lugares, 200 si no."))
    ] = 200,
    weekday: Annotated[
        str | None, typer.Option(metavar=_("DÍAS"), help=_("Solo esos días, entre comas: lun,mié,vie."))
    ] = None,
    half: Annotated[
        str | None, typer.Option(metavar="am|pm", help=_("Solo a la mañana (am) o a la tarde (pm)."))
    ] = None,
    length: Length = 1,
    network: Annotated[bool, typer.Option("--network", help=_("En todos los centros de la red."))] = False,
    nearest: Annotated[
        str | None, typer.Option(metavar=_("CENTRO"), help=_("En toda la red, lo más cerca de este primero."))
    ] = None,
) -> None:
    """List free slots; their ids are what `turn book --slot` takes."""
    from clinicdesk.cli.shapes import doctor_id_of, people_of
    from clinicdesk.cli.site_parts import site_id
    from clinicdesk.clinic.turns import slots as offer

    call = the_call(ctx)
    query = offer.SlotsQuery(
        clinic_id=site_id(call, nearest),
        doctor_id=doctor_id_of(call, doctor) if doctor is not None else None,
        procedure=procedure,
        specialty=specialty,
        since=given.day_of(since),
        days=days,
        limit=limit,
        network=network,
        nearest=nearest is not None,
        weekdays=given.weekdays_of(weekday),
        half=given.half_of(half),
        length=length,
    )
    found = call.desk.see(offer.slots, query)
    people = people_of(call)
    call.rows((_slot_object(row, people.username(row.doctor_id), call.json) for row in found), _SLOTS)
    if not found:
        call.say(_("No hay lugar en esos días."))


def _slot_object(row: SlotRow, username: str | None, for_scripts: bool) -> dict[str, Any]:
    slot = {
        "id": row.id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "doctor": username,
        "doctor_name": row.doctor,
        "room": row.room,
        "clinic": row.clinic,
        "procedure": row.procedure,
    }
    return slot if for_scripts else slot | {"when": f"{row.starts_at:%d/%m/%Y %H:%M}"}


@verb(app, "book", _("Dar un turno en un lugar libre, o una serie a la misma hora."), cls=Writes)
def book(
    ctx: typer.Context,
    document: Patient,
    slot: Annotated[str, typer.Option(metavar="ID", help=_("El lugar, como lo da turn slots."))],
    reason: Reason = None,
    length: Length = 1,
    again: Again = False,
    repeat: Annotated[Repeat | None, typer.Option("--repeat", help=_("Una serie: cada cuánto."))] = None,
    times: Times = 10,
) -> None:
    """Book a slot; a slot taken meanwhile is a conflict that says by whom."""
    from clinicdesk.clinic.turns import service
    from clinicdesk.clinic.turns.requirements import RequirementsQuery, requirements_of

    call = the_call(ctx)
    if repeat is not None:
        asked = turn_series.Asking(document, slot, repeat, times, length, reason)
        turn_series.book_series(call, asked, again=again)
        return
    patient_id = given.patient_of(call, document).patient_id
    said = {"patient_id": patient_id, "slot": slot, "reason": reason, "length": length}
    answer = unless_again(call, service.book_turn, service.BookTurn, said, again=again)
    show_turn(call, answer)
    query = RequirementsQuery(answer.patient_id, answer.id)
    if needed := call.desk.see(requirements_of, query):
        call.say(_("Requisitos: {text}").format(text=needed))


@verb(app, "reassign", _("Dar otro turno en lugar del suspendido; sin --slot, los lugares."), cls=Writes)
def reassign(
    ctx: typer.Context,
    turn_id: TurnId,
    slot: Annotated[
        str | None, typer.Option(metavar="ID", help=_("El lugar; sin él se listan los posibles."))
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar=_("AAAA-MM-DD"), help=_("Desde qué día; hoy si no."))
    ] = None,
    again: Again = False,
) -> None:
    """Book another turn in place of a suspended one; without a slot, list where it may go."""
    from clinicdesk.cli import turn_reassign
    from clinicdesk.cli.shapes import people_of
    from clinicdesk.clinic.turns import notices

    call = the_call(ctx)
    patient_id, old = turn_reassign.ids_of(call, turn_id)
    if slot is not None:
        said = {"patient_id": patient_id, "turn_id": old, "slot": slot}
        show_turn(call, unless_again(call, notices.reassign, notices.Reassign, said, again=again))
        return
    found = turn_reassign.candidates(call, (patient_id, old), given.day_of(since))
    people = people_of(call)
    call.rows(
        (
            _slot_object(each.slot, people.username(each.slot.doctor_id), call.json) | {"why": each.why.value}
            for each in found
        ),
        turn_reassign.COLUMNS,
    )
    if not found:
        call.say(_("No hay lugar en 90 días."))


@verb(app, "list", _("Los turnos de un día, o los de un paciente."))
def list_turns(
    ctx: typer.Context,
    date: Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("El día; hoy si no."))] = None,
    doctor: Doctor = None,
    patient: Annotated[
        str | None, typer.Option(metavar=_("DOCUMENTO"), help=_("Todos los de un paciente."))
    ] = None,
    state: Annotated[str | None, typer.Option(metavar=_("ESTADO"), help=_("Solo los de un estado."))] = None,
) -> None:
    """List turns by time."""
    from clinicdesk.cli.shapes import doctor_id_of, people_of, turn_cells, turn_object
    from clinicdesk.clinic.turns import queries

    call = the_call(ctx)
    checked = _state_of(state)
    doctor_id = doctor_id_of(call, doctor) if doctor is not None else None
    day, here = given.day_of(date), call.session().actor.at
    if patient is not None:
        patient_id = given.opened(call, patient).patient_id
        found = call.desk.see(queries.patient_turns, queries.PatientTurnsQuery(patient_id, day))
        found = tuple(row for row in found if doctor_id in (None, row.doctor_id))
    else:
        found = call.desk.see(queries.day_turns, queries.DayQuery(here.clinic_id, day, doctor_id))
    kept = [row for row in found if checked in (None, row.state)]
    people, codes = people_of(call), clinic_codes(call)
    if call.json:
        call.rows((turn_object(row, people, codes.get(row.clinic_id)) for row in kept), {})
    else:
        call.rows([turn_cells(row) for row in kept], _with_day(patient is not None))


def _with_day(whole_history: bool) -> dict[str, str]:
    return {_("Día"): "day", **_LIST} if whole_history else _LIST


def clinic_codes(call: Call) -> dict[int, str]:
    """Codes of the network's clinics by id."""
    from clinicdesk.clinic.sites import queries

    return {row.id: row.code for row in call.desk.see(queries.list_clinics, queries.SitesQuery())}


def _state_of(text: str | None) -> str | None:
    """A state of the table. Raises InvalidInput."""
    from clinicdesk.clinic.turns.rules import State
    from clinicdesk.kit.errors import InvalidInput

    if text is not None and text not in list(State):
        raise InvalidInput(
            _("El estado «{state}» no existe: {all}.").format(state=text[:40], all=", ".join(State))
        )
    return text


def turn_ids(call: Call, text: str) -> tuple[UUID, UUID]:
    """(patient, turn) of TURN_ID: an id, or a ticket of today. Raises TurnNotFound, InvalidInput."""
    from clinicdesk.clinic.turns import queries
    from clinicdesk.clinic.turns.errors import TurnNotFound

    if not _TICKET.fullmatch(text):
        return given.pair_of(text)
    today = queries.DayQuery(call.session().actor.at.clinic_id)
    for row in call.desk.see(queries.day_turns, today):
        if row.ticket == text.upper():
            return row.patient_id, row.id
    raise TurnNotFound


def turn_now(call: Call, turn_id: str) -> TurnRow:
    """The turn of TURN_ID as it stands. Raises TurnNotFound, InvalidInput."""
    return _now(call, turn_ids(call, turn_id))


def _now(call: Call, ids: tuple[UUID, UUID]) -> TurnRow:
    """The turn as it stands. Raises TurnNotFound."""
    from clinicdesk.clinic.turns import queries
    from clinicdesk.clinic.turns.errors import TurnNotFound

    found = call.desk.see(queries.turns_by_ids, queries.TurnsQuery((ids,)))
    if not found:
        raise TurnNotFound
    return found[0]


def step(
    call: Call, case: UseCase[Any, AnswerT], order: Callable[..., Hop], turn_id: str, **said: Any
) -> AnswerT:
    """One hop of a turn from where it stands, or the first answer where --key was used before."""
    ids = turn_ids(call, turn_id)
    row = _now(call, ids)
    hop = order(**call.keyed, patient_id=ids[0], turn_id=ids[1], seq=row.seq, from_state=row.state, **said)
    if call.key is not None and (first := call.desk.answered(case, hop)) is not None:
        return first
    return call.desk.do(case, hop)


def show_turn(call: Call, answer: TurnAnswer) -> None:
    """Print a turn after an act."""
    from clinicdesk.cli.shapes import answer_line, answer_object

    call.answer(answer_object(answer), answer_line(answer), f"Id: {answer_object(answer)['id']}")


def _hop(ctx: typer.Context, name: str, turn_id: str, reason: str | None = None) -> None:
    from clinicdesk.clinic.turns import service

    call = the_call(ctx)
    show_turn(call, step(call, getattr(service, name), service.Hop, turn_id, reason=reason))


@verb(app, "confirm", _("El paciente avisa que viene."), cls=Writes)
def confirm(ctx: typer.Context, turn_id: TurnId) -> None:
    """Confirm."""
    _hop(ctx, "confirm", turn_id)


@verb(app, "unconfirm", _("Quitar la confirmación."), cls=Writes)
def unconfirm(ctx: typer.Context, turn_id: TurnId) -> None:
    """Take a confirmation back."""
    _hop(ctx, "unconfirm", turn_id)


@verb(app, "arrive", _("El paciente llegó: número y lugar en la cola."), cls=Writes)
def arrive(ctx: typer.Context, turn_id: TurnId) -> None:
    """Admit the patient of a turn."""
    from clinicdesk.clinic.admissions import service

    call = the_call(ctx)
    show_turn(call, step(call, service.admit, service.Admit, turn_id))


@verb(app, "unarrive", _("Quitar la llegada; el número queda usado."), cls=Writes)
def unarrive(ctx: typer.Context, turn_id: TurnId) -> None:
    """Take an admission back."""
    from clinicdesk.clinic.admissions.service import unadmit
    from clinicdesk.clinic.turns.service import Hop

    call = the_call(ctx)
    show_turn(call, step(call, unadmit, Hop, turn_id))


@verb(app, "why-next", _("Por qué alguien es el siguiente, o está donde está, en la cola."))
def why_next(
    ctx: typer.Context,
    turn_id: Annotated[
        str | None, typer.Argument(metavar="[TURN_ID]", help=_("El turno; si no, quien sigue."))
    ] = None,
    doctor: Doctor = None,
) -> None:
    """Explain the order of a queue."""
    from clinicdesk.cli import queue

    queue.show_why(the_call(ctx), turn_id, doctor)


@verb(app, "requeue", _("Volver a la cola, en el lugar que dio la llegada."), cls=Writes)
def requeue(ctx: typer.Context, turn_id: TurnId) -> None:
    """Back to the queue."""
    _hop(ctx, "requeue", turn_id)


@verb(app, "reopen", _("Deshacer una cancelación, si el lugar sigue libre."), cls=Writes)
def reopen(ctx: typer.Context, turn_id: TurnId) -> None:
    """Take a cancellation back."""
    _hop(ctx, "reopen", turn_id)


@verb(app, "cancel", _("Cancelar; el lugar queda libre."), cls=Writes)
def cancel(
    ctx: typer.Context,
    turn_id: TurnId,
    reason: Reason = None,
    by: Annotated[Asked, typer.Option("--by", help=_("Quién lo pidió."))] = Asked.PACIENTE,
) -> None:
    """Cancel; without a reason that is what is written down."""
    from clinicdesk.clinic.turns import service
    from clinicdesk.clinic.turns.rules import Asker

    call, said = the_call(ctx), reason if reason is not None else _("sin motivo indicado")
    order = step(call, service.cancel, service.Hop, turn_id, reason=said, asked_by=Asker(by.value))
    show_turn(call, order)


@verb(app, "absent", _("El paciente no vino; el lugar queda libre."), cls=Writes)
def absent(ctx: typer.Context, turn_id: TurnId, reason: Reason = None) -> None:
    """Mark as absent."""
    _hop(ctx, "absent", turn_id, reason if reason is not None else _("no se presentó"))


@verb(app, "unabsent", _("Quitar una ausencia del día cargada por error."), cls=Writes)
def unabsent(ctx: typer.Context, turn_id: TurnId) -> None:
    """Undo an absence."""
    from clinicdesk.clinic.turns import service, undo

    call = the_call(ctx)
    show_turn(call, step(call, undo.unabsent, service.Hop, turn_id))


@verb(app, "move", _("Llevar un turno a otro lugar libre, también de otro centro."), cls=Writes)
def move(
    ctx: typer.Context,
    turn_id: TurnId,
    slot: Annotated[str, typer.Option(metavar="ID", help=_("El lugar, como lo da turn slots."))],
    reason: Reason = None,
) -> None:
    """Move a turn; where it cannot be, it stays whole where it was."""
    from clinicdesk.clinic.turns import moving

    call = the_call(ctx)
    show_turn(call, step(call, moving.move, moving.MoveTurn, turn_id, slot=slot, reason=reason))


@verb(app, "call", _("Llamar a quien espera; otra vez, si hace falta."), cls=Writes)
def call_patient(ctx: typer.Context, turn_id: TurnId) -> None:
    """Call on every board."""
    from clinicdesk.clinic.turns import service

    call = the_call(ctx)
    patient_id, row_id = turn_ids(call, turn_id)
    order = service.Call(**call.keyed, patient_id=patient_id, turn_id=row_id)
    show_turn(call, call.desk.do(service.call, order))


@verb(app, "void", _("Anular un turno cargado por error."), cls=Writes)
def void(
    ctx: typer.Context,
    turn_id: TurnId,
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué fue un error."))],
) -> None:
    """Mark as entered by error; the row stays."""
    from clinicdesk.clinic.turns import undo

    call = the_call(ctx)
    patient_id, row_id = turn_ids(call, turn_id)
    order = undo.Void(**call.keyed, patient_id=patient_id, turn_id=row_id, reason=reason)
    show_turn(call, call.desk.do(undo.void, order))


@verb(app, "start", _("Hacer pasar: el turno queda en curso y se abre la atención."), cls=Writes)
def start(ctx: typer.Context, turn_id: TurnId) -> None:
    """Open the visit of a waiting patient."""
    from clinicdesk.clinic.records import service

    call = the_call(ctx)
    _show_visit(call, step(call, service.start_visit, service.StartVisit, turn_id))


@verb(app, "next", _("Hacer pasar a quien sigue en la cola propia."), cls=Writes)
def next_patient(ctx: typer.Context) -> None:
    """Open the visit of whoever is first."""
    from clinicdesk.clinic.records import service

    call = the_call(ctx)
    _show_visit(call, call.desk.do(service.call_next, service.CallNext(**call.keyed)))


def _show_visit(call: Call, answer: VisitAnswer) -> None:
    from clinicdesk.cli.shapes import state_word

    row = _now(call, (answer.patient_id, answer.turn_id))
    turn_id = opaque(answer.patient_id, answer.turn_id)
    visit = {
        "id": turn_id,
        "state": answer.state,
        "starts_at": row.starts_at,
        "ticket": answer.ticket,
        "visit_id": opaque(answer.patient_id, answer.visit_id),
        "patient_id": opaque(answer.patient_id, answer.patient_id),
    }
    ticket = f", {answer.ticket}" if answer.ticket else ""
    line = _("Turno {state}{ticket}.").format(state=state_word(answer.state), ticket=ticket)
    call.answer(visit, line, f"Id: {turn_id}")


@verb(app, "finish", _("Terminar la atención."), cls=Writes)
def finish(ctx: typer.Context, turn_id: TurnId) -> None:
    """End the visit and its turn."""
    from clinicdesk.clinic.records import service

    call = the_call(ctx)
    show_turn(call, step(call, service.finish_visit, service.FinishVisit, turn_id))


@verb(app, "overbook", _("Dar un sobreturno a la hora de un lugar ya dado."), cls=Writes)
def overbook(
    ctx: typer.Context,
    document: Patient,
    slot: Annotated[str, typer.Option(metavar="ID", help=_("El lugar: bloque y hora, como en turn slots."))],
    reason: Reason = None,
    beyond: Annotated[bool, typer.Option("--beyond", help=_("Más allá del máximo del bloque."))] = False,
    again: Again = False,
) -> None:
    """Give an overbook; beyond the block's limit only with the right to, and saying so."""
    from clinicdesk.clinic.turns import overbooking

    call = the_call(ctx)
    case = overbooking.overbook_beyond if beyond else overbooking.overbook
    said = {"patient_id": given.patient_of(call, document).patient_id, "slot": slot, "reason": reason}
    show_turn(call, unless_again(call, case, overbooking.Overbook, said, again=again))


turn_give.add_to(app)
