"""What a file may be called, how it is named when it leaves, how its weight is said. Pure."""

from __future__ import annotations

import mimetypes
import unicodedata
from typing import Final

from clinicdesk.kit.text import clean

UNKNOWN: Final = "application/octet-stream"
TEXT: Final = "text/plain"
NAME_MOST: Final = 200
_KILO: Final = 1024
# Controls, and marks that turn what follows about: `fdp.exe` read backwards.
_UNSEEN: Final = frozenset(("Cc", "Cf"))
_EXTENSIONS: Final = {TEXT: ".txt", UNKNOWN: ".bin", "application/dicom": ".dcm", "image/jpeg": ".jpg"}


def shown_name(name: str) -> str:
    """A file's name for people to read: the last part of a path, on one line, cut in the middle.

    It names nothing on any disk: what is saved is called `safe_name`.
    """
    plain = "".join(char for char in clean(name) if unicodedata.category(char) not in _UNSEEN)
    last = " ".join(plain.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1].split())
    if len(last) <= NAME_MOST:
        return last
    half = NAME_MOST // 2 - 1
    return f"{last[:half]}…{last[-half:]}"


def safe_name(number: str, media_type: str) -> str:
    """What a file is called when it is saved into a folder: its number, and the ending of its true type."""
    ending = _EXTENSIONS.get(media_type) or mimetypes.guess_extension(media_type) or ".bin"
    return f"adjunto-{number}{ending}"


def weight(count: int) -> str:
    """Bytes for people: `812 B`, `34 KB`, `2,1 MB`, `500 MB`."""
    if count < _KILO:
        return f"{count} B"
    if count < _KILO * _KILO:
        return f"{count // _KILO} KB"
    return f"{count / _KILO / _KILO:.1f} MB".replace(".0 ", " ").replace(".", ",")
