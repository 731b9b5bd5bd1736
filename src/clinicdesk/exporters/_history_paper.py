"""The layout of a printed history. Importing it costs what fpdf2 costs; see history_pdf.py."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.patients.queries import AllergyRow, PatientRow
from clinicdesk.clinic.prescriptions.queries import PrescribedRow
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.measured import VitalRow
from clinicdesk.clinic.records.queries import DiagnosisRow, EntryRow, NoteRow
from clinicdesk.clinic.records.rules import UNSIGNED
from clinicdesk.clinic.records.signs import Standing, of_value
from clinicdesk.clinic.records.wording import follow_up_text, late_text, treatment_text
from clinicdesk.clinic.results.queries import ObservationRow
from clinicdesk.exporters import _history_sheets as sheets
from clinicdesk.exporters._history import History
from clinicdesk.exporters._history_cover import KIND_WORDS, cover
from clinicdesk.exporters._history_letters import letters
from clinicdesk.kit.ink import Bold, Span
from clinicdesk.kit.names import age_text, full_name
from clinicdesk.kit.pdf import SMALL, Document, Head, Running
from clinicdesk.kit.sheet import Kind, Stamp, spoken
from clinicdesk.kit.words import _, plural

_DOT: Final = " · "
_USUAL_SYSTEM: Final = "CIE-10"
_TABLE: Final = 8.5
_ADDENDUM_INDENT: Final = 14.0
_SIGNATURE: Final = 14.0
# How a value stands: a mark and a word, so that neither colour nor a fine eye is needed.
_STANDINGS: Final = MappingProxyType(
    {
        Standing.USUAL: _("en rango"),
        Standing.LOW: _("▼ bajo"),
        Standing.HIGH: _("▲ alto"),
        Standing.CRITICAL_LOW: _("▼▼ CRÍTICO bajo"),
        Standing.CRITICAL_HIGH: _("▲▲ CRÍTICO alto"),
        Standing.NO_RANGE: _("sin rango"),
    }
)
_SEVERITIES: Final = ("severa", "moderada", "leve")


class HistoryPaper:
    """One printed history; `printed` gives the file, `missing` what no font has."""

    def __init__(self, history: History, stamp: Stamp) -> None:
        zone = stamp.at.tzinfo
        if zone is None:
            raise ValueError("the stamp's time carries no zone")
        self._history, self._chart, self._zone, self._stamp = history, history.chart, zone, stamp
        patient = history.chart.patient
        running = Running(
            full_name(patient.family, patient.given),
            _DOT.join(_identity(patient, stamp.at, zone)),
            _("Historia clínica"),
            stamp.origin,
            stamp.line(),
        )
        self._document = Document(running, stamp.at)

    @property
    def missing(self) -> tuple[str, ...]:
        """The characters printed as their code points."""
        return self._document.missing

    def printed(self) -> bytes:
        """Every section in reading order, and the file."""
        self._opening()
        self._allergies()
        cover(self._document, self._history, self._zone, self._stamp)
        self._document.turn()
        self._problems()
        self._treatments()
        self._medications()
        self._vitals()
        self._results()
        self._entries()
        sheets.attachments(self._document, self._history.attachments, self._moment, _TABLE)
        letters(self._document, self._history, self._zone)
        self._every_result()
        self._document.paragraph(_("Fin de la historia clínica."), grey=True)
        self._lost_characters()
        return self._document.finish()

    def _opening(self) -> None:
        patient, paper = self._chart.patient, self._document
        paper.title(_("Historia clínica"))
        sheets.person(paper, patient)

    def _allergies(self) -> None:
        paper, patient = self._document, self._chart.patient
        paper.heading(_("Alergias"))
        held = [row for row in self._chart.allergies if not row.until]
        if not held:
            none = _("Ninguna conocida.") if patient.allergy_status == "ninguna" else _("Sin preguntar.")
            paper.paragraph(none)
            return
        lines: list[Span] = []
        for row in sorted(held, key=_gravest):
            mark = "!! " if row.severity == _SEVERITIES[0] else "! "
            lines += ["\n"] if lines else []
            lines += [Bold(mark + row.substance), _tail(row.severity, row.reaction, self._since(row.since))]
        paper.box(*lines)

    def _problems(self) -> None:
        self._document.heading(_("Problemas"))
        rows = [
            [row.code, _named(row.text, row), _standing(row), self._date(row.onset)]
            for row in self._chart.problems
        ]
        self._table([Head(_("Código")), Head(_("Problema")), Head(_("Estado")), Head(_("Desde"))], rows)

    def _treatments(self) -> None:
        """Those that are followed today."""
        if self._chart.treatments:
            self._document.heading(_("Tratamientos activos"))
            rows = [
                [row.what, self._date(row.since), self._date(row.until) if row.until else "", row.doctor]
                for row in self._chart.treatments
            ]
            heads = [Head(_("Tratamiento")), Head(_("Desde")), Head(_("Hasta")), Head(_("Indicado por"))]
            self._table(heads, rows)

    def _medications(self) -> None:
        self._document.heading(_("Medicación vigente"))
        rows = [
            [_named(row.text, row), row.reason or "", row.doctor, self._date(row.starts_at)]
            for row in self._history.prescribed
            if row.state == "vigente" or (row.misplaced is not None and row.misplaced.gone)
        ]
        heads = [
            Head(_("Medicamento")),
            Head(_("Motivo")),
            Head(_("Indicado por")),
            Head(_("Desde")),
        ]
        self._table(heads, rows)

    def _vitals(self) -> None:
        measured, moved = self._chart.vitals, self._chart.vitals_gone
        if measured or moved:
            self._document.heading(_("Últimos signos vitales"))
        if measured:
            heads = [Head(_("Medición")), Head(_("Valor"), right=True), Head(_("Marca")), Head(_("Fecha"))]
            rows = [
                [_named(row.name, row), _measured(row), self._mark(row), self._moment(row.at)]
                for row in measured
            ]
            self._table(heads, rows)
        for gone in moved:
            count = plural(gone.count, _("signo"), _("signos"))
            self._document.paragraph(f"{self._moment(gone.at)}, {count}: {gone.misplaced.words}", after=1)

    def _results(self) -> None:
        """The latest value of each kind; how many there are is said, so that none seems left out."""
        if not self._history.observed:
            return
        latest, counts = _latest(self._history.observed)
        self._document.heading(_("Resultados: el último de cada tipo"))
        heads = [
            Head(_("Medición")),
            Head(_("Valor"), right=True),
            Head(_("Marca")),
            Head(_("Fecha")),
            Head(_("Mediciones"), right=True),
        ]
        rows = [
            [
                _named(row.name, row),
                _measured(row),
                self._mark(row),
                self._moment(row.at),
                str(counts[row.code]),
            ]
            for row in latest
        ]
        self._table(heads, rows)

    def _every_result(self) -> None:
        """All values, where the table of the latest ones could not hold them."""
        observed = self._history.observed
        if len(observed) == len({row.code for row in observed}):
            return
        paper = self._document
        paper.heading(_("Todos los resultados") + _DOT + plural(len(observed), _("valor"), _("valores")))
        heads = [Head(_("Fecha")), Head(_("Medición")), Head(_("Valor"), right=True), Head(_("Marca"))]
        ordered = sorted(observed, key=lambda row: row.at, reverse=not self._history.selection.oldest_first)
        self._table(
            heads,
            [
                [self._moment(row.at), _named(row.name, row), _measured(row), self._mark(row)]
                for row in ordered
            ],
        )

    def _mark(self, row: VitalRow | ObservationRow) -> str:
        """How a number stands for whom it was measured of, then; nothing for words."""
        number = row.value if isinstance(row, VitalRow) else row.value_number
        if number is None:
            return ""
        birth, day = self._chart.patient.birth, row.at.astimezone(self._zone).date()
        return _STANDINGS[of_value(row.code, row.unit, number, birth, day)]

    def _lost_characters(self) -> None:
        """What was printed by its number, on the last page, so that it can be looked up."""
        lost = self.missing
        if not lost:
            return
        paper = self._document
        paper.heading(_("Caracteres que la letra no tiene"))
        paper.paragraph(_("En el texto figuran por su código. Los archivos JSON y FHIR los traen escritos."))
        paper.table(
            [Head(_("Código")), Head(_("Nombre Unicode"))],
            [[f"U+{ord(char):04X}", unicodedata.name(char, _("sin nombre"))] for char in lost],
            size=_TABLE,
        )

    def _entries(self) -> None:
        entries, paper = self._chart.entries, self._document
        count = plural(len(entries), _("registro"), _("registros"))
        paper.heading(_("Atenciones") + _DOT + count if entries else _("Atenciones"))
        if not entries:
            paper.paragraph(_("Sin registros."))
        newest = not self._history.selection.oldest_first
        for entry in sorted(entries, key=lambda entry: entry.at, reverse=newest):
            self._entry(entry)
            paper.gap(8)

    def _entry(self, entry: EntryRow) -> None:
        paper = self._document
        name = self._moment(entry.at) + _DOT + KIND_WORDS.get(entry.kind, entry.kind)
        paper.band(name, _DOT.join(filter(None, (entry.doctor, entry.place))))
        paper.mark(name, 1)
        paper.carry(name)
        if entry.misplaced is not None:
            paper.paragraph(Bold(entry.misplaced.words), f" ({entry.misplaced.person})", after=1)
            if entry.misplaced.gone:
                return
        self._of_entry(entry)
        for row in entry.diagnoses:
            paper.paragraph(Bold(f"{row.code} "), row.text + _DOT + _standing(row), after=1)
        for treatment in entry.treatments:
            paper.paragraph(Bold(_("Tratamiento: ")), treatment_text(treatment), after=1)
        for control in entry.follow_ups:
            paper.paragraph(Bold(follow_up_text(control)), after=1)
        self._attributes(entry)
        for note in entry.notes:
            self._note(note)
        if not entry.notes:
            paper.paragraph(_unsigned(entry), grey=True)
        paper.carry("")

    def _attributes(self, entry: EntryRow) -> None:
        """Its structured attributes; the text that waits for a signature apart from them."""
        told = {name: value for name, value in entry.attributes.items() if name != UNSIGNED}
        if told:
            self._document.paragraph(*_attributes(told), after=1)
        if UNSIGNED in entry.attributes:
            self._document.paragraph(Bold(_("Sin firmar:")), after=1)
            self._document.paragraph(str(entry.attributes[UNSIGNED]))

    def _of_entry(self, entry: EntryRow) -> None:
        """Where it was entered, by whom if not by its doctor, when it was typed if later, its title."""
        paper = self._document
        if entry.own_chart is not None:
            paper.paragraph(_("Ingresado en HC {:06d}").format(entry.own_chart), grey=True, after=1)
        if entry.late_reason:
            paper.paragraph(Bold(late_text(entry, self._zone)), after=1)
        for line in self._trace(entry):
            paper.paragraph(line, grey=True, after=1)
        if entry.title:
            paper.paragraph(Bold(entry.title))

    def _trace(self, entry: EntryRow) -> Iterable[str]:
        """Who entered it for another doctor, what it puts right, what puts it right."""
        if entry.entered_by:
            yield _("Cargado por {}").format(entry.entered_by)
        if entry.corrects_id:
            yield _("Corrige el registro {}").format(self._day_of(entry.corrects_id))
        if entry.corrected_id:
            yield _("Corregido por el registro {}").format(self._day_of(entry.corrected_id))

    def _day_of(self, entry_id: UUID) -> str:
        """When an entry was; its id where this copy does not have it."""
        found = next((each.at for each in self._chart.entries if each.id == entry_id), None)
        return str(entry_id) if found is None else self._moment(found)

    def _note(self, note: NoteRow) -> None:
        paper, indent = self._document, 14.0 if note.amends_id else 0.0
        paper.gap(3)
        if note.amends_id:
            paper.paragraph(Bold(_("Adenda")), indent=indent, after=1)
        paper.paragraph(note.text, indent=indent, below=_SIGNATURE)
        signed = (note.author_name, note.author_license, self._moment(note.signed_at))
        digest = _("huella {digest}").format(digest=note.hash[: sheets.HASH_BYTES].hex())
        signature = _("Firmado por {who}").format(who=_DOT.join(filter(None, (*signed, digest))))
        paper.paragraph(signature, indent=indent, size=SMALL, grey=True)
        said = [cosigning.cosign_words(row, self._moment(row.at)) for row in note.cosignatures]
        for line in filter(None, (*said, cosigning.standing_words(note))):
            paper.paragraph(line, indent=indent, size=SMALL, grey=True)

    def _table(self, heads: Sequence[Head], rows: list[list[str]]) -> None:
        if rows:
            self._document.table(heads, rows, size=_TABLE)
        else:
            self._document.paragraph(_("Sin registros."))

    def _moment(self, at: datetime) -> str:
        return spoken(at, Kind.TEXT, self._zone)

    def _date(self, day: date | datetime | None) -> str:
        return spoken(
            day.astimezone(self._zone).date() if isinstance(day, datetime) else day, Kind.DATE, self._zone
        )

    def _since(self, day: date | None) -> str:
        return _("desde {day}").format(day=self._date(day)) if day else ""


def _named(name: str, row: DiagnosisRow | PrescribedRow | VitalRow | ObservationRow) -> str:
    """The name, and under which other chart number it was entered."""
    return _DOT.join(filter(None, (name, origin_words(row.own_chart, row.misplaced))))


def _identity(patient: PatientRow, now: datetime, zone: tzinfo) -> Iterable[str]:
    """Document, sex and age, birth, death and chart number: the facts on every page."""
    yield patient.document or _("sin documento")
    end = patient.deceased_on or now.astimezone(zone).date()
    yield f"{patient.sex} {age_text(patient.birth, end)}".strip()
    if patient.birth:
        birth = spoken(patient.birth, Kind.DATE, zone)
        yield (_("nacimiento estimado {day}") if patient.birth_estimated else _("nacimiento {day}")).format(
            day=birth
        )
    else:
        yield _("nacimiento sin dato")
    if patient.deceased_on:
        yield _("fallecimiento {day}").format(day=spoken(patient.deceased_on, Kind.DATE, zone))
    yield f"HC {patient.chart_number:06d}"


def _gravest(row: AllergyRow) -> tuple[int, str]:
    known = row.severity in _SEVERITIES
    return (_SEVERITIES.index(row.severity) if known else len(_SEVERITIES), row.substance)


def _tail(*parts: str | None) -> str:
    """What follows a bold word: each part after a dot, empty ones left out."""
    return "".join(_DOT + part for part in parts if part)


def _standing(row: DiagnosisRow) -> str:
    """Kind, certainty, and whose code it is where it is not the usual catalogue's."""
    chronic = _("crónico") if row.chronic else None
    system = None if row.system == _USUAL_SYSTEM else row.system
    return _DOT.join(filter(None, (row.kind, row.certainty, chronic, system)))


def _latest(values: Iterable[ObservationRow]) -> tuple[list[ObservationRow], Counter[str]]:
    """The newest value of each code in order of name, and how many values each code has."""
    newest: dict[str, ObservationRow] = {}
    counts: Counter[str] = Counter()
    for row in values:
        counts[row.code] += 1
        if row.code not in newest or row.at > newest[row.code].at:
            newest[row.code] = row
    return sorted(newest.values(), key=lambda row: (row.name, row.code)), counts


def _measured(row: VitalRow | ObservationRow) -> str:
    """`6,4 mmol/L`: the number as it was written down, with a decimal comma, or the text."""
    number = row.value if isinstance(row, VitalRow) else row.value_number
    words = "" if isinstance(row, VitalRow) else row.value_text or ""
    value = words if number is None else f"{number:f}".replace(".", ",")
    return f"{value} {row.unit or ''}".strip()


def _attributes(held: Mapping[str, Any]) -> Iterable[Span]:
    """Structured attributes in a row: **peso_kg:** 72 · **fumador:** no."""
    for number, (key, value) in enumerate(held.items()):
        yield Bold(f"{_DOT if number else ''}{key}: ")
        yield _attribute(value)


def _attribute(value: Any) -> str:
    """A structured attribute in words: lists and objects spelled out, no braces."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_attribute(held)}" for key, held in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_attribute, value))
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    return "" if value is None else str(value)


def _unsigned(entry: EntryRow) -> str:
    if entry.source:
        return _("Sin nota. Registro importado de {source}.").format(source=entry.source)
    return _("Sin nota firmada.")
