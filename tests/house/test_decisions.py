"""Decisions are numbered, short, and none of the libraries is there without a reason."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest
from packaging.utils import canonicalize_name

from tests.data import ROOT
from tests.house.files import name
from tests.house.test_requirements import LOCKS, required

DECISIONS: Final = sorted((ROOT / "docs" / "decisions").iterdir())
FIELDS: Final = ("Context", "Decision", "Why", "Cost", "Where")


@pytest.mark.parametrize("file", DECISIONS, ids=name)
def test_a_decision_is_a_title_and_five_lines(file: Path) -> None:
    title, *rest = file.read_text().splitlines()
    number = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.md", file.name)
    assert number, "named NNNN-what-was-decided.md"
    assert title.startswith(f"# {number[1]} ")
    lines = [line for line in rest if line]
    assert [line.partition(":")[0].strip("- *") for line in lines] == list(FIELDS)


def test_the_numbers_are_taken_once_and_in_order() -> None:
    assert [file.name[:4] for file in DECISIONS] == [f"{n:04}" for n in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize(
    "package", sorted({canonicalize_name(item.name) for lock in LOCKS for item in required(lock)})
)
def test_each_dependency_has_its_reason(package: str) -> None:
    assert any(f"`{package}`" in file.read_text() for file in DECISIONS)
