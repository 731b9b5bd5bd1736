"""Exporters, one file per format: each exports one `EXPORTER`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters._history import HISTORY, History, HistoryQuery, Selection
from clinicdesk.kit.sheet import Stamp

__all__ = ["HISTORY", "Exporter", "History", "HistoryQuery", "Selection", "Write", "WriteFiles"]

Write = Callable[[Any, Stamp, BinaryIO], tuple[str, ...]]
WriteFiles = Callable[[Any, Stamp, BinaryIO, Callable[[AttachmentRow], bytes]], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Exporter:
    """One way to hand out a history, or the acts.

    `kind` and `format` are the words typed (`history export --format pdf`), `suffix` ends a file's
    name. `write` fills a binary stream from what its kind is made of and gives the characters that it
    had to write as code points. `write_files` does so with the bytes of the attachments among it, which
    it asks for one by one; None where the format holds none.
    """

    kind: str
    format: str
    suffix: str
    title: str
    help: str
    permission: Permission
    write: Write
    write_files: WriteFiles | None = None
