"""What a person is found by: written with them, and again whenever names, birth or documents change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import cast, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Date, Text, Uuid

from clinicdesk.clinic.patients import spelling
from clinicdesk.clinic.patients.model import patient_documents, patient_search, patients
from clinicdesk.clinic.usecases import Tx


def write_search(tx: Tx, patient_id: UUID) -> None:
    """What finds somebody new from now on, as their rows say in this transaction; and learn their words."""
    found = _keys(tx, patient_id)
    if found is not None:
        names, values = found
        tx.write(insert(patient_search), {"patient_id": patient_id} | values)
        learn(tx, names.words)


def find_anew(tx: Tx, patient_id: UUID) -> None:
    """The person is found by what is true now; of who is hidden from the writer, what finds them stays."""
    found = _keys(tx, patient_id)
    if found is not None:
        names, values = found
        birth, keys = cast(values["birth"], Date), cast(values["n"], ARRAY(Text))
        tx.write(select(func.find_anew(cast(patient_id, Uuid), values["names"], birth, keys)))
        learn(tx, names.words)


def _keys(tx: Tx, patient_id: UUID) -> tuple[spelling.SearchNames, dict[str, Any]] | None:
    of, paper = patients.c, patient_documents.c
    row = tx.first(select(of.given, of.family, of.birth).where(of.patient_id == patient_id))
    if row is None:
        return None
    held = select(paper.number).where(paper.patient_id == patient_id, paper.valid, paper.kind != "HC")
    numbers = tuple(each.number for each in tx.rows(held))
    names = spelling.SearchNames.of(row.given, row.family)
    year = row.birth.year if row.birth else None
    return names, {"names": names.stored, "birth": row.birth, "n": names.keys(year, numbers)}


def learn(tx: Tx, words: Sequence[str]) -> None:
    """The words of a name that somebody bears from now on correct how others are typed."""
    sounds = [spelling.sound(word) for word in words]
    if words:
        tx.write(select(func.learn_words(cast(list(words), ARRAY(Text)), cast(sounds, ARRAY(Text)))))
