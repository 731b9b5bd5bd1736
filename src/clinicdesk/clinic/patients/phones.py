"""Phones as they are stored (E.164) and as people read them.

The numbering plans are libphonenumber's (package phonenumberslite), loaded at the first number. It is asked
once for all numbers whose last four figures alone differ, where its plan shows that those decide nothing.
"""

from __future__ import annotations

import re
from typing import Final

from clinicdesk.clinic.patients.numbering import TAIL, settles
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

_PLUS: Final = "+"
_SAID_MOST: Final = 40
# Figures with what people write between them; nothing of it means anything but the first `+`.
_PLAIN: Final = re.compile(r"\(?(\+?)[0-9(][0-9 ()./-]{5,24}", re.ASCII)
_BETWEEN: Final = {ord(sign): None for sign in "+ ()./-"}
_MOST_HEADS: Final = 10_000
_heads: Final = dict[tuple[str, str], str]()
"""Of a number's figures all but the last → the same in E.164."""
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
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        return _judged(text, country)
    digits = text.translate(_BETWEEN)
    asked = plain[1] or country, digits[:-TAIL]
    head = _heads.get(asked)
    if head is not None:
        return head + digits[-TAIL:]
    found = _judged(text, country)
    if found is not None and len(digits) > TAIL and _is_settled(found, country, digits, plain[1]):
        if len(_heads) >= _MOST_HEADS:
            _heads.clear()
        _heads[asked] = found[:-TAIL]
    return found


def _judged(text: str, country: str) -> str | None:
    """What libphonenumber makes of a number."""
    import phonenumbers

    try:
        found = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if found.extension or not phonenumbers.is_valid_number(found):
        return None
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def _is_settled(found: str, country: str, digits: str, plus: str) -> bool:
    import phonenumbers

    code = phonenumbers.parse(found).country_code or 0
    number = found[len(f"+{code}") :]
    same_end = found.endswith(digits[-TAIL:])
    return same_end and settles(country, code, digits, number, international=bool(plus))


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
