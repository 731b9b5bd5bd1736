"""`clinicdesk record search`: what was asked, understood, and a header as it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clinicdesk.cli import given
from clinicdesk.cli.attributes import conditions_of
from clinicdesk.kit.ids import opaque

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
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
    """The query. Raises InvalidInput with everything that is wrong, ClinicNotFound, PatientNotFound."""
    from clinicdesk.cli.site_parts import clinic_of
    from clinicdesk.clinic.records import searching

    zone = call.session().actor.at.zone
    problems = given.Problems()
    said: dict[str, Any] = {}
    with problems.noted():
        said["since"] = _start(given.day_of(since), zone)
    with problems.noted():
        said["until"] = _start(given.day_of(to), zone, later=1)
    with problems.noted():
        said["attributes"] = conditions_of(attr)
    with problems.noted():
        said["before"] = _before(call, given.pair_of(after)) if after else None
    problems.settle()
    codes, stated = searching.diagnosis_asked(diagnosis or "")
    return searching.RecordsQuery(
        words=" ".join(words),
        kinds=tuple(kinds),
        codes=codes,
        stated=stated,
        doctor=doctor or "",
        clinic_id=clinic_of(call, site).id if site else None,
        institution=institution or "",
        patient_id=given.patient_of(call, patient).patient_id if patient else None,
        limit=limit,
        **said,
    )


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
