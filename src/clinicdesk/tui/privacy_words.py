"""How alerts and accesses read to who reviews them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.privacy.queries import AccessRow, AlertRow
from clinicdesk.clinic.privacy.rules import Outcome
from clinicdesk.kit import clock
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _
from clinicdesk.tui.look import SEALED, Tone
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.parts.pager import wrapped
from clinicdesk.tui.roles import role_word

STATES: Final = MappingProxyType(
    {
        None: (_("sin revisar"), Tone.WAITING),
        Outcome.ACLARAR.value: (_("a aclarar"), Tone.CONFIRMED),
        Outcome.JUSTIFICADO.value: (_("justificado"), Tone.FINISHED),
        Outcome.INJUSTIFICADO.value: (_("injustificado"), Tone.CANCELLED),
    }
)
OUTCOMES: Final = MappingProxyType(
    {
        "1": (Outcome.JUSTIFICADO, _("justificado")),
        "2": (Outcome.INJUSTIFICADO, _("injustificado")),
        "3": (Outcome.ACLARAR, _("aclarar")),
    }
)
_PURPOSES: Final = MappingProxyType(
    {
        "TREAT": _("atención"),
        "BTG": _("urgencia"),
        "COPY": _("copia"),
        "OPER": _("trámite"),
        "AUDIT": _("control"),
        "ADMIN": _("administración"),
    }
)
_DEEDS: Final = MappingProxyType(
    {
        "chart.open": _("abrió la historia"),
        "chart.break_glass": _("abrió por urgencia"),
        "chart.copy": _("abrió para una copia"),
        "history.export": _("sacó la historia"),
        "note.sign": _("firmó una nota"),
        "note.sign_draft": _("firmó una nota"),
        "record.sign": _("firmó una nota"),
        "note.addend": _("firmó una adenda"),
        "note.drop_draft": _("descartó un borrador"),
        "record.add": _("agregó un registro"),
        "visit.enter": _("ingresó una atención pasada"),
        "treatment.end": _("suspendió un tratamiento"),
        "record.search": _("buscó en sus registros"),
        "patient.register": _("registró al paciente"),
        "patient.edit": _("corrigió sus datos"),
        "patient.particular": _("agregó un dato"),
        "patient.particular_end": _("cerró un dato"),
        "patient.document": _("agregó un documento"),
        "patient.document_void": _("anuló un documento"),
        "patient.identify": _("le dio identidad"),
        "patient.no_allergies": _("anotó: sin alergias"),
        "patient.allergy_end": _("cerró una alergia"),
        "patient.allergy_unsay": _("quitó una alergia"),
        "record.move": _("pasó un registro"),
        "vitals.move": _("pasó una medición"),
        "patient.allergies": _("vio sus alergias"),
        "patient.death": _("anotó su fallecimiento"),
        "patient.death_undo": _("anuló su fallecimiento"),
        "patient.changes": _("vio qué se le corrigió"),
        "patient.print": _("imprimió sus datos"),
        "patient.seal": _("cambió el sello"),
        "patient.safety_facts": _("vio alergias y contacto"),
        "patient.access_log": _("vio estos accesos"),
        "turn.book": _("dio un turno"),
        "turn.admit": _("admitió"),
        "turn.triage": _("hizo triaje"),
        "turn.transfer": _("pasó a otra cola"),
        "turn.unabsent": _("quitó la ausencia"),
        "day.resolve": _("cerró un turno pendiente"),
        "admission.walk_in": _("admitió sin turno"),
        "turn.call": _("llamó"),
        "turn.cancel": _("canceló un turno"),
        "visit.start": _("empezó una atención"),
        "visit.next": _("empezó una atención"),
        "visit.finish": _("terminó una atención"),
        "care.relate": _("anotó un seguimiento"),
        "care.end": _("terminó un seguimiento"),
    }
)


def when(at: datetime, zone: str) -> str:
    """`21/11/26 11:20`."""
    return f"{clock.local(at, zone):%d/%m/%y %H:%M}"


def deed(row: AccessRow) -> str:
    """`abrió la historia`; a deed without a word of its own by its code."""
    said = _DEEDS.get(row.what)
    if said is None:
        said = _("cambió un turno") if row.what.startswith("turn.") else row.what
    return said if row.outcome == "done" else _("negado: {}").format(said)


def purpose(row: AccessRow) -> str:
    """What for."""
    return _PURPOSES.get(row.purpose, row.purpose)


def state(alert: AlertRow) -> Bit:
    """What became of the alert, in its tone."""
    word, tone = STATES.get(alert.outcome, (alert.outcome or "", Tone.TEXT))
    return Bit(word, tone)


def short(name: str, width: int) -> str:
    """`Quispe Mamani, Rosa Elena` in so many columns."""
    family, _comma, given = name.partition(", ")
    return short_name(family, given, width)


def patient_cell(alert: AlertRow, width: int) -> Cell:
    """The patient's name, with `§` before it where they are sealed."""
    mark = Bit(SEALED.glyph, SEALED.tone) if alert.sealed else Bit(" ")
    return [mark, Bit(f" {short(alert.patient, width - 2)}")]


def counts(alerts: Iterable[AlertRow]) -> str:
    """`2 sin revisar, 1 a aclarar`."""
    states = [alert.outcome for alert in alerts]
    return _("{} sin revisar, {} a aclarar").format(states.count(None), states.count(Outcome.ACLARAR.value))


def alert_lines(alert: AlertRow | None, width: int, zone: str) -> list[Cell]:
    """The alert pointed at: its whole names and reason, and what was found."""
    if alert is None:
        return []
    head = f"{alert.person} · {alert.patient} · {_('HC')} {alert.chart_number:06}"
    lines: list[Cell] = [Bit(f" {head}", Tone.TITLE)]
    lines += wrapped(f"{_('Motivo')}: {alert.reason}", width - 2, indent=" ")[:2]
    if alert.reviewed_by is not None and alert.reviewed_at is not None:
        who = alert.reviewed_by.removeprefix("u_")
        found = f"{state(alert).text}, {who}, {when(alert.reviewed_at, zone)}"
        comment = f": {alert.comment}" if alert.comment else ""
        lines += wrapped(found + comment, width - 2, indent=" ")[:2]
    return lines


def access_lines(row: AccessRow | None, width: int, zone: str) -> list[Cell]:
    """The access pointed at: who, in which role and from where."""
    if row is None:
        return []
    where = ", ".join(filter(None, (row.clinic, row.host)))
    head = f"{row.person} · {role_word(row.role)} · {where}"
    rest = f"{when(row.at, zone)} {deed(row)}. {_('Para')}: {purpose(row)}. {_('Acto')} {row.key}"
    return [Bit(f" {head}", Tone.TITLE), *wrapped(rest, width - 2, indent=" ")[:2]]


def alert_fits(alert: AlertRow, wanted: Iterable[str]) -> bool:
    """Whether each wanted word begins a word of the alert."""
    facts = (alert.person, alert.patient, alert.urgency, alert.reason, state(alert).text)
    return _fits((*facts, str(alert.chart_number)), wanted)


def access_fits(row: AccessRow, wanted: Iterable[str]) -> bool:
    """Whether each wanted word begins a word of the access."""
    facts = (row.person, role_word(row.role), row.host, row.clinic, deed(row), purpose(row))
    return _fits(facts, wanted)


def _fits(facts: Iterable[str], wanted: Iterable[str]) -> bool:
    known = folded(" ".join(facts)).split()
    return all(any(word.startswith(each) for word in known) for each in wanted)
