"""Small papers: cards and labels, on pages of their size or many on one sheet.

Lengths are PDF points, measured from the top left. See pdf.py for what importing this costs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from fpdf import FPDF

from clinicdesk.kit import codes
from clinicdesk.kit.ink import Bold, Ink, Line, Span, let_go

MM: Final = 72 / 25.4
A4: Final = (210 * MM, 297 * MM)
_LEADING: Final = 1.2
_STEP: Final = 0.25
_GREY: Final = 190


class Slips:
    """Pages of one size, filled by texts and codes that are placed; `finish` gives the file."""

    def __init__(self, size: tuple[float, float], title: str, created: datetime) -> None:
        # "portrait" takes the size as it is given; "landscape" would turn it.
        self._pdf = pdf = FPDF("portrait", "pt", size)
        pdf.set_auto_page_break(False)
        pdf.set_creation_date(created)
        pdf.set_creator("clinicdesk")
        pdf.set_lang("es")
        self._ink = Ink(pdf)
        pdf.set_title(self._ink.line(title))

    @property
    def missing(self) -> tuple[str, ...]:
        """The characters that no font has, printed as `‹U+XXXX›`."""
        return self._ink.missing

    def page(self) -> None:
        """Another page."""
        self._pdf.add_page()

    def frame(self, x: float, y: float, width: float, height: float) -> None:
        """A thin line around, to cut along."""
        self._pdf.set_draw_color(_GREY)
        self._pdf.set_line_width(0.3)
        self._pdf.rect(x, y, width, height)

    def line(self, x: float, y: float, width: float) -> None:
        """A thin line across."""
        self._pdf.set_draw_color(_GREY)
        self._pdf.set_line_width(0.5)
        self._pdf.line(x, y, x + width, y)

    def text(
        self,
        span: Span,
        x: float,
        y: float,
        width: float,
        *,
        size: float,
        least: float | None = None,
        most_lines: int = 1,
    ) -> float:
        """Wrapped text from its top, in smaller letters until it fits, and only then cut; its height."""
        lines, size = self._fitted(span, width, size, least or size, most_lines)
        for line in lines:
            left = x
            for piece in line:
                self._ink.write(left, y + size * 0.95, piece, size)
                left += self._ink.width(*piece) * size / 1000
            y += size * _LEADING
        return len(lines) * size * _LEADING

    def bars(self, text: str, x: float, y: float, width: float, height: float) -> None:
        """A bar code, its quiet zones inside."""
        codes.draw_bars(self._pdf, text, x, y, width, height)

    def square(self, text: str, x: float, y: float, side: float) -> None:
        """A square code, its quiet zone inside."""
        codes.draw_squares(self._pdf, text, x, y, side)

    def finish(self) -> bytes:
        """The file. It is closed by it."""
        try:
            return bytes(self._pdf.output())
        finally:
            let_go(self._pdf)

    def _fitted(
        self, span: Span, width: float, size: float, least: float, most: int
    ) -> tuple[list[Line], float]:
        lines = self._ink.fold([span], size, width)
        while len(lines) > most and size - _STEP >= least:
            size -= _STEP
            lines = self._ink.fold([span], size, width)
        return (lines if len(lines) <= most else self._cut(span, size, width, most)), size

    def _cut(self, span: Span, size: float, width: float, most: int) -> list[Line]:
        """As many letters as fit in so many lines, with `…` after them."""
        text = span.text if isinstance(span, Bold) else span
        made = Bold if isinstance(span, Bold) else str
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if len(self._ink.fold([made(text[:middle].rstrip() + "…")], size, width)) <= most:
                low = middle
            else:
                high = middle - 1
        return self._ink.fold([made(text[:low].rstrip() + "…")], size, width)
