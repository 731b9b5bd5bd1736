"""Installations of their own for tests: homes with an embedded server, and servers that others run."""

from __future__ import annotations

import contextlib
import io
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg import sql

from clinicdesk.cli import main
from clinicdesk.cli.outcome import outcome
from clinicdesk.kit import embedded
from tests.cli.conftest import PROGRAM, Done
from tests.factories import PASSWORD

DEBIAN_15: Final = Path("/usr/lib/postgresql/15/bin")
FIRST: Final = (
    "--clinic-code", "CENTRAL", "--clinic-name", "Centro Central", "--country", "UY",
    "--admin", "ana", "--given", "Ana", "--family", "Ñandutí",
)  # fmt: skip


@dataclass(frozen=True)
class Home:
    """A home, and the installed program run in it."""

    path: Path
    secret: Path

    def environ(self, user: str | None = None, **changes: str) -> dict[str, str]:
        """Nobody's environment but for the home; with a user, also their password."""
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        state = {"HOME": str(self.secret.parent), "XDG_STATE_HOME": str(self.secret.parent / "state")}
        who = {"CLINICDESK_USER": user} if user else {}
        own = {"CLINICDESK_HOME": str(self.path), "CLINICDESK_PASSWORD_FILE": str(self.secret)}
        return {**kept, **state, **own, **who, **changes}

    def run(self, *arguments: str, user: str | None = None, **changes: str) -> Done:
        """Run a command without a terminal, in this process: its imports are paid for once."""
        with _become(self.environ(user, **changes)), _captured() as (out, err):
            code = outcome(lambda: main.main(list(arguments)))
        return Done(code, out.getvalue().decode(), err.getvalue().decode())

    def program(self, *arguments: str, user: str | None = None, **changes: str) -> Done:
        """Run the installed program without a terminal."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env=self.environ(user, **changes),
            timeout=300,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


@contextlib.contextmanager
def _become(wanted: dict[str, str]) -> Iterator[None]:
    """Another environment and this one again, signal handlers too."""
    before = dict(os.environ)
    handlers = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)}
    os.environ.clear()
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _captured() -> Iterator[tuple[io.BytesIO, io.BytesIO]]:
    """What is printed, as bytes; nothing to read from."""
    out, err, stdin = io.BytesIO(), io.BytesIO(), sys.stdin
    sys.stdin = io.StringIO()
    told, talked = (io.TextIOWrapper(each, "utf-8", write_through=True) for each in (out, err))
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(talked):
            yield out, err
    finally:
        sys.stdin = stdin
        told.detach()
        talked.detach()


@contextlib.contextmanager
def home(parent: Path, secrets: Path, name: str, *, started: bool = True) -> Iterator[Home]:
    """A home below `parent`, its server started without fsync; stopped at the end whatever a test did."""
    secret = secrets / f"clave-{name}"
    secret.touch(mode=0o600)
    secret.write_text(f"{PASSWORD}\n")
    path = parent / name
    if started:
        embedded.start(path, durable=False)
    try:
        yield Home(path, secret)
    finally:
        embedded.stop(path)


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server somebody else runs. `url(user, password, database)` is a place in it."""

    version: str
    url: Callable[[str, str, str], str]
    superuser: str

    def execute(self, *statements: str) -> None:
        """As its superuser, each statement by itself."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            for statement in statements:
                connection.execute(sql.SQL(statement))


@contextlib.contextmanager
def debian_15(parent: Path) -> Iterator[Server]:
    """PostgreSQL 15 as Debian brings it, run by the account `postgres`, passwords by SCRAM on a socket."""
    if not (DEBIAN_15 / "initdb").exists():
        pytest.skip(f"needs PostgreSQL 15 in {DEBIAN_15}")
    folder = parent / "pg15"
    folder.mkdir()
    secret = folder / "pw"
    secret.write_text("raiz\n")
    account = _account(folder)
    _run(
        account, "initdb", "-D", folder / "d", "-U", "raiz", "-A", "scram-sha-256", f"--pwfile={secret}", "-N"
    )
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    _run(account, "pg_ctl", "-D", folder / "d", "-w", "-o", options, "-l", folder / "log", "start")
    try:
        yield Server("15", lambda u, p, d: f"postgresql://{u}:{p}@/{d}?host={folder}",
                     f"postgresql://raiz:raiz@/postgres?host={folder}")  # fmt: skip
    finally:
        _run(account, "pg_ctl", "-D", folder / "d", "-m", "fast", "stop")
        shutil.rmtree(folder)


def _account(folder: Path) -> pwd.struct_passwd | None:
    """Who runs it: this account, or as root `postgres`, who then owns the folder."""
    if os.geteuid() != 0:
        return None
    try:
        account = pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("needs the account postgres to run a server as root")
    for path in (folder, *folder.iterdir()):
        os.chown(path, account.pw_uid, account.pw_gid)
    return account


def _run(account: pwd.struct_passwd | None, program: str, *arguments: object) -> None:
    subprocess.run(
        [str(DEBIAN_15 / program), *map(str, arguments)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        timeout=300,
    )


@contextlib.contextmanager
def embedded_18(parent: Path) -> Iterator[Server]:
    """The wheel's PostgreSQL 18, entered by URL and password as any server is."""
    path = parent / "pg18"
    server = embedded.start(path, durable=False)
    with psycopg.connect(server.dsn(server.superuser, "postgres")) as connection:
        connection.execute("GRANT CONNECT ON DATABASE postgres TO PUBLIC")  # as on any server of others
    try:
        yield Server("18", lambda u, p, d: server.dsn(u, d).replace(f"{u}@", f"{u}:{p}@"), server.owner_dsn)
    finally:
        embedded.stop(path)
        shutil.rmtree(path)  # the next file of tests begins with a cluster of its own
