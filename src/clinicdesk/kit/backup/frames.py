"""The inside of a backup: a plan, then each table's rows in blocks with its sum, then the sums again.

Rows are lines of COPY's text form, which any version of PostgreSQL reads. A sum is the number of rows and
the SHA-256 of each row added up: no order of rows changes it, so a restored table can be compared.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from clinicdesk.kit.backup.vault import Vault

_FRAME: Final = struct.Struct(">cI")
_RAW: Final = struct.Struct(">I")
_MODULUS: Final = 1 << 256
_FAST: Final = 1
BLOCK: Final = 1 << 18
PLAN, TABLE, ROWS, SUM, END = b"P", b"T", b"R", b"S", b"Z"


class Unreadable(ValueError):  # noqa: N818 - like a refusal, named for what it says
    """The stream is proven and yet makes no sense: a program wrote it wrongly."""


@dataclass(frozen=True, slots=True)
class TableSum:
    """A table's name, how many rows it has and their hashes added up."""

    name: str
    rows: int
    hash: str


class Summing:
    """The sum of a table while its rows pass."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.rows = 0
        self._total = 0

    def add(self, block: bytes) -> None:
        """Whole lines."""
        lines = block.split(b"\n")
        if lines.pop():
            raise Unreadable("a row without an end")
        self.rows += len(lines)
        digest, number = hashlib.sha256, int.from_bytes
        self._total += sum(number(digest(line).digest(), "big") for line in lines)

    def done(self) -> TableSum:
        """The sum of what has passed."""
        return TableSum(self._name, self.rows, f"{self._total % _MODULUS:064x}")


def blocks(pieces: Iterable[bytes | memoryview | bytearray]) -> Iterator[bytes]:
    """Rows gathered into blocks of whole lines: at least BLOCK bytes each, but for the last."""
    held: list[bytes | memoryview | bytearray] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BLOCK:
            joined = b"".join(held)
            cut = joined.rfind(b"\n") + 1
            if cut:
                yield joined[:cut]
            held, size = [joined[cut:]], len(joined) - cut
    if size:
        yield b"".join(held)


class Writer:
    """Writes frames into a vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def _frame(self, kind: bytes, data: bytes) -> None:
        self._vault.write(_FRAME.pack(kind, len(data)) + data)

    def told(self, kind: bytes, value: Any) -> None:
        """A frame of JSON."""
        self._frame(kind, json.dumps(value, sort_keys=True).encode())

    def table(self, name: str, pieces: Iterable[bytes | memoryview | bytearray]) -> Iterator[Summing]:
        """Write a table's rows as they come; after each block its sum so far."""
        self.told(TABLE, name)
        summing = Summing(name)
        for block in blocks(pieces):
            summing.add(block)
            self._frame(ROWS, _RAW.pack(len(block)) + zlib.compress(block, _FAST))
            yield summing
        self.told(SUM, asdict(summing.done()))
        yield summing


def read(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Frames (kind, data) of a stream. Raises Unreadable for a stream that ends inside one."""
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= _FRAME.size:
            kind, length = _FRAME.unpack_from(held)
            end = _FRAME.size + length
            if len(held) < end:
                break
            yield kind, bytes(held[_FRAME.size : end])
            del held[:end]
    if held:
        raise Unreadable("the stream ends inside a frame")


def unpacked(data: bytes) -> bytes:
    """The rows of a ROWS frame. Raises Unreadable where they are not as long as was said."""
    (length,) = _RAW.unpack_from(data)
    try:
        rows = zlib.decompressobj().decompress(data[_RAW.size :], length + 1)
    except zlib.error as error:
        raise Unreadable(str(error)) from None
    if len(rows) != length:
        raise Unreadable("a block of another length")
    return rows
