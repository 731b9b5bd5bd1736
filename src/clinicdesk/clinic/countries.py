"""Country packs: what differs between the countries served is data here, never a branch in code."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Checked:
    """A kind of document with check digits: python-stdnum's module, and the length with leading zeros."""

    kind: str
    algorithm: str
    length: int


@dataclass(frozen=True, slots=True)
class CountryPack:
    """One country: its usual zone, its document kinds (first is the usual one), and how its numbers read.

    A country may have more zones (`zones.of_country`); a clinic says which is its own.
    `grouped` are the kinds whose digits are shown in thousands (28.431.907), `checked` those with check
    digits. `of_age` is the age from which somebody answers for themselves.
    """

    code: str
    name: str
    zone: str
    kinds: tuple[str, ...]
    grouped: frozenset[str] = frozenset()
    checked: tuple[Checked, ...] = ()
    of_age: int = 18


_PACKS: Final = (
    CountryPack(
        "AR",
        "Argentina",
        "America/Argentina/Buenos_Aires",
        ("DNI", "LC", "LE", "CUIL", "PAS"),
        frozenset({"DNI"}),
        (Checked("CUIL", "ar.cuit", 11),),
    ),
    CountryPack("BO", "Bolivia", "America/La_Paz", ("CI", "PAS")),
    CountryPack("CL", "Chile", "America/Santiago", ("RUN", "PAS"), checked=(Checked("RUN", "cl.rut", 9),)),
    CountryPack(
        "CO",
        "Colombia",
        "America/Bogota",
        ("CC", "TI", "RC", "CE", "NIT", "PAS"),
        checked=(Checked("NIT", "co.nit", 10),),
    ),
    CountryPack("CR", "Costa Rica", "America/Costa_Rica", ("CI", "DIMEX", "PAS")),
    CountryPack("CU", "Cuba", "America/Havana", ("CI", "PAS"), checked=(Checked("CI", "cu.ni", 11),)),
    CountryPack(
        "DO",
        "República Dominicana",
        "America/Santo_Domingo",
        ("CI", "PAS"),
        checked=(Checked("CI", "do.cedula", 11),),
    ),
    CountryPack("EC", "Ecuador", "America/Guayaquil", ("CI", "PAS"), checked=(Checked("CI", "ec.ci", 10),)),
    CountryPack(
        "ES",
        "España",
        "Europe/Madrid",
        ("DNI", "NIE", "PAS"),
        checked=(Checked("DNI", "es.dni", 9), Checked("NIE", "es.nie", 9)),
    ),
    CountryPack("GT", "Guatemala", "America/Guatemala", ("DPI", "PAS")),
    CountryPack("HN", "Honduras", "America/Tegucigalpa", ("DNI", "PAS"), of_age=21),
    CountryPack(
        "MX", "México", "America/Mexico_City", ("CURP", "PAS"), checked=(Checked("CURP", "mx.curp", 18),)
    ),
    CountryPack("NI", "Nicaragua", "America/Managua", ("CI", "PAS")),
    CountryPack("PA", "Panamá", "America/Panama", ("CI", "PAS")),
    CountryPack("PE", "Perú", "America/Lima", ("DNI", "CE", "PAS")),
    CountryPack("PR", "Puerto Rico", "America/Puerto_Rico", ("SSN", "DL", "PAS"), of_age=21),
    CountryPack("PY", "Paraguay", "America/Asuncion", ("CI", "PAS"), frozenset({"CI"})),
    CountryPack("SV", "El Salvador", "America/El_Salvador", ("DUI", "PAS")),
    CountryPack("US", "Estados Unidos", "America/New_York", ("SSN", "DL", "PAS")),
    CountryPack("UY", "Uruguay", "America/Montevideo", ("CI", "PAS"), checked=(Checked("CI", "uy.ci", 8),)),
    CountryPack("VE", "Venezuela", "America/Caracas", ("CI", "PAS")),
)

PACKS: Final = MappingProxyType({pack.code: pack for pack in _PACKS})


def pack(country: str) -> CountryPack:
    """The pack of a country; one without a pack knows passports alone."""
    return PACKS.get(country) or CountryPack(country, country, "UTC", ("PAS",))
