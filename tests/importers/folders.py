"""Small Synthea folders written by tests, and the rows of any folder as a test reads them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

Row = dict[str, str]

ANA: Final = "11111111-0000-4000-8000-000000000001"
LUZ: Final = "11111111-0000-4000-8000-000000000002"
VISIT: Final = "22222222-0000-4000-8000-000000000001"
DOCTOR: Final = "33333333-0000-4000-8000-000000000001"
PLACE: Final = "44444444-0000-4000-8000-000000000001"
PAYER: Final = "55555555-0000-4000-8000-000000000001"

_SAMPLE: Final[dict[str, Row]] = {
    "organizations": {"Id": PLACE, "NAME": "HOSPITAL NORTE"},
    "payers": {"Id": PAYER, "NAME": "Aetna"},
    "providers": {"Id": DOCTOR, "NAME": "Julio César525 Laureano185", "SPECIALITY": "GENERAL PRACTICE"},
    "patients": {
        "Id": ANA,
        "BIRTHDATE": "1970-02-03",
        "DEATHDATE": "",
        "SSN": "999-17-5017",
        "DRIVERS": "S99911049",
        "PASSPORT": "X80343295X",
        "FIRST": "Ana",
        "LAST": "Núñez",
        "GENDER": "F",
        "ADDRESS": "Calle 1",
        "CITY": "Omaha",
    },
    "payer_transitions": {
        "PATIENT": ANA,
        "MEMBERID": "m-1",
        "START_YEAR": "2014-10-14T04:17:47Z",
        "END_YEAR": "2015-10-20T04:17:47Z",
        "PAYER": PAYER,
    },
    "allergies": {
        "START": "2001-01-02",
        "STOP": "",
        "PATIENT": ANA,
        "ENCOUNTER": VISIT,
        "CODE": "762952008",
        "SYSTEM": "SNOMED-CT",
        "DESCRIPTION": "Peanut (substance)",
        "TYPE": "allergy",
        "CATEGORY": "food",
        "REACTION1": "1",
        "DESCRIPTION1": "Itching",
        "SEVERITY1": "MILD",
        "REACTION2": "2",
        "DESCRIPTION2": "Wheezing",
        "SEVERITY2": "SEVERE",
    },
    "encounters": {
        "Id": VISIT,
        "START": "2023-01-27T16:17:47Z",
        "STOP": "2023-01-27T16:32:47Z",
        "PATIENT": ANA,
        "ORGANIZATION": PLACE,
        "PROVIDER": DOCTOR,
        "PAYER": PAYER,
        "ENCOUNTERCLASS": "ambulatory",
        "CODE": "185345009",
        "DESCRIPTION": "Encounter for symptom",
        "REASONCODE": "195662009",
        "REASONDESCRIPTION": "Acute viral pharyngitis (disorder)",
    },
    "conditions": {
        "START": "2023-01-27",
        "STOP": "2023-02-09",
        "PATIENT": ANA,
        "ENCOUNTER": VISIT,
        "CODE": "195662009",
        "DESCRIPTION": "Acute viral pharyngitis (disorder)",
    },
    "medications": {
        "START": "2023-01-27T16:17:47Z",
        "STOP": "",
        "PATIENT": ANA,
        "PAYER": PAYER,
        "ENCOUNTER": VISIT,
        "CODE": "308192",
        "DESCRIPTION": "Amoxicillin 500 MG Oral Tablet",
        "DISPENSES": "3",
        "REASONCODE": "",
        "REASONDESCRIPTION": "",
    },
    "observations": {
        "DATE": "2023-01-27T16:17:47Z",
        "PATIENT": ANA,
        "ENCOUNTER": VISIT,
        "CATEGORY": "vital-signs",
        "CODE": "8302-2",
        "DESCRIPTION": "Body Height",
        "VALUE": "127.9",
        "UNITS": "cm",
        "TYPE": "numeric",
    },
}


def sample(name: str, **changes: str) -> Row:
    """A good row of a file, changed."""
    return _SAMPLE[name] | changes


def write(folder: Path, **files: list[Row] | str | bytes) -> Path:
    """The folder with one good row in each file; a file given here has those rows, or that very text."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _SAMPLE:
        put(folder, name, files.pop(name, [sample(name)]))
    for name, rows in files.items():
        put(folder, name, rows)
    return folder


def put(folder: Path, name: str, rows: list[Row] | str | bytes) -> None:
    """One file of a folder."""
    path = folder / f"{name}.csv"
    if isinstance(rows, bytes):
        path.write_bytes(rows)
    elif isinstance(rows, str):
        path.write_text(rows, encoding="utf-8", newline="")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(_SAMPLE[name]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def read(folder: Path, name: str) -> list[Row]:
    """The rows of a file by their columns; none where there is no such file."""
    path = folder / f"{name}.csv"
    if not path.is_file():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
