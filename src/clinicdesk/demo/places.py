"""Where the demo network stands: twenty clinics in real cities, their rooms, what is done there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """A clinic. `phone` is a number of the city in E.164, its last digits as `#`."""

    code: str
    name: str
    country: str
    city: str
    zone: str
    address: str
    phone: str

    @property
    def coordinates(self) -> tuple[float, float]:
        """Latitude and longitude of its city, in degrees."""
        return _WHERE[self.city]


_PLACES: Final = (
    Place(
        "NORTE",
        "Centro Norte",
        "AR",
        "Buenos Aires",
        "America/Argentina/Buenos_Aires",
        "Av. Cabildo 2040",
        "+54114#######",
    ),
    Place(
        "SUR",
        "Centro Sur",
        "AR",
        "Avellaneda",
        "America/Argentina/Buenos_Aires",
        "Av. Mitre 655",
        "+54114#######",
    ),
    Place(
        "ROS", "Centro Rosario", "AR", "Rosario", "America/Argentina/Cordoba", "Córdoba 1438", "+543414######"
    ),
    Place(
        "CBA",
        "Centro Nueva Córdoba",
        "AR",
        "Córdoba",
        "America/Argentina/Cordoba",
        "Obispo Trejo 721",
        "+543514######",
    ),
    Place(
        "MZA",
        "Centro Mendoza",
        "AR",
        "Mendoza",
        "America/Argentina/Mendoza",
        "San Martín 1052",
        "+542614######",
    ),
    Place("SAL", "Centro Salta", "AR", "Salta", "America/Argentina/Salta", "Caseros 786", "+543874######"),
    Place(
        "TUC",
        "Centro Tucumán",
        "AR",
        "San Miguel de Tucumán",
        "America/Argentina/Tucuman",
        "24 de Septiembre 565",
        "+543814######",
    ),
    Place(
        "NQN",
        "Centro Neuquén",
        "AR",
        "Neuquén",
        "America/Argentina/Salta",
        "Av. Argentina 330",
        "+542994######",
    ),
    Place(
        "USH",
        "Centro Ushuaia",
        "AR",
        "Ushuaia",
        "America/Argentina/Ushuaia",
        "San Martín 814",
        "+5429014#####",
    ),
    Place(
        "MVD",
        "Centro Cordón",
        "UY",
        "Montevideo",
        "America/Montevideo",
        "Av. 18 de Julio 1824",
        "+5982#######",
    ),
    Place("STO", "Centro Salto", "UY", "Salto", "America/Montevideo", "Uruguay 940", "+598473#####"),
    Place(
        "SCL", "Centro Ñuñoa", "CL", "Santiago", "America/Santiago", "Av. Irarrázaval 3450", "+5622#######"
    ),
    Place(
        "PUQ",
        "Centro Punta Arenas",
        "CL",
        "Punta Arenas",
        "America/Punta_Arenas",
        "Bories 655",
        "+56612######",
    ),
    Place(
        "UIO",
        "Centro La Mariscal",
        "EC",
        "Quito",
        "America/Guayaquil",
        "Av. Amazonas N24-155",
        "+59322######",
    ),
    Place(
        "GYE",
        "Centro Guayaquil",
        "EC",
        "Guayaquil",
        "America/Guayaquil",
        "Av. 9 de Octubre 1215",
        "+59342######",
    ),
    Place("BOG", "Centro Chapinero", "CO", "Bogotá", "America/Bogota", "Carrera 13 # 54-18", "+57601#######"),
    Place("LIM", "Centro Miraflores", "PE", "Lima", "America/Lima", "Av. Larco 812", "+5114######"),
    Place("ASU", "Centro Asunción", "PY", "Asunción", "America/Asuncion", "Palma 640", "+595214#####"),
    Place(
        "LPZ", "Centro Sopocachi", "BO", "La Paz", "America/La_Paz", "Av. 20 de Octubre 2130", "+59122######"
    ),
    Place(
        "MEX",
        "Centro Coyoacán",
        "MX",
        "Ciudad de México",
        "America/Mexico_City",
        "Av. Universidad 1650",
        "+52555#######",
    ),
)


_WHERE: Final = MappingProxyType(
    {
        "Buenos Aires": (-34.562, -58.457),
        "Avellaneda": (-34.662, -58.365),
        "Rosario": (-32.947, -60.639),
        "Córdoba": (-31.420, -64.188),
        "Mendoza": (-32.890, -68.840),
        "Salta": (-24.789, -65.411),
        "San Miguel de Tucumán": (-26.830, -65.204),
        "Neuquén": (-38.952, -68.059),
        "Ushuaia": (-54.807, -68.304),
        "Montevideo": (-34.903, -56.176),
        "Salto": (-31.388, -57.961),
        "Santiago": (-33.454, -70.594),
        "Punta Arenas": (-53.163, -70.917),
        "Quito": (-0.203, -78.490),
        "Guayaquil": (-2.190, -79.888),
        "Bogotá": (4.638, -74.064),
        "Lima": (-12.121, -77.030),
        "Asunción": (-25.282, -57.635),
        "La Paz": (-16.510, -68.127),
        "Ciudad de México": (19.350, -99.162),
    }
)


def places(count: int) -> tuple[Place, ...]:
    """The first `count` clinics; past the list the same cities have a second one, a third one…"""
    return tuple(_numbered(_PLACES[at % len(_PLACES)], at // len(_PLACES) + 1) for at in range(count))


def _numbered(place: Place, number: int) -> Place:
    if number == 1:
        return place
    return replace(place, code=f"{place.code}{number}", name=f"{place.name} {number}")


@dataclass(frozen=True, slots=True)
class Specialty:
    """What a doctor practises. `ages` are the years of the patients it sees; `sex` "" means any."""

    code: str
    name: str
    ages: tuple[int, int] = (0, 120)
    sex: str = ""


SPECIALTIES: Final = (
    Specialty("CLM", "Clínica médica", (15, 120)),
    Specialty("PED", "Pediatría", (0, 15)),
    Specialty("CAR", "Cardiología", (18, 120)),
    Specialty("TRA", "Traumatología", (6, 120)),
    Specialty("GIN", "Ginecología", (18, 120), "F"),
    Specialty("DER", "Dermatología", (5, 120)),
    Specialty("END", "Endocrinología", (18, 120)),
    Specialty("ORL", "Otorrinolaringología", (4, 120)),
)
# The doctors of a clinic, the first two around the clock.
DOCTORS: Final = ("CLM", "CLM", "PED", "CAR", "TRA", "CLM", "GIN", "DER", "END", "ORL")


@dataclass(frozen=True, slots=True)
class Practice:
    """A procedure that agendas offer."""

    code: str
    name: str
    minutes: int
    specialty: str


PRACTICES: Final = (
    *(Practice(f"CON-{each.code}", f"Consulta {each.name.lower()}", 20, each.code) for each in SPECIALTIES),
    Practice("GUARDIA", "Guardia", 30, "CLM"),
    Practice("ECG", "Electrocardiograma", 20, "CAR"),
    Practice("EXTRACCION", "Extracción de sangre", 10, "CLM"),
    Practice("VACUNA", "Vacunación", 10, "PED"),
    Practice("PAP", "Papanicolaou", 20, "GIN"),
)

FLOORS: Final = ((0, "Planta baja"), (1, "Primer piso"))


@dataclass(frozen=True, slots=True)
class Room:
    """A room of a clinic: floor number, code, kind."""

    floor: int
    code: str
    kind: str
    equipment: tuple[str, ...] = ()
    state: str = "disponible"
    state_reason: str | None = None
    state_from: date | None = None


ROOMS: Final = (
    *(Room(number * 2 // len(DOCTORS), f"C.{number + 1}", "consultorio") for number in range(len(DOCTORS))),
    Room(
        1,
        "C.11",
        "consultorio",
        state="mantenimiento",
        state_reason="Reparación del aire acondicionado",
        state_from=date(2026, 9, 1),
    ),
    Room(0, "ENF", "enfermería", ("electrocardiógrafo", "camilla")),
    Room(0, "LAB", "laboratorio"),
)
