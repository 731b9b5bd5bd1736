"""Which time zone rules this process goes by: those of the `tzdata` package, or of PYTHONTZPATH.

The rules of the operating system are left alone: twenty desks on twenty systems would reckon by
twenty versions of them, and an agenda needs one.
"""

from __future__ import annotations

import os.path
import sysconfig
import zoneinfo
from functools import cache
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

__all__ = ["PACKAGED", "ZoneInfo", "of_country", "version"]

PACKAGED: Final = os.path.join(os.path.dirname(tzdata.__file__), "zoneinfo")  # noqa: PTH118, PTH120 - starts light
_SYSTEM: Final = tuple((sysconfig.get_config_var("TZPATH") or "").split(os.pathsep))
_SOURCE: Final = "tzdata.zi"
_SAYS: Final = "# version "
_TABLE: Final = "zone.tab"

# Who names other rules by PYTHONTZPATH has them; the package stands behind for zones missing there.
if tuple(each for each in _SYSTEM if each) == zoneinfo.TZPATH:
    zoneinfo.reset_tzpath(to=(PACKAGED,))


@cache
def version() -> str:
    """The release of the rules in force: `2026f`; `?` with a digest where nothing names it."""
    for folder in map(Path, zoneinfo.TZPATH):
        if folder == Path(PACKAGED):
            break
        if (folder / _SOURCE).is_file():
            with (folder / _SOURCE).open(encoding="utf-8", errors="replace") as source:
                first = source.readline().strip()
            if first.startswith(_SAYS):
                return first.removeprefix(_SAYS)[:20]
        if folder.is_dir():
            return f"?{_digest(folder)}"
    return str(tzdata.IANA_VERSION)


def _digest(folder: Path) -> str:
    """A few letters that tell one folder of rules from another."""
    import hashlib

    made = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file()):
        made.update(file.relative_to(folder).as_posix().encode())
        made.update(file.read_bytes())
    return made.hexdigest()[:8]


def of_country(code: str) -> tuple[str, ...]:
    """The zones of a country (ISO 3166-1 alpha-2), as the IANA table lists them."""
    with Path(PACKAGED, _TABLE).open(encoding="utf-8") as table:
        rows = (line.split("\t") for line in table if line.startswith(f"{code}\t"))
        return tuple(row[2].strip() for row in rows)
