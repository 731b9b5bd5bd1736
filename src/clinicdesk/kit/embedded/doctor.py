"""Look a home over: each finding is a code, whether it is well, and the fact seen (no sentence)."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clinicdesk.kit.embedded.account import Account, clean_environment, visible_account
from clinicdesk.kit.embedded.binaries import MAJOR, binary
from clinicdesk.kit.embedded.config import foreign_rules, unproven_rules
from clinicdesk.kit.embedded.errors import BinariesMissing
from clinicdesk.kit.embedded.launch import running
from clinicdesk.kit.embedded.layout import OPEN_TO_OTHERS, PORT, Layout, is_private, layout_of
from clinicdesk.kit.embedded.process import PidFile, read_pid_file
from clinicdesk.kit.embedded.serverlog import start_complaints

LEAST_FREE = 1024**3
SETTINGS = {
    "listen": "SELECT current_setting('listen_addresses')",
    "durable": "SELECT concat_ws(' ', current_setting('fsync'), current_setting('full_page_writes'))",
    "locale": "SELECT concat_ws(' ', datlocprovider, datlocale, pg_encoding_to_char(encoding))"
    " FROM pg_database WHERE datname = current_database()",
}
EXPECTED = {"listen": "", "durable": "on on", "locale": "b C.UTF-8 UTF8"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `detail` is the fact itself: a path, a number, a line of a file."""

    code: str
    ok: bool
    detail: str


def doctor(
    home: Path, *, database: str = "clinicdesk", superuser: str = "clinicdesk", least_free: int = LEAST_FREE
) -> tuple[Finding, ...]:
    """Every finding of `home`; what only a running server or existing data can tell is left out without them.

    Codes: programs home data version hba checksums space log pid server socket listen durable locale.
    Raises `WrongAccount` where the data are closed to us.
    """
    layout = layout_of(home)
    account = visible_account(layout.data)
    findings = [_programs(), _home(layout), _space(layout, least_free)]
    if account is None:
        return (*findings, Finding("data", ok=False, detail=f"{layout.data} -"))
    findings += [_data(layout, account), *_files(layout, superuser)]
    alive = running(layout)
    findings += [_pid(layout, alive), Finding("server", ok=True, detail=str(alive.pid) if alive else "-")]
    if alive is not None and alive.socket_dir is not None:
        findings += [_socket(alive.socket_dir, account), *_asked(alive.socket_dir, superuser, database)]
    return tuple(findings)


def _programs() -> Finding:
    try:
        program = binary("postgres")
        told = _told(program, "--version")
    except (BinariesMissing, OSError) as error:
        return Finding("programs", ok=False, detail=str(error))
    return Finding("programs", ok=f" {MAJOR}." in told, detail=f"{told.strip()} {program.parent}")


def _told(program: Path, *words: str) -> str:
    return subprocess.run(  # noqa: S603 - a program of the wheel with our own paths
        [str(program), *words],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    ).stdout


def _home(layout: Layout) -> Finding:
    """Ours, marked, and writable by its owner alone: else somebody could swap the folders inside."""
    if not layout.home.exists():
        return Finding("home", ok=False, detail=f"{layout.home} -")
    facts = layout.home.stat()
    well = layout.made_here() and facts.st_uid == os.geteuid() and not facts.st_mode & OPEN_TO_OTHERS
    return Finding("home", ok=well, detail=_described(layout.home))


def _described(path: Path) -> str:
    facts = path.lstat()
    return f"{path} {Account.name_of(facts.st_uid)} {stat.S_IMODE(facts.st_mode):04o}"


def _space(layout: Layout, least: int) -> Finding:
    place = next(folder for folder in (layout.data, *layout.data.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Finding("space", ok=free >= least, detail=str(free))


def _data(layout: Layout, account: Account) -> Finding:
    return Finding("data", ok=is_private(layout.data, account.uid), detail=_described(layout.data))


def _files(layout: Layout, superuser: str) -> Iterator[Finding]:
    """What the cluster's files tell, whether the server is up or not."""
    version = (layout.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    yield Finding("version", ok=version == MAJOR, detail=version)
    hba = layout.hba.read_text(encoding="utf-8", errors="replace")
    strange = unproven_rules(hba) or foreign_rules(hba, superuser)
    yield Finding("hba", ok=not strange, detail=" | ".join(strange) or str(layout.hba))
    yield _checksums(layout)
    complaints = start_complaints(layout.log)
    yield Finding("log", ok=not complaints, detail=complaints[-1] if complaints else str(layout.log))


def _checksums(layout: Layout) -> Finding:
    try:
        control = _told(binary("pg_controldata"), "-D", str(layout.data))
    except (BinariesMissing, OSError) as error:
        return Finding("checksums", ok=False, detail=str(error))
    sums = next((line.split()[-1] for line in control.splitlines() if "page checksum version" in line), "-")
    return Finding("checksums", ok=sums not in {"-", "0"}, detail=sums)


def _pid(layout: Layout, alive: PidFile | None) -> Finding:
    written = read_pid_file(layout.data)
    stale = alive is None and written is not None
    return Finding("pid", ok=not stale, detail=str(written.pid) if written else "-")


def _socket(folder: Path, account: Account) -> Finding:
    return Finding("socket", ok=is_private(folder, account.uid), detail=_described(folder))


def _asked(socket_dir: Path, superuser: str, database: str) -> Iterator[Finding]:
    """What only the server can tell; one finding `login` when it does not let its owner in."""
    import psycopg

    try:
        with psycopg.connect(
            host=str(socket_dir), port=PORT, user=superuser, dbname=database, connect_timeout=10
        ) as connection:
            for code, question in SETTINGS.items():
                row = connection.execute(question.encode()).fetchone()
                answer = str(row[0]) if row else "-"
                yield Finding(code, ok=answer == EXPECTED[code], detail=answer)
    except psycopg.OperationalError as error:
        yield Finding("login", ok=False, detail=str(error).strip())
