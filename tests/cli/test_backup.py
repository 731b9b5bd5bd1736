"""`db backup` and `db restore` between two embedded clusters: nothing is lost, nobody is locked out."""

from __future__ import annotations

import dataclasses
import json
import random
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from clinicdesk import bootstrap
from clinicdesk.kit import embedded
from clinicdesk.kit.backup import TableSum, load
from clinicdesk.kit.backup.dump import sums_of
from clinicdesk.kit.errors import Refusal
from tests.cli.conftest import Done
from tests.cli.copies import contents, dsn, fed, key_file, rows, shape, until
from tests.cli.homes import Home, home
from tests.data import shared

NAUGHTY = """
  INSERT INTO patients (patient_id, chart_number, given, family, sex, birth, address, created_at)
  VALUES (gen_random_uuid(), nextval('chart_numbers'), %(name)s, %(name)s, 'X', '1999-02-28', %(text)s,
          '2026-11-21 03:04:05.678901+00')"""


@dataclass(frozen=True)
class Origin:
    """A demo network with hostile rows in it, its backup, who works there, and what was in it at the time."""

    home: Home
    key: Path
    file: Path
    told: dict[str, Any]
    users: dict[str, str]
    held: dict[str, tuple[int, str]]

    @property
    def url(self) -> str:
        return dsn(self.home)

    def restored(self, into: Home, *more: str) -> Any:
        """Restore it; what the command said."""
        words = ("db", "restore", str(self.file), "--key-file", str(self.key), "--into", str(into.path))
        return self.home.run(*words, *more, "--json")


def hostile_rows(url: str) -> None:
    """Strings, json, bytes and ranges that quoting has been known to break."""
    strings = [
        each for each in json.loads(shared("naughty-strings", "blns.json").read_text()) if each.strip()
    ]
    strings += [
        "\\N",
        "\\.",
        "a\tb\nc\rd\\e\bf\fg\vh",
        "\\x41",
        "'\";--",
        "\u2028\u202e",
        "\U0001f600",
        "\x7f\x01",
    ]
    with psycopg.connect(url) as owner:
        for text in (each.replace("\0", "") for each in strings):
            owner.execute(NAUGHTY, {"name": (text.strip() or "?")[:119] or "?", "text": text})
            answer = json.dumps({text: [text, None, 1e300, -0.0, 12345678901234567890.123456789]})
            owner.execute("INSERT INTO act_answers VALUES (gen_random_uuid(), %s, %s)", (text, answer))
        owner.execute(
            "INSERT INTO bookings VALUES (int8range(-9000000000000, -9000000000000, '[]'), -9000000000000,"
            " gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), tstzrange('-infinity', NULL), true)"
        )
        owner.execute(
            "INSERT INTO import_ledger VALUES ('', 'patient', '', gen_random_uuid(), gen_random_uuid(), %s)",
            (bytes(range(256)),),
        )


def as_person(made: Home, user: str, password: str, *words: str) -> Done:
    """The command line of somebody with this password."""
    secret = made.secret.with_name(f"clave-de-{user}")
    secret.touch(mode=0o600)
    secret.write_text(password)
    return made.run(*words, user=user, CLINICDESK_PASSWORD_FILE=str(secret))


@pytest.fixture(scope="module")
def origin(open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Origin]:
    secrets = tmp_path_factory.mktemp("origin")
    with home(open_tmp, secrets, "origin") as made:
        demo = made.run("demo", "--clinics", "2", "--patients", "60", "--no-tui", "--json")
        assert demo.code == 0, demo.err
        users = {each["user"]: each["password"] for each in demo.data["users"]}
        hostile_rows(dsn(made))
        closed = rows(dsn(made), "SELECT access.enable_login('enfermeria', false)")
        assert len(closed) == 1
        with psycopg.connect(dsn(made)) as owner:
            owner.execute("SELECT access.enable_login('enfermeria', false)")
            owner.execute("ALTER ROLE u_gestion VALID UNTIL '2049-01-01'")
        sealed = as_person(made, "privacidad", users["privacidad"], "audit", "seal")
        assert sealed.code == 0, sealed.err
        key, file = key_file(secrets), secrets / "noche.copia"
        done = made.run("db", "backup", "-o", str(file), "--key-file", str(key), "--json")
        assert done.code == 0, done.err
        yield Origin(made, key, file, done.data, users, contents(dsn(made)))


@pytest.fixture(scope="module")
def copy(origin: Origin, open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Another cluster, with the backup restored into it."""
    with home(open_tmp, tmp_path_factory.mktemp("copy"), "copy") as made:
        done = origin.restored(made)
        assert done.code == 0, done.err
        assert (done.data["equal"], done.data["rows"]) == (True, origin.told["rows"])
        assert done.data["seals"]["clean"] is True
        assert done.data["seals"]["seals"] > 0 < done.data["seals"]["acts"]
        yield made


@pytest.fixture
def empty(open_tmp: Path, tmp_path: Path) -> Iterator[Home]:
    """A cluster whose database holds nothing."""
    with home(open_tmp, tmp_path, f"empty-{tmp_path.name[-12:]}") as made:
        yield made


def enters(made: Home, username: str, password: str) -> bool:
    """Whether a person gets in through the gate."""
    try:
        bootstrap.log_in(
            embedded.start(made.path).dsn("clinicdesk"), username, password, host="prueba"
        ).close()
    except Refusal:
        return False
    return True


def nothing_in(made: Home) -> bool:
    """Whether a home's database is as empty as on its first day, and its cluster without our logins."""
    return not any(
        rows(dsn(made), question)
        for question in (
            "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE n.nspname !~ '^pg_|^information_schema$'",
            "SELECT 1 FROM pg_roles WHERE rolname ~ '^[ku]_'",
        )
    )


def test_the_file_is_closed_to_others_and_says_nothing(origin: Origin) -> None:
    assert stat.S_IMODE(origin.file.stat().st_mode) == 0o600
    data = origin.file.read_bytes()
    assert len(data) == origin.told["bytes"]
    verifier = rows(origin.url, "SELECT rolpassword FROM pg_authid WHERE rolname = 'u_medico'")[0][0]
    for secret in (verifier.encode(), b"SCRAM-SHA-256", b"u_medico", b"medico", b"patients"):
        assert secret not in data
    assert [each.name for each in origin.file.parent.iterdir() if "noche" in each.name] == ["noche.copia"]


def test_a_backup_counts_what_the_tables_hold(origin: Origin) -> None:
    told = {each["name"]: each["rows"] for each in origin.told["tables"]}
    held = {name: count for name, (count, _hash) in origin.held.items() if "alembic" not in name}
    assert told == held
    assert origin.told["rows"] == sum(held.values()) > 2000
    assert origin.told["logins"] == len(origin.users) + 1  # and the waiting room's screen
    assert origin.told["schema"] == "0001"


def test_restored_elsewhere_every_row_is_there(origin: Origin, copy: Home) -> None:
    assert contents(dsn(copy)) == origin.held
    names = "SELECT given, family, address FROM patients WHERE sex = 'X' ORDER BY chart_number"
    assert rows(dsn(copy), names) == rows(origin.url, names)


def test_restored_elsewhere_schema_rights_and_roles_are_the_same(origin: Origin, copy: Home) -> None:
    assert shape(dsn(copy)) == shape(origin.url)


def test_everybody_logs_in_with_their_old_password(origin: Origin, copy: Home) -> None:
    came = {user: enters(copy, user, password) for user, password in origin.users.items()}
    assert came == {user: user != "enfermeria" for user in origin.users}, "who was disabled stays out"
    closed = "SELECT rolname FROM pg_roles WHERE rolname ~ '^u_' AND NOT rolcanlogin"
    assert rows(dsn(copy), closed) == [("u_enfermeria",)], "also to PostgreSQL itself"
    assert not enters(copy, "medico", origin.users["medico"] + "x")
    assert not enters(copy, "nadie", "medico-demo")


def test_work_goes_on_in_the_copy(origin: Origin, copy: Home) -> None:
    """Sequences go on, and administration still may change the logins that were restored."""

    def run(user: str, *words: str) -> Any:
        done = as_person(copy, user, origin.users[user], *words, "--json")
        assert done.code == 0, (words, done.err)
        return done.data

    most = rows(dsn(copy), "SELECT max(chart_number) FROM patients")[0][0]
    words = ("--family", "Nueva", "--given", "Ana", "--birth", "1990-01-01", "--sex", "F")
    run("admision", "patient", "add", "--document", "DNI:39111222", *words)
    assert rows(dsn(copy), "SELECT max(chart_number) FROM patients")[0][0] == most + 1
    run("admin", "user", "disable", "laboratorio")
    assert not enters(copy, "laboratorio", origin.users["laboratorio"])
    run("admin", "user", "enable", "enfermeria")
    assert enters(copy, "enfermeria", origin.users["enfermeria"])


def test_a_backup_is_an_act_of_its_own_and_in_the_file(origin: Origin, copy: Home) -> None:
    asked = "SELECT person, purpose, outcome FROM acts WHERE what = 'db.backup'"
    assert rows(dsn(copy), asked)[0] == ("clinicdesk", "ADMIN", "done")


def test_seals_verify_in_the_copy_and_tell_what_was_changed_before(
    origin: Origin, empty: Home, tmp_path: Path
) -> None:
    """Tampering does not get lost in a backup: the copy is equal, and its seals say so too."""
    altered = (
        "UPDATE acts SET host = host || 'x' WHERE key = (SELECT key FROM seal_items ORDER BY key LIMIT 1)"
    )
    back = (
        "UPDATE acts SET host = left(host, -1) WHERE key = (SELECT key FROM seal_items ORDER BY key LIMIT 1)"
    )
    file = tmp_path / "alterada"
    with psycopg.connect(origin.url, autocommit=True) as owner:
        owner.execute(altered)
        try:
            words = ("db", "backup", "-o", str(file), "--key-file", str(origin.key))
            assert origin.home.run(*words).code == 0
        finally:
            owner.execute(back)
    done = empty.run("db", "restore", str(file), "--key-file", str(origin.key), "--json")
    assert (done.code, done.data["equal"], done.data["seals"]["clean"]) == (5, True, False)
    assert "sellos" in done.err


def test_check_reads_a_file_and_touches_no_database(origin: Origin, tmp_path: Path) -> None:
    with home(tmp_path, tmp_path, "nowhere", started=False) as nowhere:
        words = ("db", "backup", "--check", str(origin.file), "--json")
        done = nowhere.run(*words, "--key-file", str(origin.key))
        assert (done.code, done.data["ok"]) == (0, True)
        assert done.data["tables"] == origin.told["tables"]
        other = nowhere.run(*words, "--key-file", str(key_file(tmp_path)))
        assert (other.code, other.out) == (4, "")
        without = nowhere.run(*words)
        assert without.code == 2
        assert "--key-file" in without.err
        assert not nowhere.path.exists()


def damaged(data: bytes) -> Iterator[bytes]:
    """One file in many bad states."""
    drawn = random.Random(7)
    for place in [0, 20, 40, 200, *drawn.sample(range(300, len(data)), 12), len(data) - 33, len(data) - 1]:
        yield data[:place] + bytes([data[place] ^ 64]) + data[place + 1 :]
    for cut in (0, 10, 100, len(data) // 2, len(data) - 32, len(data) - 1):
        yield data[:cut]
    third = len(data) // 3
    yield data[:third] + data[2 * third :] + data[third : 2 * third]
    yield data + b"\0"
    yield data + data


def test_a_damaged_file_is_refused_and_nothing_is_written(
    origin: Origin, empty: Home, tmp_path: Path
) -> None:
    bad = tmp_path / "mala"
    words = ("db", "restore", str(bad), "--key-file", str(origin.key), "--into", str(empty.path))
    for data in damaged(origin.file.read_bytes()):
        bad.write_bytes(data)
        done = empty.run(*words)
        assert (done.code, done.out) in {(6, ""), (5, "")}, done.err
        assert "No se tocó nada" in done.err
    assert nothing_in(empty)
    bad.write_bytes(origin.file.read_bytes())
    assert empty.run(*words).code == 0, "the twin: the same file whole"


def test_a_damaged_file_does_not_even_make_a_home(origin: Origin, open_tmp: Path, tmp_path: Path) -> None:
    bad = tmp_path / "mala"
    bad.write_bytes(origin.file.read_bytes()[:-1])
    target = open_tmp / "never-made"
    words = ("db", "restore", str(bad), "--key-file", str(origin.key), "--into", str(target))
    assert origin.home.run(*words).code == 6
    assert not target.exists()


def test_a_database_with_something_in_it_is_left_alone(origin: Origin, copy: Home) -> None:
    before = contents(dsn(copy))
    done = origin.restored(copy)
    assert (done.code, done.out) == (5, "")
    assert "--replace" in done.err
    assert contents(dsn(copy)) == before


def test_replacing_asks_for_the_name_and_closes_logins_that_came_later(
    origin: Origin, open_tmp: Path, tmp_path: Path
) -> None:
    with home(open_tmp, tmp_path, "replaced") as made:
        assert origin.restored(made).code == 0
        with psycopg.connect(dsn(made)) as owner:
            owner.execute("DELETE FROM note_drafts")
            owner.execute("INSERT INTO specialties (code, name) VALUES ('SOBRA', 'De más')")
            owner.execute("ALTER ROLE u_medico PASSWORD NULL")
            owner.execute("SET ROLE k_roles")
            owner.execute("CREATE ROLE u_posterior LOGIN")
            owner.execute("GRANT k_medico TO u_posterior")
        before = contents(dsn(made))
        words = ("db", "restore", str(origin.file), "--key-file", str(origin.key), "--replace")
        for typed in ("", "no\n", f"{made.path}x\n"):
            refused = fed(made, typed, *words)
            assert (refused.code, refused.out) == (2, "")
        assert contents(dsn(made)) == before
        done = fed(made, f"{made.path}\n", *words)
        assert done.code == 0, done.err
        assert "u_posterior" in done.err
        assert contents(dsn(made)) == origin.held
        assert enters(made, "medico", origin.users["medico"])
        late = "SELECT rolcanlogin, (SELECT count(*) FROM pg_auth_members m WHERE m.member = r.oid)"
        assert rows(dsn(made), late + " FROM pg_roles r WHERE rolname = 'u_posterior'") == [(False, 0)]


def test_who_works_in_a_database_is_not_cut_off(origin: Origin, open_tmp: Path, tmp_path: Path) -> None:
    with home(open_tmp, tmp_path, "worked-in") as made:
        assert origin.restored(made).code == 0
        words = ("db", "restore", str(origin.file), "--key-file", str(origin.key), "--replace")
        url = embedded.start(made.path).dsn("clinicdesk")
        session = bootstrap.log_in(url, "medico", origin.users["medico"], host="prueba")
        with session.engine.connect():
            done = fed(made, f"{made.path}\n", *words)
            assert (done.code, done.out) == (5, "")
            assert "1 sesiones" in done.err
        session.close()
        until(lambda: not rows(dsn(made), "SELECT 1 FROM pg_stat_activity WHERE usename ~ '^u_'"))
        assert fed(made, f"{made.path}\n", *words).code == 0


def test_a_login_of_the_same_name_with_another_password_is_in_the_way(origin: Origin, empty: Home) -> None:
    with psycopg.connect(dsn(empty), autocommit=True) as owner:
        owner.execute("CREATE ROLE u_medico LOGIN PASSWORD 'otra'")
    done = origin.restored(empty)
    assert (done.code, done.out) == (5, "")
    assert "u_medico" in done.err
    assert rows(dsn(empty), "SELECT 1 FROM pg_roles WHERE rolname ~ '^k_'") == []
    with psycopg.connect(dsn(empty), autocommit=True) as owner:
        owner.execute("DROP ROLE u_medico")
        owner.execute("CREATE ROLE u_medico LOGIN CREATEROLE")
    words = ("db", "restore", str(origin.file), "--key-file", str(origin.key), "--replace")
    strong = fed(empty, f"{empty.path}\n", *words)
    assert strong.code == 5
    assert "atributos" in strong.err


def test_logins_with_the_same_password_are_no_hindrance(origin: Origin, empty: Home) -> None:
    """Also the groups of the schema may be there: they are as each upgrade makes them."""
    assert origin.restored(empty).code == 0
    server = embedded.start(empty.path)
    with psycopg.connect(server.dsn("clinicdesk", "postgres"), autocommit=True) as owner:
        owner.execute("DROP DATABASE clinicdesk WITH (FORCE)")
    assert origin.restored(empty).code == 0
    assert contents(dsn(empty)) == origin.held
    assert enters(empty, "medico", origin.users["medico"])


def test_an_existing_file_is_replaced_only_when_asked(origin: Origin, tmp_path: Path) -> None:
    out = tmp_path / "hay"
    out.write_text("otra cosa")
    words = ("db", "backup", "-o", str(out), "--key-file", str(origin.key))
    refused = origin.home.run(*words)
    assert (refused.code, refused.out, out.read_text()) == (5, "", "otra cosa")
    assert origin.home.run(*words, "--yes").code == 0
    assert out.read_bytes().startswith(b"CLINICDESK-BACKUP")


def test_keys_are_made_closed_and_never_replaced(origin: Origin, tmp_path: Path) -> None:
    out = tmp_path / "llave-nueva"
    made = origin.home.run("db", "key", "-o", str(out), "--json")
    assert (made.code, stat.S_IMODE(out.stat().st_mode)) == (0, 0o600)
    text = out.read_text()
    assert text.strip() not in made.out + made.err
    assert origin.home.run("db", "key", "-o", str(out)).code == 5
    assert out.read_text() == text
    out.chmod(0o640)
    words = ("db", "backup", "-o", str(tmp_path / "x"), "--key-file", str(out))
    open_key = origin.home.run(*words)
    assert (open_key.code, (tmp_path / "x").exists()) == (4, False)
    out.chmod(0o600)
    assert origin.home.run(*words).code == 0


def test_without_a_key_and_without_a_terminal_nothing_is_asked(origin: Origin, tmp_path: Path) -> None:
    done = origin.home.run("db", "backup", "-o", str(tmp_path / "x"))
    assert (done.code, list(tmp_path.iterdir())) == (2, [])


@pytest.mark.parametrize("words", [(), ("-o", "x", "--check", "y")])
def test_a_backup_is_either_written_or_checked(origin: Origin, words: tuple[str, ...]) -> None:
    assert origin.home.run("db", "backup", *words).code == 2


def test_a_password_in_a_url_is_refused(origin: Origin) -> None:
    words = ("db", "restore", str(origin.file), "--key-file", str(origin.key))
    done = origin.home.run(*words, "--into", "postgresql://ana:secreta@servidor/red")
    assert done.code == 2
    assert "secreta" not in done.err


def test_where_nothing_is_installed_there_is_nothing_to_keep(empty: Home, tmp_path: Path) -> None:
    out = tmp_path / "x"
    words = ("db", "backup", "-o", str(out), "--key-file", str(key_file(tmp_path)))
    assert empty.run(*words).code == 3
    assert not out.exists()
    with home(tmp_path, tmp_path, "nowhere", started=False) as nowhere:
        assert nowhere.run(*words).code == 7
        assert not nowhere.path.exists()


def test_tables_of_others_stay_out_and_are_named(origin: Origin, tmp_path: Path) -> None:
    with psycopg.connect(origin.url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.suelta AS SELECT 1 AS uno")
        try:
            words = ("db", "backup", "-o", str(tmp_path / "x"), "--key-file", str(origin.key), "--json")
            done = origin.home.run(*words)
        finally:
            owner.execute("DROP TABLE public.suelta")
    assert (done.code, done.data["left_out"]) == (0, ["public.suelta"])
    assert "public.suelta" in done.err


def test_a_table_that_the_schema_does_not_know_stops_a_restore(
    origin: Origin, empty: Home, tmp_path: Path
) -> None:
    with psycopg.connect(origin.url, autocommit=True) as owner:
        owner.execute("CREATE TABLE public.ajena AS SELECT 1 AS uno")
        owner.execute("ALTER TABLE public.ajena OWNER TO k_owner")
        try:
            file = tmp_path / "x"
            assert origin.home.run("db", "backup", "-o", str(file), "--key-file", str(origin.key)).code == 0
        finally:
            owner.execute("DROP TABLE public.ajena")
    words = ("db", "restore", str(file), "--key-file", str(origin.key), "--into", str(empty.path))
    done = empty.run(*words)
    assert (done.code, done.out) == (6, "")
    assert "ajena" in done.err
    assert nothing_in(empty)


def test_what_is_read_back_unequal_is_not_kept(
    origin: Origin, empty: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that gives back other rows than it was given, as broken memory or a changed type would."""
    read_back = sums_of

    def wrong(*arguments: Any) -> tuple[TableSum, ...]:
        first, *rest = read_back(*arguments)
        return (dataclasses.replace(first, hash="0" * 64), *rest)

    monkeypatch.setattr(load, "sums_of", wrong)
    done = origin.restored(empty)
    assert (done.code, done.out) == (6, "")
    assert "public.act_answers" in done.err
    assert nothing_in(empty)
    monkeypatch.undo()
    assert origin.restored(empty).code == 0


def test_policies_do_not_hide_rows_from_a_backup(origin: Origin, tmp_path: Path) -> None:
    """A policy that even the owner would be held by makes the backup whole or makes it fail."""
    words = ("db", "backup", "-o", str(tmp_path / "x"), "--key-file", str(origin.key), "--json", "--yes")
    with psycopg.connect(origin.url, autocommit=True) as owner:
        owner.execute("ALTER TABLE specialties ENABLE ROW LEVEL SECURITY")
        owner.execute("ALTER TABLE specialties FORCE ROW LEVEL SECURITY")
        try:
            done = origin.home.run(*words)
        finally:
            owner.execute("ALTER TABLE specialties NO FORCE ROW LEVEL SECURITY")
            owner.execute("ALTER TABLE specialties DISABLE ROW LEVEL SECURITY")
    kept = {each["name"]: each["rows"] for each in done.data["tables"]}
    assert kept["public.specialties"] == rows(origin.url, "SELECT count(*) FROM specialties")[0][0] > 0
