"""Inside the clinic: what a file of a slice may reach for, beyond what the import contracts can say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.data import ROOT
from tests.house.files import name, python_files

CLINIC: Final = ROOT / "src" / "clinicdesk" / "clinic"
FILES: Final = [file for file in python_files("src") if CLINIC in file.parents and file.parent != CLINIC]
RULES: Final = [file for file in FILES if file.name == "rules.py"]
# Rules decide about values they are given: they reach for no database, clock, file or chance.
NOT_IN_RULES: Final = {"sqlalchemy", "psycopg", "os", "io", "pathlib", "random", "secrets", "socket", "time"}
WRITES: Final = {"insert", "update", "delete", "upsert", "copy"}
NOT_IN_A_USE_CASE: Final = {"commit", "rollback", "begin", "begin_nested"}


def imported(file: Path) -> Iterator[str]:
    """Full names of what a file imports, `from a import b` as a.b."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or '.'}.{alias.name}" for alias in node.names)


def test_there_are_slices_to_look_at() -> None:
    assert {file.parent.name for file in FILES} >= {
        "access",
        "sites",
        "agendas",
        "patients",
        "turns",
        "admissions",
        "records",
    }
    assert RULES


@pytest.mark.parametrize("file", RULES, ids=name)
def test_rules_are_pure(file: Path) -> None:
    found = {module for module in imported(file) if module.partition(".")[0] in NOT_IN_RULES}
    assert found == set()
    assert not {module for module in imported(file) if module.endswith((".clock.now", ".model"))}


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_use_case_neither_commits_nor_checks_rights(file: Path) -> None:
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert calls.isdisjoint(NOT_IN_A_USE_CASE | {"may"})


def foreign_tables(file: Path) -> dict[str, str]:
    """Names taken from another slice's model, under the name they have in this file."""
    own = f"clinicdesk.clinic.{file.parent.name}.model"
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        if node.module.endswith(".model") and node.module != own
        for alias in node.names
    }


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_slice_writes_its_own_tables_alone(file: Path) -> None:
    foreign = foreign_tables(file)
    written = {
        argument.id: foreign[argument.id]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and called(node) in WRITES
        for argument in node.args[:1]
        if isinstance(argument, ast.Name) and argument.id in foreign
    }
    assert written == {}, "reading a lower slice's table is fine, writing it is that slice's business"


def called(call: ast.Call) -> str:
    """The bare name of what is called."""
    return str(getattr(call.func, "attr", None) or getattr(call.func, "id", ""))
