"""Codes that readers read: a bar code (Code 128) and a square one (QR), drawn as rectangles.

Both come from packages that the ticket printer's library needs anyway, imported when something is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from fpdf import FPDF

QUIET_BARS: Final = 10
"""Modules that must stay blank on either side of a bar code (ISO/IEC 15417)."""
QUIET_SQUARES: Final = 4
"""The same around a square code (ISO/IEC 18004)."""


def bar_modules(text: str) -> str:
    """The bars of a text in Code 128 as `1` and blanks as `0`, one a module, without the quiet zones."""
    from barcode.codex import Code128

    return str(Code128(text).build()[0])


def square_modules(text: str) -> list[list[bool]]:
    """The modules of a text as QR code with a quarter of redundancy, row by row, without the quiet zone."""
    from qrcode.constants import ERROR_CORRECT_Q
    from qrcode.main import QRCode

    code = QRCode(error_correction=ERROR_CORRECT_Q, border=0)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def draw_bars(pdf: FPDF, text: str, x: float, y: float, width: float, height: float) -> None:
    """A bar code in this rectangle, its quiet zones inside it."""
    modules = bar_modules(text)
    module = width / (len(modules) + 2 * QUIET_BARS)
    for start, length in _runs(modules):
        pdf.rect(x + (QUIET_BARS + start) * module, y, length * module, height, style="F")


def draw_squares(pdf: FPDF, text: str, x: float, y: float, side: float) -> None:
    """A square code in this square, its quiet zone inside it."""
    rows = square_modules(text)
    module = side / (len(rows) + 2 * QUIET_SQUARES)
    for number, row in enumerate(rows):
        for start, length in _runs("".join("1" if dark else "0" for dark in row)):
            left = x + (QUIET_SQUARES + start) * module
            pdf.rect(left, y + (QUIET_SQUARES + number) * module, length * module, module, style="F")


def _runs(modules: str) -> Iterator[tuple[int, int]]:
    """Where the dark ones begin, and how many stand side by side."""
    at = 0
    for dark, run in groupby(modules):
        length = len(list(run))
        if dark == "1":
            yield at, length
        at += length
