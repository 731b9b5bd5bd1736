"""`make` installs again when, and only when, something that is installed has changed."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.data import ROOT


@pytest.fixture
def installer(tmp_path: Path) -> ModuleType:
    """tools/install.py in a checkout of its own, with a venv that claims to be installed."""
    (tmp_path / "tools").mkdir()
    copy = shutil.copy(ROOT / "tools" / "install.py", tmp_path / "tools")
    spec = importlib.util.spec_from_file_location("installer_under_test", copy)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a = 1\n")
    module.PYTHON.parent.mkdir(parents=True)
    module.PYTHON.touch()
    module.remember(module.identity() | {"sources": "x"})
    return module


def test_content_and_names_count(installer: ModuleType, tmp_path: Path) -> None:
    before = installer.digest(["src"])
    assert installer.digest(["src"]) == before
    (tmp_path / "src" / "a.py").write_text("a = 2\n")
    changed = installer.digest(["src"])
    (tmp_path / "src" / "a.py").rename(tmp_path / "src" / "b.py")
    assert len({before, changed, installer.digest(["src"])}) == 3


@pytest.mark.parametrize("place", ["__pycache__/a.cpython-311.pyc", ".mypy_cache/x.json"])
def test_what_tools_leave_behind_does_not_count(installer: ModuleType, tmp_path: Path, place: str) -> None:
    before = installer.digest(["src"])
    made = tmp_path / "src" / place
    made.parent.mkdir()
    made.touch()
    assert installer.digest(["src"]) == before


def test_a_finished_installation_is_known_again(installer: ModuleType) -> None:
    assert installer.stamp()["sources"] == "x"


@pytest.mark.parametrize("entry", ["venv", "python"])
def test_a_moved_checkout_or_another_python_starts_anew(installer: ModuleType, entry: str) -> None:
    stored = json.loads(installer.STAMP.read_text())
    installer.STAMP.write_text(json.dumps(stored | {entry: "other"}))
    assert installer.stamp() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"'])
def test_a_broken_stamp_starts_anew(installer: ModuleType, text: str) -> None:
    installer.STAMP.write_text(text)
    assert installer.stamp() == {}


def test_too_old_a_python_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    old = tmp_path / "python old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        ["make", "run", f"PYTHON={old}"],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stderr
    assert not (tmp_path / ".venv").exists()


def test_make_finds_the_python_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "install.py").write_text(
        "import sys; print(sys.argv[1:], sys.version_info[:2] > (3, 10))"
    )
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        ["make", "--silent", "install", f"PYTHON={sys.executable}"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == "['run'] True\n"
