"""Single-use codes: what administration can do with them, and what nobody can."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access import administration, gate, recovery, service
from clinicdesk.clinic.access.errors import (
    BadPassword,
    CodeRefused,
    CommonPassword,
    LocalPassword,
    LoginRefused,
    ProofNeeded,
    TooManyTries,
)
from clinicdesk.clinic.desk import DatabaseRefused
from clinicdesk.kit import db, secrets
from tests.factories import Network, give_password

LogIn = Callable[..., Session]
NEW = "otra frase cualquiera"
_numbers = itertools.count(1)


@pytest.fixture
def admin(log_in: LogIn) -> Session:
    """Who administers."""
    return log_in("admin")


@pytest.fixture
def added(admin: Session, network: Network) -> Callable[[], tuple[str, str]]:
    """`added()` → the username of a new person, and the code that they were given."""

    def made() -> tuple[str, str]:
        name = f"nueva{next(_numbers)}"
        order = service.NewUser(
            username=name,
            given="Ana",
            family="Ibáñez",
            role="admisionista",
            clinic_id=network.clinic_ids[0],
        )
        assert admin.desk().do(service.add_user, order).opens(order.code)
        return name, order.code

    return made


def reset(admin: Session, user: str) -> str:
    """A code for somebody."""
    order = service.ResetPassword(username=user)
    answer = admin.desk().do(service.reset_password, order)
    assert answer.opens(order.code)
    return order.code


def redeemed(network: Network, user: str, code: str, password: str = NEW) -> None:
    """A password set with a code."""
    recovery.redeem(network.url, recovery.open_code(network.url, user, code, "casa"), password)


def log_in_as(network: Network, user: str, password: str) -> Session:
    """A login somewhere."""
    return bootstrap.log_in(network.url, user, password, host="casa")


def test_a_code_holds_a_hundred_random_bits_and_survives_being_copied_by_hand() -> None:
    codes = {secrets.new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        letters = code.replace("-", "")
        assert len(letters) * 5 >= 100
        assert set(letters) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        by_hand = code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
        assert secrets.code_hash(by_hand) == secrets.code_hash(code)


def test_whoever_is_added_has_no_password_until_the_code_is_used(
    network: Network, added: Callable[[], tuple[str, str]]
) -> None:
    user, code = added()
    for guess in ("", code, NEW):
        with pytest.raises(LoginRefused):
            log_in_as(network, user, guess)
    redeemed(network, user, code)
    session = log_in_as(network, user, NEW)
    assert not session.actor.must_change_password
    assert session.code_used_at is None, "a first code is no news to the person"
    session.close()


def test_a_code_works_once(network: Network, admin: Session, added: Callable[[], tuple[str, str]]) -> None:
    user, code = added()
    redeemed(network, user, code)
    with pytest.raises(CodeRefused):
        redeemed(network, user, code)
    code = reset(admin, user)
    opened = [recovery.open_code(network.url, user, code, f"puesto {n}") for n in range(2)]

    def use(number: int) -> bool:
        try:
            recovery.redeem(network.url, opened[number], f"{NEW} {number}")
        except CodeRefused:
            return False
        return True

    with ThreadPoolExecutor(2) as crowd:
        assert sorted(crowd.map(use, range(2))) == [False, True]


def test_a_code_is_good_for_a_day_and_a_new_one_voids_it(
    network: Network, admin: Session, added: Callable[[], tuple[str, str]]
) -> None:
    user, first = added()
    second = reset(admin, user)
    with pytest.raises(CodeRefused):
        redeemed(network, user, first)
    with network.owner.begin() as owner:
        left = text(
            "SELECT expires_at - issued_at = interval '24 hours' FROM recovery_codes WHERE username = :u"
        )
        assert owner.execute(left, {"u": user}).scalar_one() is not None
        owner.execute(
            text("UPDATE recovery_codes SET expires_at = clock_timestamp() - interval '1 second'"
                 " WHERE username = :u"), {"u": user})  # fmt: skip
    with pytest.raises(CodeRefused):
        redeemed(network, user, second)
    redeemed(network, user, reset(admin, user))


def test_the_old_password_stands_until_then_and_whatever_was_open_ends(
    network: Network, admin: Session, added: Callable[[], tuple[str, str]]
) -> None:
    user, code = added()
    redeemed(network, user, code)
    code = reset(admin, user)
    session = log_in_as(network, user, NEW)
    with session.engine.connect() as line:
        redeemed(network, user, code, "la frase que sigue")
        with pytest.raises(DBAPIError, match=r"terminat|closed"):
            line.execute(text("SELECT 1"))
    session.close()
    with pytest.raises(LoginRefused):
        log_in_as(network, user, NEW)
    later = log_in_as(network, user, "la frase que sigue")
    assert later.code_used_at is not None, "the person hears that a code was used, and when"
    later.close()


def test_unknown_disabled_and_wrong_read_the_same_and_are_counted(
    network: Network, admin: Session, added: Callable[[], tuple[str, str]]
) -> None:
    user, code = added()
    closed, of_closed = added()
    admin.desk().do(administration.enable_user, administration.EnableUser(username=closed, enabled=False))
    told = []
    for who, typed in (
        (user, secrets.new_code()),
        ("nadie.asi", code),
        (closed, of_closed),
        ("lpaz", code),
        ("Ñ", "\x00"),
    ):
        with pytest.raises(CodeRefused) as refused:
            recovery.open_code(network.url, who, typed, "un lugar")
        told.append(str(refused.value))
    assert set(told) == {"El código no es correcto o ya no vale. Revisarlo o pedir otro. Van 1 de 5."}
    for _ in range(4):
        with pytest.raises(CodeRefused):
            recovery.open_code(network.url, user, secrets.new_code(), "un lugar")
    with pytest.raises(TooManyTries):
        recovery.open_code(network.url, user, code, "un lugar")
    redeemed(network, user, code)


def test_a_bad_new_password_leaves_the_code_unused(
    network: Network, added: Callable[[], tuple[str, str]]
) -> None:
    user, code = added()
    opened = recovery.open_code(network.url, user, code, "casa")
    refusals: tuple[tuple[str, type[BadPassword]], ...] = (
        ("corta", BadPassword),
        ("iloveyou", CommonPassword),
        (f"{user}-2026", LocalPassword),
        ("AnaIbanez81", LocalPassword),
        ("Centro Norte 1", LocalPassword),
    )
    for typed, why in refusals:
        with pytest.raises(why):
            recovery.redeem(network.url, opened, typed)
    recovery.redeem(network.url, opened, NEW)


def test_the_database_keeps_a_hash_and_tells_it_to_nobody(
    network: Network, admin: Session, log_in: LogIn, added: Callable[[], tuple[str, str]]
) -> None:
    user, code = added()
    with network.owner.connect() as owner:
        row = owner.execute(text("SELECT * FROM recovery_codes WHERE username = :u"), {"u": user}).one()
        assert bytes(row.hash) == secrets.code_hash(code)
        stored = owner.execute(text("SELECT answer::text FROM act_answers")).scalars().all()
    assert not any(code in answer or secrets.read_code(code) in answer for answer in stored)
    for name in ("admin", "lpaz", "msosa"):
        with log_in(name).engine.connect() as line, pytest.raises(DBAPIError, match="permission denied"):
            line.execute(text("SELECT * FROM recovery_codes"))


def test_administration_can_neither_choose_nor_replace_a_password(
    network: Network, admin: Session, added: Callable[[], tuple[str, str]]
) -> None:
    """By its use cases and by raw SQL; the owner's own call is the twin that works."""
    user, _code = added()
    given = service.NewUser(
        username="elegida",
        given="",
        family="X",
        role="gestion",
        clinic_id=network.clinic_ids[0],
        password=NEW,
    )
    with pytest.raises(DatabaseRefused):
        admin.desk().do(service.add_user, given)
    with admin.engine.connect() as line:
        raw = line.connection.driver_connection
        made = secrets.verifier(raw, f"u_{user}", "x")
    for statement in (
        f"ALTER ROLE u_{user} PASSWORD 'x'",
        f"SET ROLE u_{user}",
        f"SELECT access.replace_password('{user}', gen_random_uuid()::text::bytea, '{made}', false)",
        f"SELECT access.create_login('elegida', 1, decode(repeat('00', 16), 'hex'), '{made}', false, false)",
        "SELECT gate.recover(gen_random_uuid(), 'x', decode(repeat('00', 16), 'hex'), 'x')",
    ):
        with admin.engine.connect() as line, pytest.raises(DBAPIError) as denied:
            line.exec_driver_sql(statement)
        assert db.sqlstate(denied.value) == "42501", statement
    give_password(network, user)


def test_only_administration_hands_out_codes(network: Network, log_in: LogIn) -> None:
    hand_out = text("SELECT access.issue_code('msosa', sha256('x'))")
    with log_in("lpaz").engine.connect() as line, pytest.raises(DBAPIError, match="permission denied"):
        line.execute(hand_out)
    with (
        psycopg.connect(db.conninfo(network.url, *gate.LOGIN, "prueba")) as line,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        line.execute(str(hand_out))


def test_what_happened_is_in_the_acts_without_the_code(
    network: Network, admin: Session, added: Callable[[], tuple[str, str]]
) -> None:
    user, _first = added()
    code = reset(admin, user)
    with pytest.raises(CodeRefused):
        redeemed(network, user, secrets.new_code())
    redeemed(network, user, code)
    statement = (
        "SELECT what, person, outcome, a::text AS everything FROM acts a WHERE subject = :u ORDER BY at"
    )
    with network.owner.connect() as owner:
        rows = owner.execute(text(statement), {"u": user}).all()
    assert [(row.what, row.person, row.outcome) for row in rows] == [
        ("user.add", "u_admin", "done"),
        ("user.reset", "u_admin", "done"),
        ("login.refused", "k_gate", "refused"),
        ("login.recovered", "k_gate", "done"),
    ]
    assert not any(secrets.read_code(code) in row.everything or code in row.everything for row in rows)


def test_changing_a_password_asks_for_the_one_in_use(
    network: Network, added: Callable[[], tuple[str, str]]
) -> None:
    user, code = added()
    redeemed(network, user, code)
    session = log_in_as(network, user, NEW)
    order = service.ChangePassword(password="la frase que sigue")
    with pytest.raises(LoginRefused):
        session.prove("no es la clave", order.key)
    for proof in (None, session.prove(NEW), session.prove(NEW, service.ChangePassword(password="x").key)):
        with pytest.raises(ProofNeeded):
            session.desk().do(service.change_password, replace(order, proof=proof))
    log_in_as(network, user, NEW).close()
    session.desk().do(service.change_password, replace(order, proof=session.prove(NEW, order.key)))
    session.close()
    with pytest.raises(LoginRefused):
        log_in_as(network, user, NEW)
    log_in_as(network, user, "la frase que sigue").close()


def test_no_password_grows_old(network: Network, added: Callable[[], tuple[str, str]]) -> None:
    user, code = added()
    redeemed(network, user, code)
    with network.owner.begin() as owner:
        owner.execute(
            text("UPDATE logins SET created_at = created_at - interval '30 years' WHERE username = :u"),
            {"u": user},
        )
        asked = text("SELECT rolvaliduntil FROM pg_roles WHERE rolname = :role")
        assert str(owner.execute(asked, {"role": f"u_{user}"}).scalar()) in {"None", "infinity"}
    session = log_in_as(network, user, NEW)
    assert not session.actor.must_change_password
    session.close()
