"""The FHIR R4 document of a history: who, the sections, and the resources that they point to.

Nothing is invented: what the history does not know is left out, and what FHIR has no place for (marks,
free attributes) stands in the narrative of the entry's Encounter.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.queries import DiagnosisRow, EntryRow, NoteRow, Standing
from clinicdesk.clinic.records.wording import follow_up_text, late_text, treatment_text
from clinicdesk.exporters import History
from clinicdesk.exporters._fhir import (
    OURS,
    TERMS,
    Resource,
    bare,
    catalogued,
    coding,
    concept,
    document_identifier,
    moment,
    named_id,
    narrative,
    paragraph,
    reference,
    rows_block,
    text,
)
from clinicdesk.exporters._fhir_clinical import allergies, medications, reports, vital_signs
from clinicdesk.exporters._history_cover import KIND_WORDS
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _

_GENDERS: Final = MappingProxyType({"F": "female", "M": "male", "X": "other"})
_CLASSES: Final = MappingProxyType(
    {
        "urgencia": ("EMER", "emergency"),
        "teleconsulta": ("VR", "virtual"),
        "internacion": ("IMP", "inpatient encounter"),
    }
)
_AMBULATORY: Final = ("AMB", "ambulatory")
_FINAL: Final = (Standing.SIGNED, Standing.COSIGNED)


class Document:
    """One history as resources, each entered once; `bundle` is the whole."""

    def __init__(self, history: History, stamp: Stamp) -> None:
        zone = stamp.at.tzinfo
        if zone is None:
            raise ValueError("the stamp's time carries no zone")
        self._history, self._stamp, self._zone = history, stamp, zone
        self._patient_id = history.chart.patient.patient_id
        self._held: dict[str, Resource] = {}
        self._open = {row.id for row in history.chart.problems}
        self._entries = {entry.id for entry in history.chart.entries}

    def bundle(self) -> Resource:
        """Composition first, then whom it is about, then the rest in the order in which it is referred to."""
        stamp, delivery = self._stamp, self._history.delivery
        composition_id = named_id("composition", str(self._patient_id), moment(stamp.at))
        sections = self._sections_after_patient()
        author = self._practitioner(stamp.by, "")
        custodian = self._organization(stamp.origin)
        composition = bare(
            {
                "resourceType": "Composition",
                "id": composition_id,
                "status": "final",
                "type": concept(None, coding("http://loinc.org", "11503-0", "Medical records")),
                "subject": self._subject(),
                "date": moment(stamp.at),
                "author": [author] if author else [{"display": "clinicdesk"}],
                "title": _("Historia clínica"),
                "custodian": custodian,
                "text": narrative(paragraph(self._opening())),
                "section": sections,
            }
        )
        entries = [_entry(composition), *map(_entry, self._held.values())]
        return {
            "resourceType": "Bundle",
            "identifier": {
                "system": "urn:ietf:rfc:3986",
                "value": f"urn:uuid:{delivery or composition_id}",
            },
            "type": "document",
            "timestamp": moment(stamp.at),
            "entry": entries,
        }

    def _sections_after_patient(self) -> list[Resource]:
        self._add(_patient(self._history.chart.patient))
        return list(self._sections())

    def _opening(self) -> str:
        patient, asked = self._history.chart.patient, self._history.selection
        who = full_name(patient.family, patient.given)
        lines = [f"{who} · {patient.document} · HC {patient.chart_number:06d}", self._stamp.line()]
        if self._history.request:
            lines.append(_("Pedido: {request}").format(request=self._history.request))
        if asked.partial:
            said = _("Copia parcial: {here} de {all} registros, desde {since} hasta {until}, tipos {kinds}.")
            lines.append(
                said.format(
                    here=len(self._history.chart.entries),
                    all=self._history.chart.entries_total,
                    since=asked.since or "–",
                    until=asked.until or "–",
                    kinds=", ".join(asked.kinds) or _("todos"),
                )
            )
        return "\n".join(lines)

    # Sections

    def _sections(self) -> Iterable[Resource]:
        history, subject = self._history, self._subject()
        patient = history.chart.patient
        held = [self._add(each) for each in allergies(history.chart.allergies, subject)]
        none = {"ninguna": "nilknown", "sin_preguntar": "notasked"}.get(patient.allergy_status, "unavailable")
        said = [row.substance for row in history.chart.allergies]
        yield _section(_("Alergias"), ("48765-2", "Allergies"), held, said, none)
        problems = [self._condition(row, None) for row in history.chart.problems]
        said = [f"{row.code} {row.text}" for row in history.chart.problems]
        yield _section(_("Problemas"), ("11450-4", "Problem list"), problems, said)
        held = [self._add(each) for each in medications(history.prescribed, subject)]
        said = [f"{row.text} ({row.state})" for row in history.prescribed]
        yield _section(_("Medicación"), ("10160-0", "History of Medication use"), held, said)
        held = [self._add(each) for each in vital_signs(history.vitals, patient, subject, self._zone)]
        said = [f"{row.name} {row.value:f} {row.unit}" for row in history.chart.vitals]
        yield _section(_("Signos vitales"), ("8716-3", "Vital signs"), held, said)
        held = self._reports(subject)
        said = list(dict.fromkeys(row.title for row in history.observed))
        yield _section(_("Resultados"), ("30954-2", "Relevant diagnostic tests/laboratory data"), held, said)
        held = [each for entry in self._ordered() for each in self._visit(entry)]
        said = [self._headline(entry) for entry in self._ordered()]
        yield _section(
            _("Atenciones"), ("46240-8", "History of Hospitalizations+Outpatient visits"), held, said
        )

    def _ordered(self) -> list[EntryRow]:
        newest = not self._history.selection.oldest_first
        return sorted(self._history.chart.entries, key=lambda entry: entry.at, reverse=newest)

    def _reports(self, subject: Resource) -> list[Resource]:
        patient, found = self._history.chart.patient, []
        for report, values in reports(self._history.observed, patient, subject, self._zone):
            found.append(self._add(report))
            for value in values:
                self._add(value)
        return found

    # An entry of the history

    def _visit(self, entry: EntryRow) -> list[Resource]:
        """The Encounter, its notes; its diagnoses come with it."""
        diagnoses = [self._condition(row, entry) for row in entry.diagnoses]
        doctor = self._practitioner(entry.doctor, "")
        code, display = _CLASSES.get(entry.kind, _AMBULATORY)
        gone = entry.misplaced is not None and entry.misplaced.gone
        encounter = {
            "resourceType": "Encounter",
            "id": str(entry.id),
            "text": narrative(*self._told(entry)),
            "status": "entered-in-error" if gone else "finished",
            "class": coding(f"{TERMS}v3-ActCode", code, display),
            "type": [concept(KIND_WORDS.get(entry.kind, entry.kind))],
            "subject": self._subject(),
            "participant": [{"individual": doctor}] if doctor else [],
            "period": {"start": moment(entry.at.astimezone(self._zone))},
            "reasonCode": [concept(entry.title)] if text(entry.title) else [],
            "diagnosis": [{"condition": each} for each in diagnoses],
            "serviceProvider": self._organization(entry.place),
        }
        visit = self._add(bare(encounter))
        return [visit, *(self._note(note, entry) for note in entry.notes)]

    def _headline(self, entry: EntryRow) -> str:
        at = f"{entry.at.astimezone(self._zone):%d/%m/%Y %H:%M}"
        said = (at, KIND_WORDS.get(entry.kind, entry.kind), entry.doctor, entry.place, entry.title)
        return " · ".join(filter(None, said))

    def _told(self, entry: EntryRow) -> Iterable[str]:
        """What an entry says beyond codes: its head, its marks, its free attributes."""
        yield paragraph(self._headline(entry))
        if entry.misplaced is not None:
            yield paragraph(entry.misplaced.words)
        if entry.own_chart is not None:
            yield paragraph(_("Ingresado en HC {:06d}").format(entry.own_chart))
        if late := late_text(entry, self._zone):
            yield paragraph(late)
        for treatment in entry.treatments:
            yield paragraph(_("Tratamiento: ") + treatment_text(treatment))
        for control in entry.follow_ups:
            yield paragraph(follow_up_text(control))
        if entry.source:
            yield paragraph(_("Importado de {source}").format(source=entry.source))
        if entry.attributes:
            yield rows_block(f"{name}: {_plainly(value)}" for name, value in entry.attributes.items())

    def _condition(self, row: DiagnosisRow, entry: EntryRow | None) -> Resource:
        """A diagnosis, once, whether it stands in an entry, in the list of problems or in both."""
        sorts = ["problem-list-item"] if row.id in self._open else []
        sorts += ["encounter-diagnosis"] if row.record_id is not None else []
        held = {
            "resourceType": "Condition",
            "id": str(row.id),
            "clinicalStatus": _status("condition-clinical", "resolved" if row.abated else "active"),
            "verificationStatus": _status(
                "condition-ver-status", "provisional" if row.certainty == "presuntivo" else "confirmed"
            ),
            "category": [
                concept(None, coding(f"{TERMS}condition-category", sort))
                for sort in sorts or ["problem-list-item"]
            ],
            "code": concept(row.text or row.code, catalogued(row.system, row.code, row.text)),
            "subject": self._subject(),
            "encounter": self._encounter_of(row),
            "onsetDateTime": row.onset.isoformat() if row.onset else None,
            "abatementDateTime": row.abated.isoformat() if row.abated else None,
            "recordedDate": moment(entry.at.astimezone(self._zone)) if entry else None,
        }
        return self._add(bare(held))

    def _encounter_of(self, row: DiagnosisRow) -> Resource | None:
        """The entry of a diagnosis, where this document has it."""
        return reference(row.record_id) if row.record_id in self._entries else None

    def _note(self, note: NoteRow, entry: EntryRow) -> Resource:
        """A signed note: its text as bytes, unchanged; who signed it; what it adds to."""
        author = self._practitioner(note.author_name, note.author_license)
        sort = ("81222-2", "Addendum Document") if note.amends_id else ("11506-3", "Progress note")
        body = base64.b64encode(note.text.encode("utf-8", "replace")).decode()
        made = {
            "resourceType": "DocumentReference",
            "id": _note_id(note.id),
            "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{note.id}"},
            "identifier": [{"system": f"{OURS}note-chain:sha256", "value": note.hash.hex()}],
            "status": "current",
            "docStatus": "final" if note.standing in _FINAL else "preliminary",
            "type": concept(None, coding("http://loinc.org", *sort)),
            "subject": self._subject(),
            "date": moment(note.signed_at.astimezone(self._zone)),
            "author": [author] if author else [],
            "authenticator": author,
            "description": text("\n".join(self._cosigned(note))),
            "relatesTo": self._added_to(note, entry),
            "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": body}}],
            "context": {"encounter": [reference(entry.id)]},
        }
        return self._add(bare(made))

    def _cosigned(self, note: NoteRow) -> Iterable[str]:
        """Who supervised it, and what it still waits for."""
        for row in note.cosignatures:
            yield cosigning.cosign_words(row, f"{row.at.astimezone(self._zone):%d/%m/%Y %H:%M}")
        yield cosigning.standing_words(note)

    @staticmethod
    def _added_to(note: NoteRow, entry: EntryRow) -> list[Resource]:
        if note.amends_id is None or all(each.id != note.amends_id for each in entry.notes):
            return []
        return [{"code": "appends", "target": reference(_note_id(note.amends_id))}]

    # Who

    def _subject(self) -> Resource:
        patient = self._history.chart.patient
        return reference(patient.patient_id, full_name(patient.family, patient.given))

    def _practitioner(self, name: str, license_number: str) -> Resource | None:
        """Who attended or signed, by name and matrícula; None where the history does not say."""
        said = text(name)
        if said is None:
            return None
        made = {
            "resourceType": "Practitioner",
            "id": named_id("practitioner", said, license_number),
            "identifier": _license(license_number),
            "name": [_human(*_parted(said))],
        }
        return self._add(bare(made), said)

    def _organization(self, name: str) -> Resource | None:
        said = text(name)
        if said is None:
            return None
        made = {"resourceType": "Organization", "id": named_id("organization", said), "name": said}
        return self._add(made, said)

    def _add(self, resource: Resource, display: str | None = None) -> Resource:
        """Enter a resource unless it is there; a reference to it."""
        known = self._held.setdefault(resource["id"], resource)
        if known is not resource and "recordedDate" in resource:
            known |= resource
        return reference(resource["id"], display)


def document(history: History, stamp: Stamp) -> Resource:
    """The Bundle of a history."""
    return Document(history, stamp).bundle()


def _entry(resource: Resource) -> Resource:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _note_id(note_id: UUID) -> str:
    """A note of an entry signed later has the entry's id: here each has its own."""
    return named_id("note", str(note_id))


def _section(
    title: str, code: tuple[str, str], held: list[Resource], said: list[str], none: str = "unavailable"
) -> Resource:
    made = {
        "title": title,
        "code": concept(None, coding("http://loinc.org", *code)),
        "text": narrative(rows_block(said)),
        "entry": held,
    }
    if not held:
        reason = coding(f"{TERMS}list-empty-reason", none)
        made["emptyReason"] = concept(None, reason)
    return bare(made)


def _status(system: str, code: str) -> Resource | None:
    return concept(None, coding(f"{TERMS}{system}", code))


def _license(number: str) -> list[Resource]:
    said = text(number)
    if said is None:
        return []
    sort = concept(_("Matrícula"), coding(f"{TERMS}v2-0203", "MD", "Medical License number"))
    return [{"type": sort, "system": f"{OURS}license", "value": said}]


def _parted(name: str) -> tuple[str, str]:
    family, _comma, given = name.partition(",")
    return family.strip(), given.strip()


def _human(family: str, given: str, use: str = "official") -> Resource:
    names = [text(name) for name in given.split()]
    return bare(
        {
            "use": use,
            "text": text(full_name(family, given)),
            "family": text(family),
            "given": [name for name in names if name],
        }
    )


def _patient(patient: PatientRow) -> Resource:
    """Who it is about: document, chart number, names, birth, how to reach them."""
    chart = {
        "type": concept(_("Historia clínica"), coding(f"{TERMS}v2-0203", "MR")),
        "system": f"{OURS}chart",
        "value": f"{patient.chart_number:06d}",
    }
    identity = document_identifier(patient.document_key)
    in_use = text(patient.name_in_use)
    telecom = [("phone", patient.phone), ("email", patient.email)]
    address = bare({"text": text(patient.address), "city": text(patient.city)})
    return bare(
        {
            "resourceType": "Patient",
            "id": str(patient.patient_id),
            "identifier": [each for each in (identity, chart) if each],
            "name": [
                _human(patient.family, patient.given),
                *([{"use": "usual", "text": in_use}] if in_use else []),
            ],
            "telecom": [{"system": sort, "value": text(value)} for sort, value in telecom if text(value)],
            "gender": _GENDERS.get(patient.sex, "unknown"),
            "birthDate": patient.birth.isoformat() if patient.birth else None,
            "deceasedDateTime": patient.deceased_on.isoformat() if patient.deceased_on else None,
            "address": [address] if address else [],
        }
    )


def _plainly(value: Any) -> str:
    """A free attribute in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plainly(held)}" for name, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_plainly, value))
    return "" if value is None else str(value)
