"""The doctor's home in a real terminal: the queue, the chart that opens by itself, one key for each step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from clinicdesk.kit import clock
from clinicdesk.kit.names import age_text
from tests.factories import PASSWORD, ZONE, Network
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery

OpenDesk = Callable[..., Desk]
MOST_BYTES_A_MOVE = 350
AGE = age_text(date(1981, 8, 2), clock.local_day(clock.now(), ZONE))
"""Of `surgery.patient()`, today."""


@pytest.fixture
def surgery(network: Network, log_in: Callable[..., object]) -> Surgery:
    """A doctor nobody else queues for."""
    return new_surgery(network, log_in("cruiz"))  # type: ignore[arg-type]


@pytest.fixture
def doctor(surgery: Surgery, open_desk: OpenDesk) -> Callable[..., Desk]:
    """`doctor(size=(80, 24))` → the doctor's desk, logged in."""

    def start(**more: object) -> Desk:
        terminal: Desk = open_desk(surgery.username, **more)
        terminal.wait_for("Mi cola")
        return terminal

    return start


def test_one_key_calls_the_first_by_level_and_opens_the_chart(
    surgery: Surgery, doctor: Callable[..., Desk]
) -> None:
    first, second = surgery.patient("Coria Villalba", "Pedro"), surgery.patient()
    surgery.waits(first, clock.now() - timedelta(minutes=20), triage=4)
    surgery.waits(second, triage=2)
    surgery.history(second, [("control", "I10", "HTA esencial", "")])
    opened = "SELECT count(*) FROM acts WHERE patient_id = :id AND what = 'chart.open'"
    before = surgery.scalar(opened, id=second)
    desk = doctor()
    desk.wait_for("Mi cola · 2 esperan")
    assert desk.press("n") == 1
    desk.wait_for("16/10/26 Control     I10   HTA esencial")
    desk.wait_for(lambda: desk.lines[1].startswith(f" Quispe Mamani, Rosa Elena   F {AGE}   DNI"))
    desk.shows("Llamado: A", "Mi cola · 1 espera")
    assert (surgery.state(second), surgery.state(first)) == ("en_curso", "en_espera")
    assert surgery.scalar(opened, id=second) == before + 1


def test_nobody_waits_is_said(doctor: Callable[..., Desk]) -> None:
    desk = doctor()
    desk.press("n")
    desk.wait_for(lambda: desk.line == "Nadie espera.")


def test_allergies_lead_the_severe_first_and_never_asked_is_said(
    surgery: Surgery, doctor: Callable[..., Desk]
) -> None:
    allergic, unasked = surgery.patient(), surgery.patient("Gil", "Ana")
    surgery.allergic(allergic, ("AINE", "leve"), ("penicilina", "severa"))
    surgery.inside(allergic)
    surgery.waits(unasked)
    desk = doctor()
    desk.wait_for("Quispe Mamani, Rosa Elena   F")
    desk.wait_for(lambda: desk.lines[2].startswith(" !! ALERGIA penicilina (severa)  ! AINE"))
    desk.press("n")
    desk.wait_for("Adentro sigue")
    desk.press("<Enter>")
    desk.wait_for("Gil, Ana   F")
    desk.wait_for(lambda: desk.lines[2].startswith(" Alergias: sin preguntar"))


def test_with_somebody_inside_the_next_is_called_only_after_a_yes(
    surgery: Surgery, doctor: Callable[..., Desk]
) -> None:
    inside, waiting = surgery.patient(), surgery.patient("Gil", "Ana")
    surgery.inside(inside)
    surgery.waits(waiting)
    desk = doctor()
    desk.wait_for("Quispe Mamani, Rosa Elena   F")
    desk.press("n")
    desk.wait_for("Adentro sigue A")
    desk.shows("Quispe Mamani, Rosa Elena. Enter: llamar igual. Esc: volver.")
    desk.press("<Esc>")
    desk.hides("Adentro sigue")
    assert (surgery.state(inside), surgery.state(waiting)) == ("en_curso", "en_espera")
    desk.press("n<Enter>")
    desk.wait_for("Gil, Ana   F")
    assert (surgery.state(inside), surgery.state(waiting)) == ("en_curso", "en_curso")


def test_who_is_inside_comes_back_on_the_screen_after_a_login(
    surgery: Surgery, doctor: Callable[..., Desk]
) -> None:
    surgery.inside(surgery.patient())
    desk = doctor()
    desk.wait_for(f"Quispe Mamani, Rosa Elena   F {AGE}")
    desk.row_shows("»A", "▶ ")


def test_a_call_is_repeated_and_taken_back_to_the_queue(
    surgery: Surgery, doctor: Callable[..., Desk]
) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    desk = doctor()
    desk.wait_for("DNI")
    assert desk.press("r") == 1
    desk.wait_for("llamado 2 veces")
    desk.press("w")
    desk.wait_for("volvió a la espera")
    assert surgery.state(patient) == "en_espera"
    desk.press("w")
    desk.wait_for("A espera: no está en curso")


def test_finishing_asks_only_where_the_note_is_not_signed(
    surgery: Surgery, doctor: Callable[..., Desk]
) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    desk = doctor()
    desk.wait_for("DNI")
    desk.press("f")
    desk.wait_for("No hay nota de esta atención. Enter: finalizar igual.")
    desk.press("<Esc>")
    desk.wait_for("Sin registros todavía")
    assert surgery.state(patient) == "en_curso"
    desk.press("f<Enter>")
    desk.wait_for("finalizada. n llama al siguiente.")
    assert surgery.state(patient) == "finalizado"


def test_the_six_sections_and_the_way_back(surgery: Surgery, doctor: Callable[..., Desk]) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    surgery.history(patient, [("control", "I10", "HTA esencial", "Buen control.")])
    surgery.prescribed(patient, "Enalapril 10 mg")
    surgery.measured(patient, clock.now(), high=152, low=94, pulse=88)
    desk = doctor()
    desk.wait_for("Historia · 1 registro")
    desk.row_shows("Vitales", "PA 152/94  FC 88")
    desk.row_shows("Recetas", "1 vigente: Enalapril 10 mg")
    desk.row_shows("Dx act.", "I10 HTA esencial")
    for key, title, row in (
        ("2", "Recetas · 1", "vigente desde 16/10/26"),
        ("3", "Resultados · 0", "Sin resultados."),
        ("4", "Diagnósticos · 1", "confirmado, principal, crónico"),
        ("5", "Vitales · 3", "152 mmHg"),
        ("6", "Mensajes", "No hay mensajes."),
    ):
        desk.press(key)
        desk.shows(title, row)
    desk.press("<Esc>")
    desk.wait_for("Historia · 1 registro")
    desk.press("<Enter>")
    desk.shows("Sello", "Buen control.", "Firmada por Lagos")
    desk.press("<F2>")
    desk.wait_for(f"Nacimiento    02/08/1981, {AGE}")
    desk.press("<Esc><Esc><Esc>")
    desk.wait_for(lambda: desk.lines[1] == "")
    desk.hides("Historia", "Vitales")


def test_enter_opens_the_chart_of_anybody_in_the_queue(surgery: Surgery, doctor: Callable[..., Desk]) -> None:
    inside, waiting = surgery.patient(), surgery.patient("Coria", "Pedro")
    surgery.inside(inside)
    surgery.waits(waiting)
    desk = doctor()
    desk.wait_for("DNI")
    desk.press("<Esc><Down>")
    desk.wait_for("Enter abre la historia de Coria, Pedro.")
    desk.press("<Enter>")
    desk.wait_for(f"Coria, Pedro   F {AGE}")
    assert surgery.state(waiting) == "en_espera"
    desk.press("e")
    desk.wait_for("Nota: todavía no fue llamado")


def test_two_thousand_visits_scroll_to_the_first(surgery: Surgery, doctor: Callable[..., Desk]) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    surgery.long_history(patient, 2_000)
    desk = doctor()
    desk.wait_for("Historia · 2000 registros")
    desk.row_shows("16/10/26", "Visita 1")

    def oldest_shown() -> bool:
        desk.press("<End>")
        desk.settle()
        return "»" in desk.row_of("Visita 2000")

    desk.wait_for(oldest_shown)
    desk.press("<Up>")
    desk.wait_for("»27/04/21 Consulta    Visita 1999")


def test_what_another_desk_does_shows_in_place(surgery: Surgery, doctor: Callable[..., Desk]) -> None:
    desk = doctor()
    desk.wait_for("Nadie espera ni está por venir.")
    ticket = surgery.waits(surgery.patient("Rivas Pons", "Inés")).ticket
    desk.row_shows(f"{ticket}  ≡", "Rivas")
    desk.wait_for("Mi cola · 1 espera")


def test_a_hostile_note_is_shown_and_obeyed_by_nobody(surgery: Surgery, doctor: Callable[..., Desk]) -> None:
    hostile = "A[/b]B [@click=app.exit]x[/] \x1b[2J\x1b]52;c;eA==\x07 \u202eoculto"
    patient = surgery.patient("[red]Ñandú\x1b[2J", "A[/b]B")
    surgery.inside(patient)
    surgery.history(patient, [("control", "I10", hostile, hostile)])
    desk = doctor()
    desk.wait_for("16/10/26")
    desk.settle()
    start = len(desk.output)
    desk.press("<Enter>")
    desk.shows("│ A[/b]B [@click=app.exit]x[/] ·[2J·]52;c;eA==·", "│ ·oculto")
    desk.wait_for(lambda: "[red]Ñandú·[2J, A[/b]B" in desk.lines[1])
    desk.settle()
    assert b"\x1b[2J" not in desk.output[start:]
    assert b"\x1b]52" not in desk.output


def test_the_history_is_printed_for_this_account_alone(
    surgery: Surgery, open_desk: OpenDesk, tmp_path: Path
) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    surgery.history(patient, [("control", "I10", "HTA esencial", "Niñez sin asma; años después, sí.")])
    desk: Desk = open_desk(surgery.username, env={"HOME": str(tmp_path)}, size=(120, 36))
    desk.wait_for("Historia · 1 registro")
    desk.press("p")
    desk.wait_for("Imprimir:")
    desk.press("<Enter>")
    desk.wait_for("Historia guardada en")
    (file,) = tmp_path.glob("clinicdesk-HC-*.pdf")
    assert file.stat().st_mode & 0o777 == 0o600
    assert "Niñez sin asma; años después, sí." in " ".join(
        word for page in PdfReader(file).pages for word in page.extract_text().split()
    )
    done = "SELECT count(*) FROM acts WHERE patient_id = :id AND what = 'history.export'"
    assert surgery.scalar(done, id=patient) == 1
    desk.press("p4")
    desk.wait_for("Días de reposo")
    desk.press("999<Enter>")
    desk.wait_for("Un número de 0 a 180.")
    desk.press("<Back><Back><Back>3<Enter>")
    desk.wait_for("Texto (puede ir vacío)")
    desk.press("<Enter>")
    desk.wait_for("Diagnóstico que debe figurar")
    desk.press("<Enter>")
    desk.wait_for("Emitir como")
    desk.press("no es esta<Enter>")
    desk.wait_for("La clave no es correcta. Nada se emitió.")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Emitido el n.º")
    (letter,) = tmp_path.glob("clinicdesk-certificado-*.pdf")
    assert "reposo por 3 días" in PdfReader(letter).pages[0].extract_text()
    assert letter.stat().st_mode & 0o777 == 0o600


def test_a_move_costs_little(surgery: Surgery, doctor: Callable[..., Desk]) -> None:
    patient = surgery.patient()
    surgery.inside(patient)
    surgery.long_history(patient, 20)
    desk = doctor()
    desk.wait_for("Enter abre el registro")
    desk.settle()
    assert 0 < desk.act("\x1b[B").bytes <= MOST_BYTES_A_MOVE
