"""An attachment written to a disk: where it was asked to, never over another file, never launched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from clinicdesk.clinic.attachments.errors import NotSaved
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
