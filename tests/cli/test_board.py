"""`clinicdesk board`: filtered, of the network, and followed line by line."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from clinicdesk.kit.errors import Exit
from tests.cli.conftest import PROGRAM, Done

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]
Environment = Callable[..., dict[str, str]]


@contextmanager
def watching(environment: dict[str, str], *options: str) -> Iterator[Callable[[], str]]:
    """`board --watch`, as something to read lines from; interrupted at the end."""
    command = [PROGRAM, "board", "--watch", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as board:
        assert board.stdout is not None

        def line() -> str:
            assert board.stdout is not None
            read = board.stdout.readline().decode()
            assert read, board.stderr and board.stderr.read()
            return read

        try:
            yield line
        finally:
            board.send_signal(signal.SIGINT)
            board.communicate(timeout=300)
    assert board.returncode == Exit.INTERRUPTED


def test_options_narrow_it_and_say_of_how_many(cli: Cli, admitted: Admitted) -> None:
    _one, turn = admitted("45700001", family="Única Del Tablero")
    _two, other = admitted("45700002", family="Otra")
    done = cli("msosa", "board", "--state", "en espera", "--words", "unica tablero", "--json")
    assert [row["id"] for row in done.rows] == [turn]
    (row,) = done.rows
    assert row["listed"]
    assert (row["wait_minutes"], row["late_minutes"], row["place_free"]) == (0, 0, False)
    assert cli("msosa", "board", "--number", row["ticket"].lower(), "--json").rows == done.rows
    both = cli("msosa", "board", "--doctor", row["doctor"], "--json").rows
    assert {each["id"] for each in both} >= {turn, other}
    told = cli("msosa", "board", "--words", "unica tablero")
    assert "Única Del Tablero" in told.out
    assert "Otra" not in told.out
    assert "1 de " in told.err
    assert not cli("msosa", "board", "--late", "--words", "unica tablero", "--json").rows


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--state", "perdido"), Exit.USAGE, "«perdido» no es un estado"),
        (("--doctor", "nadie"), Exit.NOT_FOUND, "nadie"),
        (("--all", "--state", "en_curso", "--state", "ausente"), Exit.USAGE, "un solo --state"),
    ],
    ids=str,
)
def test_what_is_no_filter_is_refused(cli: Cli, options: tuple[str, ...], code: Exit, said: str) -> None:
    done = cli("msosa", "board", *options)
    assert done.code == code
    assert said in done.err
    assert not done.out


def test_the_network_has_a_line_for_each_clinic(cli: Cli, admitted: Admitted) -> None:
    _patient, _turn = admitted("45700003", family="De La Red")
    north, south = cli("gestion", "board", "--all", "--json").rows
    assert (north["clinic"], south["clinic"]) == ("NORTE", "SUR")
    assert north["states"]["en_espera"] >= 1
    assert north["turns"] == sum(north["states"].values())
    assert north["worst_wait"]["ticket"]
    assert south["worst_wait"] is None
    assert "De La Red" not in json.dumps(north)
    told = cli("gestion", "board", "--all")
    assert "Centro Norte" in told.out


def test_a_change_is_a_line_and_who_leaves_the_filter_leaves(
    cli: Cli, environment: Environment, admitted: Admitted
) -> None:
    _patient, turn = admitted("45700004", family="Seguida")
    with watching(environment("msosa"), "--json", "--state", "en_espera", "--words", "seguida") as line:
        assert json.loads(line())["id"] == turn
        assert cli("msosa", "turn", "cancel", turn).code == 0
        left = json.loads(line())
    assert (left["id"], left["state"], left["listed"]) == (turn, "cancelado", False)


def test_in_a_plain_terminal_a_change_is_a_sentence(
    cli: Cli, environment: Environment, admitted: Admitted
) -> None:
    _patient, turn = admitted("45700005", family="Sosegada")
    with watching(environment("msosa"), "--words", "sosegada") as line:
        while "Sosegada" not in line():
            pass
        assert cli("msosa", "turn", "cancel", turn).code == 0
        said = line()
    assert "Sosegada" in said
    assert ": cancelado. " in said


def test_the_network_is_followed_too(cli: Cli, environment: Environment, admitted: Admitted) -> None:
    with watching(environment("gestion"), "--all", "--json") as line:
        before = json.loads(line())
        assert json.loads(line())["clinic"] == "SUR"
        admitted("45700006", family="Nueva")
        after = json.loads(line())
    assert after["clinic"] == before["clinic"] == "NORTE"
    assert after["turns"] == before["turns"] + 1
