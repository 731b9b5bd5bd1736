"""How a history leaves the command line: JSON objects, and lines in the order in which a doctor reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from clinicdesk.cli.shapes import patient_lines, patient_object, wall
from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.rules import UNSIGNED, leaves, value_text
from clinicdesk.clinic.records.wording import follow_up_text, late_text, treatment_text
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import date, tzinfo
    from uuid import UUID

    from clinicdesk.clinic.patients.misplaced import Misplaced
    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.prescriptions.queries import PrescribedRow
    from clinicdesk.clinic.records.measured import MovedVitals, VitalRow
    from clinicdesk.clinic.records.queries import Chart, CosignRow, DiagnosisRow, EntryRow, NoteRow


def entry_object(row: EntryRow) -> dict[str, Any]:
    """One entry of the history with its diagnoses and notes; `text` is the signed one, or the waiting one."""
    attributes = dict(row.attributes)
    waiting = attributes.pop(UNSIGNED, None)
    return {
        "id": opaque(row.patient_id, row.id),
        "type": row.kind,
        "at": row.at,
        "place": row.place,
        "doctor_name": row.doctor or None,
        "entered_by": row.entered_by,
        "corrects": opaque(row.patient_id, row.corrects_id) if row.corrects_id else None,
        "corrected_by": opaque(row.patient_id, row.corrected_id) if row.corrected_id else None,
        "schema_version": row.schema_version,
        "title": row.title,
        "signed": bool(row.notes),
        "text": row.notes[0].text if row.notes else waiting,
        "diagnoses": [diagnosis_object(each) for each in row.diagnoses],
        "attributes": attributes,
        "treatments": [
            {name: getattr(each, name) for name in ("what", "since", "until", "ended_on", "ended_why")}
            for each in row.treatments
        ],
        "follow_ups": [
            {name: getattr(each, name) for name in ("due_on", "doctor", "what")} for each in row.follow_ups
        ],
        "notes": [note_object(row.patient_id, each) for each in row.notes],
        "written_at": row.written_at if row.late_reason else None,
        "late_reason": row.late_reason,
        "source": row.source,
        "own_chart": row.own_chart,
        "misplaced": _mark_object(row.misplaced),
    }


def _mark_object(mark: Misplaced | None) -> dict[str, Any] | None:
    """Whose an entry is, where it was entered for the wrong person."""
    if mark is None:
        return None
    names = ("way", "other_chart", "reason", "at", "person")
    return {name: getattr(mark, name) for name in names}


def _origin_object(row: DiagnosisRow | VitalRow | PrescribedRow) -> dict[str, Any]:
    """Under which other number it was entered."""
    return {"own_chart": row.own_chart, "misplaced": _mark_object(row.misplaced)}


def note_object(patient_id: UUID, row: NoteRow) -> dict[str, Any]:
    """A signed note; `amends` is the note that an addendum adds to."""
    return {
        "id": opaque(patient_id, row.id),
        "amends": opaque(patient_id, row.amends_id) if row.amends_id else None,
        "text": row.text,
        "author": row.author_name,
        "license": row.author_license,
        "signed_at": row.signed_at,
        "hash": row.hash,
        "standing": row.standing.value,
        "cosignatures": [_cosign_object(each) for each in row.cosignatures],
    }


def _cosign_object(row: CosignRow) -> dict[str, Any]:
    names = ("verdict", "reason", "at", "hash")
    return {"by": row.person_name, "license": row.person_license} | {
        name: getattr(row, name) for name in names
    }


def diagnosis_object(row: DiagnosisRow) -> dict[str, Any]:
    """A diagnosis as stated."""
    names = ("system", "code", "text", "certainty", "kind", "chronic", "onset", "abated")
    return {name: getattr(row, name) for name in names} | _origin_object(row)


def _prescribed_object(row: PrescribedRow) -> dict[str, Any]:
    names = ("text", "code", "state", "starts_at", "ends_at", "doctor", "reason")
    said = {"id": opaque(row.patient_id, row.prescription_id)} | {name: getattr(row, name) for name in names}
    return said | _origin_object(row)


def _vital_object(row: VitalRow) -> dict[str, Any]:
    said = {name: getattr(row, name) for name in ("at", "code", "name", "value", "unit")}
    return {"id": opaque(row.patient_id, row.id)} | said | _origin_object(row)


def _moved_object(row: MovedVitals) -> dict[str, Any]:
    return {"at": row.at, "count": row.count, "misplaced": _mark_object(row.misplaced)}


def chart_object(chart: Chart, prescribed: tuple[PrescribedRow, ...]) -> dict[str, Any]:
    """A whole history, its parts in reading order."""
    allergy = ("substance", "category", "reaction", "severity", "since", "until")
    return {
        "patient": patient_object(chart.patient),
        "allergies": [{name: getattr(row, name) for name in allergy} for row in chart.allergies],
        "problems": [diagnosis_object(row) for row in chart.problems],
        "treatments": [
            {"id": opaque(row.patient_id, row.id), "what": row.what, "since": row.since, "until": row.until}
            for row in chart.treatments
        ],
        "prescriptions": [_prescribed_object(row) for row in prescribed],
        "vitals": [_vital_object(row) for row in chart.vitals],
        "vitals_gone": [_moved_object(row) for row in chart.vitals_gone],
        "entries": [entry_object(row) for row in chart.entries],
        "entries_total": chart.entries_total,
    }


def chart_lines(
    chart: Chart, prescribed: tuple[PrescribedRow, ...], today: date, zone: tzinfo
) -> Iterator[str]:
    """Identity, alerts, what holds today, then entries newest first: one fact a line."""
    yield from patient_lines(chart.patient, today)
    in_force = [_with_origin(row.text, row) for row in prescribed if row.state == "vigente"]
    gone = [row.text for row in prescribed if row.misplaced is not None and row.misplaced.gone]
    measured = [_vital(row, zone) for row in chart.vitals]
    measured += [f"{wall(row.at, zone)} · {_marked(row.misplaced)}" for row in chart.vitals_gone]
    sections = (
        (_("Alergias"), _allergies(chart), _no_allergy(chart.patient)),
        (_("Problemas"), [_diagnosis(row) for row in chart.problems], _("ninguno registrado")),
        (_("Tratamientos"), [treatment_text(row) for row in chart.treatments], _("ninguno activo")),
        (_("Medicación"), in_force + gone, _("ninguna registrada")),
        (_("Signos vitales"), measured, _("ninguno registrado")),
    )
    for title, facts, none in sections:
        yield ""
        yield f"{title}:" if facts else f"{title}: {none}"
        yield from (f"  {fact}" for fact in facts)
    yield ""
    shown, total = len(chart.entries), chart.entries_total
    said = _("Registros: {total}") if shown == total else _("Registros: {shown} de {total}, los últimos")
    yield said.format(shown=shown, total=total)
    for row in chart.entries:
        yield ""
        yield from entry_lines(row, zone)


def _allergies(chart: Chart) -> list[str]:
    held = (row for row in chart.allergies if row.until is None)
    return [" · ".join(filter(None, (row.substance, row.severity, row.reaction))) for row in held]


def _no_allergy(patient: PatientRow) -> str:
    """Not asked is not the same as none."""
    return _("ninguna conocida") if patient.allergy_status == "ninguna" else _("sin preguntar")


def _diagnosis(row: DiagnosisRow) -> str:
    chronic = _("crónico") if row.chronic else None
    presumed = row.certainty if row.certainty != "confirmado" else None
    return _with_origin(" · ".join(filter(None, (f"{row.code} {row.text}".strip(), presumed, chronic))), row)


def _vital(row: VitalRow, zone: tzinfo) -> str:
    return _with_origin(f"{row.name}: {row.value:f} {row.unit} · {wall(row.at, zone)}", row)


def _with_origin(said: str, row: DiagnosisRow | VitalRow | PrescribedRow) -> str:
    return " · ".join(filter(None, (said, origin_words(row.own_chart, row.misplaced))))


def _marked(mark: Misplaced) -> str:
    return f"{mark.words} ({mark.person})"


def _trace(row: EntryRow) -> Iterator[str]:
    """Who entered it for another doctor, what it puts right, what puts it right."""
    if row.entered_by:
        yield "  " + _("Cargado por {}").format(row.entered_by)
    if row.corrects_id:
        yield "  " + _("Corrige: {}").format(opaque(row.patient_id, row.corrects_id))
    if row.corrected_id:
        yield "  " + _("Corregido por: {}").format(opaque(row.patient_id, row.corrected_id))


def entry_lines(row: EntryRow, zone: tzinfo) -> Iterator[str]:
    """One entry: what, when, who and where, then its diagnoses and every word of its notes."""
    who = " · ".join(filter(None, (row.doctor, row.place)))
    yield f"{wall(row.at, zone)} · {row.kind} · {who}".removesuffix(" · ")
    if row.misplaced is not None:
        yield "  " + _marked(row.misplaced)
    if row.own_chart is not None:
        yield "  " + _("Ingresado en HC {:06d}").format(row.own_chart)
    if row.late_reason:
        yield f"  {late_text(row, zone)}"
    if row.title:
        yield f"  {row.title}"
    yield from (f"  {_diagnosis(each)}" for each in row.diagnoses)
    yield from (f"  {_('Tratamiento')}: {treatment_text(each)}" for each in row.treatments)
    yield from (f"  {follow_up_text(each)}" for each in row.follow_ups)
    yield from _trace(row)
    yield from (
        f"  {path}: {value_text(value)}" for path, value in leaves(row.attributes) if path != UNSIGNED
    )
    if UNSIGNED in row.attributes:
        yield "  " + _("Sin firmar:")
        yield from (f"  {line}" for line in str(row.attributes[UNSIGNED]).split("\n"))
    for note in row.notes:
        if note.amends_id:
            yield "  " + _("Adenda:")
        yield from (f"  {line}" for line in note.text.split("\n"))
        signature = " · ".join(filter(None, (note.author_name, note.author_license)))
        yield "  " + _("Firmado por {who} · {at}").format(who=signature, at=wall(note.signed_at, zone))
        yield from (f"  {cosigning.cosign_words(each, wall(each.at, zone))}" for each in note.cosignatures)
        if missing := cosigning.standing_words(note):
            yield f"  {missing}"
        yield f"  Nota: {opaque(row.patient_id, note.id)}"
    yield f"  Id: {opaque(row.patient_id, row.id)}"
