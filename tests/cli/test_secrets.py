"""Secrets come by prompt or closed file, and go no further: no command line, no environment, no traceback."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from typer.core import TyperCommand, TyperGroup

from clinicdesk.cli.main import COMMANDS
from clinicdesk.cli.root import Root
from clinicdesk.kit.errors import Exit
from tests.cli.conftest import Done
from tests.factories import PASSWORD, Network

Cli = Callable[..., Done]
Environment = Callable[..., dict[str, str]]
NEW: Final = "otra clave, bien larga"
SECRET_NAMES: Final = {
    "password",
    "passphrase",
    "secret",
    "code",
    "token",
    "pin",
    "clave",
    "codigo",
    "contrasena",
}
# The program with an ear on what it starts: each command line and environment, one JSON line each.
LISTENING: Final = """
import json, sys
ear = open(sys.argv.pop(1), "a")
def heard(event, args):
    if event in {"subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"}:
        ear.write(json.dumps([event, repr(args[:2]), repr(args[2:])]) + "\\n")
        ear.flush()
sys.addaudithook(heard)
from clinicdesk.cli.main import run
sys.argv[0] = "clinicdesk"
run()
"""
FORCED: Final = """
import sys
from clinicdesk.kit import secrets
def bug(password, salt):
    raise ValueError(f"no se pudo con {password}")
secrets.derived = bug
from clinicdesk.cli.main import run
sys.argv[0] = "clinicdesk"
run()
"""


def commands(group: TyperGroup, words: str = "") -> Iterator[tuple[str, TyperCommand]]:
    """Every command with its words."""
    context: Any = None
    for name in group.list_commands(context):
        found: Any = group.get_command(context, name)
        if hasattr(found, "list_commands"):
            yield from commands(found, f"{words}{name} ")
        else:
            yield f"{words}{name}", found


def test_no_command_takes_a_secret_from_its_command_line() -> None:
    found = dict(commands(Root(COMMANDS)))
    assert len(found) > 40
    taken = {
        f"{words} {option}"
        for words, command in found.items()
        for parameter in command.params
        if not getattr(parameter, "is_flag", False)
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.lstrip("-") in SECRET_NAMES
    }
    # What a place or a practice is called by is no secret; a code of one use is, and opens a login.
    nouns = ("cie10", "clinic", "display", "fees", "letter", "procedure", "record-type", "room", "specialty")
    named = {f"{noun} " for noun in nouns}
    assert [each for each in taken if not each.endswith("code") or not each.startswith(tuple(named))] == []
    assert "--password-file" in {option for each in found["passwd"].params for option in each.opts}


@contextmanager
def watched() -> Iterator[set[str]]:
    """What stands on any command line of the machine meanwhile, as `ps` would show it."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.005):
            for file in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(file.read_bytes().decode("utf-8", "replace"))
                except OSError:
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


@pytest.fixture
def closed(tmp_path: Path) -> str:
    """A file with a new password that its owner alone reads."""
    path = tmp_path / "nueva"
    path.touch(mode=0o600)
    path.write_text(NEW)
    return str(path)


def test_no_secret_stands_on_a_command_line(
    environment: Environment, closed: str, tmp_path: Path, network: Network
) -> None:
    ear, code = tmp_path / "oido", tmp_path / "codigo"
    for file in (ear, code):
        file.touch(mode=0o600)

    def run(user: str | None, *words: str, **changes: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", LISTENING, str(ear), *words], check=False, capture_output=True,
            stdin=subprocess.DEVNULL, env=environment(user, **changes), timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stderr.decode())
        return done.stdout.decode()

    with watched() as seen:
        run("msosa", "login", "msosa")
        kept = [json.loads(file.read_text()) for file in (tmp_path / "state").rglob("logins/*.json")]
        run("msosa", "db", "psql", "--", "-c", "SELECT 1")
        person = ("--family", "Núñez", "--given", "Ana", "--role", "medico", "--json")
        told = json.loads(run("admin", "user", "add", "secretos", *person))
        code.write_text(told["code"])
        run(None, "login", "secretos", "--code-file", str(code), "--password-file", closed)
        run("secretos", "passwd", "--password-file", closed, CLINICDESK_PASSWORD_FILE=closed)
    kept += [json.loads(file.read_text()) for file in (tmp_path / "state").rglob("logins/*.json")]
    started = [json.loads(line) for line in ear.read_text().splitlines()]
    assert len({each["secret"] for each in kept}) > 1
    assert any("psql" in command for _event, command, _rest in started)
    assert any("psql" in line for line in seen)
    for secret in {PASSWORD, NEW, told["code"], *(each["secret"] for each in kept)}:
        assert not [command for _event, command, _rest in started if secret in command]
        assert not [line for line in seen if secret in line]
    for typed in (PASSWORD, NEW):
        assert not [rest for _event, _command, rest in started if typed in rest], "in a child's environment"


def test_a_bug_with_a_password_in_its_hands_tells_it_to_nobody(
    environment: Environment, tmp_path: Path
) -> None:
    made = environment("msosa")
    done = subprocess.run(
        [sys.executable, "-c", FORCED, "whoami"],
        check=False,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=made,
        timeout=60,
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == Exit.BUG
    assert "Falló un paso" in said
    assert "Traceback" not in said
    logs = [file.read_text() for file in tmp_path.rglob("clinicdesk.log")]
    assert logs
    for told in (said, *logs):
        assert PASSWORD not in told
    assert "builtins.ValueError" in logs[0]
