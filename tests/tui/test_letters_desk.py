"""Letters at the desk: made beside a note, found in the history, printed again, annulled, checked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from pypdf import PdfReader

from tests.factories import PASSWORD, Network
from tests.tui.desk import Desk
from tests.tui.surgery import new_surgery

OpenDesk = Callable[..., Desk]
CODE = "SELECT number || ' ' || upper(substr(encode(hash, 'hex'), 1, 16)) FROM letters WHERE patient_id = :id"


def signed(desk: Desk) -> None:
    """The password that the open question asks."""
    desk.line_shows("Emitir como")
    desk.send(PASSWORD)
    desk.press("<Enter>")


def test_a_certificate_is_made_beside_the_note_kept_printed_again_and_taken_back(
    network: Network, log_in: Callable[..., object], open_desk: OpenDesk, tmp_path: Path
) -> None:
    surgery = new_surgery(network, log_in("cruiz"), family="Lagos Rey")  # type: ignore[arg-type]
    patient = surgery.patient()
    surgery.inside(patient)
    desk: Desk = open_desk(surgery.username, env={"HOME": str(tmp_path)})
    desk.wait_for("DNI")
    desk.press("e")
    desk.wait_for("Subjetivo:")
    desk.press("<Tab><Tab><Tab><Tab>")
    desk.wait_for("» Dx")
    desk.press("j029 Faringitis aguda<Enter>")
    desk.wait_for("Diagnósticos · 1")
    desk.press("<F2>")
    desk.line_shows("Enter pone en la nota")
    desk.press("<F2>Reposo en casa<Left><Left><Left><Left>")
    desk.shows("Plan: Reposo en casa")
    desk.send("\x04")
    desk.line_shows("Documento:", "4 certificado", "6 estudios")
    desk.press("4")
    desk.line_shows("Días de reposo")
    desk.press("2<Enter>")
    desk.line_shows("Texto (puede ir vacío)")
    desk.press("<Enter>")
    desk.line_shows("Diagnóstico que figura:", "0 ninguno", "1 J02.9")
    desk.press("1")
    signed(desk)
    desk.line_shows("Emitido el n.º", "Guardado en")
    # The note is as it was, and the cursor where it stood.
    desk.press("su ")
    desk.shows("Plan: Reposo en su casa", "Diagnósticos · 1")
    (file,) = tmp_path.glob("clinicdesk-certificado-*.pdf")
    assert "J02.9 Faringitis aguda" in PdfReader(file).pages[0].extract_text()
    # What the letter quotes and the note no longer states stands on the page to be signed.
    desk.press("<Tab><Tab>")
    desk.wait_for("F8 Guardar x Quitar")
    desk.press("x")
    desk.wait_for("Diagnósticos · 0")
    desk.press("<F9>")
    desk.shows(
        "se firmará tal como se ve", "Pendiente: certificado médico n.º", "dice J02.9, y esta nota no."
    )
    desk.line_shows("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.line_shows("Nota firmada")
    taken_back_in_the_history(desk, file)
    checked_at_the_counter(open_desk, str(surgery.scalar(CODE, id=patient)))


def taken_back_in_the_history(desk: Desk, file: Path) -> None:
    """It stands among the notes: found, read, printed again as the same file, annulled."""
    before = file.read_bytes()
    desk.shows("Historia · 2 registros", "Certificado n.º", "Se indica reposo")
    desk.press("a")
    desk.wait_for("Adenda ·")
    desk.press("<Esc>")
    desk.shows("Historia · 2 registros")
    desk.press("/faring<Enter>")
    desk.shows("Historia · 1 de 2", "«faring»")
    desk.line_shows("Enter abre: Certificado médico n.º", "Esc quita el filtro.")
    desk.press("<Enter>")
    desk.shows("Ninguna nota firmada de esa atención dice todavía", "Verificación n.º")
    desk.press("p")
    desk.line_shows("Imprimir:", "0 certificado médico n.º")
    desk.press("<Enter>")
    desk.line_shows("tal como se emitió.")
    assert file.read_bytes() == before
    desk.press("x")
    desk.line_shows("Anular certificado médico n.º", "Motivo:")
    desk.press("no<Enter>")
    desk.line_shows("El motivo lleva de 5 a 300 letras.")
    desk.press("<Back><Back>eran tres días<Enter>")
    desk.line_shows("1 solo anular", "2 emitir otro en su lugar")
    desk.press("<Enter>")
    desk.line_shows("queda en la historia, marcado.")
    desk.shows("ANULADO", "eran tres días")


def checked_at_the_counter(open_desk: OpenDesk, typed: str) -> None:
    """Reception asks whether the paper holds: it learns so, and of the patient initials alone."""
    counter: Desk = open_desk("cruiz")
    counter.wait_for("Paciente »")
    counter.press("<F10>")
    counter.line_shows("8 comprobar un documento")
    counter.press("8")
    counter.line_shows("Número y código")
    counter.press("12 no<Enter>")
    counter.line_shows("Van el número y los 16 signos del código.")
    counter.press("<Back>" * 5 + typed + "<Enter>")
    counter.line_shows("Es de aquí, pero NO VALE: está anulado desde el", "a nombre de R. E. Q. M.")
    wrong = re.sub(r".$", lambda last: "0" if last[0] != "0" else "1", typed)
    counter.press("<F10>8")
    counter.line_shows("Número y código")
    counter.press(f"{wrong}<Enter>")
    counter.line_shows("Número y código no son de ningún documento de aquí.")
