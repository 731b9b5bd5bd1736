"""Configuration: the environment and one TOML file, read once by bootstrap."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM_HOME = Path("/var/lib/clinicdesk")


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


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment first, then the file it names, then defaults."""
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
    )
