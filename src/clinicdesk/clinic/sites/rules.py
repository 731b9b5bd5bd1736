"""Pure decisions about sites."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from clinicdesk.clinic.sites.errors import BadClinic


def checked_zone(name: str) -> str:
    """An IANA zone that this machine knows; raises BadClinic."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadClinic from None
    return name
