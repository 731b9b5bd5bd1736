"""What of a registered person can be corrected: how it is typed, kept in the history and told. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.particulars import BLOOD_GROUPS, GENDERS, NAME_MOST
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

TRUE: Final = "true"
FALSE: Final = "false"


def _line(text: str) -> str | None:
    return clean_line(text) or None


def _name(text: str) -> str:
    return clean_line(text)


def _called(text: str) -> str | None:
    if len(name := clean_line(text)) > NAME_MOST:
        raise InvalidInput(_("El nombre en uso lleva hasta {} caracteres.").format(NAME_MOST))
    return name or None


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


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    """One of a list, whose first word is what nothing means."""

    def parsed(text: str) -> str:
        said = clean_line(text) or words[0]
        if said not in words:
            known = ", ".join(words)
            raise InvalidInput(_("«{said}» no existe: {known}.").format(said=said[:40], known=known))
        return said

    return parsed


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
    letters: str = ""
    """What it is one of, where it is one letter."""

    @property
    def is_day(self) -> bool:
        """Whether it is a date."""
        return self.parsed is _day

    @property
    def is_phone(self) -> bool:
        """Whether it is a phone, which is stored in E.164."""
        return self.shown is phones.shown

    @property
    def is_flag(self) -> bool:
        """Whether it is yes or no."""
        return self.parsed is _flag

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
    Fact("sex", _("Sexo"), _("el sexo"), _letter, letters="FMX"),
    Fact("birth", _("Nacimiento"), _("el nacimiento"), _day, _shown_day),
    Fact("birth_estimated", _("Estimada"), _("el nacimiento"), _flag, _shown_flag),
    Fact("phone", _("Teléfono"), _("el teléfono"), shown=phones.shown),
    Fact("email", _("Correo"), _("el correo")),
    Fact("address", _("Domicilio"), _("el domicilio")),
    Fact("city", _("Localidad"), _("la localidad")),
)
FACTS: Final[Mapping[str, Fact]] = MappingProxyType({fact.name: fact for fact in _ALL})
"""What a correction may name, in the order of forms."""

_MORE: Final = (
    Fact("name_in_use", _("Nombre en uso"), _("el nombre en uso"), _called),
    Fact("gender", _("Género"), _("el género"), _one_of(GENDERS)),
    Fact("blood_group", _("Grupo sanguíneo"), _("el grupo sanguíneo"), _one_of(BLOOD_GROUPS)),
    Fact("dependent", _("A cargo de otro"), _("quién responde"), _flag, _shown_flag),
)
CORRECTED: Final[Mapping[str, Fact]] = MappingProxyType({**FACTS, **{fact.name: fact for fact in _MORE}})
"""Those of forms, and what is corrected beside them."""

# Changed by acts of their own, and kept in the same history.
SEALED: Final = Fact("sealed", _("Restringido"), _("la restricción"), _flag, _shown_flag)
DECEASED: Final = Fact("deceased_on", _("Fallecimiento"), _("el fallecimiento"), _day, _shown_day)
PROVISIONAL: Final = Fact("provisional", _("Identidad temporaria"), _("la identidad"))
KEPT: Final[Mapping[str, Fact]] = MappingProxyType(
    {**CORRECTED, **{fact.name: fact for fact in (SEALED, DECEASED, PROVISIONAL)}}
)
"""Whatever the history knows of the patient's own row."""

_ALLERGIES: Final = {
    "sin_preguntar": _("sin preguntar"),
    "ninguna": _("ninguna conocida"),
    "anotada": _("una, anotada"),
    "cerrada": _("una, cerrada"),
}
_ADDED: Final = (
    Fact("phones", _("Otro teléfono"), _("los teléfonos")),
    Fact("coverages", _("Cobertura"), _("las coberturas")),
    Fact("authorisations", _("Autorización"), _("las autorizaciones")),
    Fact("contacts", _("Contacto"), _("los contactos")),
    Fact("consents", _("Consentimiento"), _("los consentimientos")),
    Fact("documents", _("Documento"), _("los documentos")),
    Fact("allergies", _("Alergias"), _("las alergias"), shown=lambda said: _ALLERGIES.get(said, said)),
)
TOLD: Final[Mapping[str, Fact]] = MappingProxyType({**KEPT, **{fact.name: fact for fact in _ADDED}})
"""Those, and what is added and ended one by one."""
