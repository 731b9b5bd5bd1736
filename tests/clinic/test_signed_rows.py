"""What was signed, by every role, table and statement: refused by raw SQL, each beside a rightful twin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.attachments import service as files
from clinicdesk.clinic.letters import service as letters
from clinicdesk.clinic.letters.rules import Said
from clinicdesk.clinic.records import adding, planning, queries
from tests.clinic import victims
from tests.factories import STAFF, Network, proven
from tests.forging import patients_of

LogIn = Callable[..., Session]
DENIED: Final = "42501"
AUTHOR: Final = "lpaz"
UNSIGNED: Final = "imagen"
"""The kind of an entry that nobody has signed."""

CHARTS: Final = ("lpaz", "dvidal")
"""Who wrote and who co-signed: both hold a lease, and read every row that they may not change."""

# A column of each that every statement would rewrite: entries, what hangs on them, files and letters.
COLUMN: Final = {
    "notes": "text",
    "records": "title",
    "diagnoses": "text",
    "treatments": "what",
    "treatment_ends": "why",
    "follow_ups": "what",
    "cosignatures": "reason",
    "attachments": "name",
    "attachment_bodies": "body",
    "attachment_voids": "reason",
    "letters": "text",
    "letter_voids": "reason",
}
SIGNED: Final = tuple(COLUMN)
UNREAD: Final = ("attachment_bodies",)
"""Granted to nobody: a function hands the bytes out."""

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
    "rules": "CREATE RULE r AS ON UPDATE TO {table} DO INSTEAD NOTHING",
    "policy": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "drop": "DROP TABLE {table} CASCADE",
}
# What shows that a statement did what it says: so many rows changed, or a truth since.
ROWS: Final = {
    "update": "mine",
    "update all": "all",
    "delete": "mine",
    "delete all": "all",
    "merge": "mine",
    "upsert": "mine",
}
SINCE: Final = {
    "truncate": "SELECT count(*) = 0 FROM {table}",
    "lock": (
        "SELECT count(*) = 1 FROM pg_locks WHERE pid = pg_backend_pid() AND granted"
        " AND relation = '{table}'::regclass AND mode = 'AccessExclusiveLock'"
    ),
    "rules": "SELECT count(*) = 1 FROM pg_rules WHERE tablename = '{table}'",
    "policy": "SELECT NOT relrowsecurity FROM pg_class WHERE oid = '{table}'::regclass",
    "drop": "SELECT to_regclass('public.{table}') IS NULL",
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
    """The chart, open to whom it may be, with files and letters, one of each taken back."""
    (patient_id,) = patients_of(network, 1)
    for username in CHARTS:
        log_in(username).desk().see(queries.open_chart, queries.ChartQuery(patient_id))
    hung(network, log_in(AUTHOR), patient_id)
    # Those that a doctor may write; of a table that none may, all.
    named = text(
        "SELECT table_name, string_agg(quote_ident(column_name), ', ') FILTER (WHERE own OR none) AS columns"
        " FROM (SELECT *, NOT bool_or(own) OVER (PARTITION BY table_name) AS none FROM ("
        "  SELECT table_name, column_name,"
        "   has_column_privilege('k_medico', 'public.' || table_name, column_name, 'INSERT') AS own"
        "  FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY (:tables)) a) b"
        " GROUP BY 1"
    )
    with network.owner.connect() as owner:
        rows = owner.execute(named, {"tables": list(SIGNED)})
        return Stand(patient_id, {row.table_name: row.columns for row in rows})


def hung(network: Network, doctor: Session, patient_id: UUID) -> None:
    """Two files and two letters, one of each taken back; a treatment that ended; an unsigned entry."""
    desk = doctor.desk()
    mine: dict[str, Any] = {"patient_id": patient_id}
    desk.do(adding.add_record, adding.AddRecord(**mine, kind=UNSIGNED))
    for number in range(2):
        file = desk.do(files.attach, files.Attach.of(b"informe %d" % number, **mine, name="informe.txt"))
        issue = letters.IssueLetter(**mine, kind="certificado", said=Said(days=2), **proven(doctor))
        letter = desk.do(letters.issue_letter, issue)
    why = "Era de otra persona"
    desk.do(files.void, files.VoidAttachment(**mine, attachment_id=file.id, reason=why))
    desk.do(letters.void_letter, letters.VoidLetter(**mine, letter_id=letter.id, reason=why))
    with network.owner.connect() as owner:
        named = text("SELECT id FROM treatments WHERE patient_id = :patient_id LIMIT 1")
        treatment = owner.execute(named, mine).scalar_one()
    desk.do(planning.end_treatment, planning.EndTreatment(**mine, treatment_id=treatment, why=why))


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


@pytest.mark.parametrize("table", [each for each in SIGNED if each not in UNREAD])
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
    assert ROWS.keys() | SINCE.keys() == STATEMENTS.keys()
    count = f"SELECT count(*) FROM {table}"
    with network.owner.connect() as owner:
        owner.execute(text("SET LOCAL session_replication_role = replica"))
        there = {
            "all": owner.execute(text(count)).scalar_one(),
            "mine": owner.execute(text(f"{count} WHERE patient_id = '{stand.patient_id}'")).scalar_one(),
        }
        assert there["all"] >= there["mine"] > 0
        for name, statement in STATEMENTS.items():
            inner = owner.begin_nested()
            done = owner.execute(text(stand.filled(statement, table)))
            if name in ROWS:
                assert done.rowcount == there[ROWS[name]], name
            else:
                assert owner.execute(text(SINCE[name].format(table=table))).scalar_one() is True, name
            inner.rollback()


# A row in the name of {who}, that says it is of {named}; what hangs on a signed entry, a file or a letter.
FORGED: Final = {
    "notes": (
        "INSERT INTO notes (patient_id, id, record_id, amends_id, text, author_id, author_name,"
        " author_license, supervised, signed_at, prev_hash, hash)"
        " SELECT patient_id, gen_random_uuid(), record_id, n.id, 'Falsa', {who}, p.family || ', ' || p.given,"
        " p.license, charts.is_supervised(), now(), sha256('a'), sha256('b') FROM notes n, people p"
        " WHERE p.id = {named} AND amends_id IS NULL AND patient_id = '{patient}' LIMIT 1"
    ),
    "records": (
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id)"
        " SELECT patient_id, gen_random_uuid(), kind, at, clinic_id, {who} FROM records"
        " WHERE patient_id = '{patient}' LIMIT 1"
    ),
    "treatment_ends": (
        "INSERT INTO treatment_ends (patient_id, id, treatment_id, day, why, person_id, at)"
        " SELECT patient_id, gen_random_uuid(), id, current_date, 'Falso', {who}, now() FROM treatments t"
        " WHERE patient_id = '{patient}' AND NOT EXISTS"
        " (SELECT FROM treatment_ends e WHERE e.treatment_id = t.id) LIMIT 1"
    ),
    "attachment_voids": (
        "INSERT INTO attachment_voids (patient_id, id, attachment_id, reason, person_id, at)"
        " SELECT patient_id, gen_random_uuid(), id, 'Falso', {who}, now() FROM attachments a"
        " WHERE patient_id = '{patient}' AND NOT EXISTS"
        " (SELECT FROM attachment_voids v WHERE v.attachment_id = a.id) LIMIT 1"
    ),
    "letters": (
        "INSERT INTO letters (patient_id, id, number, kind, clinic_id, author_id, author_name,"
        " author_license, patient_name, patient_document, clinic_name, issued_at, text, hash)"
        " SELECT patient_id, gen_random_uuid(), number + 1000, kind, clinic_id, {who},"
        " p.family || ', ' || p.given, p.license, patient_name, patient_document, clinic_name, now(),"
        " 'Falsa', hash"
        " FROM letters, people p WHERE p.id = {named} AND patient_id = '{patient}' LIMIT 1"
    ),
    "letter_voids": (
        "INSERT INTO letter_voids (patient_id, id, letter_id, reason, person_id, at)"
        " SELECT patient_id, gen_random_uuid(), id, 'Falsa', {who}, now() FROM letters l"
        " WHERE patient_id = '{patient}' AND NOT EXISTS"
        " (SELECT FROM letter_voids v WHERE v.letter_id = l.id) LIMIT 1"
    ),
}
MAY: Final = {"letter_voids": (AUTHOR,)}
"""Who may write such a row in their own name, where not both who have the chart."""


@pytest.mark.parametrize("table", sorted(FORGED))
@pytest.mark.parametrize("username", [each[0] for each in STAFF])
def test_nobody_writes_a_row_in_anothers_name(
    network: Network, log_in: LogIn, stand: Stand, username: str, table: str
) -> None:
    session, own = log_in(username), network.person_ids[username]
    other = network.person_ids["dvidal" if username != "dvidal" else "lpaz"]

    def written(who: int, named: int) -> int | str:
        return victims.asked(session, FORGED[table].format(who=who, named=named, patient=stand.patient_id))

    closed = {DENIED} if username in CHARTS else {DENIED, 0}  # 0: nothing of the chart is seen
    assert written(other, other) in closed
    if "{named}" in FORGED[table]:
        assert written(own, other) in closed
        assert written(other, own) in closed
    assert written(own, own) in ({1} if username in MAY.get(table, CHARTS) else closed)


def test_a_letter_is_of_a_clinic_where_its_author_works(
    network: Network, log_in: LogIn, stand: Stand
) -> None:
    letter = FORGED["letters"].replace("clinic_id, {who}", "{clinic}, {who}")
    me = network.person_ids[AUTHOR]
    said = [
        victims.asked(
            log_in(AUTHOR), letter.format(who=me, named=me, patient=stand.patient_id, clinic=clinic)
        )
        for clinic in network.clinic_ids
    ]
    assert said == [1, DENIED]


FIRST: Final = (
    "INSERT INTO notes (patient_id, id, record_id, amends_id, text, author_id, author_name,"
    " author_license, supervised, signed_at, prev_hash, hash)"
    " SELECT r.patient_id, gen_random_uuid(), r.id, {amends}, 'Falsa', p.id, p.family || ', ' || p.given,"
    " p.license, charts.is_supervised(), now(), sha256('a'), sha256('b') FROM records r, people p"
    " WHERE p.id = charts.me() AND r.patient_id = '{patient}' AND r.kind = '{kind}' ORDER BY r.id LIMIT 1"
)


def test_an_entry_is_signed_once_by_whose_it_is_and_amended_in_its_place(log_in: LogIn, stand: Stand) -> None:
    def signed(username: str, kind: str, amends: str = "NULL") -> int | str:
        statement = FIRST.format(patient=stand.patient_id, kind=kind, amends=amends)
        return victims.asked(log_in(username), statement)

    of_entry = "(SELECT min(n.id::text)::uuid FROM notes n WHERE n.record_id {is_it} r.id)"
    assert signed(AUTHOR, UNSIGNED) == 1
    assert signed("dvidal", UNSIGNED) == DENIED
    assert signed(AUTHOR, "control") == DENIED
    assert signed("dvidal", "control", of_entry.format(is_it="=")) == 1
    assert signed("dvidal", "control", of_entry.format(is_it="<>")) == DENIED


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
    add = ADDED[table]
    signed = f" FROM records WHERE patient_id = '{stand.patient_id}' AND kind = 'control'"
    unsigned = (
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id) SELECT patient_id,"
        f" gen_random_uuid(), 'otro', at, clinic_id, charts.me(){signed} LIMIT 1"
    )
    for username in CHARTS:
        assert victims.asked(log_in(username), add + signed) == DENIED
        with victims.raw(log_in(username)) as raw:
            raw.execute(unsigned.encode())
            assert raw.execute((add + signed.replace("control", "otro")).encode()).rowcount == 1
