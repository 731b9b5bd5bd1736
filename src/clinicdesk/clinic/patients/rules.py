"""Pure decisions about people: documents, and what a registration needs."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import Final

from clinicdesk.clinic.countries import pack
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
