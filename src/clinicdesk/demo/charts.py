"""What a visit leaves in a chart: record, signed note, diagnosis, vital signs, drugs, laboratory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from string import Formatter
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID
from zlib import crc32

from psycopg.types.json import Jsonb

from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.prescriptions.model import prescription_items, prescriptions
from clinicdesk.clinic.records import rules
from clinicdesk.clinic.records.model import diagnoses, notes, records, visits, vitals
from clinicdesk.clinic.records.sealing import SIGNED
from clinicdesk.clinic.results.model import observations, results
from clinicdesk.demo.book import Book
from clinicdesk.demo.ground import Doctor, Person
from clinicdesk.demo.stories import Story
from clinicdesk.kit.ids import derived_id

_LOINC: Final = "LOINC"
# field of a story → (code, name, unit)
_SIGNS: Final = MappingProxyType(
    {
        "sistolica": ("8480-6", "Presión sistólica", "mm[Hg]"),
        "diastolica": ("8462-4", "Presión diastólica", "mm[Hg]"),
        "fc": ("8867-4", "Frecuencia cardíaca", "/min"),
        "temp": ("8310-5", "Temperatura", "Cel"),
        "sat": ("2708-6", "Saturación de oxígeno", "%"),
        "peso": ("29463-7", "Peso", "kg"),
        "talla": ("8302-2", "Talla", "cm"),
    }
)
# name → (code, shown, unit, lowest, highest, decimals)
_LABS: Final = MappingProxyType(
    {
        "glucosa": ("2345-7", "Glucosa", "mg/dL", 78, 186, 0),
        "hba1c": ("4548-4", "Hemoglobina A1c", "%", 5.6, 9.4, 1),
        "creatinina": ("2160-0", "Creatinina", "mg/dL", 0.6, 1.5, 2),
        "potasio": ("2823-3", "Potasio", "mmol/L", 3.4, 5.4, 1),
        "colesterol": ("2093-3", "Colesterol total", "mg/dL", 148, 272, 0),
        "tsh": ("3016-3", "Tirotrofina (TSH)", "m[IU]/L", 0.6, 8.2, 2),
    }
)
_IN_FORCE: Final = timedelta(days=30)
_RESULT_AFTER: Final = timedelta(days=2)
_ADULT: Final = 18
_ADDENDA: Final = 0.04


@dataclass(frozen=True, slots=True)
class Seen:
    """A visit: whom, by whom, where and when; `turn_id` None for one from before agendas were kept."""

    person: Person
    doctor: Doctor
    started_at: datetime
    ended_at: datetime | None
    turn_id: UUID | None = None
    visit_id: UUID = field(init=False)
    record_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        """Name the rows that the others hang on."""
        first = derived_id(self.started_at, "demo", "visit", self.person.id.hex, str(self.doctor.id))
        object.__setattr__(self, "visit_id", first)
        object.__setattr__(self, "record_id", self.row_id("record"))

    def row_id(self, what: str) -> UUID:
        """The id of a row of this visit: the visit's time, and the name mixed into its last bits."""
        return UUID(int=self.visit_id.int ^ crc32(what.encode()))


class Charts:
    """Writes visits into a book. `ends` holds the hash of each patient's last note, and is kept up."""

    def __init__(self, book: Book, ends: dict[UUID, bytes], now: datetime) -> None:
        self._book = book
        self.ends = ends
        self._now = now

    def open_visit(self, seen: Seen, kind: str) -> None:
        """A visit without a note yet."""
        self._book.add(
            visits,
            patient_id=seen.person.id,
            id=seen.visit_id,
            turn_id=seen.turn_id,
            clinic_id=seen.doctor.clinic_id,
            doctor_id=seen.doctor.id,
            kind=kind,
            started_at=seen.started_at,
            ended_at=seen.ended_at,
        )

    def whole_visit(self, seen: Seen, story: Story, random: Random, *, refill: bool = False) -> None:
        """A visit that ended, with everything it leaves. `refill`: a chronic drug that is taken still."""
        self.open_visit(seen, story.kind)
        signs = _measured(seen, story, random)
        self._record(seen, story)
        self._diagnosis(seen, story)
        self._vitals(seen, signs)
        self._note(seen, story, story_text(story, signs))
        if random.random() < _ADDENDA:
            self._addendum(seen)
        for at, drug in enumerate(story.drugs):
            self._prescription(seen, story, drug, at, refill=refill)
        if story.labs and seen.started_at + _RESULT_AFTER < self._now:
            self._laboratory(seen, story, random)

    def _record(self, seen: Seen, story: Story) -> None:
        self._book.add(
            records,
            patient_id=seen.person.id,
            id=seen.record_id,
            visit_id=seen.visit_id,
            kind=story.kind,
            at=seen.started_at,
            clinic_id=seen.doctor.clinic_id,
            doctor_id=seen.doctor.id,
            title=story.reason.capitalize(),
            attributes=Jsonb(dict(story.attributes)),
            written_at=seen.started_at,
        )

    def _diagnosis(self, seen: Seen, story: Story) -> None:
        entry = story.entry
        self._book.add(
            diagnoses,
            patient_id=seen.person.id,
            id=seen.row_id("diagnosis"),
            record_id=seen.record_id,
            visit_id=seen.visit_id,
            onset=seen.started_at.date(),
            abated=None if story.chronic else _abated(seen, self._now),
            **{name: getattr(entry, name) for name in entry.__slots__},
        )

    def _vitals(self, seen: Seen, signs: dict[str, float]) -> None:
        for name, value in signs.items():
            code, shown, unit = _SIGNS[name]
            self._book.add(
                vitals,
                patient_id=seen.person.id,
                id=seen.row_id(name),
                visit_id=seen.visit_id,
                at=seen.started_at,
                system=_LOINC,
                code=code,
                name=shown,
                value=value,
                unit=unit,
            )

    def _note(self, seen: Seen, story: Story, text: str) -> None:
        signed_at = seen.ended_at or seen.started_at
        self._sign(seen, "note", text, signed_at, story)

    def _addendum(self, seen: Seen) -> None:
        signed_at = (seen.ended_at or seen.started_at) + timedelta(minutes=4)
        if signed_at < self._now:
            text = "Se entregan por escrito las pautas de alarma."
            self._sign(seen, "addendum", text, signed_at)

    def _sign(
        self, seen: Seen, what: str, text: str, signed_at: datetime, story: Story | None = None
    ) -> None:
        """Append to the chain: the note of a story, or without one an addendum to it."""
        patient_id, doctor = seen.person.id, seen.doctor
        row: dict[str, Any] = {
            "patient_id": patient_id,
            "record_id": seen.record_id,
            "visit_id": seen.visit_id if story else None,
            "amends_id": None if story else seen.row_id("note"),
            "text": text,
            "supervised": False,
            "author_id": doctor.id,
            "author_name": doctor.name,
            "author_license": doctor.license,
            "login": doctor.login,
            "signed_at": signed_at,
        }
        note_id, before = seen.row_id(what), self.ends.get(patient_id)
        covered = self._covered(seen, story) if story else {}
        made = rules.note_hash(before, rules.Signed(**row, note_id=note_id, **covered))
        self.ends[patient_id] = made
        self._book.add(notes, id=note_id, prev_hash=before, hash=made, **row)
        self._act(seen, f"{note_id.hex} {made.hex()}")

    def _covered(self, seen: Seen, story: Story) -> dict[str, Any]:
        entry = story.entry
        stated = rules.SignedDiagnosis(
            *(entry.system, entry.code, entry.text, entry.certainty, entry.kind, entry.chronic),
            *(seen.started_at.date(), None if story.chronic else _abated(seen, self._now)),
        )
        kept = rules.SignedEntry(
            *(story.kind, seen.started_at, seen.doctor.clinic_id, None, seen.doctor.id),
            *(story.reason.capitalize(), _as_printed(story.attributes), seen.started_at, None),
        )
        return {"entry": kept, "diagnoses": (stated,)}

    def _act(self, seen: Seen, subject: str) -> None:
        self._book.add(
            acts,
            key=seen.row_id(subject),
            person=seen.doctor.login,
            role="medico",
            host="demo",
            clinic_id=seen.doctor.clinic_id,
            patient_id=seen.person.id,
            what=SIGNED,
            purpose="TREAT",
            outcome="done",
            subject=subject,
        )

    def _prescription(self, seen: Seen, story: Story, drug: str, at: int, *, refill: bool) -> None:
        until = None if refill else seen.started_at + _IN_FORCE
        prescription_id = seen.row_id(f"prescription{at}")
        self._book.add(
            prescriptions,
            patient_id=seen.person.id,
            id=prescription_id,
            visit_id=seen.visit_id,
            doctor_id=seen.doctor.id,
            state="vigente" if until is None or until > self._now else "vencida",
            starts_at=seen.started_at,
            ends_at=until,
            reason=story.diagnosis,
        )
        self._book.add(
            prescription_items,
            patient_id=seen.person.id,
            id=seen.row_id(f"item{at}"),
            prescription_id=prescription_id,
            text=drug,
        )

    def _laboratory(self, seen: Seen, story: Story, random: Random) -> None:
        at = seen.started_at + _RESULT_AFTER
        self._book.add(
            results,
            patient_id=seen.person.id,
            id=seen.row_id("result"),
            visit_id=seen.visit_id,
            doctor_id=seen.doctor.id,
            at=at,
            title="Laboratorio",
            category="laboratory",
        )
        for name in story.labs:
            code, shown, unit, low, high, decimals = _LABS[name]
            self._book.add(
                observations,
                patient_id=seen.person.id,
                id=seen.row_id(f"lab-{name}"),
                result_id=seen.row_id("result"),
                at=at,
                system=_LOINC,
                code=code,
                name=shown,
                value_number=round(random.uniform(low, high), decimals),
                unit=unit,
            )


def story_text(story: Story, signs: dict[str, float]) -> str:
    """The note as it was typed: what was told, found and planned, with the measured values in it."""
    values = {name: f"{value:g}".replace(".", ",") for name, value in signs.items()}
    if "sistolica" in values:
        values["ta"] = f"{values['sistolica']}/{values['diastolica']}"
    lines = (
        f"Motivo: {story.reason}.",
        story.told,
        "",
        f"Examen: {story.found.format_map(values)}",
        "",
        f"Plan: {story.plan}",
    )
    return "\n".join(lines)


def _as_printed(attributes: Iterable[tuple[str, str]]) -> str:
    """Flat attributes as the database prints them: the shorter name first."""
    ordered = sorted(attributes, key=lambda item: (len(item[0].encode()), item[0]))
    return json.dumps(dict(ordered), ensure_ascii=False)


def _abated(seen: Seen, now: datetime) -> date | None:
    """An acute problem is over after three weeks."""
    over = seen.started_at + timedelta(days=21)
    return over.date() if over < now else None


def _measured(seen: Seen, story: Story, random: Random) -> dict[str, float]:
    """The vital signs that the story's findings name."""
    named = {name for _text, name, _spec, _conversion in Formatter().parse(story.found) if name}
    body = _body(seen, random)
    age = seen.person.age_on(seen.started_at.date())
    systolic = (random.randint(104, 128) if age >= _ADULT else random.randint(88, 112)) + story.pressure
    all_signs: dict[str, float] = {
        "sistolica": systolic,
        "diastolica": round(systolic * 0.62) + random.randint(-4, 4),
        "fc": random.randint(62, 88) + (14 if story.fever else 0) + max(0, 10 - age) * 4,
        "temp": round(random.uniform(38.0, 39.3) if story.fever else random.uniform(36.1, 36.9), 1),
        "sat": random.randint(96, 99),
        **body,
    }
    wanted = named | ({"sistolica", "diastolica"} if "ta" in named else set())
    return {name: value for name, value in all_signs.items() if name in wanted}


def _body(seen: Seen, random: Random) -> dict[str, float]:
    """Height that an adult keeps, and a weight that moves a little between visits."""
    own = Random(seen.person.id.int)  # noqa: S311 - made-up people, no secret
    age = seen.person.age_on(seen.started_at.date())
    grown = own.gauss(161 if seen.person.sex == "F" else 173, 6)
    height = grown if age >= _ADULT else 52 + (grown - 52) * (age / _ADULT) ** 0.72
    index = own.gauss(26.5, 3.8) if age >= _ADULT else own.gauss(16.5, 1.2)
    weight = max(3.2, min(190.0, index * (height / 100) ** 2 + random.uniform(-1.5, 1.5)))
    return {"peso": round(weight, 1), "talla": round(height)}
