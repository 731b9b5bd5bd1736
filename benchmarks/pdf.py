"""Histories on paper beside bare fpdf2, interleaved: the floors write the same text in the same fonts.

    python -m benchmarks.pdf [--rounds 15]

`multi_cell`: each string of ours through fpdf2's own line breaking, with its header and footer hooks.
`lines`: our finished lines replayed through FPDF.text, the least fpdf2 can do: no breaking, no layout.
Prints medians of CPU seconds, pages per second and ours / floor. The budget, 0.8, is against `multi_cell`,
which breaks lines as ours does; `lines` shows what all our layout costs on top of putting ink.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import Align, XPos, YPos
from pypdf import PdfReader

from clinicdesk.exporters import History
from clinicdesk.exporters.history_pdf import EXPORTER
from clinicdesk.kit.pdf import BODY
from tests.exporters.histories import STAMP, entry, history, note

TEXT = (
    "Paciente que consulta por control. Refiere «cefalea» frontal de dos días de evolución, sin fiebre; "
    "niega náuseas y vómitos. Antecedente de hipertensión en tratamiento con enalapril 10 mg cada 12 h.\n\n"
    "Examen físico: TA 150/95 mmHg, FC 88 lpm, T 36,4 °C. Murmullo vesicular conservado, R1 y R2 "
    "normofonéticos. Abdomen blando, depresible, indoloro.\n\nPlan:\n- ECG y laboratorio (ionograma, "
    "creatinina)\n- Control en 7 días con registro domiciliario\n- Pautas de alarma: disnea, visión borrosa"
)
FACES = {"": "NotoSans_Regular", "B": "NotoSans_Bold"}
LEADING = 1.38


@dataclass(frozen=True)
class Line:
    """One call of FPDF.text as ours made it."""

    page: int
    style: str
    size: float
    x: float
    y: float
    text: str


def ours(made: History) -> bytes:
    """The printed history."""
    out = BytesIO()
    EXPORTER.write(made, STAMP, out)
    return out.getvalue()


def lines_of(made: History) -> list[Line]:
    """Every line that ours writes, page by page."""
    found: list[Line] = []
    original: Any = FPDF.text

    def record(self: FPDF, x: float, y: float, text: str = "") -> None:
        found.append(Line(self.page, self.font_style, self.font_size_pt, x, y, text))
        original(self, x, y, text)

    FPDF.text = record  # type: ignore[method-assign]
    try:
        ours(made)
    finally:
        FPDF.text = original  # type: ignore[method-assign]
    return sorted(found, key=lambda line: line.page)


def fonts(pdf: FPDF, folder: Path) -> None:
    """Our two faces, from ready files."""
    for style, module in FACES.items():
        pdf.add_font("main", style, folder / f"{module}.ttf")


def replayed(lines: list[Line], folder: Path) -> bytes:
    """Floor: the same lines at the same places."""
    pdf = FPDF(unit="pt", format="A4")
    fonts(pdf, folder)
    for line in lines:
        while pdf.page < line.page:
            pdf.add_page()
        pdf.set_font("main", line.style, line.size)
        pdf.text(line.x, line.y, line.text)
    return bytes(pdf.output())


class Plain(FPDF):
    """A document as fpdf2's manual teaches it: hooks for head and foot, `{nb}` for the count."""

    def header(self) -> None:
        self.set_font("main", "B", 10.5)
        self.cell(0, 14, "Quispe Mamani, Rosa Elena", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_font("main", "", BODY)
        self.cell(0, 12, "DNI 28.431.907 · F 45 a · HC 002210", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(12)

    def footer(self) -> None:
        self.set_y(-40)
        self.set_font("main", "", 7.5)
        self.cell(400, 10, STAMP.line())
        self.cell(0, 10, f"Página {self.page_no()} de {{nb}}", align=Align.R)


def flowed(made: History, folder: Path) -> bytes:
    """Floor: the same strings through multi_cell."""
    pdf = Plain(unit="pt", format="A4")
    pdf.set_margins(48, 34)
    pdf.set_auto_page_break(True, 56)
    fonts(pdf, folder)
    pdf.set_font("main", "", BODY)
    pdf.add_page()

    def put(text: str, style: str = "", size: float = BODY) -> None:
        pdf.set_font("main", style, size)
        pdf.multi_cell(0, size * LEADING, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    for row in made.chart.entries:
        put(f"{row.at:%d/%m/%Y %H:%M} · {row.kind} {row.doctor} · {row.place}", "B")
        for found in row.diagnoses:
            put(f"{found.code} {found.text} · {found.kind} · {found.certainty}")
        for signed in row.notes:
            put(signed.text)
            put(
                f"Firmado por {signed.author_name} · {signed.author_license} · {signed.hash[:8].hex()}",
                "",
                7.5,
            )
        pdf.ln(10)
    return bytes(pdf.output())


def seconds(make: Callable[[], bytes]) -> float:
    """CPU of one run."""
    started = time.process_time()
    make()
    return time.process_time() - started


def compare(made: History, folder: Path, rounds: int) -> None:
    """All three by turns, on one history."""
    lines = lines_of(made)
    makers: dict[str, Callable[[], bytes]] = {
        "ours": lambda: ours(made),
        "multi_cell": lambda: flowed(made, folder),
        "lines": lambda: replayed(lines, folder),
    }
    pages = {name: len(PdfReader(BytesIO(make())).pages) for name, make in makers.items()}
    spent: dict[str, list[float]] = {name: [] for name in makers}
    for _ in range(rounds):
        for name, make in makers.items():
            spent[name].append(seconds(make))
    rate = {name: pages[name] / statistics.median(each) for name, each in spent.items()}
    for name, each in spent.items():
        ratio = "" if name == "ours" else f"   ours / floor {rate['ours'] / rate[name]:.2f}"
        middle = statistics.median(each)
        print(f"{name:<11}{pages[name]:>4} pages {middle:7.3f} s {rate[name]:7.1f} pages/s{ratio}")


def main() -> None:
    """One page, and a long history."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for module in FACES.values():
            (folder / f"{module}.ttf").write_bytes(import_module(f"pymupdf_fonts.{module}").fontbuffer)
        for entries in (1, 150):
            notes = (entry(number, notes=(note(number, TEXT),)) for number in range(1, entries + 1))
            print(f"history of {entries} {'entry' if entries == 1 else 'entries'}")
            compare(history(tuple(notes)), folder, rounds)


if __name__ == "__main__":
    main()
