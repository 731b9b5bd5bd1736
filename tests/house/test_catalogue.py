"""One new report, importer, exporter or channel is one new file: each must be complete."""

from __future__ import annotations

from importlib import import_module
from typing import Final

import pytest

from clinicdesk.clinic.rights import Permission
from clinicdesk.kit import plugins
from tests.data import ROOT

OBJECTS: Final = {
    "reports": "REPORT",
    "importers": "IMPORTER",
    "exporters": "EXPORTER",
    "channels": "CHANNEL",
}


def names(folder: str) -> tuple[str, ...]:
    """The plug-ins of a folder."""
    return plugins.names(f"clinicdesk.{folder}")


PLUGINS: Final = [
    pytest.param(folder, name, id=f"{folder}/{name}") for folder in OBJECTS for name in names(folder)
]


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_a_plugin_says_what_it_is_and_who_may_use_it(folder: str, name: str) -> None:
    plugin = getattr(import_module(f"clinicdesk.{folder}.{name}"), OBJECTS[folder])
    assert plugin.title.strip()
    assert plugin.help.strip()
    assert isinstance(plugin.permission, Permission)


@pytest.mark.parametrize(("folder", "name"), PLUGINS)
def test_a_plugin_has_its_test(folder: str, name: str) -> None:
    assert list((ROOT / "tests" / folder).glob(f"test_{name}*.py"))


@pytest.mark.parametrize("folder", OBJECTS)
def test_no_folder_is_empty(folder: str) -> None:
    assert names(folder)


@pytest.mark.parametrize("folder", OBJECTS)
def test_titles_differ_within_a_folder(folder: str) -> None:
    modules = [import_module(f"clinicdesk.{folder}.{name}") for name in names(folder)]
    titles = [getattr(module, OBJECTS[folder]).title for module in modules]
    assert len(set(titles)) == len(titles)
