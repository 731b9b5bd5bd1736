"""Made-up histories: skewed patients and doctors, codes as often as coders gave them, Spanish clinical words.

Texts and codes are those of CodiEsp's development set (shared/data/codiesp-dev, CC BY 4.0), cut and mixed;
the same for the same seed. What an entry is found by is made here too, so that a million go in by COPY; the
run compares a sample with what the database makes of the rows.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import UUID

import psycopg

from clinicdesk.clinic.records.rules import UNSIGNED

CLINICS: Final = 20
DOCTORS: Final = 400
_PER_PATIENT: Final = 20
_DAYS: Final = 8 * 365
_FIRST_ID: Final = UUID("019b7600-0000-7000-8000-000000000000").int
_FIRST_CHART: Final = 5_000_000
_KINDS: Final = {
    "consulta": 52, "control": 20, "laboratorio": 10, "urgencia": 7, "procedimiento": 4, "imagen": 4,
    "teleconsulta": 2, "internacion": 1,
}  # fmt: skip
_SURNAMES: Final = ("Quispe", "Mamani", "Gómez", "Ñáñez", "Pérez", "Álvarez", "Paz", "Núñez", "Sosa", "Ríos")
_PLACES: Final = ("Hospital Italiano", "Clínica San José", "Hospital Ñuñoa", "Sanatorio Güemes")
_ORDERS: Final = ("Enalapril 10 mg", "Dieta hiposódica", "Kinesiología motora", "Omeprazol 20 mg")
_OUTSIDE: Final = 0.06
_ORDERED: Final = 0.15
_MEASURED: Final = 0.3
_NULL: Final = r"\N"


@dataclass(frozen=True, slots=True)
class Corpus:
    """Texts as lists of words, codes with their shown text by weight, and the lexemes of each word."""

    texts: list[list[str]]
    codes: list[tuple[str, str]]
    weights: list[float]
    lexemes: dict[str, tuple[str, ...]]

    @classmethod
    def read(cls, folder: Path, raw: psycopg.Connection[Any]) -> Corpus:
        """Of CodiEsp's files; without them the run ends and says so."""
        if not folder.is_dir():
            sys.exit(f"needs {folder}: Spanish texts and codes")
        texts = [path.read_text().split() for path in sorted((folder / "text_files").glob("*.txt"))]
        shown: dict[str, str] = {}
        counts = Counter[str]()
        for line in (folder / "devX.tsv").read_text().splitlines():
            _case, kind, code, said, _places = line.split("\t")
            if kind == "DIAGNOSTICO":
                counts[code.upper()] += 1
                shown.setdefault(code.upper(), said)
        codes = [(code, shown[code]) for code, _n in counts.most_common()]
        known = {word for text in texts for word in text} | {
            w for said in shown.values() for w in said.split()
        }
        known |= {word for place in _PLACES for word in place.split()} | {"izquierdo", "derecho"}
        known |= {code for code, _said in codes} | {word for said in _ORDERS for word in said.split()}
        rows = raw.execute(
            "SELECT w, tsvector_to_array(to_tsvector('simple', folded(w))) FROM unnest(%s::text[]) w",
            (sorted(known),),
        )
        lexemes = {word: tuple(found) for word, found in rows}
        return cls(texts, codes, [float(counts[code]) for code, _said in codes], lexemes)


@dataclass(frozen=True, slots=True)
class Made:
    """One entry with all that it is found by."""

    number: int
    patient: int
    at: datetime
    kind: str
    clinic: int | None
    institution: str | None
    doctor: int | None
    attributes: dict[str, Any]
    stated: tuple[tuple[str, str], ...]
    ordered: str | None
    keys: tuple[str, ...]


def patient_id(number: int) -> UUID:
    return UUID(int=_FIRST_ID + (number << 40))


def record_id(number: int) -> UUID:
    return UUID(int=_FIRST_ID + (1 << 70) + number)


class Records:
    """So many entries: where and by whom is skewed, newer years are fuller."""

    def __init__(
        self, corpus: Corpus, count: int, clinics: Sequence[int], doctors: Sequence[int], now: datetime
    ) -> None:
        self._corpus, self.count, self._now = corpus, count, now
        self._clinics, self._doctors = clinics, doctors
        self.patients = max(count // _PER_PATIENT, 50)
        self._random = Random(7)
        self._kind_names, self._kind_weights = list(_KINDS), list(accumulate(_KINDS.values()))
        self._code_weights = list(accumulate(corpus.weights))
        self._doctor_weights = list(accumulate(1 / (place + 5) for place in range(len(doctors))))

    def __iter__(self) -> Iterator[Made]:
        """In the order of time, as a network writes them."""
        step = timedelta(days=_DAYS) / self.count
        for number in range(self.count):
            # A square root: twice as many in a year as four years before.
            share = ((number + 0.5) / self.count) ** 0.7
            at = self._now - timedelta(days=_DAYS) * (1 - share) - step / 2
            yield self._entry(number, at)

    def _entry(self, number: int, at: datetime) -> Made:
        random = self._random
        doctor = random.choices(range(len(self._doctors)), cum_weights=self._doctor_weights)[0]
        outside = random.random() < _OUTSIDE
        kind = random.choices(self._kind_names, cum_weights=self._kind_weights)[0]
        clinic = None if outside else self._clinics[(doctor * 7) % len(self._clinics)]
        place = random.choice(_PLACES) if outside else None
        many = random.choices((0, 1, 2, 3), (0.25, 0.5, 0.2, 0.05))[0]
        drawn = random.choices(self._corpus.codes, cum_weights=self._code_weights, k=many)
        stated = tuple(dict.fromkeys(drawn))
        attributes, keys = self._measured() if random.random() < _MEASURED else ({}, ())
        words = self._words()
        attributes[UNSIGNED] = " ".join(words)
        doctor_id = None if outside else self._doctors[doctor]
        ordered = random.choice(_ORDERS) if random.random() < _ORDERED else None
        found = self._found_by([*words, *(ordered or "").split()], stated, place)
        keys = (*keys, f"k:{kind}", *[f"o:{clinic}"] * (clinic is not None), *found)
        keys = (*keys, *[f"d:{doctor_id}"] * (doctor_id is not None))
        patient = int(self.patients * random.random() ** 1.7)
        return Made(number, patient, at, kind, clinic, place, doctor_id, attributes, stated, ordered, keys)

    def _words(self) -> list[str]:
        """A stretch of a text: most are short, some fill a page."""
        random = self._random
        text = random.choice(self._corpus.texts)
        length = min(int(random.lognormvariate(3.6, 0.7)) + 3, len(text), 400)
        start = random.randrange(len(text) - length + 1)
        return text[start : start + length]

    def _measured(self) -> tuple[dict[str, Any], tuple[str, ...]]:
        random = self._random
        high, arm = int(random.gauss(128, 18)), random.choice(("izquierdo", "derecho"))
        weight = round(max(random.gauss(70, 14), 1), 1)
        attributes = {"presion": {"sistolica": high, "brazo": arm}, "peso_kg": weight}
        keys = (
            *(
                "a:presion sistolica",
                f"a:presion sistolica={high}",
                f"v:presion sistolica={_number_key(high)}",
            ),
            *("a:presion brazo", f"a:presion brazo={arm}", arm),
            *("a:peso kg", f"a:peso kg={weight:g}", f"v:peso kg={_number_key(weight)}"),
        )
        return attributes, keys

    def _found_by(
        self, words: list[str], stated: tuple[tuple[str, str], ...], place: str | None
    ) -> Iterator[str]:
        lexemes = self._corpus.lexemes
        for word in words:
            yield from lexemes[word]
        for code, said in stated:
            yield "x:" + code.replace(".", "").lower()
            yield from lexemes[code]
            for word in said.split():
                yield from lexemes[word]
                yield from (f"y:{each}" for each in lexemes[word])
        for word in (place or "").split():
            yield from lexemes[word]
            yield from (f"i:{each}" for each in lexemes[word])


def _number_key(value: float) -> str:
    """What the database makes of a number from 1 on: power of ten and four digits."""
    whole, _dot, rest = f"{value:g}".partition(".")
    return f"p{49 + len(whole)}{(whole + rest)[:4]:0<4}"


def load(raw: psycopg.Connection[Any], made: Records) -> None:
    """Patients, entries, diagnoses and what they are found by, by COPY; indexes are made after."""
    secondary = raw.execute(
        "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
        " WHERE i.indrelid = ANY ('{records,diagnoses,record_search}'::regclass[]) AND NOT i.indisunique"
    ).fetchall()
    for index, _definition in secondary:
        raw.execute(f"DROP INDEX {index}".encode())
    raw.execute("SET session_replication_role = replica")  # keys that hold by how they were made
    _copy(raw, "patients (patient_id, chart_number, given, family, sex, birth, created_at)", _people(made))
    entries: list[str] = []
    search: list[str] = []
    stated: list[str] = []
    ordered: list[str] = []
    for each in made:
        _rows(each, entries, search)
        _hanging(each, stated, ordered)
        if len(entries) == 20_000:
            _flush(raw, entries, search, stated, ordered)
    _flush(raw, entries, search, stated, ordered)
    raw.execute("SET session_replication_role = DEFAULT")
    raw.execute("SET maintenance_work_mem = '512MB'")
    for _index, definition in secondary:
        raw.execute(definition.encode())
    raw.execute("VACUUM (ANALYZE)")


def _people(made: Records) -> Iterator[str]:
    for number in range(made.patients):
        name = _SURNAMES[number % len(_SURNAMES)]
        born = f"{1930 + number % 90}-0{1 + number % 9}-11"
        yield f"{patient_id(number)}\t{_FIRST_CHART + number}\tAna {number}\t{name}\tF\t{born}\t2026-01-01\n"


def _rows(each: Made, entries: list[str], search: list[str]) -> None:
    who, row = patient_id(each.patient), record_id(each.number)
    at = each.at.isoformat()
    clinic, doctor = each.clinic or _NULL, each.doctor or _NULL
    said = json.dumps(each.attributes, ensure_ascii=False).replace("\\", "\\\\")
    entries.append(
        f"{who}\t{row}\t{each.kind}\t{at}\t{clinic}\t{each.institution or _NULL}\t{doctor}\t{said}\n"
    )
    keys = " ".join("'" + key.replace("'", "''") + "'" for key in dict.fromkeys(each.keys))
    search.append(f"{who}\t{row}\t{who}\t{at}\t{clinic}\t{doctor}\t{keys.replace(chr(92), chr(92) * 4)}\n")


def _hanging(each: Made, stated: list[str], ordered: list[str]) -> None:
    """What is stated and ordered in an entry."""
    who, row = patient_id(each.patient), record_id(each.number)
    for place, (code, text) in enumerate(each.stated):
        one = UUID(int=row.int ^ (place + 1 << 100))
        stated.append(f"{who}\t{one}\t{row}\tCIE-10\t{code}\t{text}\tconfirmado\tprincipal\n")
    if each.ordered:
        ordered.append(f"{who}\t{row}\t{row}\t{each.ordered}\t{each.at:%Y-%m-%d}\n")


def _flush(
    raw: psycopg.Connection[Any], entries: list[str], search: list[str], stated: list[str], ordered: list[str]
) -> None:
    _copy(raw, "records (patient_id, id, kind, at, clinic_id, institution, doctor_id, attributes)", entries)
    _copy(raw, "record_search (patient_id, id, person_id, at, clinic_id, doctor_id, n)", search)
    _copy(raw, "diagnoses (patient_id, id, record_id, system, code, text, certainty, kind)", stated)
    _copy(raw, "treatments (patient_id, id, record_id, what, since)", ordered)
    for rows in (entries, search, stated, ordered):
        rows.clear()


def _copy(raw: psycopg.Connection[Any], target: str, rows: Iterator[str] | list[str]) -> None:
    with raw.cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
        copy.write("".join(rows))


def newest() -> datetime:
    """The last moment of what is made: the same hour every day of a run."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
