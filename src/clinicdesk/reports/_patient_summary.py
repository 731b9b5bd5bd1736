"""What the registry knows of a patient, on paper: who they are, who is close, coverages, allergies, turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.patients import phones, rules
from clinicdesk.clinic.patients.details import ContactRow, DocumentRow, PatientDetails
from clinicdesk.clinic.patients.facts import PERSON, PURPOSE_WORDS, RELATION_WORDS
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.kit.names import age_text, full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import date

    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.kit.pdf import Document

_SEXES: Final = {"F": _("femenino"), "M": _("masculino"), "X": _("no binario")}


@dataclass(frozen=True, slots=True)
class Summed:
    """What the summary tells; phones are written as they are dialled in `country`.

    `allergies` is None for who does not read the chart: then whether there are any is all that stands there.
    """

    known: PatientDetails
    allergies: tuple[AllergyRow, ...] | None
    turns: tuple[TurnRow, ...]
    clinics: Mapping[int, str]
    country: str


def summary(summed: Summed, stamp: Stamp) -> tuple[bytes, tuple[str, ...]]:
    """The pages, and the characters that no font has."""
    from clinicdesk.kit.pdf import Document, Running

    patient, today = summed.known.patient, stamp.at.date()
    name, chart = full_name(patient.family, patient.given), f"{_('HC')} {patient.chart_number:06d}"
    facts = " · ".join(filter(None, (patient.document or _("sin documento"), chart)))
    title = _("Resumen de paciente")
    document = Document(Running(name, facts, title, stamp.origin, stamp.line()), stamp.at)
    document.title(title)
    _facts(document, _("Identidad"), _identity(summed.known, today))
    _allergies(document, patient, summed.allergies)
    _facts(document, _("Contacto"), _contact(summed))
    _close(document, summed, today)
    _coverages(document, summed.known)
    _consents(document, summed)
    _turns(document, summed.turns, summed.clinics)
    return document.finish(), document.missing


def _facts(document: Document, heading: str, facts: Iterable[tuple[str, str]]) -> None:
    from clinicdesk.kit.ink import Bold

    document.heading(heading)
    for label, fact in facts:
        document.paragraph(Bold(f"{label}: "), fact, after=1)


def _table(document: Document, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from clinicdesk.kit.pdf import Head

    document.table([Head(head) for head in heads], rows)


def _identity(known: PatientDetails, today: date) -> list[tuple[str, str]]:
    patient = known.patient
    held = [_paper(each, today) for each in known.documents if not each.void_reason]
    facts = [
        (_("Nombre"), full_name(patient.family, patient.given)),
        *_said(patient, "name_in_use", "provisional"),
        (_("Documentos"), ", ".join(held) or _("sin documento")),
        (_("Nacimiento"), _birth(patient, today)),
        (_("Sexo"), _SEXES.get(patient.sex, patient.sex)),
        *_said(patient, "gender"),
        (_("Grupo sanguíneo"), PERSON["blood_group"].read(patient)),
        *_said(patient, "deceased_on"),
    ]
    if patient.united:
        facts.append((_("Fichas unidas"), ", ".join(f"{_('HC')} {each:06d}" for each in patient.united)))
    return facts


def _said(patient: PatientRow, *names: str) -> list[tuple[str, str]]:
    """Facts that are left out while nothing is said to them."""
    told = [PERSON[name] for name in names]
    return [(fact.label, fact.read(patient)) for fact in told if not fact.unknown_of(patient)]


def _paper(row: DocumentRow, today: date) -> str:
    if row.expires_on is None:
        return row.shown
    word = _("vencido el") if row.has_expired(today) else _("vence el")
    return f"{row.shown} ({word} {row.expires_on:%d/%m/%Y})"


def _birth(patient: PatientRow, today: date) -> str:
    if patient.birth is None:
        return _("sin registrar")
    about = f" ({_('estimada')})" if patient.birth_estimated else ""
    return f"{patient.birth:%d/%m/%Y}{about}, {age_text(patient.birth, patient.deceased_on or today)}"


def _contact(summed: Summed) -> list[tuple[str, str]]:
    patient, unknown = summed.known.patient, _("sin registrar")
    numbers = [phones.shown(patient.phone, summed.country)] if patient.phone else []
    for more in summed.known.phones:
        note = ", ".join(filter(None, (more.kind, more.note)))
        numbers.append(f"{phones.shown(more.number, summed.country)} ({note})")
    return [
        (_("Teléfonos") if len(numbers) > 1 else _("Teléfono"), "; ".join(numbers) or unknown),
        (_("Correo"), patient.email or unknown),
        (_("Domicilio"), ", ".join(filter(None, (patient.address, patient.city))) or unknown),
    ]


def _close(document: Document, summed: Summed, today: date) -> None:
    """Who answers for the patient, whom to call, who else is close; and that somebody is missing."""
    document.heading(_("Responsables y contactos"))
    patient, known = summed.known.patient, summed.known.contacts
    guarded = any(row.guardian for row in known)
    missing = rules.warnings_of(
        *(patient.birth, summed.country, today), dependent=patient.dependent, has_guardian=guarded
    )
    for sentence in missing if patient.deceased_on is None else ():
        document.paragraph(sentence)
    if not known:
        document.paragraph(_("Ninguno registrado."))
        return
    rows = [
        (_role(row), row.name, RELATION_WORDS[row.relation], phones.shown(row.phone, summed.country))
        for row in sorted(known, key=lambda row: (not row.guardian, not row.emergency))
    ]
    _table(document, (_("Es"), _("Nombre"), _("Vínculo"), _("Teléfono")), rows)


def _role(row: ContactRow) -> str:
    roles = (_("responsable") if row.guardian else "", _("emergencia") if row.emergency else "")
    return ", ".join(filter(None, roles)) or _("contacto")


def _coverages(document: Document, known: PatientDetails) -> None:
    document.heading(_("Coberturas"))
    if not known.coverages:
        document.paragraph(_("Particular: sin cobertura registrada."))
        return
    latest = sorted(known.coverages, key=lambda row: (row.until is None, row.until, row.id), reverse=True)
    rows = [
        (row.payer, row.plan or "", row.member_number or "", _day(row.since), _day(row.until))
        for row in latest
    ]
    _table(document, (_("Cobertura"), _("Plan"), _("N.º de afiliado"), _("Desde"), _("Hasta")), rows)
    if known.authorisations:
        payers = {row.id: row.payer for row in known.coverages}
        granted = [
            (row.number, payers.get(row.coverage_id, ""), row.procedure, str(row.times), _day(row.until))
            for row in known.authorisations
        ]
        heads = (_("Autorización"), _("Cobertura"), _("Práctica"), _("Veces"), _("Hasta"))
        _table(document, heads, granted)


def _allergies(document: Document, patient: PatientRow, known: Iterable[AllergyRow] | None) -> None:
    """Never blank: none known, not asked, or held in the chart where the reader does not see which."""
    document.heading(_("Alergias"))
    held = [row for row in known or () if row.until is None]
    if held:
        rows = [(row.substance, row.severity or "", row.reaction or "", _day(row.since)) for row in held]
        _table(document, (_("Sustancia"), _("Severidad"), _("Reacción"), _("Desde")), rows)
    elif patient.allergy_status == "ninguna":
        document.paragraph(_("Ninguna conocida."))
    elif patient.allergy_status == "registradas" and known is None:
        document.paragraph(_("Registradas en la historia clínica; este papel no dice cuáles."))
    else:
        document.paragraph(_("Sin preguntar."))


def _consents(document: Document, summed: Summed) -> None:
    """What the person said last to each purpose."""
    document.heading(_("Consentimientos"))
    if not summed.known.consents:
        document.paragraph(_("Sin preguntar."))
        return
    rows = [
        (
            PURPOSE_WORDS[row.purpose],
            _("sí") if row.granted else _("no"),
            phones.shown(row.number, summed.country),
            row.evidence,
        )
        for row in summed.known.consents
    ]
    _table(document, (_("Para"), _("Dijo"), _("Teléfono o correo"), _("Constancia")), rows)


def _turns(document: Document, turns: Iterable[TurnRow], clinics: Mapping[int, str]) -> None:
    document.heading(_("Próximos turnos"))
    rows = [
        (
            f"{turn.wall_start:%d/%m/%Y}",
            f"{turn.wall_start:%H:%M}" if turn.kind != "walk_in" else _("sin turno"),
            clinics.get(turn.clinic_id, ""),
            full_name(turn.doctor_family, turn.doctor_given),
            turn.procedure or "",
        )
        for turn in turns
    ]
    if not rows:
        document.paragraph(_("Ninguno."))
        return
    heads = (_("Día"), _("Hora"), _("Centro"), _("Profesional"), _("Práctica"))
    _table(document, heads, rows)


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day is not None else ""
