"""Acts as CSV, page by page; times in UTC."""

from __future__ import annotations

from datetime import UTC
from typing import BinaryIO, Final
from uuid import UUID

from clinicdesk.clinic.audit.queries import ActRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter
from clinicdesk.exporters._acts import Acts, username
from clinicdesk.kit import sheet
from clinicdesk.kit.sheet import Cell, Column, Stamp, Table
from clinicdesk.kit.words import _

_KEYS: Final = (
    *("at", "user", "role", "host", "clinic", "patient", "what", "purpose", "outcome", "refusal"),
    *("subject", "session", "key", "order_key"),
)
_COLUMNS: Final = tuple(Column(key, key) for key in _KEYS)


def write(acts: Acts, _stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Write a head and a row for each act."""
    out.write(sheet.to_csv(_table(())))
    for page in acts.pages:
        out.write(sheet.to_csv(_table(tuple(_row(act, acts) for act in page)), head=False))
    return ()


def _table(rows: tuple[tuple[Cell, ...], ...]) -> Table:
    return Table("acts", _("Actos"), _COLUMNS, rows, UTC)


def _row(act: ActRow, acts: Acts) -> tuple[Cell, ...]:
    ids = (act.session, act.key, act.order_key)
    return (
        act.at,
        username(act.person),
        act.role,
        act.host,
        None if act.clinic_id is None else acts.clinics.get(act.clinic_id, str(act.clinic_id)),
        _text(act.patient_id),
        *(act.what, act.purpose, act.outcome, act.refusal, act.subject),
        *map(_text, ids),
    )


def _text(value: UUID | None) -> str | None:
    return None if value is None else str(value)


EXPORTER: Final = Exporter(
    kind="acts",
    format="csv",
    suffix=".csv",
    title=_("Actos en CSV"),
    help=_("Un renglón por acto, para una planilla. Horas UTC."),
    permission=Permission.AUDIT_READ,
    write=write,
)
