"""Pure decisions about people: documents, and what a registration needs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.countries import pack
from clinicdesk.clinic.patients import check_digits
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

EARLIEST_BIRTH: Final = date(1880, 1, 1)
NAME_MOST: Final = 120
_SEPARATORS: Final = re.compile(r"[\s.\-–/]+")
_NUMBER: Final = re.compile(r"(?=.*[0-9])[0-9A-Z]{1,30}")


@dataclass(frozen=True, slots=True)
class Document:
    """An identity document: issuing country (ISO 3166-1 alpha-2), kind as its pack names it, number."""

    country: str
    kind: str
    number: str

    @property
    def key(self) -> str:
        """What makes it unique over the network."""
        return f"{self.country}:{self.kind}:{self.number}"


class Provisional(StrEnum):
    """Why an identity is temporary, stored as written."""

    NN = "nn"
    RECIEN_NACIDO = "recien_nacido"


PROVISIONAL_SIGNS: Final = MappingProxyType({Provisional.NN: "NN", Provisional.RECIEN_NACIDO: "RN"})
"""What stands in the place of a document: `NN-000212`, with the chart number."""


def chart_key(chart_number: int) -> str:
    """The document key of a chart number."""
    return f"chart:{chart_number:06d}"


def parsed_document(text: str, country: str) -> Document:
    """A document as typed: `12345678`, `DNI:12345678` or `AR:DNI:12345678`.

    `country` and its usual kind fill what is left out. Raises InvalidInput.
    """
    parts = [part.strip().upper() for part in unicodedata.normalize("NFKC", text).split(":")]
    number = _SEPARATORS.sub("", parts[-1])
    issuer = parts[-3] if len(parts) == 3 else country  # noqa: PLR2004 - country, kind, number
    known = pack(issuer)
    kind = parts[-2] if len(parts) > 1 else known.kinds[0]
    problems = []
    if len(parts) > 3 or not _NUMBER.fullmatch(number):  # noqa: PLR2004
        problems.append(
            _("El documento «{text}» no se entiende: se espera 12345678 o DNI:12345678.").format(text=text)
        )
    elif kind not in known.kinds:
        kinds = ", ".join(known.kinds)
        problems.append(
            _("El tipo de documento «{kind}» no existe en {name}: {kinds}.").format(
                kind=kind, name=known.name, kinds=kinds
            )
        )
    if problems:
        raise InvalidInput(*problems)
    return Document(issuer, kind, number.lstrip("0") or "0" if number.isdigit() else number)


def shown_document(country: str | None, kind: str, number: str) -> str:
    """`DNI 28.431.907`: grouped where the country groups it."""
    if country and kind in pack(country).grouped and number.isdigit():
        return f"{kind} {int(number):,}".replace(",", ".")
    return f"{kind} {number}"


def problems_of(
    given: str, family: str, sex: str, birth: date | None, document: Document | None, today: date
) -> tuple[str, ...]:
    """Everything that keeps a registration from being saved, one sentence each."""
    found = []
    if not clean_line(family):
        found.append(_("Falta el apellido."))
    if len(family) > NAME_MOST or len(given) > NAME_MOST:
        found.append(_("Cada nombre lleva hasta 120 caracteres."))
    if sex not in {"F", "M", "X"}:
        found.append(_("El sexo es F, M o X."))
    if birth is not None and birth > today:
        found.append(_("La fecha de nacimiento está en el futuro."))
    if birth is not None and birth < EARLIEST_BIRTH:
        found.append(_("La fecha de nacimiento no puede ser anterior a 1880."))
    if birth is None and document is not None:
        found.append(_("Falta la fecha de nacimiento."))
    return tuple(found)


def document_problems(document: Document) -> tuple[str, ...]:
    """Why a document cannot be one of its kind. One that is searched may be wrong, one kept may not."""
    if not check_digits.is_wrong(document.country, document.kind, document.number):
        return ()
    told = _("El dígito verificador de {kind} {number} no corresponde: revisar el número.")
    return (told.format(kind=document.kind, number=document.number),)


def shown_provisional(provisional: str, chart_number: int) -> str:
    """`NN-000212`: what names somebody who has no document yet."""
    return f"{PROVISIONAL_SIGNS[Provisional(provisional)]}-{chart_number:06d}"


def names_given(
    given: str, family: str, provisional: str | None, mother_family: str | None
) -> tuple[str, str]:
    """Given name and surname of somebody new; of who has none yet, what they are called until then."""
    if family or provisional is None:
        return given, family
    if provisional == Provisional.RECIEN_NACIDO and mother_family:
        return given, _("RN de {family}").format(family=mother_family)
    return given, PROVISIONAL_SIGNS[Provisional(provisional)]


def is_minor(birth: date | None, country: str, today: date) -> bool:
    """Whether somebody is not of age where they are; of whom no birth is known it is not said."""
    if birth is None:
        return False
    years = today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
    return years < pack(country).of_age


def warnings_of(
    birth: date | None, country: str, today: date, *, dependent: bool, has_guardian: bool
) -> tuple[str, ...]:
    """What is worth saying of somebody registered, and keeps nobody from being so."""
    if has_guardian:
        return ()
    if is_minor(birth, country, today):
        return (_("Es menor y no tiene responsable anotado."),)
    return (_("No tiene anotado quién responde por la persona."),) if dependent else ()
