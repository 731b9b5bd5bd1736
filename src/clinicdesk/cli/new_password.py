"""A password that somebody is given or chooses: typed twice, read from a closed file, or drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from clinicdesk.cli.outcome import Misused, NoAnswer
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from collections.abc import Callable


def given_password(username: str, file: Path | None, *, drawn: bool = False) -> str:
    """A new password for `username`: drawn, from `file` (0600, or a descriptor), else typed twice.

    Raises FileOpenToOthers, InvalidInput where the two differ, NoAnswer without a terminal.
    """
    from clinicdesk.cli.entrance import one_line
    from clinicdesk.cli.kept_login import secret_text

    if drawn and file is not None:
        raise Misused(text=_("--generate y --password-file no van juntas."))
    if drawn:
        from clinicdesk.kit.secrets import new_password

        return new_password()
    if file is not None:
        return one_line(secret_text(file))
    return _typed_twice(_("Clave nueva de {user}: ").format(user=username))


def _typed_twice(prompt: str) -> str:
    from clinicdesk.cli.entrance import ask_password

    if not sys.stdin.isatty():
        raise NoAnswer
    first = ask_password(prompt)
    if first != ask_password(_("Otra vez: ")):
        raise InvalidInput(_("Las dos claves no son iguales."))
    return first


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
