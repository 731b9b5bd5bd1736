"""The facts of a person, one by one: which can be corrected, how each is typed, kept in the history and told.

Pure. Whoever lists a person's facts, beside another's or alone, takes them from `PERSON`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from clinicdesk.clinic.patients import phones
from clinicdesk.clinic.patients.particulars import BLOOD_GROUPS, GENDERS, NAME_MOST, Relation
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


def _in_words(words: Mapping[str, str]) -> Callable[[str], str]:
    return lambda code: words.get(code, code.replace("_", " "))


def _shown_chart(text: str) -> str:
    return f"{int(text):06d}" if text else ""


def _shown_day(text: str) -> str:
    return f"{date.fromisoformat(text):%d/%m/%Y}" if text else ""


def _shown_flag(text: str) -> str:
    return _("sí") if text == TRUE else _("no")


GENDER_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {each: each.replace("_", " ") for each in GENDERS}
    | {"varon": _("varón"), "varon_trans": _("varón trans"), "otro": _("otra")}
)
"""Gender identities as people read them."""
BLOOD_WORDS: Final[Mapping[str, str]] = MappingProxyType({each: each for each in BLOOD_GROUPS})
ALLERGY_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"sin_preguntar": _("sin preguntar"), "ninguna": _("ninguna conocida"), "registradas": _("registradas")}
)
PROVISIONAL_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {"nn": _("sin identificar (NN)"), "recien_nacido": _("recién nacido")}
)
RELATION_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {each.value: each.value.replace("_", " ") for each in Relation} | {"conyuge": _("cónyuge")}
)
PURPOSE_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "avisos": _("avisos"),
        "resultados": _("resultados"),
        "seguimiento": _("seguimiento"),
        "campanas": _("campañas"),
        "teleconsulta": _("teleconsulta"),
        "datos": _("datos"),
    }
)
"""What a person says yes or no to."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact of a patient, by its name in PatientRow. As text it is what orders say and the history keeps.

    `noun` is how a sentence names it; `parsed` makes the column's value of the text and raises
    InvalidInput; `shown` is the text as people read it; `nothing` the text that says that it is not known.
    """

    name: str
    label: str
    noun: str = ""
    parsed: Callable[[str], Any] = _line
    shown: Callable[[str], str] = str
    letters: str = ""
    """What it is one of, where it is one letter."""
    words: Mapping[str, str] = field(default_factory=dict)
    """What it is one of, where that is a list: codes and how people read them."""
    nothing: str = ""
    brief: str = ""
    """The label where there is room for twelve columns."""

    @property
    def short_label(self) -> str:
        """The label of forms and narrow lists."""
        return self.brief or self.label

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

    def read(self, row: Any) -> str:
        """The fact of a PatientRow as people read it."""
        return self.shown(self.text(getattr(row, self.name)))

    def unknown_of(self, row: Any) -> bool:
        """Whether a PatientRow says nothing to it."""
        return self.text(getattr(row, self.name)) == self.nothing


def _choice(name: str, label: str, noun: str, words: Mapping[str, str], brief: str = "") -> Fact:
    codes = tuple(words)
    return Fact(
        name, label, noun, _one_of(codes), _in_words(words), words=words, nothing=codes[0], brief=brief
    )


def _yes_or_no(name: str, label: str, noun: str, brief: str = "") -> Fact:
    return Fact(name, label, noun, _flag, _shown_flag, nothing=FALSE, brief=brief)


_ALL: Final = (
    Fact("family", _("Apellidos"), _("el apellido"), _name),
    Fact("given", _("Nombres"), _("el nombre"), _name),
    Fact("name_in_use", _("Nombre en uso"), _("el nombre en uso"), _called, brief=_("En uso")),
    Fact("sex", _("Sexo"), _("el sexo"), _letter, letters="FMX"),
    _choice("gender", _("Género"), _("el género"), GENDER_WORDS),
    Fact("birth", _("Nacimiento"), _("el nacimiento"), _day, _shown_day),
    _yes_or_no("birth_estimated", _("Estimada"), _("el nacimiento")),
    _choice("blood_group", _("Grupo sanguíneo"), _("el grupo sanguíneo"), BLOOD_WORDS, _("Grupo sang.")),
    _yes_or_no("dependent", _("A cargo de otro"), _("quién responde"), _("A cargo")),
    Fact("phone", _("Teléfono"), _("el teléfono"), shown=phones.shown),
    Fact("email", _("Correo"), _("el correo")),
    Fact("address", _("Domicilio"), _("el domicilio")),
    Fact("city", _("Localidad"), _("la localidad")),
)
FACTS: Final[Mapping[str, Fact]] = MappingProxyType({fact.name: fact for fact in _ALL})
"""What a correction may name, in the order of forms."""

# Changed by acts of their own, and kept in the same history.
SEALED: Final = _yes_or_no("sealed", _("Restringido"), _("la restricción"))
DECEASED: Final = Fact("deceased_on", _("Fallecimiento"), _("el fallecimiento"), _day, _shown_day)
PROVISIONAL: Final = Fact(
    *("provisional", _("Identidad temporaria"), _("la identidad")),
    shown=_in_words(PROVISIONAL_WORDS),
    brief=_("Temporaria"),
)
KEPT: Final[Mapping[str, Fact]] = MappingProxyType(
    {**FACTS, **{fact.name: fact for fact in (SEALED, DECEASED, PROVISIONAL)}}
)
"""Whatever the history knows of the patient's own row."""

# Never corrected: given, told by an act of its own, or of another table.
_CHART: Final = Fact("chart_number", _("Historia"), shown=_shown_chart)
_DOCUMENT: Final = Fact("document", _("Documento"))
_PAYER: Final = Fact("payer", _("Cobertura"))
_GUARDIAN: Final = Fact("guardian", _("Responsable"))
_ALLERGIES: Final = Fact("allergy_status", _("Alergias"), shown=_in_words(ALLERGY_WORDS), words=ALLERGY_WORDS)
_ORDER: Final = (
    _CHART,
    *(FACTS[name] for name in ("family", "given", "name_in_use")),
    *(_DOCUMENT, PROVISIONAL),
    *(FACTS[name] for name in ("birth", "birth_estimated", "sex", "gender")),
    DECEASED,
    *(FACTS[name] for name in ("phone", "email", "address", "city")),
    *(_PAYER, _GUARDIAN, FACTS["dependent"], FACTS["blood_group"], _ALLERGIES, SEALED),
)
PERSON: Final[Mapping[str, Fact]] = MappingProxyType({fact.name: fact for fact in _ORDER})
"""All that a PatientRow says of a person, in the order in which it is read."""
UNTOLD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "patient_id": "people read the chart number",
        "merged_into": "the chart numbers that lead to a person stand in their header",
        "version": "counts the corrections, which the history tells",
        "created_at": "the act of registering tells it",
    }
)
"""Columns of `patients` that are no fact of the person, and why."""

_ALLERGY_TOLD: Final = {**ALLERGY_WORDS, "anotada": _("una, anotada"), "cerrada": _("una, cerrada")}
_ADDED: Final = (
    Fact("phones", _("Otro teléfono"), _("los teléfonos")),
    Fact("coverages", _("Cobertura"), _("las coberturas")),
    Fact("authorisations", _("Autorización"), _("las autorizaciones")),
    Fact("contacts", _("Contacto"), _("los contactos")),
    Fact("consents", _("Consentimiento"), _("los consentimientos")),
    Fact("documents", _("Documento"), _("los documentos")),
    Fact("allergies", _("Alergias"), _("las alergias"), shown=_in_words(_ALLERGY_TOLD)),
)
TOLD: Final[Mapping[str, Fact]] = MappingProxyType({**KEPT, **{fact.name: fact for fact in _ADDED}})
"""Those, and what is added and ended one by one."""
