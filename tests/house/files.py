"""What belongs to the project in a checkout: git's own list is not at hand in every place tests run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.data import ROOT

DOTTED: Final = {".ci", ".gitignore"}
MADE: Final = {"__pycache__", "build", "dist", "snapshot_report.html"}
CODE: Final = ("src", "tests", "benchmarks", "migrations", "tools", ".ci")


def _ours(name: str) -> bool:
    if name.startswith("."):
        return name in DOTTED
    return name not in MADE and not name.endswith(".egg-info")


def _walk() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if _ours(name)]
        yield from (Path(folder, name) for name in names if _ours(name))


@cache
def project_files() -> tuple[Path, ...]:
    """Every file of the project, sorted."""
    return tuple(sorted(_walk()))


@cache
def python_files(*tops: str) -> tuple[Path, ...]:
    """The Python files under the given top folders (all of CODE where none is given)."""
    wanted = tops or CODE
    return tuple(
        file for file in project_files() if file.suffix == ".py" and file.relative_to(ROOT).parts[0] in wanted
    )


def name(path: Path) -> str:
    """The path as test ids and messages show it."""
    return path.relative_to(ROOT).as_posix()
