"""Each role by raw SQL with its own login, knowing a thousand foreign ids: nothing read, nothing changed.

Each attack has a twin: somebody with the right to it, who reaches the same thousand rows with the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from tests.clinic import victims
from tests.clinic.victims import CARER, CLINICAL, COUNT, OF_VICTIMS, REGISTRY, P, asked, row_id
from tests.factories import Network

LogIn = Callable[..., Session]
DENIED: Final = "42501"
NOTHING: Final = (0, DENIED)
STAFF: Final = {
    "admisionista": "msosa",
    "secretaria": "secre",
    "medico": "jibarra",
    "enfermeria": "enfe",
    "resultados": "copias",
    "gestion": "gestion",
    "administrador": "admin",
    "privacidad": "priva",
}


@pytest.fixture(scope="module", autouse=True)
def _victims(network: Network) -> None:
    victims.make(network)


@pytest.fixture(scope="module")
def log_in(network: Network) -> Iterator[LogIn]:
    """Each person logs in once for all attacks."""
    open_ones: dict[str, Session] = {}

    def enter(username: str) -> Session:
        return open_ones.get(username) or open_ones.setdefault(username, network.log_in(username))

    yield enter
    for session in open_ones.values():
        session.close()


@dataclass(frozen=True, slots=True)
class Attack:
    """What is tried, by whom it may not be done (roles), and whose right it is ("" where nobody's)."""

    name: str
    statement: str
    by: tuple[str, ...]
    twin: str


ALL: Final = tuple(STAFF)
NO_CARE: Final = tuple(role for role in STAFF if role != "medico")
NO_COUNTER: Final = ("enfermeria", "resultados", "gestion", "administrador", "privacidad")
"""Who registers nobody and corrects nothing."""
READS: Final = [
    *(
        Attack(f"read {table}", f"SELECT count(*) FROM {table} WHERE {OF_VICTIMS}", ALL, CARER)
        for table in CLINICAL
    ),
    Attack("read drafts", f"SELECT count(*) FROM note_drafts WHERE {OF_VICTIMS}", ALL, CARER),
    Attack(
        "read visits",
        f"SELECT count(*) FROM visits WHERE {OF_VICTIMS}",
        ("admisionista", "secretaria", "gestion", "administrador", "privacidad"),
        CARER,
    ),
    Attack(
        "read allergies",
        f"SELECT count(*) FROM allergies WHERE {OF_VICTIMS}",
        ("admisionista", "secretaria", "gestion", "administrador", "privacidad"),
        CARER,
    ),
    Attack("read patients", f"SELECT count(*) FROM patients WHERE {OF_VICTIMS}", ("administrador",), "msosa"),
    Attack(
        "read documents",
        f"SELECT count(*) FROM patient_documents WHERE {OF_VICTIMS}",
        ("administrador",),
        "msosa",
    ),
    Attack(
        "read coverages",
        f"SELECT count(*) FROM coverages WHERE {OF_VICTIMS}",
        ("administrador",),
        "msosa",
    ),
    *(
        Attack(
            f"read {table}", f"SELECT count(*) FROM {table} WHERE {OF_VICTIMS}", ("administrador",), "msosa"
        )
        for table in REGISTRY
    ),
    Attack("read misfiled", f"SELECT count(*) FROM misfiled WHERE {OF_VICTIMS}", ALL, CARER),
    Attack(
        "read acts",
        f"SELECT count(*) FROM acts WHERE {OF_VICTIMS}",
        tuple(role for role in STAFF if role != "privacidad"),
        "priva",
    ),
    Attack(
        "read answers to others",
        f"SELECT count(*) FROM generate_series(1, {COUNT}) n, public.act_answer({row_id(14)}) a",
        ALL,
        CARER,
    ),
]
CHANGES: Final = [
    Attack("rewrite drafts", f"UPDATE note_drafts SET text = 'x' WHERE {OF_VICTIMS}", ALL, CARER),
    Attack("drop drafts", f"DELETE FROM note_drafts WHERE {OF_VICTIMS}", ALL, CARER),
    Attack(
        "end visits",
        f"UPDATE visits SET ended_at = now() WHERE {OF_VICTIMS}",
        NO_CARE,
        CARER,
    ),
    Attack(
        "change contacts",
        f"UPDATE patients SET phone = 'x' WHERE {OF_VICTIMS}",
        NO_COUNTER,
        "msosa",
    ),
    *(
        Attack(f"end {table}", f"UPDATE {table} SET ended_at = now() WHERE {OF_VICTIMS}", NO_COUNTER, "msosa")
        for table in ("phones", "contacts")
    ),
    Attack(
        "add who answers for them",
        f"""INSERT INTO contacts (patient_id, id, relation, name, guardian, added_at)
            SELECT {P}, gen_random_uuid(), 'tutor', 'Ladrón', true, now()
            FROM generate_series(1, {COUNT}) n""",
        NO_COUNTER,
        "msosa",
    ),
    Attack(
        "consent for them",
        f"""INSERT INTO consents (patient_id, id, purpose, granted, evidence, at, person_id)
            SELECT {P}, gen_random_uuid(), 'datos', true, 'x', now(), charts.me()
            FROM generate_series(1, {COUNT}) n""",
        NO_COUNTER,
        "msosa",
    ),
    Attack(
        "take their documents away",
        f"UPDATE patient_documents SET valid = false WHERE {OF_VICTIMS}",
        NO_COUNTER,
        "msosa",
    ),
    Attack("doubt again", f"DELETE FROM distinct_people WHERE {OF_VICTIMS}", NO_COUNTER, "msosa"),
    Attack(
        "empty the work list",
        f"DELETE FROM likely_duplicates WHERE {OF_VICTIMS}",
        ("admisionista", "medico", "enfermeria", "resultados", "administrador", "privacidad"),
        "secre",
    ),
    Attack(
        "seal patients",
        f"UPDATE patients SET sealed = true WHERE {OF_VICTIMS}",
        tuple(role for role in STAFF if role != "privacidad"),
        "priva",
    ),
    Attack(
        "write into charts",
        f"""INSERT INTO vitals (patient_id, id, at, system, code, name, value, unit, person_id)
            SELECT {P}, gen_random_uuid(), now(), 'LOINC', '8480-6', 'PA', 1, 'x', charts.me()
            FROM generate_series(1, {COUNT}) n""",
        ALL,
        CARER,
    ),
    Attack(
        "diagnose",
        f"""INSERT INTO diagnoses (patient_id, id, visit_id, system, code, text, certainty, kind)
            SELECT {P}, gen_random_uuid(), {row_id(4)}, 'CIE-10', 'F20', 'x', 'presuntivo', 'principal'
            FROM generate_series(1, {COUNT}) n""",
        ALL,
        CARER,
    ),
]


def tried(attacks: list[Attack]) -> list[object]:
    """One case for each role that may not."""
    return [
        pytest.param(attack, STAFF[role], id=f"{attack.name}-{role}")
        for attack in attacks
        for role in attack.by
    ]


@pytest.mark.parametrize(("attack", "username"), tried(READS + CHANGES))
def test_no_foreign_row_is_read_or_changed(log_in: LogIn, attack: Attack, username: str) -> None:
    came = asked(log_in(username), attack.statement)
    assert came in NOTHING


@pytest.mark.parametrize("attack", READS + CHANGES, ids=lambda attack: attack.name)
def test_whose_right_it_is_reaches_the_thousand(log_in: LogIn, attack: Attack) -> None:
    assert asked(log_in(attack.twin), attack.statement) == COUNT


# Written once: nobody's right. The twin is the writing itself, which is above.
FOREVER: Final = (
    "notes",
    "records",
    "diagnoses",
    "vitals",
    "acts",
    "act_answers",
    "turn_events",
    "prescriptions",
    "consents",
    "authorisations",
    "former_documents",
    "patient_edits",
    "patient_merges",
    "misfiled",
)


@pytest.mark.parametrize("username", [*STAFF.values(), CARER])
@pytest.mark.parametrize("table", FOREVER)
def test_what_is_written_once_is_changed_by_nobody(
    log_in: LogIn, network: Network, table: str, username: str
) -> None:
    column = "key" if table.startswith("act") else "patient_id"
    session = log_in(username)
    for statement in (
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"DELETE FROM ONLY {table} WHERE {column} IS NOT NULL",
    ):
        assert asked(session, statement) == DENIED, statement
    with network.owner.connect() as owner:
        held = owner.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    assert held >= (COUNT if table != "turn_events" else 0)


NEVER_READ: Final = (
    "SELECT count(salt) FROM logins",
    "SELECT count(*) FROM gate_secret",
    "SELECT count(*) FROM gate_attempts",
    "SELECT count(*) FROM chart_leases",
    "SELECT count(*) FROM patient_search",
    "SELECT count(*) FROM act_answers",
    "SELECT count(rolpassword) FROM pg_authid",
    "SELECT count(passwd) FROM pg_shadow",
    "SELECT count(*) FROM pg_hba_file_rules",
    "SELECT count(*) FROM pg_file_settings",
    "SELECT count(*) FROM pg_largeobject",
    "SELECT count(*) FROM pg_statistic",
    "SELECT count(*) FROM pg_user_mapping",
)


@pytest.mark.parametrize("username", [*STAFF.values(), CARER])
def test_secrets_of_the_house_are_read_by_nobody(log_in: LogIn, username: str) -> None:
    session = log_in(username)
    assert {statement: asked(session, statement) for statement in NEVER_READ} == dict.fromkeys(
        NEVER_READ, DENIED
    )


def test_a_closed_login_reads_none_of_its_thousand(log_in: LogIn, network: Network) -> None:
    session = log_in(CARER)
    statement = READS[0].statement
    assert asked(session, statement) == COUNT
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE logins SET disabled_at = now() WHERE username = :who"), {"who": CARER})
    try:
        assert asked(session, statement) == 0
    finally:
        with network.owner.begin() as owner:
            owner.execute(text("UPDATE logins SET disabled_at = NULL WHERE username = :who"), {"who": CARER})
    assert asked(session, statement) == COUNT


def test_a_lease_that_ran_out_reads_nothing(log_in: LogIn, network: Network) -> None:
    change = text("UPDATE chart_leases SET until = until + CAST(:by AS interval) WHERE login = 'u_lpaz'")
    session = log_in(CARER)
    with network.owner.begin() as owner:
        owner.execute(change, {"by": "-1 day"})
    try:
        assert {asked(session, attack.statement) for attack in READS[: len(CLINICAL)]} == {0}
    finally:
        with network.owner.begin() as owner:
            owner.execute(change, {"by": "1 day"})
    assert asked(session, READS[0].statement) == COUNT


ENTER: Final = """
DO $$ DECLARE
  opened integer := 0;
BEGIN
  FOR n IN 1..{count} LOOP
    BEGIN
      PERFORM charts.enter(gen_random_uuid(), {patient}, 'TREAT', 'medico', 'x', 0);
      opened := opened + 1;
    EXCEPTION WHEN insufficient_privilege THEN NULL;
    END;
  END LOOP;
  IF opened > 0 THEN RAISE EXCEPTION 'opened %', opened USING ERRCODE = 'P0001'; END IF;
END $$"""


@pytest.mark.parametrize("role", ALL)
def test_knowing_an_id_opens_no_chart(log_in: LogIn, role: str) -> None:
    session = log_in(STAFF[role])
    assert asked(session, ENTER.format(count=COUNT, patient=P)) in {-1, DENIED}
    assert asked(session, "SELECT cardinality(charts.leased())") == 0


def test_whose_patients_they_are_opens_them(log_in: LogIn) -> None:
    assert asked(log_in(CARER), ENTER.format(count=COUNT, patient=P)) == "P0001"


# Sealed patients: a thousand, seen by whom they concern.


@pytest.fixture
def sealed(network: Network) -> Iterator[None]:
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE patients SET sealed = true"))
    yield
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE patients SET sealed = false"))


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("username", ["msosa", "secre", "jibarra", "enfe", "copias", "gestion", "sur"])
def test_sealed_patients_are_not_there_for_others(log_in: LogIn, username: str) -> None:
    session = log_in(username)
    assert asked(session, f"SELECT count(*) FROM patients WHERE {OF_VICTIMS}") == 0
    assert asked(session, f"UPDATE patients SET phone = 'x' WHERE {OF_VICTIMS}") in NOTHING


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("username", [CARER, "priva"])
def test_sealed_patients_are_there_for_whom_they_concern(log_in: LogIn, username: str) -> None:
    assert asked(log_in(username), f"SELECT count(*) FROM patients WHERE {OF_VICTIMS}") == COUNT


# Ways around a policy


LEAK: Final = f"SELECT count(*) FROM notes WHERE text::integer > 0 AND {OF_VICTIMS}"
DIVIDE: Final = f"SELECT count(*) FROM notes WHERE 1 / (length(text) - length(text)) = 1 AND {OF_VICTIMS}"


@pytest.mark.parametrize(("statement", "told"), [(LEAK, "22P02"), (DIVIDE, "22012")])
def test_an_error_tells_nothing_of_hidden_rows(log_in: LogIn, statement: str, told: str) -> None:
    assert asked(log_in("jibarra"), statement) == 0
    assert asked(log_in(CARER), statement) == told


def test_switching_row_security_off_shows_no_more(log_in: LogIn) -> None:
    off = f"SET LOCAL row_security = off; SELECT count(*) FROM notes WHERE {OF_VICTIMS}"
    assert asked(log_in("jibarra"), off) == DENIED
    assert asked(log_in(CARER), off) == DENIED


def test_statistics_show_nothing_of_charts(log_in: LogIn, network: Network) -> None:
    question = "SELECT count(*) FROM pg_stats WHERE tablename IN ('notes', 'patients', 'diagnoses')"
    with network.owner.connect() as owner:
        assert owner.execute(text(question)).scalar_one() > 0
    assert asked(log_in("jibarra"), question) == 0


def test_nobody_signs_in_anothers_name(log_in: LogIn, network: Network) -> None:
    sign = f"""
      INSERT INTO notes (patient_id, id, record_id, amends_id, text, author_id, author_name, author_license,
        signed_at, prev_hash, hash)
      SELECT {P}, gen_random_uuid(), {row_id(5)}, {row_id(6)}, 'x', {{author}}, p.family || ', ' || p.given,
        p.license, now(), sha256(n::text::bytea), sha256(n::text::bytea)
      FROM generate_series(1, {COUNT}) n, people p WHERE p.id = charts.me()"""
    session = log_in(CARER)
    assert asked(session, sign.format(author=network.person_ids["jibarra"])) == DENIED
    with_login = sign.replace("signed_at,", "signed_at, login,").replace("now(),", "now(), 'u_jibarra',")
    assert asked(session, with_login.format(author=network.person_ids[CARER])) == DENIED
    assert asked(session, sign.format(author=network.person_ids[CARER])) == COUNT


def test_nobody_writes_acts_in_anothers_name_or_time(log_in: LogIn) -> None:
    act = """INSERT INTO acts (key, role, host, what, purpose, outcome{columns})
             SELECT gen_random_uuid(), 'x', 'x', 'turn.day', 'OPER', 'done'{values}
             FROM generate_series(1, 1000)"""
    session = log_in("msosa")
    assert asked(session, act.format(columns=", person", values=", 'u_admin'")) == DENIED
    assert asked(session, act.format(columns=", at", values=", now() - interval '1 year'")) == DENIED
    assert asked(session, act.format(columns="", values="")) == COUNT
