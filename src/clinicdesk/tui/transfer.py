"""`m` on somebody who waits: to another doctor's queue, where their arrival puts them; or to whose it is."""

from __future__ import annotations

from clinicdesk.clinic.admissions import triage as queues
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.lettering import lettered
from clinicdesk.tui.screens import ClinicScreen

_DOCTOR = 14
_OTHER_PERSON = "1"


async def to_other_queue(screen: ClinicScreen, turn: TurnRow) -> str | None:
    """Ask for another doctor by their letter, and put the turn in their queue: what to say, None after Esc.

    `1` is for a turn that was given to the wrong person.

    Raises Refusal.
    """
    found = await screen.see(sites.list_doctors, sites.SitesQuery(screen.actor.at.clinic_id))
    doctors = lettered([each for each in found if each.person_id != turn.doctor_id])
    options = {key: short_name(each.family, "", _DOCTOR) for key, each in doctors.items()}
    if screen.actor.may(Permission.TURN_BOOK) and _OTHER_PERSON not in options:
        options[_OTHER_PERSON] = _("es de otra persona")
    if not options:
        return _("Este centro no tiene otro profesional.")
    who = f"{turn.ticket or ''} {words.patient_name(turn)}".strip()
    chosen = await screen.prompt.pick(_("Pasar a {} a la cola de:").format(who), options)
    if not chosen:
        return None
    if chosen not in doctors:
        from clinicdesk.tui.roles.giving import give_turn

        await give_turn(screen, turn)
        return None
    order = queues.Transfer(
        patient_id=turn.patient_id,
        turn_id=turn.id,
        doctor_id=doctors[chosen].person_id,
        seen=turn.doctor_id,
    )
    answer = await screen.do(queues.transfer, order)
    return _("{} pasa a la cola de {}. m la devuelve.").format(who, answer.doctor)
