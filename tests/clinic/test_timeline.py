"""Words over an open chart: what fits, out of the whole of it; and the history by problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import insert

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NoCareRelation
from clinicdesk.clinic.records import adding, finding
from clinicdesk.clinic.records.finding import period, understood
from clinicdesk.clinic.records.misplacing import MoveEntry, move_entry
from clinicdesk.clinic.records.model import records as entries
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.records.timeline import FindQuery, ProblemsQuery, facets, find_entries, problems
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import ZONE, Network, followed, new_patient, proven

DAY = datetime(2025, 3, 31, 23, 30)  # noqa: DTZ001 - wall time of the clinic


@pytest.fixture(scope="module")
def chart(network: Network) -> tuple[Session, UUID]:
    """A doctor with an open chart of seven entries, the newest first in `SAID`."""
    front, secretary, doctor = (network.log_in(name) for name in ("msosa", "secre", "lpaz"))
    patient_id = followed(secretary, new_patient(front).patient_id, doctor)
    _other(network, secretary, patient_id)
    said: tuple[tuple[str, int, str, tuple[str, str] | None, str | None, dict[str, str]], ...] = (
        ("control", 0, "Refiere cefalea matinal. PA 148/92.", ("I10", "Hipertensión esencial"), None, {}),
        ("laboratorio", 40, "", ("E11.9", "Diabetes tipo 2"), "Hospital Ñuñorco", {"glucosa": "alta"}),
        ("urgencia", 400, "Dolor tras ESFUERZO, una ñandú lo mordió.", ("M54.5", "Lumbago"), None, {}),
        ("control", 800, "Sin cambios.", ("I10", "HTA"), "Sur", {}),
        ("otro", 1200, "Se pide 100%_ (todo).", None, None, {}),
    )
    for kind, days, text, stated, place, attributes in said:
        order = adding.AddRecord(
            patient_id=patient_id,
            kind=kind,
            at=clock.instant(DAY - timedelta(days=days), ZONE),
            text=text,
            institution=place,
            attributes=attributes,
            diagnoses=(DiagnosisEntry(*stated, chronic=stated[0] == "I10"),) if stated else (),
            **(proven(doctor) if text else {}),
        )
        doctor.desk().do(adding.add_record, order)
    return doctor, patient_id


def _other(network: Network, secretary: Session, patient_id: UUID) -> None:
    """A second doctor's note, and an entry that nobody signed."""
    other = network.log_in("jibarra")
    followed(secretary, patient_id, other)
    order = adding.AddRecord(
        patient_id=patient_id,
        kind="consulta",
        at=clock.instant(DAY - timedelta(days=1600), ZONE),
        text="Consulta por presión.",
        diagnoses=(DiagnosisEntry("I10", "Hipertensión"),),
        **proven(other),
    )
    other.desk().do(adding.add_record, order)
    waits = adding.AddRecord(
        patient_id=patient_id,
        kind="imagen",
        at=clock.instant(DAY - timedelta(days=2000), ZONE),
        title="Ecografía",
        text="Litiasis vesicular.",
        sign=False,
    )
    other.desk().do(adding.add_record, waits)


def found(chart: tuple[Session, UUID], words: str, **more: object) -> list[tuple[str, int]]:
    """Kind and age in days of what fits."""
    doctor, patient_id = chart
    made = doctor.desk().see(find_entries, FindQuery(patient_id, words, **more))  # type: ignore[arg-type]
    newest = clock.instant(DAY, ZONE)
    return [(entry.kind, round((newest - entry.at) / timedelta(days=1))) for entry in made.entries]


@pytest.mark.parametrize(
    ("words", "fits"),
    [
        ("i10 paz", [("control", 0), ("control", 800)]),
        ("i10 ibarra", [("consulta", 1600)]),
        ("I10 sur", [("control", 800)]),
        ("m54", [("urgencia", 400)]),
        ("m545", [("urgencia", 400)]),
        ("m54.5", [("urgencia", 400)]),
        ("i10x paz", [("control", 0), ("control", 800)]),
        ("laboratorio 2025", [("laboratorio", 40)]),
        ("lab", [("laboratorio", 40)]),
        ("3/2025", [("control", 0)]),
        ("31/3/25", [("control", 0)]),
        ("01/04/2025", []),
        ("hipertension", [("control", 0), ("consulta", 1600)]),
        ("HIPERTENSIÓN paz", [("control", 0)]),
        ("nunorco", [("laboratorio", 40)]),
        ("Ñuñor", [("laboratorio", 40)]),
        ("ñandu esfuerzo", [("urgencia", 400)]),
        ("148/92", [("control", 0)]),
        ("100%_", [("otro", 1200)]),
        ("(todo)", [("otro", 1200)]),
        ("glucosa", [("laboratorio", 40)]),
        ("litiasis", [("imagen", 2000)]),
        ("eco", [("imagen", 2000)]),
        ("esencial lumbago", []),
        ("ension", []),  # the middle of a word is none
        (".*", []),
        ("\\", []),
        ("[a", []),
    ],
)
def test_words_code_doctor_place_kind_and_date_narrow_together(
    chart: tuple[Session, UUID], words: str, fits: list[tuple[str, int]]
) -> None:
    assert found(chart, words) == fits


def test_what_is_chosen_narrows_with_the_words_and_is_offered_with_its_count(
    chart: tuple[Session, UUID],
) -> None:
    doctor, patient_id = chart
    offered = doctor.desk().see(facets, FindQuery(patient_id))
    assert offered.kinds[0] == ("control", 2)
    assert dict(offered.doctors)["Paz, Lucía"] == sum(found_by(chart, doctor="Paz, Lucía").values())
    assert [year for year, _count in offered.years] == sorted(dict(offered.years), reverse=True)
    assert sum(count for _year, count in offered.years) == 7
    assert (("CIE-10", "I10"), 3) in [(key, count) for key, _text, count in offered.problems]
    assert found(chart, "", kind="control") == [("control", 0), ("control", 800)]
    assert found(chart, "", kind="control", oldest=True) == [("control", 800), ("control", 0)]
    assert found(chart, "hipertension", doctor="Paz, Lucía") == [("control", 0)]
    assert found(chart, "", problem=("CIE-10", "I10"), doctor="Ibarra, Jorge") == found(chart, "i10 ibarra")
    assert found(chart, "", days=(DAY - timedelta(days=40), DAY)) == [("control", 0), ("laboratorio", 40)]
    narrowed = doctor.desk().see(facets, FindQuery(patient_id, kind="control"))
    assert narrowed.kinds == (("control", 2),)
    first = doctor.desk().see(find_entries, FindQuery(patient_id, oldest=True, limit=3))
    last = first.entries[-1]
    more = FindQuery(patient_id, oldest=True, before=(last.at, last.id))
    rest = doctor.desk().see(find_entries, more).entries
    every = (*first.entries, *rest)
    assert [entry.at for entry in every] == sorted(entry.at for entry in every)
    assert (len(every), len({entry.id for entry in every})) == (7, 7)


def found_by(chart: tuple[Session, UUID], **more: object) -> Counter[str]:
    """How many of each kind fit."""
    return Counter(kind for kind, _days in found(chart, "", **more))


@pytest.mark.parametrize(
    ("typed", "days"),
    [
        ("2024", (date(2024, 1, 1), date(2024, 12, 31))),
        ("3/2025 a 5/2025", (date(2025, 3, 1), date(2025, 5, 31))),
        ("1/3/25 a 30/6/2025", (date(2025, 3, 1), date(2025, 6, 30))),
        ("2025 a 2024", None),
        ("ayer", None),
        ("", None),
    ],
)
def test_a_period_is_a_year_a_month_a_day_or_two_of_them(typed: str, days: tuple[date, date] | None) -> None:
    assert period(typed) == days


def test_nothing_typed_fits_everything(chart: tuple[Session, UUID]) -> None:
    assert len(found(chart, "  ")) == 7


def test_a_page_goes_on_where_the_last_one_ended_and_says_how_many_fit(
    chart: tuple[Session, UUID],
) -> None:
    doctor, patient_id = chart
    first = doctor.desk().see(find_entries, FindQuery(patient_id, "i10", limit=2))
    assert (len(first.entries), first.total) == (2, 3)
    last = first.entries[-1]
    rest = doctor.desk().see(find_entries, FindQuery(patient_id, "i10", before=(last.at, last.id), limit=2))
    assert (len(rest.entries), rest.total) == (1, 3)
    assert rest.entries[0].id not in {entry.id for entry in first.entries}


def test_what_was_never_read_is_found_too(network: Network, chart: tuple[Session, UUID]) -> None:
    doctor, patient_id = chart
    rows = [
        {
            "patient_id": patient_id,
            "id": new_id(),
            "kind": "control",
            "at": clock.instant(DAY - timedelta(days=3000 + number), ZONE),
            "institution": "Archivo",
            "title": "Vacuna antitetánica" if number == 299 else "Ficha vieja",
        }
        for number in range(300)
    ]
    with network.owner.begin() as owner:
        owner.execute(insert(entries), rows)
    (only,) = doctor.desk().see(find_entries, FindQuery(patient_id, "archivo antitetanica")).entries
    assert only.id == rows[-1]["id"]
    with network.owner.begin() as owner:
        of_today = [row["id"] for row in rows]
        owner.execute(entries.delete().where(entries.c.patient_id == patient_id, entries.c.id.in_(of_today)))


def test_a_closed_chart_is_searched_by_nobody(
    chart: tuple[Session, UUID], log_in: Callable[..., Session]
) -> None:
    stranger = log_in("dvidal")
    with pytest.raises(NoCareRelation):
        stranger.desk().see(find_entries, FindQuery(chart[1], "i10"))
    with pytest.raises(NoCareRelation):
        stranger.desk().see(problems, ProblemsQuery(chart[1]))


def test_what_went_to_another_person_is_not_found_by_what_it_said(
    chart: tuple[Session, UUID], log_in: Callable[..., Session]
) -> None:
    doctor, patient_id = chart
    to_id = followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, doctor)
    order = adding.AddRecord(
        **proven(doctor),
        patient_id=patient_id,
        kind="procedimiento",
        title="Biopsia",
        text="Nevo atípico.",
        diagnoses=(DiagnosisEntry("D22.9", "Nevo"),),
    )
    entry_id = doctor.desk().do(adding.add_record, order).id
    for words in ("nevo", "d22", "biopsia"):
        assert len(found(chart, words)) == 1
    reason = "Se cargó en la historia de otra persona"
    move = MoveEntry(patient_id=patient_id, entry_id=entry_id, to_id=to_id, reason=reason)
    doctor.desk().do(move_entry, move)
    for words in ("nevo", "d22", "biopsia"):
        assert found(chart, words) == []
        there = doctor.desk().see(find_entries, FindQuery(to_id, words))
        assert [entry.id for entry in there.entries] == [entry_id]
    assert [kind for kind, _days in found(chart, "procedimiento")] == ["procedimiento"]
    assert "D22.9" not in {row.code for row in doctor.desk().see(problems, ProblemsQuery(patient_id))}


def test_the_history_by_problem_counts_its_entries(chart: tuple[Session, UUID]) -> None:
    doctor, patient_id = chart
    rows = doctor.desk().see(problems, ProblemsQuery(patient_id))
    seen = {row.code: (row.text, row.entries, row.chronic, row.is_open) for row in rows}
    assert seen == {
        "I10": ("Hipertensión esencial", 3, True, True),
        "E11.9": ("Diabetes tipo 2", 1, False, True),
        "M54.5": ("Lumbago", 1, False, True),
    }
    assert [row.code for row in rows] == ["I10", "E11.9", "M54.5"]
    for row in rows:
        of_it = doctor.desk().see(find_entries, FindQuery(patient_id, problem=(row.system, row.code)))
        assert of_it.total == row.entries
        assert [of_it.entries[0].at, of_it.entries[-1].at] == [row.last_at, row.first_at]


def test_dates_that_are_none_are_words() -> None:
    assert understood("2025")[0].days == (date(2025, 1, 1), date(2025, 12, 31))
    assert understood("12/2025")[0].days == (date(2025, 12, 1), date(2025, 12, 31))
    assert understood("29/2/24")[0].days == (date(2024, 2, 29), date(2024, 2, 29))
    for typed in ("29/2/23", "13/2025", "0/2025", "1899", "2100", "148/92", "00/00/00"):
        assert understood(typed)[0].days is None


def test_more_words_than_anybody_needs_are_left_out() -> None:
    assert len(understood("a " * 500)) == finding.MOST_WORDS
    assert len(understood("a" * 5000)[0].pattern) < 1000
