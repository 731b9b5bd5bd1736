"""The login that `clinicdesk login` keeps for scripts: a 0600 file of this OS account, for twelve hours.

It holds the derived secret, never the typed password, and is good for one database alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from clinicdesk.kit import clock
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.kit.settings import Settings

_MOST_BYTES: Final = 65_536
_OTHERS: Final = 0o077


class FileOpenToOthers(Refusal):
    """A file with a secret can be read by other accounts, or belongs to one."""

    says = _("{path} guarda un secreto y otras cuentas pueden leerlo. Cerrarlo con: chmod 600 {path}")
    exit = Exit.NOT_ALLOWED


class FileUnreadable(Refusal):
    """A file that was named cannot be read."""

    says = _("No se puede leer {path}: {reason}.")
    exit = Exit.NOT_ALLOWED


@dataclass(frozen=True, slots=True)
class KeptLogin:
    """Who is logged in here, and until when (aware)."""

    username: str
    secret: str
    until: datetime

    @property
    def seconds_left(self) -> float:
        """How long it is still good."""
        return (self.until - clock.now()).total_seconds()


def path_of(where: Settings) -> Path:
    """The file for one place: the account's own state folder, the home and the database in its name."""
    from platformdirs import user_state_path

    place = f"{where.home}\n{where.database_url or ''}"
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    return user_state_path("clinicdesk", appauthor=False) / "logins" / f"{name}.json"


def keep(where: Settings, username: str, secret: str) -> KeptLogin:
    """Keep a login from now on, in place of any other."""
    kept = KeptLogin(username, secret, clock.now() + timedelta(seconds=where.session_seconds))
    path = path_of(where)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(kept) | {"until": kept.until.isoformat()}, file)
    Path(made).replace(path)
    return kept


def kept(where: Settings) -> KeptLogin | None:
    """The login kept here, None where there is none or its time is over. Raises FileOpenToOthers."""
    path = path_of(where)
    if not path.exists():
        return None
    try:
        stored = json.loads(secret_text(path))
        found = KeptLogin(stored["username"], stored["secret"], datetime.fromisoformat(stored["until"]))
        return found if clock.now() < found.until else None
    except (ValueError, KeyError, TypeError):
        return None


def forget(where: Settings) -> bool:
    """Log out; whether there was a login."""
    path = path_of(where)
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed


def secret_text(path: Path) -> str:
    """The text of a file that its owner alone may read. Raises FileOpenToOthers, FileUnreadable.

    A pipe or a descriptor (`/dev/fd/3`) has no readers but us and is taken as it is.
    """
    try:
        with path.open("rb") as file:
            held = os.fstat(file.fileno())
            strange = held.st_uid not in {0, os.geteuid()}
            if stat.S_ISREG(held.st_mode) and (strange or held.st_mode & _OTHERS):
                raise FileOpenToOthers(path=path)
            return file.read(_MOST_BYTES).decode()
    except UnicodeDecodeError:
        raise FileUnreadable(path=path, reason=_("no es texto UTF-8")) from None
    except OSError as error:
        raise FileUnreadable(path=path, reason=error.strerror) from None
