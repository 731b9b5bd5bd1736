"""`clinicdesk clinic|floor|room|holiday|specialty|procedure`: added, listed, shown, corrected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, func, insert, select, text

from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.sites.model import procedures, rooms
from clinicdesk.kit import clock
from tests.cli.conftest import Done, added
from tests.factories import ZONE, Network

Cli = Callable[..., Done]


def made_up(kind: str = "T") -> str:
    return f"{kind}{uuid4().hex[:6].upper()}"


def test_a_clinic_is_shown_and_corrected(cli: Cli) -> None:
    code = made_up()
    new = ("clinic", "add", "--code", code, "--name", "Centro Tres", "--country", "uy", "--city", "Salto")
    assert cli("admin", *new, "--hours", "lun-vie 8-20").code == 0
    edit = ("clinic", "edit", code.lower(), "--hours", "lun-sáb 7:30-13 14-19", "--city", "-", "--json")
    key = ("--key", str(uuid4()))
    assert cli("secre", *edit).code == 4
    first, again = cli("admin", *edit, *key), cli("admin", *edit, *key)
    assert first.data == {"code": code, "version": 2, "changed": ["city", "hours"]}
    assert again.out == first.out
    shown = cli("msosa", "clinic", "show", code, "--json").data
    assert (shown["hours"], shown["city"]) == ("lun-sáb 07:30-13:00 14:00-19:00", None)
    assert "Horario: lun-sáb 07:30-13:00 14:00-19:00" in cli("msosa", "clinic", "show", code).out
    assert cli("admin", "clinic", "edit", code, "--closed-on", "2039-01-01").code == 0
    assert cli("msosa", "clinic", "show", code, "--json").data["closed_on"] == "2039-01-01"


@pytest.fixture
def south(network: Network) -> Iterator[None]:
    """A block of Mondays in the other clinic as well."""
    room = (
        "INSERT INTO rooms (clinic_id, floor_id, code, kind)"
        " SELECT clinic_id, id, 'S.1', 'consultorio' FROM floors WHERE clinic_id = :clinic RETURNING id"
    )
    clinic_id = network.clinic_ids[1]
    with network.owner.begin() as owner:
        room_id = owner.execute(text(room), {"clinic": clinic_id}).scalar_one()
        block = insert(agenda_blocks).values(
            clinic_id=clinic_id,
            doctor_id=network.person_ids["priva"],
            room_id=room_id,
            procedure_id=select(func.min(procedures.c.id)).scalar_subquery(),
            weekday=1,
            starts=time(0),
            ends=time(23, 59),
            slot_minutes=20,
            state="publicado",
            valid_from=date(2020, 1, 1),
        )
        block_id = owner.execute(block.returning(agenda_blocks.c.id)).scalar_one()
    yield
    with network.owner.begin() as owner:
        owner.execute(delete(agenda_blocks).where(agenda_blocks.c.id == block_id))
        owner.execute(delete(rooms).where(rooms.c.id == room_id))


def test_the_nearest_clinic_goes_by_where_they_stand(cli: Cli, south: None) -> None:
    """From one without any agenda: to the nearer, whatever its name."""
    here = made_up()
    new = ("clinic", "add", "--code", here, "--name", "Centro Azul", "--country", "AR")
    at = ("--latitude", "-36.7770", "--longitude", "-59.8585")
    assert cli("admin", *new, *at).code == 0
    where = {"NORTE": ("-34.6037", "-58.3816"), "SUR": ("-36.8", "-59,9")}
    for code, (latitude, longitude) in where.items():
        done = cli("admin", "clinic", "edit", code, "--latitude", latitude, "--longitude", longitude)
        assert done.code == 0, done.err
    ask = ("turn", "slots", "--nearest", here, "--limit", "3", "--json")
    assert {row["clinic"] for row in cli("msosa", *ask).rows} == {"SUR"}
    for code, (latitude, longitude) in zip(where, reversed(where.values()), strict=True):
        assert (
            cli("admin", "clinic", "edit", code, "--latitude", latitude, "--longitude", longitude).code == 0
        )
    assert {row["clinic"] for row in cli("msosa", *ask).rows} == {"NORTE"}
    assert "Latitud: -36.777" in cli("msosa", "clinic", "show", here).out
    assert cli("admin", "clinic", "edit", here, "--name", "Centro Azul Dos").code == 0
    assert cli("msosa", "clinic", "show", here, "--json").data["longitude"] == -59.8585
    off = ("--latitude", "-", "--longitude", "-")
    for code in (here, *where):
        assert cli("admin", "clinic", "edit", code, *off).code == 0
    assert cli("msosa", "clinic", "show", here, "--json").data["latitude"] is None


@pytest.mark.parametrize(
    ("order", "code", "said"),
    [
        (("clinic", "edit", "NORTE", "--latitude", "-34.6"), 6, "las dos o ninguna"),
        (("clinic", "edit", "NORTE", "--latitude", "-91", "--longitude", "0"), 6, "-90 a 90"),
        (("clinic", "edit", "NORTE", "--latitude", "0", "--longitude", "181"), 6, "-180 a 180"),
        (("clinic", "edit", "NORTE", "--latitude", "nan", "--longitude", "1"), 6, "-90 a 90"),
        (("clinic", "edit", "NORTE", "--latitude", "sur", "--longitude", "1"), 6, "«sur»"),
        (("clinic", "show", "NADA"), 3, "NADA"),
        (("clinic", "edit", "NORTE", "--hours", "lunes 25-26"), 6, "«25»"),
        (("clinic", "edit", "NORTE", "--closed-on", "2039-02-30"), 6, "2039-02-30"),
        (("clinic", "edit", "NORTE", "--zone", "Marte/Norte"), 6, "zona"),
        (("floor", "add", "--number", "0", "--name", "Otra"), 5, "ya tiene un piso"),
        (("floor", "add", "--number", "500", "--name", "Cielo"), 6, "-9 a 99"),
        (("floor", "show", "77"), 3, "77"),
        (("room", "show", "C.404"), 3, "un consultorio con «C.404»"),
        (("room", "add", "--code", "C.1"), 5, "ya tiene un consultorio"),
        (("room", "add", "--code", "MUYLARGOPARASER"), 6, "hasta 12"),
        (("room", "add", "--code", "Z", "--floor", "9"), 3, "un piso con «9»"),
        (("room", "state", "C.2", "roto", "--reason", "x", "--yes"), 6, "«roto» no es un estado"),
        (("room", "state", "C.2", "clausurado", "--yes"), 6, "motivo"),
        (
            ("room", "state", "C.2", "baja", "--reason", "x", "--until", "2099-01-01", "--yes"),
            6,
            "no lleva último día",
        ),
        (("holiday", "add", "--day", "2039-02-30", "--name", "x"), 6, "2039-02-30"),
        (("holiday", "show", "2001-01-01"), 3, "un feriado"),
        (
            ("holiday", "add", "--day", "2039-01-01", "--name", "x", "--country", "AR", "--works"),
            6,
            "se trabaja",
        ),
        (("specialty", "add", "--code", "CLM", "--name", "Otra"), 5, "Ya hay una especialidad"),
        (("procedure", "add", "--code", "P", "--name", "x", "--minutes", "0"), 6, "720"),
        (("procedure", "edit", "CONTROL", "--specialty", "NADA"), 3, "NADA"),
    ],
)
def test_what_cannot_be_is_refused_in_words(cli: Cli, order: tuple[str, ...], code: int, said: str) -> None:
    done = cli("admin", *order)
    assert (done.code, done.out) == (code, ""), done.err
    assert said in done.err


def test_floors_and_rooms_of_another_clinic(cli: Cli) -> None:
    code = made_up()
    assert cli("admin", "clinic", "add", "--code", code, "--name", "Nuevo", "--country", "AR").code == 0
    there = ("--site", code)
    assert cli("admin", "floor", "add", "--number", "-1", "--name", "Subsuelo", *there).code == 0
    assert cli("admin", "floor", "edit", "--number", "1", "--name", "Primero", *there, "--", "-1").code == 0
    room = (
        "room",
        "add",
        "--code",
        "R.1",
        "--floor",
        "1",
        "--kind",
        "rayos",
        "--equipment",
        "Mesa,Arco en C",
    )
    assert cli("secre", *room, *there).code == 4
    assert cli("admin", *room, *there).code == 0
    listed = cli("msosa", "room", "list", *there, "--json").rows
    assert [(row["code"], row["floor"], row["equipment"]) for row in listed] == [
        ("R.1", "Primero", ["arco en c", "mesa"])
    ]
    assert cli("msosa", "floor", "show", "1", *there, "--json").data["rooms"] == ["R.1"]
    edited = cli("admin", "room", "edit", "R.1", "--code", "R.2", "--equipment", "-", *there, "--json").data
    assert (edited["code"], edited["changed"]) == ("R.2", ["code", "equipment"])


def test_a_room_out_of_use_lists_what_it_touches_and_asks(cli: Cli) -> None:
    added(cli, "46700001")
    slot = cli("msosa", "turn", "slots", "--doctor", "lpaz", "--days", "1", "--json").rows[0]
    turn = cli("msosa", "turn", "book", "46700001", "--slot", slot["id"], "--json").data["id"]
    code, last = slot["room"], str(clock.local_day(clock.now(), ZONE) + timedelta(days=1))
    order = ("room", "state", code, "mantenimiento", "--reason", "Pintura", "--until", last)
    refused = cli("secre", *order)
    assert refused.code == 2
    assert "turno  " in refused.err
    assert cli("secre", "room", "show", code, "--json").data["state"] == "disponible"
    rows = cli("secre", "room", "affected", code, "--until", last, "--json").rows
    assert turn in {row["id"] for row in rows}
    assert {row["what"] for row in rows} == {"turno", "bloque"}
    assert cli("msosa", "room", "affected", code).code == 4
    done = cli("secre", *order, "--yes", "--json")
    assert done.code == 0, done.err
    assert done.data["state"] == "mantenimiento"
    shown = cli("msosa", "room", "show", code, "--json").data
    assert (shown["state_reason"], shown["state_until"]) == ("Pintura", last)
    assert cli("secre", "room", "state", code, "disponible").code == 0
    assert cli("msosa", "turn", "cancel", turn).code == 0


def test_holidays_of_a_country_and_of_a_clinic(cli: Cli) -> None:
    day = "2038-05-25"
    national = ("holiday", "add", "--day", day, "--name", "Revolución de Mayo", "--country", "ar")
    assert cli("secre", *national).code == 4
    assert cli("admin", *national).code == 0
    assert cli("admin", *national).code == 5
    assert cli("secre", "holiday", "add", "--day", day, "--name", "Guardia", "--works").code == 0
    rows = cli("msosa", "holiday", "list", "--from", day, "--json").rows
    assert [(row["clinic"], row["country"], row["works"]) for row in rows] == [
        (None, "AR", False),
        ("NORTE", None, True),
    ]
    assert cli("secre", "holiday", "edit", day, "--name", "Guardia mínima", "--closed").code == 0
    assert cli("msosa", "holiday", "show", day, "--json").data["name"] == "Guardia mínima"
    assert cli("secre", "holiday", "remove", day, "--country", "AR").code == 4
    assert cli("secre", "holiday", "remove", day).code == 0
    assert cli("admin", "holiday", "remove", day, "--country", "AR").code == 0
    assert cli("msosa", "holiday", "list", "--from", day, "--json").rows == []


def test_specialties_and_procedures(cli: Cli) -> None:
    specialty, code = made_up("S"), made_up("P")
    assert cli("admin", "specialty", "add", "--code", specialty, "--name", "Ecografia").code == 0
    assert cli("admin", "specialty", "edit", specialty, "--name", "Ecografía").code == 0
    new = ("procedure", "add", "--code", code, "--name", "Ecografía renal", "--minutes", "30")
    takes = ("--requirements", "Vejiga llena", "--equipment", "Ecógrafo", "--room-kind", "imágenes")
    assert cli("secre", *new).code == 4
    assert cli("admin", *new, "--specialty", specialty, *takes).code == 0
    shown = cli("msosa", "procedure", "show", code, "--json").data
    assert (shown["requirements"], shown["equipment"], shown["specialty"]) == (
        "Vejiga llena",
        ["ecógrafo"],
        specialty,
    )
    assert "Requisitos: Vejiga llena" in cli("msosa", "procedure", "show", code).out
    assert cli("msosa", "specialty", "show", specialty, "--json").data["procedures"] == [code]
    edited = cli("admin", "procedure", "edit", code, "--minutes", "40", "--inactive", "--json").data
    assert edited["changed"] == ["minutes", "active"]


def test_fees_come_from_a_file_and_procedures_are_charged_by_them(cli: Cli, tmp_path: Path) -> None:
    schedule, code = made_up("F"), made_up("P")
    file = tmp_path / "nomenclador.csv"
    file.write_text(
        "código;nombre;unidades\n427101;Consulta;1,5\n340101;Radioscopia;2\n37107;Osteoma;20\n37109;;3\n"
    )
    order = ("import", "fees", str(file), "--schedule", schedule.lower(), "--from", "2026-01-01")
    assert cli("msosa", *order).code == 4
    assert cli("admin", *order[:-2]).code == 2
    assert cli("admin", *order, "--country", "AR").code == 2
    trial = cli("admin", *order, "--dry-run")
    assert (trial.code, trial.data["accepted"], trial.data["dry_run"]) == (8, 3, True)
    assert cli("msosa", "fees", "show", schedule).code == 3
    rejects = tmp_path / "rejects.csv"
    done = cli("admin", *order, "--rejects", str(rejects))
    assert done.code == 8
    assert (done.data["read"], done.data["accepted"], done.data["rejected"]) == (4, 3, 1)
    assert (done.data["repaired"], done.data["closed"]) == (2, 0)
    assert "37107 → 037107" in done.err
    assert "5,name,,missing" in rejects.read_text("utf-8-sig")
    assert cli("admin", *order).data["unchanged"] == 3
    rows = cli("msosa", "fees", "show", schedule, "--json").rows
    assert [(row["code"], row["units"], row["valid_to"]) for row in rows] == [
        ("037107", 20, None),
        ("340101", 2, None),
        ("427101", 1.5, None),
    ]
    listed = cli("msosa", "fees", "list", "--json").rows
    assert {"code": schedule, "codes": 3, "since": "2026-01-01"}.items() <= next(
        row.items() for row in listed if row["code"] == schedule
    )
    new = ("procedure", "add", "--code", code, "--name", "Osteoma", "--minutes", "40")
    assert cli("admin", *new).code == 0
    assert cli("admin", "procedure", "edit", code, "--fee", f"{schedule}:000000").code == 3
    assert cli("admin", "procedure", "edit", code, "--fee", f"{schedule}:037107").code == 0
    shown = cli("msosa", "procedure", "show", code, "--json").data
    assert (shown["fees"], shown["version"]) == ([f"{schedule}:037107"], 2)
    assert cli("admin", "procedure", "edit", code, "--fee", f"{schedule}:-").code == 0
    assert cli("msosa", "procedure", "show", code, "--json").data["fees"] == []


def test_holidays_come_from_a_file(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "feriados.csv"
    file.write_text("day,name,clinic\n2037-07-09,Independencia,\n2037-07-10,Puente,NORTE\n")
    done = cli("admin", "import", "holidays", str(file))
    assert (done.code, done.data["accepted"]) == (0, 2), done.err
    rows = cli("msosa", "holiday", "list", "--from", "2037-07-09", "--json").rows
    assert [(row["day"], row["whose"]) for row in rows] == [("2037-07-09", "AR"), ("2037-07-10", "NORTE")]


def test_requirements_are_told_when_the_turn_is_given(cli: Cli) -> None:
    added(cli, "46700002")
    assert cli("admin", "procedure", "edit", "CONTROL", "--requirements", "Traer estudios").code == 0
    slot = cli("msosa", "turn", "slots", "--doctor", "jibarra", "--days", "1", "--json").rows[0]
    booked = cli("msosa", "turn", "book", "46700002", "--slot", slot["id"], "--json")
    assert (booked.code, booked.data["state"]) == (0, "registrado"), booked.err
    assert "Requisitos: Traer estudios" in booked.err
    assert cli("admin", "procedure", "edit", "CONTROL", "--requirements", "-").code == 0


def test_codes_are_searched_shown_and_kept_at_hand(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "cie10.csv"
    file.write_text("codigo;descripcion\nI10X;Hipertensión esencial\nE11;Diabetes\nE119;Diabetes sin más\n")
    taken = cli("admin", "import", "cie10", str(file), "--edition", "2018")
    assert (taken.code, taken.data["accepted"]) == (0, 3), taken.err
    assert [row["code"] for row in cli("msosa", "cie10", "search", "hipertencion", "--json").rows] == ["I10"]
    assert cli("msosa", "cie10", "search", "zzz", "--json").rows == []
    assert cli("msosa", "cie10", "favourite", "I10").code == 4
    assert cli("lpaz", "cie10", "favourite", "Q00").code == 3
    assert cli("lpaz", "cie10", "favourite", "e119", "--json").data == {"code": "E11.9", "kept": True}
    assert [row["code"] for row in cli("lpaz", "cie10", "search", "diab", "--json").rows] == ["E11.9", "E11"]
    shown = cli("lpaz", "cie10", "show", "e11", "--json").data
    assert (shown["below"], shown["leaf"], shown["edition"]) == (["E11.9"], False, "2018")
    assert "favorito" in cli("lpaz", "cie10", "search").out
    assert cli("lpaz", "cie10", "favourite", "E11.9", "--remove").code == 0
    assert cli("lpaz", "cie10", "show", "X99").code == 3
