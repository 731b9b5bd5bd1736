"""What was signed, by every role, table and statement: refused by raw SQL, each beside a rightful twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import queries
from tests.clinic import victims
from tests.factories import STAFF, Network
from tests.forging import patients_of

LogIn = Callable[..., Session]
DENIED: Final = "42501"
AUTHOR: Final = "lpaz"
CHARTS: Final = ("lpaz", "dvidal")
"""Who wrote and who co-signed: both hold a lease, and read every row that they may not change."""

SIGNED: Final = ("notes", "records", "diagnoses", "treatments", "follow_ups", "cosignatures")
STATEMENTS: Final = {
    "update": "UPDATE {table} SET {column} = {column} WHERE {mine}",
    "update all": "UPDATE {table} SET {column} = {column}",
    "delete": "DELETE FROM {table} WHERE {mine}",
    "delete all": "DELETE FROM ONLY {table}",
    "truncate": "TRUNCATE {table} CASCADE",
    "merge": "MERGE INTO {table} t USING {table} s ON t.id = s.id AND {mine_t} WHEN MATCHED THEN DELETE",
    "upsert": (
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE {mine}"
        " ON CONFLICT ON CONSTRAINT {table}_pk DO UPDATE SET {column} = excluded.{column}"
    ),
    "lock": "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE",
    "rules": "CREATE RULE r AS ON SELECT TO {table} DO INSTEAD NOTHING",
    "policy": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "drop": "DROP TABLE {table} CASCADE",
}
# A column of each that every statement would rewrite, and those that may be written when a row is made.
COLUMN: Final = {
    "notes": "text",
    "records": "title",
    "diagnoses": "text",
    "treatments": "what",
    "follow_ups": "what",
    "cosignatures": "reason",
}


@dataclass(frozen=True, slots=True)
class Stand:
    """A chart with signed, amended, given back and co-signed notes."""

    patient_id: UUID
    columns: dict[str, str]

    def filled(self, statement: str, table: str) -> str:
        """A statement against a table of this chart."""
        mine = f"patient_id = '{self.patient_id}'"
        return statement.format(
            table=table,
            column=COLUMN[table],
            columns=self.columns[table],
            mine=mine,
            mine_t=f"t.{mine}",
        )


@pytest.fixture(scope="module")
def log_in(network: Network) -> Iterator[LogIn]:
    """Each person logs in once."""
    open_ones: dict[str, Session] = {}

    def enter(username: str) -> Session:
        return open_ones.get(username) or open_ones.setdefault(username, network.log_in(username))

    yield enter
    for session in open_ones.values():
        session.close()


@pytest.fixture(scope="module")
def stand(network: Network, log_in: LogIn) -> Stand:
    """The chart, open to whom it may be."""
    (patient_id,) = patients_of(network, 1)
    for username in CHARTS:
        log_in(username).desk().see(queries.open_chart, queries.ChartQuery(patient_id))
    named = text(
        "SELECT c.table_name, string_agg(quote_ident(c.column_name), ', ') AS columns"
        " FROM information_schema.columns c WHERE c.table_schema = 'public' AND c.table_name = ANY (:tables)"
        " AND has_column_privilege('k_medico', 'public.' || c.table_name, c.column_name, 'INSERT') GROUP BY 1"
    )
    with network.owner.connect() as owner:
        rows = owner.execute(named, {"tables": list(SIGNED)})
        return Stand(patient_id, {row.table_name: row.columns for row in rows})


def held(network: Network) -> dict[str, list[str]]:
    """Every row of what was signed."""
    with network.owner.connect() as owner:
        return {
            table: sorted(owner.execute(text(f"SELECT t::text FROM {table} t")).scalars()) for table in SIGNED
        }


@pytest.mark.parametrize("username", [each[0] for each in STAFF])
def test_no_role_changes_what_was_signed_by_any_statement(
    network: Network, log_in: LogIn, stand: Stand, username: str
) -> None:
    before, session = held(network), log_in(username)
    done = {
        (table, name): victims.asked(session, stand.filled(statement, table))
        for table in SIGNED
        for name, statement in STATEMENTS.items()
    }
    assert {key: said for key, said in done.items() if said != DENIED} == {}
    assert held(network) == before


@pytest.mark.parametrize("table", SIGNED)
def test_who_has_the_chart_reads_each_of_those_rows(log_in: LogIn, stand: Stand, table: str) -> None:
    count = f"SELECT count(*) FROM {table} WHERE patient_id = '{stand.patient_id}'"
    for username in CHARTS:
        said = victims.asked(log_in(username), count)
        assert isinstance(said, int), username
        assert said > 0, username


@pytest.mark.parametrize("table", SIGNED)
def test_the_same_statements_do_what_they_say_where_they_may(
    network: Network, stand: Stand, table: str
) -> None:
    """The owner's twin: not the statement is wrong, the right is missing."""
    with network.owner.connect() as owner:
        owner.execute(text("SET LOCAL session_replication_role = replica"))
        for name, statement in STATEMENTS.items():
            if name in {"rules"}:  # a view of a table with rows is refused to anybody
                continue
            inner = owner.begin_nested()
            owner.execute(text(stand.filled(statement, table)))
            inner.rollback()


FORGED: Final = {
    "notes": (
        "INSERT INTO notes (patient_id, id, record_id, amends_id, text, author_id, author_name,"
        " author_license, supervised, signed_at, prev_hash, hash)"
        " SELECT patient_id, gen_random_uuid(), record_id, id, 'Falsa',"
        " {who}, 'x', 'x', charts.is_supervised(), now(), sha256('a'), sha256('b') FROM notes"
        " WHERE amends_id IS NULL AND patient_id = '{patient}' LIMIT 1"
    ),
    "records": (
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id)"
        " SELECT patient_id, gen_random_uuid(), kind, at, clinic_id, {who} FROM records"
        " WHERE patient_id = '{patient}' LIMIT 1"
    ),
}


@pytest.mark.parametrize("table", sorted(FORGED))
@pytest.mark.parametrize("username", [each[0] for each in STAFF])
def test_nobody_writes_a_row_in_anothers_name(
    network: Network, log_in: LogIn, stand: Stand, username: str, table: str
) -> None:
    other = "dvidal" if username != "dvidal" else "lpaz"
    forged = FORGED[table].format(who=network.person_ids[other], patient=stand.patient_id)
    assert victims.asked(log_in(username), forged) in {DENIED, 0}  # 0: the chart is closed to them
    if username in CHARTS:
        own = FORGED[table].format(who=network.person_ids[username], patient=stand.patient_id)
        assert victims.asked(log_in(username), own) == 1


ADDED: Final = {
    "diagnoses": (
        "INSERT INTO diagnoses (patient_id, id, record_id, system, code, text, certainty, kind)"
        " SELECT patient_id, gen_random_uuid(), id, 'CIE-10', 'F20', 'x', 'confirmado', 'relacionado'"
    ),
    "treatments": (
        "INSERT INTO treatments (patient_id, id, record_id, what, since)"
        " SELECT patient_id, gen_random_uuid(), id, 'Dieta', current_date"
    ),
    "follow_ups": (
        "INSERT INTO follow_ups (patient_id, id, record_id, clinic_id, doctor_id, what, due_on)"
        " SELECT patient_id, gen_random_uuid(), id, clinic_id, doctor_id, 'Control', current_date + 30"
    ),
}


@pytest.mark.parametrize("table", sorted(ADDED))
def test_nothing_is_added_to_an_entry_that_is_signed(log_in: LogIn, stand: Stand, table: str) -> None:
    add, where = ADDED[table], f" FROM records WHERE patient_id = '{stand.patient_id}'"
    unsigned = FORGED["records"].format(who="charts.me()", patient=stand.patient_id)
    unsigned = unsigned.replace("gen_random_uuid(), kind,", "gen_random_uuid(), 'otro',")
    for username in CHARTS:
        assert victims.asked(log_in(username), add + where) == DENIED
        with victims.raw(log_in(username)) as raw:
            raw.execute(
                unsigned.replace("kind, at, clinic_id, charts", "'otro', at, clinic_id, charts").encode()
            )
            assert raw.execute((add + where + " AND kind = 'otro'").encode()).rowcount == 1
