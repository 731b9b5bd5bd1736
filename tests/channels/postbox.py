"""What a mail server took in."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import Message
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Postbox:
    """Keeps messages; `refuses` says no to every one."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.refuses = False
        self.port = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook for a whole message."""
        if self.refuses:
            return "550 No such mailbox"
        content = envelope.content
        assert isinstance(content, bytes)
        self.messages.append(message_from_bytes(content, policy=policy.default))
        return "250 OK"


class Server(Controller):
    """A mail server in a thread, on a port that was free."""

    def _trigger_server(self) -> None:
        served: Any = self.server
        self.port = served.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]
