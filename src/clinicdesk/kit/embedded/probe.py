"""One question to a server over its socket, in PostgreSQL's own protocol: will you let me in?

Cheaper than a client library (no import, no process), and it tells apart what a plain connect cannot:
starting up, database missing, not recognised as owner.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from clinicdesk.kit.embedded.layout import PORT

PROTOCOL = 196608  # 3.0
HEADER = struct.Struct("!ci")
LENGTH_BYTES = 4  # a message's length counts itself
MOST_BYTES = 65_536  # of one message; a greeting is a few hundred
NO_SUCH_DATABASE = "3D000"
TOO_MANY = "53300"
NO_ANSWER = ""
COMING_OR_GOING = (NO_ANSWER, "57P01", "57P02", "57P03")
ANOTHER_PROOF = "28P01"


@dataclass(frozen=True, slots=True)
class Greeting:
    """The answer: let in (`welcome`, with the server's version), or the SQLSTATE of the refusal."""

    welcome: bool
    sqlstate: str = NO_ANSWER
    version: str = ""


def socket_path(socket_dir: Path) -> Path:
    """The socket's own name in its folder."""
    return socket_dir / f".s.PGSQL.{PORT}"


def answers(socket_dir: Path) -> bool:
    """Whether anything accepts connections there."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(5)
        try:
            line.connect(str(socket_path(socket_dir)))
        except OSError:
            return False
        return True


def greet(socket_dir: Path, user: str, database: str, seconds: float = 10) -> Greeting:
    """Log in as `user`, read the greeting, hang up. No answer is an answer too, never an exception."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(seconds)
        try:
            line.connect(str(socket_path(socket_dir)))
            line.sendall(_hello(user, database))
            greeting = _listen(line)
        except (OSError, EOFError, ValueError):
            return Greeting(welcome=False)
        with suppress(OSError):
            line.sendall(HEADER.pack(b"X", LENGTH_BYTES))
        return greeting


def _hello(user: str, database: str) -> bytes:
    words = ("user", user, "database", database, "application_name", "clinicdesk start")
    body = b"".join(word.encode() + b"\0" for word in words) + b"\0"
    return struct.pack("!ii", len(body) + 8, PROTOCOL) + body


def _listen(line: socket.socket) -> Greeting:
    version = ""
    for kind, body in _messages(line):
        if kind == b"E":
            return Greeting(welcome=False, sqlstate=_error_fields(body).get("C", NO_ANSWER))
        if kind == b"R" and struct.unpack_from("!i", body)[0] != 0:
            return Greeting(welcome=False, sqlstate=ANOTHER_PROOF)
        if kind == b"S" and body.startswith(b"server_version\0"):
            version = body.split(b"\0")[1].decode()
        if kind == b"Z":
            break
    return Greeting(welcome=True, version=version)


def _messages(line: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    while True:
        kind, size = HEADER.unpack(_exactly(line, HEADER.size))
        if not LENGTH_BYTES <= size <= MOST_BYTES:
            message = f"not PostgreSQL: a message of {size} bytes"
            raise ValueError(message)
        yield kind, _exactly(line, size - LENGTH_BYTES)


def _exactly(line: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = line.recv(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts


def _error_fields(body: bytes) -> dict[str, str]:
    """`{"C": "57P03", "M": …}`: one letter and a text per field."""
    return {field[:1].decode(): field[1:].decode(errors="replace") for field in body.split(b"\0") if field}
