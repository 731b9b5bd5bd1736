"""How the pieces of a history read on the screen, pure: kinds, numbers, diagnoses, notes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.measured import MovedVitals, VitalRow
from clinicdesk.clinic.records.planning import TreatmentRow
from clinicdesk.clinic.records.queries import DiagnosisRow, EntryRow, NoteRow, Standing
from clinicdesk.clinic.records.rules import DiagnosisEntry, leaves, value_text
from clinicdesk.clinic.records.timeline import ProblemRow
from clinicdesk.clinic.records.wording import follow_up_text, late_text, treatment_text
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.kit import clock
from clinicdesk.kit.text import cells, cut, fit, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Cell
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.parts.pager import wrapped

KINDS: Final = MappingProxyType(
    {
        "consulta": _("Consulta"),
        "urgencia": _("Urgencia"),
        "control": _("Control"),
        "procedimiento": _("Procedimto."),
        "teleconsulta": _("Teleconsul."),
        "laboratorio": _("Laboratorio"),
        "imagen": _("Imagen"),
        "internacion": _("Internación"),
        "otro": _("Otro"),
    }
)
SYSTOLIC: Final = "8480-6"
_DIASTOLIC: Final = "8462-4"
_VITALS: Final = MappingProxyType(
    {
        "8867-4": _("FC"),
        "2708-6": _("SpO2"),
        "59408-5": _("SpO2"),
        "8310-5": _("T"),
        "9279-1": _("FR"),
        "39156-5": _("IMC"),
        "29463-7": _("peso"),
        "8302-2": _("talla"),
    }
)
_WITH_UNIT: Final = frozenset({"29463-7", "8302-2"})
_UNITS: Final = MappingProxyType({"mm[Hg]": "mmHg", "Cel": "°C"})
_ANNOTATION: Final = re.compile(r"\{[^}]*\}")
_SHORT_CODE: Final = 6
_HASH_LETTERS: Final = 12
_INDENT: Final = 10
_KIND: Final = 12
_WAITING: Final = frozenset({Standing.WAITS, Standing.RETURNED})


def number_text(value: Decimal) -> str:
    """`6,4`: no zeros that say nothing, a comma as the country writes it."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", ",")


def day_short(at: datetime, zone: str) -> str:
    """`16/10/26`."""
    return f"{clock.local(at, zone):%d/%m/%y}"


# Entries


def entry_lines(entry: EntryRow, width: int, zone: str) -> list[Cell]:
    """Two rows of the history list: date, kind and main diagnosis; below who, where and the first words."""
    kind = fit(KINDS.get(entry.kind, entry.kind), _KIND - 1)
    head = f"{day_short(entry.at, zone)} {kind} "
    if entry.misplaced is not None and entry.misplaced.gone:
        was = head + _("ingresado por error, {}").format(entry.doctor or entry.place)
        return [cut(shown(was), width), cut(shown(" " * (_INDENT - 1) + entry.misplaced.words), width)]
    first = head + _main_words(entry, width - cells(head))
    who = ", ".join(part for part in (entry.doctor.partition(",")[0], entry.place) if part)
    late = _("escrito después") if entry.late_reason else ""
    said = " · ".join(filter(None, (late, who, _first_words(entry) if entry.diagnoses else "")))
    notes = _notes_words(entry)
    room = max(_KIND, width - _INDENT - cells(notes) - 1)
    return [first, spread(" " * (_INDENT - 1) + cut(shown(said), room), notes, width)]


def _main_words(entry: EntryRow, width: int) -> str:
    if not entry.diagnoses:
        return entry.title or _first_words(entry)
    main = next((row for row in entry.diagnoses if row.kind == "principal"), entry.diagnoses[0])
    more = f" +{len(entry.diagnoses) - 1}" if len(entry.diagnoses) > 1 else ""
    code = f"{main.code:<5} " if len(main.code) <= _SHORT_CODE else ""
    return f"{cut(shown(code + main.text), max(1, width - len(more) - 1))}{more}"


def _first_words(entry: EntryRow) -> str:
    return " ".join(entry.notes[0].text.split()) if entry.notes else ""


def _notes_words(entry: EntryRow) -> str:
    addenda = sum(1 for note in entry.notes if note.amends_id is not None)
    said = [plural(addenda, _("adenda"), _("adendas"))] if addenda else []
    said += filter(None, [origin_words(entry.own_chart, entry.misplaced)])
    return " · ".join(said) + " " if said else ""


def entry_title(entry: EntryRow, zone: str) -> str:
    """`16/10/26 10:22 · Control · Centro Norte`."""
    at = f"{clock.local(entry.at, zone):%d/%m/%Y %H:%M}"
    return " · ".join(filter(None, (f" {at}", KINDS.get(entry.kind, entry.kind), entry.place)))


def entry_page(entry: EntryRow, width: int, zone: str) -> list[Cell]:
    """The whole entry: who, diagnoses, the note and its signature, addenda, what else was recorded."""
    lines: list[Cell] = []
    if entry.misplaced is not None:
        mark = entry.misplaced
        lines += wrapped(f"{mark.words} · {mark.person}, {day_short(mark.at, zone)}", width, Tone.TITLE)
        if mark.gone:
            return [*lines, "", *wrapped(_("Se ingresó aquí por error: se lee en esa historia."), width)]
    lines += wrapped(late_text(entry, zone), width, Tone.STRONG) if entry.late_reason else []
    lines += wrapped(entry.title, width, Tone.TITLE) if entry.title else []
    if entry.own_chart is not None:
        lines.append(_("Ingresado en HC {:06d}, que lleva a esta historia.").format(entry.own_chart))
    lines += [_("Atendió {}").format(entry.doctor) if entry.doctor else _("Sin profesional registrado"), ""]
    for row in entry.diagnoses:
        lines += diagnosis_lines(row, width)
    lines += [""] if entry.diagnoses else []
    lines += plan_lines(entry, width)
    for note in entry.notes:
        lines += _note_page(note, width, zone)
    lines += _trace_lines(entry, width)
    for path, value in leaves(entry.attributes):
        lines += wrapped(f"{path}: {value_text(value)}", width)
    lines += [""] if entry.attributes else []
    if not entry.notes:
        lines.append(_("Sin nota firmada en este registro."))
    if entry.source:
        lines.append(_("Importado de {}.").format(entry.source))
    return lines


def plan_lines(entry: EntryRow, width: int) -> list[Cell]:
    """Treatments and controls, each over as many rows as it takes."""
    lines: list[Cell] = []
    for row in entry.treatments:
        lines += wrapped(f"{_('Tratamiento')}: {treatment_text(row)}", width)
    for due in entry.follow_ups:
        lines += wrapped(follow_up_text(due), width)
    return [*lines, ""] if lines else []


def _trace_lines(entry: EntryRow, width: int) -> list[Cell]:
    """Who entered it for another doctor, and whether it puts right or was put right."""
    lines: list[Cell] = []
    if entry.entered_by:
        lines += wrapped(_("Cargado por {}").format(entry.entered_by), width)
    if entry.corrects_id:
        lines += wrapped(_("Corrige otro registro de esta historia, que sigue en ella."), width)
    if entry.corrected_id:
        lines += wrapped(_("Otro registro de esta historia lo corrige."), width, Tone.TITLE)
    return lines


def _note_page(note: NoteRow, width: int, zone: str) -> list[Cell]:
    at = f"{clock.local(note.signed_at, zone):%d/%m/%Y %H:%M}"
    who = ", ".join(filter(None, (note.author_name, note.author_license)))
    kind = _("Adenda de") if note.amends_id else _("Firmada por")
    lines = wrapped(f"{_('Adenda')} {at}", width, Tone.TITLE) if note.amends_id else []
    lines += [*wrapped(note.text, width), ""]
    lines += wrapped(f"{kind} {who}, {at}.", width, Tone.TITLE)
    for row in note.cosignatures:
        said = cosigning.cosign_words(row, f"{clock.local(row.at, zone):%d/%m/%Y %H:%M}")
        lines += wrapped(said, width, Tone.TITLE)
    if missing := cosigning.standing_words(note):
        lines += wrapped(missing, width, Tone.ALARM)
    return [*lines, f"{_('Sello')} {note.hash.hex()[:_HASH_LETTERS]}", ""]


# Diagnoses


def diagnosis_lines(row: DiagnosisRow | DiagnosisEntry, width: int) -> list[Cell]:
    """`I10   HTA esencial` with how sure, how important and whether it stays."""
    origin = origin_words(row.own_chart, row.misplaced) if isinstance(row, DiagnosisRow) else ""
    said = (row.certainty, row.kind, _("crónico") if row.chronic else "", origin)
    standing = ", ".join(filter(None, said))
    code = row.code if len(row.code) <= _SHORT_CODE else ""
    text = f"{code:<5} {row.text}" if code else row.text
    if cells(shown(text)) + cells(standing) + 2 <= width:
        return [spread(text, standing, width)]
    return [cut(shown(text), width), f"      {standing}"]


def holding_lines(row: DiagnosisRow | TreatmentRow, width: int) -> list[Cell]:
    """What holds today: a problem, or a treatment with who ordered it and since when."""
    if isinstance(row, DiagnosisRow):
        return diagnosis_lines(row, width)
    until = _(" hasta {}").format(f"{row.until:%d/%m/%y}") if row.until else ""
    below = _("tratamiento desde {}{}, {}").format(f"{row.since:%d/%m/%y}", until, row.doctor)
    return [cut(shown(row.what), width), cut(shown(f"      {below}"), width)]


def problem_line(row: DiagnosisRow, width: int = 0) -> str:
    """`I10 HTA esencial`, the code in so many columns; without a code too long to be read."""
    return f"{row.code:<{width}} {row.text}" if len(row.code) <= _SHORT_CODE else row.text


def problem_name(row: ProblemRow) -> str:
    """`I10`, or the words of a problem whose code is too long to be read."""
    return row.code if len(row.code) <= _SHORT_CODE else row.text


def problem_lines(row: ProblemRow, width: int, zone: str) -> list[Cell]:
    """A problem of the history: its words; below how often it was stated, since when and until when."""
    code = f"{row.code:<5} " if len(row.code) <= _SHORT_CODE else ""
    standing = ", ".join(
        filter(None, (_("activo") if row.is_open else _("resuelto"), _("crónico") if row.chronic else ""))
    )
    counted = plural(row.entries, _("registro"), _("registros"))
    days = f"{day_short(row.first_at, zone)} {_('a')} {day_short(row.last_at, zone)}"
    room = max(1, width - cells(standing) - 2)
    head = spread(cut(shown(code + row.text), room), f"{standing} ", width)
    return [head, cut(f"      {counted}, {days}", width)]


# Vitals, prescriptions, results


def vital_words(rows: Sequence[VitalRow], zone: str) -> list[str]:
    """`PA 152/94`, `FC 88`, `peso 82 kg (03/10/26)`: the last of each, one of another day with that day."""
    return [said for said, _rows in vital_groups(rows, zone)]


def vital_groups(rows: Sequence[VitalRow], zone: str) -> list[tuple[str, tuple[VitalRow, ...]]]:
    """The same with what each was made of. Two pressures that were not taken together are not one."""
    by_code = {row.code: row for row in rows}
    if not by_code:
        return []
    newest = clock.local_day(max(row.at for row in rows), zone)
    found: list[tuple[str, tuple[VitalRow, ...]]] = []
    high, low = by_code.get(SYSTOLIC), by_code.get(_DIASTOLIC)
    if high is not None and low is not None and high.at == low.at:
        said = f"{_('PA')} {number_text(high.value)}/{number_text(low.value)}"
        found.append((said + _other_day(high, newest, zone), (high, low)))
    else:
        for row, name in ((high, _("PA sist.")), (low, _("PA diast."))):
            if row is not None:
                found.append((f"{name} {number_text(row.value)}{_other_day(row, newest, zone)}", (row,)))
    for code, name in _VITALS.items():
        if code in by_code:
            row = by_code[code]
            unit = row.unit if code in _WITH_UNIT else ""
            said = f"{name} {_with_unit(number_text(round(row.value, 1)), unit)}"
            found.append((said + _other_day(row, newest, zone), (row,)))
    return found


def _other_day(row: VitalRow, newest: date, zone: str) -> str:
    day = clock.local_day(row.at, zone)
    return "" if day == newest else f" ({day:%d/%m/%y})"


def _with_unit(value: str, unit: str) -> str:
    """`152 mmHg`, `3`: UCUM's spellings as people write them, its `{notes}` left out."""
    said = _UNITS.get(unit, _ANNOTATION.sub("", unit))
    return f"{value} {said}".rstrip()


def vital_line(row: VitalRow, width: int, zone: str) -> Cell:
    """One sign with its value, unit and day."""
    value = f"{_with_unit(number_text(round(row.value, 2)), row.unit)}  {day_short(row.at, zone)} "
    name = " · ".join(filter(None, (row.name, origin_words(row.own_chart, row.misplaced))))
    return spread(cut(shown(name), max(1, width - cells(value) - 1)), value, width)


def moved_line(row: MovedVitals, width: int, zone: str) -> Cell:
    """A measurement that is another person's: when, of how many signs, and whose it is."""
    count = plural(row.count, _("signo"), _("signos"))
    return cut(shown(f"{day_short(row.at, zone)} {count}: {row.misplaced.words}"), width)


def prescribed_lines(row: PrescribedRow, width: int, zone: str) -> list[Cell]:
    """What was prescribed, in which state, since when."""
    since = day_short(row.starts_at, zone)
    if row.misplaced is not None and row.misplaced.gone:
        was = _("ingresada por error, {}").format(since)
        return [cut(shown(row.text), width), cut(f"   {was}", width)]
    if row.ends_at:
        below = _("{}, {} a {}").format(row.state, since, day_short(row.ends_at, zone))
    else:
        below = _("{} desde {}").format(row.state, since)
    said = ", ".join(filter(None, (below, row.doctor, origin_words(row.own_chart, row.misplaced))))
    return [cut(shown(row.text), width), cut(shown(f"   {said}"), width)]


def observed_line(row: ObservationRow, width: int, zone: str) -> Cell:
    """One result: day, name, value with its unit."""
    value = number_text(round(row.value_number, 2)) if row.value_number is not None else row.value_text or ""
    end = f"{cut(shown(_with_unit(value, row.unit or '')), width // 2)} "
    named = " · ".join(filter(None, (row.name, origin_words(row.own_chart, row.misplaced))))
    head = f"{day_short(row.at, zone)} {named}"
    return spread(cut(shown(head), max(1, width - cells(end) - 1)), end, width)


_STEP: Final = 10
_TALLEST: Final = 6
_AXIS: Final = 7


def plot_lines(rows: Sequence[VitalRow], width: int, zone: str) -> list[Cell]:
    """A dot for each value over a scale, at most six rows high, with the first and last day below."""
    values = [round(float(row.value)) for row in rows]
    step = _STEP
    while max(values) // step - min(values) // step >= _TALLEST:
        step += _STEP
    levels = range(max(values) // step, min(values) // step - 1, -1)
    gap = max(1, (width - _AXIS - 2) // len(values))
    lines: list[Cell] = [
        f" {level * step:>4} │{''.join(f'{_dot(value, level, step):>{gap}}' for value in values)}"
        for level in levels
    ]
    below = spread(" " * _AXIS + day_short(rows[0].at, zone), f"{day_short(rows[-1].at, zone)} ", width)
    return [*lines, f"      └{'─' * max(1, width - _AXIS - 1)}", below]


def _dot(value: int, level: int, step: int) -> str:
    return "•" if value // step == level else ""
