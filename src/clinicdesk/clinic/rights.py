"""Who may do what: permissions, the roles that carry them, and the actor who acts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID


class Permission(StrEnum):
    """One thing a person may do. The name is what administration shows and stores."""

    USER_MANAGE = "user.manage"
    SITE_READ = "site.read"
    SITE_MANAGE = "site.manage"
    PATIENT_READ = "patient.read"
    PATIENT_WRITE = "patient.write"
    TURN_READ = "turn.read"
    TURN_BOOK = "turn.book"
    TURN_OVERBOOK = "turn.overbook"
    TURN_ADMIT = "turn.admit"
    TURN_CALL = "turn.call"
    TURN_ATTEND = "turn.attend"
    CHART_READ = "chart.read"
    CHART_BREAK_GLASS = "chart.break_glass"
    CHART_COPY = "chart.copy"
    CARE_RELATE = "care.relate"
    NOTE_WRITE = "note.write"
    HISTORY_EXPORT = "history.export"
    REPORT_READ = "report.read"
    IMPORT_RUN = "import.run"
    PATIENT_SEAL = "patient.seal"
    PRIVACY_REVIEW = "privacy.review"
    AUDIT_READ = "audit.read"
    AUDIT_SEAL = "audit.seal"


class Role(StrEnum):
    """Roles as typed and stored."""

    ADMISIONISTA = "admisionista"
    SECRETARIA = "secretaria"
    MEDICO = "medico"
    ENFERMERIA = "enfermeria"
    LABORATORIO = "laboratorio"
    RESULTADOS = "resultados"
    GESTION = "gestion"
    ADMINISTRADOR = "administrador"
    PRIVACIDAD = "privacidad"


_COUNTER = frozenset(
    {
        Permission.SITE_READ,
        Permission.PATIENT_READ,
        Permission.PATIENT_WRITE,
        Permission.TURN_READ,
        Permission.TURN_BOOK,
        Permission.TURN_ADMIT,
        Permission.TURN_CALL,
    }
)
_READS = frozenset({Permission.SITE_READ, Permission.PATIENT_READ, Permission.TURN_READ})

PERMISSIONS: Final = MappingProxyType(
    {
        Role.ADMISIONISTA: _COUNTER,
        Role.SECRETARIA: _COUNTER
        | {Permission.TURN_OVERBOOK, Permission.REPORT_READ, Permission.CARE_RELATE},
        Role.MEDICO: _READS
        | {
            Permission.PATIENT_WRITE,
            Permission.TURN_BOOK,
            Permission.TURN_CALL,
            Permission.TURN_ATTEND,
            Permission.CHART_READ,
            Permission.CHART_BREAK_GLASS,
            Permission.NOTE_WRITE,
            Permission.HISTORY_EXPORT,
        },
        Role.ENFERMERIA: _READS | {Permission.TURN_CALL, Permission.CHART_READ, Permission.CHART_BREAK_GLASS},
        Role.LABORATORIO: _READS,
        Role.RESULTADOS: _READS | {Permission.CHART_READ, Permission.CHART_COPY, Permission.HISTORY_EXPORT},
        Role.GESTION: _READS | {Permission.TURN_OVERBOOK, Permission.REPORT_READ},
        Role.ADMINISTRADOR: frozenset(
            {
                Permission.USER_MANAGE,
                Permission.SITE_READ,
                Permission.SITE_MANAGE,
                Permission.IMPORT_RUN,
                Permission.AUDIT_SEAL,
            }
        ),
        Role.PRIVACIDAD: frozenset(
            {
                Permission.SITE_READ,
                Permission.PATIENT_READ,
                Permission.PATIENT_SEAL,
                Permission.CARE_RELATE,
                Permission.PRIVACY_REVIEW,
                Permission.AUDIT_READ,
                Permission.AUDIT_SEAL,
            }
        ),
    }
)

# The group role in the database that carries each role's GRANTs.
GROUP_ROLE: Final = MappingProxyType(
    {
        Role.ADMISIONISTA: "k_admision",
        Role.SECRETARIA: "k_secretaria",
        Role.MEDICO: "k_medico",
        Role.ENFERMERIA: "k_enfermeria",
        Role.LABORATORIO: "k_laboratorio",
        Role.RESULTADOS: "k_resultados",
        Role.GESTION: "k_gestion",
        Role.ADMINISTRADOR: "k_admin",
        Role.PRIVACIDAD: "k_privacidad",
    }
)


@dataclass(frozen=True, slots=True)
class ClinicRole:
    """One role of a person at one clinic (`zone` is the clinic's IANA time zone)."""

    role: Role
    clinic_id: int
    clinic_code: str
    clinic_name: str
    zone: str
    country: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as whom and where: the person, the role taken for this session and its clinic."""

    username: str
    person_id: int
    name: str
    at: ClinicRole
    roles: tuple[ClinicRole, ...]
    host: str
    license: str = ""
    must_change_password: bool = False
    denied: frozenset[Permission] = field(default_factory=frozenset)
    session: UUID | None = None

    def may(self, permission: Permission) -> bool:
        """Whether the session's role carries the permission; a personal denial wins."""
        return permission in PERMISSIONS[self.at.role] and permission not in self.denied
