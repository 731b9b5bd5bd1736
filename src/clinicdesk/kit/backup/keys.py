"""The key of a backup: thirty-two random bytes in a file, or a passphrase made slow by argon2id."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import unicodedata
from dataclasses import dataclass
from typing import Any, Final

from clinicdesk.kit.backup.errors import WeakKey
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

KEY_BYTES: Final = 32
LEAST_LETTERS: Final = 12
_MARK: Final = "clinicdesk-key-1:"
_SALT_BYTES: Final = 16
# RFC 9106, second recommended choice: a stolen file costs 64 MiB and three passes a guess.
_SLOW: Final = {"memory_kib": 65_536, "passes": 3, "lanes": 4}
# A header is read before it can be trusted: no more than this is spent on one.
_MOST: Final = {"memory_kib": 1_048_576, "passes": 16, "lanes": 16}


@dataclass(frozen=True, slots=True)
class FileKey:
    """A key as a key file holds it."""

    raw: bytes

    def facts(self) -> dict[str, Any]:
        """What the header says, so that the right file of several is found again."""
        return {"kind": "file", "id": hashlib.sha256(b"clinicdesk key id\0" + self.raw).hexdigest()[:16]}

    def opened(self, _facts: dict[str, Any]) -> bytes:
        """The key itself, whatever the header says of it."""
        return self.raw


@dataclass(frozen=True, slots=True)
class Passphrase:
    """A passphrase as somebody typed it."""

    text: str

    def facts(self) -> dict[str, Any]:
        """A new salt and what makes guessing slow."""
        return {"kind": "passphrase", "salt": os.urandom(_SALT_BYTES).hex(), **_SLOW}

    def opened(self, facts: dict[str, Any]) -> bytes:
        """The key that the passphrase makes with a header's salt. Raises ValueError for a mad header."""
        from argon2.low_level import Type, hash_secret_raw

        if facts.get("kind") != "passphrase":
            return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).digest()
        cost = {name: int(facts[name]) for name in _MOST}
        if any(not 1 <= cost[name] <= most for name, most in _MOST.items()):
            raise ValueError(cost)
        typed = unicodedata.normalize("NFC", self.text).encode("utf-8", "surrogatepass")
        salt = bytes.fromhex(facts["salt"])
        return hash_secret_raw(
            typed, salt, cost["passes"], cost["memory_kib"], cost["lanes"], KEY_BYTES, Type.ID
        )


Key = FileKey | Passphrase


def new_key() -> str:
    """The text of a new key file: one line."""
    return _MARK + base64.b64encode(os.urandom(KEY_BYTES)).decode()


def key_of(text: str) -> Key:
    """The key that a file's text holds, else the text is a passphrase. Raises WeakKey, InvalidInput."""
    if not text.startswith(_MARK):
        if len(text) < LEAST_LETTERS:
            raise WeakKey(least=LEAST_LETTERS)
        return Passphrase(text)
    try:
        raw = base64.b64decode(text.removeprefix(_MARK), validate=True)
    except binascii.Error:
        raw = b""
    if len(raw) != KEY_BYTES:
        raise InvalidInput(_("El archivo de clave está cortado o cambiado."))
    return FileKey(raw)
