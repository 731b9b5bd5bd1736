"""F4 as SCREENS.md (i) draws it: a day with a suspended block, its week, and every key of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import insert, text

from clinicdesk.clinic.access.model import clinic_roles, people
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.agendas.model import agenda_blocks
from clinicdesk.clinic.desk import Desk as Domain
from clinicdesk.clinic.sites.model import rooms
from clinicdesk.clinic.turns import notices, overbooking, service, suspension
from clinicdesk.kit import clock
from tests.factories import ZONE, Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk

Open = Callable[..., Desk]
SNAPSHOTS: Final = Path(__file__).parent / "snapshots"
AT: Final = clock.instant(datetime(2037, 11, 23, 9, 42), ZONE)  # noqa: DTZ001 - the wall clock there
"""A Monday, 09:42 at the clinic."""
EXPECTED: Final = (
    ("08:40", "Lencina", "Alicia", "cancelado"),
    ("09:40", "Ocampo Ferreyra", "Nilda Beatriz", "en_espera"),
    ("10:00", "Aguirre Núñez", "Sofía", "confirmado"),
    ("10:20", "Quispe Mamani", "Rosa Elena", "confirmado"),
    ("10:40", "Maldonado de la Fuente", "María José", "registrado"),
    ("11:20", "Duarte", "Alba Noemí", "registrado"),
    ("14:00", "Toledo Paz", "Hernán", "registrado"),
    ("14:20", "Rivas Pons", "Inés", "registrado"),
    ("15:00", "Godoy", "Bruno Ariel", "registrado"),
)
DRAWN: Final = (
    " 08:40 × Lencina, Alicia                   control     cancelado: paciente <24 h",
    "         ─ libre ─                                     08:40 pasó, no se ofrece",
    " 09:40 ≡ Ocampo Ferreyra, Nilda Beatriz    control     en espera 24 min",
    " 10:00 + Aguirre Núñez, Sofía              control     confirmado",
    " 10:20 + Quispe Mamani, Rosa Elena         control     confirmado",
    "       °   Medina Soto, Lía                control     sobreturno 1 de 2 (Vega)",
    " 10:40 ° Maldonado de la Fuente, María J.  control     registrado",
    "»11:00   ─ libre ─                                     próximo libre",
    " 11:20 ° Duarte, Alba Noemí                control     registrado",
    " 11:40   ─ libre ─",
    " 14:00 × BLOQUE SUSPENDIDO 14:00 a 18:00               congreso",
    "         3 turnos: 1 avisado, 1 sin tel., 1 por avisar m: dar otro lugar",
)
"""The rows of the mock-up that this day has too, in its columns."""


def wall(hour: str) -> datetime:
    return clock.instant(datetime.strptime(f"2037-11-23 {hour}", "%Y-%m-%d %H:%M"), ZONE)  # noqa: DTZ007


@pytest.fixture(scope="module")
def doctor(network: Network) -> int:
    """Paz, Lucía the younger: mornings and afternoons of twenty minutes, two overbooks each, in C.4."""
    with network.owner.begin() as owner:
        made = insert(people).values(family="Abadía", given="Lucía", specialty="Clínica médica")
        person = int(owner.execute(made.returning(people.c.id)).scalar_one())
        here = network.clinic_ids[0]
        owner.execute(insert(clinic_roles).values(person_id=person, clinic_id=here, role="medico"))
        floor = owner.execute(
            text("SELECT min(id) FROM floors WHERE clinic_id = :id"), {"id": here}
        ).scalar_one()
        room = insert(rooms).values(clinic_id=here, floor_id=floor, code="C.4", kind="consultorio")
        room_id = owner.execute(room.returning(rooms.c.id)).scalar_one()
        procedure = owner.execute(text("SELECT id FROM procedures WHERE code = 'CONTROL'")).scalar_one()
        row: dict[str, Any] = {"clinic_id": here, "doctor_id": person, "room_id": room_id}
        row |= {"procedure_id": procedure, "slot_minutes": 20, "overbooks": 2, "state": "publicado"}
        for weekday in range(1, 6):
            for starts, ends in ((8, 12), (14, 18)):
                hours = {"starts": time(starts), "ends": time(ends), "valid_from": date(2020, 1, 1)}
                owner.execute(insert(agenda_blocks).values(weekday=weekday, **row, **hours))
    network.person_ids["abadia"] = person
    return person


@pytest.fixture(scope="module")
def day(network: Network, doctor: int) -> Iterator[Counter]:
    """The turns of that Monday; its afternoon is suspended, and one of its patients was told."""
    clerk, secretary = network.log_in("cruiz"), network.log_in("secre")
    counter, early = Counter(network, clerk), AT - timedelta(hours=2)
    boss = Domain(secretary.engine, secretary.actor, now=lambda: early)
    for hour, family, given, fate in EXPECTED:
        phone = None if family == "Godoy" else "+541144440000"
        turn = counter.booked(counter.patient(family, given, phone=phone), "abadia", wall(hour))
        if fate == "cancelado":
            counter.hop(service.cancel, turn, early, reason="viaja")
        elif fate == "confirmado":
            counter.hop(service.confirm, turn, early)
        elif fate == "en_espera":
            counter.hop(admissions.admit, turn, AT - timedelta(minutes=24))
    over = counter.patient("Medina Soto", "Lía")
    block = counter.scalar("SELECT block_id FROM turns WHERE wall_start = '2037-11-23 10:20'")
    order = overbooking.Overbook(patient_id=over.patient_id, slot=f"{block}.20371123T1020")
    boss.do(overbooking.overbook, order)
    afternoon = counter.scalar("SELECT block_id FROM turns WHERE wall_start = '2037-11-23 14:00'")
    monday = date(2037, 11, 23)
    query = suspension.AwayQuery(doctor, monday, monday, block_id=afternoon)
    seen = boss.see(suspension.fallen_by_absence, query).seen
    away = suspension.SuspendBlock(
        block_id=afternoon, first_day=monday, last_day=monday, reason="congreso", seen=seen
    )
    done = boss.do(suspension.suspend_block, away)
    told = boss.see(notices.notices, notices.NoticesQuery(network.clinic_ids[0], done.id))[0]
    boss.do(notices.notice_given, notices.NoticeGiven(patient_id=told.patient_id, notice_id=told.id))
    yield counter
    clerk.close()
    secretary.close()


def at_the_agenda(open_desk: Open, user: str = "msosa", **more: Any) -> Desk:
    desk = open_desk(user, at=AT.isoformat(), **more)
    desk.press("<F4>")
    desk.wait_for("Agenda · Abadía, Lucía · Clínica médica · C.4")
    desk.wait_for("Maldonado de la Fuente")
    desk.wait_for("Libre 11:00. Enter: elegir un paciente y dárselo.")
    return desk


def drawn(desk: Desk, name: str) -> None:
    """The screen comes to be as it was drawn, but for its header, whose line may be slow."""
    file = SNAPSHOTS / f"{name}-{desk.columns}x{desk.rows}.txt"
    if os.environ.get("SNAPSHOTS") == "write":
        desk.settle(0.5)
        file.write_text("\n".join(desk.lines[1:]) + "\n", "utf-8")
    desk.becomes(lambda: "\n".join(desk.lines[1:]) + "\n", file.read_text("utf-8"))


def test_the_day_stands_in_the_columns_of_the_mock_up(open_desk: Open, day: Counter) -> None:
    desk = at_the_agenda(open_desk)
    desk.wait_for(lambda: set(DRAWN[:9]) <= set(desk.lines))
    desk.press("<End>")
    desk.wait_for(lambda: set(DRAWN[10:]) <= set(desk.lines))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
def test_day_week_and_keys_as_drawn(open_desk: Open, day: Counter, size: tuple[int, int]) -> None:
    desk = at_the_agenda(open_desk, size=size)
    drawn(desk, "agenda")
    desk.press("v")
    desk.wait_for("»lun 23")
    drawn(desk, "agenda-week")
    desk.press("<F1>")
    desk.wait_for("Teclas de esta pantalla")
    drawn(desk, "agenda-keys")


def test_a_suspended_block_is_a_band_with_its_turns_inside(open_desk: Open, day: Counter) -> None:
    desk = at_the_agenda(open_desk, "secre")
    desk.press("<End>")
    desk.row_shows("14:20 │× Rivas Pons, Inés", "por avisar")
    desk.row_shows("│× Toledo Paz, Hernán", "avisado")
    desk.row_shows("15:00 │× Godoy, Bruno Ariel", "sin teléfono")
    desk.line_shows("Godoy, Bruno Ariel: 15:00 suspendido. m: darle otro lugar.")
    desk.press("<Enter>")
    desk.line_shows("m: darle otro lugar.")
    desk.press("m")
    desk.wait_for("Turnos suspendidos ·")
    desk.wait_for(lambda: desk.row_of("Godoy, Bruno Ariel").startswith("»"))


def test_the_week_gives_and_undoes_as_the_day_does(open_desk: Open, day: Counter) -> None:
    person = day.patient("Vista", "Semana")
    today = clock.local_day(clock.now(), ZONE)
    desk = open_desk("msosa")
    desk.press(f"{person.document}<Enter>")
    desk.line_shows("Vista, Semana: sin turno hoy")
    desk.press("<F4>")
    desk.wait_for("Agenda · ")
    desk.press("o")
    desk.wait_for("C.2")
    desk.press("v")
    desk.wait_for(lambda: "» 0" in desk.text or "» 1" in desk.text or "» 2" in desk.text)
    desk.press("<Right><Home>")
    desk.line_shows("Libre 00:00. Enter: dar a Vista, Semana.")
    desk.press("<Enter>")
    desk.line_shows("00:00: Vista, Semana. z deshace.")
    desk.wait_for("° Vista")
    (given,) = day.turns_of(person)
    assert given.day > today
    desk.press("v")
    desk.row_shows("00:00 ° Vista, Semana")
    desk.press("z")
    desk.line_shows("Deshecho")
    assert [turn.voided_reason for turn in day.turns_of(person)] == ["deshecho en el momento"]


def test_every_reason_of_a_cancellation_stands_there_and_another_is_typed(
    open_desk: Open, day: Counter
) -> None:
    person = day.patient("Motivo", "Otro")
    day.booked(person, "abadia", wall("11:40"))
    desk = at_the_agenda(open_desk)
    desk.wait_for("11:40 ° Motivo, Otro")
    while not desk.row_of("Motivo, Otro").startswith("»"):
        desk.press("<Down>")
        desk.settle()
    desk.press("x")
    desk.shows("1 lo pidió el paciente", "5 ya no lo necesita", "7 se dio por error", "9 otro")
    desk.press("9<Enter>")
    desk.line_shows("Motivo »")
    desk.press("<Enter>")
    desk.line_shows("Falta el motivo.")
    desk.press("huelga de transporte<Enter>")
    desk.line_shows("pasó a cancelado")
    reasons = "SELECT reason FROM turn_events WHERE patient_id = :id ORDER BY seq DESC LIMIT 1"
    assert day.scalar(reasons, id=person.patient_id) == "huelga de transporte"
