"""What a file is, by its bytes: nothing is decoded, and of a picture the head alone is read."""

from __future__ import annotations

import io
import threading
import unicodedata
import warnings
from dataclasses import dataclass
from typing import Final

from clinicdesk.clinic.attachments.rules import TEXT, UNKNOWN

_IMAGE: Final = "image/"
# Formats whose heads say how large they are; nothing else of a file is ever read as a picture.
_FORMATS: Final = ("PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP")
# Pillow's own limit is the process's.
_ONE_HEAD: Final = threading.Lock()
_TEXT_CONTROLS: Final = frozenset("\t\n\r\f")


@dataclass(frozen=True, slots=True)
class Recognised:
    """What a file is: IANA media type; width and height in pixels where it is a picture that says so."""

    media_type: str
    width: int | None = None
    height: int | None = None

    @property
    def pixels(self) -> int:
        """How many it would have if it were decoded."""
        return (self.width or 0) * (self.height or 0)


def recognised(body: bytes) -> Recognised:
    """The type by content, whatever the name says; what nothing knows is bytes. Decodes no picture."""
    import filetype

    media_type: str = filetype.guess_mime(body) or (TEXT if _is_text(body) else UNKNOWN)
    size = _picture_size(body) if media_type.startswith(_IMAGE) else None
    return Recognised(media_type, *size) if size else Recognised(media_type)


def _is_text(body: bytes) -> bool:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    return all(char in _TEXT_CONTROLS or unicodedata.category(char) != "Cc" for char in text)


def _picture_size(body: bytes) -> tuple[int, int] | None:
    """Width and height as the head of the file has them; None where it has none that can be read."""
    from PIL import Image

    with _ONE_HEAD, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a faulty head is the sender's
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # ours is said with the size
        try:
            with Image.open(io.BytesIO(body), formats=_FORMATS) as picture:
                width, height = picture.size
        except (OSError, ValueError, SyntaxError, OverflowError, MemoryError):
            return None
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    return (width, height) if width > 0 and height > 0 else None
