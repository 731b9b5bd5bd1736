"""No file of the project knows the machine it was written on, and none outgrows a reader."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from tests.house.files import name, project_files, python_files

MOST_LINES_OF_FILE: Final = 500
MOST_LINES_OF_FUNCTION: Final = 70
PLACES: Final = {
    "a package index": re.compile(
        r"--(extra-)?index-url|--find-links|pypi\.org/simple|files\.pythonhosted|file:///"
    ),
    "a machine's path": re.compile(
        r"(?<![\w.$}~/-])/(root|work|Users|opt/wheels|opt/pypi)/\w|/home/(?!clinicdesk)\w+/|\.pyenv/versions"
    ),
}


def texts() -> list[Path]:
    """Every text file but this one, which holds samples of what it looks for."""
    others = [file for file in project_files() if file != Path(__file__).resolve()]
    return [file for file in others if b"\0" not in file.read_bytes()[:8192]]


@pytest.mark.parametrize("what", PLACES)
def test_no_file_names(what: str) -> None:
    found = [
        f"{name(file)}:{number}: {line.strip()[:100]}"
        for file in texts()
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1)
        if PLACES[what].search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a package index", "pip install --index-url https://example.org"),
        ("a package index", "--find-links /srv/wheels"),
        ("a package index", "see https://pypi.org/simple"),
        ("a machine's path", 'DATA = "/root/data"'),
        ("a machine's path", "cd /home/ana/clinicdesk"),
    ],
)
def test_the_patterns_find_what_they_are_for(what: str, line: str) -> None:
    assert PLACES[what].search(line)


def test_files_stay_readable() -> None:
    long = {
        name(file): lines
        for file in python_files()
        if (lines := len(file.read_text().splitlines())) > MOST_LINES_OF_FILE
    }
    assert long == {}, f"files over {MOST_LINES_OF_FILE} lines"


def test_functions_stay_readable() -> None:
    long = {
        f"{name(file)}:{node.name}": lines
        for file in python_files()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > MOST_LINES_OF_FUNCTION
    }
    assert long == {}, f"functions over {MOST_LINES_OF_FUNCTION} lines"


def test_the_walk_sees_the_house() -> None:
    names = {name(file) for file in project_files()}
    assert {"pyproject.toml", "Makefile", ".ci/run", "src/clinicdesk/__init__.py"} <= names
    assert not any(part in names for part in (".git/config", ".venv/pyvenv.cfg"))
