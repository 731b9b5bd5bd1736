"""A desk for tests: one home, used by this account or, where we are root, also by an ordinary one."""

from __future__ import annotations

import os
import pickle
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import psycopg.sql  # loaded here: an ordinary account may not reach the interpreter's folder any more

from clinicdesk.kit import embedded
from clinicdesk.kit.embedded import process
from clinicdesk.kit.errors import Refusal

ORDINARY = "nobody"
RESTART_SECONDS = 120  # for a thing that happens on its own; only a failing test waits that long


@dataclass(frozen=True)
class Refused:
    """A refusal as it comes back from another process."""

    code: str
    sentence: str


@dataclass
class Running:
    """A call at work in a process of its own."""

    pid: int
    pipe: int

    def result(self) -> Any:
        """What the call gave, or `Refused`; fails when the process broke."""
        with os.fdopen(self.pipe, "rb") as stream:
            told = stream.read()
        os.waitpid(self.pid, 0)
        kind, value = pickle.loads(told) if told else ("broken", "no word")
        assert kind == "done", value
        return value


@dataclass(frozen=True)
class Desk:
    """Somebody (None: ourselves) at a home."""

    home: Path
    uid: int | None

    def begin(self, call: Callable[..., Any], *args: Any, **words: Any) -> Running:
        """Run a call as this person in a process and session of its own."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            told = pickle.dumps(self._run(call, *args, **words))
            with os.fdopen(writing, "wb") as stream:
                stream.write(told)
            os._exit(0)
        os.close(writing)
        return Running(pid, reading)

    def _run(self, call: Callable[..., Any], *args: Any, **words: Any) -> tuple[str, Any]:
        try:
            os.setsid()
            if self.uid is not None:
                os.setgroups([])
                os.setgid(pwd.getpwuid(self.uid).pw_gid)
                os.setuid(self.uid)
            return "done", call(*args, **words)
        except Refusal as refusal:
            return "done", Refused(refusal.code, str(refusal))
        except BaseException as error:  # noqa: BLE001 - told to the test's own process
            return "broken", repr(error)

    def do(self, call: Callable[..., Any], *args: Any, **words: Any) -> Any:
        """Run a call as this person and wait for what it gives."""
        return self.begin(call, *args, **words).result()

    def start(self, **words: Any) -> Any:
        """`embedded.start` on this home, quick and not durable unless told otherwise."""
        return self.do(embedded.start, self.home, **({"durable": False} | words))

    def stop(self) -> Any:
        """`embedded.stop` on this home."""
        return self.do(embedded.stop, self.home)

    def remove(self) -> Any:
        """`embedded.remove` on this home."""
        return self.do(embedded.remove, self.home)

    def doctor(self, **words: Any) -> dict[str, embedded.Finding]:
        """`embedded.doctor` on this home, by code."""
        found: tuple[embedded.Finding, ...] = self.do(embedded.doctor, self.home, **words)
        return {finding.code: finding for finding in found}

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.home / "data"

    def members(self) -> tuple[int, ...]:
        """Every living process of this home's server."""
        return process.members(self.data)

    def servers(self) -> tuple[int, ...]:
        """The server processes proper, without their children."""
        return process.heads(self.data)

    def tool(self, name: str, *words: str) -> None:
        """Run a PostgreSQL program on the data, as their owner."""
        owner = pwd.getpwuid(self.data.stat().st_uid)
        other = owner.pw_uid != os.geteuid()
        subprocess.run(
            [str(embedded.binary(name)), "-D", str(self.data), *words],
            check=True,
            capture_output=True,
            user=owner.pw_uid if other else None,
            group=owner.pw_gid if other else None,
            extra_groups=[] if other else None,
        )

    def write_as_owner(self, path: Path, text: str) -> None:
        """Write a file of the data so that the server can still read it."""
        path.write_text(text)
        owner = self.data.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def make_home(uid: int | None) -> Path:
    """An empty home with a short name, in a folder that every account can reach."""
    home = Path(tempfile.mkdtemp(prefix="cd-", dir="/tmp"))
    if uid is not None:
        os.chown(home, uid, pwd.getpwuid(uid).pw_gid)
    return home


def clear_home(desk: Desk) -> None:
    """Leave neither process nor file of a test behind, whatever the test did."""
    if (desk.home / ".clinicdesk-postgresql").exists():
        desk.remove()
    assert desk.members() == ()
    shutil.rmtree(desk.home, ignore_errors=True)


def until(what: Callable[[], object]) -> None:
    """Wait for something that happens on its own."""
    deadline = time.monotonic() + RESTART_SECONDS
    while not what():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def query(server: embedded.Server, statement: str, *values: Any) -> Any:
    """The first value that a statement gives to the owner, or None."""
    with psycopg.connect(server.owner_dsn, autocommit=True) as connection:
        cursor = connection.execute(statement.encode(), values)
        row = cursor.fetchone() if cursor.description else None
    return row[0] if row else None
