"""Every slice's tables in one metadata: what migrations and schema tests compare with."""

from __future__ import annotations

from clinicdesk.clinic import acts, staging
from clinicdesk.clinic.access import model as access
from clinicdesk.clinic.admissions import model as admissions
from clinicdesk.clinic.agendas import model as agendas
from clinicdesk.clinic.attachments import model as attachments
from clinicdesk.clinic.audit import model as audit
from clinicdesk.clinic.cie10 import model as cie10
from clinicdesk.clinic.letters import model as letters
from clinicdesk.clinic.patients import model as patients
from clinicdesk.clinic.prescriptions import model as prescriptions
from clinicdesk.clinic.privacy import model as privacy
from clinicdesk.clinic.records import model as records
from clinicdesk.clinic.results import model as results
from clinicdesk.clinic.sites import model as sites
from clinicdesk.clinic.tables import metadata
from clinicdesk.clinic.turns import model as turns

__all__ = [
    "access",
    "acts",
    "admissions",
    "agendas",
    "attachments",
    "audit",
    "cie10",
    "letters",
    "metadata",
    "patients",
    "prescriptions",
    "privacy",
    "records",
    "results",
    "sites",
    "staging",
    "turns",
]
