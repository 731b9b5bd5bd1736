"""Bytes, CPU and wake-ups of the terminal engine beside their floors and budgets, in a real pseudo-terminal.

Bytes are exact. CPU is worth its ratio to the minimal Textual app of the same run only: both start by
turns, from compiled bytecode, and are counted until their first frame is whole.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.data import ROOT
from tests.terminal import Cost, Terminal

STARTS: Final = 9
IDLE_SECONDS: Final = 5.0
MILLION: Final = 1e6
DOWN: Final = "\x1b[B"
UP: Final = "\x1b[A"
TIMES: Final = 7
MINIMAL: Final = """
from textual.app import App
from textual.widgets import Static

class Minimal(App):
    def compose(self):
        yield Static("hola")

Minimal().run()
"""


def main() -> int:
    """Print the table; 1 if a budget is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        kept = [*starts(Path(folder)), *lists(), *acts(), idle()]
    print("\nevery budget kept" if all(kept) else "\nover budget: see !")
    return 0 if all(kept) else 1


def report(what: str, ours: str, floor: str, budget: str, kept: bool) -> bool:
    """One line of the table; whether the budget is kept."""
    print(f"{' ' if kept else '!'} {what:<44}{ours:>14}{floor:>22}{budget:>14}")
    return kept


def starts(folder: Path) -> Iterator[bool]:
    """CPU and bytes until the first frame, ours and the minimal app's by turns."""
    print(f"  {'':<44}{'ours':>14}{'floor':>22}{'budget':>14}")
    minimal = folder / "minimal.py"
    minimal.write_text(MINIMAL, encoding="utf-8")
    commands = {
        "minimal": ([sys.executable, str(minimal)], "hola"),
        "login": (sample("login"), "confidenciales"),
        "list": (sample("home", "50"), "A010"),
    }
    spent: dict[str, list[Cost]] = {name: [] for name in commands}
    for turn in range(STARTS + 1):
        for name, (command, wanted) in commands.items():
            cost = first_frame(command, wanted)
            if turn:  # the first turn compiles
                spent[name].append(cost)
    floor = statistics.median(cost.cpu_ns for cost in spent["minimal"])
    for name in ("login", "list"):
        ours = statistics.median(cost.cpu_ns for cost in spent[name])
        bytes_sent = max(cost.bytes for cost in spent[name])
        yield report(
            f"first frame, {name}: CPU",
            f"{ours / MILLION:.0f} ms",
            f"minimal {floor / MILLION:.0f} ms",
            f"1.3 ×, is {ours / floor:.2f}",
            ours <= 1.3 * floor,
        )
        yield report(
            f"first frame, {name}: bytes", f"{bytes_sent} B", "4,450 B", "14,000 B", bytes_sent <= 14_000
        )


def lists() -> Iterator[bool]:
    """The board's table in four sizes: first paint; one row changes, seen and unseen; cursor; prompt.

    A change costs the CPU of its key and its timer too, which the row that nobody sees shows alone.
    """
    for count in (50, 300, 5_000, 100_000):
        with board_of(count) as desk:
            first = len(desk.output)
            seen, unseen, moves = [], [], []
            for _each in range(TIMES):
                seen.append(desk.act("p"))
                desk.act(DOWN)  # takes mark and news away
                moves += [desk.act(UP), desk.act(DOWN)]
                desk.act(UP)
                unseen.append(desk.act("z"))
            prompt = desk.act("u")
        changed, move, none = most(seen), most(moves), most(unseen)
        rows = f"{count:>7,} rows"
        yield report(f"{rows}: first paint", f"{first} B", "13,200 B line API", "14,000 B", first <= 14_000)
        kept = 0 < changed.bytes <= 190 and changed.cpu_ns <= 5 * MILLION
        yield report(
            f"{rows}: one changes, and its news", bytes_and_cpu(changed), "149 B", "190 B 5 ms", kept
        )
        yield report(f"{rows}: one out of sight", bytes_and_cpu(none), "0 B", "0 B", none.bytes == 0)
        yield report(f"{rows}: cursor moves", bytes_and_cpu(move), "230 B", "350 B", move.bytes <= 350)
        yield report(f"{rows}: prompt", bytes_and_cpu(prompt), "72 B", "1,000 B", prompt.bytes <= 1_000)


def most(costs: list[Cost]) -> Cost:
    """The most bytes of some, the middle of their CPU."""
    cpu_ns = int(statistics.median(cost.cpu_ns for cost in costs))
    return Cost(max((cost.output for cost in costs), key=len), cpu_ns)


@contextmanager
def board_of(count: int) -> Iterator[Terminal]:
    """The board's own table with so many turns, painted and quiet."""
    with Terminal([sys.executable, "-m", "tests.tui.sample_board", str(count)], cwd=ROOT) as terminal:
        terminal.wait_for("A001")
        terminal.settle(0.5)
        yield terminal


def acts() -> Iterator[bool]:
    """What a person does in a list of 300."""
    with opened(300) as desk:
        prompt = desk.act("u")
        desk.act("\x1b", quiet=0.3)
        desk.act("/")
        letters = [desk.act(letter) for letter in "quispe"]
        letter = max(letters, key=lambda cost: cost.bytes)
        desk.act("\x1b", quiet=0.3)
        opened_help = desk.act("?")
        closed_help = desk.act("\x1b", quiet=0.3)
    yield report("search letter", bytes_and_cpu(letter), "3,100 B", "4,500 B", letter.bytes <= 4_500)
    yield report("prompt", bytes_and_cpu(prompt), "72 B, 800 B line API", "1,000 B", prompt.bytes <= 1_000)
    for what, cost in (("help opens", opened_help), ("help closes", closed_help)):
        yield report(what, bytes_and_cpu(cost), "4,450 B a screen", "4,500 B", cost.bytes <= 4_500)


def idle() -> bool:
    """Wake-ups a second while nothing happens."""
    with opened(50) as desk:
        desk.settle(1.0)
        before = desk.wake_ups()
        desk.settle(IDLE_SECONDS)
        rate = (desk.wake_ups() - before) / IDLE_SECONDS
    return report("idle: wake-ups a second", f"{rate:.1f}", "stock Textual 20", "1", rate <= 1)


def first_frame(command: list[str], wanted: str) -> Cost:
    """What it takes until the text is on the screen and nothing more comes."""
    with Terminal(command, cwd=ROOT) as terminal:
        terminal.wait_for(wanted)
        terminal.settle()
        return Cost(terminal.output, terminal.cpu_ns())


@contextmanager
def opened(count: int) -> Iterator[Terminal]:
    """The sample desk with so many rows, painted and quiet."""
    with Terminal(sample("home", str(count)), cwd=ROOT) as terminal:
        terminal.wait_for("Turnos de hoy")
        terminal.settle(0.5)
        yield terminal


def sample(*arguments: str) -> list[str]:
    """The command of the sample desk."""
    return [sys.executable, "-m", "tests.tui.sample", *arguments]


def bytes_and_cpu(cost: Cost) -> str:
    """`132 B 4.2 ms`."""
    return f"{cost.bytes} B {cost.cpu_ns / MILLION:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
