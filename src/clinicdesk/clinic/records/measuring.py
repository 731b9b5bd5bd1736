"""Vital signs taken: written under the chart's lease, in the name of who measured."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import insert

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.records.errors import BadVital, VitalsMissing
from clinicdesk.clinic.records.model import vitals
from clinicdesk.clinic.records.signs import LOINC, SIGNS, is_plausible
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, new_row, use_case

_MOST: Final = len(SIGNS)


@dataclass(frozen=True, slots=True)
class Measure:
    """A value of a sign (a name of SIGNS), in the sign's unit; a string, so that no digit is lost."""

    sign: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeVitals(Order):
    """What was measured just now."""

    patient_id: UUID
    vitals_id: UUID = new_row()
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True)
class VitalsAnswer:
    """How many values were written."""

    patient_id: UUID
    count: int


@use_case("vitals.take", needs=Permission.VITALS_WRITE, answer=VitalsAnswer, purpose="TREAT", chart=True)
def take_vitals(tx: Tx, order: TakeVitals) -> VitalsAnswer:
    """Write each value; all or none. Raises VitalsMissing, BadVital, and NoCareRelation by the database."""
    if not order.measures or len(order.measures) > _MOST:
        raise VitalsMissing
    for place, measure in enumerate(order.measures):
        sign = SIGNS.get(measure.sign)
        if sign is None or not is_plausible(sign, Decimal(measure.value)):
            raise BadVital(sign=sign.shown if sign else measure.sign, value=measure.value)
        row = {
            "patient_id": order.patient_id,
            "id": UUID(int=order.vitals_id.int ^ place),
            "at": tx.now,
            "system": LOINC,
            "code": sign.code,
            "name": sign.shown,
            "value": Decimal(measure.value),
            "unit": sign.unit,
            "person_id": tx.actor.person_id,
        }
        tx.write(insert(vitals), row)
    tx.changed(Change(Kind.RECORD, tx.act, ids=((order.patient_id, order.vitals_id),)))
    return VitalsAnswer(order.patient_id, len(order.measures))
