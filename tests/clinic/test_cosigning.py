"""Residents sign under supervision: who stands by a note, who gives it back, and who may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration
from clinicdesk.clinic.access.errors import OwnRights, ProofNeeded
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.records import cosigning, queries, service, verifying
from clinicdesk.clinic.records.errors import Cosigned, CosignOwn, CosignReason, NotToCosign
from clinicdesk.kit import clock
from tests.clinic import victims
from tests.clinic.test_notes import in_course
from tests.factories import Network, followed, proven
from tests.forging import supervised

LogIn = Callable[..., Session]
RESIDENT, SUPERVISOR = "lpaz", "jibarra"


@pytest.fixture(autouse=True)
def _resident(network: Network) -> Iterator[None]:
    supervised(network, RESIDENT)
    yield
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE people SET supervised_until = NULL, specialty = NULL"))


@contextmanager
def changed(network: Network, change: str, back: str, **values: object) -> Iterator[None]:
    """Something of the network another way for a while."""
    with network.owner.begin() as owner:
        owner.execute(text(change), values)
    try:
        yield
    finally:
        with network.owner.begin() as owner:
            owner.execute(text(back), values)


def signed(network: Network, log_in: LogIn) -> service.NoteAnswer:
    """A note of the resident's."""
    visit, doctor = in_course(network, log_in), log_in(RESIDENT)
    order = service.SignNote(
        patient_id=visit.patient_id, visit_id=visit.visit_id, text="Sin fiebre.", **proven(doctor)
    )
    return doctor.desk().do(service.sign_note, order)


def said(session: Session, note: service.NoteAnswer, reason: str | None = None) -> cosigning.CosignAnswer:
    """Co-sign, or give back."""
    order = cosigning.Cosign(
        patient_id=note.patient_id, note_id=note.note_id, reason=reason, **proven(session)
    )
    return session.desk().do(cosigning.cosign, order)


def waits_for(session: Session, note: service.NoteAnswer) -> str | None:
    """How a note stands on somebody's list, None where it is not on it."""
    rows = session.desk().see(cosigning.to_cosign, cosigning.ToCosign())
    return next((row.state for row in rows if row.note_id == note.note_id), None)


def notes_of(session: Session, patient_id: UUID) -> tuple[queries.NoteRow, ...]:
    """The notes of the chart's newest entry."""
    return session.desk().see(queries.open_chart, queries.ChartQuery(patient_id)).entries[0].notes


def test_a_residents_note_stands_signed_and_waits_until_a_supervisor_co_signs(
    network: Network, log_in: LogIn
) -> None:
    note, supervisor, resident = signed(network, log_in), log_in(SUPERVISOR), log_in(RESIDENT)
    assert waits_for(supervisor, note) == "pendiente"
    assert waits_for(resident, note) is None
    assert [row.standing for row in notes_of(resident, note.patient_id)] == [queries.Standing.WAITS]
    order = cosigning.Cosign(patient_id=note.patient_id, note_id=note.note_id)
    with pytest.raises(ProofNeeded):
        supervisor.desk().do(cosigning.cosign, order)
    third = log_in("dvidal")
    assert len(notes_of(third, note.patient_id)) == 1
    first = said(supervisor, note)
    assert (first.verdict, first.note_ids) == ("cofirmada", (note.note_id,))
    assert waits_for(supervisor, note) is None
    (row,) = notes_of(resident, note.patient_id)
    assert row.standing is queries.Standing.COSIGNED
    assert [each.person_name for each in row.cosignatures] == [supervisor.actor.name]
    assert row.hash.hex() == note.hash
    with pytest.raises(Cosigned):
        said(third, note)
    assert resident.desk().see(verifying.verify_person, verifying.PersonQuery(note.patient_id)).clean


def test_given_back_it_is_answered_by_an_addendum_and_nothing_is_altered(
    network: Network, log_in: LogIn
) -> None:
    note, supervisor, resident = signed(network, log_in), log_in(SUPERVISOR), log_in(RESIDENT)
    with pytest.raises(CosignReason):
        said(supervisor, note, "no")
    assert said(supervisor, note, "Falta el plan de control").verdict == "devuelta"
    assert waits_for(supervisor, note) == "devuelta"
    (row,) = notes_of(resident, note.patient_id)
    assert (row.standing, row.cosignatures[0].reason) == (
        queries.Standing.RETURNED,
        "Falta el plan de control",
    )
    addendum = service.AddendNote(
        patient_id=note.patient_id,
        amends_id=note.note_id,
        text="Plan: control en 7 días.",
        **proven(resident),
    )
    more = resident.desk().do(service.addend_note, addendum)
    assert waits_for(supervisor, note) == "respondida"
    assert said(supervisor, note).note_ids == (note.note_id, more.note_id)
    rows = notes_of(resident, note.patient_id)
    assert [each.standing for each in rows] == [queries.Standing.COSIGNED] * 2
    assert rows[0].text == "Sin fiebre."
    assert resident.desk().see(verifying.verify_person, verifying.PersonQuery(note.patient_id)).clean


def test_what_came_after_the_screen_was_read_waits_on(network: Network, log_in: LogIn) -> None:
    note, supervisor, resident = signed(network, log_in), log_in(SUPERVISOR), log_in(RESIDENT)
    addendum = service.AddendNote(
        patient_id=note.patient_id, amends_id=note.note_id, text="Y algo más.", **proven(resident)
    )
    resident.desk().do(service.addend_note, addendum)
    order = cosigning.Cosign(
        patient_id=note.patient_id, note_id=note.note_id, seen=(note.note_id,), **proven(supervisor)
    )
    assert supervisor.desk().do(cosigning.cosign, order).note_ids == (note.note_id,)
    assert waits_for(supervisor, note) == "pendiente"


def test_the_same_order_again_gives_the_first_answer(network: Network, log_in: LogIn) -> None:
    note, supervisor = signed(network, log_in), log_in(SUPERVISOR)
    order = cosigning.Cosign(patient_id=note.patient_id, note_id=note.note_id, **proven(supervisor))
    first = supervisor.desk().do(cosigning.cosign, order)
    assert supervisor.desk().do(cosigning.cosign, replace(order, **proven(supervisor, order.key))) == first


def test_only_a_supervisor_of_the_clinic_and_specialty_co_signs(network: Network, log_in: LogIn) -> None:
    note, supervisor = signed(network, log_in), log_in(SUPERVISOR)
    with pytest.raises(CosignOwn):
        said(log_in(RESIDENT), note)
    with pytest.raises(NotAllowed):
        said(log_in("enfe"), note)
    supervised(network, SUPERVISOR)
    with pytest.raises(NoCareRelation):
        said(supervisor, note)
    with network.owner.begin() as owner:
        owner.execute(
            text("UPDATE people SET supervised_until = now() WHERE id = :id"),
            {"id": supervisor.actor.person_id},
        )
    ids = {"one": network.person_ids[RESIDENT], "other": network.person_ids[SUPERVISOR]}
    with (
        changed(
            network,
            "UPDATE people SET specialty = CASE id WHEN :one THEN 'Pediatría' ELSE 'Cirugía' END"
            " WHERE id IN (:one, :other)",
            "UPDATE people SET specialty = NULL WHERE id IN (:one, :other)",
            **ids,
        ),
        pytest.raises(NoCareRelation),
    ):
        said(supervisor, note)
    with changed(
        network,
        "UPDATE clinic_roles SET clinic_id = :south WHERE person_id = :other",
        "UPDATE clinic_roles SET clinic_id = :north WHERE person_id = :other",
        other=ids["other"],
        north=network.clinic_ids[0],
        south=network.clinic_ids[1],
    ):
        assert waits_for(supervisor, note) is None
    assert said(supervisor, note).verdict == "cofirmada"


def test_a_note_under_nobodys_supervision_is_not_co_signed(network: Network, log_in: LogIn) -> None:
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE people SET supervised_until = now()"))
    note, resident = signed(network, log_in), log_in(RESIDENT)
    assert [row.standing for row in notes_of(resident, note.patient_id)] == [queries.Standing.SIGNED]
    with pytest.raises(NoCareRelation):
        said(log_in(SUPERVISOR), note)
    followed(log_in("secre"), note.patient_id, log_in(SUPERVISOR))
    with pytest.raises(NotToCosign):
        said(log_in(SUPERVISOR), note)


INSERT = """
  INSERT INTO cosignatures (patient_id, id, record_id, note_id, note_hash, author_id, verdict, person_id,
    person_name, person_license, at, hash)
  SELECT n.patient_id, gen_random_uuid(), n.record_id, n.id, {hash}, {author}, 'cofirmada', {person},
    p.family || ', ' || p.given, p.license, now(), sha256('x')
  FROM notes n, people p WHERE n.id = '{note}' AND p.id = {named}"""


def test_nor_by_raw_sql(network: Network, log_in: LogIn) -> None:
    note, supervisor, resident = signed(network, log_in), log_in(SUPERVISOR), log_in(RESIDENT)
    for session in (supervisor, resident):
        session.desk().see(queries.open_chart, queries.ChartQuery(note.patient_id))
    usual = {"hash": "n.hash", "author": "n.author_id", "note": note.note_id}
    usual |= dict.fromkeys(("person", "named"), "charts.me()")
    assert victims.asked(resident, INSERT.format(**usual)) == "42501"
    forged = INSERT.format(**usual | {"author": network.person_ids["dvidal"]})
    assert victims.asked(resident, forged) == "42501"
    for told in ("person", "named"):
        others = INSERT.format(**usual | {told: network.person_ids["dvidal"]})
        assert victims.asked(supervisor, others) == "42501", told
    for change in ({"hash": "sha256('y')"}, {"author": network.person_ids["dvidal"]}):
        assert victims.asked(supervisor, INSERT.format(**usual | change)) == "23503"
    assert victims.asked(supervisor, INSERT.format(**usual)) == 1
    free = (
        "INSERT INTO notes (patient_id, id, record_id, amends_id, text, author_id, author_name,"
        " author_license, supervised, signed_at, prev_hash, hash)"
        " SELECT patient_id, gen_random_uuid(), record_id, id, 'x', author_id, author_name, author_license,"
        " {free}, now(), hash, sha256(hash) FROM notes WHERE id = '{note}'"
    )
    assert victims.asked(resident, free.format(free="false", note=note.note_id)) == "42501"
    assert victims.asked(resident, free.format(free="true", note=note.note_id)) == 1


def test_administration_says_who_is_a_resident_and_nobody_of_themselves(
    network: Network, log_in: LogIn
) -> None:
    admin = log_in("admin")
    end = administration.Supervise(username=RESIDENT, until=None)
    admin.desk().do(administration.supervise, end)
    with network.owner.connect() as owner:
        held = owner.execute(
            text("SELECT supervised_until FROM people WHERE id = :id"), {"id": network.person_ids[RESIDENT]}
        ).scalar_one()
    assert held is None
    own = administration.Supervise(username="admin", until=clock.now() + timedelta(days=1))
    with pytest.raises(OwnRights):
        admin.desk().do(administration.supervise, own)
    with pytest.raises(NotAllowed):
        log_in(RESIDENT).desk().do(administration.supervise, end)
    raw = "UPDATE people SET supervised_until = NULL"
    for username in ("admin", RESIDENT, "gestion", "priva"):
        assert victims.asked(log_in(username), raw) == "42501"
    assert victims.asked(log_in(RESIDENT), f"SELECT access.supervise('{RESIDENT}', NULL)") == "42501"
