"""Letters and digits five rows high, for a screen that is read from across a room."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

TALL: Final = 5
_WIDE: Final = 5
_GAP: Final = 2
_ON: Final = "█"
# Each character as five rows of five, `#` for what is lit. What has no letter here is left blank.
_ROWS: Final = MappingProxyType(
    {
        "0": "##### #...# #...# #...# #####",
        "1": "..#.. .##.. ..#.. ..#.. #####",
        "2": "##### ....# ##### #.... #####",
        "3": "##### ....# .#### ....# #####",
        "4": "#...# #...# ##### ....# ....#",
        "5": "##### #.... ##### ....# #####",
        "6": "##### #.... ##### #...# #####",
        "7": "##### ....# ...#. ..#.. ..#..",
        "8": "##### #...# ##### #...# #####",
        "9": "##### #...# ##### ....# #####",
        "A": ".###. #...# ##### #...# #...#",
        "B": "####. #...# ####. #...# ####.",
        "C": "##### #.... #.... #.... #####",
        "D": "####. #...# #...# #...# ####.",
        "E": "##### #.... ####. #.... #####",
        "F": "##### #.... ####. #.... #....",
        "G": "##### #.... #..## #...# #####",
        "H": "#...# #...# ##### #...# #...#",
        "I": "##### ..#.. ..#.. ..#.. #####",
        "J": "....# ....# ....# #...# .###.",
        "K": "#...# #..#. ###.. #..#. #...#",
        "L": "#.... #.... #.... #.... #####",
        "M": "#...# ##.## #.#.# #...# #...#",
        "N": "#...# ##..# #.#.# #..## #...#",
        "Ñ": ".###. #...# ##..# #.#.# #..##",
        "O": ".###. #...# #...# #...# .###.",
        "P": "####. #...# ####. #.... #....",
        "Q": ".###. #...# #.#.# #..#. .##.#",
        "R": "####. #...# ####. #..#. #...#",
        "S": ".#### #.... .###. ....# ####.",
        "T": "##### ..#.. ..#.. ..#.. ..#..",
        "U": "#...# #...# #...# #...# #####",
        "V": "#...# #...# #...# .#.#. ..#..",
        "W": "#...# #...# #.#.# ##.## #...#",
        "X": "#...# .#.#. ..#.. .#.#. #...#",
        "Y": "#...# .#.#. ..#.. ..#.. ..#..",
        "Z": "##### ...#. ..#.. .#... #####",
        "→": "..#.. ...#. ##### ...#. ..#..",
        "-": "..... ..... ##### ..... .....",
    }
)


def width_of(text: str, scale: int = 1) -> int:
    """Columns that the text takes, with the gap after its end."""
    return len(_row(text, 0)) * scale


def rows_of(text: str, scale: int = 1) -> list[str]:
    """The text as rows of `█` and blanks, each character `scale` times as large."""
    rows = []
    for y in range(TALL):
        drawn = "".join((_ON if cell == "#" else " ") * scale for cell in _row(text, y))
        rows += [drawn.rstrip()] * scale
    return rows


def _row(text: str, y: int) -> str:
    return "".join(_cells(char, y) for char in text.upper())


def _cells(char: str, y: int) -> str:
    whole = _ROWS.get(char)
    return whole.split()[y] + "." * _GAP if whole is not None else "." * _WIDE
