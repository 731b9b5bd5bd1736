"""Configuration: the environment and one TOML file, read once by bootstrap."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _

SYSTEM_HOME = Path("/var/lib/clinicdesk")
SESSION_SECONDS: Final = 12 * 3600.0
MOST_LOCK_MINUTES: Final = 60
_LOCK: Final = "lock_minutes"
_PRINTER: Final = "printer"


class LockMinutesWrong(Refusal):
    """The idle lock is set to no time, or to one nobody would wait for: it cannot be switched off."""

    says = _("{name} debe ser un número de minutos, de 1 a {most}. El bloqueo no se puede quitar.")
    exit = Exit.INVALID


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the program lives and what it talks to.

    `database_url` None means the embedded server below `home`; `owner_url` is used by `init` and
    `db upgrade` alone. `config_file` holds the same names in TOML (`database_url = "…"`).
    """

    home: Path
    database_url: str | None = None
    owner_url: str | None = None
    clinic: str | None = None
    user: str | None = None
    password_file: Path | None = None
    display_file: Path | None = None
    lock_minutes: tuple[tuple[str, int], ...] = ()
    """Role ("" for all others) and the minutes without a key after which its desks lock."""
    lock_seconds: float | None = None
    """For tests alone: the same for every role, in seconds. No setting reaches it."""
    session_seconds: float = SESSION_SECONDS
    """How long a login lasts, whatever is typed meanwhile. Shorter in tests; no setting reaches it."""
    printers: tuple[tuple[str, str], ...] = ()
    """Clinic ("" for all others) and where this host prints its numbers: `lp:COLA`, `escpos:DISPOSITIVO`."""
    smtp_host: str | None = None
    smtp_port: int = 587
    smtp_security: str = "starttls"
    smtp_user: str | None = None
    smtp_password_file: Path | None = None
    smtp_from: str | None = None

    @property
    def display_key(self) -> Path:
        """The file with the key of the waiting-room screen."""
        return self.display_file or self.home / "display.key"

    @property
    def embedded(self) -> bool:
        """Whether the program keeps its own server."""
        return self.database_url is None


def default_home(name: str = "clinicdesk") -> Path:
    """The data folder of this account; root's server runs as a system user, so its home is public ground."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return SYSTEM_HOME.with_name(name)
    from platformdirs import user_data_path

    return user_data_path(name, appauthor=False)


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None or not path.is_file():
        return {}
    with path.open("rb") as file:
        return tomllib.load(file)


def _lock_minutes(environ: Mapping[str, str], stored: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """`lock_minutes` and `lock_minutes_ROLE`, the environment before the file. Raises LockMinutesWrong."""
    told = {name.lower(): value for name, value in stored.items() if name.lower().startswith(_LOCK)}
    ours = {name.lower().removeprefix("clinicdesk_"): value for name, value in environ.items() if value}
    told |= {name: value for name, value in ours.items() if name.startswith(_LOCK)}
    found = []
    for name, value in sorted(told.items()):
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_LOCK_MINUTES):
            raise LockMinutesWrong(name=name, most=MOST_LOCK_MINUTES)
        found.append((name.removeprefix(_LOCK).removeprefix("_"), int(text)))
    return tuple(found)


def _printers(environ: Mapping[str, str], stored: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """`printer` and `printer_CLINIC`, the environment before the file."""
    told = {name.lower(): str(value) for name, value in stored.items()}
    told |= {name.lower().removeprefix("clinicdesk_"): value for name, value in environ.items() if value}
    found = {
        name.removeprefix(_PRINTER).removeprefix("_").upper(): value.strip()
        for name, value in told.items()
        if name == _PRINTER or name.startswith(f"{_PRINTER}_")
    }
    return tuple(sorted(found.items()))


def _port(text: object) -> int:
    """The port of a mail server; 587 where none is said, 0 (nothing answers there) for what is no number."""
    said = str(text or 587)
    return int(said) if said.isascii() and said.isdigit() else 0


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment first, then the file it names, then defaults. Raises LockMinutesWrong."""
    config = environ.get("CLINICDESK_CONFIG")
    stored = _from_file(Path(config) if config else None)

    def value(name: str) -> str | None:
        return environ.get(f"CLINICDESK_{name.upper()}") or stored.get(name) or None

    def path(name: str) -> Path | None:
        text = value(name)
        return Path(text).expanduser() if text else None

    return Settings(
        home=(path("home") or default_home()).absolute(),
        database_url=value("database_url"),
        owner_url=value("owner_url"),
        clinic=value("clinic"),
        user=value("user"),
        password_file=path("password_file"),
        display_file=path("display_file"),
        lock_minutes=_lock_minutes(environ, stored),
        printers=_printers(
            {name: value for name, value in environ.items() if name.startswith("CLINICDESK_")}, stored
        ),
        smtp_host=value("smtp_host"),
        smtp_port=_port(value("smtp_port")),
        smtp_security=str(value("smtp_security") or "starttls").lower(),
        smtp_user=value("smtp_user"),
        smtp_password_file=path("smtp_password_file"),
        smtp_from=value("smtp_from"),
    )
