"""Exporters, one file per format: each exports one `EXPORTER`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters._history import HISTORY, History, HistoryQuery, Selection
from clinicdesk.kit.sheet import Stamp

__all__ = ["HISTORY", "Exporter", "History", "HistoryQuery", "Selection", "Write"]

Write = Callable[[Any, Stamp, BinaryIO], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Exporter:
    """One way to hand out a history, or the acts.

    `kind` and `format` are the words typed (`history export --format pdf`), `suffix` ends a file's
    name. `write` fills a binary stream from what its kind is made of and gives the characters that it
    had to write as code points.
    """

    kind: str
    format: str
    suffix: str
    title: str
    help: str
    permission: Permission
    write: Write
