"""`clinicdesk demo`: from nothing to a network that one can log in to, and back to nothing."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from clinicdesk import bootstrap
from clinicdesk.clinic.rights import STAFF_ROLES, Role
from clinicdesk.kit import embedded
from tests.cli.conftest import PROGRAM, Done
from tests.cli.homes import FIRST, Home, home
from tests.terminal import Terminal

SMALL = ("--clinics", "2", "--patients", "40")


@pytest.fixture(scope="module")
def shown(open_tmp: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Done]]:
    """A demo, and what the installed program printed when it made it."""
    with home(open_tmp, tmp_path_factory.mktemp("demo"), "cli-demo") as made:
        done = made.program("demo", "--no-tui", "--json", *SMALL)
        assert done.code == 0, done.err
        yield made, done


def test_it_prints_where_it_stands_and_who_can_log_in(shown: tuple[Home, Done]) -> None:
    _home, done = shown
    assert set(done.data) >= {"database_url", "users"}
    users = done.data["users"]
    assert all(set(each) == {"role", "user", "password", "clinic"} for each in users)
    assert {each["role"] for each in users if each["clinic"] == "NORTE"} == set(STAFF_ROLES)
    for each in users:
        session = bootstrap.log_in(done.data["database_url"], each["user"], each["password"], host="prueba")
        assert (session.actor.at.role.value, session.actor.at.clinic_code) == (each["role"], each["clinic"])
        session.close()


def test_progress_and_the_way_on_go_to_stderr(shown: tuple[Home, Done]) -> None:
    made, done = shown
    assert "2 centros y 40 pacientes" in done.err
    for command in ("demo", "db stop", "demo --remove"):
        assert f"CLINICDESK_HOME={made.path} " in done.err
        assert f" {command}\n" in done.err


def test_the_server_stays_up_and_a_second_time_finds_the_network(shown: tuple[Home, Done]) -> None:
    made, first = shown
    assert embedded.status(made.path).running
    again = made.run("demo", "--no-tui", "--json")
    assert again.data == first.data
    other = made.run("demo", "--no-tui", "--json", "--clinics", "7")
    assert other.data == first.data
    assert "2 centros" in other.err
    with psycopg.connect(embedded.start(made.path).owner_dsn) as owner:
        assert owner.execute("SELECT count(*) FROM clinics").fetchone() == (2,)


def test_people_read_a_table(shown: tuple[Home, Done]) -> None:
    lines = shown[0].run("demo", "--no-tui").out.splitlines()
    assert lines[0].split() == ["Rol", "Usuario", "Clave", "Centro"]
    assert ["medico", "medico", "medico-demo", "NORTE"] in [line.split() for line in lines]


def test_a_demo_is_not_installed_upon(shown: tuple[Home, Done]) -> None:
    done = shown[0].run("init", *FIRST)
    assert (done.code, done.out) == (5, "")
    assert "demostración" in done.err
    with psycopg.connect(embedded.start(shown[0].path).owner_dsn) as owner:
        assert owner.execute("SELECT count(*) FROM logins WHERE NOT is_demo").fetchone() == (0,)


@pytest.mark.parametrize("name", ["CLINICDESK_DATABASE_URL", "CLINICDESK_OWNER_URL"])
def test_a_demo_never_goes_to_a_server(shown: tuple[Home, Done], name: str) -> None:
    done = shown[0].run("demo", "--no-tui", **{name: shown[1].data["database_url"]})
    assert (done.code, done.out) == (5, "")
    assert name in done.err


def test_without_a_terminal_it_says_how(shown: tuple[Home, Done]) -> None:
    done = shown[0].run("demo")
    assert done.code == 2
    assert "--no-tui" in done.err


@pytest.mark.parametrize(
    "words", [("--clinics", "0"), ("--clinics", "201"), ("--patients", "-5"), ("--clinics", "x")]
)
def test_sizes_have_bounds(shown: tuple[Home, Done], words: tuple[str, str]) -> None:
    assert shown[0].run("demo", "--no-tui", *words).code == 2


def test_the_desk_opens_with_the_users_on_its_login_and_tells_the_way_back(shown: tuple[Home, Done]) -> None:
    made, _done = shown
    environ: dict[str, str | None] = {
        **made.environ(),
        "CLINICDESK_PASSWORD_FILE": None,
        "TERM": "xterm-256color",
    }
    with Terminal([PROGRAM, "demo"], env=environ, size=(80, 24)) as terminal:
        terminal.wait_for("Usuario", 60)
        terminal.settle()
        for role in STAFF_ROLES:
            assert any("-demo" in line and _word(role) in line for line in terminal.lines), terminal.text
        terminal.send("medico\rmedico-demo\r")
        terminal.wait_for(lambda: "medico-demo" not in terminal.text and "Médico" in terminal.text, 30)
        terminal.settle()
        terminal.send("\x1b[21~")  # F10
        terminal.wait_for("3 salir")
        terminal.send("3")
        assert terminal.wait_end(30) == 0
        for command in ("demo", "db stop", "demo --remove"):
            assert command in terminal.output.decode(errors="replace").rpartition("Volver")[2]


def _word(role: Role) -> str:
    from clinicdesk.tui.roles import role_word

    return role_word(role.value)


def test_removing_asks_and_leaves_nothing(open_tmp: Path, tmp_path: Path) -> None:
    with home(open_tmp, tmp_path, "gone") as made:
        assert made.run("demo", "--no-tui", "--json", "--clinics", "1", "--patients", "20").code == 0
        assert made.run("demo", "--remove").code == 2, "nobody is there to answer"
        assert embedded.status(made.path).running
        done = made.run("demo", "--remove", "--yes", "--json")
        assert done.data == {"removed": str(made.path), "left": []}
        assert not made.path.exists()
        assert made.run("demo", "--remove", "--yes").code == 3


def test_what_is_not_a_demo_is_not_removed(open_tmp: Path, tmp_path: Path) -> None:
    with home(open_tmp, tmp_path, "real") as made:
        done = made.run("demo", "--remove", "--yes")
        assert (done.code, done.out) == (3, "")
        assert embedded.status(made.path).running


@pytest.fixture
def nobody() -> Iterator[tuple[Path, Callable[..., Done]]]:
    """The account nobody with a home of its own, and the program run by it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    account = pwd.getpwnam("nobody")
    place = Path(tempfile.mkdtemp(prefix="nobody-"))
    os.chown(place, account.pw_uid, account.pw_gid)
    everywhere = os.pathsep.join(path for path in sys.path if path and Path(path).is_dir())

    def run(*arguments: str) -> Done:
        code = "from clinicdesk.cli.main import run; run()"
        done = subprocess.run(
            [_interpreter(account), "-c", code, *arguments],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": str(place), "PYTHONPATH": everywhere},
            cwd="/",
            user=account.pw_uid,
            group=account.pw_gid,
            extra_groups=[],
            timeout=300,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    yield place, run
    shutil.rmtree(place)


def _interpreter(account: pwd.struct_passwd) -> str:
    """A Python of this version that the account can run: ours may lie in a folder closed to it."""
    for found in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin") or ""):
        tell = [found, "-c", "import sys; print(sys.version_info[:2])"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            told = subprocess.run(
                tell, check=True, capture_output=True, text=True, user=account.pw_uid, cwd="/"
            )
            if told.stdout.strip() == str(sys.version_info[:2]):
                return found
    pytest.skip(f"the account {account.pw_name} can run no Python {sys.version_info[:2]}")


def test_an_ordinary_account_makes_a_demo_of_its_own(nobody: tuple[Path, Callable[..., Done]]) -> None:
    place, run = nobody
    done = run("demo", "--no-tui", "--json", *SMALL)
    if "ModuleNotFoundError" in done.err:
        pytest.skip("the installed packages are closed to the account nobody")
    assert done.code == 0, done.err
    home_of_demo = place / ".local/share/clinicdesk-demo"
    assert f"CLINICDESK_HOME={home_of_demo} clinicdesk db stop" in done.err
    assert (home_of_demo / "data").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    # The server is nobody's own: root is an owner of it too, and a person enters by password.
    bootstrap.log_in(done.data["database_url"], "medico", "medico-demo", host="prueba").close()
    assert run("demo", "--remove", "--yes").code == 0
    assert not home_of_demo.exists()
