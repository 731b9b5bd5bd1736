"""Small networks and people for tests. The owner connects here and in fixtures, nowhere else."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, func, insert, select

from clinicdesk import bootstrap
from clinicdesk.clinic.access import rules as access_rules
from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.patients import rules as patient_rules
from clinicdesk.clinic.patients import service as registry
from clinicdesk.clinic.privacy import service as privacy
from clinicdesk.clinic.sites.model import clinics, floors, procedures, rooms, specialties
from clinicdesk.kit import secrets
from clinicdesk.kit.ids import new_id

PASSWORD = "una clave de prueba"
# One zone an hour: the network works where it is morning now, so that no test meets midnight.
_ZONES = (
    *("Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Phoenix"),
    *("America/Mexico_City", "America/Lima", "America/La_Paz", "America/Argentina/Buenos_Aires"),
    *("America/Noronha", "Atlantic/Azores", "Africa/Abidjan", "Africa/Lagos", "Africa/Maputo"),
    *("Asia/Riyadh", "Asia/Dubai", "Asia/Karachi", "Asia/Dhaka", "Asia/Bangkok", "Asia/Manila"),
    *("Asia/Tokyo", "Australia/Brisbane", "Pacific/Noumea", "Pacific/Tarawa", "Pacific/Apia"),
)
_MORNING = range(8, 13)


def _where_it_is_morning() -> str:
    now = datetime.now(UTC)
    return next(zone for zone in _ZONES if now.astimezone(ZoneInfo(zone)).hour in _MORNING)


ZONE = _where_it_is_morning()
_numbers = itertools.count(30_000_001)


@dataclass(frozen=True, slots=True)
class Network:
    """A network of two clinics: who works there, by username, and what the agendas offer."""

    url: str
    owner: Engine
    clinic_ids: tuple[int, ...]
    person_ids: dict[str, int]
    block_ids: dict[str, int]

    @property
    def database(self) -> str:
        """The name of this copy's database."""
        return urlsplit(self.url).path.lstrip("/")

    def elsewhere(self, database: str) -> str:
        """The url of another database of the same server."""
        return urlsplit(self.url)._replace(path=f"/{database}").geturl()

    def log_in(self, username: str, **where: Any) -> bootstrap.Session:
        """A real login through the gate."""
        return bootstrap.log_in(self.url, username, PASSWORD, host="prueba", **where)


STAFF = (
    ("admin", "Iriarte", "Ana", "administrador", 0),
    ("msosa", "Sosa", "Marta", "admisionista", 0),
    ("cruiz", "Ruiz", "Carla", "admisionista", 0),
    ("lpaz", "Paz", "Lucía", "medico", 0),
    ("jibarra", "Ibarra", "Jorge", "medico", 0),
    ("dvidal", "Vidal", "Delia", "medico", 0),
    ("secre", "Vega", "Nora", "secretaria", 0),
    ("enfe", "Roldán", "Inés", "enfermeria", 0),
    ("gestion", "Prado", "Olga", "gestion", 0),
    ("ncano", "Cano", "Nicolás", "admisionista", 0),
    ("rleon", "León", "Rocío", "admisionista", 0),
    ("vmora", "Mora", "Vera", "secretaria", 0),
    ("sur", "Gil", "Álvaro", "admisionista", 1),
    ("priva", "Bravo", "Elsa", "privacidad", 0),
    ("copias", "Ríos", "Iván", "resultados", 0),
)


def make_network(owner: Engine, url: str) -> Network:
    """Two clinics with a floor, rooms, all-week agendas and one person of each role."""
    with owner.begin() as connection:
        ids = tuple(_clinic(connection, *each) for each in (("NORTE", "Centro Norte"), ("SUR", "Centro Sur")))
        specialty = _id(connection, specialties, code="CLM", name="Clínica médica")
        control = _id(
            connection, procedures, code="CONTROL", name="Control", minutes=20, specialty_id=specialty
        )
        staff = {each[0]: _person(connection, ids, *each) for each in STAFF}
        blocks = {}
        for number, doctor in enumerate(("lpaz", "jibarra", "dvidal"), start=1):
            room = _room(connection, ids[0], f"C.{number}")
            blocks[doctor] = _blocks(connection, ids[0], staff[doctor], room, control)
    return Network(url, owner, ids, staff, blocks)


def _id(connection: Connection, table: Any, **values: Any) -> int:
    return int(connection.execute(insert(table).values(**values).returning(table.c.id)).scalar_one())


def _clinic(connection: Connection, code: str, name: str) -> int:
    clinic_id = _id(connection, clinics, code=code, name=name, country="AR", zone=ZONE)
    _id(connection, floors, clinic_id=clinic_id, number=0, name="Planta baja")
    return clinic_id


def _room(connection: Connection, clinic_id: int, code: str) -> int:
    floor = connection.execute(select(floors.c.id).where(floors.c.clinic_id == clinic_id)).scalar_one()
    return _id(connection, rooms, clinic_id=clinic_id, floor_id=floor, code=code, kind="consultorio")


def _person(
    connection: Connection,
    clinic_ids: tuple[int, ...],
    username: str,
    family: str,
    given: str,
    role: str,
    at: int,
) -> int:
    license_number = f"MP {len(username)}12.904" if role == "medico" else None
    person_id = _id(connection, people, family=family, given=given, license=license_number)
    salt = secrets.new_salt()
    raw = connection.connection.driver_connection
    made = secrets.verifier(raw, access_rules.role_of(username), secrets.derived(PASSWORD, salt))
    connection.execute(select(func.access.create_login(username, person_id, salt, made, False, False)))
    connection.execute(insert(clinic_roles).values(person_id=person_id, clinic_id=clinic_ids[at], role=role))
    connection.execute(select(func.access.sync_groups(username)))
    return person_id


def _blocks(connection: Connection, clinic_id: int, doctor_id: int, room_id: int, procedure_id: int) -> int:
    """Every day of the week, around the clock: a test may run at any hour. The id of Monday's."""
    first = 0
    for weekday in range(1, 8):
        block = _id(
            connection,
            agenda_blocks,
            clinic_id=clinic_id,
            doctor_id=doctor_id,
            room_id=room_id,
            procedure_id=procedure_id,
            weekday=weekday,
            starts=time(0, 0),
            ends=time(23, 59),
            slot_minutes=5,
            state="publicado",
            valid_from=date(2020, 1, 1),
        )
        first = first or block
    return first


def give_password(
    network: Network, username: str, password: str = PASSWORD, *, provisional: bool = False
) -> None:
    """A password for somebody, as only the database's owner can give one."""
    salt = secrets.new_salt()
    with network.owner.begin() as owner:
        raw = owner.connection.driver_connection
        made = secrets.verifier(raw, access_rules.role_of(username), secrets.derived(password, salt))
        owner.execute(select(func.access.replace_password(username, salt, made, provisional)))


def proven(session: bootstrap.Session, key: UUID | None = None) -> dict[str, Any]:
    """`Order(**proven(session), …)`: a key, and the proof that the password was typed for that order."""
    made = key or new_id()
    return {"key": made, "proof": session.prove(PASSWORD, made)}


def new_patient(session: bootstrap.Session, **changes: Any) -> registry.PatientAnswer:
    """A registered patient with a document nobody else has."""
    values: dict[str, Any] = {
        "document": patient_rules.Document("AR", "DNI", str(next(_numbers))),
        "given": "Rosa Elena",
        "family": "Quispe Mamani",
        "sex": "F",
        "birth": date(1981, 8, 2),
    }
    return session.desk().do(registry.register, registry.RegisterPatient(**(values | changes)))


def followed(by: bootstrap.Session, patient_id: UUID, *doctors: bootstrap.Session) -> UUID:
    """The patient, whom these doctors follow from now on: a relation that `by` (secretary) enters."""
    for doctor in doctors:
        relation = privacy.Relate(patient_id=patient_id, person_id=doctor.actor.person_id)
        by.desk().do(privacy.relate, relation)
    return patient_id


def broken_glass(doctor: bootstrap.Session, patient_id: UUID, password: str = PASSWORD) -> None:
    """The chart of a patient in nobody's care, opened by this doctor for half an hour."""
    key = new_id()
    order = privacy.BreakGlass(
        key=key,
        patient_id=patient_id,
        reason="Convulsiona en la sala de espera",
        proof=doctor.prove(password, key),
    )
    doctor.desk().do(privacy.break_glass, order)


def instant(text: str) -> datetime:
    """A UTC instant from ISO text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ids_of(answer: Any) -> tuple[UUID, UUID]:
    """The (patient, row) pair of an answer."""
    return answer.patient_id, answer.id
