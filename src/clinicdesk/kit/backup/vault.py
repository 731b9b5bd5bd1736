"""The outside of a backup file.

    magic · length of the header · header (JSON, clear) · the stream, encrypted · SHA-256 of all before it

The stream is Cobblestone-256 (C2SP chunked-encryption) of the `cryptography` library: chunks that cannot
be read before they are proven, swapped, dropped or cut off, under a key that is committed to. The header
is bound to it. The checksum needs no key and tells damage from a wrong key; it proves nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from clinicdesk.kit.backup.errors import Damaged, NewerBackup, NoSuchFile, NotABackup, WrongKey
from clinicdesk.kit.backup.keys import Key

MAGIC: Final = b"CLINICDESK-BACKUP\n"
FORMAT: Final = 1
SUM_BYTES: Final = 32
_LENGTH: Final = struct.Struct(">I")
_MOST_HEADER: Final = 65_536
_PIECE: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a file without its key. `created_at` is ISO 8601; no name and no number of anybody."""

    program: str
    schema: str
    server_version: str
    created_at: str
    key: dict[str, Any]
    format: int = FORMAT

    def bytes(self) -> bytes:
        """As it stands at the beginning of a file."""
        text = json.dumps(asdict(self), sort_keys=True).encode()
        return MAGIC + _LENGTH.pack(len(text)) + text


def _context(head: bytes) -> bytes:
    """What binds the stream to its header."""
    return b"clinicdesk backup\0" + hashlib.sha256(head).digest()


class Vault:
    """Encrypts what is written into `file`; `close` makes it whole."""

    def __init__(self, file: BinaryIO, header: Header, key: bytes) -> None:
        from cryptography.cobblestone import Cobblestone256Encryptor

        self._file = file
        self._sum = hashlib.sha256()
        self.size = 0
        head = header.bytes()
        self._encryptor = Cobblestone256Encryptor(key, _context(head))
        self._put(head)

    def _put(self, data: bytes) -> None:
        self._sum.update(data)
        self._file.write(data)
        self.size += len(data)

    def write(self, data: bytes) -> None:
        """Encrypt more of the stream."""
        self._put(self._encryptor.update(data))

    def close(self) -> str:
        """Write the end; the checksum as hexadecimal text."""
        self._put(self._encryptor.finalize())
        digest = self._sum.digest()
        self._file.write(digest)
        self.size += SUM_BYTES
        return digest.hex()


class Source:
    """A backup file held open: read once to prove it, once more to restore it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
            self.size = os.fstat(self._file.fileno()).st_size
            self._head = self._file.read(len(MAGIC) + _LENGTH.size)
        except OSError as error:
            raise NoSuchFile(path=path, reason=error.strerror) from None
        self.header = self._header()

    def close(self) -> None:
        """Let the file go."""
        self._file.close()

    def _header(self) -> Header:
        """Raises NotABackup, NewerBackup, Damaged."""
        if self._head[: len(MAGIC)] != MAGIC:
            raise NotABackup(path=self.path)
        try:
            (length,) = _LENGTH.unpack(self._head[len(MAGIC) :])
            if length > min(_MOST_HEADER, self.size):
                raise ValueError(length)
            text = self._file.read(length)
            self._head += text
            found = json.loads(text)
            if int(found["format"]) > FORMAT:
                raise NewerBackup(path=self.path, found=int(found["format"]))
            return Header(**found)
        except (ValueError, TypeError, KeyError, struct.error, RecursionError):
            raise Damaged(path=self.path) from None

    def key_from(self, key: Key) -> bytes:
        """The key of the stream. Raises Damaged where the header asks the impossible."""
        try:
            return key.opened(self.header.key)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Damaged(path=self.path) from None

    def stream(self, key: bytes) -> Iterator[bytes]:
        """The decrypted stream in pieces, each proven before it is seen, the last one too.

        Raises Damaged where the checksum is wrong, else WrongKey: the whole file is read to tell them apart.
        """
        from cryptography.cobblestone import Cobblestone256Decryptor
        from cryptography.exceptions import InvalidTag

        summed = hashlib.sha256(self._head)
        decryptor = Cobblestone256Decryptor(key, _context(self._head))
        pieces = self._pieces(summed)
        try:
            for piece in pieces:
                yield decryptor.update(piece)
            yield decryptor.finalize()
        except InvalidTag:
            for _rest in pieces:
                pass
            self._demand_sum(summed.digest())
            raise WrongKey(path=self.path) from None
        self._demand_sum(summed.digest())

    def _pieces(self, summed: Any) -> Iterator[bytes]:
        self._file.seek(len(self._head))
        left = self.size - len(self._head) - SUM_BYTES
        while left > 0:
            piece = self._file.read(min(_PIECE, left))
            if not piece:
                raise Damaged(path=self.path)
            left -= len(piece)
            summed.update(piece)
            yield piece

    def _demand_sum(self, found: bytes) -> None:
        if self._file.read(SUM_BYTES) != found:
            raise Damaged(path=self.path)
