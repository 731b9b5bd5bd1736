"""How commands end: interrupted, cut off, without a server; and what others on the machine can see."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from clinicdesk.exporters import history_pdf
from clinicdesk.kit.errors import Exit
from tests.cli.conftest import PROGRAM, Done, in_care
from tests.factories import PASSWORD

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]
Environment = Callable[..., dict[str, str]]


@contextmanager
def running(environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """The program, gone at the end whatever happens."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [PROGRAM, *arguments], env=environment, stdout=pipe, stderr=pipe, stdin=pipe
    ) as made:
        try:
            yield made
        finally:
            made.kill()


def first_line(process: subprocess.Popen[bytes]) -> str:
    """The first line that the program prints."""
    assert process.stdout is not None
    return process.stdout.readline().decode()


def test_a_watched_board_prints_each_change_until_it_is_interrupted(
    cli: Cli, environment: Environment, admitted: Admitted
) -> None:
    _patient, turn = admitted("45600001", family="Aaa Vigilada")
    with running(environment("msosa"), "board", "--watch", "--json") as board:
        assert board.stdout is not None
        while turn not in (line := board.stdout.readline().decode()):
            assert line, board.stderr and board.stderr.read()
        assert cli("msosa", "turn", "cancel", turn).code == 0
        while not (turn in (line := board.stdout.readline().decode()) and '"cancelado"' in line):
            assert line
        board.send_signal(signal.SIGINT)
        _out, said = board.communicate(timeout=300)
        assert board.returncode == Exit.INTERRUPTED
        assert "Interrumpido" in said.decode()
        assert "Traceback" not in said.decode()


def test_a_command_that_reads_its_text_is_interrupted(environment: Environment) -> None:
    with running(environment("jibarra"), "note", "addend", "0" * 64, "--text", "-") as command:
        assert command.stdin is not None
        command.stdin.write(b"a" * 500_000)  # more than a pipe holds: it has begun to read
        command.send_signal(signal.SIGINT)
        said = command.communicate(timeout=300)[1].decode()
    assert command.returncode == Exit.INTERRUPTED
    assert "Interrumpido" in said
    assert "Traceback" not in said


def test_an_interrupted_export_leaves_no_file(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_care(cli, "45600002")
    begun: list[BinaryIO] = []

    def interrupted(_history: object, _stamp: object, file: BinaryIO) -> None:
        file.write(b"%PDF-1.7 half")
        begun.append(file)
        raise KeyboardInterrupt

    slow = replace(history_pdf.EXPORTER, write=interrupted)  # type: ignore[arg-type]
    monkeypatch.setattr(history_pdf, "EXPORTER", slow)
    folder = tmp_path / "salida"
    folder.mkdir()
    done = cli("jibarra", "history", "export", "45600002", "-o", str(folder / "h.pdf"))
    assert begun
    assert done.code == Exit.INTERRUPTED
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_as_shells_expect(environment: Environment, number: signal.Signals) -> None:
    with running(environment("msosa"), "board", "--watch") as board:
        first_line(board)
        board.send_signal(number)
        _out, said = board.communicate(timeout=300)
    assert board.returncode == 128 + number
    assert "Traceback" not in said.decode()


def test_a_reader_that_leaves_is_no_bug(environment: Environment) -> None:
    command = ("turn", "slots", "--days", "60", "--limit", "5000", "--json")
    with running(environment("msosa"), *command) as slots:
        assert first_line(slots).startswith("{")
        assert slots.stdout is not None
        assert slots.stderr is not None
        slots.stdout.close()
        said = slots.stderr.read().decode()
        slots.wait(timeout=300)
    assert said == ""
    assert slots.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(
    "url", ["postgresql://127.0.0.1:1/x", "postgresql:///x?host=/nowhere", "postgresql://nowhere.invalid/x"]
)
def test_without_a_database_the_code_says_so(program: Cli, url: str) -> None:
    done = program("msosa", "patient", "show", "1", CLINICDESK_DATABASE_URL=url)
    assert (done.code, done.out) == (Exit.UNREACHABLE, "")
    assert "línea con la base de datos" in done.err
    assert "nowhere" not in done.err


def test_a_server_that_never_answers_is_given_up(program: Cli) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://127.0.0.1:{silent.getsockname()[1]}/x?connect_timeout=2"
        done = program("msosa", "patient", "show", "1", CLINICDESK_DATABASE_URL=url)
    assert done.code == Exit.UNREACHABLE


def test_no_secret_is_on_the_command_line_or_in_what_is_left(
    environment: Environment, tmp_path: Path
) -> None:
    with running(environment("msosa"), "board", "--watch") as board:
        first_line(board)
        line = Path(f"/proc/{board.pid}/cmdline").read_bytes()
        assert PASSWORD.encode() not in line
        assert PASSWORD.encode() not in Path(f"/proc/{board.pid}/environ").read_bytes()
        board.terminate()
        board.communicate(timeout=300)
    for file in (each for each in tmp_path.rglob("*") if each.is_file() and each.name != "clave"):
        assert PASSWORD.encode() not in file.read_bytes()


def test_a_full_disk_is_said_and_is_no_bug(environment: Environment) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [PROGRAM, "clinic", "list", "--json"], env=environment("msosa"), check=False, stdout=full,
            stderr=subprocess.PIPE, timeout=300,
        )  # fmt: skip
    assert done.returncode == Exit.INVALID
    assert "lleno" in done.stderr.decode()
