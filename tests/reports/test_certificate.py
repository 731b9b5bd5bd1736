"""The certificate of attendance: who was here and when, and nothing of why."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pypdf import PdfReader

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.admissions.errors import NeverArrived
from clinicdesk.clinic.admissions.queries import AttendanceQuery, AttendanceRow, attendance
from clinicdesk.clinic.desk import Desk, NotAllowed
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns.errors import TurnNotFound
from clinicdesk.kit import clock
from clinicdesk.kit.sheet import Stamp
from clinicdesk.reports._certificate import paper, sentence
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
ZONE = "America/Argentina/Buenos_Aires"
CAME = datetime(2026, 11, 23, 12, 42, tzinfo=UTC)
ROW = AttendanceRow(
    "Quispe Ñandú", "Rosa Elena", "DNI 28.431.907", "Centro Norte", "Rosario", ZONE, "A016", CAME, None
)
REASON = "motivo que no va al papel"


def test_the_sentence_has_the_clinics_hours() -> None:
    ended = replace(ROW, ended_at=CAME + timedelta(minutes=50))
    assert sentence(ROW) == (
        "Quispe Ñandú, Rosa Elena, DNI 28.431.907 concurrió a Centro Norte, Rosario el 23/11/2026"
        " desde las 09:42 y continúa aquí al momento de esta constancia."
    )
    assert sentence(ended).endswith("desde las 09:42 hasta las 10:32.")


def test_the_paper_says_it_and_who_signs() -> None:
    made = paper(ROW, Stamp("Sosa, Marta", clock.local(CAME, ZONE), ZONE, "Centro Norte"))
    said = re.sub(r"\s+", " ", PdfReader(io.BytesIO(made)).pages[0].extract_text())
    assert "Constancia de asistencia" in said
    assert "Quispe Ñandú, Rosa Elena, DNI 28.431.907" in said
    assert "Firma y sello: Sosa, Marta" in said


def test_of_who_was_here_alone_and_without_a_reason(network: Network, log_in: LogIn) -> None:
    front, doctor = log_in("msosa"), log_in("lpaz")
    patient = new_patient(front).patient_id
    order = admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason=REASON)
    turn = front.desk().do(admissions.walk_in, order)
    query = AttendanceQuery(patient, turn.id)
    here = front.desk().see(attendance, query)
    assert (here.ended_at, here.ticket, here.clinic) == (None, turn.ticket, "Centro Norte")
    assert REASON not in str(here)
    start = records.StartVisit(patient_id=patient, turn_id=turn.id, seq=turn.seq, from_state=turn.state)
    inside = doctor.desk().do(records.start_visit, start)
    finish = records.FinishVisit(patient_id=patient, turn_id=turn.id, seq=inside.seq, from_state=inside.state)
    later = Desk(doctor.engine, doctor.actor, now=lambda: clock.now() + timedelta(minutes=20))
    later.do(records.finish_visit, finish)
    assert (front.desk().see(attendance, query).ended_at or here.arrived_at) > here.arrived_at
    with pytest.raises(NotAllowed):
        log_in("gestion").desk().see(attendance, query)
    with pytest.raises(TurnNotFound):
        log_in("sur").desk().see(attendance, query)


def test_nobody_who_left_or_never_came(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    patient = new_patient(front).patient_id
    order = admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason=REASON)
    turn = front.desk().do(admissions.walk_in, order)
    gone = turns.Hop(
        patient_id=patient, turn_id=turn.id, seq=turn.seq, from_state=turn.state, reason="se retiró"
    )
    front.desk().do(turns.cancel, gone)
    with pytest.raises(NeverArrived):
        front.desk().see(attendance, AttendanceQuery(patient, turn.id))
