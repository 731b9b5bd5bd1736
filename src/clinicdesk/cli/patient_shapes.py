"""A patient whole, as they leave the command line: one JSON object, or one fact per line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clinicdesk.cli.shapes import patient_lines, patient_object
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clinicdesk.clinic.patients import details
    from clinicdesk.clinic.patients.queries import AllergyRow


@dataclass(frozen=True, slots=True)
class Whole:
    """A patient, and their allergies where the reader's role sees them."""

    known: details.PatientDetails
    allergies: tuple[AllergyRow, ...] | None


def details_object(whole: Whole, today: date) -> dict[str, Any]:
    """Everything, with the ids that other verbs take."""
    found = whole.known
    person = found.patient
    whose = person.patient_id
    return patient_object(person) | {
        "name_in_use": person.name_in_use,
        "gender": person.gender,
        "blood_group": person.blood_group,
        "dependent": person.dependent,
        "provisional": person.provisional,
        "documents": [_document(each, today) for each in found.documents],
        "phones": [_row(whose, each, "number", "kind", "note") for each in found.phones],
        "coverages": [
            _row(whose, each, "payer", "plan", "member_number", "since", "until") for each in found.coverages
        ],
        "authorisations": [
            _row(whose, each, "procedure", "number", "since", "until", "times")
            | {"coverage_id": opaque(whose, each.coverage_id)}
            for each in found.authorisations
        ],
        "contacts": [
            _row(whose, each, "relation", "name", "phone", "guardian", "emergency")
            | {"related": opaque(each.related_id, each.related_id) if each.related_id else None}
            for each in found.contacts
        ],
        "consents": [
            _row(whose, each, "purpose", "number", "granted", "evidence", "at") for each in found.consents
        ],
        "allergies": None
        if whole.allergies is None
        else [
            _row(whose, each, "substance", "severity", "reaction", "category", "since", "until")
            for each in whole.allergies
        ],
    }


def _row(whose: Any, row: Any, *names: str) -> dict[str, Any]:
    return {"id": opaque(whose, row.id)} | {name: getattr(row, name) for name in names}


def _document(row: details.DocumentRow, today: date) -> dict[str, Any]:
    return {
        "document": row.key,
        "expires_on": row.expires_on,
        "expired": row.has_expired(today),
        "void_reason": row.void_reason,
    }


def details_lines(whole: Whole, today: date, country: str) -> list[str]:
    """The same for people: what is known, one fact a line."""
    facts = (
        (*_facts(whole.known, today, country), *_allergies(whole)) if not whole.known.patient.closed else ()
    )
    return patient_lines(whole.known.patient, today) + [
        f"{title}: {value}" for title, value in facts if value
    ]


def _facts(found: details.PatientDetails, today: date, country: str) -> Iterable[tuple[str, str]]:
    from clinicdesk.clinic.patients.facts import FACTS, PURPOSE_WORDS, RELATION_WORDS
    from clinicdesk.clinic.patients.phones import shown

    for fact in (FACTS[name] for name in ("name_in_use", "gender", "blood_group", "dependent")):
        yield fact.label, "" if fact.unknown_of(found.patient) else fact.read(found.patient)
    for paper in found.documents:
        if paper.shown != found.patient.document or paper.expires_on or paper.void_reason:
            yield _("Documento"), _paper(paper, today)
    for phone in found.phones:
        yield _("Otro teléfono"), _joined(shown(phone.number, country), _said(phone.kind), phone.note)
    for cover in found.coverages:
        yield _("Cobertura"), _joined(cover.payer, cover.plan, cover.member_number, _until(cover.until))
    for each in found.authorisations:
        times = _("{} veces").format(each.times) if each.times > 1 else None
        yield _("Autorización"), _joined(each.number, each.procedure, times, _until(each.until))
    for close in found.contacts:
        roles = (_("responsable") if close.guardian else None, _("emergencia") if close.emergency else None)
        phone_text = shown(close.phone, country) or None
        yield _("Contacto"), _joined(close.name, RELATION_WORDS[close.relation], *roles, phone_text)
    for consent in found.consents:
        said = _("sí") if consent.granted else _("no")
        number = shown(consent.number, country) or None
        yield _("Consentimiento"), _joined(PURPOSE_WORDS[consent.purpose], number, said, consent.evidence)


def _allergies(whole: Whole) -> Iterable[tuple[str, str]]:
    status = whole.known.patient.allergy_status
    held = [row for row in whole.allergies or () if row.until is None]
    if not held:
        yield _("Alergias"), {"ninguna": _("ninguna conocida")}.get(status, _said(status))
    for row in held:
        yield _("Alergia"), _joined(row.substance, row.severity, row.reaction, row.category)


def _paper(paper: details.DocumentRow, today: date) -> str:
    if paper.void_reason:
        return _joined(paper.shown, _("anulado: {}").format(paper.void_reason))
    if paper.expires_on is None:
        return paper.shown
    word = _("venció el") if paper.has_expired(today) else _("vence el")
    return _joined(paper.shown, f"{word} {paper.expires_on:%d/%m/%Y}")


def _until(day: date | None) -> str | None:
    return _("hasta el {:%d/%m/%Y}").format(day) if day else None


def _said(word: str) -> str:
    return word.replace("_", " ")


def _joined(*parts: str | None) -> str:
    return " · ".join(filter(None, parts))
