"""The command line as a script uses it: the installed program, or its code run here where speed matters."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from clinicdesk.cli import main
from clinicdesk.cli.outcome import outcome
from tests.factories import PASSWORD, Network

PROGRAM: Final = str(Path(sys.executable).with_name("clinicdesk"))


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON object on stdout."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def rows(self) -> list[Any]:
        """The JSON Lines on stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    """A file that its owner alone can read, with everybody's password in it."""
    path = tmp_path / "clave"
    path.touch(mode=0o600)
    path.write_text(f"{PASSWORD}\n")
    return path


@pytest.fixture
def environment(
    desk_environment: dict[str, str], secret_file: Path, tmp_path: Path
) -> Callable[..., dict[str, str]]:
    """The environment of a script that works as somebody, or as nobody."""

    def made(user: str | None, **changes: str) -> dict[str, str]:
        own = {"XDG_STATE_HOME": str(tmp_path / "state"), "CLINICDESK_HOME": str(tmp_path / "home")}
        who = {"CLINICDESK_USER": user, "CLINICDESK_PASSWORD_FILE": str(secret_file)} if user else {}
        return desk_environment | own | who | changes

    return made


@pytest.fixture
def program(environment: Callable[..., dict[str, str]]) -> Callable[..., Done]:
    """`program("msosa", "patient", "show", …)` runs the installed program; None is nobody."""

    def run(user: str | None, *arguments: str, stdin: bytes = b"", **changes: str) -> Done:
        done = subprocess.run(
            [PROGRAM, *arguments],
            check=False,
            capture_output=True,
            input=stdin,
            env=environment(user, **changes),
            timeout=300,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def cli(
    environment: Callable[..., dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Iterator[Callable[..., Done]]:
    """The same in this process: `cli("msosa", "patient", …)`."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}

    def run(user: str | None, *arguments: str, **changes: str) -> Done:
        _become(monkeypatch, environment(user, **changes))
        capsysbinary.readouterr()
        code = outcome(lambda: main.main(list(arguments)))
        said = capsysbinary.readouterr()
        return Done(code, said.out.decode(), said.err.decode())

    yield run
    for number, handler in before.items():
        signal.signal(number, handler)


def _become(monkeypatch: pytest.MonkeyPatch, wanted: Mapping[str, str]) -> None:
    for name in [name for name in os.environ if name.startswith(("CLINICDESK_", "XDG_"))]:
        monkeypatch.delenv(name)
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def admitted(cli: Callable[..., Done], network: Network) -> Callable[..., tuple[str, str]]:
    """`admitted(document, "jibarra")` → (patient's id, turn's id) of a new patient who waits for a doctor."""

    def made(document: str, doctor: str = "jibarra", **names: str) -> tuple[str, str]:
        patient = in_care(cli, document, doctor, **names)
        return patient["id"], patient["turn_id"]

    return made


def in_care(cli: Callable[..., Done], document: str, doctor: str = "jibarra", **names: str) -> Any:
    """A registered patient who waits for a doctor today: that gives the doctor the chart. With `turn_id`."""
    patient = added(cli, document, **names)
    done = cli("msosa", "admission", "add", document, "--doctor", doctor, "--reason", "control", "--json")
    assert done.code == 0, done.err
    return patient | {"turn_id": done.data["turn_id"]}


def added(cli: Callable[..., Done], document: str, **names: str) -> Any:
    """A registered patient, as `patient add --json` prints them."""
    said = {"given": "Rosa Elena", "family": "Quispe Mamani", "birth": "1981-08-02", "sex": "F"} | names
    options = [word for name, value in said.items() for word in (f"--{name}", value)]
    done = cli("msosa", "patient", "add", "--document", document, *options, "--json")
    assert done.code == 0, done.err
    return done.data
