"""The wheel holds the whole program: code, styles, and the migrations that live beside it."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

import clinicdesk
from tests.data import ROOT
from tests.house.files import project_files


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Names in a wheel built now, as `make` builds it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=300)
    (file,) = folder.glob("*.whl")
    return frozenset(ZipFile(file).namelist())


def shipped(top: Path, place: str) -> set[str]:
    """Where each project file below `top` belongs in the wheel."""
    return {f"{place}/{file.relative_to(top).as_posix()}" for file in project_files() if top in file.parents}


def test_every_source_file_is_inside(wheel: frozenset[str]) -> None:
    assert shipped(ROOT / "src" / "clinicdesk", "clinicdesk") <= wheel


def test_every_migration_is_inside(wheel: frozenset[str]) -> None:
    migrations = shipped(ROOT / "migrations", "clinicdesk/migrations")
    assert "clinicdesk/migrations/env.py" in migrations
    assert any(name.startswith("clinicdesk/migrations/versions/0001_") for name in migrations)
    assert migrations <= wheel


def test_licence_and_notice_are_inside(wheel: frozenset[str]) -> None:
    files = {name.rpartition("/")[2] for name in wheel if ".dist-info/licenses/" in name}
    assert files == {"LICENSE", "NOTICE"}


def test_nothing_else_is_inside(wheel: frozenset[str]) -> None:
    assert {name.split("/")[0].partition("-")[0] for name in wheel} == {"clinicdesk"}
    assert not any("__pycache__" in name or "/." in name for name in wheel)


def test_the_installed_program_is_bytecode() -> None:
    home = Path(clinicdesk.__file__).parent
    if "site-packages" not in home.parts:
        pytest.skip("clinicdesk runs from its sources here; `make test` installs the wheel")
    sources = list(home.rglob("*.py"))
    missing = [file.name for file in sources if not Path(importlib.util.cache_from_source(file)).exists()]
    assert sources
    assert missing == []
