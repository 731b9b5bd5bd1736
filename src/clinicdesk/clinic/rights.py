"""Who may do what: permissions, the roles that carry them, and the actor who acts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.kit import clock


class Permission(StrEnum):
    """One thing a person may do. The name is what administration shows and stores."""

    USER_MANAGE = "user.manage"
    SITE_READ = "site.read"
    SITE_MANAGE = "site.manage"
    ROOM_MANAGE = "room.manage"
    AGENDA_MANAGE = "agenda.manage"
    AGENDA_OWN = "agenda.own"
    PATIENT_READ = "patient.read"
    PATIENT_WRITE = "patient.write"
    PATIENT_MERGE = "patient.merge"
    TURN_READ = "turn.read"
    TURN_BOOK = "turn.book"
    TURN_OVERBOOK = "turn.overbook"
    TURN_OVERBOOK_BEYOND = "turn.overbook_beyond"
    TURN_ADMIT = "turn.admit"
    TURN_CALL = "turn.call"
    TURN_ATTEND = "turn.attend"
    TRIAGE = "turn.triage"
    DAY_CLOSE = "day.close"
    VITALS_WRITE = "vitals.write"
    CHART_READ = "chart.read"
    CHART_BREAK_GLASS = "chart.break_glass"
    CHART_COPY = "chart.copy"
    CARE_RELATE = "care.relate"
    NOTE_WRITE = "note.write"
    ATTACHMENT_WRITE = "attachment.write"
    HISTORY_EXPORT = "history.export"
    TEMPLATE_MANAGE = "template.manage"
    REPORT_READ = "report.read"
    IMPORT_RUN = "import.run"
    PATIENT_SEAL = "patient.seal"
    PRIVACY_REVIEW = "privacy.review"
    AUDIT_READ = "audit.read"
    AUDIT_SEAL = "audit.seal"


class Role(StrEnum):
    """Roles as typed and stored. SERVICIO is what scripts act as: nobody can be given it."""

    ADMISIONISTA = "admisionista"
    SECRETARIA = "secretaria"
    MEDICO = "medico"
    ENFERMERIA = "enfermeria"
    LABORATORIO = "laboratorio"
    RESULTADOS = "resultados"
    GESTION = "gestion"
    ADMINISTRADOR = "administrador"
    PRIVACIDAD = "privacidad"
    SERVICIO = "servicio"


STAFF_ROLES: Final = tuple(role for role in Role if role is not Role.SERVICIO)


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
        | {
            Permission.PATIENT_MERGE,
            Permission.TURN_OVERBOOK,
            Permission.DAY_CLOSE,
            Permission.REPORT_READ,
            Permission.CARE_RELATE,
            Permission.ROOM_MANAGE,
            Permission.AGENDA_MANAGE,
        },
        Role.MEDICO: _READS
        | {
            Permission.PATIENT_WRITE,
            Permission.TURN_BOOK,
            Permission.TURN_CALL,
            Permission.TURN_ATTEND,
            Permission.AGENDA_OWN,
            Permission.TRIAGE,
            Permission.VITALS_WRITE,
            Permission.CHART_READ,
            Permission.CHART_BREAK_GLASS,
            Permission.NOTE_WRITE,
            Permission.ATTACHMENT_WRITE,
            Permission.HISTORY_EXPORT,
        },
        Role.ENFERMERIA: _READS
        | {
            Permission.TURN_CALL,
            Permission.TRIAGE,
            Permission.VITALS_WRITE,
            Permission.ATTACHMENT_WRITE,
            Permission.CHART_READ,
            Permission.CHART_BREAK_GLASS,
        },
        Role.LABORATORIO: _READS,
        Role.RESULTADOS: _READS | {Permission.CHART_READ, Permission.CHART_COPY, Permission.HISTORY_EXPORT},
        Role.GESTION: _READS
        | {
            Permission.PATIENT_MERGE,
            Permission.AGENDA_MANAGE,
            Permission.TURN_OVERBOOK,
            Permission.TURN_OVERBOOK_BEYOND,
            Permission.TEMPLATE_MANAGE,
            Permission.REPORT_READ,
        },
        Role.ADMINISTRADOR: frozenset(
            {
                Permission.USER_MANAGE,
                Permission.SITE_READ,
                Permission.SITE_MANAGE,
                Permission.ROOM_MANAGE,
                Permission.TEMPLATE_MANAGE,
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
        Role.SERVICIO: frozenset(),
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


# The group that carries a single permission's GRANTs: the narrowest of the roles that have it. The
# database holds the union of a person's groups; which clinic, and denials, are for Actor.may.
GROUP_PERMISSION: Final = MappingProxyType(
    {
        Permission.USER_MANAGE: "k_admin",
        Permission.SITE_READ: "k_staff",
        Permission.SITE_MANAGE: "k_admin",
        Permission.ROOM_MANAGE: "k_secretaria",
        Permission.AGENDA_MANAGE: "k_secretaria",
        Permission.AGENDA_OWN: "k_medico",
        Permission.PATIENT_READ: "k_gestion",
        Permission.PATIENT_WRITE: "k_admision",
        Permission.PATIENT_MERGE: "k_gestion",
        Permission.TURN_READ: "k_gestion",
        Permission.TURN_BOOK: "k_admision",
        Permission.TURN_OVERBOOK: "k_secretaria",
        Permission.TURN_OVERBOOK_BEYOND: "k_gestion",
        Permission.TURN_ADMIT: "k_admision",
        Permission.TURN_CALL: "k_admision",
        Permission.TURN_ATTEND: "k_medico",
        Permission.TRIAGE: "k_enfermeria",
        Permission.DAY_CLOSE: "k_secretaria",
        Permission.VITALS_WRITE: "k_enfermeria",
        Permission.CHART_READ: "k_enfermeria",
        Permission.CHART_BREAK_GLASS: "k_enfermeria",
        Permission.CHART_COPY: "k_resultados",
        Permission.CARE_RELATE: "k_secretaria",
        Permission.NOTE_WRITE: "k_medico",
        Permission.ATTACHMENT_WRITE: "k_enfermeria",
        Permission.HISTORY_EXPORT: "k_resultados",
        Permission.TEMPLATE_MANAGE: "k_gestion",
        Permission.REPORT_READ: "k_gestion",
        Permission.IMPORT_RUN: "k_importacion",
        Permission.PATIENT_SEAL: "k_privacidad",
        Permission.PRIVACY_REVIEW: "k_privacidad",
        Permission.AUDIT_READ: "k_privacidad",
        Permission.AUDIT_SEAL: "k_sello",
    }
)


class Effect(StrEnum):
    """What a personal right does: adds a permission at a clinic, or takes it away whatever the role."""

    GRANT = "grant"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class ClinicRole:
    """One role of a person at one clinic, until an instant or for good; `zone` is the clinic's IANA zone."""

    role: Role
    clinic_id: int
    clinic_code: str
    clinic_name: str
    zone: str
    country: str
    until: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it has not run out."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class PersonalRight:
    """One permission given to a person at one clinic, or denied there."""

    clinic_id: int
    permission: Permission
    effect: Effect
    until: datetime | None = None

    def says(self, effect: Effect, permission: Permission, clinic_id: int, now: datetime) -> bool:
        """Whether it has this effect on this permission there, now."""
        same = (self.effect, self.permission, self.clinic_id) == (effect, permission, clinic_id)
        return same and (self.until is None or now < self.until)


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
    rights: tuple[PersonalRight, ...] = ()
    expires_at: datetime | None = None
    session: UUID | None = None

    @property
    def is_service(self) -> bool:
        """Whether a script acts, not a person."""
        return self.at.role is Role.SERVICIO

    def expired(self, now: datetime) -> bool:
        """Whether the login itself has run out."""
        return self.expires_at is not None and now >= self.expires_at

    def may(self, permission: Permission, now: datetime | None = None) -> bool:
        """Whether the role taken, or a right of the person's own at its clinic, carries the permission now.

        A personal denial there wins over both. What is held at another clinic counts for nothing here.
        """
        moment = now or clock.now()
        if self.expired(moment) or self._personally(Effect.DENY, permission, moment):
            return False
        by_role = permission in PERMISSIONS[self.at.role] and self.at.holds(moment)
        return by_role or self._personally(Effect.GRANT, permission, moment)

    def _personally(self, effect: Effect, permission: Permission, now: datetime) -> bool:
        return any(each.says(effect, permission, self.at.clinic_id, now) for each in self.rights)
