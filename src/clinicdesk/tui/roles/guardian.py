"""Who answers for a minor or a dependant, asked in the reserved line and written at once."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from clinicdesk.clinic.patients import additions, particulars
from clinicdesk.clinic.patients.facts import RELATION_WORDS
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _
from clinicdesk.tui.screens import ClinicScreen

_RELATIONS: Final = ("madre", "padre", "tutor", "abuelo", "hermano", "hijo", "conyuge", "cuidador", "otro")


async def note_guardian(screen: ClinicScreen, patient_id: UUID) -> str | None:
    """Ask what they are, who and by which phone, and write it: their name; None after Esc. Raises Refusal."""
    options = {str(at): RELATION_WORDS[each] for at, each in enumerate(_RELATIONS, start=1)}
    chosen = await screen.prompt.pick(_("Responde por la persona:"), options, at_once=True)
    if chosen is None:
        return None
    relation = _RELATIONS[int(chosen) - 1]
    at = particulars.Place(screen.actor.at.country, screen.today().date())

    def wrong(name: str, phone: str | None) -> str | None:
        try:
            particulars.Contact(relation, name, phone, guardian=True).checked(at)
        except InvalidInput as problem:
            return problem.problems[0]
        return None

    name = await screen.prompt.ask(_("Apellidos y nombres"), check=lambda said: wrong(said, None))
    if name is None:
        return None
    asked = _("Teléfono de {} (Enter: sin teléfono)").format(name)
    phone = await screen.prompt.ask(asked, check=lambda said: wrong(name, said))
    if phone is None:
        return None
    fact = particulars.Contact(relation, name, phone or None, guardian=True)
    order = additions.AddParticular(patient_id=patient_id, fact=fact)
    await screen.do(additions.add_particular, order)
    return name
