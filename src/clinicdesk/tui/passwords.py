"""A new password, asked twice in the reserved line."""

from __future__ import annotations

from clinicdesk.kit.words import _
from clinicdesk.tui.parts import PromptLine


async def asked_new(prompt: PromptLine, question: str) -> str | None:
    """The new password, or None after Esc; one that will not do says why and is asked again."""
    first = await prompt.ask_secret(question, check=_why_not)
    if first is None:
        return None
    same = _("Las dos claves no son iguales.")
    again = await prompt.ask_secret(
        _("Otra vez la clave nueva"), check=lambda text: None if text == first else same
    )
    return first if again is not None else None


def _why_not(password: str) -> str | None:
    from clinicdesk.clinic.access.errors import BadPassword
    from clinicdesk.clinic.access.rules import checked_password

    try:
        checked_password(password)
    except BadPassword as bad:
        return str(bad)
    return None
