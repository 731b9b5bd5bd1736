"""`clinicdesk admission`: who came to the counter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from clinicdesk.cli import given
from clinicdesk.cli.frame import Call, Writes, noun, the_call, verb
from clinicdesk.cli.turn import TurnId
from clinicdesk.cli.turn_words import Patient
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.clinic.usecases import AnswerT, OrderT, UseCase

app = noun(_("Admisión: llegadas, triaje, colas, números y constancias."))
_WORDS: Final = {1: _("rojo"), 2: _("naranja"), 3: _("amarillo"), 4: _("verde"), 5: _("azul")}
_LEVEL_LIST: Final = {
    _("Nivel"): "level",
    _("Color"): "word",
    _("Máximo, min"): "most_minutes",
    _("En uso"): "in_use",
}
_LEVELS: Final = {"rojo": 1, "naranja": 2, "amarillo": 3, "verde": 4, "azul": 5}
_LIST: Final = {
    _("Número"): "ticket",
    _("Paciente"): "name",
    _("Estado"): "state_word",
    _("Llegó"): "arrived",
    _("Profesional"): "doctor_name",
    "Id": "id",
}


@verb(app, "add", _("Admitir a quien viene sin turno: un número y un lugar en la cola."), cls=Writes)
def add(
    ctx: typer.Context,
    document: Patient,
    reason: Annotated[str, typer.Option(metavar=_("TEXTO"), help=_("Por qué viene."))],
    doctor: Annotated[
        str | None, typer.Option(metavar=_("USUARIO"), help=_("Quién atiende, por su usuario."))
    ] = None,
    specialty: Annotated[
        str | None, typer.Option(metavar=_("CÓDIGO"), help=_("O el servicio: llama cualquiera de él."))
    ] = None,
    triage: Annotated[
        str | None, typer.Option(metavar=_("NIVEL"), help=_("1 a 5, o rojo naranja amarillo verde azul."))
    ] = None,
) -> None:
    """Admit a walk-in, to a doctor or to a service of the clinic."""
    from clinicdesk.cli.shapes import answer_line, doctor_id_of
    from clinicdesk.clinic.admissions import service as admissions

    call = the_call(ctx)
    level = _level_of(triage)
    order = admissions.WalkIn(
        **call.keyed,
        patient_id=given.patient_of(call, document).patient_id,
        doctor_id=doctor_id_of(call, doctor) if doctor is not None else None,
        specialty_id=_specialty_of(call, specialty) if specialty is not None else None,
        reason=reason,
        triage=level,
    )
    answer = call.desk.do(admissions.walk_in, order)
    turn_id = opaque(answer.patient_id, answer.id)
    data = {
        "turn_id": turn_id,
        "ticket": answer.ticket,
        "state": answer.state,
        "arrived_at": answer.starts_at,
        "patient_id": opaque(answer.patient_id, answer.patient_id),
    }
    call.answer(data, answer_line(answer), f"Id: {turn_id}")


def _specialty_of(call: Call, code: str) -> int:
    """The specialty of a code. Raises SpecialtyNotFound."""
    from clinicdesk.clinic.sites import queries
    from clinicdesk.clinic.sites.errors import SpecialtyNotFound

    for row in call.desk.see(queries.list_specialties, queries.SitesQuery()):
        if row.code == code.upper():
            return row.id
    raise SpecialtyNotFound(code=code)


@verb(app, "services", _("Por qué servicios se puede esperar en este centro."))
def list_services(ctx: typer.Context) -> None:
    """List the services of the clinic; their codes are what `admission add --specialty` takes."""
    from clinicdesk.clinic.turns.services import ServicesQuery, services

    call = the_call(ctx)
    found = call.desk.see(services, ServicesQuery(call.session().actor.at.clinic_id))
    call.rows(
        ({"code": row.code, "name": row.name} for row in found), {_("Código"): "code", _("Nombre"): "name"}
    )


def _level_of(text: str | None) -> int | None:
    """A triage level by number or colour. Raises InvalidInput."""
    from clinicdesk.kit.errors import InvalidInput

    if text is None:
        return None
    level = _LEVELS.get(text.strip().lower(), text.strip())
    if str(level) not in {"1", "2", "3", "4", "5"}:
        raise InvalidInput(_("El triaje «{level}» no existe: 1 a 5, o rojo a azul.").format(level=text[:20]))
    return int(level)


@verb(app, "list", _("Quiénes llegaron un día, por hora de llegada."))
def list_admissions(
    ctx: typer.Context,
    date: Annotated[str | None, typer.Option(metavar=_("AAAA-MM-DD"), help=_("El día; hoy si no."))] = None,
) -> None:
    """List arrivals."""
    from clinicdesk.cli.shapes import people_of, turn_cells, turn_object
    from clinicdesk.clinic.turns import queries

    call = the_call(ctx)
    here = call.session().actor.at
    found = call.desk.see(queries.day_turns, queries.DayQuery(here.clinic_id, given.day_of(date)))
    arrived = sorted((row.arrived_at, row.id, row) for row in found if row.arrived_at is not None)
    rows: list[dict[str, Any]] = []
    people = people_of(call)
    for at, _id, row in arrived:
        if call.json:
            shape = turn_object(row, people, here.clinic_code)
            rows.append({"turn_id": shape.pop("id"), "ticket": shape.pop("ticket"), **shape})
        else:
            rows.append(turn_cells(row) | {"arrived": f"{at.astimezone(call.zone):%H:%M}"})
    call.rows(rows, _LIST)


Level = Annotated[
    str, typer.Argument(metavar=_("NIVEL"), help=_("1 a 5, o rojo naranja amarillo verde azul."))
]
Reason = Annotated[str | None, typer.Option(metavar=_("TEXTO"), help=_("Por qué."))]


@verb(app, "triage", _("Dar o cambiar el nivel de triaje de quien está."), cls=Writes)
def triage(ctx: typer.Context, turn_id: TurnId, level: Level, reason: Reason = None) -> None:
    """Each level given is an event of its own."""
    from clinicdesk.cli.turn import turn_now
    from clinicdesk.clinic.admissions.triage import GiveLevel, give_level

    call = the_call(ctx)
    row = turn_now(call, turn_id)
    order = GiveLevel(
        **call.keyed,
        patient_id=row.patient_id,
        turn_id=row.id,
        level=_level_of(level) or 0,
        reason=reason,
        seen=row.triage,
    )
    answer = once(call, give_level, order)
    data = {
        "turn_id": opaque(answer.patient_id, answer.turn_id),
        "level": answer.level,
        "before": answer.before,
    }
    call.answer(data, _("Triaje {word}.").format(word=_WORDS[answer.level]))


@verb(app, "transfer", _("Pasar a quien espera a la cola de otro profesional."), cls=Writes)
def transfer(
    ctx: typer.Context,
    turn_id: TurnId,
    doctor: Annotated[str, typer.Option(metavar=_("USUARIO"), help=_("A quién pasa."))],
    reason: Reason = None,
) -> None:
    """The place in the new queue is the one that level and arrival give."""
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.cli.turn import turn_now
    from clinicdesk.clinic.admissions import triage as queues

    call = the_call(ctx)
    row = turn_now(call, turn_id)
    order = queues.Transfer(
        **call.keyed,
        patient_id=row.patient_id,
        turn_id=row.id,
        doctor_id=doctor_id_of(call, doctor),
        seen=row.doctor_id,
        reason=reason,
    )
    answer = once(call, queues.transfer, order)
    data = {
        "turn_id": opaque(answer.patient_id, answer.turn_id),
        "doctor": doctor,
        "doctor_name": answer.doctor,
    }
    call.answer(data, _("Pasa a la cola de {doctor}.").format(doctor=answer.doctor))


def once(call: Call, case: UseCase[OrderT, AnswerT], order: OrderT) -> AnswerT:
    """Carry an order out, or give the first answer where --key was used before."""
    if call.key is not None and (first := call.desk.answered(case, order)) is not None:
        return first
    return call.desk.do(case, order)


@verb(app, "levels", _("Los niveles de triaje del centro, o cambiar uno (administración)."), cls=Writes)
def levels(
    ctx: typer.Context,
    level: Annotated[str | None, typer.Argument(metavar=_("[NIVEL]"), help=_("El que se cambia."))] = None,
    most_minutes: Annotated[
        int | None, typer.Option("--minutes", metavar="N", help=_("Espera máxima, en minutos."))
    ] = None,
    in_use: Annotated[bool, typer.Option("--use/--no-use", help=_("Si el centro lo usa."))] = True,
) -> None:
    """List levels; with one named, set it."""
    from clinicdesk.clinic.sites import triage as sites
    from clinicdesk.clinic.sites.queries import SitesQuery
    from clinicdesk.clinic.sites.rules import MANCHESTER_MINUTES

    call = the_call(ctx)
    if level is not None:
        number = _level_of(level) or 0
        most = MANCHESTER_MINUTES[number] if most_minutes is None else most_minutes
        order = sites.SetTriageLevel(**call.keyed, level=number, most_minutes=most, in_use=in_use)
        call.desk.do(sites.set_level, order)
    found = call.desk.see(sites.levels, SitesQuery(call.session().actor.at.clinic_id))
    rows: list[dict[str, Any]] = [
        {
            "level": each.level,
            "word": _WORDS[each.level],
            "most_minutes": each.most_minutes,
            "in_use": each.in_use,
        }
        for each in found
    ]
    if not call.json:
        rows = [row | {"in_use": _("sí") if row["in_use"] else _("no")} for row in rows]
    call.rows(rows, _LEVEL_LIST)


@verb(app, "series", _("Letras de números por servicio, o cambiar una (administración)."), cls=Writes)
def series(
    ctx: typer.Context,
    specialty: Annotated[
        str | None, typer.Argument(metavar=_("[ESPECIALIDAD]"), help=_("Código del servicio que se cambia."))
    ] = None,
    letter: Annotated[
        str | None, typer.Option(metavar=_("LETRA"), help=_("B a Z; sin ella cuenta con los demás, en A."))
    ] = None,
) -> None:
    """List series; with a specialty named, set its letter."""
    from clinicdesk.clinic.admissions import series as numbers
    from clinicdesk.clinic.sites.queries import SitesQuery

    call = the_call(ctx)
    if specialty is not None:
        chosen = letter.upper() if letter else None
        call.desk.do(
            numbers.set_series, numbers.SetSeries(**call.keyed, specialty=specialty.upper(), series=chosen)
        )
    here = SitesQuery(call.session().actor.at.clinic_id)
    rows = (
        {"specialty": each.specialty, "series": each.series}
        for each in call.desk.see(numbers.list_series, here)
    )
    call.rows(rows, {_("Especialidad"): "specialty", _("Letra"): "series"})


@verb(app, "print", _("Imprimir el número de quien llegó, una vez más."))
def print_number(ctx: typer.Context, turn_id: TurnId) -> None:
    """On the printer of this host."""
    from clinicdesk.cli.turn import turn_now
    from clinicdesk.clinic.turns.errors import TurnNotFound

    call = the_call(ctx)
    row = turn_now(call, turn_id)
    if row.ticket is None:
        raise TurnNotFound
    _print(call, row)
    call.answer({"ticket": row.ticket}, _("Número {ticket} impreso.").format(ticket=row.ticket))


def _print(call: Call, row: TurnRow) -> None:
    from clinicdesk.channels import printed, ticket_paper

    at = call.session().actor.at
    printed(call.settings, at.clinic_code, ticket_paper(row, at.clinic_name, at.zone))


@verb(app, "certificate", _("Constancia de asistencia en PDF, de quien llegó."))
def certificate(
    ctx: typer.Context,
    turn_id: TurnId,
    out: Annotated[
        str, typer.Option("-o", "--output", metavar=_("ARCHIVO"), help=_("Dónde; - es la salida."))
    ],
) -> None:
    """Handing it out is written down."""
    from clinicdesk.cli.history import stamp_of
    from clinicdesk.cli.turn import turn_ids
    from clinicdesk.clinic.admissions.queries import AttendanceQuery, attendance
    from clinicdesk.kit.sheet import write_atomically
    from clinicdesk.reports import _certificate

    call = the_call(ctx)
    row = call.desk.see(attendance, AttendanceQuery(*turn_ids(call, turn_id)))
    paper = _certificate.paper(row, stamp_of(call))
    write_atomically(out, lambda file: file.write(paper))
    if out != given.DASH:
        call.say(_("Escrito en {file}.").format(file=out))
