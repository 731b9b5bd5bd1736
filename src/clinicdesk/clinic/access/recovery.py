"""Setting a password with a single-use code: for who forgot theirs, or has none yet."""

from __future__ import annotations

from dataclasses import dataclass, field

from clinicdesk.clinic.access import gate, passwords, rules
from clinicdesk.clinic.access.errors import CodeRefused
from clinicdesk.kit import secrets


@dataclass(frozen=True, slots=True)
class OpenedCode:
    """A code that is good: whose it is, and the words their new password may not be made of."""

    username: str
    words: tuple[str, ...]
    ticket: gate.Ticket
    code: str = field(repr=False)


def open_code(url: str, username: str, code: str, origin: str) -> OpenedCode:
    """Ask whether a code is good, before a new password is thought of. It stays unused.

    Raises CodeRefused with the same words for an unknown person and a wrong, used or late code, TooManyTries.
    """
    name = username.strip().lower()
    name = name if rules.is_username(name) else rules.nobody(name)
    typed = storable(code)
    ticket = gate.ticket_for(url, name, origin)
    found = gate.ask(
        url, lambda line: line.execute("SELECT gate.open_code(%s, %s)", (ticket.id, typed)).fetchone()
    )
    if found is None or found[0] is None:
        raise _refused(ticket)
    return OpenedCode(name, tuple(found[0]), ticket, typed)


def redeem(url: str, opened: OpenedCode, password: str) -> None:
    """Use the code up: the password is set, the old one and what was open under it end.

    Raises BadPassword before the code is used; CodeRefused where it was used meanwhile.
    """
    chosen = passwords.checked(password, opened.words)
    salt = secrets.new_salt()
    derived = secrets.derived(chosen, salt)
    role = rules.role_of(opened.username)

    def recover(line: gate.Line) -> bool:
        made = secrets.verifier(line, role, derived)
        asked = (opened.ticket.id, opened.code, salt, made)
        row = line.execute("SELECT gate.recover(%s, %s, %s, %s)", asked).fetchone()
        return row is not None and row[0] is True

    if not gate.ask(url, recover):
        raise _refused(opened.ticket)


def storable(code: str) -> str:
    """What was typed, as it is compared; what cannot be part of any code does not reach the server."""
    return "".join(char for char in secrets.read_code(code) if char.isascii() and char.isalnum())[:64]


def _refused(ticket: gate.Ticket) -> CodeRefused:
    return CodeRefused(count=gate.counted(ticket))
