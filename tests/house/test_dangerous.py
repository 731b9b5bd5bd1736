"""What would run text as something else: SQL put together, shells, markup, loaders of objects, other CSV."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.house.files import name, python_files

FILES: Final = python_files("src")
# Callables that run a text: SQL by text() and execute(), code, shells, objects.
SQL: Final = {"text", "execute", "exec_driver_sql", "SQL"}
NEVER: Final = {"eval", "exec", "compile", "system", "popen", "from_markup", "render_markup"}
MODULES: Final = {"pickle", "marshal", "shelve", "jinja2", "mako", "xmlrpc"}
MADE: Final = (ast.JoinedStr, ast.BinOp)


def calls(file: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a file with the bare name of what is called."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            yield str(getattr(node.func, "attr", None) or getattr(node.func, "id", "")), node


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_sql_is_put_together_from_text(file: Path) -> None:
    found = [call.lineno for called, call in calls(file) if called in SQL and _is_made(call.args[:1])]
    assert found == []


def _is_made(arguments: list[ast.expr]) -> bool:
    """Whether a value goes into the text: `f"…{x}"`, `"…" % x`; names of ours in upper case are constants."""
    for argument in arguments:
        for node in ast.walk(argument):
            values = (
                [each.value for each in node.values if isinstance(each, ast.FormattedValue)]
                if isinstance(node, ast.JoinedStr)
                else [node.right]
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod)
                else []
            )
            if any(not (isinstance(value, ast.Name) and value.id.isupper()) for value in values):
                return True
    return False


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_text_is_run_as_code_command_or_markup(file: Path) -> None:
    found = [
        (called, call.lineno) for called, call in calls(file) if called in NEVER and _is_bare(call, called)
    ]
    shells = [
        call.lineno
        for _called, call in calls(file)
        for word in call.keywords
        if word.arg == "shell" and isinstance(word.value, ast.Constant) and word.value.value
    ]
    assert found == []
    assert shells == []


def _is_bare(call: ast.Call, called: str) -> bool:
    """`re.compile` and SQLAlchemy's own are no builtins."""
    return called != "compile" or isinstance(call.func, ast.Name)


@pytest.mark.parametrize("file", FILES, ids=name)
def test_no_loader_of_objects_and_one_writer_of_csv(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not {each.partition(".")[0] for each in names} & MODULES
    writes = [called for called, _call in calls(file) if called in {"writer", "DictWriter"}]
    assert writes == [] or file.name == "sheet.py"
