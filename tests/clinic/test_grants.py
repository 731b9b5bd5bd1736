"""What people may write by raw SQL is what their use cases write, column by column."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session

# (username, statement): each would change nothing, since the rights are looked at first.
DENIED = [
    ("msosa", "UPDATE patients SET chart_number = 7 WHERE false"),
    ("msosa", "UPDATE patients SET sealed = false WHERE false"),
    ("enfe", "UPDATE patients SET family = 'Otra' WHERE false"),
    ("priva", "UPDATE patients SET family = 'Otra' WHERE false"),
    ("enfe", "UPDATE patients SET deceased_on = '2020-01-01' WHERE false"),
    ("gestion", "UPDATE patients SET family = 'Otra' WHERE false"),
    ("msosa", "UPDATE patient_documents SET patient_id = gen_random_uuid() WHERE false"),
    ("msosa", "DELETE FROM patient_documents WHERE false"),
    ("msosa", "UPDATE consents SET granted = true WHERE false"),
    ("lpaz", "DELETE FROM consents WHERE false"),
    ("msosa", "UPDATE former_documents SET reason = 'x' WHERE false"),
    ("msosa", "UPDATE phones SET number = '+5491161234567' WHERE false"),
    ("msosa", "UPDATE contacts SET guardian = true WHERE false"),
    ("msosa", "UPDATE coverages SET payer = 'x' WHERE false"),
    ("msosa", "UPDATE authorisations SET number = 'x' WHERE false"),
    ("msosa", "UPDATE allergies SET until = current_date WHERE false"),
    ("lpaz", "UPDATE allergies SET until = current_date WHERE false"),
    ("enfe", "UPDATE fact_edits SET after = 'x' WHERE false"),
    ("msosa", "DELETE FROM fact_edits WHERE false"),
    ("msosa", "INSERT INTO fact_edits (person) SELECT 'u_lpaz' WHERE false"),
    ("enfe", "INSERT INTO phones SELECT * FROM phones WHERE false"),
    (
        "msosa",
        "INSERT INTO allergies (patient_id, id, substance) SELECT patient_id, patient_id, 'x' FROM patients",
    ),
    ("enfe", "UPDATE patients SET allergy_status = 'ninguna' WHERE false"),
    ("lpaz", "UPDATE visits SET doctor_id = 1 WHERE false"),
    ("enfe", "INSERT INTO bookings SELECT * FROM bookings WHERE false"),
    ("enfe", "INSERT INTO turns SELECT * FROM turns WHERE false"),
    ("gestion", "UPDATE turns SET triage = 1 WHERE false"),
    ("admin", "SELECT count(*) FROM patients"),
    ("msosa", "INSERT INTO acts (key, person) VALUES (gen_random_uuid(), 'u_admin')"),
    ("msosa", "INSERT INTO acts (key, at) VALUES (gen_random_uuid(), '2001-01-01')"),
    ("lpaz", "SELECT salt FROM logins"),
    ("lpaz", "SELECT * FROM patient_search"),
    ("lpaz", "SELECT * FROM act_answers"),
    ("lpaz", "CREATE TEMP TABLE mine (i int)"),
]
ALLOWED = [
    ("msosa", "UPDATE patients SET phone = '1' WHERE false"),
    ("msosa", "UPDATE patients SET family = 'Otra' WHERE false"),
    ("msosa", "UPDATE patients SET deceased_on = '2020-01-01' WHERE false"),
    ("msosa", "INSERT INTO consents SELECT * FROM consents WHERE false"),
    ("msosa", "UPDATE phones SET ended_at = now() WHERE false"),
    ("msosa", "UPDATE coverages SET until = current_date WHERE false"),
    ("enfe", "INSERT INTO turn_events SELECT * FROM turn_events WHERE false"),
]


@pytest.mark.parametrize(("username", "statement"), DENIED)
def test_denied(log_in: Callable[..., Session], username: str, statement: str) -> None:
    with (
        log_in(username).engine.connect() as connection,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        connection.execute(text(statement))


@pytest.mark.parametrize(("username", "statement"), ALLOWED)
def test_allowed(log_in: Callable[..., Session], username: str, statement: str) -> None:
    with log_in(username).engine.connect() as connection:
        assert connection.execute(text(statement)).rowcount == 0
