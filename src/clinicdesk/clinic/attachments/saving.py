"""Files of this machine: read to be attached; saved where it was asked to, over nothing, never launched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from clinicdesk.clinic.attachments.errors import NotRead, NotSaved
from clinicdesk.clinic.attachments.queries import Body
from clinicdesk.clinic.attachments.rules import safe_name
from clinicdesk.kit.words import _

_OWNER_ALONE: Final = 0o600
_NUMBER: Final = 8


def save(found: Body, target: Path) -> Path:
    """Write the bytes to a file, or into a folder under a name made of their number. Raises NotSaved.

    The name that came with the file is for reading: it leads to no place.
    """
    path = target
    if target.is_dir():
        path = target / safe_name(found.row.id.hex[-_NUMBER:], found.row.media_type)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        descriptor = os.open(path, flags, _OWNER_ALONE)
    except FileExistsError:
        raise NotSaved(file=path.name, why=_("ya existe")) from None
    except OSError as wrong:
        raise NotSaved(file=path.name, why=wrong.strerror or _("no se puede crear")) from None
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(found.body)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as wrong:
        path.unlink(missing_ok=True)
        raise NotSaved(file=path.name, why=wrong.strerror or _("no se pudo escribir")) from None
    return path


def read(path: Path, most: int) -> bytes:
    """A file's bytes, one more than `most` where it has more. Raises NotRead."""
    if not path.is_file():  # a device or a pipe may never end
        raise NotRead(file=path.name, why=_("no es un archivo"))
    try:
        with path.open("rb") as opened:
            return opened.read(most + 1)
    except OSError as wrong:
        raise NotRead(file=path.name, why=wrong.strerror or _("no se pudo leer")) from None
