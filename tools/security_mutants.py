"""Show that each security test fails when the protection it speaks of is gone.

Usage: python tools/security_mutants.py [NAME ...]

docs/security.md names for each requirement a test and a mutant, tests/mutants/NAME.patch: a unified diff
(-p1 from the root) that changes one line; `git diff -U1` writes one. Here every named test runs once as
things are and must pass, and once in a copy of the tree with its patch applied and must fail: not break,
fail. The copy has a venv of its own with this one's libraries, so that also the programs that tests start
are the mutated ones.
Exit code 1 when a mutant survives, a patch does not apply, or a test does not pass unmutated.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Final
from xml.etree import ElementTree

ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = "docs/security.md"
PATCHES: Final = "tests/mutants"
HEADER: Final = ("number", "requirement", "how", "test", "mutant")
AT_ONCE: Final = 2
PATIENCE_S: Final = 300
LAUNCHER: Final = """#!{python}
import sys
from clinicdesk.cli.main import run
sys.argv[0] = "clinicdesk"
sys.exit(run())
"""
_CELL: Final = re.compile(r"(?<!\\)\|")
_HUNK: Final = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@")


class CannotApplyError(Exception):
    """A patch that is no change of one line, or does not fit the tree."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the document."""

    section: str
    number: str
    requirement: str
    how: str
    test: str
    mutant: str


@dataclass(frozen=True, slots=True)
class Patch:
    """A change of one line: a block of a file's lines and what stands there instead."""

    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    changed: tuple[int, int]

    def applied(self, text: str) -> str:
        """The file's text with the change; the place is found by its lines, wherever they moved to."""
        lines = text.split("\n")
        size = len(self.before)
        places = [at for at in range(len(lines) - size + 1) if tuple(lines[at : at + size]) == self.before]
        if len(places) != 1:
            raise CannotApplyError(f"{self.path}: its lines stand at {len(places)} places, must be one")
        at = places[0]
        return "\n".join([*lines[:at], *self.after, *lines[at + size :]])


def rows(root: Path = ROOT) -> list[Row]:
    """All rows of the document's tables that name a test and a mutant."""
    found: list[Row] = []
    section, wanted = "", False
    for line in (root / DOCUMENT).read_text("utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip()
        if not line.startswith("|"):
            wanted = False
            continue
        cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
        if tuple(cells) == HEADER:
            wanted = True
        elif wanted and not set("".join(cells)) <= {"-", ":"}:
            found.append(_row(section, cells))
    return found


def _row(section: str, cells: Sequence[str]) -> Row:
    if len(cells) != len(HEADER):
        raise SystemExit(f"{DOCUMENT}: {len(cells)} cells instead of {len(HEADER)}: {' | '.join(cells)}")
    number, requirement, how, test, mutant = cells
    return Row(section, number, requirement, how, test.strip("`"), mutant.strip("`"))


def patch_of(name: str, root: Path = ROOT) -> Patch:
    """Read a patch: one file, one hunk, one line changed, added or taken away."""
    file = root / PATCHES / f"{name}.patch"
    if not file.exists():
        raise CannotApplyError(f"there is no {file.relative_to(root)}")
    lines = file.read_text("utf-8").rstrip("\n").split("\n")
    targets = [line[4:].split("\t")[0].strip() for line in lines if line.startswith("+++ ")]
    starts = [at for at, line in enumerate(lines) if _HUNK.match(line)]
    if len(targets) != 1 or len(starts) != 1:
        raise CannotApplyError(f"{len(targets)} files and {len(starts)} hunks, must be one of each")
    body = [line or " " for line in lines[starts[0] + 1 :] if not line.startswith("\\")]
    gone, come = (sum(line[0] == sign for line in body) for sign in "-+")
    if max(gone, come) != 1:
        raise CannotApplyError(f"takes {gone} lines and puts {come}, must change one")
    before = tuple(line[1:] for line in body if line[0] in " -")
    after = tuple(line[1:] for line in body if line[0] in " +")
    return Patch(targets[0].partition("/")[2], before, after, (gone, come))


def apply(patch: Patch, root: Path) -> str:
    """Change the tree; the text that stood there."""
    file = root / patch.path
    if not file.is_file():
        raise CannotApplyError(f"there is no {patch.path}")
    text = file.read_text("utf-8")
    _write(file, patch.applied(text))
    return text


def _write(file: Path, text: str) -> None:
    """With its bytecode away: a change within the second and of the same size would not be seen."""
    file.write_text(text, "utf-8")
    if file.suffix == ".py":
        Path(importlib.util.cache_from_source(file)).unlink(missing_ok=True)


# The tree under test


def _not_copied(_folder: str, names: list[str]) -> set[str]:
    kept = {".ci", ".gitignore"}
    return {
        name for name in names if (name.startswith(".") and name not in kept) or name in {"dist", "build"}
    }


def copy_tree(folder: Path) -> Path:
    """The project, as it lies here, with a venv that finds this copy first and then this venv's libraries."""
    tree = folder / "clinicdesk"
    shutil.copytree(ROOT, tree, ignore=_not_copied, symlinks=True)
    home = tree / ".venv"
    venv.EnvBuilder(symlinks=True, with_pip=False).create(home)
    python = home / "bin" / "python"
    inside = next((home / "lib").glob("python*")) / "site-packages"
    (inside / "mutants.pth").write_text(f"{tree / 'src'}\n{sysconfig.get_path('purelib')}\n")
    program = home / "bin" / "clinicdesk"
    program.write_text(LAUNCHER.format(python=python))
    program.chmod(0o755)
    return tree


def run_tests(tree: Path, nodes: Sequence[str], *, workers: int = 0) -> dict[str, set[str]]:
    """What each test node came to: a set of passed, failed, broken, skipped (its parameters together)."""
    report = tree / f"report-{time.monotonic_ns()}.xml"
    command = [str(tree / ".venv/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += ["-o", "junit_family=xunit1", f"--junitxml={report}"] + (
        ["-n", str(workers)] if workers else []
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment.setdefault("CLINICDESK_TEST_DATA", str(ROOT.parent / "shared" / "data"))
    with (tree / "said.txt").open("wb") as said:
        subprocess.run(
            [*command, *nodes], cwd=tree, env=environment, check=False, stdin=subprocess.DEVNULL,
            stdout=said, stderr=subprocess.STDOUT, timeout=PATIENCE_S * max(1, len(nodes) // 4),
        )  # fmt: skip
    found: dict[str, set[str]] = {node: set() for node in nodes}
    if report.exists():
        for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 (pytest wrote it)
            for node in nodes:
                if _is_of(node, case.get("file") or "", case.get("classname") or "", case.get("name") or ""):
                    found[node].add(_came_to(case))
    return found


def _is_of(node: str, file: str, classname: str, name: str) -> bool:
    path, _, wanted = node.partition("::")
    same = path == file or path.removesuffix(".py").replace("/", ".") == classname
    return same and (name == wanted or name.startswith(f"{wanted}["))


def _came_to(case: ElementTree.Element) -> str:
    for child, word in (("error", "broken"), ("failure", "failed"), ("skipped", "skipped")):
        if case.find(child) is not None:
            return word
    return "passed"


# Judging


def judge(tree: Path, row: Row) -> str:
    """What came of one mutant: `killed`, or why not."""
    try:
        patch = patch_of(row.mutant, tree)
        text = apply(patch, tree)
    except CannotApplyError as problem:
        return f"DOES NOT APPLY: {problem}"
    try:
        came = run_tests(tree, [row.test])[row.test]
    except subprocess.TimeoutExpired:
        return "NO END: took too long"
    finally:
        _write(tree / patch.path, text)
    if "failed" in came:
        return "killed"
    return "SURVIVED" if came == {"passed"} else f"BROKE: {', '.join(sorted(came)) or 'nothing ran'}"


def unmutated(tree: Path, wanted: Sequence[Row]) -> dict[str, str]:
    """The tests that do not pass as things are, and what they came to."""
    came = run_tests(tree, sorted({row.test for row in wanted}), workers=AT_ONCE)
    return {
        node: ", ".join(sorted(words)) or "nothing ran"
        for node, words in came.items()
        if "passed" not in words or words & {"failed", "broken"}
    }


@contextmanager
def trees() -> Iterator[list[Path]]:
    """As many copies as work at once, in a folder that a server's account may enter."""
    folder = Path(tempfile.mkdtemp(prefix="mutants-"))
    folder.chmod(0o755)
    try:
        yield [copy_tree(folder / str(at)) for at in range(AT_ONCE)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def judged(copies: Sequence[Path], wanted: Sequence[Row]) -> Iterator[tuple[Row, str, float]]:
    """Each row with what came of it and the seconds it took, in their order."""
    free: Queue[Path] = Queue()
    for tree in copies:
        free.put(tree)

    def one(row: Row) -> tuple[Row, str, float]:
        tree, began = free.get(), time.monotonic()
        try:
            return row, judge(tree, row), time.monotonic() - began
        finally:
            free.put(tree)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from pool.map(one, wanted)


def main(names: Sequence[str]) -> int:
    """Run the rows named, or all, and print what came of them."""
    wanted = [row for row in rows() if not names or row.mutant in names]
    unknown = set(names) - {row.mutant for row in wanted}
    if unknown or not wanted:
        print(f"no such mutant in {DOCUMENT}: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    bad = 0
    with trees() as copies:
        already = unmutated(copies[0], wanted)
        for node, came in already.items():
            bad += 1
            print(f"NOT GREEN unmutated: {node}: {came}", flush=True)
        for row, verdict, seconds in judged(copies, [row for row in wanted if row.test not in already]):
            bad += verdict != "killed"
            print(f"{row.number:<14}{row.mutant:<34}{seconds:6.1f} s  {verdict}", flush=True)
    print(f"{len(wanted)} mutants, {bad} not killed" if bad else f"all {len(wanted)} mutants killed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
