"""Plug-ins are listed, named and asked for their title without the libraries that make paper."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("fpdf", "fontTools", "pymupdf_fonts", "PIL")


@pytest.mark.parametrize(
    "module",
    [
        "clinicdesk.kit.sheet",
        "clinicdesk.exporters.history_pdf",
        "clinicdesk.exporters.history_json",
        "clinicdesk.exporters.history_fhir",
        "clinicdesk.reports.day",
    ],
)
def test_nothing_heavy_comes_in_before_something_prints(module: str) -> None:
    code = f"import sys, {module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300
    )
    assert done.stdout.split() == []
