"""A patient's history as one JSON object, complete: nothing is summed up or left out."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter, History
from clinicdesk.kit.plain import plain
from clinicdesk.kit.sheet import Stamp, json_text
from clinicdesk.kit.words import _

FORMAT: Final = "clinicdesk.history/1"


def write(history: History, stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Write the object. JSON holds any character, so none is ever given back."""
    zone = stamp.at.tzinfo
    if zone is None:
        raise ValueError("the stamp's time carries no zone")
    printed = {"by": stamp.by, "at": stamp.at, "zone": stamp.zone, "clinic": stamp.origin}
    asked = {"selection": history.selection, "request": history.request, "delivery": history.delivery}
    held = {"printed": printed, **asked, **_parts(history)}
    body = {"format": FORMAT, **plain(held, zone)}
    out.write(json_text(body) + b"\n")
    return ()


def _parts(history: History) -> dict[str, Any]:
    chart = history.chart
    return {
        "patient": chart.patient,
        "allergies": chart.allergies,
        "problems": chart.problems,
        "treatments": chart.treatments,
        "vitals": history.vitals,
        "vitals_gone": chart.vitals_gone,
        "prescriptions": history.prescribed,
        "results": history.observed,
        "attachments": history.attachments,
        "letters": history.letters,
        "entries": chart.entries,
        "entries_total": chart.entries_total,
    }


EXPORTER: Final = Exporter(
    kind="history",
    format="json",
    suffix=".json",
    title=_("Historia clínica en JSON"),
    help=_("La historia completa como un objeto JSON, para otro sistema. Horas ISO 8601 con desplazamiento."),
    permission=Permission.HISTORY_EXPORT,
    write=write,
)
