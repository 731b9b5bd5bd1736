"""The patient above a screen about one: how the strip reads a patient's rows, and how it stays true."""

from __future__ import annotations

import contextlib
from abc import abstractmethod
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, ClassVar
from uuid import UUID

from clinicdesk.clinic.changes import Kind
from clinicdesk.clinic.desk import NoCareRelation, TooManyCharts
from clinicdesk.clinic.patients import queries
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.names import full_name, sex_age
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Allergy, PatientLine, PatientStrip
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from clinicdesk.clinic.changes import Change


def patient_line(
    patient: PatientRow, today: date, allergies: Iterable[AllergyRow] | None = None
) -> PatientLine:
    """Who it is, as every strip shows it: what was never asked is said, not left blank.

    `allergies` are those of the chart, for who reads it; None where it is known only whether there are any.
    """
    until = patient.deceased_on or today
    return PatientLine(
        name=full_name(patient.family, patient.given),
        sex_age=" ".join(sex_age(patient.sex, patient.birth, until).split()),
        document=patient.document or ("" if patient.closed else _("sin documento")),
        coverage=patient.payer or "",
        chart=f"{patient.chart_number:06d}",
        allergies=_allergies(patient, allergies),
        sealed=patient.sealed,
        closed=patient.closed,
        deceased_on=patient.deceased_on,
        temporary=patient.provisional is not None,
        guardian=patient.guardian or "",
        merged=", ".join(f"{_('HC')} {number:06d}" for number in patient.united),
    )


def _allergies(patient: PatientRow, known: Iterable[AllergyRow] | None) -> tuple[Allergy, ...] | None:
    held = tuple(Allergy(row.substance, row.severity == "severa") for row in known or () if row.until is None)
    if held or patient.allergy_status == "ninguna":
        return held
    if known is None and patient.allergy_status == "registradas":
        return (Allergy(_("registradas en la historia")),)
    return None


def names(changes: tuple[Change, ...], patient_id: UUID) -> bool:
    """Whether changes are about this patient; none at all says that anything may have changed."""
    ours = {Kind.PATIENT, Kind.RECORD}
    return not changes or any(
        change.kind in ours and any(who == patient_id for who, _row in change.ids) for change in changes
    )


class OfPatient(ClinicScreen):
    """A screen about one patient: the strip stands above it and follows what changes elsewhere."""

    strip: PatientStrip
    under_lease: ClassVar[bool] = False
    """Whether it writes into the chart, which is then open: the header names the allergies."""

    @property
    @abstractmethod
    def patient_id(self) -> UUID:
        """Whom the screen is about."""

    async def read_header(self) -> PatientRow:
        """The patient as they are now, in the strip: to a carer with the allergies. Raises Refusal."""
        query, today = queries.PatientQuery(self.patient_id), self.today().date()
        if self.under_lease and self.actor.may(Permission.CHART_READ):
            with contextlib.suppress(NoCareRelation, TooManyCharts):
                found = await self.see(queries.care_header, query)
                self.strip.show(patient_line(found.patient, today, found.allergies))
                return found.patient
        patient = await self.see(queries.reread, query)
        self.strip.show(patient_line(patient, today))
        return patient

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """What somebody else wrote of this patient."""
        if names(changes, self.patient_id):
            await self.read_header()
