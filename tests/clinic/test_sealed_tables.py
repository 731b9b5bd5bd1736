"""Whatever hangs on a sealed patient is hidden with them in raw SQL too, or has its reason here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Row, text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic import everything  # noqa: F401  (declares every table)
from clinicdesk.clinic.patients import service
from clinicdesk.clinic.patients.additions import AddParticular, add_particular
from clinicdesk.clinic.patients.particulars import Coverage
from clinicdesk.clinic.tables import TableClass, metadata
from tests.clinic.test_merging import merged
from tests.factories import Network, followed, new_patient

LogIn = Callable[..., Session]

# Part of a policy's condition that hides the rows of a sealed patient from whom they do not concern: the
# patient's own policy, the lease on the chart, the entry that came with one, one's own draft.
HIDES: Final = ("may_see_sealed", "FROM patients p", "leased()", "moved_in()", "author = SESSION_USER")
_TURN: Final = "takes a place that others must see taken; who it is stands in `patients` alone"
# Tables whose rows everybody who may read the table reads, sealed or not.
OPEN: Final = {
    "allergies": "a safety fact, read by carers alone, before any chart is opened",
    "care_relations": "who cares for whom is what decides who sees a sealed patient",
    "visits": "when, where and with whom, as its turn says; what was found stands in records and notes",
    "misfiled": "of what is read without a lease, turns alone: " + _TURN,
    **dict.fromkeys(
        (
            *("turns", "turn_events", "turn_moves", "turn_notices", "turn_reassigned", "admissions"),
            *("transfers", "triage_events", "waitlist", "unmet_demand"),
        ),
        _TURN,
    ),
}
BY_PATIENT: Final = tuple(
    table.name for table in metadata.sorted_tables if table.info["class"] is TableClass.BY_PATIENT
)


@pytest.fixture(scope="module")
def policies(network: Network) -> dict[str, list[str]]:
    """The conditions of each table's policies on reading; of one without row security, none."""
    rows = text(
        "SELECT c.relname AS name, pg_get_expr(p.polqual, p.polrelid) AS condition FROM pg_class c"
        " LEFT JOIN pg_policy p ON p.polrelid = c.oid AND p.polcmd IN ('r', '*') AND p.polpermissive"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relrowsecurity"
    )
    found: dict[str, list[str]] = {}
    with network.owner.connect() as owner:
        for row in owner.execute(rows):
            found.setdefault(row.name, []).extend(filter(None, [row.condition]))
    return found


def hides(condition: str) -> bool:
    """Whether a policy's condition leaves sealed patients out."""
    return any(part in condition for part in HIDES)


@pytest.mark.parametrize("table", sorted(set(BY_PATIENT) - set(OPEN)))
def test_a_table_hides_what_is_of_sealed_patients(policies: dict[str, list[str]], table: str) -> None:
    assert policies.get(table), "no row security: a policy, or a reason in OPEN"
    assert [each for each in policies[table] if not hides(each)] == []


def test_no_reason_is_left_over(policies: dict[str, list[str]]) -> None:
    assert set(OPEN) <= set(BY_PATIENT)
    hidden = [name for name in OPEN if policies.get(name) and all(map(hides, policies[name]))]
    assert hidden == []


@pytest.fixture(scope="module")
def hers(network: Network) -> Iterator[UUID]:
    """Somebody with a coverage, an allergy and a merged chart, sealed since."""
    clerk, secre, officer, carer = (network.log_in(name) for name in ("msosa", "secre", "priva", "lpaz"))
    kept, gone = new_patient(clerk).patient_id, new_patient(clerk).patient_id
    add = AddParticular(patient_id=gone, fact=Coverage("OSDE", "310", "61-1"))
    clerk.desk().do(add_particular, add)
    with network.owner.begin() as owner:
        told = "INSERT INTO allergies (patient_id, id, substance) VALUES (:p, gen_random_uuid(), 'polen')"
        owner.execute(text(told), {"p": gone})
    merged(secre, kept, gone)
    followed(secre, kept, carer)
    officer.desk().do(service.seal_patient, service.SealPatient(patient_id=kept, sealed=True))
    yield gone
    for session in (clerk, secre, officer, carer):
        session.close()


READ: Final = (
    "SELECT count(*) FROM coverages WHERE patient_id = :p",
    "SELECT count(*) FROM patient_merges WHERE patient_id = :p",
)
WRITE: Final = (
    "UPDATE coverages SET until = current_date WHERE patient_id = :p",
    "SELECT close_allergy(:p, (SELECT id FROM allergies WHERE patient_id = :p), current_date)::integer",
)


def tried(session: Session, statement: str, patient_id: UUID) -> Any:
    """Rows counted or changed, and nothing of it stays."""
    with session.engine.connect() as connection:
        done = connection.execute(text(statement), {"p": patient_id})
        row: Row[Any] | None = done.first() if done.returns_rows else None
        return row[0] if row is not None else done.rowcount


@pytest.mark.parametrize("statement", READ)
@pytest.mark.parametrize(
    ("username", "count"),
    [("msosa", 0), ("secre", 0), ("jibarra", 0), ("enfe", 0), ("gestion", 0), ("lpaz", 1), ("priva", 1)],
)
def test_who_cares_reads_it_and_nobody_else(
    hers: UUID, log_in: LogIn, statement: str, username: str, count: int
) -> None:
    assert tried(log_in(username), statement, hers) == count


@pytest.mark.parametrize("statement", WRITE)
@pytest.mark.parametrize(("username", "count"), [("jibarra", 0), ("lpaz", 1)])
def test_who_cares_ends_it_and_nobody_else(
    hers: UUID, log_in: LogIn, statement: str, username: str, count: int
) -> None:
    assert tried(log_in(username), statement, hers) == count
