"""A new password, asked twice in the reserved line."""

from __future__ import annotations

from collections.abc import Iterable

from clinicdesk.kit.words import _
from clinicdesk.tui.parts import PromptLine


async def asked_new(prompt: PromptLine, question: str, words: Iterable[str] = ()) -> str | None:
    """The new password, or None after Esc; one that will not do says why and is asked again.

    `words` are the names around the person, which it may not be made of.
    """
    around = tuple(words)
    first = await prompt.ask_secret(question, check=lambda text: _why_not(text, around))
    if first is None:
        return None
    same = _("Las dos claves no son iguales.")
    again = await prompt.ask_secret(
        _("Otra vez la clave nueva"), check=lambda text: None if text == first else same
    )
    return first if again is not None else None


def _why_not(password: str, words: Iterable[str]) -> str | None:
    from clinicdesk.clinic.access import passwords
    from clinicdesk.clinic.access.errors import BadPassword

    try:
        passwords.checked(password, words)
    except BadPassword as bad:
        return str(bad)
    return None
