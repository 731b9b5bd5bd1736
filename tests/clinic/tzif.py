"""Time zone files as tests need them: rules that never change before their last line, written by hand."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path


def write_rules(folder: Path, version: str, zones: Mapping[str, str]) -> Path:
    """A folder for PYTHONTZPATH: each zone by its POSIX TZ string, and the name of the release."""
    folder.mkdir()
    (folder / "tzdata.zi").write_text(f"# version {version}\n", encoding="utf-8")
    for name, posix in zones.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_file(posix))
    return folder


def _file(posix: str) -> bytes:
    """RFC 8536, version 2: no transitions of its own, one type, and the rule that holds for ever."""
    counts = (0, 0, 0, 0, 1, 4)
    head = b"TZif" + b"2" + bytes(15) + struct.pack(">6l", *counts)
    types = struct.pack(">lbb", 0, 0, 0) + b"LMT\0"
    return head + types + head + types + f"\n{posix}\n".encode("ascii")
