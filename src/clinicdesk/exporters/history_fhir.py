"""A patient's history as a FHIR R4 document: a Bundle that opens with its Composition, complete in itself."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import BinaryIO, Final

from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter, History
from clinicdesk.kit.sheet import Stamp, unseen_escaped
from clinicdesk.kit.words import _

_END: Final = b"]}"
# Whole groups of three bytes, so that each block's text joins the next one's.
_BLOCK: Final = 3 << 18


def write(history: History, stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Write the Bundle, its numbers digit by digit as they were written down."""
    return write_files(history, stamp, out, None)


def write_files(
    history: History, stamp: Stamp, out: BinaryIO, body_of: Callable[[AttachmentRow], bytes] | None
) -> tuple[str, ...]:
    """The same with the bytes of each attachment as a Binary; one file at a time is in memory.

    Those attached in error stay out: what they are stands in the document, what they hold is nobody's.
    """
    import msgspec

    from clinicdesk.exporters._history_fhir import document

    files = [row for row in history.attachments if body_of and row.voided_at is None]
    made = document(history, stamp, frozenset(row.id for row in files))
    body = msgspec.json.Encoder(decimal_format="number").encode(made)
    out.write(unseen_escaped(body.decode()).removesuffix(_END))
    for row in files:
        if body_of:
            _write_binary(row, body_of(row), out)
    out.write(_END + b"\n")
    return ()


def _write_binary(row: AttachmentRow, body: bytes, out: BinaryIO) -> None:
    """A last entry of the Bundle, its bytes in blocks."""
    import msgspec

    from clinicdesk.exporters._fhir_papers import binary_id

    name = binary_id(row)
    head = {"resourceType": "Binary", "id": name, "contentType": row.media_type, "data": ""}
    entry = msgspec.json.encode({"fullUrl": f"urn:uuid:{name}", "resource": head})
    end = b'"}}'
    out.write(b"," + entry.removesuffix(end))
    for start in range(0, len(body), _BLOCK):
        out.write(base64.b64encode(body[start : start + _BLOCK]))
    out.write(end)


EXPORTER: Final = Exporter(
    kind="history",
    format="fhir",
    suffix=".fhir.json",
    title=_("Historia clínica en FHIR R4"),
    help=_("La historia como documento FHIR R4 (Bundle), para otro sistema de salud."),
    permission=Permission.HISTORY_EXPORT,
    write=write,
    write_files=write_files,
)
