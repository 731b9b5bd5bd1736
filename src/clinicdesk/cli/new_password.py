"""A password that somebody chooses: typed twice, or read from a closed file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clinicdesk.cli.outcome import NoAnswer
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def given_password(username: str, file: Path | None, words: Iterable[str] = ()) -> str:
    """A new password for `username`: from `file` (0600, or a descriptor), else typed twice.

    `words` are the names around the person. Raises BadPassword before it is asked for again,
    FileOpenToOthers, InvalidInput where the two differ, NoAnswer without a terminal.
    """
    from clinicdesk.cli.entrance import one_line
    from clinicdesk.cli.kept_login import secret_text

    if file is not None:
        return _checked(one_line(secret_text(file)), words)
    return _typed_twice(_("Clave nueva de {user}: ").format(user=username), words)


def _checked(text: str, words: Iterable[str]) -> str:
    from clinicdesk.clinic.access import passwords

    return passwords.checked(text, words)


def _typed_twice(prompt: str, words: Iterable[str]) -> str:
    from clinicdesk.cli.entrance import ask_password

    if not sys.stdin.isatty():
        raise NoAnswer
    first = ask_password(prompt)
    checked = _checked(first, words)
    if first != ask_password(_("Otra vez: ")):
        raise InvalidInput(_("Las dos claves no son iguales."))
    return checked


def asked(question: str, default: str = "", check: Callable[[str], object] | None = None) -> str:
    """A line typed on the terminal, asked again until it is one. Raises NoAnswer without a terminal."""
    if not sys.stdin.isatty():
        raise NoAnswer
    hint = f" [{default}]" if default else ""
    while True:
        print(f"{question}{hint}: ", end="", file=sys.stderr, flush=True)  # noqa: T201
        line = sys.stdin.readline()
        if not line:
            raise NoAnswer
        answer = line.strip() or default
        if answer and (check is None or check(answer)):
            return answer
