"""Each requirement of docs/security.md names a test that is there and a mutant of one line that fits."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

from tests.data import ROOT
from tools import security_mutants
from tools.security_mutants import CannotApplyError, Patch, Row

ROWS = security_mutants.rows()
SECTIONS = (
    "Passwords and the gate",
    "Sessions and lock",
    "Who may do what",
    "Charts: leases, break-glass, sealed",
    "Audit",
    "Backup",
    "Text and output",
    "Configuration and secrets",
    "What does not hold",
)


def names_of_tests(file: Path) -> set[str]:
    """Names of the test functions of a file, those of a class behind its name."""
    tree = ast.parse(file.read_text("utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    for group in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        found |= {f"{group.name}::{node.name}" for node in group.body if isinstance(node, ast.FunctionDef)}
    return found


def test_the_sections_stand_in_order() -> None:
    lines = (ROOT / security_mutants.DOCUMENT).read_text("utf-8").splitlines()
    assert tuple(line[3:] for line in lines if line.startswith("## ")) == SECTIONS


def test_there_are_rows() -> None:
    assert ROWS


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.number}:{row.mutant}")
def test_a_row_is_complete(row: Row) -> None:
    assert row.section in SECTIONS
    assert row.number.startswith(("ASVS ", "ONC (d)"))
    assert row.requirement
    assert row.how
    path, _, name = row.test.partition("::")
    assert (ROOT / path).is_file(), f"no file {path}"
    assert name.partition("[")[0] in names_of_tests(ROOT / path), f"no test {name} in {path}"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.mutant)
def test_a_mutant_fits_the_tree_and_is_no_change_of_a_test(row: Row) -> None:
    patch = security_mutants.patch_of(row.mutant)
    text = (ROOT / patch.path).read_text("utf-8")
    assert patch.applied(text) != text
    assert patch.path.startswith(("src/", "migrations/", "tools/", ".ci/", "deploy/"))


def test_each_patch_belongs_to_one_row() -> None:
    named = Counter(row.mutant for row in ROWS)
    assert [name for name, times in named.items() if times > 1] == []
    assert {file.stem for file in (ROOT / security_mutants.PATCHES).iterdir()} == set(named)


TWO_LINES = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n-b\n+c\n+d\n"
ONE_LINE = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"


@pytest.mark.parametrize("text", [TWO_LINES, ONE_LINE * 2, "", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n a\n"])
def test_more_or_less_than_one_line_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotApplyError):
        written(tmp_path, text)


def written(root: Path, text: str) -> Patch:
    folder = root / security_mutants.PATCHES
    folder.mkdir(parents=True)
    (folder / "one.patch").write_text(text)
    return security_mutants.patch_of("one", root)


def test_a_patch_finds_its_lines_wherever_they_moved_but_only_once(tmp_path: Path) -> None:
    patch = written(tmp_path, ONE_LINE)
    assert patch.applied("0\n0\na\nb\nz\n") == "0\n0\na\nc\nz\n"
    for text in ("a\nB\n", "a\nb\na\nb\n"):
        with pytest.raises(CannotApplyError):
            patch.applied(text)
