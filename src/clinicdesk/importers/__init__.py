"""Importers, one file per source: each exports one `IMPORTER`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from uuid import UUID

from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.errors import Exit


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was not taken. `line` is its first line in the file, `code` stable for scripts."""

    file: str
    line: int
    column: str
    value: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class FileCount:
    """What became of the rows of one file: read = accepted + updated + unchanged + rejected."""

    file: str
    read: int
    accepted: int
    updated: int
    unchanged: int
    rejected: int


@dataclass(frozen=True, slots=True)
class ImportResult:
    """Rows in all and per file, and the first rejects (all of them go to the rejects file).

    `ignored` are files of the folder that this importer does not know; `extra` are counts of its own kind,
    `notes` what a person should know besides.
    """

    read: int
    accepted: int
    updated: int
    unchanged: int
    rejected: int
    seconds: float
    files: tuple[FileCount, ...]
    rejects: tuple[Reject, ...]
    ignored: tuple[str, ...]
    dry_run: bool
    extra: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def exit(self) -> Exit:
        """Done, or done in part."""
        return Exit.PARTLY if self.rejected else Exit.DONE


Progress = Callable[[int], None]
"""Told now and then which line of the file is being read."""


def quiet(_line: int) -> None:
    """Tell nobody."""


class Run(Protocol):
    """How an import is started."""

    def __call__(
        self,
        desk: Desk,
        folder: Path,
        *,
        dry_run: bool = False,
        rejects: Path | None = None,
        key: UUID | None = None,
        progress: Progress = quiet,
        **options: str,
    ) -> ImportResult:
        """Import everything in one transaction; raises a Refusal with nothing written."""


@dataclass(frozen=True, slots=True)
class Importer:
    """One source of rows. `name` is the word typed after `import`.

    `needed` and `optional` are the options of its own, without their dashes.
    """

    name: str
    title: str
    help: str
    permission: Permission
    run: Run
    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
