"""Ctrl+F: from one history to all that one may know of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from clinicdesk.clinic.rights import Actor, Permission
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Command
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from clinicdesk.tui.app import ClinicDesk


def may_search(actor: Actor) -> bool:
    """Whether somebody has charts to look through; who hands out copies opens each at a request."""
    return actor.may(Permission.CHART_READ) and not actor.may(Permission.CHART_COPY)


def everywhere(screen: ClinicScreen, sought: Callable[[], str]) -> Iterable[Command]:
    """The key of a screen; the search begins with what is `sought` there."""

    async def search() -> None:
        await search_charts(screen.desk, sought())

    if may_search(screen.actor):
        help_text = _("buscar en todas las historias")
        yield Command("ctrl+f", _("Historias"), search, help_text, screen.no_line, bar=False)


async def search_charts(desk: ClinicDesk, sought: str = "") -> None:
    """The screen, unless it is in front."""
    from clinicdesk.tui.roles.record_search import RecordSearch

    if not isinstance(desk.screen, RecordSearch):
        await desk.push_screen(RecordSearch(sought))
