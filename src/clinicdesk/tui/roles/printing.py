"""The history of the patient on the screen as a file in the account's home folder."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit.sheet import Stamp, write_atomically
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.rights import Actor
    from clinicdesk.tui.desk_link import DeskLink


FORMATS: Final = MappingProxyType(
    {
        "1": (_("PDF"), "history_pdf"),
        "2": (_("JSON"), "history_json"),
        "3": (_("FHIR"), "history_fhir"),
    }
)
"""Key → word and exporter of each format."""


async def print_history(
    link: DeskLink,
    patient: PatientRow,
    now: datetime,
    exporter_name: str = "history_pdf",
    request: str = "",
) -> Path:
    """Write the whole history, readable by this account alone; where it went. Raises Refusal.

    Handing a history out is written down. The exporter and its fonts are imported now, not before.
    """
    from clinicdesk.exporters import HISTORY, Exporter, HistoryQuery
    from clinicdesk.kit import plugins

    exporter = plugins.load("clinicdesk.exporters", exporter_name, Exporter, "EXPORTER")
    history = await link.see(HISTORY, HistoryQuery(patient.patient_id, exporter.format, request=request))
    path = Path.home() / f"clinicdesk-HC-{patient.chart_number:06}{exporter.suffix}"
    stamp = _stamp(link.session.actor, now)
    await link.hop(write_atomically, path, lambda out: exporter.write(history, stamp, out))
    return path


def _stamp(actor: Actor, now: datetime) -> Stamp:
    zone = ZoneInfo(actor.at.zone)
    return Stamp(actor.name, now.astimezone(zone), actor.at.zone, actor.at.clinic_name)
