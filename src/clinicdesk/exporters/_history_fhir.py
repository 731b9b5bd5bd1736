"""The FHIR R4 document of a history: who, the sections, and the resources that they point to.

Nothing is invented: what the history does not know is left out. What FHIR has no place for has an extension
of ours; where each fact stands is in docs/history-fhir.md. The sections' narrative says all that they hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.attachments.rules import weight
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.letters.wording import standing_words
from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.patients.queries import AllergyRow
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.queries import DiagnosisRow, EntryRow, NoteRow
from clinicdesk.clinic.records.rules import UNSIGNED, leaves, value_text
from clinicdesk.clinic.records.wording import follow_up_text, late_text, treatment_text
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.exporters import History
from clinicdesk.exporters import _fhir_papers as papers
from clinicdesk.exporters import _fhir_person as registry
from clinicdesk.exporters import _fhir_plan as plan
from clinicdesk.exporters._fhir import (
    LOINC,
    TERMS,
    URIS,
    Resource,
    bare,
    catalogued,
    coding,
    concept,
    extension,
    moment,
    named_id,
    narrative,
    notes,
    paragraph,
    present,
    reference,
    rows_block,
    text,
)
from clinicdesk.exporters._fhir_clinical import allergies, medications, reports, vital_signs
from clinicdesk.exporters._fhir_held import Held
from clinicdesk.exporters._history_cover import KIND_WORDS
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _, plural

_CLASSES: Final = MappingProxyType(
    {
        "urgencia": ("EMER", "emergency"),
        "teleconsulta": ("VR", "virtual"),
        "internacion": ("IMP", "inpatient encounter"),
    }
)
_AMBULATORY: Final = ("AMB", "ambulatory")
_NO_ALLERGY: Final = MappingProxyType({"ninguna": "nilknown", "sin_preguntar": "notasked"})
_DOT: Final = " · "


class Document:
    """One history as resources, each entered once; `bundle` is the whole.

    Of the files in `inside` the bytes go with it: whoever writes the Bundle adds them as its last entries.
    """

    def __init__(self, history: History, stamp: Stamp, inside: frozenset[UUID] = frozenset()) -> None:
        zone = stamp.at.tzinfo
        if zone is None:
            raise ValueError("the stamp's time carries no zone")
        self._history, self._stamp, self._zone, self._inside = history, stamp, zone, inside
        self._patient = history.chart.patient
        self._today = stamp.at.date()
        self._held = Held(self._patient, zone)
        self._open = {row.id for row in history.chart.problems}
        self._entries = {entry.id for entry in history.chart.entries}

    def bundle(self) -> Resource:
        """Composition first, then whom it is about, then the rest in the order in which it is referred to."""
        stamp, delivery = self._stamp, self._history.delivery
        composition_id = named_id("composition", str(self._patient.patient_id), moment(stamp.at))
        self._held.add(registry.person(self._patient))
        sections = list(self._sections())
        author = self._held.practitioner(stamp.by)
        composition = bare(
            {
                "resourceType": "Composition",
                "id": composition_id,
                "language": "es",
                "status": "final",
                "type": concept(None, coding(LOINC, "11503-0", "Medical records")),
                "subject": self._held.subject,
                "date": moment(stamp.at),
                "author": [author] if author else [{"display": "clinicdesk"}],
                "title": _("Historia clínica"),
                "confidentiality": "R" if self._patient.sealed else "N",
                "custodian": self._held.organization(stamp.origin),
                "text": narrative(paragraph(self._opening())),
                "section": sections,
            }
        )
        entries = [_entry(composition), *map(_entry, self._held.all())]
        return {
            "resourceType": "Bundle",
            "identifier": {"system": URIS, "value": f"urn:uuid:{delivery or composition_id}"},
            "type": "document",
            "timestamp": moment(stamp.at),
            "entry": entries,
        }

    def _opening(self) -> str:
        patient, asked = self._patient, self._history.selection
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
        chart = self._history.chart
        yield self._of_person()
        held = [self._held.add(each) for each in allergies(chart.allergies, self._held.subject)]
        none = _NO_ALLERGY.get(self._patient.allergy_status, "unavailable")
        yield _section(
            _("Alergias"), ("48765-2", "Allergies"), held, map(_allergy_words, chart.allergies), none
        )
        problems = [self._condition(row, None) for row in chart.problems]
        yield _section(
            _("Problemas"), ("11450-4", "Problem list"), problems, map(_problem_words, chart.problems)
        )
        yield self._plans()
        prescribed = self._history.prescribed
        held = [self._held.add(each) for each in medications(prescribed, self._held.subject)]
        said = [self._prescribed_words(row) for row in prescribed]
        yield _section(_("Medicación"), ("10160-0", "History of Medication use"), held, said)
        yield self._vitals()
        observed = [self._observed_words(row) for row in self._history.observed]
        head = ("30954-2", "Relevant diagnostic tests/laboratory data")
        yield _section(_("Resultados"), head, self._reports(), observed)
        yield self._visits()
        yield self._letters()
        yield self._attachments()

    def _of_person(self) -> Resource:
        """What the registry knows, who pays and the blood group among it."""
        patient, subject = self._patient, self._held.subject
        held = [reference(patient.patient_id)]
        held += [self._held.add(each) for each in registry.coverages(patient, subject)]
        held += [self._held.add(each) for each in registry.blood_groups(patient, subject)]
        return _section(_("Persona"), None, held, registry.facts_of(patient))

    def _plans(self) -> Resource:
        """Treatments and controls; those of entries with the entry that orders them."""
        entries = self._history.chart.entries
        rows = plan.every_treatment(self._history.chart.treatments, entries)
        said = list(map(treatment_text, rows))
        held = [
            self._held.add(
                plan.treatment(row, self._held, plan.encounter_of(row, self._entries), self._today)
            )
            for row in rows
        ]
        for entry in entries:
            for control in entry.follow_ups:
                made = plan.follow_up(control, self._held, reference(entry.id), self._today)
                held.append(self._held.add(made))
                said.append(follow_up_text(control))
        head = ("18776-5", "Plan of care note")
        return _section(_("Tratamientos y controles"), head, held, said)

    def _vitals(self) -> Resource:
        patient, rows, gone = self._patient, self._history.vitals, self._history.chart.vitals_gone
        made = vital_signs(rows, patient, self._held.subject, self._zone)
        said = [f"{row.name} {row.value:f} {row.unit}{_DOT}{self._held.wall(row.at)}" for row in rows]
        for moved in gone:
            count = plural(moved.count, _("signo"), _("signos"))
            mark = moved.misplaced
            said.append(f"{self._held.wall(moved.at)}, {count}: {mark.words} ({mark.person})")
        return _section(
            _("Signos vitales"), ("8716-3", "Vital signs"), [self._held.add(each) for each in made], said
        )

    def _reports(self) -> list[Resource]:
        found = []
        rows = self._history.observed
        for report, values in reports(rows, self._patient, self._held.subject, self._zone):
            found.append(self._held.add(report))
            for value in values:
                self._held.add(value)
        return found

    def _letters(self) -> Resource:
        rows = self._history.letters
        held = [papers.letter(row, self._held, {each.number: each.id for each in rows}) for row in rows]
        return _section(
            _("Certificados y pedidos"), ("51852-2", "Letter"), held, map(self._letter_words, rows)
        )

    def _attachments(self) -> Resource:
        held, said = [], []
        for row in self._history.attachments:
            encounter = reference(row.record_id) if row.record_id in self._entries else None
            inside = row.id in self._inside
            held.append(papers.attachment(row, self._held, encounter, inside=inside))
            parts = (row.name, row.described, row.media_type, weight(row.size_bytes), row.voided_reason)
            said.append(_DOT.join(filter(None, (self._held.wall(row.at), *parts))))
        return _section(_("Adjuntos"), ("77599-9", "Additional documentation"), held, said)

    # Words of the narrative

    def _prescribed_words(self, row: PrescribedRow) -> str:
        days = f"{row.starts_at.astimezone(self._zone):%d/%m/%Y}"
        state = f"({row.state})" if row.state else ""
        return _DOT.join(filter(None, (f"{row.text} {state}".strip(), row.reason, row.doctor, days)))

    def _observed_words(self, row: ObservationRow) -> str:
        number = row.value_number
        value = (row.value_text or "") if number is None else f"{number:f} {row.unit or ''}"
        return _DOT.join(filter(None, (row.title, f"{row.name} {value}".strip(), self._held.wall(row.at))))

    def _letter_words(self, row: LetterRow) -> str:
        head = (str(row.number), row.kind, self._held.wall(row.issued_at), row.author_name, row.clinic_name)
        return "\n".join(filter(None, (_DOT.join(head), standing_words(row), row.text)))

    # Entries of the history

    def _visits(self) -> Resource:
        """A section for all entries, and one in it for each, whose narrative says the whole entry."""
        newest = not self._history.selection.oldest_first
        entries = sorted(self._history.chart.entries, key=lambda entry: entry.at, reverse=newest)
        code = ("46240-8", "History of Hospitalizations+Outpatient visits")
        whole = _section(_("Atenciones"), code, [], map(self._headline, entries))
        if entries:
            del whole["emptyReason"]
            whole["section"] = [self._visit(entry) for entry in entries]
        return whole

    def _visit(self, entry: EntryRow) -> Resource:
        """The Encounter, its notes and its attributes; its diagnoses come with it."""
        visit = self._encounter(entry)
        held = [visit, *(papers.note(note, entry, self._held) for note in entry.notes)]
        held += present(papers.unsigned(entry, self._held))
        if made := plan.answers(entry, self._held, visit):
            held.append(self._held.add(made))
        said = [*self._told(entry), *self._written(entry)]
        return {"title": text(self._headline(entry)), "text": narrative(*said), "entry": held}

    def _encounter(self, entry: EntryRow) -> Resource:
        diagnoses = [self._diagnosis_of(row, entry) for row in entry.diagnoses]
        code, display = _CLASSES.get(entry.kind, _AMBULATORY)
        gone = entry.misplaced is not None and entry.misplaced.gone
        encounter = {
            "resourceType": "Encounter",
            "id": str(entry.id),
            "text": narrative(*self._told(entry)),
            "extension": present(
                extension("corrects", "Uri", _urn(entry.corrects_id)),
                extension("corrected-by", "Uri", _urn(entry.corrected_id)),
                extension("written-late-at", "DateTime", self._late(entry)),
                extension("source", "String", text(entry.source)),
            ),
            "identifier": [{"system": URIS, "value": _urn(entry.visit_id)}] if entry.visit_id else [],
            "status": "entered-in-error" if gone else "finished",
            "class": coding(f"{TERMS}v3-ActCode", code, display),
            "type": [concept(KIND_WORDS.get(entry.kind, entry.kind))],
            "subject": self._held.subject,
            "participant": [
                *self._participant(entry.doctor, "ATND", "attender"),
                *self._participant(entry.entered_by, "ENT", "data entry person"),
            ],
            "period": {"start": self._held.at(entry.at)},
            "reasonCode": [concept(entry.title)] if text(entry.title) else [],
            "diagnosis": diagnoses,
            "serviceProvider": self._held.organization(entry.place),
        }
        return self._held.add(bare(encounter))

    def _late(self, entry: EntryRow) -> str | None:
        return self._held.at(entry.written_at) if entry.late_reason and entry.written_at else None

    def _participant(self, name: str | None, code: str, display: str) -> list[Resource]:
        who = self._held.practitioner(name)
        sort = concept(None, coding(f"{TERMS}v3-ParticipationType", code, display))
        return [{"type": [sort], "individual": who}] if who else []

    def _headline(self, entry: EntryRow) -> str:
        kind = KIND_WORDS.get(entry.kind, entry.kind)
        said = (self._held.wall(entry.at), kind, entry.doctor, entry.place, entry.title)
        return _DOT.join(filter(None, said))

    def _told(self, entry: EntryRow) -> Iterable[str]:
        """What an entry says beyond its notes: head, marks, diagnoses, what it orders, free attributes."""
        yield paragraph(self._headline(entry))
        yield from map(paragraph, filter(None, self._marks(entry)))
        for row in entry.diagnoses:
            yield paragraph(_problem_words(row))
        for treatment in entry.treatments:
            yield paragraph(_("Tratamiento: ") + treatment_text(treatment))
        for control in entry.follow_ups:
            yield paragraph(follow_up_text(control))
        told = [(path, value) for path, value in leaves(entry.attributes) if path != UNSIGNED]
        if told:
            yield rows_block(f"{path}: {value_text(value)}" for path, value in told)

    def _marks(self, entry: EntryRow) -> Iterable[str]:
        """Whose it is, where and when it was entered, by whom, what it puts right."""
        mark = entry.misplaced
        yield f"{mark.words} ({mark.person})" if mark else ""
        yield _("Ingresado en HC {:06d}").format(entry.own_chart) if entry.own_chart is not None else ""
        yield late_text(entry, self._zone)
        yield _("Cargado por {}").format(entry.entered_by) if entry.entered_by else ""
        yield _("Corrige: {}").format(entry.corrects_id) if entry.corrects_id else ""
        yield _("Corregido por: {}").format(entry.corrected_id) if entry.corrected_id else ""
        yield _("Importado de {source}").format(source=entry.source) if entry.source else ""

    def _written(self, entry: EntryRow) -> Iterable[str]:
        """Every word of its notes, and who signed them."""
        if UNSIGNED in entry.attributes:
            yield paragraph(_("Sin firmar:") + "\n" + str(entry.attributes[UNSIGNED]))
        for note in entry.notes:
            if note.amends_id:
                yield paragraph(_("Adenda"))
            yield paragraph(note.text)
            yield paragraph("\n".join(filter(None, self._signatures(note))))

    def _signatures(self, note: NoteRow) -> Iterable[str]:
        who = (note.author_name, note.author_license, self._held.wall(note.signed_at), note.hash.hex())
        yield _("Firmado por {who}").format(who=_DOT.join(filter(None, who)))
        yield from (cosigning.cosign_words(row, self._held.wall(row.at)) for row in note.cosignatures)
        yield cosigning.standing_words(note)

    def _diagnosis_of(self, row: DiagnosisRow, entry: EntryRow) -> Resource:
        """A diagnosis of an entry with its kind; the main one ranks first."""
        rank = {"rank": 1} if row.kind == "principal" else {}
        return bare({"condition": self._condition(row, entry), "use": concept(row.kind), **rank})

    def _condition(self, row: DiagnosisRow, entry: EntryRow | None) -> Resource:
        """A diagnosis, once, whether it stands in an entry, in the list of problems or in both."""
        sorts = ["problem-list-item"] if row.id in self._open else []
        sorts += ["encounter-diagnosis"] if row.record_id is not None else []
        presumed = row.certainty == "presuntivo"
        held = {
            "resourceType": "Condition",
            "id": str(row.id),
            "extension": present(extension("chronic", "Boolean", row.chronic)),
            "clinicalStatus": _status("condition-clinical", "resolved" if row.abated else "active"),
            "verificationStatus": _status("condition-ver-status", "provisional" if presumed else "confirmed"),
            "category": [
                concept(None, coding(f"{TERMS}condition-category", sort))
                for sort in sorts or ["problem-list-item"]
            ],
            "code": concept(row.text or row.code, catalogued(row.system, row.code, row.text)),
            "subject": self._held.subject,
            "encounter": reference(row.record_id) if row.record_id in self._entries else None,
            "onsetDateTime": row.onset.isoformat() if row.onset else None,
            "abatementDateTime": row.abated.isoformat() if row.abated else None,
            "recordedDate": self._held.at(entry.written_at or entry.at) if entry else None,
            "note": notes(origin_words(row.own_chart, row.misplaced)),
        }
        return self._held.add(bare(held))


def document(history: History, stamp: Stamp, inside: frozenset[UUID] = frozenset()) -> Resource:
    """The Bundle of a history; its last key is the list of entries."""
    return Document(history, stamp, inside).bundle()


def _entry(resource: Resource) -> Resource:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def _urn(row_id: UUID | None) -> str | None:
    return f"urn:uuid:{row_id}" if row_id else None


def _section(
    title: str,
    code: tuple[str, str] | None,
    held: list[Resource],
    said: Iterable[str],
    none: str = "unavailable",
) -> Resource:
    made = {
        "title": title,
        "code": concept(None, coding(LOINC, *code)) if code else None,
        "text": narrative(rows_block(said)),
        "entry": held,
    }
    if not held:
        reason = coding(f"{TERMS}list-empty-reason", none)
        made["emptyReason"] = concept(None, reason)
    return bare(made)


def _status(system: str, code: str) -> Resource | None:
    return concept(None, coding(f"{TERMS}{system}", code))


def _day(word: str, day: date | None) -> str:
    return f"{word} {day:%d/%m/%Y}" if day else ""


def _allergy_words(row: AllergyRow) -> str:
    days = (_day(_("desde"), row.since), _day(_("hasta"), row.until))
    return _DOT.join(filter(None, (row.substance, row.severity, row.reaction, row.category, *days)))


def _problem_words(row: DiagnosisRow) -> str:
    days = (_day(_("desde"), row.onset), _day(_("hasta"), row.abated))
    chronic = _("crónico") if row.chronic else ""
    origin = origin_words(row.own_chart, row.misplaced)
    named = f"{row.code} {row.text}".strip()
    return _DOT.join(filter(None, (named, row.kind, row.certainty, chronic, *days, origin)))
