"""`clinicdesk waitlist` and `clinicdesk demand`: who waits for a place, and who asked and got none."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn_words import Again, Patient, unless_again
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from clinicdesk.clinic.turns.freed import FreedPlace
    from clinicdesk.clinic.turns.unmet import AskAnswer
    from clinicdesk.clinic.turns.waiting_list import WishAnswer, WishRow

waitlist = noun(_("Lista de espera: anotar, ver, ofrecer un lugar, cerrar."))
demand = noun(_("Demanda insatisfecha: anotar y listar."))


class Half(StrEnum):
    """Half of the day, as it is typed."""

    MANANA = "manana"
    TARDE = "tarde"


class State(StrEnum):
    """A state of the list, as it is typed."""

    ESPERANDO = "esperando"
    OFRECIDO = "ofrecido"
    RESUELTO = "resuelto"
    RETIRADO = "retirado"


class Ending(StrEnum):
    """How a wait ends, as it is typed."""

    TURNO_DADO = "turno_dado"
    ATENDIDO = "atendido"
    NO_QUIERE = "no_quiere"
    NO_RESPONDE = "no_responde"
    OTRO = "otro"


class Why(StrEnum):
    """Why somebody got no turn, as it is typed."""

    SIN_OFERTA = "sin_oferta"
    SIN_LUGAR = "sin_lugar"
    OFERTA_RECHAZADA = "oferta_rechazada"


WishId = Annotated[str, typer.Argument(metavar="WAIT_ID", help=_("La espera, como la da waitlist list."))]
Doctor = Annotated[str | None, typer.Option(metavar=_("USUARIO"), help=_("Profesional, por su usuario."))]
Specialty = Annotated[str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Especialidad."))]
Procedure = Annotated[str | None, typer.Option(metavar=_("CÓDIGO"), help=_("Práctica."))]
Note = Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Nota."))]
Since = Annotated[
    str | None, typer.Option("--from", metavar=_("AAAA-MM-DD"), help=_("Desde qué día; hoy si no."))
]
_WISHES: Final = {
    _("Paciente"): "name",
    _("Estado"): "state",
    _("Prioridad"): "priority",
    _("Desde"): "from_day",
    _("Profesional"): "doctor",
    _("Especialidad"): "specialty",
    _("Práctica"): "procedure",
    "Id": "id",
}
_PLACES: Final = {
    _("Lugar"): "when",
    _("Profesional"): "doctor_name",
    _("Por"): "why",
    _("Quién sigue"): "first",
    _("Esperan"): "waiters",
    "": "offered",
    "Id": "id",
}
_DEMAND: Final = {
    _("Cuándo"): "at",
    _("Motivo"): "reason",
    _("Profesional"): "doctor",
    _("Especialidad"): "specialty",
    _("Práctica"): "procedure",
    _("Quién"): "person",
}


@verb(waitlist, "add", _("Anotar a quien espera un lugar."), cls=Writes)
def add(
    ctx: typer.Context,
    document: Patient,
    doctor: Doctor = None,
    specialty: Specialty = None,
    procedure: Procedure = None,
    anywhere: Annotated[bool, typer.Option("--anywhere", help=_("En cualquier centro de la red."))] = False,
    since: Since = None,
    half_day: Annotated[Half | None, typer.Option(help=_("Solo mañana o solo tarde."))] = None,
    weekday: Annotated[
        str | None, typer.Option(metavar=_("DÍAS"), help=_("Solo esos días, entre comas: lun,mié,vie."))
    ] = None,
    priority: Annotated[int, typer.Option(min=1, max=3, help=_("1 alta, 2 media, 3 baja."))] = 2,
    note: Note = None,
    reason: Annotated[Why | None, typer.Option(help=_("Contar también la demanda insatisfecha."))] = None,
) -> None:
    """Put a patient on the list."""
    from clinicdesk.clinic.turns import rules, waiting_list

    call = the_call(ctx)
    order = waiting_list.Wait(
        **call.keyed,
        patient_id=given.patient_of(call, document).patient_id,
        clinic_id=None if anywhere else call.session().actor.at.clinic_id,
        **_what(call, doctor, specialty, procedure),
        from_day=given.day_of(since),
        half_day=rules.HalfDay(half_day.value) if half_day else None,
        weekdays=given.weekdays_of(weekday),
        priority=priority,
        note=note,
        unmet=rules.Unmet(reason.value) if reason else None,
    )
    _answer(call, call.desk.do(waiting_list.wait, order))


def _what(call: Call, doctor: str | None, specialty: str | None, procedure: str | None) -> dict[str, Any]:
    """Ids of what is waited for. Raises DoctorNotFound, SpecialtyNotFound, ProcedureNotFound."""
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.clinic.sites import queries
    from clinicdesk.clinic.sites.errors import ProcedureNotFound, SpecialtyNotFound

    found: dict[str, Any] = {"doctor_id": doctor_id_of(call, doctor) if doctor is not None else None}
    asked = queries.SitesQuery()
    if specialty is not None:
        known = {row.code: row.id for row in call.desk.see(queries.list_specialties, asked)}
        if specialty not in known:
            raise SpecialtyNotFound(code=specialty)
        found["specialty_id"] = known[specialty]
    if procedure is not None:
        codes = {row.code: row.id for row in call.desk.see(queries.list_procedures, asked)}
        if procedure not in codes:
            raise ProcedureNotFound(code=procedure)
        found["procedure_id"] = codes[procedure]
    return found


def _answer(call: Call, answer: WishAnswer | AskAnswer) -> None:
    row_id = opaque(answer.patient_id, answer.id)
    call.answer({"id": row_id, "state": answer.state}, _("Queda {}.").format(answer.state), f"Id: {row_id}")


@verb(waitlist, "list", _("Quiénes esperan, en el orden en que se ofrece."))
def list_wishes(
    ctx: typer.Context,
    state: Annotated[State | None, typer.Option(help=_("Solo los de un estado; los abiertos si no."))] = None,
    patient: Annotated[
        str | None, typer.Option(metavar=_("DOCUMENTO"), help=_("Los de un paciente."))
    ] = None,
    slot: Annotated[
        str | None, typer.Option(metavar="ID", help=_("Solo a quienes les sirve ese lugar."))
    ] = None,
) -> None:
    """List the waiting list of the clinic."""
    from clinicdesk.clinic.turns import waiting_list

    call = the_call(ctx)
    if slot is not None:
        fitting = call.desk.see(waiting_list.candidates, waiting_list.CandidatesQuery(slot))
        _show(call, fitting)
        return
    patient_id = given.opened(call, patient).patient_id if patient is not None else None
    clinic_id = call.session().actor.at.clinic_id if patient is None else None
    asked = waiting_list.WishesQuery(clinic_id, state.value if state else None, patient_id)
    found = call.desk.see(waiting_list.wishes, asked)
    _show(call, found)


def _show(call: Call, rows: Iterable[WishRow]) -> None:
    from clinicdesk.kit.names import full_name

    facts = (
        "state",
        "priority",
        "from_day",
        "half_day",
        "weekdays",
        "clinic",
        "doctor",
        "specialty",
        "procedure",
        "note",
    )
    later = ("resolution", "offered_slot", "offered_until", "asked_at")
    call.rows(
        (
            {
                "id": opaque(row.patient_id, row.id),
                "name": full_name(row.patient.family, row.patient.given),
                **{name: getattr(row, name) for name in facts + later},
            }
            for row in rows
        ),
        _WISHES,
    )


@verb(waitlist, "offers", _("Lugares que se liberaron, cada uno con quienes lo esperan, en orden."))
def list_offers(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(metavar="N", min=1, max=500, help=_("Cuántos lugares."))] = 50,
) -> None:
    """List freed places; `waitlist offer` and `waitlist accept` take their slots."""
    from clinicdesk.cli.shapes import people_of
    from clinicdesk.clinic.turns import freed

    call = the_call(ctx)
    here = call.session().actor.at.clinic_id
    found = call.desk.see(freed.freed_places, freed.OffersQuery(here, limit))
    people = people_of(call)
    call.rows((_place(row, people.username(row.slot.doctor_id), call.json) for row in found), _PLACES)
    if not found:
        call.say(_("Ningún lugar liberado tiene quien lo espere."))


def _place(row: FreedPlace, username: str | None, for_scripts: bool) -> dict[str, Any]:
    slot = row.slot
    if not for_scripts:
        first = row.offered or next(iter(row.waiting), None)
        return {
            "when": f"{slot.starts_at:%d/%m/%Y %H:%M}",
            "doctor_name": slot.doctor,
            "why": row.why,
            "first": _name(first) if first else "",
            "waiters": row.waiters,
            "offered": _("ofrecido") if row.offered_until else "",
            "id": slot.id,
        }
    return {
        "slot": slot.id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "doctor": username,
        "doctor_name": slot.doctor,
        "room": slot.room,
        "clinic": slot.clinic,
        "procedure": slot.procedure,
        "freed_at": row.freed_at,
        "why": row.why,
        "waiters": row.waiters,
        "waiting": [_who(wish) for wish in row.waiting],
        "offered_to": _who(row.offered) if row.offered else None,
        "offered_until": row.offered_until,
    }


def _who(wish: WishRow) -> dict[str, Any]:
    return {"id": opaque(wish.patient_id, wish.id), "name": _name(wish), "phone": wish.patient.phone}


def _name(wish: WishRow) -> str:
    from clinicdesk.kit.names import full_name

    return full_name(wish.patient.family, wish.patient.given)


def _seen(call: Call, wish_id: str) -> tuple[UUID, UUID, int]:
    """(patient, row, version) of a wish as it stands. Raises WishNotFound."""
    row = _row(call, wish_id)
    return row.patient_id, row.id, row.version


def _row(call: Call, wish_id: str) -> WishRow:
    """A wish as it stands, ended or not. Raises WishNotFound."""
    from clinicdesk.clinic.turns import waiting_list
    from clinicdesk.clinic.turns.errors import WishNotFound

    patient_id, row_id = given.pair_of(wish_id)
    for state in (None, "resuelto", "retirado"):
        asked = waiting_list.WishesQuery(state=state, patient_id=patient_id)
        for row in call.desk.see(waiting_list.wishes, asked):
            if row.id == row_id:
                return row
    raise WishNotFound


@verb(waitlist, "offer", _("Anotar que se ofreció un lugar; sin --slot, que vuelve a esperar."), cls=Writes)
def offer(
    ctx: typer.Context,
    wish_id: WishId,
    slot: Annotated[
        str | None, typer.Option(metavar="ID", help=_("El lugar, como lo da turn slots."))
    ] = None,
) -> None:
    """Offer a place, or take the offer back."""
    from clinicdesk.clinic.turns import waiting_list

    call = the_call(ctx)
    patient_id, row_id, version = _seen(call, wish_id)
    order = waiting_list.Offer(
        **call.keyed, patient_id=patient_id, wish_id=row_id, version=version, slot=slot
    )
    first = call.desk.answered(waiting_list.offer, order) if call.key is not None else None
    _answer(call, first or call.desk.do(waiting_list.offer, order))


@verb(waitlist, "accept", _("Dar a quien espera el lugar ofrecido, o el de --slot."), cls=Writes)
def accept(
    ctx: typer.Context,
    wish_id: WishId,
    slot: Annotated[
        str | None, typer.Option(metavar="ID", help=_("El lugar, como lo da waitlist offers."))
    ] = None,
    again: Again = False,
) -> None:
    """Book the place and end the wait, together."""
    from clinicdesk.cli.turn import show_turn
    from clinicdesk.clinic.turns import waiting_list
    from clinicdesk.clinic.turns.errors import BadWish

    call = the_call(ctx)
    row = _row(call, wish_id)
    place = slot or row.offered_slot
    if place is None:
        raise BadWish
    said = {"patient_id": row.patient_id, "wish_id": row.id, "version": row.version, "slot": place}
    show_turn(call, unless_again(call, waiting_list.accept, waiting_list.Accept, said, again=again))


@verb(waitlist, "refuse", _("Anotar que no quiere el lugar ofrecido; sigue esperando."), cls=Writes)
def refuse(ctx: typer.Context, wish_id: WishId, note: Note = None) -> None:
    """The offer is refused; the wait goes on."""
    from clinicdesk.clinic.turns import waiting_list

    call = the_call(ctx)
    patient_id, row_id, version = _seen(call, wish_id)
    order = waiting_list.Refuse(
        **call.keyed, patient_id=patient_id, wish_id=row_id, version=version, note=note
    )
    first = call.desk.answered(waiting_list.refuse, order) if call.key is not None else None
    _answer(call, first or call.desk.do(waiting_list.refuse, order))


@verb(waitlist, "resolve", _("Cerrar una espera, con su resolución."), cls=Writes)
def resolve(
    ctx: typer.Context,
    wish_id: WishId,
    resolution: Annotated[Ending, typer.Option("--as", help=_("Cómo terminó."))],
    turn: Annotated[
        str | None, typer.Option(metavar="TURN_ID", help=_("El turno que se le dio, con turno_dado."))
    ] = None,
) -> None:
    """End a wait."""
    from clinicdesk.clinic.turns import rules, waiting_list

    call = the_call(ctx)
    patient_id, row_id, version = _seen(call, wish_id)
    order = waiting_list.Resolve(
        **call.keyed,
        patient_id=patient_id,
        wish_id=row_id,
        version=version,
        resolution=rules.Resolution(resolution.value),
        turn_id=given.pair_of(turn)[1] if turn is not None else None,
    )
    first = call.desk.answered(waiting_list.resolve, order) if call.key is not None else None
    _answer(call, first or call.desk.do(waiting_list.resolve, order))


@verb(demand, "add", _("Anotar a quien pidió turno y no lo tuvo."), cls=Writes)
def add_demand(
    ctx: typer.Context,
    document: Patient,
    reason: Annotated[Why, typer.Option(help=_("Por qué no."))],
    doctor: Doctor = None,
    specialty: Specialty = None,
    procedure: Procedure = None,
    note: Note = None,
) -> None:
    """Count a demand that was not met."""
    from clinicdesk.clinic.turns import rules, unmet

    call = the_call(ctx)
    order = unmet.Ask(
        **call.keyed,
        patient_id=given.patient_of(call, document).patient_id,
        **_what(call, doctor, specialty, procedure),
        reason=rules.Unmet(reason.value),
        note=note,
    )
    _answer(call, call.desk.do(unmet.ask, order))


@verb(demand, "list", _("Quiénes pidieron turno y no lo tuvieron, por día."))
def list_demand(
    ctx: typer.Context,
    since: Since = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar=_("AAAA-MM-DD"), help=_("Último día; hoy si no."))
    ] = None,
) -> None:
    """List unmet demand of the clinic."""
    from clinicdesk.clinic.turns import unmet
    from clinicdesk.kit import clock

    call = the_call(ctx)
    at = call.session().actor.at
    today = clock.local_day(clock.now(), at.zone)
    start = clock.day_bounds(given.day_of(since) or today, at.zone)[0]
    end = clock.day_bounds(given.day_of(until) or today, at.zone)[1]
    rows = call.desk.see(unmet.demand, unmet.DemandQuery(at.clinic_id, start, end))
    facts = ("at", "reason", "doctor", "specialty", "procedure", "note", "person")
    call.rows(
        (
            {
                "id": opaque(row.patient_id, row.id),
                "patient_id": opaque(row.patient_id, row.patient_id),
                **{name: getattr(row, name) for name in facts},
            }
            for row in rows
        ),
        _DEMAND,
    )
