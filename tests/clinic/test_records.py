"""Typed entries with their attributes, and finding them across charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.patients import service as patients
from clinicdesk.clinic.patients.errors import MovedAlready
from clinicdesk.clinic.records import adding, misplacing, queries, searching, service, types
from clinicdesk.clinic.records.errors import (
    BadAttributes,
    BadRecordKind,
    BadRecordType,
    BadSchema,
    CorrectedAlready,
    CorrectedElsewhere,
    RecordTypeTaken,
)
from clinicdesk.clinic.records.plan import FollowUpEntry, Plan, TreatmentEntry
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.records.searching import Condition
from clinicdesk.clinic.sites.errors import SiteChanged
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.clinic.test_merging import merged
from tests.factories import ZONE, Network, followed, new_patient, proven

LogIn = Callable[..., Session]
NAMES: Final = ("note", "waits", "coded", "outside", "measured", "ordered")
TODAY: Final = clock.local_day(clock.now(), ZONE)
SPIROMETRY: Final = {
    "type": "object",
    "required": ["fev1"],
    "properties": {"fev1": {"type": "number", "exclusiveMinimum": 0}},
}


def given_type(admin: Session, **said: Any) -> types.TypeRow:
    """A type of its own."""
    values: dict[str, Any] = {"code": f"t{new_id().hex[-12:]}", "name": "Espirometría"} | said
    admin.desk().do(types.add_type, types.AddType(**values))
    return type_of(admin, values["code"])


def type_of(session: Session, code: str) -> types.TypeRow:
    rows = session.desk().see(types.list_types, types.TypesQuery())
    return next(row for row in rows if row.code == code)


def edited(admin: Session, row: types.TypeRow, **said: Any) -> None:
    values: dict[str, Any] = {"name": row.name, "active": row.active} | said
    order = types.EditType(type_id=row.id, code=row.code, version=row.version, **values)
    admin.desk().do(types.edit_type, order)


def added(doctor: Session, patient_id: UUID, **said: Any) -> adding.RecordAnswer:
    values: dict[str, Any] = {"kind": "otro", "sign": False} | said
    return doctor.desk().do(adding.add_record, adding.AddRecord(patient_id=patient_id, **values))


def entry_of(session: Session, patient_id: UUID, entry_id: UUID) -> queries.EntryRow:
    chart = session.desk().see(queries.reread_chart, queries.ChartQuery(patient_id))
    return next(row for row in chart.entries if row.id == entry_id)


@pytest.fixture
def patient(log_in: LogIn) -> UUID:
    """Somebody whom lpaz follows, and nobody else."""
    return followed(log_in("secre"), new_patient(log_in("msosa")).patient_id, log_in("lpaz"))


def test_the_nine_kinds_are_there_from_the_first_day(log_in: LogIn) -> None:
    rows = log_in("lpaz").desk().see(types.list_types, types.TypesQuery())
    assert {"consulta", "urgencia", "imagen", "internacion", "otro"} <= {
        row.code for row in rows if row.active
    }


def test_a_type_checks_its_attributes_and_an_entry_keeps_its_version(log_in: LogIn, patient: UUID) -> None:
    admin, doctor = log_in("admin"), log_in("lpaz")
    kind = given_type(admin, schema=SPIROMETRY)
    assert kind.schema_version == 1
    first = added(doctor, patient, kind=kind.code, attributes={"fev1": 2.4, "de": {"libre": ["a", 1]}})
    with pytest.raises(BadAttributes, match=r"^fev1: no es un número\.$"):
        added(doctor, patient, kind=kind.code, attributes={"fev1": "dos"})
    with pytest.raises(BadAttributes, match=r"^fev1: falta\.$"):
        added(doctor, patient, kind=kind.code)
    stricter = SPIROMETRY | {"required": ["fev1", "fvc"]}
    edited(admin, kind, schema=stricter, schema_said=True)
    with pytest.raises(BadAttributes, match="fvc: falta"):
        added(doctor, patient, kind=kind.code, attributes={"fev1": 2.4})
    second = added(doctor, patient, kind=kind.code, attributes={"fev1": 2.4, "fvc": 3})
    kept = entry_of(doctor, patient, first.id)
    assert (kept.schema_version, kept.attributes) == (1, {"fev1": 2.4, "de": {"libre": ["a", 1]}})
    assert entry_of(doctor, patient, second.id).schema_version == 2
    edited(admin, type_of(admin, kind.code), schema_said=True)
    free = added(doctor, patient, kind=kind.code, attributes={"lo": "que sea"})
    assert entry_of(doctor, patient, free.id).schema_version is None
    edited(admin, type_of(admin, kind.code), schema=SPIROMETRY, schema_said=True)
    assert type_of(admin, kind.code).schema_version == 3


def test_a_type_is_refused_where_it_is_none(log_in: LogIn) -> None:
    admin = log_in("admin")
    with pytest.raises(BadSchema, match="/properties/a/type"):
        given_type(admin, schema={"properties": {"a": {"type": "nada"}}})
    with pytest.raises(RecordTypeTaken):
        given_type(admin, code="consulta")
    with pytest.raises(BadRecordType):
        given_type(admin, code="Con Espacios")
    row = given_type(admin)
    edited(admin, row, name="Otra")
    with pytest.raises(SiteChanged):
        edited(admin, row, name="Una tercera")


def test_a_retired_type_takes_no_new_entry(log_in: LogIn, patient: UUID) -> None:
    admin, doctor = log_in("admin"), log_in("lpaz")
    kind = given_type(admin)
    held = added(doctor, patient, kind=kind.code)
    edited(admin, kind, active=False)
    with pytest.raises(BadRecordKind):
        added(doctor, patient, kind=kind.code)
    assert entry_of(doctor, patient, held.id).kind == kind.code
    edited(admin, type_of(admin, kind.code), active=True)
    added(doctor, patient, kind=kind.code)


def test_an_entry_tells_of_another_doctor_and_who_entered_it(log_in: LogIn, patient: UUID) -> None:
    doctor, other = log_in("lpaz"), log_in("jibarra")
    colleague = added(doctor, patient, doctor_id=other.actor.person_id)
    outside = added(doctor, patient, doctor_name="Dra. Ñandú, Zoé", institution="Hospital Italiano")
    row = entry_of(doctor, patient, colleague.id)
    assert (row.doctor, row.entered_by) == ("Ibarra, Jorge", "Paz, Lucía")
    row = entry_of(doctor, patient, outside.id)
    assert (row.doctor, row.entered_by, row.place) == ("Dra. Ñandú, Zoé", "Paz, Lucía", "Hospital Italiano")
    own = added(doctor, patient, doctor_id=doctor.actor.person_id)
    assert entry_of(doctor, patient, own.id).entered_by is None


def test_no_entry_is_written_in_anothers_name(log_in: LogIn, network: Network, patient: UUID) -> None:
    doctor, other = log_in("lpaz"), log_in("jibarra").actor.person_id
    added(doctor, patient)
    said = "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id, entered_by) VALUES"
    with doctor.engine.connect() as connection, pytest.raises(DBAPIError, match="row-level security"):
        connection.execute(
            text(f"{said} (:p, gen_random_uuid(), 'otro', now(), :c, :d, NULL)"),
            {"p": patient, "c": network.clinic_ids[0], "d": other},
        )
    with doctor.engine.connect() as connection:
        rightful = {"p": patient, "c": network.clinic_ids[0], "d": other, "e": doctor.actor.person_id}
        connection.execute(text(f"{said} (:p, gen_random_uuid(), 'otro', now(), :c, :d, :e)"), rightful)


def test_what_was_wrong_is_put_right_by_another_entry_once(log_in: LogIn, patient: UUID) -> None:
    doctor = log_in("lpaz")
    wrong = added(doctor, patient, attributes={"peso": 720})
    right = added(doctor, patient, attributes={"peso": 72}, corrects_id=wrong.id)
    assert entry_of(doctor, patient, wrong.id).corrected_id == right.id
    assert entry_of(doctor, patient, wrong.id).attributes == {"peso": 720}
    assert entry_of(doctor, patient, right.id).corrects_id == wrong.id
    with pytest.raises(CorrectedAlready):
        added(doctor, patient, corrects_id=wrong.id)
    again = added(doctor, patient, attributes={"peso": 72.5}, corrects_id=right.id)
    assert entry_of(doctor, patient, right.id).corrected_id == again.id
    with pytest.raises(CorrectedElsewhere):
        added(doctor, patient, corrects_id=new_id())
    with doctor.engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("UPDATE records SET attributes = '{}' WHERE false"))


def test_what_is_another_persons_is_not_corrected_here(log_in: LogIn, patient: UUID) -> None:
    doctor, clerk = log_in("lpaz"), log_in("msosa")
    entry = added(doctor, patient)
    other = new_patient(clerk).patient_id
    move = misplacing.MoveEntry(patient_id=patient, entry_id=entry.id, to_id=other, reason="homónimas")
    doctor.desk().do(misplacing.move_entry, move)
    with pytest.raises(MovedAlready):
        added(doctor, patient, corrects_id=entry.id)


# Searching


def found(session: Session, **said: Any) -> list[UUID]:
    """Ids of what a search gives, newest first."""
    answer = session.desk().see(searching.search_on, searching.RecordsQuery(**said))
    return [row.id for row in answer.rows]


@pytest.fixture(scope="module")
def told(network: Network) -> Iterator[dict[str, Any]]:
    """A patient of lpaz with entries that differ in everything that is searched by."""
    doctor, clerk, secretary = network.log_in("lpaz"), network.log_in("msosa"), network.log_in("secre")
    patient_id = followed(secretary, new_patient(clerk).patient_id, doctor)
    day = clock.now() - timedelta(days=400)

    def entry(**said: Any) -> UUID:
        return added(doctor, patient_id, **said).id

    made = {
        "patient": patient_id,
        "doctor": doctor,
        "note": entry(
            text="Disnea súbita; refirió «CIGÜEÑAL» en mg/dl <b>fuerte</b>.", sign=True, **proven(doctor)
        ),
        "waits": entry(text="Prurito zigomático sin firmar aún."),
        "coded": entry(
            kind="urgencia",
            at=day,
            diagnoses=(
                DiagnosisEntry("I10", "Hipertensión esencial"),
                DiagnosisEntry("E11.9", "Diabetes", kind="relacionado"),
            ),
        ),
        "outside": entry(
            kind="imagen",
            institution="Hospital Ñuñoa",
            doctor_name="Zarrabeitia, Úrsula",
            title="Ecografía",
        ),
        "measured": entry(
            attributes={"presion": {"sistolica": 150, "brazo": "Izquierdo"}, "n": [1, 2.50], "bajo": -5}
        ),
        "ordered": entry(
            kind="control",
            plan=Plan(
                (TreatmentEntry("Zolmitriptán 2,5 mg", TODAY), TreatmentEntry("Férula nocturna", TODAY)),
                (FollowUpEntry(TODAY + timedelta(days=30), doctor.actor.person_id, "traer ergometría"),),
            ),
        ),
    }
    yield made
    for each in (doctor, clerk, secretary):
        each.close()


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ({"words": "disnea subita"}, {"note"}),
        ({"words": "DISNEA SÚB"}, {"note"}),
        ({"words": "ciguenal"}, {"note"}),
        ({"words": "dl fuerte"}, {"note"}),
        ({"words": "fuerte disn"}, {"note"}),
        ({"words": "disn fuerte"}, set()),
        ({"words": "zigomatico"}, {"waits"}),
        ({"words": "izquierdo"}, {"measured"}),
        ({"words": "hipertension"}, {"coded"}),
        ({"words": "ecografia"}, {"outside"}),
        ({"words": "zolmitriptan"}, {"ordered"}),
        ({"words": "ferula 2,5 mg"}, {"ordered"}),
        ({"words": "ERGOMETRÍA"}, {"ordered"}),
        ({"words": "zolmitriptan ergom"}, {"ordered"}),
        ({"words": "zolmitriptan disnea"}, set()),
        ({"stated": "zolmitriptan"}, set()),
        ({"words": "'; DROP TABLE records; --"}, set()),
        ({"words": "a:* | b & !c"}, set()),
        ({"codes": ("I10",)}, {"coded"}),
        ({"codes": ("E11",)}, {"coded"}),
        ({"codes": ("E119",)}, {"coded"}),
        ({"codes": ("I11",)}, set()),
        ({"stated": "diabet"}, {"coded"}),
        ({"stated": "ecografia"}, set()),
        ({"kinds": ("imagen",)}, {"outside"}),
        ({"kinds": ("imagen", "urgencia")}, {"outside", "coded"}),
        ({"doctor": "ursula zarra"}, {"outside"}),
        ({"doctor": "lucia paz"}, {"note", "waits", "coded", "measured", "ordered"}),
        ({"institution": "nunoa"}, {"outside"}),
        ({"attributes": (Condition("presion.sistolica", ">", "140"),)}, {"measured"}),
        ({"attributes": (Condition("presion.sistolica", ">=", "150"),)}, {"measured"}),
        ({"attributes": (Condition("presion.sistolica", "<", "150"),)}, set()),
        ({"attributes": (Condition("presion.sistolica", "=", "150.0"),)}, {"measured"}),
        ({"attributes": (Condition("presion.brazo", "=", "izquierdo"),)}, {"measured"}),
        ({"attributes": (Condition("n", "=", "2.5"),)}, {"measured"}),
        ({"attributes": (Condition("bajo", "=", "-5"),)}, {"measured"}),
        ({"attributes": (Condition("bajo", "=", "5"),)}, set()),
        ({"attributes": (Condition("bajo", "<", "-4.9"), Condition("n", ">", "2.4"))}, {"measured"}),
        ({"attributes": (Condition("bajo", ">", "-5"),)}, set()),
        ({"attributes": (Condition("bajo", "<=", "0"), Condition("n", ">=", "2.5"))}, {"measured"}),
        ({"attributes": (Condition("presion.sistolica", ">", "1"), Condition("n", "<", "0"))}, set()),
        ({"words": "disnea", "kinds": ("otro",), "doctor": "paz"}, {"note"}),
        ({"until": clock.now() - timedelta(days=300)}, {"coded"}),
        ({"since": clock.now() - timedelta(days=300), "kinds": ("urgencia",)}, set()),
    ],
)
def test_each_criterion_finds_what_fits_and_nothing_else(
    told: dict[str, Any], said: dict[str, Any], names: set[str]
) -> None:
    everything = {told[name]: name for name in NAMES}
    for narrowed in ({}, {"patient_id": told["patient"]}):
        hits = [everything[each] for each in found(told["doctor"], **said, **narrowed) if each in everything]
        assert (set(hits), len(hits)) == (names, len(names))


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("i10", (("I10",), "")),
        ("E11.9", (("E11.9",), "")),
        ("J4", (("J4",), "")),
        ("capítulo IX", (("I",), "")),
        ("cap. xix", (("S", "T"), "")),
        ("capitulo XL", ((), "capitulo XL")),
        ("hipertensión  esencial", ((), "hipertensión esencial")),
        ("59621000", (("59621000",), "")),
    ],
)
def test_a_diagnosis_is_a_code_a_chapter_or_words(typed: str, asked: tuple[tuple[str, ...], str]) -> None:
    assert searching.diagnosis_asked(typed) == asked


def test_pages_follow_each_other_without_a_gap(log_in: LogIn, patient: UUID) -> None:
    doctor = log_in("lpaz")
    at = clock.now() - timedelta(days=3)
    word = f"palabra{new_id().hex[-12:]}"
    made = [added(doctor, patient, title=word, at=at).id for _each in range(7)]
    seen: list[UUID] = []
    before = None
    while True:
        query = searching.RecordsQuery(words=word, limit=3, before=before)
        page = doctor.desk().see(searching.search_on, query)
        seen += [row.id for row in page.rows]
        if not page.more:
            break
        before = (page.rows[-1].at, page.rows[-1].id)
    assert seen == sorted(made, reverse=True)


def test_headers_are_of_charts_in_ones_care_or_entered_where_one_works(
    network: Network, log_in: LogIn, patient: UUID
) -> None:
    doctor, colleague = log_in("lpaz"), log_in("jibarra")
    word = f"secreto{new_id().hex[-12:]}"
    here = added(doctor, patient, title=word).id
    elsewhere = added(doctor, patient, title=word, institution="Otra").id
    assert set(found(doctor, words=word)) == {here, elsewhere}
    assert found(colleague, words=word) == [here]
    assert found(log_in("enfe"), words=word) == [here]
    followed(log_in("secre"), patient, colleague)
    assert set(found(colleague, words=word)) == {here, elsewhere}
    with log_in("jibarra").engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM records")).scalar_one() == 0


@pytest.mark.parametrize("username", ["msosa", "secre", "gestion", "admin", "priva"])
def test_who_reads_no_chart_searches_none(log_in: LogIn, username: str) -> None:
    asked = f"SELECT * FROM search_records({', '.join(['NULL'] * 14)}, 9)"
    with (
        log_in(username).engine.connect() as connection,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        connection.execute(text(asked))
    with log_in("lpaz").engine.connect() as connection:
        connection.execute(text(asked))
        with pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text("SELECT * FROM record_search"))


def test_who_delivers_copies_finds_nothing_without_an_errand(log_in: LogIn, told: dict[str, Any]) -> None:
    assert found(log_in("copias"), words="disnea") == []


@pytest.mark.parametrize("wall", [time(0, 5), time(23, 55)], ids=["after midnight", "before midnight"])
def test_a_diagnosis_holds_from_its_entrys_day_at_the_clinic(
    log_in: LogIn, patient: UUID, wall: time
) -> None:
    doctor = log_in("lpaz")
    day = TODAY - timedelta(days=40)
    at = clock.instant(datetime.combine(day, wall), ZONE)
    stated = (DiagnosisEntry("I10", "Hipertensión esencial", chronic=True),)
    entry = added(doctor, patient, at=at, diagnoses=stated, late_reason="se cortó la luz")
    chart = doctor.desk().see(queries.reread_chart, queries.ChartQuery(patient))
    assert [row.onset for row in chart.problems if row.record_id == entry.id] == [day]


def test_a_problem_stands_since_it_was_first_stated(log_in: LogIn, patient: UUID) -> None:
    doctor = log_in("lpaz")
    for days in (10, 400, 90):
        stated = (DiagnosisEntry("E11.9", f"Diabetes, hace {days} días", chronic=True),)
        at = clock.now() - timedelta(days=days)
        last = added(doctor, patient, at=at, diagnoses=stated, late_reason="pasado del papel")
    chart = doctor.desk().see(queries.reread_chart, queries.ChartQuery(patient))
    (problem,) = (row for row in chart.problems if row.code == "E11.9")
    assert problem.onset == clock.local_day(clock.now() - timedelta(days=400), ZONE)
    assert (problem.record_id, problem.text) == (last.id, "Diabetes, hace 90 días")


def test_a_sealed_persons_entries_are_found_by_whom_they_concern(
    network: Network, log_in: LogIn, patient: UUID
) -> None:
    doctor, word = log_in("lpaz"), f"sellado{new_id().hex[-12:]}"
    entry = added(doctor, patient, title=word).id
    assert found(log_in("jibarra"), words=word) == [entry]
    log_in("priva").desk().do(patients.seal_patient, patients.SealPatient(patient_id=patient, sealed=True))
    assert found(log_in("jibarra"), words=word) == []
    assert found(doctor, words=word) == [entry]


def test_a_merged_persons_entries_are_found_under_who_stands_for_them(log_in: LogIn, patient: UUID) -> None:
    doctor, clerk, word = log_in("lpaz"), log_in("msosa"), f"unida{new_id().hex[-12:]}"
    entry = added(doctor, patient, title=word, institution="Otra").id
    other = new_patient(clerk)
    merged(log_in("secre"), other.patient_id, patient)
    query = searching.RecordsQuery(words=word, patient_id=other.patient_id)
    (row,) = doctor.desk().see(searching.search_on, query).rows
    assert row.id == entry
    assert row.patient is not None
    assert row.patient.chart_number == other.chart_number


def test_a_moved_entry_is_found_as_whose_it_is_by_what_it_orders_too(log_in: LogIn, patient: UUID) -> None:
    doctor, clerk, word = log_in("lpaz"), log_in("msosa"), f"movida{new_id().hex[-12:]}"
    entry = added(doctor, patient, plan=Plan((TreatmentEntry(f"{word} 10 mg", TODAY),)))
    other = new_patient(clerk)
    order = misplacing.MoveEntry(
        patient_id=patient, entry_id=entry.id, to_id=other.patient_id, reason="homónimas"
    )
    doctor.desk().do(misplacing.move_entry, order)
    (row,) = doctor.desk().see(searching.search_on, searching.RecordsQuery(words=word)).rows
    assert (row.id, row.person_id) == (entry.id, other.patient_id)
    assert found(doctor, words=word, patient_id=patient) == []
    assert found(doctor, words=word, patient_id=other.patient_id) == [entry.id]


def test_an_addendum_is_found_with_its_note(log_in: LogIn, patient: UUID) -> None:
    doctor, word = log_in("lpaz"), f"adenda{new_id().hex[-12:]}"
    first = added(doctor, patient, text="Cefalea de tres días.", sign=True, **proven(doctor))
    assert first.note_id is not None
    addendum = service.AddendNote(
        patient_id=patient, amends_id=first.note_id, text=f"Agrega {word}.", **proven(doctor)
    )
    doctor.desk().do(service.addend_note, addendum)
    assert found(doctor, words=f"cefalea {word}") == [first.id]


def test_what_is_searched_is_what_the_rows_say(network: Network, told: dict[str, Any]) -> None:
    """Every entry has its row to be found by, and computing it again gives the same."""
    rows = (
        "SELECT r.patient_id, r.id, k.n = s.n AND k.at = s.at AND k.person_id = s.person_id FROM records r"
        " LEFT JOIN record_search s USING (patient_id, id)"
        " LEFT JOIN LATERAL record_keys(ARRAY[r.patient_id], ARRAY[r.id]) k ON true"
    )
    with network.owner.connect() as owner:
        checked = owner.execute(text(rows)).all()
    assert len(checked) > 5
    assert [row for row in checked if row[2] is not True] == []
