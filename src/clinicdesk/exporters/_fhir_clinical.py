"""Allergies, medication, vital signs and results of a history as FHIR R4 resources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.signs import Standing, of_value
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.exporters._fhir import (
    OURS,
    TERMS,
    Resource,
    bare,
    catalogued,
    coding,
    concept,
    extension,
    moment,
    notes,
    present,
    quantity,
    reference,
    text,
)
from clinicdesk.kit.words import _

_ALLERGY_SORTS: Final = MappingProxyType(
    {
        "medicamento": "medication",
        "medication": "medication",
        "drug": "medication",
        "alimento": "food",
        "food": "food",
        "ambiente": "environment",
        "environment": "environment",
    }
)
_SEVERITIES: Final = MappingProxyType({"leve": "mild", "moderada": "moderate", "severa": "severe"})
_MEDICATION_STATES: Final = MappingProxyType(
    {
        "vigente": "active",
        "pendiente": "on-hold",
        "dispensada": "completed",
        "vencida": "completed",
        "suspendida": "stopped",
        "anulada": "cancelled",
    }
)
_CATEGORIES: Final = frozenset(
    (
        "laboratory",
        "survey",
        "procedure",
        "exam",
        "imaging",
        "social-history",
        "therapy",
        "activity",
        "vital-signs",
    )
)
_STANDINGS: Final = MappingProxyType(
    {
        Standing.USUAL: "N",
        Standing.LOW: "L",
        Standing.HIGH: "H",
        Standing.CRITICAL_LOW: "LL",
        Standing.CRITICAL_HIGH: "HH",
    }
)


def allergies(rows: Iterable[AllergyRow], subject: Resource) -> Iterator[Resource]:
    """Each allergy, over or not; a severe one is of high criticality."""
    for row in rows:
        sort, severity = _ALLERGY_SORTS.get((row.category or "").lower()), _SEVERITIES.get(row.severity or "")
        status = coding(f"{TERMS}allergyintolerance-clinical", "resolved" if row.until else "active")
        said = text(row.reaction)
        yield bare(
            {
                "resourceType": "AllergyIntolerance",
                "id": str(row.id),
                "extension": present(extension("ended-on", "Date", row.until and row.until.isoformat())),
                "clinicalStatus": concept(None, status),
                "category": [sort] if sort else [],
                "criticality": "high" if severity == "severe" else None,
                "code": concept(row.substance),
                "patient": subject,
                "onsetDateTime": row.since.isoformat() if row.since else None,
                "note": notes(None if sort else row.category, None if said and severity else row.severity),
                "reaction": [bare({"manifestation": [concept(said)], "severity": severity})] if said else [],
            }
        )


def medications(rows: Iterable[PrescribedRow], subject: Resource) -> Iterator[Resource]:
    """Each prescribed item, in force or not; those of one prescription carry its number."""
    for row in rows:
        valid = {"start": moment(row.starts_at), "end": moment(row.ends_at) if row.ends_at else None}
        doctor = text(row.doctor)
        dispenses = _("Dispensas: {count}").format(count=row.dispenses) if row.dispenses else None
        yield bare(
            {
                "resourceType": "MedicationRequest",
                "id": str(row.id),
                "groupIdentifier": {"system": f"{OURS}prescription", "value": str(row.prescription_id)},
                "status": "entered-in-error"
                if _is_gone(row)
                else _MEDICATION_STATES.get(row.state, "unknown"),
                "statusReason": concept(row.state),
                "intent": "order",
                "medicationCodeableConcept": concept(row.text, catalogued(row.system, row.code, row.text)),
                "subject": subject,
                "authoredOn": moment(row.starts_at),
                "requester": {"display": doctor} if doctor else None,
                "reasonCode": [concept(row.reason)] if text(row.reason) else [],
                "note": [*_origin(row), *notes(dispenses)],
                "dispenseRequest": {"validityPeriod": bare(valid)},
            }
        )


def vital_signs(
    rows: Iterable[VitalRow], patient: PatientRow, subject: Resource, zone: tzinfo
) -> Iterator[Resource]:
    """Each measured sign, with how it stands where there is a range."""
    for row in rows:
        yield bare(
            {
                "resourceType": "Observation",
                "id": str(row.id),
                "status": "final",
                "category": [_category("vital-signs", "")],
                "code": concept(row.name, catalogued(row.system, row.code, row.name)),
                "subject": subject,
                "effectiveDateTime": moment(row.at.astimezone(zone)),
                "valueQuantity": quantity(row.value, row.unit),
                "interpretation": _interpretation(row, row.value, patient, zone),
                "note": _origin(row),
            }
        )


def reports(
    rows: Iterable[ObservationRow], patient: PatientRow, subject: Resource, zone: tzinfo
) -> Iterator[tuple[Resource, list[Resource]]]:
    """Each result with its values, in the order of its first one."""
    groups: dict[object, list[ObservationRow]] = {}
    for row in rows:
        groups.setdefault(row.result_id, []).append(row)
    for result_id, values in groups.items():
        first = values[0]
        report = {
            "resourceType": "DiagnosticReport",
            "id": str(result_id),
            "status": "entered-in-error" if all(map(_is_gone, values)) else "final",
            "category": [_category(first.category, first.title)],
            "code": concept(first.title or first.name),
            "subject": subject,
            "effectiveDateTime": moment(first.at.astimezone(zone)),
            "result": [reference(row.id) for row in values],
        }
        yield bare(report), [_observation(row, patient, subject, zone) for row in values]


def _observation(row: ObservationRow, patient: PatientRow, subject: Resource, zone: tzinfo) -> Resource:
    number = row.value_number
    made = {
        "resourceType": "Observation",
        "id": str(row.id),
        "status": "entered-in-error" if _is_gone(row) else "final",
        "category": [_category(row.category, row.title)],
        "code": concept(row.name or row.code, catalogued(row.system, row.code, row.name)),
        "subject": subject,
        "effectiveDateTime": moment(row.at.astimezone(zone)),
        "note": [*_origin(row), *notes(None if number is None else row.value_text)],
    }
    if number is not None:
        made["valueQuantity"] = quantity(number, row.unit)
        made["interpretation"] = _interpretation(row, number, patient, zone)
    elif said := text(" ".join(filter(None, (row.value_text, row.unit)))):
        made["valueString"] = said
    return bare(made)


def _is_gone(row: PrescribedRow | ObservationRow) -> bool:
    """Whether it turned out to be another person's."""
    return row.misplaced is not None and row.misplaced.gone


def _origin(row: VitalRow | PrescribedRow | ObservationRow) -> list[Resource]:
    """Under which other number it was entered, or whose it is."""
    if row.misplaced is not None:
        return notes(f"{row.misplaced.words} ({row.misplaced.person})")
    return notes(origin_words(row.own_chart, None))


def _category(name: str, said: str) -> Resource | None:
    system = f"{TERMS}observation-category"
    return concept(said, coding(system, name)) if name in _CATEGORIES else concept(name or said)


def _interpretation(
    row: VitalRow | ObservationRow, value: Decimal, patient: PatientRow, zone: tzinfo
) -> list[Resource | None]:
    """How the value stands; nothing where no range is known, which is not the same as normal."""
    day = row.at.astimezone(zone).date()
    code = _STANDINGS.get(of_value(row.code, row.unit, value, patient.birth, day))
    return [concept(None, coding(f"{TERMS}v3-ObservationInterpretation", code))] if code else []
