"""CPU time of the light commands beside a Typer hello of the same version, runs interleaved.

Prints ours, the floor and their ratio; the aim is at most 1.5. Bytecode is compiled before the first run.
"""

from __future__ import annotations

import argparse
import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import typer

import clinicdesk

AIM: Final = 1.5
HELLO: Final = """
import typer
app = typer.Typer()
@app.command()
def hello(name: str = "mundo") -> None:
    typer.echo(f"hola {name}")
app()
"""
OURS: Final = {
    "--version": ["--version"],
    "--help": ["--help"],
    "patient add --help": ["patient", "add", "--help"],
}


def cpu_ms(command: list[str]) -> float:
    """User and system time of one run of a command, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25)
    runs = parser.parse_args().runs
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(clinicdesk.__file__).parent, quiet=2)
    program = Path(sys.executable).with_name("clinicdesk")
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder, "hello.py")
        hello.write_text(HELLO)
        commands = {
            "bare python": [sys.executable, "-c", "pass"],
            "Typer hello": [sys.executable, str(hello)],
            "Typer hello --help": [sys.executable, str(hello), "--help"],
            **{f"clinicdesk {name}": [str(program), *words] for name, words in OURS.items()},
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for turn in range(runs + 1):
            for name, command in commands.items():
                spent = cpu_ms(command)
                if turn:  # the first round warms the file cache
                    times[name].append(spent)
    report(times)


def report(times: dict[str, list[float]]) -> None:
    """Medians, each beside the floor of the same run."""
    floor = statistics.median(times["Typer hello"])
    runs = len(times["Typer hello"])
    print(f"CPU ms, median of {runs} interleaved runs; Typer {typer.__version__}; aim <= {AIM} x Typer hello")
    for name, spent in times.items():
        middle = statistics.median(spent)
        print(f"  {name:32} {middle:7.1f}  {middle / floor:5.2f} x")


if __name__ == "__main__":
    main()
