"""Acts as JSON Lines; with their seals a copy that `audit verify --copy` judges anywhere."""

from __future__ import annotations

from datetime import UTC
from typing import BinaryIO, Final

from clinicdesk.clinic.audit import copies
from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter
from clinicdesk.exporters._acts import Acts, Sealing, username
from clinicdesk.kit.plain import plain
from clinicdesk.kit.sheet import Stamp, json_text
from clinicdesk.kit.words import _


def write(acts: Acts, _stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Write a line for each act, or with seals the lines of a copy."""
    if acts.sealing is not None:
        _copy(acts.sealing, out)
        return ()
    for page in acts.pages:
        for act in page:
            told = plain(act, UTC)
            clinic = None if act.clinic_id is None else acts.clinics.get(act.clinic_id)
            out.write(json_text(told | {"user": username(act.person), "clinic": clinic}) + b"\n")
    return ()


def _copy(sealing: Sealing, out: BinaryIO) -> None:
    out.write(copies.head(sealing.exported_at, sealing.last))
    count = 0
    for line in copies.lines_of(sealing.events, sealing.waiting):
        out.write(line)
        count += 1
    out.write(copies.tail(count))


EXPORTER: Final = Exporter(
    kind="acts",
    format="jsonl",
    suffix=".jsonl",
    title=_("Actos en JSON Lines"),
    help=_("Un objeto por acto. Con los sellos, una copia que se verifica sin la base."),
    permission=Permission.AUDIT_READ,
    write=write,
)
