"""Passwords: what is typed never leaves this process; the server knows a SCRAM verifier of a slow hash."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import threading
import unicodedata
from typing import Any, Final

# OWASP's argon2id parameters: 19 MiB, two passes, one lane; 22 ms. Two at once per process bounds memory.
_MEMORY_KIB: Final = 19_456
_PASSES: Final = 2
_LANES: Final = 1
_LENGTH: Final = 32
_TWO_AT_ONCE: Final = threading.BoundedSemaphore(2)
SALT_BYTES: Final = 16
# No letters or digits that are read as one another: these are copied by hand from paper.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOK_ALIKES: Final = str.maketrans("OIL", "011")


def new_salt() -> bytes:
    """Sixteen random bytes."""
    return os.urandom(SALT_BYTES)


def new_password(length: int = 14) -> str:
    """A random password that can be read aloud: 69 bits at fourteen characters."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def new_code() -> str:
    """A single-use code: a hundred random bits in Crockford's base 32, in groups that can be read out."""
    drawn = "".join(secrets.choice(_CROCKFORD) for _ in range(20))
    return "-".join(drawn[at : at + 5] for at in range(0, len(drawn), 5))


def read_code(text: str) -> str:
    """A code as it is compared: no dashes, capitals, and O, I, L as the digits they look like."""
    return "".join(text.split()).replace("-", "").upper().translate(_LOOK_ALIKES)


def code_hash(code: str) -> bytes:
    """What the database knows a code by."""
    return hashlib.sha256(read_code(code).encode("utf-8", "surrogatepass")).digest()


def derived(password: str, salt: bytes) -> str:
    """What is sent through SCRAM instead of the typed password: argon2id of its NFC form, base64."""
    from argon2.low_level import Type, hash_secret_raw

    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    with _TWO_AT_ONCE:
        raw = hash_secret_raw(typed, salt, _PASSES, _MEMORY_KIB, _LANES, _LENGTH, Type.ID)
    return base64.b64encode(raw).decode()


def verifier(raw_connection: Any, role: str, secret: str) -> str:
    """The SCRAM-SHA-256 verifier that the server stores for a derived secret (made by libpq)."""
    made: bytes = raw_connection.pgconn.encrypt_password(secret.encode(), role.encode(), b"scram-sha-256")
    return made.decode()
