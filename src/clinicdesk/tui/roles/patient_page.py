"""What the registry knows of the patient on the screen: identity, contact, coverage, allergies. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.kit.names import age_text, full_name
from clinicdesk.kit.text import fit
from clinicdesk.kit.words import _
from clinicdesk.tui.look import ALLERGY, SEVERE, Tone
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.parts.pager import wrapped

_LABEL = 14
_SEXES = {"F": _("femenino"), "M": _("masculino"), "X": _("no binario")}


def patient_page(patient: PatientRow, allergies: Iterable[AllergyRow], today: date, width: int) -> list[Cell]:
    """One fact a line, the allergies first."""
    facts = (
        (_("Nombre"), full_name(patient.family, patient.given)),
        (_("Documento"), patient.document or _("sin documento")),
        (_("Historia"), f"HC {patient.chart_number:06}"),
        (_("Nacimiento"), _birth(patient, today)),
        (_("Sexo"), _SEXES.get(patient.sex, patient.sex)),
        (_("Fallecimiento"), f"{patient.deceased_on:%d/%m/%Y}" if patient.deceased_on else ""),
        (_("Cobertura"), patient.payer or _("sin registrar")),
        (_("Teléfono"), phones.shown(patient.phone) or _("sin registrar")),
        (_("Correo"), patient.email or _("sin registrar")),
        (_("Domicilio"), ", ".join(filter(None, (patient.address, patient.city))) or _("sin registrar")),
    )
    lines: list[Cell] = [Bit(_("Alergias"), Tone.TITLE), *allergy_lines(patient, allergies, width), ""]
    for label, value in facts:
        if value:
            first, *others = wrapped(value, max(2, width - _LABEL))
            lines.append([Bit(fit(label, _LABEL)), *([first] if isinstance(first, Bit) else [])])
            lines += [[Bit(" " * _LABEL), each] for each in others if isinstance(each, Bit)]
    return lines


def _birth(patient: PatientRow, today: date) -> str:
    if patient.birth is None:
        return _("sin registrar")
    about = f" ({_('estimado')})" if patient.birth_estimated else ""
    return f"{patient.birth:%d/%m/%Y}{about}, {age_text(patient.birth, patient.deceased_on or today)}"


def allergy_lines(patient: PatientRow, allergies: Iterable[AllergyRow], width: int) -> list[Cell]:
    """One allergy a line; whether none are known, or nobody asked."""
    held = [row for row in allergies if row.until is None]
    if not held and patient.closed:
        return [Bit(_("ninguna registrada"))]
    if not held:
        none = patient.allergy_status == "ninguna"
        return [Bit(_("ninguna conocida")) if none else Bit(_("sin preguntar"), Tone.UNASKED)]
    lines: list[Cell] = []
    for row in held:
        mark = SEVERE if row.severity == "severa" else ALLERGY
        facts = (row.substance, row.severity, row.reaction, f"{row.since:%d/%m/%Y}" if row.since else "")
        lines += wrapped(f"{mark.glyph} {', '.join(filter(None, facts))}", width, mark.tone)
    return lines
