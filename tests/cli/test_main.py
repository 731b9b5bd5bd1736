"""The frame of the command line: help in Spanish, usage errors, bugs, completion, nothing heavy early."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest
import typer

from clinicdesk import __version__
from clinicdesk.cli.frame import Reads, Writes
from clinicdesk.cli.main import COMMANDS
from clinicdesk.kit.errors import Exit
from tests.cli.conftest import PROGRAM, Done

Cli = Callable[..., Done]
OURS: Final = (
    "patient", "turn", "admission", "record", "note", "history", "import", "report", "board",
    "clinic", "floor", "room", "holiday", "specialty", "fees", "procedure", "agenda", "completion",
)  # fmt: skip
# Verbs of these names change nothing; every other one takes a key.
LOOKS = {
    "access-log",
    "changes",
    "affected",
    "alerts",
    "exceptions",
    "limits",
    "merges",
    "notices",
    "show",
    "why-next",
    "list",
    "search",
    "services",
    "slots",
    "export",
    "print",
    "verify",
    "certificate",
    "report",
    "board",
    "completion",
}
ENGLISH = re.compile(r"Usage|Options|Arguments|Commands|required|default|Show this|\[OPTIONS\]|<\w+>|TEXT\b")


def app_of(name: str) -> typer.Typer:
    """The Typer app of a command."""
    file, _colon, attribute = COMMANDS[name][0].partition(":")
    app: typer.Typer = getattr(import_module(f"clinicdesk.cli.{file}"), attribute or "app")
    return app


def verbs() -> Iterator[tuple[str, type]]:
    """Every command line of ours as typed, and its class."""
    for name in OURS:
        app = app_of(name)
        for each in app.registered_commands:
            typed = f"{name} {each.name}" if app.registered_callback else name
            assert each.cls is not None
            yield typed, each.cls


VERBS = dict(verbs())


def test_the_version_is_the_packages(program: Cli) -> None:
    assert program(None, "--version").out == f"clinicdesk {__version__}\n"
    assert program(None, "--version", "--help").out == f"clinicdesk {__version__}\n"


def test_help_names_every_command(cli: Cli) -> None:
    done = cli(None, "--help")
    assert (done.code, done.err) == (0, "")
    assert all(re.search(rf"^  {name} ", done.out, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("typed", [*VERBS, *OURS])
def test_help_is_in_spanish_and_narrow(cli: Cli, typed: str) -> None:
    done = cli(None, *typed.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Uso: clinicdesk {typed} ")
    assert ENGLISH.findall(done.out) == []
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("typed", VERBS)
def test_a_verb_that_changes_something_takes_a_key(typed: str) -> None:
    assert issubclass(VERBS[typed], Reads)
    changes = typed.split()[-1] not in LOOKS
    assert issubclass(VERBS[typed], Writes) is changes


def test_help_needs_no_database_and_no_login(cli: Cli) -> None:
    done = cli(None, "turn", "book", "--help", CLINICDESK_DATABASE_URL="postgresql://nowhere.invalid/x")
    assert done.code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("volar", "'volar'"),
        ("turn", "Falta decir qué hacer"),
        ("turn volar", "'volar'"),
        ("turn book", "Falta DOCUMENTO"),
        ("turn book 1", "Falta --slot"),
        ("turn confirm a b", "Sobra: b"),
        ("turn slots --dias 3", "No existe la opción --dias"),
        ("turn slots --days x", "--days: 'x' no es un número entero"),
        ("turn slots --days 99", "--days: 99 está fuera de los límites"),
        ("turn confirm x --key 12", "--key: «12» no es una clave UUID"),
        ("turn slots --doctor", "--doctor"),
    ],
)
def test_a_line_that_cannot_be_understood_says_why(cli: Cli, line: str, said: str) -> None:
    done = cli("msosa", *line.split())
    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert "Ayuda: clinicdesk" in done.err


def test_an_option_may_carry_what_a_terminal_would_obey(cli: Cli) -> None:
    done = cli("msosa", "turn", "slots", "--\x1b[2J")
    assert done.code == 2
    assert "\x1b" not in done.err


def test_without_a_terminal_there_is_no_desk(program: Cli) -> None:
    done = program(None)
    assert (done.code, done.out) == (2, "")
    assert "--help" in done.err


def test_a_bug_has_an_id_and_its_log_no_secrets(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from clinicdesk.clinic.desk import Desk

    def broken(*_arguments: object) -> None:
        try:
            raise ValueError("clave secreta de Quispe")
        except ValueError as error:
            raise KeyError("40123123") from error

    monkeypatch.setattr(Desk, "see", broken)
    done = cli("msosa", "patient", "show", "40123123")
    assert (done.code, done.out) == (Exit.BUG, "")
    found = re.search(r"código ([2-9A-Z]{4}-[2-9A-Z]{2})", done.err)
    assert found is not None
    log = tmp_path / "home" / "log" / "clinicdesk.log"
    assert str(log) in done.err
    text = log.read_text(encoding="utf-8")
    assert found[1] in text
    assert "test_main.py" in text
    assert "builtins.KeyError" in text
    assert not any(secret in text + done.err for secret in ("secreta", "40123123", "Quispe", "Traceback"))
    assert log.stat().st_mode & 0o077 == 0


def test_a_bug_is_told_where_no_log_can_be_written(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from clinicdesk.clinic.desk import Desk

    blocked = tmp_path / "archivo"
    blocked.touch()
    monkeypatch.setattr(Desk, "see", lambda *_arguments: 1 / 0)
    done = cli("msosa", "patient", "show", "1", CLINICDESK_HOME=str(blocked), XDG_STATE_HOME=str(blocked))
    assert done.code == Exit.BUG
    assert "Avisar con el código" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(cli: Cli, shell: str) -> None:
    assert "_CLINICDESK_COMPLETE" in cli(None, "completion", shell).out
    assert cli(None, "completion", "csh").code == 2


@pytest.mark.parametrize(
    ("words", "count", "found"),
    [
        ("clinicdesk pat", 1, {"patient"}),
        ("clinicdesk patient s", 2, {"show", "search", "seal"}),
        ("clinicdesk turn book --sl", 3, {"--slot"}),
    ],
)
def test_bash_completes_names_and_options(
    environment: Callable[..., dict[str, str]], words: str, count: int, found: set[str]
) -> None:
    asked = {"_CLINICDESK_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    done = subprocess.run(
        [PROGRAM], check=True, capture_output=True, text=True, env=environment(None, **asked), timeout=300
    )
    assert set(done.stdout.split()) == found


def test_no_commands_file_imports_a_database_or_a_screen() -> None:
    code = (
        "import sys; from importlib import import_module; from clinicdesk.cli.main import COMMANDS\n"
        "for file, _help in COMMANDS.values(): import_module('clinicdesk.cli.' + file.partition(':')[0])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300
    )
    loaded = set(done.stdout.split())
    assert "typer" in loaded
    assert loaded.isdisjoint({"sqlalchemy", "psycopg", "textual", "fpdf", "alembic", "faker", "msgspec"})


def test_one_nouns_file_is_imported_and_no_other() -> None:
    code = (
        "import sys; from clinicdesk.cli.main import main\n"
        "main(['patient', '--help'])\n"
        "sys.stderr.write(' '.join(name for name in sys.modules if name.startswith('clinicdesk.cli.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=300
    )
    loaded = {name.removeprefix("clinicdesk.cli.") for name in done.stderr.split()}
    assert "patient" in loaded
    assert loaded.isdisjoint({"turn", "record", "history", "entrance", "shapes"})
