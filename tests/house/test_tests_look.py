"""Each test looks at something: an assert, an expected refusal, a wait, or a helper that does one of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.data import ROOT

FILES: Final = sorted((ROOT / "tests").rglob("test_*.py"))
WAITS: Final = frozenset(
    {"wait_for", "shows", "row_shows", "line_shows", "becomes", "hides", "raises", "fail"}
)
"""Methods that fail where what they speak of does not come; pressing a key or settling is none."""

RAISES: Final = {
    "tests/clinic/test_schemas.py::test_what_the_schema_allows_passes": "what it calls raises on a problem",
}
"""Tests that show by an exception that does not come, and which."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def module(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


@cache
def functions(path: Path) -> dict[str, Function]:
    """Functions of a file by name; those inside others and methods too, which a test of the file calls."""
    return {node.name: node for node in ast.walk(module(path)) if isinstance(node, Function)}


@cache
def imported(path: Path) -> dict[str, tuple[Path, str]]:
    """Where names of the tests' own come from: file and name there, empty for a whole module."""
    found: dict[str, tuple[Path, str]] = {}
    for node in ast.walk(module(path)):
        if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("tests"):
            continue
        base = ROOT.joinpath(*str(node.module).split("."))
        for each in node.names:
            whole = (base / each.name).with_suffix(".py")
            place = (whole, "") if whole.is_file() else (base.with_suffix(".py"), each.name)
            found[each.asname or each.name] = place
    return found


def callees(node: ast.AST, path: Path) -> Iterator[tuple[Path, str]]:
    """What a function names of this file's and of the tests' modules that it imports."""
    known = imported(path)
    given = {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}
    for each in ast.walk(node):
        if isinstance(each, ast.Name) and each.id not in given:
            yield known.get(each.id, (path, each.id))
        elif isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            where = known.get(each.value.id)
            if where is not None and not where[1]:
                yield where[0], each.attr


def is_a_look(node: ast.AST) -> bool:
    if isinstance(node, ast.Assert):
        return True
    return isinstance(node, ast.Attribute) and node.attr in WAITS


def looks(path: Path, name: str, seen: frozenset[tuple[Path, str]] = frozenset()) -> bool:
    """Whether a function looks at something, by itself or by what it calls."""
    here = (path, name)
    node = functions(path).get(name) if path.is_file() else None
    if node is None or here in seen:
        return False
    if any(is_a_look(each) for each in ast.walk(node)):
        return True
    return any(looks(*each, seen | {here}) for each in set(callees(node, path)))


def names_of_tests(path: Path) -> Iterator[str]:
    return (name for name in functions(path) if name.startswith("test_"))


def name_of(path: Path, name: str) -> str:
    return f"{path.relative_to(ROOT)}::{name}"


def test_every_test_can_fail() -> None:
    blind = {name_of(path, name) for path in FILES for name in names_of_tests(path) if not looks(path, name)}
    assert blind == set(RAISES)


@pytest.mark.parametrize(
    ("body", "is_seen"),
    [
        ("    pass", False),
        ("    desk.press('a')\n    desk.settle()", False),
        ("    assert 1", True),
        ("    desk.wait_for('a')", True),
        ("    with pytest.raises(KeyError):\n        {}['a']", True),
        ("    helper()", True),
        ("    other()", False),
    ],
)
def test_the_walk_tells_them_apart(tmp_path: Path, body: str, is_seen: bool) -> None:
    file = tmp_path / "test_made.py"
    file.write_text(f"def helper():\n    assert 1\ndef other():\n    other()\ndef test_it():\n{body}\n")
    assert looks(file, "test_it") is is_seen
