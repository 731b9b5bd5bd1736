"""What tests of the doctor's screens put into the database: a doctor of their own, patients, histories."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import service as access
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients.model import allergies, patients
from clinicdesk.clinic.prescriptions.model import prescription_items, prescriptions
from clinicdesk.clinic.records import adding
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.records.model import records as entries
from clinicdesk.clinic.records.model import vitals
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import PASSWORD, ZONE, Network, followed, new_patient, proven

_doctors = itertools.count(1)
FIRST = clock.instant(datetime(2026, 10, 16, 10, 22), ZONE)  # noqa: DTZ001 - wall time of the clinic
"""When the newest entry of `history` was made."""


@dataclass(frozen=True, slots=True)
class Surgery:
    """A doctor nobody else's tests queue for, with the clerk who sends patients in."""

    network: Network
    clerk: Session
    username: str
    person_id: int

    def log_in(self) -> Session:
        """The doctor behind the screens; whoever asks closes it."""
        return self.network.log_in(self.username)

    def patient(self, family: str = "Quispe Mamani", given: str = "Rosa Elena", **more: Any) -> UUID:
        """Somebody new."""
        made = new_patient(self.clerk, family=family, given=given, **more)
        return made.patient_id

    def waits(self, patient_id: UUID, at: datetime | None = None, triage: int | None = None) -> Any:
        """A walk-in in the doctor's queue, since a moment."""
        order = admissions.WalkIn(
            patient_id=patient_id, doctor_id=self.person_id, reason="control de presión", triage=triage
        )
        moment = at or clock.now()
        return Desk(self.clerk.engine, self.clerk.actor, now=lambda: moment).do(admissions.walk_in, order)

    def inside(self, patient_id: UUID, at: datetime | None = None) -> records.VisitAnswer:
        """Somebody in the room, called at a moment."""
        moment = at or clock.now()
        waiting = self.waits(patient_id, moment)
        start = records.StartVisit(
            patient_id=patient_id, turn_id=waiting.id, seq=waiting.seq, from_state=waiting.state
        )
        with_doctor = self.log_in()
        try:
            desk = Desk(with_doctor.engine, with_doctor.actor, now=lambda: moment)
            return desk.do(records.start_visit, start)
        finally:
            with_doctor.close()

    def history(self, patient_id: UUID, kinds: Iterable[tuple[str, str, str, str]]) -> None:
        """Entries of (kind, code, diagnosis, note), the newest on FIRST, each 44 days before the last."""
        doctor = self.log_in()
        with_secretary = self.network.log_in("secre")
        followed(with_secretary, patient_id, doctor)
        with_secretary.close()
        for number, (kind, code, name, note) in enumerate(kinds):
            order = adding.AddRecord(
                patient_id=patient_id,
                kind=kind,
                at=FIRST - timedelta(days=44 * number),
                text=note,
                diagnoses=(DiagnosisEntry(code, name, chronic=code == "I10"),),
                **(proven(doctor) if note else {}),
            )
            doctor.desk().do(adding.add_record, order)
        doctor.close()

    def long_history(self, patient_id: UUID, count: int) -> None:
        """So many bare entries, a day apart, titled `Visita 1` (the newest) and on."""
        rows = [
            {
                "patient_id": patient_id,
                "id": new_id(),
                "kind": "consulta",
                "at": FIRST - timedelta(days=number),
                "clinic_id": self.network.clinic_ids[0],
                "doctor_id": self.person_id,
                "title": f"Visita {number + 1}",
            }
            for number in range(count)
        ]
        with self.network.owner.begin() as owner:
            owner.execute(insert(entries), rows)

    def allergic(self, patient_id: UUID, *substances: tuple[str, str]) -> None:
        """Allergies as (substance, severity)."""
        with self.network.owner.begin() as owner:
            for substance, severity in substances:
                row = {"patient_id": patient_id, "id": new_id(), "substance": substance, "severity": severity}
                owner.execute(insert(allergies), row)
            known = patients.update().where(patients.c.patient_id == patient_id)
            owner.execute(known.values(allergy_status="registradas"))

    def measured(self, patient_id: UUID, at: datetime, **values: float) -> None:
        """Vital signs by short name."""
        with self.network.owner.begin() as owner:
            for name, value in values.items():
                code, said, unit = _SIGNS[name]
                row = {"code": code, "name": said, "value": value, "unit": unit, "at": at, "system": "LOINC"}
                owner.execute(insert(vitals), {"patient_id": patient_id, "id": new_id(), **row})

    def prescribed(self, patient_id: UUID, *texts: str, since: datetime = FIRST) -> None:
        """Prescriptions in force."""
        with self.network.owner.begin() as owner:
            for each in texts:
                head, item = new_id(), new_id()
                owner.execute(
                    insert(prescriptions),
                    {"patient_id": patient_id, "id": head, "state": "vigente", "starts_at": since},
                )
                owner.execute(
                    insert(prescription_items),
                    {"patient_id": patient_id, "id": item, "prescription_id": head, "text": each},
                )

    def scalar(self, statement: str, **values: Any) -> Any:
        """One value, asked as the owner."""
        with self.network.owner.connect() as connection:
            return connection.execute(text(statement), values).scalar()

    def state(self, patient_id: UUID) -> str:
        """The state of the patient's last turn."""
        statement = "SELECT state FROM turns WHERE patient_id = :id ORDER BY id DESC LIMIT 1"
        return str(self.scalar(statement, id=patient_id))

    def draft(self, patient_id: UUID) -> str | None:
        """The text of the draft about a patient."""
        found = self.scalar("SELECT text FROM note_drafts WHERE patient_id = :id", id=patient_id)
        return None if found is None else str(found)


_SIGNS = {
    "high": ("8480-6", "Presión sistólica", "mm[Hg]"),
    "low": ("8462-4", "Presión diastólica", "mm[Hg]"),
    "pulse": ("8867-4", "Frecuencia cardíaca", "/min"),
    "bmi": ("39156-5", "Índice de masa corporal", "kg/m2"),
}


def new_surgery(network: Network, clerk: Session, username: str = "", family: str = "") -> Surgery:
    """A doctor with a login of their own."""
    name = username or f"doc{next(_doctors)}"
    order = access.NewUser(
        username=name,
        given="Lucía",
        family=family or f"Lagos {name}",
        role="medico",
        clinic_id=network.clinic_ids[0],
        license="MP 112.904",
        must_change=False,
        password=PASSWORD,
    )
    person = bootstrap.owner_desk(network.owner).do(access.add_user, order)
    return Surgery(network, clerk, name, person.person_id)
