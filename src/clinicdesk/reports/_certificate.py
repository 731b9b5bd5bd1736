"""The certificate of attendance: that somebody was at the clinic, from when until when. Nothing of why."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from clinicdesk.clinic.admissions.queries import AttendanceRow
from clinicdesk.kit.names import full_name
from clinicdesk.kit.sheet import Stamp
from clinicdesk.kit.words import _

_SIGN_BELOW = 60


def paper(row: AttendanceRow, stamp: Stamp) -> bytes:
    """One A4 page, with room for a signature and a seal."""
    from clinicdesk.kit.pdf import Document, Running

    title = _("Constancia de asistencia")
    document = Document(Running(stamp.origin, "", title, "", stamp.line()), stamp.at)
    document.title(title)
    document.paragraph(sentence(row), after=6)
    document.paragraph(
        _("Se extiende a pedido de la persona interesada, para ser presentada donde corresponda.")
    )
    document.gap(_SIGN_BELOW)
    document.paragraph("_" * 40)
    document.paragraph(_("Firma y sello: {}").format(stamp.by))
    return document.finish()


def sentence(row: AttendanceRow) -> str:
    """What is certified, with the clinic's own hours."""
    zone = ZoneInfo(row.zone)
    came = row.arrived_at.astimezone(zone)
    who = full_name(row.family, row.given)
    person = f"{who}, {row.document}" if row.document else who
    place = f"{row.clinic}, {row.city}" if row.city else row.clinic
    if row.ended_at is None:
        until = _("y continúa aquí al momento de esta constancia")
    else:
        until = _("hasta las {}").format(f"{row.ended_at.astimezone(zone):%H:%M}")
    return _("{} concurrió a {} el {} desde las {} {}.").format(
        person, place, f"{came:%d/%m/%Y}", f"{came:%H:%M}", until
    )
