"""Refusals: a no that the person can act upon, as against a bug."""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class Exit(IntEnum):
    """Exit codes of the command line: the one place where they are listed."""

    DONE = 0
    BUG = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    CONFLICT = 5
    INVALID = 6
    UNREACHABLE = 7
    PARTLY = 8
    INTERRUPTED = 130


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """Base of every refusal.

    `says` is the Spanish sentence shown, with `{fields}` taken from the keyword arguments, and
    `at_desk` (keys) or `at_prompt` (commands) how that face goes on from there;
    `exit` the command line's exit code; `constraint` the database constraint that says the same
    no when everything above it fails ("" where the refusal protects no stored row).
    """

    says: ClassVar[str] = ""
    at_desk: ClassVar[str] = ""
    at_prompt: ClassVar[str] = ""
    exit: ClassVar[Exit] = Exit.INVALID
    constraint: ClassVar[str | tuple[str, ...]] = ""
    by_constraint: ClassVar[dict[str, type[Refusal]]] = {}

    def __init_subclass__(cls) -> None:
        """Enter the class under each constraint it stands for."""
        names = (cls.constraint,) if isinstance(cls.constraint, str) else cls.constraint
        for name in filter(None, names):
            Refusal.by_constraint[name] = cls

    def __init__(self, **fields: object) -> None:
        """Keep the fields: the faces show them, the act stores their names only."""
        super().__init__(type(self).__name__)
        self.fields = fields

    @property
    def code(self) -> str:
        """The stable name scripts see, such as `SlotTaken`."""
        return type(self).__name__

    def __str__(self) -> str:
        """The sentence for the person, whole even where a field was not given."""
        return self._said(self.says)

    def for_desk(self) -> str:
        """The sentence, and the keys that go on from there."""
        return self._said(f"{self.says} {self.at_desk}")

    def for_prompt(self) -> str:
        """The sentence, and the commands that go on from there."""
        return self._said(f"{self.says} {self.at_prompt}")

    def _said(self, sentence: str) -> str:
        return sentence.format_map(_Fields(self.fields)).strip()


class _Fields(dict[str, object]):
    """Missing fields read as nothing instead of breaking the message."""

    def __missing__(self, key: str) -> str:
        return ""


class DatabaseUnreachable(Refusal):
    """No line to the database, or it did not come back in time."""

    says = "No hay línea con la base de datos. Lo escrito se conserva; reintentar."
    exit = Exit.UNREACHABLE


class InvalidInput(Refusal):
    """What was given cannot be taken; `problems` names everything that is wrong, not the first alone."""

    says = "{problems}"

    def __init__(self, *problems: str) -> None:
        """Each problem is one sentence."""
        super().__init__(problems=" ".join(problems))
        self.problems = problems


class SessionEnded(Refusal):
    """The session was ended elsewhere, or the login was closed: nothing more is done under it."""

    says = "Administración terminó su sesión. Los borradores quedan. Ingresar de nuevo."
    exit = Exit.NOT_ALLOWED
    constraint = "session_ended"
