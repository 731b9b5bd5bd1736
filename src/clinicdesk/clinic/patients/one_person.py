"""One person under several charts: who stands for them all, and what that entry takes from the others.

A merge changes no row but `patients.merged_into` of the one retired, so that taking it back is exact: what is
entered under an entry stays under it. Whatever reads a person's rows asks by `of` or `members`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from clinicdesk.clinic.patients.model import patients
from clinicdesk.clinic.usecases import Reader

# What belongs to an entry itself; all else is filled where it is blank.
_KEYS: Final = ("patient_id", "chart_number", "version", "sealed", "merged_into", "created_at")
_OWN: Final = frozenset((*_KEYS, "family", "given", "sex", "provisional"))
# Words that say that nothing is known.
_BLANK: Final = {"gender": "sin_preguntar", "blood_group": "desconocido"}
# What is only right together, led by the first.
_TOGETHER: Final = {
    "birth": ("birth", "birth_estimated"),
    "document_kind": ("document_country", "document_kind", "document_number"),
}
_FOLLOWS: Final = frozenset(name for group in _TOGETHER.values() for name in group) - _TOGETHER.keys()
# An answer is worth more than none, and an allergy more than its absence.
_ALLERGY: Final = ("registradas", "ninguna", "sin_preguntar")


def standing(tx: Reader, patient_id: UUID) -> UUID:
    """The entry that stands for a person: the same one, unless it was merged."""
    found: UUID = tx.run(select(func.patient_standing(patient_id))).scalar_one()
    return found


def members(tx: Reader, patient_id: UUID) -> tuple[UUID, ...]:
    """All entries of a person, the one that stands first."""
    return tuple(tx.run(select(func.patient_members(patient_id))).scalar_one())


def of(column: ColumnElement[UUID], patient_id: UUID) -> ColumnElement[bool]:
    """That a row is one of a person's, whichever of their entries it was entered for."""
    asked = select(func.patient_members(patient_id)).scalar_subquery()
    return column == func.any(cast(asked, ARRAY(Uuid)))


def charts(tx: Reader, ids: Iterable[UUID]) -> dict[UUID, int]:
    """The chart numbers of entries."""
    statement = select(patients.c.patient_id, patients.c.chart_number)
    rows = tx.rows(statement.where(patients.c.patient_id.in_(list(ids))))
    return {row.patient_id: row.chart_number for row in rows}


def retired_charts(tx: Reader, patient_id: UUID) -> dict[UUID, int]:
    """Those of a person's entries that lead to the one that stands."""
    here = of(patients.c.patient_id, patient_id)
    statement = select(patients.c.patient_id, patients.c.chart_number)
    rows = tx.rows(statement.where(here, patients.c.merged_into.is_not(None)))
    return {row.patient_id: row.chart_number for row in rows}


def is_blank(name: str, value: Any) -> bool:
    """Whether a value of a column says that nothing is known, so that another entry's fills it."""
    return name not in _OWN and bool(value == _BLANK.get(name))


def filled(own: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An entry's values, its blanks filled from the others', the first that knows leading.

    Of allergies what is more careful holds: those of either, and an answer before none.
    """
    made = dict(own)
    for name in own.keys() - _OWN - _FOLLOWS:
        for other in others:
            if made[name] == _BLANK.get(name) and other[name] != _BLANK.get(name):
                made |= {each: other[each] for each in _TOGETHER.get(name, (name,))}
    made["allergy_status"] = min((row["allergy_status"] for row in (own, *others)), key=_ALLERGY.index)
    return made
