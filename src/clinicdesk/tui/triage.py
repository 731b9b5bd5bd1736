"""Triage at the desk: a level by its digit, the discriminator in words, Enter; wherever there is a queue."""

from __future__ import annotations

from clinicdesk.clinic.admissions import triage
from clinicdesk.clinic.sites.queries import SitesQuery
from clinicdesk.clinic.sites.triage import levels
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _
from clinicdesk.tui.look import TRIAGE
from clinicdesk.tui.screens import ClinicScreen

_REASON_MOST = 200
_NAME = 26


async def give_level(screen: ClinicScreen, turn: TurnRow) -> str | None:
    """Ask for a level that the clinic uses and why, and give it: what to say, None after Esc.

    Raises Refusal.
    """
    found = await screen.see(levels, SitesQuery(screen.actor.at.clinic_id))
    options = {str(each.level): TRIAGE[each.level].word.lower() for each in found if each.in_use}
    chosen = await screen.prompt.pick(_("Triaje:"), options, at_once=True)
    if not chosen:
        return None
    mark = TRIAGE[int(chosen)]
    reason = await screen.prompt.ask(_("{} por (Enter: sin decirlo)").format(mark.word), most=_REASON_MOST)
    if reason is None:
        return None
    order = triage.GiveLevel(
        patient_id=turn.patient_id,
        turn_id=turn.id,
        level=int(chosen),
        reason=reason or None,
        seen=turn.triage,
    )
    answer = await screen.do(triage.give_level, order)
    before = TRIAGE[answer.before].glyph if answer.before else _("sin triaje")
    return (
        _("{} {}: {} {}, antes {}. g lo cambia.")
        .format(turn.ticket or "", short_name(turn.family, turn.given, _NAME), mark.glyph, mark.word, before)
        .strip()
    )
