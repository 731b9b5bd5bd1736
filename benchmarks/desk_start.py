"""The desk's start: CPU of the login's first frame beside a minimal Textual app, and Enter → first real rows.

    python -m benchmarks.desk_start [--rounds 9]

Programs start by turns from compiled bytecode and are counted until their first frame is whole. The login
is counted with its door kept shut, since the real one begins importing SQLAlchemy the moment it is painted;
the wall times are the real program's. Enter is pressed once the desk is quiet, as somebody who types would.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from benchmarks.clusters import fresh_network
from benchmarks.terminal import MINIMAL, first_frame
from tests.factories import PASSWORD, Network
from tests.terminal import Terminal
from tests.tui.counter import Counter
from tests.tui.desk import Desk

AIM: Final = 1.3
MILLION: Final = 1e6
MILLI: Final = 1000
TURNS: Final = 40
NOWHERE: Final = {"CLINICDESK_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}
PAINTED: Final = "confidenciales"
SHUT: Final = """
import asyncio
from pathlib import Path
from clinicdesk.kit.settings import Settings
from clinicdesk.tui.app import ClinicDesk

desk = ClinicDesk(Settings(Path("none")))
desk.door.open = lambda: asyncio.get_running_loop().create_future()
desk.run_desk()
"""


def main() -> int:
    """Measure and print; 1 if the login costs more than the aim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        ratio = login(Path(folder), rounds)
        with fresh_network() as network:
            rows(network, rounds)
    return 0 if ratio <= AIM else 1


def login(folder: Path, rounds: int) -> float:
    """CPU until the first frame, ours over the minimal app's."""
    commands = {"minimal": "hola", "login": PAINTED}
    (folder / "minimal.py").write_text(MINIMAL, "utf-8")
    (folder / "login.py").write_text(SHUT, "utf-8")
    spent: dict[str, list[int]] = {name: [] for name in commands}
    walls: list[float] = []
    program = str(Path(sys.executable).with_name("clinicdesk"))
    for turn in range(rounds + 1):
        for name, wanted in commands.items():
            cost = first_frame([sys.executable, str(folder / f"{name}.py")], wanted)
            if turn:  # the first turn compiles
                spent[name].append(cost.cpu_ns)
        start = time.perf_counter()
        with Terminal([program], env=NOWHERE) as terminal:
            terminal.wait_for(PAINTED)
            walls.append(time.perf_counter() - start)
    ours, floor = statistics.median(spent["login"]), statistics.median(spent["minimal"])
    print(f"login, first frame: CPU       {ours / MILLION:6.0f} ms   minimal {floor / MILLION:6.0f} ms")
    print(f"login, first frame: ratio     {ours / floor:6.2f}      aim ≤ {AIM}")
    wall = statistics.median(walls[1:]) * MILLI
    print(f"login, first frame: wall      {wall:6.0f} ms   of the program itself")
    return ours / floor


def rows(network: Network, rounds: int) -> None:
    """CPU and seconds from Enter on the password to a screen full of today's turns."""
    session = network.log_in("cruiz")
    counter = Counter(network, session)
    for number in range(TURNS):
        counter.booked(counter.patient(f"Apellido {number:02}", "Ana"))
    cpu, walls, sizes = [], [], []
    for turn in range(rounds + 1):
        desk = Desk({"CLINICDESK_DATABASE_URL": network.url})
        desk.wait_for(PAINTED)
        desk.settle(1.0)
        desk.press("msosa<Enter>")
        desk.send(PASSWORD)
        desk.settle(0.5)
        before, painted, start = desk.cpu_ns(), len(desk.output), time.perf_counter()
        desk.send("\r")
        desk.wait_for("Apellido 39")
        walls.append(time.perf_counter() - start)
        desk.settle()
        sizes.append(len(desk.output) - painted)
        cpu.append(desk.cpu_ns() - before)
        desk.close()
        if not turn:
            cpu, walls, sizes = [], [], []
    session.close()
    spent, waited = statistics.median(cpu) / MILLION, statistics.median(walls) * MILLI
    print(f"Enter → first real rows: CPU  {spent:6.0f} ms   argon2id about 20 of it")
    print(f"Enter → first real rows: wall {waited:6.0f} ms   {TURNS} turns, {max(sizes)} B")


if __name__ == "__main__":
    sys.exit(main())
