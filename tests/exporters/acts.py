"""Acts for the exporters' tests: of every kind, some hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from clinicdesk.clinic.audit.queries import ActRow
from clinicdesk.exporters._acts import Acts
from clinicdesk.kit.sheet import Stamp

AT: Final = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
STAMP: Final = Stamp("Bravo, Elsa", AT, "America/Lima", "Centro Norte")
PATIENT: Final = UUID(int=7)


def act(number: int = 1, **changes: Any) -> ActRow:
    """An act that only its changes tell from a doctor's opening of a chart."""
    values: dict[str, Any] = {
        "key": UUID(int=number),
        "at": AT + timedelta(seconds=number),
        "person": "u_lpaz",
        "role": "medico",
        "host": "desk-3/10.0.0.7",
        "clinic_id": 1,
        "patient_id": PATIENT,
        "what": "chart.open",
        "purpose": "TREAT",
        "outcome": "done",
        "refusal": None,
        "order_key": None,
        "subject": None,
        "session": UUID(int=99),
    }
    return ActRow(**(values | changes))


def acts_of(*rows: ActRow, by_page: int = 2) -> Acts:
    """These acts in pages."""
    pages = [rows[start : start + by_page] for start in range(0, len(rows), by_page)]
    return Acts(iter(pages), {1: "NORTE"})


VARIED: Final = (
    act(1),
    act(2, what="login", patient_id=None, purpose="OPER", host="192.0.2.4 escritorio"),
    act(3, what="user.reset", patient_id=None, purpose="ADMIN", subject="jibarra", person="u_admin"),
    act(4, what="chart.break_glass", purpose="BTG", outcome="refused", refusal="NotAllowed"),
    act(5, what="patient.register", patient_id=None, outcome="refused", refusal="DocumentKnown"),
    act(6, what="history.export", purpose="COPY", subject="pdf"),
    act(7, what="login.refused", person="k_gate", role="", host="", clinic_id=None, patient_id=None,
        subject="=HYPERLINK(1)", outcome="refused", refusal="LoginRefused", session=None),
    act(8, what="note.drop_draft", host="::1", clinic_id=2),
    act(10, what="session.logout", patient_id=None, purpose="OPER"),
    act(9, what="patient.search", patient_id=None, subject="  ", order_key=UUID(int=5)),
)  # fmt: skip
