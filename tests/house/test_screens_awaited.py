"""No test asks a screen for what is painted a moment later: it waits for it, or for a screen at rest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.data import ROOT

SCREEN = frozenset(("text", "line", "lines", "row_of"))
DRIVEN = frozenset(("wait_for", "settle", "act"))
"""Who has these is a terminal."""
MOVES = frozenset(("press", "send", "type", "wait_for", "resize"))
RESTS = frozenset(("settle", "act", "hides", "wait_end"))
"""After these nothing more is to come."""
FILES = sorted(each for folder in ("tui", "e2e") for each in (ROOT / "tests" / folder).glob("test_*.py"))


def calls(tree: ast.AST, names: frozenset[str]) -> Iterator[str]:
    """The variables on which a method of these names is called."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in names
            and isinstance(node.func.value, ast.Name)
        ):
            yield node.func.value.id


def blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    """Every run of statements."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            found = getattr(node, name, None)
            if isinstance(found, list):
                yield found


def looked_at(statement: ast.Assert) -> set[str]:
    """The variables whose screen the assertion looks at."""
    return {
        node.value.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute) and node.attr in SCREEN and isinstance(node.value, ast.Name)
    }


def too_early(source: str) -> list[int]:
    """The lines with an assertion about a screen that may not be at rest."""
    tree = ast.parse(source)
    driven, found = set(calls(tree, DRIVEN)), []
    for block in blocks(tree):
        resting: set[str] = set()
        for statement in block:
            if isinstance(statement, ast.Assert):
                if (looked_at(statement) & driven) - resting:
                    found.append(statement.lineno)
            elif moved := set(calls(statement, MOVES)):
                resting -= moved
            resting |= set(calls(statement, RESTS))
    return sorted(found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_screen_is_waited_for(file: Path) -> None:
    lines = too_early(file.read_text("utf-8"))
    assert lines == [], f"{file.name}, lines {lines}: wait (shows, row_shows, becomes, hides) or settle first"


def test_the_rule_sees_what_it_is_for() -> None:
    early = "desk.wait_for('x')\nassert 'y' in desk.text\n"
    assert too_early(early) == [2]
    assert too_early("desk.wait_for('x')\ndesk.settle()\nassert 'y' in desk.text\n") == []
    assert too_early("desk.settle()\ndesk.press('x')\nassert desk.line == 'y'\n") == [3]
    assert too_early("desk.press('x')\nassert note.text == 'y'\n") == []
