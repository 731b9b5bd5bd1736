"""Live screens on a rough line: storms of sizes, bytes that are no text, broken sequences, lines that go."""

from __future__ import annotations

import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import pytest

from clinicdesk.clinic.access.display import NewDisplayKey, new_display_key
from tests.factories import Network
from tests.terminal import Terminal
from tests.tui.counter import Counter
from tests.tui.desk import Desk

PROGRAM: Final = str(Path(sys.executable).with_name("clinicdesk"))
KEY: Final = "una-clave-de-la-pantalla-de-prueba"
GIVEN_BACK: Final = b"\x1b[?1049l\x1b[?25h"
SIZES: Final = 200
NO_TEXT: Final = (b"\xe1\xf1", b"\xff\xfe", b"\x80\x9b", b"\xc3", b"\xe2\x82", b"\xf0\x9f")
SCREENS: Final = ("board", "network", "waiting room")


@pytest.fixture(scope="module")
def key_file(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The key of waiting-room screens; somebody waits, so that every screen has something to show."""
    admin = network.log_in("admin")
    admin.desk().do(new_display_key, NewDisplayKey(secret=KEY))
    admin.close()
    clerk = network.log_in("cruiz")
    counter = Counter(network, clerk)
    counter.admitted(counter.patient("Zelaya", "Íñigo"))
    clerk.close()
    path = tmp_path_factory.mktemp("display") / "display.key"
    path.touch(mode=0o600)
    path.write_text(f"{KEY}\n")
    return path


@pytest.fixture
def live(
    request: pytest.FixtureRequest, desk_environment: dict[str, str], key_file: Path
) -> Iterator[Callable[[str], Terminal]]:
    """`live("board")` → a live screen, painted and quiet."""
    opened: list[Terminal] = []

    def start(name: str) -> Terminal:
        if name == "waiting room":
            command = [PROGRAM, "board", "--waiting-room", "--clinic", "norte"]
            opened.append(
                Terminal(command, env={**desk_environment, "CLINICDESK_DISPLAY_FILE": str(key_file)})
            )
            opened[-1].wait_for("En espera: 1.")
        else:
            desk = Desk(desk_environment)
            opened.append(desk)
            desk.log_in("secre")
            desk.wait_for("Zelaya")
            if name == "network":
                desk.press("<F3>")
                desk.wait_for("Tablero de la red · 2 centros")
        opened[-1].settle()
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


def bare(terminal: Terminal) -> str:
    """The screen without what goes on by itself: the clock, waits."""
    return re.sub(r"[\d!]+|min| h", "", terminal.text).replace(" ", "")


def left_behind(session: int) -> list[int]:
    """Processes of the terminal's session that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _open, rest = stat.read_text().partition(" (")
            fields = rest.rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(pid))
    return found


@pytest.fixture(scope="module")
def cooked() -> list[object]:
    """The mode of a new pseudo-terminal."""
    with Terminal(["sleep", "5"]) as terminal:
        return termios.tcgetattr(terminal.fd)


@pytest.mark.parametrize("name", SCREENS)
def test_a_storm_of_sizes_ends_on_the_same_screen(live: Callable[[str], Terminal], name: str) -> None:
    terminal, chance = live(name), Random(name)
    before = bare(terminal)
    for number in range(SIZES):
        terminal.resize(chance.randrange(20, 201), chance.randrange(5, 61))
        if number % 20 == 0:
            terminal.listen(0.02)
    terminal.resize(50, 12)
    terminal.wait_for("agrandarla a 60 × 18")
    terminal.resize(80, 24)
    terminal.becomes(lambda: bare(terminal), before)
    assert terminal.alive


@pytest.mark.parametrize("name", SCREENS)
def test_bytes_that_are_no_text_and_broken_sequences_do_nothing(
    live: Callable[[str], Terminal], name: str
) -> None:
    terminal = live(name)
    before = bare(terminal)
    for data in NO_TEXT:
        terminal.send(data)
        time.sleep(0.15)  # what is left of it is given up
    for part in ("\x1b", "[", "1", "5", "~"):  # F5, byte by byte
        terminal.send(part)
        time.sleep(0.01)
    for part in ("\x1b[?99", "9c", "\x1b]10;rgb:0/0/0\x07", "\x1b[200", "~xcl\x1b[201~"):
        terminal.send(part)
        time.sleep(0.01)
    terminal.settle()
    terminal.becomes(lambda: bare(terminal), before)
    assert terminal.alive


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", SCREENS)
def test_a_signal_gives_the_terminal_back_and_leaves_nobody(
    live: Callable[[str], Terminal], cooked: list[object], name: str, number: signal.Signals
) -> None:
    terminal = live(name)
    terminal.kill(number)
    assert terminal.wait_end() == 128 + number
    assert terminal.output.endswith(GIVEN_BACK)
    assert termios.tcgetattr(terminal.fd) == cooked
    assert left_behind(terminal.pid) == []


@pytest.mark.parametrize("name", SCREENS)
def test_a_line_that_is_cut_leaves_nobody(live: Callable[[str], Terminal], name: str) -> None:
    terminal = live(name)
    terminal.hang_up()
    assert terminal.wait_end() == 128 + signal.SIGHUP
    assert left_behind(terminal.pid) == []
