"""What the registry knows of a patient, on paper: identity, contact, coverages, allergies, next turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.patients.papers import Paper
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.kit.names import age_text, full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import date

    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.kit.pdf import Document

_SEXES: Final = {"F": _("femenino"), "M": _("masculino"), "X": _("no binario")}


def summary(
    paper: Paper,
    allergies: Iterable[AllergyRow] | None,
    turns: Iterable[TurnRow],
    clinics: Mapping[int, str],
    stamp: Stamp,
) -> tuple[bytes, tuple[str, ...]]:
    """The pages, and the characters that no font has.

    `allergies` is None for who does not read the chart: then whether there are any is all that stands there.
    """
    from clinicdesk.kit.pdf import Document, Running

    patient = paper.patient
    name, chart = full_name(patient.family, patient.given), f"{_('HC')} {patient.chart_number:06d}"
    facts = " · ".join(filter(None, (patient.document or _("sin documento"), chart)))
    title = _("Resumen de paciente")
    document = Document(Running(name, facts, title, stamp.origin, stamp.line()), stamp.at)
    document.title(title)
    _facts(document, _("Identidad"), _identity(paper, stamp.at.date()))
    _facts(document, _("Contacto"), _contact(patient))
    _coverages(document, paper)
    _allergies(document, patient, allergies)
    _turns(document, turns, clinics)
    return document.finish(), document.missing


def _facts(document: Document, heading: str, facts: Iterable[tuple[str, str]]) -> None:
    from clinicdesk.kit.ink import Bold

    document.heading(heading)
    for label, fact in facts:
        document.paragraph(Bold(f"{label}: "), fact, after=1)


def _identity(paper: Paper, today: date) -> list[tuple[str, str]]:
    patient = paper.patient
    facts = [
        (_("Nombre"), full_name(patient.family, patient.given)),
        (_("Documentos"), ", ".join(paper.documents) or _("sin documento")),
        (_("Nacimiento"), _birth(patient, today)),
        (_("Sexo"), _SEXES.get(patient.sex, patient.sex)),
    ]
    if patient.deceased_on is not None:
        facts.append((_("Falleció"), f"{patient.deceased_on:%d/%m/%Y}"))
    return facts


def _birth(patient: PatientRow, today: date) -> str:
    if patient.birth is None:
        return _("sin registrar")
    about = f" ({_('estimada')})" if patient.birth_estimated else ""
    return f"{patient.birth:%d/%m/%Y}{about}, {age_text(patient.birth, patient.deceased_on or today)}"


def _contact(patient: PatientRow) -> list[tuple[str, str]]:
    unknown = _("sin registrar")
    return [
        (_("Teléfono"), patient.phone or unknown),
        (_("Correo"), patient.email or unknown),
        (_("Domicilio"), ", ".join(filter(None, (patient.address, patient.city))) or unknown),
    ]


def _coverages(document: Document, paper: Paper) -> None:
    from clinicdesk.kit.pdf import Head

    document.heading(_("Coberturas"))
    if not paper.coverages:
        document.paragraph(_("Particular: sin cobertura registrada."))
        return
    rows = [(row.payer, row.member_number or "", _day(row.since), _day(row.until)) for row in paper.coverages]
    heads = (_("Cobertura"), _("N.º de afiliado"), _("Desde"), _("Hasta"))
    document.table([Head(head) for head in heads], rows)


def _allergies(document: Document, patient: PatientRow, known: Iterable[AllergyRow] | None) -> None:
    """Never blank: none known, not asked, or held in the chart where the reader does not see which."""
    from clinicdesk.kit.pdf import Head

    document.heading(_("Alergias"))
    held = [row for row in known or () if row.until is None]
    if held:
        rows = [(row.substance, row.severity or "", row.reaction or "", _day(row.since)) for row in held]
        heads = (_("Sustancia"), _("Severidad"), _("Reacción"), _("Desde"))
        document.table([Head(head) for head in heads], rows)
    elif patient.allergy_status == "ninguna":
        document.paragraph(_("Ninguna conocida."))
    elif patient.allergy_status == "registradas" and known is None:
        document.paragraph(_("Registradas en la historia clínica; este papel no dice cuáles."))
    else:
        document.paragraph(_("Sin preguntar."))


def _turns(document: Document, turns: Iterable[TurnRow], clinics: Mapping[int, str]) -> None:
    from clinicdesk.kit.pdf import Head

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
    document.table([Head(head) for head in heads], rows)


def _day(day: date | None) -> str:
    return f"{day:%d/%m/%Y}" if day is not None else ""
