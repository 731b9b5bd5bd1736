"""A patient's history as a FHIR R4 document: a Bundle that opens with its Composition, complete in itself."""

from __future__ import annotations

from typing import BinaryIO, Final

from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter, History
from clinicdesk.kit.sheet import Stamp, unseen_escaped
from clinicdesk.kit.words import _


def write(history: History, stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Write the Bundle, its numbers digit by digit as they were written down."""
    import msgspec

    from clinicdesk.exporters._history_fhir import document

    body = msgspec.json.Encoder(decimal_format="number").encode(document(history, stamp))
    out.write(unseen_escaped(body.decode()) + b"\n")
    return ()


EXPORTER: Final = Exporter(
    kind="history",
    format="fhir",
    suffix=".fhir.json",
    title=_("Historia clínica en FHIR R4"),
    help=_("La historia como documento FHIR R4 (Bundle), para otro sistema de salud."),
    permission=Permission.HISTORY_EXPORT,
    write=write,
)
