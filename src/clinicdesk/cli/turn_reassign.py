"""`clinicdesk turn reassign`: another turn in place of a suspended one, and where it may go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.turns.reassignment import Proposal

COLUMNS: Final = {
    _("Por qué"): "why",
    _("Cuándo"): "when",
    _("Profesional"): "doctor_name",
    _("Centro"): "clinic",
    _("Práctica"): "procedure",
    "Id": "id",
}


def ids_of(call: Call, text: str) -> tuple[UUID, UUID]:
    """(patient, turn) of a reference of agenda notices, or of TURN_ID. Raises TurnNotFound, InvalidInput."""
    from clinicdesk.cli import agenda_notices, turn

    row = agenda_notices.of_ref(call, text)
    return (row.patient_id, row.turn_id) if row is not None else turn.turn_ids(call, text)


def candidates(call: Call, ids: tuple[UUID, UUID], since: date | None) -> tuple[Proposal, ...]:
    """Free slots in place of a turn, first of its doctor. Raises TurnNotFound."""
    from clinicdesk.clinic.turns import reassignment

    return call.desk.see(reassignment.places, reassignment.PlacesQuery(*ids, since))
