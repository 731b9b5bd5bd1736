"""In what encoding a text file is: by its mark, else by what its bytes can be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Final

from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.words import _

UTF_8: Final = "utf-8-sig"
_BLOCK: Final = 1 << 20
_HEAD: Final = 4096
_FEW: Final = 8
_ENCODINGS: Final = MappingProxyType(
    {
        "utf-8": UTF_8,
        "utf8": UTF_8,
        "utf-16": "utf-16",
        "cp1252": "cp1252",
        "windows-1252": "cp1252",
        "latin-1": "latin-1",
        "iso-8859-1": "latin-1",
        "iso-8859-15": "iso-8859-15",
        "cp850": "cp850",
        "cp437": "cp437",
        "mac-roman": "mac-roman",
    }
)
_MARKS: Final = (
    (b"\xef\xbb\xbf", UTF_8),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NO_TEXT: Final = (
    (b"PK\x03\x04", _("una planilla de Excel o un archivo comprimido")),
    (b"\xd0\xcf\x11\xe0", _("una planilla de Excel antigua")),
    (b"%PDF", _("un PDF")),
)
_HIGH: Final = bytes(range(0x80, 0x100))
_LEAD: Final = 0xC0
_LONGEST_TAIL: Final = 3
_LETTERS: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xe0[\xa0-\xbf][\x80-\xbf]"
    rb"|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)


class NotCsv(Refusal):
    """The file is of a kind that no CSV reader can read."""

    says = _("{file} es {what}, no un CSV.")
    at_prompt = _("Guardarlo como CSV UTF-8 y volver a importar.")


def encoding_of(path: Path, named: str | None = None) -> str:
    """Python's name of the file's encoding. `named` is what somebody says it is.

    UTF-8 without a mark is told by its bytes; a file that cannot be UTF-8 is taken for cp1252. One in which
    more letters are good UTF-8 than not stays UTF-8, damaged here and there. Raises InvalidInput, NotCsv.
    """
    if named is not None:
        return _known(named)
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for start, what in _NO_TEXT:
        if head.startswith(start):
            raise NotCsv(file=path.name, what=what)
    found = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if found == "utf-32" or (found is None and head.count(b"\0") > len(head) // _FEW):
        raise NotCsv(
            file=path.name, what=_("texto en una codificación sin marca o poco común (UTF-16, UTF-32)")
        )
    return found or _by_bytes(path)


def _known(named: str) -> str:
    found = _ENCODINGS.get(named.strip().lower().replace("_", "-"))
    if found is None:
        said = _("--encoding lleva una de estas codificaciones: {names}.")
        raise InvalidInput(said.format(names=", ".join(_ENCODINGS)))
    return found


def _by_bytes(path: Path) -> str:
    good = bad = 0
    for block in _blocks(path):
        if not block.isascii():
            high = len(block) - len(block.translate(None, _HIGH))
            letters = _LETTERS.findall(block)
            good += len(letters)
            bad += high - sum(map(len, letters))
    return UTF_8 if good >= bad else "cp1252"


def _blocks(path: Path) -> Iterator[bytes]:
    """The file in pieces that part no letter of UTF-8."""
    held = b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            block = held + block
            cut = len(block)
            for back in range(1, min(_LONGEST_TAIL, len(block)) + 1):
                if block[-back] >= _LEAD:
                    cut -= back
                    break
            held = block[cut:]
            yield block[:cut]
    yield held
