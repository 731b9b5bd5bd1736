"""Plug-ins are named without being imported, and loaded one at a time."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from clinicdesk.kit import plugins
from clinicdesk.kit.errors import Exit

PACKAGE = "plugins_of_a_test"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a good plug-in, one that cannot be imported, one without its object, a private one."""
    home = tmp_path / PACKAGE
    (home / "folder").mkdir(parents=True)
    files = {
        "__init__.py": "",
        "good.py": "THING = 'a thing'",
        "broken.py": "raise RuntimeError",
        "empty.py": "OTHER = 1",
        "wrong.py": "THING = 5",
        "_private.py": "THING = 'hidden'",
        "notes.txt": "",
        "folder/__init__.py": "THING = 'a folder'",
    }
    for name, text in files.items():
        (home / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        monkeypatch.delitem(sys.modules, name)
    return PACKAGE


def test_names_are_listed_without_importing(package: str) -> None:
    assert plugins.names(package) == ("broken", "empty", "folder", "good", "wrong")
    assert not [name for name in sys.modules if name.startswith(f"{package}.")]


def test_a_plugin_gives_its_object(package: str) -> None:
    assert plugins.load(package, "good", str, "THING") == "a thing"
    assert plugins.load(package, "folder", str, "THING") == "a folder"


@pytest.mark.parametrize("name", ["none", "_private", "../good", "good.THING", ""])
def test_an_unknown_name_is_refused_with_those_that_exist(package: str, name: str) -> None:
    with pytest.raises(plugins.UnknownPlugin) as refused:
        plugins.load(package, name, str, "THING")
    assert refused.value.exit is Exit.USAGE
    assert "broken, empty, folder, good, wrong" in str(refused.value)


@pytest.mark.parametrize("name", ["empty", "wrong"])
def test_a_file_that_breaks_the_contract_is_a_bug(package: str, name: str) -> None:
    with pytest.raises(TypeError, match=name):
        plugins.load(package, name, str, "THING")


def test_no_package_has_no_plugins() -> None:
    assert plugins.names("clinicdesk_never_was") == ()


@pytest.mark.parametrize(
    ("folder", "name"), [("reports", "day"), ("exporters", "history_pdf"), ("exporters", "history_json")]
)
def test_the_program_finds_its_own(folder: str, name: str) -> None:
    assert name in plugins.names(f"clinicdesk.{folder}")
