"""Look every locked package up for known faults, by pip-audit run apart.

Usage: python tools/audit_packages.py

pip-audit and its two dozen libraries never enter the project's venv: a pip-audit on PATH, `uvx` or
`pipx run` runs it. Exit 1 where a package has a known fault, was skipped or not looked up; 3 where nothing
could be looked up from here (no pip-audit, no advisory data); 0 where none is known to be at fault.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
LOCKS: Final = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
VERSION: Final = "2.10.1"
KNOWN_FAULT: Final = 1
NOT_FROM_HERE: Final = 3
_PIN: Final = re.compile(r"^([A-Za-z0-9.-]+)==([\w.+!]+)", re.MULTILINE)


def runner() -> list[str] | None:
    """How pip-audit is run here, None where it cannot be."""
    ways = {
        "pip-audit": ["pip-audit"],
        "uvx": ["uvx", f"pip-audit@{VERSION}"],
        "pipx": ["pipx", "run", f"pip-audit=={VERSION}"],
    }
    return next((words for program, words in ways.items() if shutil.which(program)), None)


def locked() -> dict[str, str]:
    """Every locked package with its version."""
    return dict(pin for lock in LOCKS for pin in _PIN.findall((ROOT / lock).read_text("utf-8")))


def judged(report: dict[str, Any], wanted: dict[str, str]) -> list[str]:
    """What stands against the lock: known faults, packages that were skipped, packages not looked up."""
    looked_up = {each["name"].lower(): each for each in report.get("dependencies", [])}
    problems = []
    for name, version in sorted(wanted.items()):
        found = looked_up.get(name.lower())
        if found is None:
            problems.append(f"{name} {version}: not looked up")
        elif "skip_reason" in found:
            problems.append(f"{name} {version}: skipped: {found['skip_reason']}")
        else:
            problems += [
                f"{name} {version}: {fault['id']}, mended in {', '.join(fault['fix_versions']) or 'none yet'}"
                for fault in found["vulns"]
            ]
    return problems


def asked(run: Sequence[str], wanted: dict[str, str]) -> dict[str, Any] | None:
    """pip-audit's report on the packages, None where it could not make one."""
    with tempfile.TemporaryDirectory() as folder:
        pins = Path(folder) / "pins.txt"
        pins.write_text("".join(f"{name}=={version}\n" for name, version in wanted.items()))
        words = ["--format=json", "--progress-spinner=off", "--disable-pip", "--no-deps", "-r", str(pins)]
        done = subprocess.run([*run, *words], capture_output=True, text=True, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        print(done.stderr.strip()[-600:], file=sys.stderr)
        return None
    return report if isinstance(report, dict) else None


def main() -> int:
    """Run it and judge the report."""
    run, wanted = runner(), locked()
    if run is None:
        print("audit-packages: needs pip-audit, uvx or pipx; nothing was looked up", file=sys.stderr)
        return NOT_FROM_HERE
    report = asked(run, wanted)
    if report is None:
        print(
            "audit-packages: the advisory data cannot be had from here; nothing was looked up",
            file=sys.stderr,
        )
        return NOT_FROM_HERE
    if all("skip_reason" in each for each in report.get("dependencies", [])):
        report = None
    if report is None:
        print("audit-packages: no advisory data from here; nothing was looked up", file=sys.stderr)
        return NOT_FROM_HERE
    problems = judged(report, wanted)
    for problem in problems:
        print(problem)
    print(f"{len(wanted)} packages looked up, {len(problems)} problems")
    return KNOWN_FAULT if problems else 0


if __name__ == "__main__":
    sys.exit(main())
