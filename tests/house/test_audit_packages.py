"""The audit of packages: a known fault, a skipped or missing package is a failure; no data is said apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tools import audit_packages

WANTED = {"rich": "14.0", "typer": "0.26"}
GOOD: dict[str, Any] = {
    "dependencies": [
        {"name": "Rich", "version": "14.0", "vulns": []},
        {"name": "typer", "version": "0.26", "vulns": []},
    ]
}


def test_every_locked_package_is_looked_up() -> None:
    assert {"sqlalchemy", "hatchling", "pytest"} <= set(audit_packages.locked())


def test_nothing_against_the_lock() -> None:
    assert audit_packages.judged(GOOD, WANTED) == []


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"name": "rich", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}, "PYSEC-1, mended in none yet"),
        ({"name": "rich", "skip_reason": "not on PyPI"}, "skipped: not on PyPI"),
        (None, "not looked up"),
    ],
)
def test_what_is_at_fault_skipped_or_missing_is_a_problem(entry: dict[str, Any] | None, said: str) -> None:
    report = {"dependencies": [GOOD["dependencies"][1], *([entry] if entry else [])]}
    (problem,) = audit_packages.judged(report, WANTED)
    assert problem == f"rich 14.0: {said}"


def test_without_a_way_to_run_it_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert audit_packages.main() == 3
    assert "nothing was looked up" in capsys.readouterr().err


ALL_SKIPPED = '{"dependencies": [{"name": "rich", "skip_reason": "not found"}]}'


@pytest.mark.parametrize("words", ["echo ConnectionError >&2; exit 1", f"echo '{ALL_SKIPPED}'; exit 0"])
def test_without_advisory_data_that_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    fake = tmp_path / "pip-audit"
    fake.write_text(f"#!/bin/sh\n{words}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert audit_packages.main() == 3
    said = capsys.readouterr()
    assert "nothing was looked up" in said.err
    assert said.out == ""
