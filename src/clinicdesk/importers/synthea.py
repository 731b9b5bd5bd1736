"""Synthea's CSV export: patients, providers, encounters and what hangs on them.

Names, descriptions and codes are kept as Synthea writes them (`Maynard46`): they are the source's data,
and a second run must find them again. Files of costs and devices are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Table

from clinicdesk.clinic.desk import Desk
from clinicdesk.clinic.patients.rules import NAME_MOST, parsed_document
from clinicdesk.clinic.patients.spelling import SearchNames, sound
from clinicdesk.clinic.records.rules import RecordKind
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.staging import (
    staging_allergies,
    staging_coverages,
    staging_diagnoses,
    staging_observations,
    staging_patients,
    staging_people,
    staging_prescriptions,
    staging_visits,
)
from clinicdesk.importers import Importer, ImportResult, Progress, quiet
from clinicdesk.importers._batch import Feed, Lookup, Source, Staged, run_import
from clinicdesk.importers._cells import (
    Bad,
    Fault,
    day,
    instant,
    key,
    line,
    maybe,
    maybe_day,
    maybe_instant,
    maybe_whole,
    number,
    words,
)
from clinicdesk.importers._csv import Cells, Layout
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

# Plans may end in the future; facts may not, save for the hours that zones differ.
_FAR: Final = "2200-01-01"
_NO_ALLERGY: Final = frozenset({"716186003", "1287360003"})
_SNOMED: Final = "SNOMED-CT"
_SYSTEMS: Final = MappingProxyType(
    {
        "http://snomed.info/sct": _SNOMED,
        "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
        "http://loinc.org": "LOINC",
    }
)
_LOINC: Final = re.compile(r"\d{1,7}-\d", re.ASCII)
_YEAR: Final = re.compile(r"\d{4}", re.ASCII)
_UNINSURED: Final = "NO_INSURANCE"
_DOCUMENTS: Final = (("SSN", "SSN"), ("DRIVERS", "DL"), ("PASSPORT", "PAS"))

_KINDS: Final = MappingProxyType(
    {
        "wellness": RecordKind.CONTROL,
        "ambulatory": RecordKind.CONSULTA,
        "outpatient": RecordKind.CONSULTA,
        "home": RecordKind.CONSULTA,
        "emergency": RecordKind.URGENCIA,
        "urgentcare": RecordKind.URGENCIA,
        "inpatient": RecordKind.INTERNACION,
        "hospice": RecordKind.INTERNACION,
        "snf": RecordKind.INTERNACION,
        "virtual": RecordKind.TELECONSULTA,
    }
)
_SEVERITIES: Final = MappingProxyType({"": 0, "MILD": 1, "MODERATE": 2, "SEVERE": 3})
_SEVERITY_CODES: Final = (None, "leve", "moderada", "severa")
_CATEGORIES: Final = MappingProxyType(
    {
        "": ("otro", _("Otras observaciones")),
        "laboratory": ("laboratory", _("Laboratorio")),
        "survey": ("survey", _("Cuestionario")),
        "procedure": ("procedure", _("Procedimiento")),
        "exam": ("exam", _("Examen")),
        "imaging": ("imaging", _("Imagen")),
        "social-history": ("social-history", _("Antecedentes sociales")),
        "therapy": ("therapy", _("Terapia")),
        "activity": ("activity", _("Actividad")),
        "vital-signs": ("vital-signs", _("Signos vitales")),
    }
)
# Vital signs that no living body has, by LOINC code and unit: a slipped digit, not a finding.
_ANYTHING: Final = (-inf, inf)
_POSSIBLE: Final[Mapping[tuple[str, str], tuple[float, float]]] = MappingProxyType(
    {
        ("8302-2", "cm"): (10, 280),
        ("29463-7", "kg"): (0.2, 700),
        ("39156-5", "kg/m2"): (3, 250),
        ("8480-6", "mm[Hg]"): (0, 400),
        ("8462-4", "mm[Hg]"): (0, 300),
        ("8867-4", "/min"): (0, 400),
        ("9279-1", "/min"): (0, 150),
        ("8310-5", "Cel"): (10, 50),
        ("9843-4", "cm"): (10, 100),
        ("72514-3", "{score}"): (0, 10),
    }
)


class _Rows:
    """Cells of each file, in its layout's order → values of its staging table."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.organizations: dict[str, str] = {}
        self.payers: dict[str, str] = {}
        # Facts are of today at the latest, somewhere on earth; `now` is UTC.
        self._latest = (now + timedelta(days=1)).date().isoformat()
        self._now = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._has_organizations = (folder / "organizations.csv").is_file()
        self._has_providers = (folder / "providers.csv").is_file()

    @staticmethod
    def named(cells: Cells) -> tuple[str, str]:
        """An organization or payer: Id, NAME."""
        name_key, name = cells
        return key("Id", name_key), words("NAME", name, NAME_MOST)

    @staticmethod
    def person(cells: Cells) -> Staged:
        """A provider: the last word of the name is the surname."""
        person_key, name, specialty = cells
        given, _blank, family = _name("NAME", name).rpartition(" ")
        return key("Id", person_key), given, family, maybe("SPECIALITY", specialty)

    def patient(self, cells: Cells) -> Staged:
        """A patient with the documents that the file has."""
        patient_key, born, died, first, last, sex, address, city, *numbers, middle = cells
        given = line("FIRST", f"{first} {middle}" if middle else first, NAME_MOST)
        family = _name("LAST", last)
        birth = day("BIRTHDATE", born, self._latest)
        death = maybe_day("DEATHDATE", died, self._latest)
        _in_order("DEATHDATE", died, death, "BIRTHDATE", birth)
        documents, names = _documents(*numbers), SearchNames.of(given, family)
        return (
            key("Id", patient_key),
            given,
            family,
            _one_of("GENDER", sex.strip().upper(), ("F", "M", "X")),
            birth,
            death,
            None,
            None,
            maybe("ADDRESS", address),
            maybe("CITY", city),
            names.keys(
                int(birth[:4]), tuple(document.rpartition(":")[2] for document, _column, _said in documents)
            ),
            names.stored,
            list(names.words),
            [sound(word) for word in names.words],
            [document for document, _column, _said in documents],
            [column for _document, column, _said in documents],
            [said for _document, _column, said in documents],
        )

    def coverage(self, cells: Cells) -> Staged:
        """A span under one payer. Older exports give years, newer ones instants under other names."""
        patient_key, payer_key, member, start_year, end_year, start_date, end_date = cells
        start, end = start_year or start_date, end_year or end_date
        since = _year_or_day("START_YEAR", start, "-01-01")
        until = _year_or_day("END_YEAR", end, "-12-31")
        _in_order("END_YEAR", end, until, "START_YEAR", since)
        payer = self._named(self.payers, "PAYER", payer_key, "payers.csv")
        shown = _("Sin cobertura") if payer == _UNINSURED else payer
        return key("PATIENT", patient_key), shown, maybe("MEMBERID", member), since, until

    def allergy(self, cells: Cells) -> Staged:
        """An allergy with the worst of its severities; "no known allergy" is no substance."""
        patient_key, start, stop, code, text, system, category, first, mild, second, severe = cells
        since, until = self._span(start, stop)
        reactions = filter(None, (maybe("DESCRIPTION1", first), maybe("DESCRIPTION2", second)))
        worst = max(_severity("SEVERITY1", mild), _severity("SEVERITY2", severe))
        said = words("CODE", code, 40)
        return (
            key("PATIENT", patient_key),
            None if said in _NO_ALLERGY else words("DESCRIPTION", text, 300),
            _system(system),
            said,
            maybe("CATEGORY", category),
            "; ".join(reactions) or None,
            _SEVERITY_CODES[worst],
            since,
            until,
        )

    def visit(self, cells: Cells) -> Staged:
        """An encounter: a visit, and the entry of the history that it leaves."""
        visit_key, start, stop, patient_key, place, doctor, sort, code, text, why_code, why = cells
        started = instant("START", start, self._latest)
        ended = maybe_instant("STOP", stop, self._latest)
        _in_order("STOP", stop, ended, "START", started)
        sort = words("ENCOUNTERCLASS", sort, 40).lower()
        reason = maybe("REASONDESCRIPTION", why)
        attributes = {
            "class": sort,
            "system": _SNOMED,
            "code": words("CODE", code, 40),
            "reason_code": maybe("REASONCODE", why_code, 40),
            "reason": reason,
        }
        return (
            key("Id", visit_key),
            key("PATIENT", patient_key),
            maybe("PROVIDER", doctor) if self._has_providers else None,
            self._institution(place),
            _KINDS.get(sort, RecordKind.OTRO).value,
            started,
            ended,
            reason,
            words("DESCRIPTION", text),
            msgspec.json.encode({name: said for name, said in attributes.items() if said}).decode(),
        )

    def diagnosis(self, cells: Cells) -> Staged:
        """A condition."""
        patient_key, visit_key, start, stop, code, text, system = cells
        onset, abated = self._span(start, stop)
        return (
            key("PATIENT", patient_key),
            key("ENCOUNTER", visit_key),
            _system(system),
            words("CODE", code, 40),
            words("DESCRIPTION", text),
            onset,
            abated,
        )

    def prescription(self, cells: Cells) -> Staged:
        """A medication: in force until it stops."""
        patient_key, visit_key, start, stop, code, text, dispenses, reason = cells
        starts = instant("START", start, self._latest)
        ends = maybe_instant("STOP", stop, _FAR)
        _in_order("STOP", stop, ends, "START", starts)
        return (
            key("PATIENT", patient_key),
            key("ENCOUNTER", visit_key),
            "vigente" if ends is None or ends > self._now else "vencida",
            starts,
            ends,
            maybe("REASONDESCRIPTION", reason),
            "RxNorm",
            words("CODE", code, 40),
            words("DESCRIPTION", text),
            maybe_whole("DISPENSES", dispenses),
        )

    def observation(self, cells: Cells) -> Staged:
        """An observation; a number among the vital signs is one of them."""
        patient_key, visit_key, at, code, text, value, unit, sort, group = cells
        numeric = _one_of("TYPE", sort.strip().lower(), ("numeric", "text")) == "numeric"
        group = maybe("CATEGORY", group, 80) or ""
        category, title = _CATEGORIES.get(group, (group, group))
        said_code, said_unit = words("CODE", code, 40), maybe("UNITS", unit, 80)
        amount = number("VALUE", value) if numeric else None
        vital = numeric and category == "vital-signs"
        if vital and amount is not None:
            _possible(said_code, said_unit, amount, value)
        return (
            key("PATIENT", patient_key),
            maybe("ENCOUNTER", visit_key),
            instant("DATE", at, self._latest),
            vital,
            category,
            title,
            "LOINC" if _LOINC.fullmatch(said_code) else "Synthea",
            said_code,
            words("DESCRIPTION", text),
            amount,
            None if numeric else words("VALUE", value, 4000),
            None if said_unit == "null" else said_unit,
        )

    def _span(self, start: str, stop: str) -> tuple[str, str | None]:
        since = day("START", start, self._latest)
        until = maybe_day("STOP", stop, _FAR)
        _in_order("STOP", stop, until, "START", since)
        return since, until

    def _institution(self, place: str) -> str:
        """The organization's name; without their file the key is all there is."""
        if self._has_organizations:
            return self._named(self.organizations, "ORGANIZATION", place, "organizations.csv")
        return key("ORGANIZATION", place)

    @staticmethod
    def _named(names: dict[str, str], column: str, value: str, file: str) -> str:
        try:
            return names[value.strip()]
        except KeyError:
            raise Bad(column, value, Fault.UNKNOWN_REFERENCE, file) from None


def _name(column: str, value: str) -> str:
    said = line(column, value, NAME_MOST)
    if not said:
        raise Bad(column, value, Fault.MISSING)
    return said


def _documents(*numbers: str) -> list[tuple[str, str, str]]:
    """Document key, column and text of each number that is there."""
    found = []
    for (column, kind), said in zip(_DOCUMENTS, numbers, strict=True):
        number_said = maybe(column, said, 40)
        if number_said is not None:
            try:
                found.append((parsed_document(f"US:{kind}:{number_said}", "US").key, column, said))
            except InvalidInput:
                raise Bad(column, said, Fault.BAD_DOCUMENT) from None
    return found


def _one_of(column: str, value: str, expected: tuple[str, ...]) -> str:
    if value not in expected:
        raise Bad(column, value, Fault.UNKNOWN_VALUE, ", ".join(expected))
    return value


def _in_order(column: str, value: str, later: str | None, name: str, earlier: str | None) -> None:
    """Refuse an end before its beginning. Both are ISO in UTC: of one length they compare as text."""
    if later is None or earlier is None:
        return
    alike = len(later) == len(earlier)
    if (later < earlier) if alike else (datetime.fromisoformat(later) < datetime.fromisoformat(earlier)):
        raise Bad(column, value, Fault.BEFORE, f"{name} {earlier}")


def _year_or_day(column: str, value: str, rest_of_year: str) -> str | None:
    return maybe_day(column, value.strip() + rest_of_year if _YEAR.fullmatch(value.strip()) else value, _FAR)


def _system(said: str) -> str:
    """The code system's name; newer exports give its address."""
    name = maybe("SYSTEM", said, 80) or _SNOMED
    return _SYSTEMS.get(name, name)


def _severity(column: str, value: str) -> int:
    try:
        return _SEVERITIES[value.strip().upper()]
    except KeyError:
        raise Bad(column, value, Fault.UNKNOWN_VALUE, ", ".join(filter(None, _SEVERITIES))) from None


def _possible(code: str, unit: str | None, amount: str, value: str) -> None:
    """Refuse a vital sign that no living body has."""
    least, most = _POSSIBLE.get((code, unit or ""), _ANYTHING)
    if not least <= float(amount) <= most:
        raise Bad("VALUE", value, Fault.IMPLAUSIBLE, f"{least}–{most} {unit}")


_REFERENCES: Final = MappingProxyType(
    {
        "key": "Id",
        "patient_key": "PATIENT",
        "doctor_key": "PROVIDER",
        "visit_key": "ENCOUNTER",
        "started_at": "START",
    }
)
_NAMED: Final = Layout(("Id", "NAME"))
_LAYOUTS: Final = MappingProxyType(
    {
        "providers.csv": Layout(("Id", "NAME", "SPECIALITY")),
        "patients.csv": Layout(
            ("Id", "BIRTHDATE", "DEATHDATE", "FIRST", "LAST", "GENDER", "ADDRESS", "CITY"),
            ("SSN", "DRIVERS", "PASSPORT", "MIDDLE"),
        ),
        "payer_transitions.csv": Layout(
            ("PATIENT", "PAYER"), ("MEMBERID", "START_YEAR", "END_YEAR", "START_DATE", "END_DATE")
        ),
        "allergies.csv": Layout(
            ("PATIENT", "START", "STOP", "CODE", "DESCRIPTION"),
            ("SYSTEM", "CATEGORY", "DESCRIPTION1", "SEVERITY1", "DESCRIPTION2", "SEVERITY2"),
        ),
        "encounters.csv": Layout(
            (
                "Id",
                "START",
                "STOP",
                "PATIENT",
                "ORGANIZATION",
                "PROVIDER",
                "ENCOUNTERCLASS",
                "CODE",
                "DESCRIPTION",
            ),
            ("REASONCODE", "REASONDESCRIPTION"),
        ),
        "conditions.csv": Layout(
            ("PATIENT", "ENCOUNTER", "START", "STOP", "CODE", "DESCRIPTION"), ("SYSTEM",)
        ),
        "medications.csv": Layout(
            ("PATIENT", "ENCOUNTER", "START", "STOP", "CODE", "DESCRIPTION"),
            ("DISPENSES", "REASONDESCRIPTION"),
        ),
        "observations.csv": Layout(
            ("PATIENT", "ENCOUNTER", "DATE", "CODE", "DESCRIPTION", "VALUE", "UNITS", "TYPE"), ("CATEGORY",)
        ),
    }
)


def _source(folder: Path, now: datetime) -> Source:
    """The folder's files in the order of the merge: who, then what hangs on them."""
    made = _Rows(folder, now)

    def feed(file: str, kind: str, table: Table, row: Callable[[Cells], Staged]) -> Feed:
        return Feed(file, kind, table, _LAYOUTS[file], row, _REFERENCES, required=file == "patients.csv")

    return Source(
        name="synthea",
        folder=folder,
        lookups=(
            Lookup("organizations.csv", _NAMED, made.named, made.organizations),
            Lookup("payers.csv", _NAMED, made.named, made.payers),
        ),
        feeds=(
            feed("providers.csv", "people", staging_people, made.person),
            feed("patients.csv", "patients", staging_patients, made.patient),
            feed("payer_transitions.csv", "coverages", staging_coverages, made.coverage),
            feed("allergies.csv", "allergies", staging_allergies, made.allergy),
            feed("encounters.csv", "visits", staging_visits, made.visit),
            feed("conditions.csv", "diagnoses", staging_diagnoses, made.diagnosis),
            feed("medications.csv", "prescriptions", staging_prescriptions, made.prescription),
            feed("observations.csv", "observations", staging_observations, made.observation),
        ),
    )


def run(
    desk: Desk,
    folder: Path,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    key: UUID | None = None,
    progress: Progress = quiet,
    **_options: str,
) -> ImportResult:
    """Import a folder of Synthea's CSV files; see `run_import`."""
    return run_import(desk, _source(folder, clock.now()), dry_run=dry_run, rejects=rejects, key=key)


IMPORTER: Final = Importer(
    name="synthea",
    title=_("Pacientes de Synthea (CSV)"),
    help=_("Carpeta con patients.csv y, si están, los demás archivos CSV de Synthea."),
    permission=Permission.IMPORT_RUN,
    run=run,
)
