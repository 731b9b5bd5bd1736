"""What a note orders and when it was, in one line: the same on the screen, at the prompt and on paper."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.records.plan import TreatmentEntry
    from clinicdesk.clinic.records.planning import FollowUpRow, TreatmentRow
    from clinicdesk.clinic.records.queries import EntryRow


def treatment_text(row: TreatmentRow | TreatmentEntry) -> str:
    """`Enalapril 10 mg · desde 23/11/2026 · hasta 22/12/2026 · suspendido 30/11/2026: tos`."""
    parts = [row.what, _("desde {}").format(f"{row.since:%d/%m/%Y}")]
    if row.until is not None:
        parts.append(_("hasta {}").format(f"{row.until:%d/%m/%Y}"))
    ended = getattr(row, "ended_on", None)
    if ended is not None:
        parts.append(_("suspendido {}: {}").format(f"{ended:%d/%m/%Y}", getattr(row, "ended_why", "")))
    return " · ".join(parts)


def follow_up_text(row: FollowUpRow) -> str:
    """`Control 21/12/2026 con Paz: traer laboratorio`."""
    said = _("Control {} con {}").format(f"{row.due_on:%d/%m/%Y}", row.doctor.partition(",")[0])
    return f"{said}: {row.what}" if row.what else said


def late_text(entry: EntryRow, zone: tzinfo | str) -> str:
    """`Atendido 10:05, escrito 14:30: corte de luz`, with days where they differ; blank if it is not late."""
    if not entry.late_reason or entry.written_at is None:
        return ""
    place = ZoneInfo(zone) if isinstance(zone, str) else zone
    at, written = entry.at.astimezone(place), entry.written_at.astimezone(place)
    return late_words(at, written, entry.late_reason)


def late_words(at: datetime, written: datetime, reason: str) -> str:
    """The same of two wall times."""
    said = _("Atendido {}, escrito {}: {}")
    if at.date() == written.date():
        return said.format(f"{at:%H:%M}", f"{written:%H:%M}", reason)
    return said.format(f"{at:%d/%m/%y %H:%M}", f"{written:%d/%m/%y %H:%M}", reason)
