"""`7` in a chart: a file comes in, stands with its true type, goes out as it came; an error is marked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clinicdesk.bootstrap import Session
from tests.factories import Network
from tests.tui.counter import Counter
from tests.tui.desk import Desk
from tests.tui.surgery import new_surgery

Open = Callable[..., Desk]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


def test_a_file_comes_in_goes_out_and_is_marked(
    open_desk: Open, network: Network, log_in: Callable[..., Session], counter: Counter, tmp_path: Path
) -> None:
    surgery = new_surgery(network, log_in("cruiz"))
    whose = counter.patient("Olmos Vera", "Inés")
    surgery.inside(whose.patient_id)
    (tmp_path / "eco.exe").write_bytes(PDF)
    (tmp_path / "out").mkdir()
    desk = open_desk(surgery.username)
    desk.wait_for("Olmos Vera, Inés")
    desk.settle()
    desk.press("7")
    desk.shows("Adjuntos · 0 archivos · 0 B de 500 MB", "Sin adjuntos.")
    desk.press("a")
    desk.line_shows("Archivo:")
    desk.press(f"{tmp_path}/no-hay<Enter>")
    desk.line_shows("«no-hay» no se puede leer: no es un archivo. No se adjuntó nada.")
    desk.press("a")
    desk.line_shows("Archivo:")
    desk.press(f"{tmp_path}/eco.exe<Enter>")
    desk.line_shows("Qué es:")
    desk.press("Ecografía de Rawson<Enter>")
    desk.line_shows(f"Adjuntado: application/pdf, {len(PDF)} B.")
    desk.shows("Adjuntos · 1 archivo", "PDF      eco.exe", "Ecografía de Rawson")
    desk.press("<Enter>")
    desk.line_shows("Guardar en (archivo o carpeta):")
    desk.press(f"{tmp_path}/out<Enter>")
    desk.line_shows("Guardado como adjunto-", ".pdf.")
    assert [path.read_bytes() for path in (tmp_path / "out").iterdir()] == [PDF]
    desk.press("x")
    desk.line_shows("Por qué se anula:")
    desk.press("Era de otra persona<Enter>")
    desk.line_shows("Anulado: queda en la historia, marcado.")
    desk.shows("ANULADO eco.exe", "Anulado por ", "Era de otra persona")
    desk.press("<Esc>")
    desk.shows("Historia")
