"""A PostgreSQL server of our own, for one desk machine, the demo and the tests.

It belongs to one account of the operating system, listens on a socket in a folder that only this account
(and root) can enter, and never on TCP. Whoever needs it calls `start`; it stays up until `stop`.
"""

from __future__ import annotations

from clinicdesk.kit.embedded.binaries import binary
from clinicdesk.kit.embedded.doctor import Finding, doctor
from clinicdesk.kit.embedded.errors import EmbeddedFault
from clinicdesk.kit.embedded.server import Server, Status, initialised, remove, start, status, stop

__all__ = [
    "EmbeddedFault",
    "Finding",
    "Server",
    "Status",
    "binary",
    "doctor",
    "initialised",
    "remove",
    "start",
    "status",
    "stop",
]
