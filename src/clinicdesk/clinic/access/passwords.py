"""What a new password may be: long enough, not one that everybody tries first, not the names of this place.

No kind of character is demanded or forbidden, nothing is cut off, and no password grows old.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final

from clinicdesk.clinic.access.errors import BadPassword, CommonPassword, LocalPassword

LEAST: Final = 8
MOST: Final = 128
# Words that any clinic's password is guessed with first; names of people and places come with the order.
_ALWAYS: Final = (
    *("clinicdesk", "clinica", "clinic", "hospital", "consultorio", "sanatorio", "centro", "salud", "turnos"),
    *("paciente", "medico", "medica", "doctor", "doctora", "enfermera", "enfermeria", "secretaria"),
    *("admision", "recepcion", "laboratorio", "administrador", "admin", "usuario", "contrasena", "clave"),
    *("password", "demo", "prueba", "test", "temporal", "bienvenido", "bienvenida"),
)
_WORD_LEAST: Final = 3
_LETTERS_OVER: Final = 2
_LEET: Final = str.maketrans("034578@$!|", "oeastbasil")
_ONES: Final = ("i", "l")
_NO_LETTER: Final = re.compile(r"[\W\d_]+")
_AROUND: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")


def checked(text: str, words: Iterable[str] = ()) -> str:
    """A new password as it is used, NFC. `words` are names around the person: their own, the clinics'.

    Raises BadPassword by length (counted after NFC), CommonPassword, LocalPassword.
    """
    password = unicodedata.normalize("NFC", text)
    if not LEAST <= len(password) <= MOST:
        raise BadPassword(least=LEAST, most=MOST)
    if password.casefold() in common():
        raise CommonPassword
    known = sorted({*_ALWAYS, *_parts(words)}, key=len, reverse=True)
    if any(_is_made_of(known, reading) for reading in _readings(password)):
        raise LocalPassword
    return password


@cache
def common() -> frozenset[str]:
    """The passwords that are tried first, of those long enough to be chosen. Imported when one is set."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # type: ignore[import-untyped]

    return frozenset(word.casefold() for word in FREQUENCY_LISTS["passwords"] if len(word) >= LEAST)


def _folded(text: str) -> str:
    """Small letters without accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in apart if not unicodedata.combining(char))


def _parts(words: Iterable[str]) -> Iterator[str]:
    """Each name whole and each of its words; the short ones (de, la) say nothing."""
    for word in words:
        folded = _folded(word)
        pieces = [_NO_LETTER.sub("", folded), *_NO_LETTER.split(folded)]
        yield from (piece for piece in pieces if len(piece) >= _WORD_LEAST)


def _readings(password: str) -> Iterator[str]:
    """The letters somebody meant: as typed, and with digits and signs for letters, those around left out."""
    folded = _folded(password)
    yield _NO_LETTER.sub("", folded)
    for text in (folded, _AROUND.sub("", folded)):
        for one in _ONES:
            yield _NO_LETTER.sub("", text.translate(_LEET).replace("1", one))


def _is_made_of(words: Iterable[str], letters: str) -> bool:
    """Whether hardly a letter is left once the words are taken out. Digits alone are not made of words."""
    left = letters
    for word in words:
        left = left.replace(word, " ")
    return " " in left and len(left.replace(" ", "")) <= _LETTERS_OVER
