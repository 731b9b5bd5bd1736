"""Row ids: UUIDv7 for what people write, UUIDv8 for what an import derives (RFC 9562)."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

_VERSION_7 = 7 << 76
_VARIANT = 2 << 62
_COUNTER_BITS = 12


class _Clock:
    """Milliseconds plus a 12-bit counter that never goes back within this process."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = threading.Lock()

    def tick(self) -> int:
        with self._lock:
            now = (time.time_ns() // 1_000_000) << _COUNTER_BITS
            self._last = max(self._last + 1, now)
            return self._last


_clock = _Clock()


def new_id() -> UUID:
    """A fresh UUIDv7, greater than every one made before it by this process."""
    ticks = _clock.tick()
    milliseconds, counter = ticks >> _COUNTER_BITS, ticks & ((1 << _COUNTER_BITS) - 1)
    random = int.from_bytes(os.urandom(8)) >> 2
    return UUID(int=(milliseconds << 80) | _VERSION_7 | (counter << 64) | _VARIANT | random)


def derived_id(at: datetime, *names: str) -> UUID:
    """The same UUIDv8 each time for the same source names: 48 bits of `at` in milliseconds, 64 of a hash.

    `at` keeps the rows of an import in the order of their events; dates before 1970 count as 1970.
    The database makes the same ids in `import_id()`, where whole bytes of version and variant are cheap.
    """
    milliseconds = max(0, int(at.timestamp() * 1000)) & ((1 << 48) - 1)
    digest = hashlib.sha256("\x1f".join(names).encode()).digest()
    return UUID(bytes=milliseconds.to_bytes(6) + b"\x80" + digest[1:2] + b"\x80" + digest[3:10])


def made_at(row_id: UUID) -> datetime:
    """The instant inside an id of either kind (UTC, milliseconds)."""
    return datetime.fromtimestamp((row_id.int >> 80) / 1000, tz=UTC)


def opaque(patient_id: UUID, row_id: UUID) -> str:
    """What scripts see of a row of a patient: one word that carries both ids."""
    return f"{patient_id.hex}{row_id.hex}"


def from_opaque(word: str) -> tuple[UUID, UUID]:
    """The patient and row of an opaque id; ValueError where it is none."""
    if len(word) != 64:  # noqa: PLR2004 - two UUIDs of 32 hexadecimal digits
        raise ValueError(word)
    return UUID(hex=word[:32]), UUID(hex=word[32:])
