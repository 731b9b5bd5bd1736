"""Put clinicdesk into ./.venv, again only where sources or locks changed. Any Python >= 3.11, nothing else.

Usage: python tools/install.py run|dev

`run` installs requirements.lock and the package; `dev` adds requirements-dev.lock. Every archive must
match its hash, the package itself goes in as a built wheel, and all of it ends up as bytecode: a
missing .pyc doubles the time a desk takes to open.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
VENV: Final = ROOT / ".venv"
PYTHON: Final = VENV / "bin" / "python"
STAMP: Final = VENV / "clinicdesk-installed.json"
LOCKS: Final = {
    "run": ("requirements.lock", "requirements-build.lock"),
    "dev": ("requirements.lock", "requirements-build.lock", "requirements-dev.lock"),
}
SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", "NOTICE", "src", "migrations")
# A person's pip or Python settings that would install elsewhere, or without bytecode.
MEDDLING: Final = (
    "PIP_NO_COMPILE",
    "PIP_PREFIX",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_TARGET",
    "PIP_USER",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONPYCACHEPREFIX",
)
# Some packages ship files that no Python 3 can compile, so failures pass.
COMPILE: Final = """
import compileall, sysconfig
compileall.compile_dir(sysconfig.get_path("purelib"), quiet=2)
"""


def call(*command: object) -> None:
    """Run one command in the project's folder; its failure ends the program with its exit code."""
    environment = {name: value for name, value in os.environ.items() if name not in MEDDLING}
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=environment, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def pip(*arguments: object) -> None:
    """Install into the venv, quietly unless something is wrong."""
    call(
        PYTHON,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        *arguments,
    )


def files(names: Iterable[str]) -> list[Path]:
    """The files under the given names, without bytecode and hidden caches, in a fixed order."""
    found: set[Path] = set()
    for name in names:
        path = ROOT / name
        found.update(path.rglob("*") if path.is_dir() else [path])
    return sorted(file for file in found if file.is_file() and not made(file.relative_to(ROOT)))


def made(file: Path) -> bool:
    """Whether a tool left this file among the sources: such files are no reason to install again."""
    return any(part == "__pycache__" or part.startswith(".") for part in file.parts)


def digest(names: Iterable[str]) -> str:
    """One hash over names and contents."""
    total = hashlib.sha256()
    for file in files(names):
        content = file.read_bytes()
        total.update(f"{file.relative_to(ROOT)}\0{len(content)}\0".encode() + content)
    return total.hexdigest()


def stamp() -> dict[str, str]:
    """What the last installation wrote down; empty when there is none to build upon."""
    try:
        stored = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    known = isinstance(stored, dict) and stored.items() >= identity().items()
    return stored if known and PYTHON.exists() else {}


def identity() -> dict[str, str]:
    """What a venv is tied to: its folder stands in the first line of each script, and its Python."""
    return {"venv": str(VENV), "python": ".".join(map(str, sys.version_info[:2]))}


def remember(done: dict[str, str]) -> None:
    """Written last and by renaming, so that an interrupted installation is repeated."""
    fresh = STAMP.with_suffix(".new")
    fresh.write_text(json.dumps(done, indent=1))
    fresh.replace(STAMP)


def make_venv() -> dict[str, str]:
    """An empty venv in place of whatever stands there."""
    print(f"clinicdesk: making {VENV.name} with Python {sys.version.split()[0]}", file=sys.stderr)
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, check=False).returncode:
        sys.exit("clinicdesk: no venv could be made. On Debian or Ubuntu: apt install python3-venv")
    return identity()


def install(kind: str) -> None:
    """Bring the venv up to date with the locks of `kind` and the sources."""
    done = stamp() or make_venv()
    wanted = {lock: digest([lock]) for lock in LOCKS[kind]}
    if any(done.get(lock) != value for lock, value in wanted.items()):
        print("clinicdesk: installing the libraries (the first time takes a minute)", file=sys.stderr)
        pip("--require-hashes", "--only-binary=:all:", *(f"--requirement={lock}" for lock in wanted))
        call(PYTHON, "-c", COMPILE)
        remember(done := done | wanted)
    sources = digest(SOURCES)
    if done.get("sources") != sources:
        pip("--no-deps", "--no-build-isolation", "--no-index", "--force-reinstall", "--compile", ROOT)
        remember(done | {"sources": sources})


def main(arguments: list[str]) -> None:
    """One installation at a time: a second one waits, then finds nothing left to do."""
    if len(arguments) != 1 or arguments[0] not in LOCKS:
        sys.exit("usage: python tools/install.py run|dev")
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    install(arguments[0])


if __name__ == "__main__":
    main(sys.argv[1:])
