"""How patients and turns leave the command line: as JSON objects, and as lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from clinicdesk.kit import clock
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.names import age_text, full_name
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.sites.queries import DoctorRow
    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.clinic.turns.service import TurnAnswer


def patient_object(row: PatientRow) -> dict[str, Any]:
    """A patient; `document` is as commands take it, null without one."""
    return {
        "id": opaque(row.patient_id, row.patient_id),
        "document": row.document_key or None,
        "chart_number": row.chart_number,
        "family": row.family,
        "given": row.given,
        "sex": row.sex,
        "birth": row.birth,
        "birth_estimated": row.birth_estimated,
        "deceased_on": row.deceased_on,
        "phone": row.phone,
        "email": row.email,
        "address": row.address,
        "city": row.city,
        "coverage": row.payer,
        "allergy_status": row.allergy_status,
        "version": row.version,
        "united": list(row.united),
    }


def patient_lines(row: PatientRow, today: date) -> list[str]:
    """A patient, one fact per line, the name first; a death is said at once."""
    from clinicdesk.clinic.patients.phones import shown

    lines = [full_name(row.family, row.given)]
    if row.deceased_on:
        lines.append(_("Fallecimiento: {day}").format(day=f"{row.deceased_on:%d/%m/%Y}"))
    lines += [
        _("Edad: {age}").format(age=age_text(row.birth, row.deceased_on or today) or _("sin dato")),
        _("Sexo: {sex}").format(sex=row.sex),
        _("Documento: {document}").format(document=row.document or _("ninguno")),
        _("Historia clínica: {chart}").format(chart=chart_text(row.chart_number)),
    ]
    facts = (
        (_("Nacimiento"), f"{row.birth:%d/%m/%Y}" if row.birth else None),
        (_("Fichas unidas"), ", ".join(chart_text(each) for each in row.united)),
        (_("Cobertura"), row.payer),
        (_("Teléfono"), shown(row.phone)),
        (_("Correo"), row.email),
        (_("Domicilio"), ", ".join(filter(None, (row.address, row.city)))),
    )
    return lines + [f"{title}: {value}" for title, value in facts if value]


def chart_text(number: int) -> str:
    """`HC 002210`."""
    return f"HC {number:06d}"


class People:
    """Doctors by id: a script knows them by username, a person by name."""

    def __init__(self, rows: tuple[DoctorRow, ...]) -> None:
        self._rows = {row.person_id: row for row in rows}

    def username(self, person_id: int) -> str | None:
        """The login of a doctor, None for one without."""
        row = self._rows.get(person_id)
        return row.username if row else None


def people_of(call: Call) -> People:
    """The doctors of the network."""
    from clinicdesk.clinic.sites import queries

    return People(call.desk.see(queries.list_doctors, queries.SitesQuery()))


def doctor_id_of(call: Call, username: str) -> int:
    """The doctor of this username at the session's clinic. Raises DoctorNotFound."""
    return doctor_named(call, username).person_id


def doctor_named(call: Call, username: str, *, everywhere: bool = False) -> DoctorRow:
    """The same with their name, of the clinic or of any in the network. Raises DoctorNotFound."""
    from clinicdesk.clinic.sites import queries
    from clinicdesk.clinic.sites.errors import DoctorNotFound

    where = queries.SitesQuery(None if everywhere else call.session().actor.at.clinic_id)
    for row in call.desk.see(queries.list_doctors, where):
        if row.username == username.strip().lower():
            return row
    raise DoctorNotFound(doctor=username)


def turn_object(row: TurnRow, people: People, clinic: str | None = None) -> dict[str, Any]:
    """A turn with its patient; `doctor` is the username, null for a doctor without login.

    Who waits for a service has no doctor yet: its name is `service`.
    """
    facts = ("state", "state_at", "kind", "starts_at", "ends_at", "day")
    later = ("procedure", "triage", "ticket", "arrived_at", "called_at", "calls", "reason", "voided_reason")
    return {
        "id": opaque(row.patient_id, row.id),
        **{name: getattr(row, name) for name in facts},
        "wall_start": f"{row.wall_start:%Y-%m-%dT%H:%M}",
        "clinic": clinic,
        "doctor": people.username(row.doctor_id) if row.doctor_id is not None else None,
        "doctor_name": (
            full_name(row.doctor_family, row.doctor_given) if row.doctor_id is not None else None
        ),
        "service": row.specialty if row.specialty_id is not None else None,
        "room": row.room_code,
        **{name: getattr(row, name) for name in later},
        "patient": {
            "id": opaque(row.patient_id, row.patient_id),
            "chart_number": row.chart_number,
            "family": row.family,
            "given": row.given,
            "sex": row.sex,
            "birth": row.birth,
        },
    }


STATE_WORDS: Mapping[str, str] = {"en_espera": _("en espera"), "en_curso": _("en curso")}


def state_word(state: str) -> str:
    """A state as people read it."""
    return STATE_WORDS.get(state, state)


def turn_cells(row: TurnRow) -> dict[str, str]:
    """What a table of turns shows of one: name, state word, hour, in that order of importance."""
    return {
        "day": f"{row.day:%d/%m/%Y}",
        "hour": f"{row.wall_start:%H:%M}",
        "state_word": state_word(row.state),
        "ticket": row.ticket or "",
        "name": full_name(row.family, row.given),
        "doctor_name": full_name(row.doctor_family, row.doctor_given),
        "room": row.room_code or "",
        "id": opaque(row.patient_id, row.id),
    }


def answer_object(answer: TurnAnswer) -> dict[str, Any]:
    """A turn after an act."""
    return {
        "id": opaque(answer.patient_id, answer.id),
        "state": answer.state,
        "starts_at": answer.starts_at,
        "ticket": answer.ticket,
    }


def answer_line(answer: TurnAnswer) -> str:
    """`Turno en espera, 16/10/2026 09:40, A016.`: the wall time of the turn's clinic."""
    when = f"{answer.starts_at:%d/%m/%Y %H:%M}"
    ticket = f", {answer.ticket}" if answer.ticket else ""
    return _("Turno {state}, {when}{ticket}.").format(
        state=state_word(answer.state), when=when, ticket=ticket
    )


def today_of(call: Call) -> date:
    """Today at the session's clinic."""
    return clock.local_day(clock.now(), call.session().actor.at.zone)


def wall(at: Any, zone: tzinfo | str) -> str:
    """`16/10/2026 09:40` in a zone."""
    place = ZoneInfo(zone) if isinstance(zone, str) else zone
    return f"{at.astimezone(place):%d/%m/%Y %H:%M}"
