"""Phones as they are stored (E.164) and as people read them.

The numbering plans are libphonenumber's (package phonenumberslite), loaded at the first number.
"""

from __future__ import annotations

import re
from typing import Final

from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

_PLUS: Final = "+"
_SAID_MOST: Final = 40
_STORED: Final = re.compile(r"\+[1-9][0-9]{6,14}")


def parsed(text: str, country: str) -> str:
    """A phone as typed, in E.164 (`+5491123456789`); without `+` it is one of `country`.

    Raises InvalidInput with an example of what was expected.
    """
    found = read(text, country)
    if found is None:
        raise InvalidInput(_refused(text, country))
    return found


def read(text: str, country: str) -> str | None:
    """The same, None for what no plan knows: a list of thousands needs no sentence for each."""
    import phonenumbers

    try:
        found = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if found.extension or not phonenumbers.is_valid_number(found):
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _refused(text: str, country: str) -> str:
    """The sentence for a number that no plan knows, with one that it does."""
    import phonenumbers

    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        like = "+54 9 11 2345-6789"
    else:
        forms = phonenumbers.PhoneNumberFormat
        said = (phonenumbers.format_number(example, form) for form in (forms.NATIONAL, forms.INTERNATIONAL))
        like = _(" o ").join(said)
    return _("El teléfono «{text}» no existe: se espera {like}.").format(text=text[:_SAID_MOST], like=like)


def shown(number: str | None, country: str = "") -> str:
    """A stored phone as people of `country` dial it; abroad, or where none is said, in international form.

    What was stored before numbers were parsed reads as it is.
    """
    if number is None or not _STORED.fullmatch(number):
        return number or ""
    import phonenumbers

    found = phonenumbers.parse(number)
    forms = phonenumbers.PhoneNumberFormat
    own = phonenumbers.region_code_for_number(found) == country
    return phonenumbers.format_number(found, forms.NATIONAL if own else forms.INTERNATIONAL)
