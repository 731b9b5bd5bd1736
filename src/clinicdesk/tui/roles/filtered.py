"""`/` over a list: a field that narrows it, and goes with Esc."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command, SearchBox
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.screens import ClinicScreen


class Filtered(ClinicScreen):
    """A screen whose list can be narrowed."""

    def __init__(self) -> None:
        """Nothing is narrowed."""
        super().__init__()
        self.filter = SearchBox(_("Filtrar"), on_change=lambda _text: self.show_rows(), id="filter")

    @abstractmethod
    def show_rows(self) -> None:
        """The rows that fit `wanted`."""

    @abstractmethod
    def the_list(self) -> Part:
        """What has the focus while nobody filters."""

    @property
    def wanted(self) -> list[str]:
        """The words typed, as they are compared."""
        return folded(self.filter.value).split()

    def filter_commands(self) -> Iterable[Command]:
        """Its one key."""
        yield Command("/", _("Filtrar"), self.open_filter, _("filtrar la lista"))

    def open_filter(self) -> None:
        """`/`: type to narrow."""
        self.filter.display = True
        self.focus_on(self.filter)

    def close_filter(self) -> bool:
        """The whole list again; False if it was there."""
        if not self.filter.display:
            return False
        self.filter.display = False
        self.filter.value = ""
        self.focus_on(self.the_list())
        return True
