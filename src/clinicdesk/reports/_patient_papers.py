"""The papers of a patient, from what the person at the desk or the prompt may see of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from clinicdesk.clinic.desk import NoCareRelation, TooManyCharts
from clinicdesk.clinic.patients import papers, queries
from clinicdesk.clinic.patients.papers import PaperKind, PaperQuery
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites.queries import SitesQuery, list_clinics
from clinicdesk.clinic.turns.queries import PatientTurnsQuery, patient_turns
from clinicdesk.clinic.turns.rules import State

if TYPE_CHECKING:
    from clinicdesk.clinic.desk import Desk
    from clinicdesk.clinic.patients.details import PatientDetails
    from clinicdesk.clinic.patients.queries import AllergyRow
    from clinicdesk.clinic.turns.queries import TurnRow
    from clinicdesk.kit.sheet import Stamp

_TO_COME = frozenset({State.REGISTRADO, State.CONFIRMADO})


@dataclass(frozen=True, slots=True)
class Printed:
    """A PDF; `missing` are the characters that no font has, printed as `‹U+XXXX›`."""

    chart_number: int
    file: bytes
    missing: tuple[str, ...]


def written(desk: Desk, patient_id: UUID, kind: PaperKind, count: int | None, stamp: Stamp) -> Printed:
    """A paper of a patient; `count` labels, one or a whole sheet of them where None. Raises Refusal."""
    row = desk.see(papers.paper, PaperQuery(patient_id, kind))
    return Printed(row.patient.chart_number, *_drawn(desk, row, kind, count, stamp))


def _drawn(
    desk: Desk, row: PatientDetails, kind: PaperKind, count: int | None, stamp: Stamp
) -> tuple[bytes, tuple[str, ...]]:
    from clinicdesk.reports import _patient_slips as slips

    if kind is PaperKind.CARD:
        return slips.card(row.patient, stamp)
    if kind is PaperKind.LABEL:
        return slips.labels(row.patient, stamp, count or 1)
    if kind is PaperKind.SHEET:
        return slips.sheet(row.patient, stamp, count or slips.SHEET)
    return _summary(desk, row, stamp)


def _summary(desk: Desk, row: PatientDetails, stamp: Stamp) -> tuple[bytes, tuple[str, ...]]:
    from clinicdesk.reports._patient_summary import Summed, summary

    patient_id, may = row.patient.patient_id, desk.actor.may
    turns: list[TurnRow] = []
    clinics: dict[int, str] = {}
    if may(Permission.TURN_READ):
        found = desk.see(patient_turns, PatientTurnsQuery(patient_id, stamp.at.date()))
        turns = [turn for turn in found if turn.state in _TO_COME]
    if may(Permission.SITE_READ):
        clinics = {each.id: each.name for each in desk.see(list_clinics, SitesQuery(desk.actor.at.clinic_id))}
    known = Summed(row, _allergies(desk, patient_id), tuple(turns), clinics, desk.actor.at.country)
    return summary(known, stamp)


def _allergies(desk: Desk, patient_id: UUID) -> tuple[AllergyRow, ...] | None:
    """For who reads the chart of this patient; None for everybody else."""
    if desk.actor.may(Permission.CHART_READ):
        with contextlib.suppress(NoCareRelation, TooManyCharts):
            return desk.see(queries.care_header, queries.PatientQuery(patient_id)).allergies
    return None
