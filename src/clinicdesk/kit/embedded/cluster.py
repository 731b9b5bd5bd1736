"""Make a cluster: initdb into a draft folder, our login rules written, then one rename."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from clinicdesk.kit.embedded.account import Account, run_as
from clinicdesk.kit.embedded.binaries import MAJOR
from clinicdesk.kit.embedded.config import as_arguments, hba_text, ident_text, tuning, unproven_rules
from clinicdesk.kit.embedded.errors import InitFailed, OtherVersion, TrustFound, WrongAccount
from clinicdesk.kit.embedded.layout import Layout

INITDB_SECONDS = 300
WRITE_AND_SYNC = 'cat > "$1" && { sync "$1" 2>/dev/null || sync; }'  # not every sync takes a file


def make_cluster(layout: Layout, account: Account, programs: Path, superuser: str, *, durable: bool) -> None:
    """Make `home/data`; a kill at any moment leaves a draft that the next start throws away.

    Raises `InitFailed`.
    """
    for draft in layout.leftovers():
        shutil.rmtree(draft, ignore_errors=True)
    draft = Path(tempfile.mkdtemp(prefix="init-", dir=layout.home))
    if account.is_other:
        os.chown(draft, account.uid, account.gid, follow_symlinks=False)
    try:
        _initdb(draft, account, programs, superuser, durable=durable)
        _write_as(account, draft / layout.hba.name, hba_text(superuser))
        _write_as(account, draft / layout.ident.name, ident_text(superuser, account.name))
        draft.rename(layout.data)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if durable:
        _sync_folder(layout.home)


def _initdb(draft: Path, account: Account, programs: Path, superuser: str, *, durable: bool) -> None:
    """The builtin C.UTF-8 locale is the same on every machine; no sort order changes under an index."""
    argv = [
        *(str(programs / "initdb"), "-D", str(draft), "-U", superuser, "--encoding=UTF8", "--locale=C"),
        *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--text-search-config=simple"),
        *("--data-checksums", "--auth-local=peer", "--auth-host=reject", "--no-instructions"),
        *as_arguments(tuning()),
        *(() if durable else ("--no-sync",)),
    ]
    try:
        done = run_as(account, argv, timeout=INITDB_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InitFailed(reason=error) from None
    if done.returncode:
        complaint = [line for line in done.stderr.splitlines() if line.strip()]
        raise InitFailed(reason=" ".join(complaint[:2]) or done.returncode)


def _write_as(account: Account, path: Path, text: str) -> None:
    """Written by the account itself: root opens nothing by name inside a folder of another account."""
    done = run_as(account, ["/bin/sh", "-c", WRITE_AND_SYNC, "sh", str(path)], text=text)
    if done.returncode:
        raise InitFailed(reason=done.stderr.strip())


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def require_sound(layout: Layout) -> None:
    """Refuse a cluster of another version, or whose login rules need no proof of who comes in.

    Raises `OtherVersion`, `TrustFound`, `WrongAccount`.
    """
    try:
        found = (layout.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        rules = unproven_rules(layout.hba.read_text(encoding="utf-8", errors="replace"))
    except PermissionError:
        raise WrongAccount(path=layout.data, owner=Account.owner_of(layout.data)) from None
    if found != MAJOR:
        raise OtherVersion(found=found, needed=MAJOR)
    if rules:
        raise TrustFound(path=layout.hba, line=rules[0])
