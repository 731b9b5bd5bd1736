"""Acts as CSV: one head, a row each, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

from clinicdesk.exporters.acts_csv import EXPORTER
from tests.exporters.acts import STAMP, VARIED, acts_of


def written() -> bytes:
    """All acts as the file holds them."""
    out = io.BytesIO()
    assert EXPORTER.write(acts_of(*VARIED), STAMP, out) == ()
    return out.getvalue()


def test_pages_become_one_table() -> None:
    rows = list(csv.DictReader(io.StringIO(written().decode(), newline="")))
    assert [row["what"] for row in rows] == [each.what for each in VARIED]
    assert rows[0] == {
        "at": "2026-11-21T12:00:01.123456+00:00", "user": "lpaz", "role": "medico", "host": "desk-3/10.0.0.7",
        "clinic": "NORTE", "patient": "00000000-0000-0000-0000-000000000007", "what": "chart.open",
        "purpose": "TREAT", "outcome": "done", "refusal": "", "subject": "",
        "session": "00000000-0000-0000-0000-000000000063", "key": "00000000-0000-0000-0000-000000000001",
        "order_key": "",
    }  # fmt: skip
    assert rows[7]["clinic"] == "2"


def test_a_name_typed_at_the_gate_is_no_formula() -> None:
    rows = list(csv.DictReader(io.StringIO(written().decode(), newline="")))
    assert rows[6]["subject"] == "'=HYPERLINK(1)"
    assert rows[6]["user"] == "k_gate"


def test_nothing_is_one_head() -> None:
    out = io.BytesIO()
    EXPORTER.write(acts_of(), STAMP, out)
    assert out.getvalue().count(b"\n") == 1
