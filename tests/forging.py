"""What a superuser may do to signed notes, each undone after a look: for tests and benchmarks/notes.py."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration
from clinicdesk.clinic.access.rules import role_of
from clinicdesk.clinic.records import adding, cosigning, rules, service, verifying
from clinicdesk.clinic.records.plan import FollowUpEntry, Plan, TreatmentEntry
from clinicdesk.clinic.records.verifying import Finding, Told
from clinicdesk.clinic.rights import Actor, ClinicRole, Role
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, followed, new_patient, proven

_NOBODY: Final = Actor("", 0, "", ClinicRole(Role.PRIVACIDAD, 0, "", "", "UTC", ""), (), "")


@dataclass(frozen=True)
class Victim:
    """A signed note of a patient, and another patient with notes."""

    patient_id: UUID
    note_id: UUID
    record_id: UUID
    other_id: UUID


Forgery = Callable[[Connection, random.Random, Victim], None]


def sign_notes(front: Session, secretary: Session, doctor: Session, patients: int) -> list[UUID]:
    """Patients with three signed entries each, the last with an addendum, as the program writes them."""
    made, day = [], clock.local_day(clock.now(), doctor.actor.at.zone)
    for number in range(patients):
        patient_id = followed(secretary, new_patient(front).patient_id, doctor)
        made.append(patient_id)
        for visit in range(3):
            order = adding.AddRecord(
                patient_id=patient_id,
                kind="control",
                title="Control",
                text=f"Paciente {number}, visita {visit}: «año» sin cambios.",
                diagnoses=(
                    rules.DiagnosisEntry("I10", "Hipertensión"),
                    rules.DiagnosisEntry("E11.9", "Diabetes"),
                ),
                attributes={"peso": "70", "nota": "sí"},
                plan=Plan(
                    (TreatmentEntry("Dieta", day), TreatmentEntry("Yeso", day, day + timedelta(days=20))),
                    (FollowUpEntry(day + timedelta(days=30), doctor.actor.person_id, "radiografía"),),
                ),
                **proven(doctor),
            )
            answer = doctor.desk().do(adding.add_record, order)
        assert answer.note_id is not None
        addendum = service.AddendNote(
            patient_id=patient_id, amends_id=answer.note_id, text="Agrego: alta.", **proven(doctor)
        )
        doctor.desk().do(service.addend_note, addendum)
    return made


# The verdict, both ways


def judged(connection: Connection) -> set[Finding]:
    """What the database finds over all patients of what this connection sees, page by page."""
    reader = Reader(connection, _NOBODY, clock.now())
    found: set[Finding] = set()
    page = verifying.verify_page.run(reader, verifying.PageQuery())
    while page.last is not None:
        found |= set(page.findings)
        page = verifying.verify_page.run(reader, verifying.PageQuery(page.last))
    return found


def judged_here(connection: Connection, patient_id: UUID) -> set[Finding]:
    """What the program finds by itself of one patient."""
    reader = Reader(connection, _NOBODY, clock.now())
    held, given = verifying.held_notes(reader, patient_id), verifying.given_over(reader, patient_id)
    told = [Told(*row) for row in connection.execute(_TOLD, {"patient": patient_id})]
    names = {number: role_of(name) for number, name in connection.execute(_LOGINS)}
    return set(verifying.judge_chart(held, given, told, names))


_TOLD: Final = text(
    "SELECT patient_id, split_part(subject, ' ', 1)::uuid, split_part(subject, ' ', 2), person, what"
    " FROM acts WHERE what IN ('note.signed', 'note.cosigned') AND patient_id = :patient"
)
_LOGINS: Final = text("SELECT person_id, username FROM logins")


@contextmanager
def forged(owner: Engine, forgery: Forgery, seed: int) -> Iterator[tuple[Connection, Victim]]:
    """A connection in which one note was forged; it is rolled back."""
    chance = random.Random(seed)
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT patient_id, id, record_id FROM notes WHERE amends_id IS NULL ORDER BY patient_id, id"
            )
        ).all()
        note = chance.choice(rows)
        other = chance.choice([row for row in rows if row.patient_id != note.patient_id])
        victim = Victim(note.patient_id, note.id, note.record_id, other.patient_id)
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("ALTER TABLE notes DROP CONSTRAINT notes_chain_uq"))
        for name in ("reason", "own"):
            connection.execute(text(f"ALTER TABLE cosignatures DROP CONSTRAINT cosignatures_{name}_ck"))
        connection.execute(text("DROP INDEX cosignatures_once_uq"))
        forgery(connection, chance, victim)
        yield connection, victim
        connection.rollback()


# The forgeries


def _run(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement), values)


_SOME_COSIGNATURE: Final = (
    "CAST(:id AS uuid) IS NOT NULL AND id = (SELECT max(c.id::text)::uuid FROM cosignatures c"
    " WHERE c.patient_id = :patient)"
)


def _edit(connection: Connection, victim: Victim, table: str, column: str, value: str) -> None:
    own = {"notes": "id = :id", "records": "id = :id", "cosignatures": _SOME_COSIGNATURE}
    where = own.get(table, "record_id = :id")
    row_id = victim.note_id if table == "notes" else victim.record_id
    _run(
        connection,
        f"UPDATE {table} SET {column} = {value} WHERE patient_id = :patient AND {where}",
        patient=victim.patient_id,
        id=row_id,
    )


def _edits(table: str, columns: dict[str, str]) -> Forgery:
    def edit(connection: Connection, chance: random.Random, victim: Victim) -> None:
        column = chance.choice(sorted(columns))
        _edit(connection, victim, table, column, columns[column])

    edit.__doc__ = f"Change one column of {table}."
    return edit


edit_note = _edits(
    "notes",
    {
        "text": "text || ' '",
        "author_id": "author_id + 1",
        "author_name": "'Otro, Doctor'",
        "author_license": "author_license || '1'",
        "login": "'u_otra'",
        "signed_at": "signed_at - interval '1 microsecond'",
        "supervised": "NOT supervised",
        "visit_id": "gen_random_uuid()",
        "prev_hash": "sha256('x')",
        "hash": "sha256('y')",
    },
)
edit_entry = _edits(
    "records",
    {
        "kind": "'urgencia'",
        "at": "at - interval '1 day'",
        "title": "'Urgencia'",
        "doctor_id": "doctor_id + 1",
        "attributes": 'attributes || \'{"peso": "71"}\'',
        "institution": "'Otra'",
        "written_at": "written_at + interval '1 second'",
        "late_reason": "'corte de luz'",
    },
)
edit_diagnosis = _edits(
    "diagnoses",
    {
        "code": "'F20'",
        "text": "text || '.'",
        "certainty": "'presuntivo'",
        "kind": "CASE kind WHEN 'principal' THEN 'relacionado' ELSE 'principal' END",
        "chronic": "NOT chronic",
        "onset": "onset - 1",
        "system": "'OTRO'",
    },
)


edit_treatment = _edits(
    "treatments", {"what": "what || '.'", "since": "since - 1", "until": "coalesce(until, since) + 1"}
)
edit_follow_up = _edits(
    "follow_ups", {"what": "what || '.'", "due_on": "due_on + 1", "doctor_id": "doctor_id + 1"}
)


def drop_diagnosis(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Take the diagnoses of an entry away."""
    _run(connection, "DELETE FROM diagnoses WHERE record_id = :id", id=victim.record_id)


def add_diagnosis(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """State one more after the signature."""
    _run(
        connection,
        "INSERT INTO diagnoses (patient_id, id, record_id, system, code, text, certainty, kind)"
        " VALUES (:patient, gen_random_uuid(), :id, 'CIE-10', 'F20', 'x', 'confirmado', 'relacionado')",
        patient=victim.patient_id,
        id=victim.record_id,
    )


def rechain(connection: Connection, patient_id: UUID) -> None:
    """Compute the hashes of a patient's notes anew, in the order of signing, as the program would."""
    order = text("SELECT id FROM notes WHERE patient_id = :patient ORDER BY signed_at, id")
    before = None
    for note_id in connection.execute(order, {"patient": patient_id}).scalars().all():
        values = {"patient": patient_id, "id": note_id}
        where = "WHERE patient_id = :patient AND id = :id"
        _run(connection, f"UPDATE notes SET prev_hash = :before {where}", before=before, **values)
        made = connection.execute(
            text(f"UPDATE notes SET hash = charts.note_hash(notes) {where} RETURNING hash"), values
        )
        before = made.scalar_one()


def _and_rechain(forgery: Forgery) -> Forgery:
    def both(connection: Connection, chance: random.Random, victim: Victim) -> None:
        forgery(connection, chance, victim)
        rechain(connection, victim.patient_id)

    both.__name__ = f"{forgery.__name__}_rechained"
    both.__doc__ = f"{forgery.__doc__} Then compute the chain anew."
    return both


def delete_note(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Take a note away."""
    _run(connection, "DELETE FROM notes WHERE id = :id", id=victim.note_id)


def delete_end(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Take the last notes away, one or more."""
    _run(
        connection,
        "DELETE FROM notes WHERE id IN (SELECT id FROM notes WHERE patient_id = :patient"
        " ORDER BY signed_at DESC, id DESC LIMIT :many)",
        patient=victim.patient_id,
        many=chance.randint(1, 3),
    )


def delete_all(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Take a whole chain away, and all that hung on it."""
    for table in ("notes", "diagnoses", "treatments", "follow_ups", "records"):
        _run(connection, f"DELETE FROM {table} WHERE patient_id = :patient", patient=victim.patient_id)


def insert_note(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Write a note in its author's name that they never signed, right in every hash."""
    at = chance.choice(("signed_at + interval '1 hour'", "signed_at - interval '1 second'", "now()"))
    _run(
        connection,
        "INSERT INTO notes (patient_id, id, record_id, text, author_id, author_name, author_license, login,"
        f" signed_at, amends_id, prev_hash, hash) SELECT patient_id, :new, record_id, 'Falsa', author_id,"
        f" author_name, author_license, login, {at}, id, sha256('p'), sha256('h') FROM notes WHERE id = :id",
        new=new_id(),
        id=victim.note_id,
    )


def move_note(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Move a note with its entry to another patient."""
    for table, column in (("notes", "record_id"), ("diagnoses", "record_id"), ("records", "id")):
        _run(
            connection,
            f"UPDATE {table} SET patient_id = :other WHERE {column} = :id",
            other=victim.other_id,
            id=victim.record_id,
        )


def move_note_rechained(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """The same, and compute both chains anew."""
    move_note(connection, chance, victim)
    rechain(connection, victim.patient_id)
    rechain(connection, victim.other_id)


def swap_notes(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Let two patients' notes change their texts."""
    _run(
        connection,
        "UPDATE notes n SET text = o.text FROM notes o WHERE n.id <> o.id"
        " AND n.id IN (:id, (SELECT min(id::text)::uuid FROM notes WHERE patient_id = :other))"
        " AND o.id IN (:id, (SELECT min(id::text)::uuid FROM notes WHERE patient_id = :other))",
        id=victim.note_id,
        other=victim.other_id,
    )


edit_cosignature = _edits(
    "cosignatures",
    {
        "reason": "coalesce(reason, '') || 'x'",
        "verdict": "CASE verdict WHEN 'devuelta' THEN 'cofirmada' ELSE 'devuelta' END",
        "person_id": "author_id",
        "person_name": "'Otra'",
        "login": "'u_otra'",
        "at": "at - interval '1 day'",
        "note_hash": "sha256('x')",
        "hash": "sha256('y')",
    },
)


def drop_cosignature(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Take a patient's co-signatures away."""
    _run(connection, "DELETE FROM cosignatures WHERE patient_id = :patient", patient=victim.patient_id)


def insert_cosignature(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Co-sign a note in a supervisor's name who never did, right in its hash."""
    _run(
        connection,
        "INSERT INTO cosignatures (patient_id, id, record_id, note_id, note_hash, author_id, verdict,"
        " person_id, person_name, person_license, login, at, hash)"
        " SELECT n.patient_id, gen_random_uuid(), n.record_id, n.id, n.hash, n.author_id, 'cofirmada',"
        " l.person_id, 'Vidal', 'MP', 'u_dvidal', now(), n.hash"
        " FROM notes n, logins l WHERE n.patient_id = :patient AND l.username = 'dvidal' AND NOT EXISTS"
        " (SELECT FROM cosignatures c WHERE c.note_id = n.id) LIMIT 1",
        patient=victim.patient_id,
    )
    _run(connection, "UPDATE cosignatures c SET hash = charts.cosign_hash(c) WHERE note_hash = hash")


FORGERIES: Final[dict[str, Forgery]] = {
    "edit_note": edit_note,
    "edit_entry": edit_entry,
    "edit_diagnosis": edit_diagnosis,
    "edit_treatment": edit_treatment,
    "edit_follow_up": edit_follow_up,
    "edit_cosignature": edit_cosignature,
    "edit_entry_rechained": _and_rechain(edit_entry),
    "edit_diagnosis_rechained": _and_rechain(edit_diagnosis),
    **{
        each.__name__: each
        for each in (
            *(drop_diagnosis, _and_rechain(drop_diagnosis), add_diagnosis, _and_rechain(add_diagnosis)),
            *(delete_note, _and_rechain(delete_note), delete_end, delete_all),
            *(drop_cosignature, insert_cosignature),
            *(insert_note, _and_rechain(insert_note), move_note, move_note_rechained, swap_notes),
        )
    },
}


def edit_note_rechained(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Change what a note says, who wrote it or when, and compute the chain anew."""
    columns = {"text": "text || ' '", "author_name": "'Otro'", "signed_at": "signed_at + interval '1 second'"}
    column = chance.choice(sorted(columns))
    _edit(connection, victim, "notes", column, columns[column])
    rechain(connection, victim.patient_id)


FORGERIES["edit_note_rechained"] = edit_note_rechained


def supervised(network: Network, username: str, days: int = 30) -> None:
    """Somebody a resident from now on, as administration says it."""
    admin = network.log_in("admin")
    try:
        until = clock.now() + timedelta(days=days)
        admin.desk().do(administration.supervise, administration.Supervise(username=username, until=until))
    finally:
        admin.close()


def patients_of(network: Network, patients: int) -> list[UUID]:
    """`sign_notes` by a resident; what she signed last of each was given back, and then co-signed."""
    supervised(network, "lpaz")
    sessions = front, secretary, doctor = [network.log_in(name) for name in ("msosa", "secre", "lpaz")]
    sessions.append(supervisor := network.log_in("dvidal"))
    try:
        made = sign_notes(front, secretary, doctor, patients)
        newest: dict[UUID, UUID] = {}
        for row in supervisor.desk().see(cosigning.to_cosign, cosigning.ToCosign()):
            newest[row.patient_id] = row.note_id
        for patient_id, note_id in newest.items():
            order = cosigning.Cosign(patient_id=patient_id, note_id=note_id)
            for reason in ("Falta el plan de control", None):
                supervisor.desk().do(cosigning.cosign, replace(order, reason=reason, **proven(supervisor)))
        return made
    finally:
        for session in sessions:
            session.close()
