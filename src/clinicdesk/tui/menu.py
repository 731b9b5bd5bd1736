"""F10: leave, another role, another password, the lock, work lists; in the reserved line, by digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clinicdesk.clinic.rights import Actor, Permission
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import DeskScreen
from clinicdesk.tui.passwords import asked_new
from clinicdesk.tui.roles.everywhere import may_search, search_charts

if TYPE_CHECKING:
    from clinicdesk.tui.app import ClinicDesk


_LOOKS_AT_PAIRS: Final = (Permission.PATIENT_WRITE, Permission.REPORT_READ)


def _options(actor: Actor) -> dict[str, str]:
    """What somebody may choose."""
    options = {
        "1": _("cerrar sesión"),
        "2": _("otro rol"),
        "3": _("salir"),
        "4": _("clave"),
        "5": _("bloquear"),
        "6": _("repetidos"),
        "7": _("historias"),
        "8": _("comprobar un documento"),
    }
    if not any(map(actor.may, _LOOKS_AT_PAIRS)):
        del options["6"]
    if not may_search(actor):
        del options["7"]
    if len(actor.roles) == 1:
        del options["2"]
    return options


async def menu(desk: ClinicDesk, screen: DeskScreen) -> None:
    """Ask on this screen, and do it. Raises Refusal."""
    chosen = await screen.prompt.pick(_("Menú:"), _options(desk.link.session.actor), at_once=True)
    if chosen == "1":
        await desk.log_out()
    elif chosen == "2":
        await _other_role(desk)
    elif chosen == "3":
        await desk.leave()
    elif chosen == "4":
        await _change_password(desk, screen)
    elif chosen == "5":
        desk.lock()
    elif chosen == "6":
        await _duplicates(desk, screen)
    elif chosen == "7":
        await search_charts(desk)
    elif chosen == "8":
        await check_paper(desk, screen)


async def check_paper(desk: ClinicDesk, screen: DeskScreen) -> None:
    """Whether a letter that somebody brings is genuine and holds: what its code says, typed or scanned."""
    from clinicdesk.clinic.letters import queries, rules, wording

    typed = await screen.prompt.ask(
        _("Número y código (12 3F2A-90C1-77DE-0B4C):"),
        check=lambda text: None if rules.asked(text) else _("Van el número y los 16 signos del código."),
    )
    asked = rules.asked(typed or "")
    if asked is None:
        return
    row = await desk.link.see(queries.check, queries.CheckQuery(*asked))
    zone = desk.link.session.actor.at.zone
    said = f"{wording.verdict_words(row, zone)} {wording.checked_words(row, zone)}"
    (screen.prompt.say if row.valid else screen.prompt.alarm)(said)


async def _duplicates(desk: ClinicDesk, screen: DeskScreen) -> None:
    """The work list; those that the screen in front shows as alike come first."""
    from clinicdesk.tui.roles.duplicates import DuplicatesList

    if not isinstance(screen, DuplicatesList):
        await desk.push_screen(DuplicatesList(getattr(screen, "alike_ids", ())))


async def _other_role(desk: ClinicDesk) -> None:
    from clinicdesk.tui.roles.other_role import OtherRole

    await desk.push_screen(OtherRole(desk.link.session.actor.roles))


async def _change_password(desk: ClinicDesk, screen: DeskScreen) -> None:
    old = await screen.prompt.ask_secret(_("Clave actual"))
    new = await asked_new(screen.prompt, _("Clave nueva")) if old is not None else None
    if old is None or new is None:
        return
    await desk.put_away()
    await desk.start_again(await desk.door.change_password(desk.link.session, old, new))
    if isinstance(desk.screen, DeskScreen):
        desk.screen.prompt.say(_("Clave cambiada."))
