"""What of a registered person can be corrected: how it is typed, kept in the history and told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

TRUE: Final = "true"
FALSE: Final = "false"


def _line(text: str) -> str | None:
    return clean_line(text) or None


def _name(text: str) -> str:
    return clean_line(text)


def _letter(text: str) -> str:
    return clean_line(text).upper()


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise InvalidInput(_("La fecha «{text}» no existe.").format(text=text[:40])) from None


def _flag(text: str) -> bool:
    if text not in {TRUE, FALSE}:
        raise InvalidInput(_("«{text}» no es sí ni no.").format(text=text[:40]))
    return text == TRUE


def _shown_day(text: str) -> str:
    return f"{date.fromisoformat(text):%d/%m/%Y}" if text else ""


def _shown_flag(text: str) -> str:
    return _("sí") if text == TRUE else _("no")


@dataclass(frozen=True, slots=True)
class Fact:
    """One column of a patient. As text it is what orders say and the history keeps; "" is nothing.

    `noun` is how a sentence names it; `parsed` makes the column's value of the text and raises
    InvalidInput; `shown` is the text as people read it.
    """

    name: str
    label: str
    noun: str
    parsed: Callable[[str], Any] = _line
    shown: Callable[[str], str] = str

    def text(self, value: Any) -> str:
        """The column's value as text."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return TRUE if value else FALSE
        return value.isoformat() if isinstance(value, date) else str(value)


_ALL: Final = (
    Fact("family", _("Apellidos"), _("el apellido"), _name),
    Fact("given", _("Nombres"), _("el nombre"), _name),
    Fact("sex", _("Sexo"), _("el sexo"), _letter),
    Fact("birth", _("Nacimiento"), _("el nacimiento"), _day, _shown_day),
    Fact("birth_estimated", _("Estimada"), _("el nacimiento"), _flag, _shown_flag),
    Fact("phone", _("Teléfono"), _("el teléfono")),
    Fact("email", _("Correo"), _("el correo")),
    Fact("address", _("Domicilio"), _("el domicilio")),
    Fact("city", _("Localidad"), _("la localidad")),
)
FACTS: Final[Mapping[str, Fact]] = MappingProxyType({fact.name: fact for fact in _ALL})
"""What a correction may name, in the order of forms."""

# Changed by acts of their own, and kept in the same history.
SEALED: Final = Fact("sealed", _("Restringido"), _("la restricción"), _flag, _shown_flag)
DECEASED: Final = Fact("deceased_on", _("Fallecimiento"), _("el fallecimiento"), _day, _shown_day)
PROVISIONAL: Final = Fact("provisional", _("Identidad temporaria"), _("la identidad"))
KEPT: Final[Mapping[str, Fact]] = MappingProxyType(
    {**FACTS, **{fact.name: fact for fact in (SEALED, DECEASED, PROVISIONAL)}}
)
"""Whatever the history knows."""
