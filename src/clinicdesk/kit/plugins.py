"""One new thing, one new file: the modules of a package folder that each export one object."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from importlib.util import find_spec
from typing import TypeVar

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

PluginT = TypeVar("PluginT")


class UnknownPlugin(Refusal):
    """No file of that name in the folder."""

    says = _("No existe «{name}». Hay: {names}.")
    exit = Exit.USAGE


def names(package: str) -> tuple[str, ...]:
    """The plug-ins of a package in alphabetical order, none of them imported. `_private` files are not."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    found = pkgutil.iter_modules(folders) if folders else ()
    return tuple(sorted(module.name for module in found if not module.name.startswith("_")))


def load(package: str, name: str, kind: type[PluginT], attribute: str) -> PluginT:
    """The object that a plug-in's file exports.

    Raises UnknownPlugin, and TypeError where the file does not keep to the folder's contract.
    """
    known = names(package)
    if name not in known:
        raise UnknownPlugin(name=name, names=", ".join(known))
    plugin = getattr(import_module(f"{package}.{name}"), attribute, None)
    if not isinstance(plugin, kind):
        raise TypeError(f"{package}.{name} exports no {attribute} of type {kind.__name__}")
    return plugin
