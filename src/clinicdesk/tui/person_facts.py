"""Everything the counter knows of one person, one fact a line. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.details import (
    AuthorisationRow,
    ConsentRow,
    ContactRow,
    CoverageRow,
    DocumentRow,
    PatientDetails,
)
from clinicdesk.clinic.patients.facts import PERSON, PURPOSE_WORDS, RELATION_WORDS
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.parts.bits import bits_of
from clinicdesk.tui.parts.pager import wrapped
from clinicdesk.tui.turn_lists import sealed_bit

_LABEL: Final = 13


def fact_lines(known: PatientDetails, country: str, today: date, width: int) -> list[Cell]:
    """Label and text of each. Of the first it is said when they are unknown; others are left out then."""
    if known.patient.closed:
        return [
            [Bit(" "), sealed_bit(), Bit(f"  {_('El paciente restringió quién ve sus datos.')}")],
            f" {_('Los ve quien lo atiende, y la recepción que hoy lo espera.')}",
        ]
    lines: list[Cell] = []
    for label, text in _facts(known, country, today):
        for at, part in enumerate(wrapped(text, max(2, width - _LABEL - 1))):
            lines.append([Bit(f" {label if at == 0 else '':<{_LABEL}}"), *bits_of(part)])
    return lines


def _facts(known: PatientDetails, country: str, today: date) -> Iterator[tuple[str, str]]:
    person, unknown = known.patient, _("sin registrar")
    born = f"{person.birth:%d/%m/%Y}" if person.birth else _("sin fecha")
    yield _("Nacimiento"), f"{born} {_('(estimada)')}" if person.birth_estimated else born
    yield _("Teléfono"), phones.shown(person.phone, country) or unknown
    for more in known.phones:
        note = f" ({', '.join(filter(None, (more.kind, more.note)))})"
        yield "", phones.shown(more.number, country) + note
    yield _("Correo"), person.email or unknown
    yield _("Domicilio"), person.address or unknown
    yield _("Localidad"), person.city or unknown
    holding = [each for each in known.coverages if not each.is_over(today)]
    yield _("Cobertura"), "; ".join(map(_coverage, holding)) or _("particular")
    if person.deceased_on is not None:
        yield _("Falleció"), f"{person.deceased_on:%d/%m/%Y}"
    yield from _said_of_them(known)
    yield from _headed(_("Cob. antes"), [_coverage(each) for each in known.coverages if each.is_over(today)])
    yield from _headed(_("Autorización"), map(_authorisation, known.authorisations))
    for contact in known.contacts:
        yield _contact_label(contact), _contact(contact, country)
    yield from _papers(known, today)
    yield from _headed(_("Permisos"), (_consent(said, country) for said in known.consents))


def _said_of_them(known: PatientDetails) -> Iterator[tuple[str, str]]:
    person = known.patient
    for fact in (PERSON[name] for name in ("provisional", "name_in_use", "gender", "blood_group")):
        if not fact.unknown_of(person):
            yield fact.short_label, fact.read(person)
    if person.dependent:
        yield _("Dependiente"), _("a cargo de otra persona")


def _headed(label: str, texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The label stands at the first."""
    for number, text in enumerate(texts):
        yield label if number == 0 else "", text


def _papers(known: PatientDetails, today: date) -> Iterator[tuple[str, str]]:
    """The documents, where there is more to say than the header does."""
    if len(known.documents) > 1 or any(each.expires_on or each.void_reason for each in known.documents):
        yield from _headed(_("Documentos"), (_paper(each, today) for each in known.documents))


def _paper(row: DocumentRow, today: date) -> str:
    if row.void_reason:
        return f"{row.shown} ({_('ya no vale')}: {row.void_reason})"
    if row.expires_on is None:
        return row.shown
    return f"{row.shown} ({_('vencido') if row.has_expired(today) else _('vence')} {row.expires_on:%d/%m/%Y})"


def _coverage(row: CoverageRow) -> str:
    number = row.member_number and f"{_('n.º')} {row.member_number}"
    return " ".join(filter(None, (row.payer, row.plan, number, _period(row.since, row.until))))


def _authorisation(row: AuthorisationRow) -> str:
    times = f"× {row.times}" if row.times > 1 else ""
    return " ".join(filter(None, (f"{row.number}: {row.procedure}", times, _period(row.since, row.until))))


def _period(since: date | None, until: date | None) -> str:
    """`(desde 01/02/2026, hasta 31/12/2026)`, as far as there are such days."""
    first = f"{_('desde')} {since:%d/%m/%Y}" if since else ""
    last = f"{_('hasta')} {until:%d/%m/%Y}" if until else ""
    return f"({', '.join(filter(None, (first, last)))})" if first or last else ""


def _consent(row: ConsentRow, country: str) -> str:
    answer = _("sí") if row.granted else _("no")
    where = f", {phones.shown(row.number, country)}" if row.number else ""
    return f"{PURPOSE_WORDS.get(row.purpose, row.purpose)}: {answer}{where} ({row.evidence})"


def _contact_label(row: ContactRow) -> str:
    return _("Responsable") if row.guardian else _("Emergencia") if row.emergency else _("Contacto")


def _contact(row: ContactRow, country: str) -> str:
    relation = RELATION_WORDS.get(row.relation, row.relation)
    return " ".join(filter(None, (f"{row.name} ({relation})", phones.shown(row.phone, country))))
