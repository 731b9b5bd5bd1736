"""Which account of the machine runs the server, and how to run something as that account."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clinicdesk.kit.embedded.errors import (
    AccountClosed,
    AccountMissing,
    AccountUnknown,
    HomeUnreachable,
    WrongAccount,
)

SYSTEM_ACCOUNT = "clinicdesk"
SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether we must change over to it (we are root then)."""
        return self.uid != os.geteuid()

    @staticmethod
    def by_uid(uid: int) -> Account:
        """The account with this number. Raises `AccountUnknown`."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            raise AccountUnknown(uid=uid) from None
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @staticmethod
    def name_of(uid: int) -> str:
        """The account's name, or its number where it has none."""
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return str(uid)

    @staticmethod
    def owner_of(path: Path) -> str:
        """Name of the owner of `path`, or of the nearest folder above it that we may look at."""
        for place in (path, *path.parents):
            try:
                return Account.name_of(place.stat().st_uid)
            except OSError:
                continue
        return "?"


def account_of(data: Path) -> Account | None:
    """The account that owns existing data; None where there are none, or root's (no server runs as root)."""
    try:
        owner = data.stat().st_uid
    except FileNotFoundError:
        return None
    except PermissionError:
        raise WrongAccount(path=data, owner=Account.owner_of(data)) from None
    return Account.by_uid(owner) if owner else None


def visible_account(data: Path) -> Account | None:
    """The same, where we may look into the data: they are ours, or we are root. Raises `WrongAccount`."""
    owner = account_of(data)
    if owner is not None and owner.is_other and os.geteuid() != 0:
        raise WrongAccount(path=data, owner=owner.name)
    return owner


def account_for(data: Path) -> Account:
    """Who is to run the server: the owner of existing data, else we, else (as root) a system account."""
    if (owner := account_of(data)) is not None:
        return owner
    return Account.by_uid(os.geteuid()) if os.geteuid() else system_account()


def system_account(name: str = SYSTEM_ACCOUNT) -> Account:
    """The system account that runs the server for root, made when missing. Raises `AccountMissing`."""
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        detail = _make_account(name)
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise AccountMissing(name=name, detail=detail) from None
    if entry.pw_uid == 0:
        raise AccountMissing(name=name, detail="uid 0")
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _make_account(name: str) -> str:
    """Try the tools at hand (shadow, busybox); the answer is what the last one complained about."""
    shell = "/usr/sbin/nologin" if Path("/usr/sbin/nologin").exists() else "/sbin/nologin"
    shadow = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    attempts = (
        [*shadow, "--shell", shell, name],
        ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", shell, name],
    )
    detail = "useradd: not found"
    for argv in attempts:
        tool = shutil.which(argv[0], path=SYSTEM_PATH)
        if tool is None:
            continue
        done = subprocess.run(  # noqa: S603 - fixed arguments, tool from the system's own folders
            [tool, *argv[1:]],
            env={"PATH": SYSTEM_PATH},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            return ""
        detail = (done.stderr or done.stdout).strip() or f"{argv[0]}: {done.returncode}"
    return detail


def clean_environment() -> dict[str, str]:
    """What a PostgreSQL program may see: no PG* variable of the caller, English messages to read back."""
    env = {"PATH": SYSTEM_PATH, "LC_ALL": "C"}
    if "LD_LIBRARY_PATH" in os.environ:  # systems without /usr/lib find libz by it
        env["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return env


def run_as(
    account: Account, argv: list[str], *, text: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run a program as the account and wait.

    Raises `AccountClosed` where we may not become the account, `PermissionError` where it may not execute
    the program, `subprocess.TimeoutExpired`.
    """
    other = account.is_other
    try:
        return subprocess.run(  # noqa: S603 - callers pass fixed programs and our own paths
            argv,
            input=text,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
            cwd="/",
            env=clean_environment(),
            user=account.uid if other else None,
            group=account.gid if other else None,
            extra_groups=[] if other else None,
            umask=0o077,
        )
    except PermissionError as error:
        if error.errno == errno.EPERM:
            raise AccountClosed(name=account.name) from None
        raise


def require_reach(account: Account, folder: Path) -> None:
    """Refuse a home that the account cannot enter; the account itself tries. Raises `HomeUnreachable`."""
    if not account.is_other or _enters(account, folder):
        return
    closed = next(place for place in reversed((folder, *folder.parents)) if not _enters(account, place))
    raise HomeUnreachable(account=account.name, path=folder, closed=closed)


def _enters(account: Account, folder: Path) -> bool:
    return run_as(account, ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]).returncode == 0
