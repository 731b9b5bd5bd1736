"""`clinicdesk record search`: what was asked, understood, and a header as it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clinicdesk.cli import given
from clinicdesk.cli.attributes import conditions_of
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.records.asking import Asked
    from clinicdesk.clinic.records.searching import HeaderRow, RecordsQuery


def asked_of(
    call: Call,
    *,
    words: Sequence[str],
    kinds: Sequence[str],
    diagnosis: str | None,
    doctor: str | None,
    site: str | None,
    institution: str | None,
    since: str | None,
    to: str | None,
    attr: Sequence[str],
    patient: str | None,
    after: str | None,
    limit: int,
) -> RecordsQuery:
    """The query: what the words say in the language of the desk's search line, and the options.

    Raises InvalidInput with everything that is wrong, ClinicNotFound, PatientNotFound.
    """
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.cli.site_parts import clinic_of
    from clinicdesk.clinic.records import asking, searching

    zone = call.session().actor.at.zone
    problems = given.Problems()
    typed = asking.understood(clean_line(" ".join(words)), today_of(call))
    problems.found += [each.says for each in typed.problems]
    problems.found += _twice(typed, dr=doctor, centro=site, inst=institution, pac=patient)
    first = last = None
    attributes: tuple[Any, ...] = ()
    before = None
    with problems.noted():
        first = _start(given.day_of(since), zone)
    with problems.noted():
        last = _start(given.day_of(to), zone, later=1)
    with problems.noted():
        attributes = conditions_of(attr)
    with problems.noted():
        before = _before(call, given.pair_of(after)) if after else None
    problems.settle()
    line = _line(call, typed, patient)
    codes, stated = searching.diagnosis_asked(diagnosis or "")
    return replace(
        line,
        kinds=(*line.kinds, *kinds),
        codes=(*line.codes, *codes),
        stated=" ".join(filter(None, (line.stated, stated))),
        doctor=doctor or line.doctor,
        clinic_id=clinic_of(call, site).id if site else line.clinic_id,
        institution=institution or line.institution,
        since=max(filter(None, (first, line.since)), default=None),
        until=min(filter(None, (last, line.until)), default=None),
        attributes=(*line.attributes, *attributes),
        before=before,
        limit=limit,
    )


def _twice(typed: Asked, **options: str | None) -> list[str]:
    """What is asked by the line and by an option."""
    said = {"dr": typed.doctor, "centro": typed.clinic, "inst": typed.institution, "pac": typed.patient}
    return [_("«{}:» está dos veces.").format(name) for name, each in options.items() if each and said[name]]


def _line(call: Call, typed: Asked, patient: str | None) -> RecordsQuery:
    """What the words ask. Raises InvalidInput, PatientNotFound."""
    from clinicdesk.cli.site_parts import clinic_rows
    from clinicdesk.clinic.records import asking, types

    known = asking.Known()
    if typed.clinic or typed.kinds:
        known = asking.Known(
            tuple((row.id, row.code, row.name) for row in clinic_rows(call)),
            tuple((row.code, row.name) for row in call.desk.see(types.list_types, types.TypesQuery())),
        )
    whose = patient or typed.patient
    patient_id = given.patient_of(call, whose).patient_id if whose else None
    found = asking.query_of(typed, known, call.session().actor.at.zone, patient_id)
    if isinstance(found, str):
        raise InvalidInput(found)
    return found


def _start(day: date | None, zone: str, later: int = 0) -> datetime | None:
    """When a day begins on the clinic's wall."""
    from clinicdesk.kit import clock

    return None if day is None else clock.instant(datetime.combine(day + timedelta(later), time()), zone)


def _before(call: Call, entry: tuple[UUID, UUID]) -> tuple[datetime, UUID]:
    """Where the page after an entry begins. Raises RecordNotFound."""
    from clinicdesk.clinic.records import searching
    from clinicdesk.clinic.records.errors import RecordNotFound

    at = call.desk.see(searching.place_of, searching.PlaceQuery(*entry))
    if at is None:
        raise RecordNotFound
    return at, entry[1]


def found_object(row: HeaderRow) -> dict[str, Any]:
    """A header for scripts; `id` is what record show and --after take."""
    patient = row.patient
    return {
        "id": opaque(row.patient_id, row.id),
        "at": row.at,
        "type": row.kind,
        "title": row.title,
        "diagnoses": row.stated or None,
        "doctor_name": row.doctor or None,
        "place": row.place or None,
        "signed": row.signed,
        "corrected": row.corrected,
        "chart_number": patient.chart_number if patient else None,
        "patient_name": f"{patient.family}, {patient.given}" if patient else None,
        "document": patient.document or None if patient else None,
    }


def found_row(call: Call, row: HeaderRow) -> dict[str, Any]:
    """The same for a table."""
    return found_object(row) | {"when": f"{row.at.astimezone(call.zone):%d/%m/%Y %H:%M}"}
