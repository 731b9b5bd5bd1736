"""What a command must not pay for: heavy libraries stay out until something needs them.

Each check runs in a fresh interpreter: what this one has imported says nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest

HEAVY: Final = ("alembic", "faker", "fpdf", "psycopg", "pydantic", "sqlalchemy", "textual")
DATABASE: Final = ("alembic", "faker", "fpdf", "psycopg", "sqlalchemy")
PROGRAM: Final = """
import json, sys
sys.argv = {argv!r}
try:
    {code}
except SystemExit as leaving:
    assert not leaving.code, leaving.code
sys.stderr.write("\\n" + json.dumps(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""
RUN: Final = "from clinicdesk.cli.main import run; run()"


def loaded(code: str, *argv: str) -> set[str]:
    """Top-level names of all modules after `code` ran in an interpreter of its own."""
    program = PROGRAM.format(code=code, argv=["clinicdesk", *argv])
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["patient", "--help"]], ids=" ".join)
def test_a_light_command_imports_nothing_heavy(arguments: list[str]) -> None:
    modules = loaded(RUN, *arguments)
    assert "clinicdesk" in modules
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)


def test_the_desk_paints_before_it_knows_a_database() -> None:
    modules = loaded("import clinicdesk.tui.app")
    assert "textual" in modules
    assert modules.isdisjoint(DATABASE), modules & set(DATABASE)


def test_the_check_would_see_a_heavy_import() -> None:
    assert "sqlalchemy" in loaded("import sqlalchemy.orm")
