"""Believable Spanish names: two surnames, regional, always the same for the same seed."""

from __future__ import annotations

from random import Random
from types import MappingProxyType
from typing import Any, Final

_SOUTH: Final = ("es_CL", "es_ES", "es_CL", "es_ES", "es_AR")
_ANDES: Final = ("es_CO", "es_CL")
_LOCALES: Final = MappingProxyType(
    {
        "AR": _SOUTH,
        "BO": _ANDES,
        "CL": ("es_CL",),
        "CO": ("es_CO",),
        "EC": ("es_CO", "es_MX"),
        "MX": ("es_MX",),
        "PE": _ANDES,
        "PY": _SOUTH,
        "UY": _SOUTH,
    }
)
# What lists of common names leave out and desks must get right: ñ, particles, hyphens, apostrophes.
_RARE: Final = (
    "Ñandutí",
    "Ibáñez",
    "Núñez",
    "Güemes",
    "Echagüe",
    "de la Fuente",
    "de los Santos",
    "del Valle",
    "Goicoechea-Etcheverry",
    "D'Angelo",
    "Ybarra",
    "Zúñiga",
    "Íñiguez",
    "San Martín",
)
_HIGHLAND: Final = (
    "Quispe",
    "Mamani",
    "Choque",
    "Condori",
    "Huanca",
    "Yupanqui",
    "Llanos",
    "Apaza",
    "Ticona",
)
_HIGHLAND_SHARE: Final = MappingProxyType({"AR": 0.05, "BO": 0.35, "PE": 0.25})
_RARELY: Final = 0.06


class Names:
    """Draws names; the order of the draws decides, so each purpose has its own."""

    def __init__(self, seed: str) -> None:
        """`seed` names the purpose too."""
        self._random = Random(seed)  # noqa: S311 - made-up people, no secret
        self._books: dict[str, Any] = {}

    def person(self, country: str, sex: str) -> tuple[str, str]:
        """Given names and both surnames."""
        book = self._book(self._random.choice(_LOCALES.get(country, ("es_ES",))))
        draw = book.first_name_female if sex == "F" else book.first_name_male
        first: str = draw()
        second = "" if " " in first or self._random.random() < 0.4 else draw()  # noqa: PLR2004 - a share
        given = first if second in {"", first} or " " in second else f"{first} {second}"
        return given, f"{self._surname(book, country)} {self._surname(book, country)}"

    def _book(self, locale: str) -> Any:
        if locale not in self._books:
            from faker import Faker

            made = Faker(locale, providers=["faker.providers.person"])
            made.seed_instance(self._random.getrandbits(64))
            self._books[locale] = made
        return self._books[locale]

    def _surname(self, book: Any, country: str) -> str:
        if self._random.random() < _RARELY:
            return self._random.choice(_RARE)
        if self._random.random() < _HIGHLAND_SHARE.get(country, 0):
            return self._random.choice(_HIGHLAND)
        surname: str = book.last_name()
        return surname
