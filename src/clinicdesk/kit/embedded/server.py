"""Start, find, stop and remove the embedded server of one home."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from clinicdesk.kit.embedded.account import Account, account_for, require_reach, visible_account
from clinicdesk.kit.embedded.binaries import programs_for
from clinicdesk.kit.embedded.cluster import make_cluster, require_sound
from clinicdesk.kit.embedded.errors import ForeignFolder, OwnerRefused, StillStarting, WrongAccount
from clinicdesk.kit.embedded.launch import START_SECONDS, bring_up, running, take_down
from clinicdesk.kit.embedded.layout import (
    PORT,
    Layout,
    adopt,
    is_private,
    layout_of,
    locked,
    make_home,
    refuse_others_home,
    short_folder,
)
from clinicdesk.kit.embedded.probe import COMING_OR_GOING, NO_SUCH_DATABASE, TOO_MANY, Greeting, greet
from clinicdesk.kit.embedded.process import PidFile


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, ready for connections."""

    home: Path
    data_dir: Path
    socket_dir: Path
    pid: int
    version: str
    superuser: str
    database: str

    def dsn(self, user: str, database: str = "") -> str:
        """A libpq URL without password for `user`; `database` defaults to the server's own."""
        return _url(self.socket_dir, user, database or self.database)

    @property
    def owner_dsn(self) -> str:
        """The superuser's URL; only the account that runs the server, and root, get in by it."""
        return self.dsn(self.superuser)


def _url(socket_dir: Path, user: str, database: str) -> str:
    """The port is named too, so that no PGPORT of the caller turns us away."""
    who, name = quote(user, safe=""), quote(database, safe="")
    return f"postgresql://{who}@/{name}?host={quote(str(socket_dir))}&port={PORT}"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a home without changing anything. `size_bytes` counts the data folder's files."""

    running: bool
    initialised: bool
    pid: int | None
    version: str
    account: str
    home: Path
    data_dir: Path
    log_dir: Path
    socket_dir: Path | None
    started_at: datetime | None
    size_bytes: int


def start(
    home: Path, *, database: str = "clinicdesk", superuser: str = "clinicdesk", durable: bool = True
) -> Server:
    """The running server of `home`: found, else started; its cluster and `database` are made when missing.

    Safe for several desks at once and after any crash. `durable=False` is for tests: a power cut may lose
    everything; it takes effect when this call is the one that starts the server. As root the server runs
    as the system account `clinicdesk`. Raises a subclass of `EmbeddedFault`.
    """
    layout = layout_of(home)
    make_home(layout)
    refuse_others_home(layout)
    with locked(layout):
        account = account_for(layout.data)
        _prepare(layout, account, superuser, durable=durable)
        return _serve(layout, account, database, superuser, durable=durable)


def _serve(layout: Layout, account: Account, database: str, superuser: str, *, durable: bool) -> Server:
    """Bring the server up until it lets its owner in; one that was just killed may look alive at first."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        written = bring_up(layout, account, durable=durable)
        socket_dir = _own_socket(written, account)
        greeting = _open_database(socket_dir, superuser, database)
        if greeting.welcome or greeting.sqlstate == TOO_MANY:
            version = greeting.version
            return Server(layout.home, layout.data, socket_dir, written.pid, version, superuser, database)
        if greeting.sqlstate not in COMING_OR_GOING:
            raise OwnerRefused(path=layout.home, sqlstate=greeting.sqlstate)
        time.sleep(0.05)
    raise StillStarting


def _prepare(layout: Layout, account: Account, superuser: str, *, durable: bool) -> None:
    adopt(layout, account)
    if not layout.data.exists():
        require_reach(account, layout.home)
        make_cluster(layout, account, programs_for(layout, account), superuser, durable=durable)
    require_sound(layout)


def _own_socket(written: PidFile, account: Account) -> Path:
    """The socket folder the server named, refused when somebody else could have put it there."""
    folder = written.socket_dir
    if folder is None or not is_private(folder, account.uid):
        raise WrongAccount(path=folder, owner=Account.owner_of(folder or Path("/")))
    return folder


def _open_database(socket_dir: Path, superuser: str, database: str) -> Greeting:
    """The server's answer to its owner, the database made first where it was missing."""
    greeting = greet(socket_dir, superuser, database)
    if greeting.sqlstate != NO_SUCH_DATABASE:
        return greeting
    _create_database(socket_dir, superuser, database)
    return greet(socket_dir, superuser, database)


def _create_database(socket_dir: Path, superuser: str, database: str) -> None:
    """Also close the two databases that every cluster has and that nobody but the owner needs.

    A line that breaks here is found out, and tried again, by whoever greets the server next.
    """
    import psycopg
    from psycopg.sql import SQL, Identifier

    with (
        suppress(psycopg.OperationalError),
        psycopg.connect(_url(socket_dir, superuser, "postgres"), autocommit=True) as connection,
    ):
        connection.execute("REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC")
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(database)))


def stop(home: Path) -> bool:
    """Stop the server, its clients disconnected, nothing committed lost; whether it was running.

    Raises `DidNotStop`, `WrongAccount`, `Busy`.
    """
    layout = layout_of(home)
    if not layout.made_here():
        return False
    refuse_others_home(layout)
    with locked(layout):
        return take_down(layout)


def remove(home: Path) -> tuple[Path, ...]:
    """Stop the server and delete cluster, logs and all else that `start` made; what stays in the home.

    The home folder itself goes when nothing of others is left in it. Raises `ForeignFolder`, `WrongAccount`,
    `DidNotStop`.
    """
    layout = layout_of(home)
    if not layout.home.exists():
        return ()
    if not layout.made_here():
        raise ForeignFolder(path=layout.home)
    refuse_others_home(layout)
    with locked(layout):
        take_down(layout)
        for folder in _folders(layout):
            shutil.rmtree(folder)
        layout.mark.unlink()
        layout.lock.unlink()
    left = tuple(sorted(layout.home.iterdir()))
    if not left:
        with suppress(PermissionError):  # a folder that only the system's owner can take away, as in /var/lib
            layout.home.rmdir()
    return left


def _folders(layout: Layout) -> tuple[Path, ...]:
    """The folders to delete, data last: a removal that is cut short can be taken up again."""
    folders = [*layout.leftovers(), layout.run, layout.log, layout.programs, layout.data]
    if layout.data.exists():
        uid = layout.data.stat().st_uid
        short = short_folder(layout, uid)
        folders[:0] = [short] if is_private(short, uid) else []
    return tuple(folder for folder in folders if folder.exists())


def initialised(home: Path) -> bool:
    """Whether there are data below `home`. Looks, changes nothing. Raises `WrongAccount`."""
    return visible_account(layout_of(home).data) is not None


def status(home: Path, *, database: str = "clinicdesk", superuser: str = "clinicdesk") -> Status:
    """Look, change nothing. Raises `WrongAccount` where the data are closed to us."""
    layout = layout_of(home)
    account = visible_account(layout.data)
    written = running(layout) if account else None
    return Status(
        running=written is not None,
        initialised=account is not None,
        pid=written.pid if written else None,
        version=_version(layout, written, superuser, database) if account else "",
        account=account.name if account else "",
        home=layout.home,
        data_dir=layout.data,
        log_dir=layout.log,
        socket_dir=written.socket_dir if written else None,
        started_at=written.started_at if written else None,
        size_bytes=_size(layout.data),
    )


def _version(layout: Layout, written: PidFile | None, superuser: str, database: str) -> str:
    """The running server's full version, else the major one that the data are written in."""
    greeting = Greeting(welcome=False)
    if written is not None and written.socket_dir is not None:
        greeting = greet(written.socket_dir, superuser, database)
    if greeting.version:
        return greeting.version
    return (layout.data / "PG_VERSION").read_text(encoding="utf-8").strip()


def _size(folder: Path) -> int:
    """Bytes of all files below `folder`; a file that goes away meanwhile counts nothing."""
    total = 0
    for place, _folders_in, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                total += (Path(place) / name).lstat().st_size
    return total
