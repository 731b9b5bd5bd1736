"""Rows as JSON knows them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any
from uuid import UUID


def plain(value: Any, zone: tzinfo) -> Any:
    """A row as JSON knows it: ISO 8601 with the offset of `zone`, hashes in hexadecimal."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name), zone) for part in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(held, zone) for key, held in value.items()}
    if isinstance(value, tuple | list):
        return [plain(held, zone) for held in value]
    return _scalar(value, zone)


def _scalar(value: Any, zone: tzinfo) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value) if isinstance(value, UUID) else value
