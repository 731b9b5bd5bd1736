"""The resources of one FHIR document: each entered once, found again by who or what it stands for."""

from __future__ import annotations

from datetime import datetime, tzinfo

from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.exporters._fhir import OURS, TERMS, Resource, bare, coding, concept, named_id, reference, text
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _


class Held:
    """What a document holds, in the order in which it was first referred to."""

    def __init__(self, patient: PatientRow, zone: tzinfo) -> None:
        self.zone = zone
        self.subject = reference(patient.patient_id, full_name(patient.family, patient.given))
        self._resources: dict[str, Resource] = {}

    def all(self) -> list[Resource]:
        """Every resource."""
        return list(self._resources.values())

    def at(self, moment: datetime) -> str:
        """An instant in the clinic's hours, with its offset."""
        return moment.astimezone(self.zone).isoformat()

    def wall(self, moment: datetime) -> str:
        """The same for people."""
        return f"{moment.astimezone(self.zone):%d/%m/%Y %H:%M}"

    def add(self, resource: Resource, display: str | None = None) -> Resource:
        """Enter a resource unless it is there; a reference to it."""
        known = self._resources.setdefault(resource["id"], resource)
        if known is not resource and "recordedDate" in resource:
            known |= resource
        return reference(resource["id"], display)

    def practitioner(self, name: str | None, license_number: str = "") -> Resource | None:
        """Who attended or signed, by name and matrícula; None where the history does not say."""
        said = text(name)
        if said is None:
            return None
        made = {
            "resourceType": "Practitioner",
            "id": named_id("practitioner", said, license_number),
            "identifier": _license(license_number),
            "name": [human(*_parted(said))],
        }
        return self.add(bare(made), said)

    def somebody(self, name: str | None, license_number: str = "") -> Resource:
        """The same where FHIR demands somebody."""
        return self.practitioner(name, license_number) or {"display": _("sin nombre")}

    def organization(self, name: str) -> Resource | None:
        """A clinic or institution by name; None where the history does not say."""
        said = text(name)
        if said is None:
            return None
        made = {"resourceType": "Organization", "id": named_id("organization", said), "name": said}
        return self.add(made, said)


def human(family: str, given: str, use: str = "official") -> Resource:
    """A name in its parts."""
    names = [text(name) for name in given.split()]
    return bare(
        {
            "use": use,
            "text": text(full_name(family, given)),
            "family": text(family),
            "given": [name for name in names if name],
        }
    )


def _license(number: str) -> list[Resource]:
    said = text(number)
    if said is None:
        return []
    sort = concept(_("Matrícula"), coding(f"{TERMS}v2-0203", "MD", "Medical License number"))
    return [{"type": sort, "system": f"{OURS}license", "value": said}]


def _parted(name: str) -> tuple[str, str]:
    family, _comma, given = name.partition(",")
    return family.strip(), given.strip()
