"""Histories made by hand for the exporters' tests."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.patients.misplaced import Misplaced
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.planning import FollowUpRow, TreatmentRow
from clinicdesk.clinic.records.queries import Chart, DiagnosisRow, EntryRow, NoteRow
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.exporters import History
from clinicdesk.kit.sheet import Stamp

ZONE: Final = "America/Argentina/Buenos_Aires"
STAMP: Final = Stamp(
    "Sosa, Marta", datetime(2026, 11, 23, 9, 42, tzinfo=ZoneInfo(ZONE)), ZONE, "Centro Norte"
)
FIRST: Final = datetime(2026, 10, 16, 12, 40, tzinfo=UTC)
NOTE: Final = (
    "Motivo: «dolor» torácico desde ayer, niega náuseas.\n"
    "Examen: TA 150/95 mmHg, FC 88. Murmullo vesicular conservado.\n\n"
    "Plan: ECG, control en una semana. Saturación ≥ 95 % → alta."
)


def patient(**changes: Any) -> PatientRow:
    """Rosa Quispe, or somebody made from her."""
    rosa = PatientRow(
        patient_id=UUID(int=1),
        chart_number=2210,
        family="Quispe Mamani",
        given="Rosa Elena",
        sex="F",
        birth=date(1981, 2, 3),
        birth_estimated=False,
        deceased_on=None,
        phone=None,
        email=None,
        address=None,
        city=None,
        allergy_status="registradas",
        version=1,
        document="DNI 28.431.907",
        payer="PAMI",
    )
    return replace(rosa, **changes)


def allergy(substance: str, severity: str | None = None, **changes: Any) -> AllergyRow:
    """An allergy that still holds."""
    return replace(AllergyRow(UUID(int=7), substance, None, None, severity, None, None), **changes)


def diagnosis(
    code: str = "I10", text: str = "Hipertensión esencial (primaria)", **changes: Any
) -> DiagnosisRow:
    """A confirmed main diagnosis."""
    row = DiagnosisRow(
        UUID(int=8),
        None,
        "CIE-10",
        code,
        text,
        "confirmado",
        "principal",
        False,
        None,
        None,
        UUID(int=1),
    )
    return replace(row, **changes)


def note(number: int, text: str = NOTE, **changes: Any) -> NoteRow:
    """A signed note whose hash follows from its number."""
    row = NoteRow(
        id=UUID(int=number),
        record_id=UUID(int=1000 + number),
        amends_id=None,
        text=text,
        author_id=5,
        author_name="Paz, Lucía",
        author_license="MN 123.456",
        signed_at=FIRST + timedelta(minutes=22),
        hash=hashlib.sha256(str(number).encode()).digest(),
    )
    return replace(row, **changes)


def entry(number: int = 1, **changes: Any) -> EntryRow:
    """A consultation, each number a week before the last."""
    row = EntryRow(
        id=UUID(int=1000 + number),
        visit_id=None,
        kind="consulta",
        at=FIRST - timedelta(weeks=number - 1),
        place="Centro Norte",
        doctor="Paz, Lucía",
        title=None,
        attributes={},
        source=None,
        patient_id=UUID(int=1),
        diagnoses=(diagnosis(),),
        notes=(note(number),),
    )
    return replace(row, **changes)


def medication(text: str, state: str = "vigente", **changes: Any) -> PrescribedRow:
    """A prescribed item."""
    row = PrescribedRow(
        UUID(int=9), text, None, state, FIRST, None, "Paz", None, None, UUID(int=9), UUID(int=1)
    )
    return replace(row, **changes)


def observation(number: str | None, **changes: Any) -> ObservationRow:
    """A potassium value."""
    value = None if number is None else Decimal(number)
    row = ObservationRow(
        UUID(int=10),
        UUID(int=11),
        "Ionograma",
        "laboratorio",
        FIRST,
        "2823-3",
        "Potasio",
        value,
        None,
        "mmol/L",
        UUID(int=1),
    )
    return replace(row, **changes)


def attachment(name: str, **changes: Any) -> AttachmentRow:
    """A file of the chart."""
    digest = hashlib.sha256(name.encode()).digest()
    known = ("application/pdf", 35_000, digest, None, None, "Ecografía de Rawson", "Paz, Lucía", FIRST)
    row = AttachmentRow(UUID(int=1), UUID(int=20), None, name, *known, None, None, None)
    return replace(row, **changes)


def letter(
    number: int = 7, text: str = "Certifico que Rosa Quispe recibió atención.", **changes: Any
) -> LetterRow:
    """A certificate."""
    digest = hashlib.sha256(f"letter {number}".encode()).digest()
    row = LetterRow(
        *(UUID(int=1), UUID(int=30 + number), number, "certificado", 5, "Paz, Lucía", "MN 123.456", FIRST),
        *(text, digest, "Quispe Mamani, Rosa Elena", "DNI 28.431.907", "Centro Norte"),
        visit_id=None,
        codes=(),
        replaces=None,
        zone=ZONE,
    )
    return replace(row, **changes)


def treatment(what: str = "Enalapril 10 mg", **changes: Any) -> TreatmentRow:
    """A treatment of the first entry that is followed today."""
    who = (UUID(int=1), UUID(int=70), UUID(int=1001))
    return replace(TreatmentRow(*who, what, date(2026, 11, 20), date(2026, 12, 22), "Paz, Lucía"), **changes)


def follow_up(what: str = "traer laboratorio", **changes: Any) -> FollowUpRow:
    """A control that the first entry asks for."""
    row = FollowUpRow(UUID(int=71), UUID(int=1001), date(2026, 12, 21), 5, "Paz, Lucía", what)
    return replace(row, **changes)


def chart(entries: tuple[EntryRow, ...] | None = None, **changes: Any) -> Chart:
    """A chart with something in every section."""
    entries = tuple(map(entry, (1, 2, 3))) if entries is None else entries
    made = Chart(
        patient=patient(),
        allergies=(
            allergy("Penicilina", "severa", reaction="urticaria", since=date(1999, 5, 1)),
            allergy("Polen"),
        ),
        problems=(
            diagnosis(chronic=True, onset=date(2010, 3, 1)),
            diagnosis("E11.9", "Diabetes mellitus no insulinodependiente", certainty="presuntivo"),
        ),
        vitals=(
            VitalRow(FIRST, "8480-6", "Tensión sistólica", Decimal("150"), "mmHg", UUID(int=12), UUID(int=1)),
        ),
        entries=entries,
        entries_total=len(entries),
    )
    return replace(made, **changes)


def history(entries: tuple[EntryRow, ...] | None = None, **changes: Any) -> History:
    """A whole history; changes are those of its chart."""
    made = chart(entries, **changes)
    earlier = tuple(replace(row, at=row.at - timedelta(days=30), value=Decimal("142")) for row in made.vitals)
    return History(
        chart=made,
        vitals=earlier + made.vitals,
        prescribed=(
            medication("Enalapril 10 mg, 1 comprimido cada 12 h", reason="hipertensión"),
            medication("Amoxicilina 500 mg", "vencida"),
        ),
        observed=(observation("6.40"), observation("4.1", at=FIRST - timedelta(days=90))),
    )


def varied() -> History:
    """Something of all that a history may have."""
    mark = Misplaced(
        UUID(int=1), "out", "record", UUID(int=2), UUID(int=3), 77, "otra persona", FIRST, "Paz", UUID(int=4)
    )
    addendum = note(9, "Se corrige la dosis.", amends_id=UUID(int=1), author_name="Gil, Álvaro")
    rows = (
        entry(1, notes=(note(1), addendum), diagnoses=(diagnosis(record_id=UUID(int=1001)),),
              treatments=(treatment(), treatment("Dieta", id=UUID(int=72), until=None,
                                                 ended_on=date(2026, 11, 22), ended_why="edema")),
              follow_ups=(follow_up(),)),
        entry(2, kind="urgencia", notes=(), title="Caída", attributes={"peso_kg": 72.5, "viajes": ["Perú"]},
              diagnoses=()),
        entry(3, notes=(), diagnoses=(), misplaced=mark),
        entry(4, kind="laboratorio", place="", doctor="", source="synthea", own_chart=12, diagnoses=()),
        # A text signed later: note and entry share their id.
        entry(5, notes=(note(5, id=UUID(int=1005)),), diagnoses=()),
    )  # fmt: skip
    made = history(
        rows, patient=patient(document_key="AR:DNI:28431907", name_in_use="Rosi", phone="11 5555-4444")
    )
    return replace(
        made,
        prescribed=(
            *made.prescribed,
            medication(
                "Metformina", "anulada", id=UUID(int=60), code="860975", system="RxNorm", ends_at=FIRST
            ),
        ),
        observed=(
            *made.observed,
            observation(
                None, id=UUID(int=61), value_text="Negativo", code="x y", system="Synthea", unit=None
            ),
        ),
        request="Oficio 221",
        delivery=UUID(int=99),
        attachments=(
            attachment("eco.pdf", record_id=UUID(int=1001)),
            attachment(
                "otra.png",
                id=UUID(int=21),
                voided_at=FIRST,
                voided_by="Paz, Lucía",
                voided_reason="de otra persona",
                width=12,
                height=7,
            ),
        ),
        letters=(letter(), letter(8, kind="interconsulta", voided_at=FIRST, void_reason="otra fecha")),
    )
