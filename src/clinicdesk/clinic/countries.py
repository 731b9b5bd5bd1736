"""Country packs: what differs between the countries served is data here, never a branch in code."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class CountryPack:
    """One country: its usual zone, its document kinds (first is the usual one), and how its numbers read.

    A country may have more zones (`zones.of_country`); a clinic says which is its own.
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
    CountryPack("CR", "Costa Rica", "America/Costa_Rica", ("CI", "DIMEX", "PAS")),
    CountryPack("CU", "Cuba", "America/Havana", ("CI", "PAS")),
    CountryPack("DO", "República Dominicana", "America/Santo_Domingo", ("CI", "PAS")),
    CountryPack("EC", "Ecuador", "America/Guayaquil", ("CI", "PAS")),
    CountryPack("ES", "España", "Europe/Madrid", ("DNI", "NIE", "PAS")),
    CountryPack("GT", "Guatemala", "America/Guatemala", ("DPI", "PAS")),
    CountryPack("HN", "Honduras", "America/Tegucigalpa", ("DNI", "PAS")),
    CountryPack("MX", "México", "America/Mexico_City", ("CURP", "PAS")),
    CountryPack("NI", "Nicaragua", "America/Managua", ("CI", "PAS")),
    CountryPack("PA", "Panamá", "America/Panama", ("CI", "PAS")),
    CountryPack("PE", "Perú", "America/Lima", ("DNI", "CE", "PAS")),
    CountryPack("PR", "Puerto Rico", "America/Puerto_Rico", ("SSN", "DL", "PAS")),
    CountryPack("PY", "Paraguay", "America/Asuncion", ("CI", "PAS"), frozenset({"CI"})),
    CountryPack("SV", "El Salvador", "America/El_Salvador", ("DUI", "PAS")),
    CountryPack("US", "Estados Unidos", "America/New_York", ("SSN", "DL", "PAS")),
    CountryPack("UY", "Uruguay", "America/Montevideo", ("CI", "PAS")),
    CountryPack("VE", "Venezuela", "America/Caracas", ("CI", "PAS")),
)

PACKS: Final = MappingProxyType({pack.code: pack for pack in _PACKS})


def pack(country: str) -> CountryPack:
    """The pack of a country; one without a pack knows passports alone."""
    return PACKS.get(country, CountryPack(country, country, "UTC", ("PAS",)))
