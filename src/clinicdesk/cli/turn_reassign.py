"""Where a suspended turn may go: its doctor first, then its specialty at its clinic, then the nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.clinic.turns.slots import SlotRow

COLUMNS: Final = {
    _("Por qué"): "why",
    _("Cuándo"): "when",
    _("Profesional"): "doctor_name",
    _("Centro"): "clinic",
    _("Práctica"): "procedure",
    "Id": "id",
}
_EACH: Final = 5
_ASKED: Final = 100


def candidates(call: Call, turn: TurnRow, since: date | None) -> list[tuple[str, SlotRow]]:
    """Free slots in place of a turn, with why it is one: five at most of each kind, first of its doctor."""
    from clinicdesk.clinic.turns import slots as offer

    found: list[tuple[str, SlotRow]] = []
    for why, limits in _kinds(turn, _like(call, turn)):
        # More than are shown: where others are wanted, the doctor's own are among them.
        query = offer.SlotsQuery(
            turn.clinic_id, since=since, days=90, limit=_ASKED, length=turn.slots, **limits
        )
        own = "doctor_id" in limits
        rows = [row for row in call.desk.see(offer.slots, query) if own or row.doctor_id != turn.doctor_id]
        found += [(why, row) for row in rows[:_EACH]]
    return found


def _kinds(turn: TurnRow, like: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield _("mismo profesional"), {"doctor_id": turn.doctor_id, "network": True}
    if like:
        yield _("mismo centro"), like
        yield _("otro centro"), {**like, "elsewhere": True}


def _like(call: Call, turn: TurnRow) -> dict[str, Any]:
    """The specialty of the turn's procedure, else the procedure itself; nothing for one without either."""
    from clinicdesk.clinic.sites import queries

    rows = call.desk.see(queries.list_procedures, queries.SitesQuery())
    for row in rows:
        if row.name == turn.procedure:
            return {"specialty": row.specialty} if row.specialty else {"procedure": row.code}
    return {}
