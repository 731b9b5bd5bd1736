"""What is installed is what was locked: exact versions, hashes, and no address to fetch them from."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.data import ROOT
from tests.house.files import python_files

LOCKS: Final = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")
PIN: Final = re.compile(r"^(?P<name>[a-z0-9.-]+)==(?P<version>[\w.+!]+)(?: ; (?P<marker>.+))?$")
HASH: Final = re.compile(r"^--hash=sha256:[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked package and the hashes any of which its archive must have."""

    name: str
    version: str
    hashes: tuple[str, ...]


def pins(lock: str) -> list[Pin]:
    """The entries of a lock file; a line of any other form fails the test."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    entries = [line for line in text.replace("\\\n", "").splitlines() if line.strip()]
    return [parsed(entry) for entry in entries]


def parsed(entry: str) -> Pin:
    """One entry, its hashes apart."""
    head, *hashes = re.split(r"\s+(?=--)", entry.strip())
    match = PIN.match(head)
    assert match, f"not an exact pin: {head}"
    assert hashes, f"no hash: {head}"
    assert all(HASH.match(text) for text in hashes), f"not a sha256: {entry[:200]}"
    return Pin(match["name"], match["version"], tuple(hashes))


def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def required(lock: str) -> list[Requirement]:
    """What pyproject asks of one lock file."""
    table = project()
    asked = {
        "requirements.lock": table["project"]["dependencies"],
        "requirements-build.lock": table["build-system"]["requires"] + table["dependency-groups"]["build"],
        "requirements-dev.lock": table["dependency-groups"]["dev"],
    }
    return [Requirement(line) for line in asked[lock]]


@pytest.mark.parametrize("lock", LOCKS)
def test_each_requirement_is_pinned_with_hashes(lock: str) -> None:
    assert pins(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_address_and_no_option_stands_in_a_lock(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS)
def test_all_that_pyproject_asks_is_locked_within_its_bounds(lock: str) -> None:
    locked = {pin.name: pin.version for pin in pins(lock)}
    for requirement in required(lock):
        name = canonicalize_name(requirement.name)
        assert name in locked, f"{name} is not in {lock}: make lock"
        assert requirement.specifier.contains(locked[name], prereleases=True), f"{name} in {lock}: make lock"


def test_the_locks_agree_with_each_other() -> None:
    seen: dict[str, Pin] = {}
    for pin in (pin for lock in LOCKS for pin in pins(lock)):
        assert seen.setdefault(pin.name, pin) == pin


def imported(*tops: str) -> set[str]:
    """Distributions (canonical names) that the code under the given folders imports."""
    nodes = [node for file in python_files(*tops) for node in ast.walk(ast.parse(file.read_text()))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    # Our own folders are no distribution, though one of another calls a package of its own `tests`.
    roots = {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"clinicdesk", *tops}
    owners = packages_distributions()
    return {str(canonicalize_name(owner)) for root in roots for owner in owners.get(root, [])}


def test_what_the_program_imports_is_declared() -> None:
    declared = {canonicalize_name(item.name) for item in required("requirements.lock")}
    assert imported("src", "migrations") - declared == set()


def test_what_the_tests_import_is_declared() -> None:
    declared = {canonicalize_name(item.name) for lock in LOCKS for item in required(lock)}
    assert imported("tests", "benchmarks", "tools", ".ci") - declared == set()
