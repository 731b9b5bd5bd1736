"""Seals: every act once, honest data stay quiet, whatever a superuser changes is found."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.audit import queries, rules, service
from clinicdesk.clinic.audit.anchors import anchor_to_file, read_anchor
from clinicdesk.clinic.audit.model import seal_items, seals
from clinicdesk.clinic.audit.rules import Break
from clinicdesk.clinic.audit.verify import Against, verify_desk
from clinicdesk.clinic.desk import DatabaseRefused, NotAllowed
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient
from tests.tampering import TAMPERINGS, judged, tampered

LogIn = Callable[..., Session]
ODD = ("", "ñandú 中 \U0001f9ea", 'comillas " y \\ barra', "\x01\x1f\x7f\u2028", "línea\r\notra\t", "a'b; --")

SAID: Final = {"role": "x", "host": "x", "what": "test.act", "purpose": "OPER", "outcome": "done"}
COLUMNS: Final = ", ".join(name for name in rules.COLUMNS if name not in {"person", "at"})


def write_acts(session: Session, many: int, **values: Any) -> None:
    """Acts as raw SQL by a rightful person writes them."""
    with session.engine.begin() as connection:
        for _ in range(many):
            connection.execute(insert(acts).values(key=new_id(), **(SAID | values)))


@pytest.fixture
def sealer(log_in: LogIn) -> Session:
    """The privacy officer, who may seal and verify."""
    return log_in("priva")


def clean(sealer: Session, anchor: Path | None = None) -> bool:
    """Whether a verification finds nothing."""
    verdict = verify_desk(sealer.desk(), Against(read_anchor(anchor) if anchor else {}))
    assert verdict.findings == ()
    return verdict.clean


def test_every_act_is_sealed_once(network: Network, log_in: LogIn, sealer: Session) -> None:
    front = log_in("msosa")
    for _ in range(3):
        new_patient(front)
    write_acts(front, 20)
    with network.owner.connect() as owner:
        there = owner.execute(select(func.count()).select_from(acts)).scalar_one()
    assert service.seal_all(sealer.desk(), most=7) == there
    assert service.seal_all(sealer.desk()) == 0
    with network.owner.connect() as owner:
        named = owner.execute(select(seal_items.c.key)).scalars().all()
        counts = owner.execute(select(seals.c.acts_count).order_by(seals.c.n)).scalars().all()
    assert len(named) == len(set(named)) == there == sum(counts)
    assert max(counts) == 7
    assert clean(sealer)


def test_the_hash_covers_every_column() -> None:
    assert list(rules.COLUMNS) == [column.name for column in acts.columns if column.name in rules.COLUMNS]
    assert set(rules.COLUMNS) == {column.name for column in acts.columns}


def test_any_text_is_hashed_alike_by_database_and_program(log_in: LogIn, sealer: Session) -> None:
    front = log_in("cruiz")
    for odd in ODD:
        write_acts(front, 1, host=odd, purpose=odd, role=odd, subject=odd or None)
    service.seal_all(sealer.desk())
    assert clean(sealer)


def test_an_act_that_commits_late_joins_the_next_seal(
    network: Network, log_in: LogIn, sealer: Session
) -> None:
    front = log_in("cruiz")
    key = new_id()
    with front.engine.connect() as late:
        late.execute(insert(acts).values(key=key, **SAID))
        at = late.execute(text("SELECT clock_timestamp()")).scalar_one()
        for _ in range(4):
            write_acts(front, 2)
            service.seal_all(sealer.desk())
        assert clean(sealer)
        before = settled_an_hour_later(network, at)
        assert before is None or before < at, "a seal settled what may still come"
        late.commit()
    assert clean(sealer)
    write_acts(front, 1)
    service.seal_all(sealer.desk())
    assert clean(sealer)
    with network.owner.connect() as owner:
        last = owner.execute(select(func.max(seals.c.n))).scalar_one()
        assert owner.execute(select(seal_items.c.seal).where(seal_items.c.key == key)).scalar_one() == last
    after = settled_an_hour_later(network, at)
    assert after is not None
    assert after > at, "nothing is ever settled"


def settled_an_hour_later(network: Network, since: datetime) -> datetime | None:
    """What the next seal settles where those after `since` are an hour younger; then all is undone."""
    with network.owner.connect() as owner:
        moved = text("UPDATE seals SET at = at + interval '1 hour' WHERE at > :since")
        owner.execute(moved, {"since": since})
        owner.execute(insert(acts).values(key=new_id(), **SAID))
        owner.execute(text("SELECT audit.seal(1000, false)"))
        settled = owner.execute(select(seals.c.settled_at).order_by(seals.c.n.desc()).limit(1)).scalar_one()
        owner.rollback()
        return settled  # type: ignore[no-any-return]


def test_writers_and_sealers_at_once_leave_nothing_wrong(
    network: Network, log_in: LogIn, sealer: Session, tmp_path: Path
) -> None:
    writers = [log_in(name) for name in ("msosa", "cruiz", "secre")]
    other = log_in("admin")
    done = threading.Event()

    def write(session: Session) -> None:
        for _ in range(15):
            write_acts(session, 3)

    def seal(session: Session) -> None:
        while not done.is_set():
            service.seal_all(session.desk(), most=10)

    sealing = [threading.Thread(target=seal, args=(each,)) for each in (sealer, other)]
    writing = [threading.Thread(target=write, args=(each,)) for each in writers]
    for thread in (*sealing, *writing):
        thread.start()
    for thread in writing:
        thread.join(60)
    done.set()
    for thread in sealing:
        thread.join(60)
    service.seal_all(sealer.desk())
    anchor_to_file(sealer.desk().see, tmp_path / "anchor")
    assert clean(sealer, tmp_path / "anchor")
    with network.owner.connect() as owner:
        named = select(seal_items.c.key).where(seal_items.c.key == acts.c.key).exists()
        left = owner.execute(
            select(func.count()).select_from(acts).where(acts.c.what == "test.act", ~named)
        ).scalar_one()
    assert left == 0


@pytest.mark.parametrize("username", ["priva", "admin", "lpaz"])
@pytest.mark.parametrize("table", ["acts", "seals", "seal_items"])
def test_no_person_changes_an_act_or_a_seal(log_in: LogIn, username: str, table: str) -> None:
    session = log_in(username)
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET {_a_column(table)}"):
        with session.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(statement))


def _a_column(table: str) -> str:
    return {"acts": "what = 'x'", "seals": "at = at", "seal_items": "seal = seal"}[table]


def test_who_may_not_seal_is_refused(log_in: LogIn) -> None:
    with pytest.raises(NotAllowed):
        service.seal_all(log_in("msosa").desk())
    session = log_in("lpaz")
    with session.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("SELECT audit.seal(10, true)"))


@pytest.fixture(scope="module")
def anchored(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Against]:
    """A history of seals with its anchor: what tampering is tried on."""
    front, sealer = network.log_in("msosa"), network.log_in("priva")
    path = tmp_path_factory.mktemp("anchor") / "anchor"
    for _ in range(8):
        new_patient(front)
        write_acts(front, 3, subject="algo")
        service.seal_all(sealer.desk())
    anchor_to_file(sealer.desk().see, path)
    yield Against(read_anchor(path))
    front.close()
    sealer.close()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", TAMPERINGS)
def test_tampering_is_found(network: Network, anchored: Against, name: str, seed: int) -> None:
    verdict = tampered(network.owner, anchored, TAMPERINGS[name], seed)
    assert not verdict.clean


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("edit", {Break.ALTERED}),
        ("back_date", {Break.ALTERED}),
        ("delete", {Break.DELETED}),
        ("insert_dated", {Break.INSERTED}),
        ("insert_dated_sealed", {Break.INSERTED}),
        ("drop_seal", {Break.SEAL_MISSING, Break.CHAIN_BROKEN, Break.TAIL_CUT}),
        ("cut_tail", {Break.TAIL_CUT}),
        ("reseal", {Break.SEAL_REWRITTEN}),
    ],
)
def test_what_was_done_is_named(network: Network, anchored: Against, name: str, kinds: set[Break]) -> None:
    verdict = tampered(network.owner, anchored, TAMPERINGS[name], 7)
    assert {each.kind for each in verdict.findings} <= kinds
    if name in {"edit", "back_date", "delete"}:
        (found,) = verdict.findings
        with network.owner.connect() as owner:
            of = select(func.cast(seal_items.c.seal, seal_items.c.seal.type)).where(
                seal_items.c.key == found.act
            )
            assert owner.execute(of).scalar_one() == found.seal


def test_honest_data_stay_quiet_again_and_again(network: Network, anchored: Against, log_in: LogIn) -> None:
    """The rightful twin: the same looks over the same rows, written on meanwhile, find nothing."""
    front, sealer = log_in("msosa"), log_in("priva")
    for turn in range(20):
        write_acts(front, turn % 3)
        if turn % 4 == 0:
            service.seal_all(sealer.desk())
        with network.owner.connect() as connection:
            assert judged(connection, anchored).findings == ()


def test_acts_that_wait_too_long_are_told(network: Network, log_in: LogIn, sealer: Session) -> None:
    write_acts(log_in("cruiz"), 1)
    with network.owner.connect() as connection:
        assert judged(connection, Against({})).clean
        later = judged(connection, Against({}), clock.now() + timedelta(hours=3))
    assert {each.kind for each in later.findings} == {Break.UNSEALED}
    service.seal_all(sealer.desk())
    with network.owner.connect() as connection:
        assert judged(connection, Against({}), clock.now() + timedelta(hours=3)).clean


def test_reading_the_audit_is_an_act_and_counters_may_not(
    network: Network, log_in: LogIn, sealer: Session
) -> None:
    verify_desk(sealer.desk(), Against({}))
    with pytest.raises(NotAllowed):
        verify_desk(log_in("admin").desk(), Against({}))
    with network.owner.connect() as owner:
        rows = owner.execute(
            select(acts.c.person, acts.c.outcome)
            .where(acts.c.what == "audit.verify")
            .order_by(acts.c.at.desc())
        ).all()
    assert [tuple(row) for row in rows[:2]] == [("u_admin", "refused"), ("u_priva", "done")]


@contextmanager
def acts_unwritable(network: Network) -> Iterator[None]:
    """Nobody may write an act, as after a grant gone wrong or on a full disk."""
    with network.owner.begin() as owner:
        owner.execute(text(f"REVOKE INSERT ({COLUMNS}) ON acts FROM k_staff"))
    try:
        yield
    finally:
        with network.owner.begin() as owner:
            owner.execute(text(f"GRANT INSERT ({COLUMNS}) ON acts TO k_staff"))


def test_without_its_act_nothing_is_done(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    count = text("SELECT count(*) FROM patients")
    with network.owner.connect() as owner:
        before = owner.execute(count).scalar_one()
    with acts_unwritable(network), pytest.raises(DatabaseRefused):
        new_patient(front)
    with network.owner.connect() as owner:
        assert owner.execute(count).scalar_one() == before
    new_patient(front)


def test_without_its_act_nothing_is_shown(network: Network, log_in: LogIn) -> None:
    officer = log_in("priva").desk()
    with acts_unwritable(network), pytest.raises(DatabaseRefused):
        officer.see(queries.list_acts, queries.ActsQuery())
    assert officer.see(queries.list_acts, queries.ActsQuery()).rows
