"""The person of a history as FHIR R4: who they are, who answers for them, who pays, their blood group."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.patients.facts import GENDER_WORDS, PERSON
from clinicdesk.clinic.patients.particulars import GENDERS, UNKNOWN_BLOOD
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.exporters._fhir import (
    LOINC,
    OURS,
    TERMS,
    Resource,
    bare,
    coding,
    concept,
    document_identifier,
    extension,
    named_id,
    narrative,
    notes,
    present,
    rows_block,
    text,
)
from clinicdesk.exporters._fhir_held import human
from clinicdesk.kit.words import _

_GENDERS: Final = MappingProxyType({"F": "female", "M": "male", "X": "other"})
_GENDER_IDENTITY: Final = "http://hl7.org/fhir/StructureDefinition/patient-genderIdentity"


def facts_of(patient: PatientRow) -> list[str]:
    """Every known fact of the person as people read it: `Responsable: Mamani, Juana`."""
    known = (fact for fact in PERSON.values() if not fact.unknown_of(patient))
    said = [f"{fact.label}: {fact.read(patient)}" for fact in known]
    if patient.united:
        numbers = ", ".join(f"{number:06d}" for number in patient.united)
        said.append(_("Historias unidas: {numbers}").format(numbers=numbers))
    return said


def person(patient: PatientRow) -> Resource:
    """Who it is about: document, chart numbers, names, birth, how to reach them, who answers for them."""
    identity = document_identifier(patient.document_key)
    in_use = text(patient.name_in_use)
    telecom = [("phone", patient.phone), ("email", patient.email)]
    address = bare({"text": text(patient.address), "city": text(patient.city)})
    return bare(
        {
            "resourceType": "Patient",
            "id": str(patient.patient_id),
            "text": narrative(rows_block(facts_of(patient))),
            "extension": _extensions(patient),
            "identifier": present(
                identity,
                _chart(patient.chart_number, "usual"),
                *(_chart(number, "old") for number in patient.united),
            ),
            "name": [
                human(patient.family, patient.given, "temp" if patient.provisional else "official"),
                *([{"use": "usual", "text": in_use}] if in_use else []),
            ],
            "telecom": [{"system": sort, "value": text(value)} for sort, value in telecom if text(value)],
            "gender": _GENDERS.get(patient.sex, "unknown"),
            "birthDate": patient.birth.isoformat() if patient.birth else None,
            "deceasedDateTime": patient.deceased_on.isoformat() if patient.deceased_on else None,
            "address": [address] if address else [],
            "contact": _guardian(patient),
        }
    )


def _extensions(patient: PatientRow) -> list[Resource]:
    gender = None
    if patient.gender != GENDERS[0]:
        said = concept(GENDER_WORDS.get(patient.gender, patient.gender))
        gender = {"url": _GENDER_IDENTITY, "valueCodeableConcept": said}
    return present(
        gender,
        extension("birth-estimated", "Boolean", patient.birth_estimated),
        extension("dependent", "Boolean", patient.dependent),
        extension("provisional", "Code", patient.provisional),
    )


def _chart(number: int, use: str) -> Resource:
    sort = concept(_("Historia clínica"), coding(f"{TERMS}v2-0203", "MR"))
    return {"use": use, "type": sort, "system": f"{OURS}chart", "value": f"{number:06d}"}


def _guardian(patient: PatientRow) -> list[Resource]:
    name = text(patient.guardian)
    if name is None:
        return []
    relation = concept(_("Responsable"), coding(f"{TERMS}v3-RoleCode", "GUARD", "guardian"))
    return [{"relationship": [relation], "name": {"text": name}}]


def coverages(patient: PatientRow, subject: Resource) -> Iterator[Resource]:
    """The coverage that holds today."""
    payer = text(patient.payer)
    if payer is not None:
        yield {
            "resourceType": "Coverage",
            "id": named_id("coverage", str(patient.patient_id), payer),
            "status": "active",
            "beneficiary": subject,
            "payor": [{"display": payer}],
        }


def blood_groups(patient: PatientRow, subject: Resource) -> Iterator[Resource]:
    """The blood group that the registry has, which is no laboratory's report."""
    if patient.blood_group != UNKNOWN_BLOOD:
        name = _("Grupo sanguíneo")
        yield {
            "resourceType": "Observation",
            "id": named_id("blood-group", str(patient.patient_id)),
            "status": "final",
            "code": concept(name, coding(LOINC, "882-1", "ABO and Rh group [Type] in Blood")),
            "subject": subject,
            "valueCodeableConcept": concept(patient.blood_group),
            "note": notes(_("Del registro de la persona, no de un informe de laboratorio.")),
        }
