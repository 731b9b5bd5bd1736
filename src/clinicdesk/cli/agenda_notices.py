"""`clinicdesk agenda notices|notice`: who is to be told of a suspended turn, and that they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from clinicdesk.cli import given
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.turns.notices import NoticeRow

_COLUMNS: Final = {
    _("Turno"): "when",
    _("Profesional"): "doctor_name",
    _("Paciente"): "name",
    _("Teléfono"): "phone",
    _("Aviso"): "state_word",
    _("Otro turno"): "again",
    _("Ref."): "ref",
}
_REF: Final = re.compile(r"[0-9a-f]{8}")
_WORDS: Final = {"pendiente": _("pendiente"), "hecho": _("hecho"), "sin_medio": _("sin medio")}


def show(call: Call, exception: int | None, *, pending: bool) -> None:
    """The notices of the clinic, by the time of the turn that fell."""
    from clinicdesk.clinic.turns import notices

    query = notices.NoticesQuery(call.session().actor.at.clinic_id, exception)
    rows = call.desk.see(notices.notices, query)
    kept = [row for row in rows if not pending or row.state == "pendiente"]
    call.rows(map(_object if call.json else _cells, kept), _COLUMNS)


def _object(row: NoticeRow) -> dict[str, Any]:
    return {
        "id": opaque(row.patient_id, row.id),
        "turn_id": opaque(row.patient_id, row.turn_id),
        "state": row.state,
        "wall_start": row.wall_start,
        "doctor_name": row.doctor,
        "family": row.family,
        "given": row.given,
        "phone": row.phone,
        "new_turn_id": opaque(row.patient_id, row.new_id) if row.new_id else None,
    }


def _cells(row: NoticeRow) -> dict[str, Any]:
    return {
        "when": f"{row.wall_start:%d/%m/%Y %H:%M}",
        "doctor_name": short_name(row.doctor, "", 10),
        "name": short_name(row.family, row.given, 24),
        "phone": row.phone,
        "state_word": _WORDS[row.state],
        "again": f"{row.new_wall_start:%d/%m %H:%M}" if row.new_wall_start else None,
        "ref": _ref(row),
    }


def _ref(row: NoticeRow) -> str:
    """The end of the turn's id: short enough for a line, and to be typed."""
    return row.turn_id.hex[-8:]


def of_ref(call: Call, text: str) -> NoticeRow | None:
    """The notice of a reference as lists print it; None where it is no reference, or two have it."""
    from clinicdesk.clinic.turns import notices

    if not _REF.fullmatch(text):
        return None
    query = notices.NoticesQuery(call.session().actor.at.clinic_id)
    found = [row for row in call.desk.see(notices.notices, query) if _ref(row) == text]
    return found[0] if len(found) == 1 else None


def note(call: Call, notice_id: str, *, reached: bool) -> None:
    """One notice given, or one that cannot be."""
    from clinicdesk.clinic.turns import notices

    row = of_ref(call, notice_id)
    patient_id, row_id = (row.patient_id, row.id) if row is not None else given.pair_of(notice_id)
    order = notices.NoticeGiven(**call.keyed, patient_id=patient_id, notice_id=row_id, reached=reached)
    answer = call.desk.do(notices.notice_given, order)
    said = _("Aviso: {}.").format(_WORDS[answer.state])
    call.answer({"id": notice_id, "state": answer.state}, said)
