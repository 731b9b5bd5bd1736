"""Opening a chart is an act with its purpose, whichever way in is taken; what goes on with it is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from typing import Any, Final, get_type_hints
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.attachments import service as files
from clinicdesk.clinic.letters import service as letters
from clinicdesk.clinic.letters.rules import Said
from clinicdesk.clinic.usecases import View
from clinicdesk.kit.ids import new_id
from tests.clinic import catalogue
from tests.factories import Network, followed, new_patient, proven

LogIn = Callable[..., Session]
VIEWS: Final = {
    name: each for name, each in catalogue.functions().items() if isinstance(each, View) and each.chart
}
# What a query needs beside the patient, by the name of its field.
FILLED: Final[dict[str, Any]] = {
    "before": (datetime(2026, 1, 1, tzinfo=UTC), UUID(int=1)),
    "code": "8480-6",
    "words": "reposo",
    "on": datetime(2026, 1, 1, tzinfo=UTC).date(),
}
CLOSED: Final = text(
    "UPDATE chart_leases SET until = now() - interval '2 hours', opened_at = now() - interval '2 hours'"
)
WRITTEN: Final = text(
    "SELECT what, purpose, outcome FROM acts WHERE person = 'u_lpaz' AND patient_id = :patient"
    " ORDER BY at, key"
)


def a_file(doctor: Session, patient_id: UUID) -> dict[str, Any]:
    order = files.Attach.of(b"informe", patient_id=patient_id, name="informe.txt")
    return {"id": doctor.desk().do(files.attach, order).id}


def a_letter(doctor: Session, patient_id: UUID) -> dict[str, Any]:
    order = letters.IssueLetter(
        patient_id=patient_id, kind="certificado", said=Said(days=2), **proven(doctor)
    )
    return {"number": doctor.desk().do(letters.issue_letter, order).number}


# Views that hand out one row, and refuse where there is none: what makes it, and says what the query names.
ROWS: Final[dict[str, Callable[[Session, UUID], dict[str, Any]]]] = {
    "attachment.export": a_file,
    "letter.print": a_letter,
}


def asked(view: View[Any, Any], patient_id: UUID, **row: Any) -> Any:
    """A query for a view about a patient; what it names of rows is of none, or of the one given."""
    hints = get_type_hints(view.run)
    made = next(kind for name, kind in hints.items() if name not in {"tx", "_tx", "return"})
    needed = [each.name for each in fields(made) if each.default is each.default_factory is MISSING]
    values = {name: new_id() if name.endswith("_id") else FILLED.get(name) for name in needed}
    return made(**values | {"patient_id": patient_id} | row)


def test_no_view_reads_clinical_content_but_through_a_chart() -> None:
    assert {"chart.open", "chart.again", "chart.more", "history.export", "note.verify"} <= VIEWS.keys()
    assert all(view.purpose in {"TREAT", "COPY", "RESULT", "AUDIT"} for view in VIEWS.values())


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_chart_is_opened_by_one_act_with_its_purpose(network: Network, log_in: LogIn, name: str) -> None:
    view, doctor = VIEWS[name], log_in("lpaz")
    patient_id = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, doctor)
    query = asked(view, patient_id, **(ROWS[name](doctor, patient_id) if name in ROWS else {}))

    def acts() -> list[tuple[str, str, str]]:
        with network.owner.connect() as owner:
            return [tuple(row) for row in owner.execute(WRITTEN, {"patient": patient_id})]

    def looked() -> list[tuple[str, str, str]]:
        before = acts()
        doctor.desk().see(view, query)
        return acts()[len(before) :]

    with network.owner.begin() as owner:
        owner.execute(CLOSED)
    what = name if view.act else "chart.open"
    assert looked() == [(what, view.purpose, "done")]
    assert looked() == ([(name, view.purpose, "done")] if view.act else [])
