"""The patients of the demo network: the same people for the same seed and numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

from clinicdesk.clinic.patients.rules import Document
from clinicdesk.demo.documents import document_of
from clinicdesk.demo.names import Names
from clinicdesk.demo.places import Place
from clinicdesk.kit.ids import derived_id

ThingT = TypeVar("ThingT")

# Everything about people hangs on this day, never on today: the second start must find the same ones.
EPOCH: Final = date(2026, 1, 1)
_REGISTERED_FROM: Final = datetime(2021, 3, 1, 13, tzinfo=UTC)
_REGISTERED_DAYS: Final = 1_700
_AGES: Final = ((0, 1, 4), (1, 14, 17), (15, 39, 30), (40, 64, 28), (65, 84, 18), (85, 101, 3))
_STREETS: Final = (
    "San Martín",
    "Belgrano",
    "Sucre",
    "Artigas",
    "Los Álamos",
    "Av. Libertad",
    "9 de Julio",
    "Colón",
)
_PAYERS: Final = MappingProxyType(
    {
        "AR": ("PAMI", "IOMA", "OSDE", "Swiss Medical", "OSECAC", "Galeno", "Particular"),
        "BO": ("Caja Nacional de Salud", "SUS", "Particular"),
        "CL": ("FONASA", "Colmena", "Banmédica", "Particular"),
        "CO": ("EPS Sura", "Nueva EPS", "Sanitas", "Particular"),
        "EC": ("IESS", "ISSFA", "Particular"),
        "MX": ("IMSS", "ISSSTE", "Particular"),
        "PE": ("EsSalud", "SIS", "Pacífico", "Particular"),
        "PY": ("IPS", "Particular"),
        "UY": ("ASSE", "Médica Uruguaya", "CASMU", "Particular"),
    }
)
# substance, category, reaction, severity, share of those with an allergy
_ALLERGENS: Final = (
    ("Penicilina", "medicamento", "Anafilaxia", "severa", 14),
    ("Amoxicilina", "medicamento", "Urticaria", "moderada", 12),
    ("Dipirona", "medicamento", "Angioedema", "severa", 8),
    ("Ibuprofeno", "medicamento", "Broncoespasmo", "severa", 6),
    ("Aspirina", "medicamento", "Urticaria", "moderada", 8),
    ("Sulfamidas", "medicamento", "Exantema", "moderada", 7),
    ("Contraste yodado", "medicamento", "Prurito", "leve", 4),
    ("Látex", "ambiente", "Dermatitis de contacto", "moderada", 6),
    ("Maní", "alimento", "Anafilaxia", "severa", 4),
    ("Mariscos", "alimento", "Urticaria", "moderada", 8),
    ("Leche de vaca", "alimento", "Diarrea", "leve", 5),
    ("Pólenes", "ambiente", "Rinitis", "leve", 10),
    ("Ácaros del polvo", "ambiente", "Rinitis", "leve", 8),
)
_STATUS: Final = (("registradas", 18), ("ninguna", 47), ("sin_preguntar", 35))
_ABROAD: Final = "IT"
_PASSPORTS, _NO_PAPERS, _PAYER, _SECOND_ALLERGY, _PHONE, _DIED = 0.02, 0.01, 0.85, 0.25, 0.92, 0.01


@dataclass(frozen=True, slots=True)
class Allergy:
    """Something a patient reacts to."""

    substance: str
    category: str
    reaction: str
    severity: str


@dataclass(frozen=True, slots=True)
class Patient:
    """A person cared for. `document` None: known by the chart number alone. `clinic` is where they go."""

    id: UUID
    clinic: int
    given: str
    family: str
    sex: str
    birth: date
    document: Document | None
    phone: str | None
    city: str
    address: str
    payer: str | None
    member_number: str | None
    allergy_status: str
    allergies: tuple[Allergy, ...]
    registered_at: datetime
    deceased_on: date | None = None


def patients(places: tuple[Place, ...], count: int, seed: str) -> tuple[Patient, ...]:
    """`count` people spread evenly over the clinics, by the day they were registered."""
    maker = _Maker(seed)
    made = [maker.patient(number, number % len(places), places) for number in range(count)]
    return tuple(sorted(made, key=lambda each: (each.registered_at, each.id)))


class _Maker:
    """Draws one patient after another; no document twice."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._names = Names(f"{seed}:patients")
        self._random = Random(f"{seed}:patients")  # noqa: S311 - made-up people, no secret
        self._taken: set[str] = set()

    def patient(self, number: int, clinic: int, places: tuple[Place, ...]) -> Patient:
        random, place = self._random, places[clinic]
        sex = "X" if random.random() < 0.004 else random.choice("FFFMM")  # noqa: PLR2004 - a share
        given, family = self._names.person(place.country, random.choice("FM") if sex == "X" else sex)
        birth = self._birth()
        registered = _REGISTERED_FROM + timedelta(minutes=random.randint(0, _REGISTERED_DAYS * 1440))
        registered = max(
            registered, datetime(birth.year, birth.month, birth.day, tzinfo=UTC) + timedelta(days=2)
        )
        payer = random.choice(_PAYERS[place.country]) if random.random() < _PAYER else None
        status = _weighted(random, _STATUS)
        return Patient(
            id=derived_id(registered, "demo", self._seed, str(number)),
            clinic=clinic,
            given=given,
            family=family,
            sex=sex,
            birth=birth,
            document=self._document(place.country, given, family, sex, birth),
            phone=self._phone(place) if random.random() < _PHONE else None,
            city=place.city,
            address=f"{random.choice(_STREETS)} {random.randint(20, 4900)}",
            payer=payer,
            member_number=str(random.randint(10**8, 10**10)) if payer and payer != "Particular" else None,
            allergy_status=status,
            allergies=self._allergies() if status == "registradas" else (),
            registered_at=registered,
            deceased_on=self._death(birth, registered),
        )

    def _birth(self) -> date:
        low, high = _weighted(self._random, [((low, high), share) for low, high, share in _AGES])
        return EPOCH - timedelta(days=self._random.randint(low * 365 + 20, high * 365 + 364))

    def _document(self, country: str, given: str, family: str, sex: str, birth: date) -> Document | None:
        kind = self._random.random()
        if kind < _NO_PAPERS:
            return None
        issuer = _ABROAD if kind < _PASSPORTS else country
        while True:
            found = document_of(issuer, given, family, sex, birth, self._random)
            if found.key not in self._taken:
                self._taken.add(found.key)
                return found

    def _phone(self, place: Place) -> str:
        number = self._random.randint(4_000_000, 9_899_999)
        begins = place.phone.rstrip("#")
        return begins + str(number)[len(begins) - len(place.phone) :]

    def _allergies(self) -> tuple[Allergy, ...]:
        many = 2 if self._random.random() < _SECOND_ALLERGY else 1
        drawn = [_weighted(self._random, [(each, each[4]) for each in _ALLERGENS]) for _ in range(many)]
        return tuple(Allergy(*each[:4]) for each in dict.fromkeys(drawn))

    def _death(self, birth: date, registered: datetime) -> date | None:
        old = (EPOCH - birth).days > 60 * 365
        if not old or self._random.random() > _DIED * 4:
            return None
        return min(EPOCH, registered.date() + timedelta(days=self._random.randint(30, 900)))


def _weighted(random: Random, choices: list[tuple[ThingT, int]] | tuple[tuple[ThingT, int], ...]) -> ThingT:
    return random.choices([thing for thing, _ in choices], [share for _, share in choices])[0]
