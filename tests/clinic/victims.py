"""A thousand patients with something in every table, in one doctor's care, for attacks to aim at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from psycopg import sql
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from tests.factories import Network

COUNT: Final = 1000
CARER: Final = "lpaz"
"""The doctor in whose care they are, who holds a lease on each chart and an unsigned draft about each."""

CLINICAL: Final = (
    *("records", "notes", "diagnoses", "vitals"),
    *("prescriptions", "prescription_items", "results", "observations"),
)
"""Read under a lease."""
REGISTRY: Final = (
    *("phones", "contacts", "consents", "authorisations", "former_documents"),
    *("patient_edits", "patient_merges", "distinct_people", "likely_duplicates"),
)
"""What is known of a person besides their row: read by whom the person's row is seen."""

# Ids are made of the row's number: what is tried is an attacker who knows them all.


def row_id(kind: int) -> str:
    """In SQL: the id of a victim's row of one kind; `n` is the victim's number."""
    return f"CAST(format('{kind:08}-0000-7000-8000-%s', lpad(n::text, 12, '0')) AS uuid)"


P: Final = row_id(1)
_ROWS: Final = (
    f"""INSERT INTO patients (patient_id, chart_number, given, family, sex, birth, created_at)
        SELECT {P}, 500000 + n, 'Ana', 'Víctima ' || n, 'F', '1980-01-01', now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO patient_documents (document_key, patient_id, country, kind, number)
        SELECT 'AR:DNI:' || 80000000 + n, {P}, 'AR', 'DNI', 80000000 + n
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO coverages (patient_id, id, payer)
        SELECT {P}, {row_id(2)}, 'OSDE'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO allergies (patient_id, id, substance)
        SELECT {P}, {row_id(3)}, 'penicilina'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO visits (patient_id, id, clinic_id, doctor_id, kind, started_at)
        SELECT {P}, {row_id(4)}, :clinic, :doctor, 'consulta', now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO records (patient_id, id, visit_id, kind, at, clinic_id, doctor_id)
        SELECT {P}, {row_id(5)}, {row_id(4)}, 'consulta', now(), :clinic, :doctor
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO notes (patient_id, id, record_id, text, author_id, author_name, author_license, login,
          signed_at, hash)
        SELECT {P}, {row_id(6)}, {row_id(5)}, 'secreto ' || n, :doctor, 'Paz', 'MP', 'u_lpaz', now(),
          sha256(n::text::bytea)
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO diagnoses (patient_id, id, record_id, system, code, text, certainty, kind)
        SELECT {P}, {row_id(7)}, {row_id(5)}, 'CIE-10', 'I10', 'HTA', 'confirmado', 'principal'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO vitals (patient_id, id, at, system, code, name, value, unit)
        SELECT {P}, {row_id(8)}, now(), 'LOINC', '8480-6', 'PA', 120, 'mm[Hg]'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO prescriptions (patient_id, id, state, starts_at)
        SELECT {P}, {row_id(9)}, 'vigente', now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO prescription_items (patient_id, id, prescription_id, text)
        SELECT {P}, {row_id(10)}, {row_id(9)}, 'Enalapril'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO results (patient_id, id, at, title, category)
        SELECT {P}, {row_id(11)}, now(), 'Química', 'laboratorio'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO observations (patient_id, id, result_id, at, system, code, name, value_number)
        SELECT {P}, {row_id(12)}, {row_id(11)}, now(), 'LOINC', '2345-7', 'Glucosa', 90
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO note_drafts (patient_id, id, visit_id, author, text, version, saved_at)
        SELECT {P}, {row_id(13)}, {row_id(4)}, 'u_lpaz', 'sin firmar', 1, now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO acts (key, person, role, host, patient_id, what, purpose, outcome)
        SELECT {row_id(14)}, 'u_lpaz', 'medico', 'x', {P}, 'chart.open', 'TREAT', 'done'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO act_answers (key, order_hash, answer)
        SELECT {row_id(14)}, 'x', '{{}}'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO chart_leases (login, patient_id, purpose, opened_at, until)
        SELECT 'u_lpaz', {P}, 'TREAT', now(), now() + interval '1 day'
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO phones (patient_id, id, number, added_at)
        SELECT {P}, {row_id(15)}, '+5411444' || lpad(n::text, 5, '0'), now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO contacts (patient_id, id, relation, name, guardian, added_at)
        SELECT {P}, {row_id(16)}, 'madre', 'Eva Víctima', true, now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO consents (patient_id, id, purpose, granted, evidence, at, person_id)
        SELECT {P}, {row_id(17)}, 'datos', true, 'firmado', now(), :doctor
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO authorisations (patient_id, id, coverage_id, procedure_id, number, added_at)
        SELECT {P}, {row_id(18)}, {row_id(2)}, (SELECT min(id) FROM procedures), 'A-' || n, now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO former_documents (patient_id, id, country, kind, number, reason, at, person_id)
        SELECT {P}, {row_id(19)}, 'AR', 'DNI', 70000000 + n, 'era de otra', now(), :doctor
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO patient_edits (patient_id, version, field, after, person, act)
        SELECT {P}, 2, 'phone', '+541144440000', 'u_lpaz', {row_id(14)}
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO patient_merges (patient_id, id, seq, survivor_id, way, reason, survivor_before,
          retired_before, at, person_id, act)
        SELECT {P}, {row_id(20)}, 1, {row_id(21)}, 'merge', 'ficha duplicada', '{{}}', '{{}}', now(), :doctor,
          {row_id(14)}
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO misfiled (patient_id, id, way, kind, entry_id, other_id, other_entry, other_chart, reason,
          at, person_id, act)
        SELECT {P}, {row_id(22)}, 'out', 'record', {row_id(5)}, {row_id(21)}, {row_id(5)}, 1, 'error', now(),
          :doctor, {row_id(14)}
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO distinct_people (patient_id, other_id, person, at)
        SELECT {P}, {row_id(23)}, 'u_lpaz', now()
        FROM generate_series(1, :count) n""",
    f"""INSERT INTO likely_duplicates (patient_id, other_id, likeness, found_at)
        SELECT {P}, {row_id(24)}, 90, now()
        FROM generate_series(1, :count) n""",
    "ANALYZE",
)  # fmt: skip


def make(network: Network) -> None:
    """All of it, as the owner, in sets."""
    values = {"count": COUNT, "clinic": network.clinic_ids[0], "doctor": network.person_ids[CARER]}
    with network.owner.begin() as owner:
        for statement in _ROWS:
            owner.execute(text(statement), values if ":" in statement.replace("::", "") else {})


OF_VICTIMS: Final = f"patient_id IN (SELECT {P} FROM generate_series(1, {COUNT}) n)"
"""In SQL: a row of one of them."""


@contextmanager
def raw(session: Session) -> Iterator[psycopg.Connection[Any]]:
    """The person's own connection as psql would have it; what is done is undone."""
    with session.engine.connect() as connection:
        bare: Any = connection.connection.driver_connection
        try:
            yield bare
        finally:
            bare.rollback()


def asked(session: Session, statement: str, *values: Any) -> int | str:
    """The number in the first cell, or of rows changed; the SQLSTATE of a refusal."""
    with raw(session) as connection:
        try:
            done = connection.execute(sql.SQL(statement), values or None)
            row = done.fetchone() if done.description else None
        except psycopg.Error as error:
            return error.sqlstate or type(error).__name__
        return int(row[0]) if row else done.rowcount
