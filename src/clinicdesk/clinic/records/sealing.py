"""The end of a patient's chain of signed notes, and the one place that appends to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Table, Text, cast, func, insert, select, text

from clinicdesk.clinic.access.rules import role_of
from clinicdesk.clinic.records import rules
from clinicdesk.clinic.records.model import diagnoses, follow_ups, notes, records, treatments
from clinicdesk.clinic.usecases import Reader, Tx

# The act of each note that was signed names it with its hash: acts are sealed and anchored, notes are not.
SIGNED: Final = "note.signed"
COSIGNED: Final = "note.cosigned"
# Signing takes one patient at a time: the hash chain has one end.
_LOCK_SPACE: Final = 7302
_LOCK: Final = text(f"SELECT pg_advisory_xact_lock({_LOCK_SPACE}, :patient)")

_ENTRY: Final = tuple(
    cast(records.c[each.name], Text) if each.name == "attributes" else records.c[each.name]
    for each in fields(rules.SignedEntry)
)
# Field of `Signed` → the table it is of and what is covered of each row.
HANGING: Final[Mapping[str, tuple[Table, Any]]] = MappingProxyType(
    {
        "diagnoses": (diagnoses, rules.SignedDiagnosis),
        "treatments": (treatments, rules.SignedTreatment),
        "follow_ups": (follow_ups, rules.SignedFollowUp),
    }
)


def append(tx: Tx, row: Mapping[str, Any]) -> bytes:
    """Add a note (`row`: its columns, without who and when) to its patient's chain; its hash.

    What it covers of its entry is read back, so that the signature is over what the server holds.
    """
    patient_id = row["patient_id"]
    lock(tx, patient_id)
    prev_hash = _chain_end(tx, patient_id)
    actor = tx.actor
    signing = {
        "author_id": actor.person_id,
        "author_name": actor.name,
        "author_license": actor.license,
        "supervised": tx.run(select(func.charts.is_supervised())).scalar_one(),
        "signed_at": tx.now,
    }
    covered = {"note_id": row["id"], "login": role_of(actor.username)} | _entry_of(tx, row)
    values = {name: value for name, value in row.items() if name != "id"}
    made = rules.note_hash(prev_hash, rules.Signed(**values, **signing, **covered))
    tx.write(insert(notes), {**row, **signing, "prev_hash": prev_hash, "hash": made})
    tx.write_down(SIGNED, patient_id, f"{row['id'].hex} {made.hex()}")
    return made


def _entry_of(tx: Reader, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a first note covers beside itself."""
    if row["amends_id"] is not None:
        return {}
    return covered(tx, row["patient_id"], row["record_id"])


def covered(tx: Reader, patient_id: UUID, record_id: UUID) -> dict[str, Any]:
    """An entry and what hangs on it, as fields of `Signed`."""
    entry = select(*_ENTRY).where(records.c.patient_id == patient_id, records.c.id == record_id)
    (found,) = tx.into(rules.SignedEntry, entry)
    hanging = {
        name: _hanging(tx, table, made, patient_id, record_id) for name, (table, made) in HANGING.items()
    }
    return {"entry": found, **hanging}


def _hanging(tx: Reader, table: Table, made: Any, patient_id: UUID, record_id: UUID) -> tuple[Any, ...]:
    """The rows of an entry in one table, by id."""
    statement = (
        select(*(table.c[each.name] for each in fields(made)))
        .where(table.c.patient_id == patient_id, table.c.record_id == record_id)
        .order_by(table.c.id)
    )
    return tx.into(made, statement)


def lock(tx: Tx, patient_id: UUID) -> None:
    """One signature at a time in a patient's chart."""
    tx.write(_LOCK, {"patient": _folded(patient_id)})


def _folded(patient_id: UUID) -> int:
    return int.from_bytes(hashlib.sha256(patient_id.bytes).digest()[:4]) & 0x7FFFFFFF


def _chain_end(tx: Reader, patient_id: UUID) -> bytes | None:
    """The hash that no other note follows; None for a first note."""
    later = notes.alias("later")
    followed = (
        select(later.c.id).where(later.c.patient_id == patient_id, later.c.prev_hash == notes.c.hash).exists()
    )
    found = tx.first(select(notes.c.hash).where(notes.c.patient_id == patient_id, ~followed))
    return bytes(found.hash) if found else None
