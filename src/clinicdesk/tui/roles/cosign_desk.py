"""Co-signing at the desk: which of two answers, why, and the password."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.queries import EntryRow, NoteRow, Standing
from clinicdesk.kit.words import _
from clinicdesk.tui.screens import ClinicScreen

_WAITING: Final = frozenset({Standing.WAITS, Standing.RETURNED})
_MOST: Final = 1000


def waiting(entry: EntryRow | None, person_id: int) -> tuple[NoteRow, ...]:
    """The notes of an entry that wait for somebody's co-signature, none of them one's own."""
    if entry is None:
        return ()
    return tuple(note for note in entry.notes if note.standing in _WAITING and note.author_id != person_id)


async def cosign(screen: ClinicScreen, entry: EntryRow) -> cosigning.CosignAnswer | None:
    """Ask, and co-sign or give back; None where it was left."""
    notes = waiting(entry, screen.actor.person_id)
    first = next((note for note in entry.notes if note.amends_id is None), notes[0])
    choices = {"1": _("cofirmar"), "2": _("devolver con motivo")}
    key = await screen.prompt.pick(_("Nota de {}:").format(first.author_name), choices, at_once=True)
    if key is None:
        return None
    reason = None
    if key == "2":
        reason = await screen.prompt.ask(_("Motivo de la devolución"), most=_MOST)
        if not reason:
            return None
    seen = tuple(note.id for note in notes)
    order = cosigning.Cosign(patient_id=entry.patient_id, note_id=first.id, reason=reason, seen=seen)
    return await _proved(screen, order)


async def _proved(screen: ClinicScreen, order: cosigning.Cosign) -> cosigning.CosignAnswer | None:
    """The same order until its password is right, or Esc."""
    actor = screen.actor
    ask = _("Cofirmar como {}. Clave") if order.reason is None else _("Devolver como {}. Clave")
    words = ask.format(", ".join(filter(None, (actor.name, actor.license))))
    while (password := await screen.prompt.ask_secret(words)) is not None:
        try:
            proof = await screen.link.prove(password, order.key)
        except LoginRefused:
            words = _("La clave no es correcta. La nota sigue esperando. Clave")
            continue
        answer: cosigning.CosignAnswer = await screen.do(cosigning.cosign, replace(order, proof=proof))
        return answer
    return None
