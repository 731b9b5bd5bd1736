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


def candidates(call: Call, turn: TurnRow, since: date | None) -> list[tuple[str, SlotRow]]:
    """Free slots in place of a turn, five at most of each kind, each once; with why it is one."""
    from clinicdesk.clinic.turns import slots as offer

    found: dict[str, tuple[str, SlotRow]] = {}
    for why, limits in _kinds(turn, _like(call, turn)):
        # Those of the kinds before may come again among these: so many more are asked for.
        query = offer.SlotsQuery(
            turn.clinic_id, since=since, days=90, limit=_EACH + len(found), length=turn.slots, **limits
        )
        rows = [row for row in call.desk.see(offer.slots, query) if row.id not in found]
        found |= {row.id: (why, row) for row in rows[:_EACH]}
    return list(found.values())


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
