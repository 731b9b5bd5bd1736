"""Country packs: what differs between the countries served is data here, never a branch in code."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class CountryPack:
    """One country: its document kinds (first is the usual one), and how its numbers read.

    `grouped` are the kinds whose digits are shown in thousands (28.431.907).
    """

    code: str
    name: str
    zone: str
    kinds: tuple[str, ...]
    grouped: frozenset[str] = frozenset()


_PACKS: Final = (
    CountryPack(
        "AR",
        "Argentina",
        "America/Argentina/Buenos_Aires",
        ("DNI", "LC", "LE", "CUIL", "PAS"),
        frozenset({"DNI"}),
    ),
    CountryPack("BO", "Bolivia", "America/La_Paz", ("CI", "PAS")),
    CountryPack("CL", "Chile", "America/Santiago", ("RUN", "PAS")),
    CountryPack("CO", "Colombia", "America/Bogota", ("CC", "TI", "RC", "CE", "PAS")),
    CountryPack("EC", "Ecuador", "America/Guayaquil", ("CI", "PAS")),
    CountryPack("ES", "España", "Europe/Madrid", ("DNI", "NIE", "PAS")),
    CountryPack("MX", "México", "America/Mexico_City", ("CURP", "PAS")),
    CountryPack("PE", "Perú", "America/Lima", ("DNI", "CE", "PAS")),
    CountryPack("PY", "Paraguay", "America/Asuncion", ("CI", "PAS"), frozenset({"CI"})),
    CountryPack("US", "Estados Unidos", "America/New_York", ("SSN", "DL", "PAS")),
    CountryPack("UY", "Uruguay", "America/Montevideo", ("CI", "PAS")),
    CountryPack("VE", "Venezuela", "America/Caracas", ("CI", "PAS")),
)

PACKS: Final = MappingProxyType({pack.code: pack for pack in _PACKS})


def pack(country: str) -> CountryPack:
    """The pack of a country; one without a pack knows passports alone."""
    return PACKS.get(country, CountryPack(country, country, "UTC", ("PAS",)))
