"""Where everything of one embedded server lies, and the lock that lets one desk at a time change it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clinicdesk.kit.embedded.account import Account
from clinicdesk.kit.embedded.errors import Busy, ForeignFolder, HomeNotMade, HomeOpen, WrongAccount

PORT = 5432  # only part of the socket's name: nothing listens on TCP
MARK = "clinicdesk embedded postgresql, layout 1\n"
SOCKET_ROOM = 100  # bytes for the socket's path; macOS allows 103, Linux 107
LOCK_PATIENCE = 150.0  # seconds: a cold start on a slow disk plus a crash recovery
SPLITS_A_LIST = set(",\"'\\")  # libpq and PostgreSQL read a comma as the next directory
NOT_THE_OWNER = 0o077
OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one home; nothing here touches the disk."""

    home: Path

    @property
    def data(self) -> Path:
        """The cluster: owned by the server's account, 0700."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """The server's log files: owned by the server's account, 0700."""
        return self.home / "log"

    @property
    def run(self) -> Path:
        """The usual socket folder: owned by the server's account, 0700."""
        return self.home / "run"

    @property
    def programs(self) -> Path:
        """Copies of the PostgreSQL programs, where the account cannot reach the installed ones."""
        return self.home / "postgresql"

    @property
    def mark(self) -> Path:
        """The file that says: this folder was made by us."""
        return self.home / ".clinicdesk-postgresql"

    @property
    def lock(self) -> Path:
        """Held while the server is started, stopped or removed."""
        return self.home / ".postgresql.lock"

    @property
    def hba(self) -> Path:
        """Who may log in, and how."""
        return self.data / "pg_hba.conf"

    @property
    def ident(self) -> Path:
        """Which accounts of the machine are the owner."""
        return self.data / "pg_ident.conf"

    @property
    def start_log(self) -> Path:
        """What the server says before it opens its dated log."""
        return self.log / "start.log"

    @property
    def ours(self) -> tuple[Path, ...]:
        """Everything that we make in a home, but for the lock and half-made clusters."""
        return (self.mark, self.data, self.log, self.run, self.programs)

    def made_here(self) -> bool:
        """Whether the home carries our mark."""
        try:
            return self.mark.read_text(encoding="utf-8") == MARK
        except (FileNotFoundError, NotADirectoryError):
            return False

    def leftovers(self) -> tuple[Path, ...]:
        """Half-made clusters of an initdb that was killed."""
        return tuple(self.home.glob("init-*"))


def layout_of(home: Path) -> Layout:
    """The layout of `home`, with links and `..` resolved so that every desk sees one name."""
    return Layout(home.expanduser().resolve())


def make_home(layout: Layout) -> None:
    """Make the home folder itself, closed to others. Raises `HomeNotMade`."""
    try:
        layout.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeNotMade(path=layout.home, detail=error.strerror) from None


def adopt(layout: Layout, account: Account) -> None:
    """Mark the home as ours, unless something that is not ours stands under one of our names.

    As root the home stays root's, and the account may only pass through it: nothing that root
    opens by name can then be swapped by the account.
    Raises `ForeignFolder`, `HomeOpen`, `WrongAccount`.
    """
    refuse_others_home(layout)
    ours = layout.made_here()
    if not ours and any(path.exists() for path in layout.ours):
        raise ForeignFolder(path=layout.home)
    if ours or not [entry for entry in layout.home.iterdir() if entry != layout.lock]:
        _close(layout.home, account)
    elif layout.home.stat().st_mode & stat.S_IWOTH:
        raise HomeOpen(path=layout.home)
    if not ours:
        layout.mark.write_text(MARK, encoding="utf-8")


def _close(home: Path, account: Account) -> None:
    """Nobody else writes here; the server's account, where it is not ours, passes through."""
    before = stat.S_IMODE(home.stat().st_mode)
    after = before & ~OPEN_TO_OTHERS
    if account.is_other and not before & stat.S_IXOTH:
        os.chown(home, -1, account.gid)
        after |= stat.S_IXGRP
    if after != before:
        home.chmod(after)


def refuse_others_home(layout: Layout) -> None:
    """Writing in a home of another account would let that account steer us: not even as root."""
    owner = layout.home.stat().st_uid
    if owner != os.geteuid():
        raise WrongAccount(path=layout.home, owner=Account.name_of(owner))


def private_folder(path: Path, account: Account) -> None:
    """Make `path` a folder of the account, 0700, inside a home that only we can write."""
    path.mkdir(mode=0o700, exist_ok=True)
    if account.is_other:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    if not is_private(path, account.uid):
        path.chmod(0o700)


def is_private(path: Path, uid: int) -> bool:
    """Whether `path` is a real folder of `uid` that nobody else can enter."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == uid and not facts.st_mode & NOT_THE_OWNER


def socket_folder(layout: Layout, account: Account) -> Path:
    """Make and give the folder for the socket: `home/run`, or a short one where that name is too long.

    Not XDG_RUNTIME_DIR: it is emptied at logout, while the server stays up for the other desks.
    """
    if fits_a_socket(layout.run):
        private_folder(layout.run, account)
        return layout.run
    short = short_folder(layout, account.uid)
    try:
        short.mkdir(mode=0o700)
    except FileExistsError:
        if is_private(short, account.uid):
            return short
        short = Path(tempfile.mkdtemp(prefix=f"clinicdesk-{account.uid}-", dir=short.parent))
    if account.is_other:
        os.chown(short, account.uid, account.gid, follow_symlinks=False)
    return short


def short_folder(layout: Layout, uid: int) -> Path:
    """The socket folder of a home whose name is too long; somebody else may have planted it."""
    digest = hashlib.blake2b(os.fsencode(layout.home), digest_size=6).hexdigest()
    return Path("/tmp") / f"clinicdesk-{uid}-{digest}"  # noqa: S108 - owner and mode are checked before use


def fits_a_socket(folder: Path) -> bool:
    """Whether a socket in `folder` has a name that the kernel, libpq and PostgreSQL all read alike."""
    text = str(folder)
    long = len(os.fsencode(folder / f".s.PGSQL.{PORT}")) > SOCKET_ROOM
    return not long and not (set(text) & SPLITS_A_LIST) and text.isprintable() and text == text.strip()


@contextmanager
def locked(layout: Layout, patience: float = LOCK_PATIENCE) -> Iterator[None]:
    """Hold the home's lock; the kernel frees it when the holder dies. Raises `Busy`, `WrongAccount`."""
    deadline = time.monotonic() + patience
    while True:
        fd = _open_lock(layout)
        try:
            if _lock_until(fd, deadline) and _still_there(fd, layout.lock):
                yield
                return
        finally:
            os.close(fd)
        if time.monotonic() > deadline:
            raise Busy


def _open_lock(layout: Layout) -> int:
    try:
        return os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except PermissionError:
        raise WrongAccount(path=layout.home, owner=Account.owner_of(layout.home)) from None


def _lock_until(fd: int, deadline: float) -> bool:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        else:
            return True


def _still_there(fd: int, path: Path) -> bool:
    """A lock on a file that `remove` has unlinked meanwhile protects nothing."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False
