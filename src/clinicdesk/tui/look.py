"""How things look: tones, states, triage and alerts as data; the palette and glyphs a terminal can take.

Colour is never alone: each state, level and alert has a glyph and a word of its own, and in
monochrome the attributes alone still climb with urgency.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from rich.cells import get_character_cell_size
from rich.style import Style

from clinicdesk.kit.words import _


class Palette(StrEnum):
    """What colours the terminal has."""

    MONO = "mono"
    BASIC = "16"
    RICH = "256"


class Glyphs(StrEnum):
    """What characters the terminal has."""

    FULL = "utf-8"
    CONSOLE = "console"  # the kernel's own font has no `…`
    ASCII = "ascii"


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours 0–15 (or of the 256) and attributes of one tone; None is the terminal's own colour."""

    fore: int | None
    back: int | None
    bold: bool = False
    reverse: bool = False
    underline: bool = False

    def style(self) -> Style:
        """The same for Rich; what is not set is left out, so it costs no byte."""
        return Style(
            color=None if self.fore is None else f"color({self.fore})",
            bgcolor=None if self.back is None else f"color({self.back})",
            bold=self.bold or None,
            reverse=self.reverse or None,
            underline=self.underline or None,
        )


class Tone(Enum):
    """A meaning that has a look of its own (`INKS`)."""

    TEXT = auto()
    STRONG = auto()
    TITLE = auto()
    LINK = auto()
    HEADER = auto()
    FOCUS = auto()
    SELECTED = auto()
    SELECTED_CHANGED = auto()
    CHANGED = auto()
    CURSOR = auto()
    ERROR = auto()
    ALARM = auto()
    UNASKED = auto()
    CRITICAL = auto()
    SEALED = auto()
    LIVE = auto()
    SLOW = auto()
    OVERDUE = auto()
    REGISTERED = auto()
    CONFIRMED = auto()
    WAITING = auto()
    ATTENDED = auto()
    FINISHED = auto()
    CANCELLED = auto()
    ABSENT = auto()
    RED = auto()
    ORANGE = auto()
    YELLOW = auto()
    GREEN = auto()
    BLUE = auto()


_OWN: Final = (None, None)
INKS: Final[Mapping[Tone, tuple[Ink, Ink]]] = MappingProxyType(
    {
        Tone.TEXT: (Ink(7, 0), Ink(*_OWN)),
        Tone.STRONG: (Ink(15, 0, bold=True), Ink(*_OWN, bold=True)),
        Tone.TITLE: (Ink(7, 0, bold=True), Ink(*_OWN, bold=True)),
        Tone.LINK: (Ink(7, 0, underline=True), Ink(*_OWN, underline=True)),
        Tone.HEADER: (Ink(15, 4), Ink(*_OWN, reverse=True)),
        Tone.FOCUS: (Ink(0, 7), Ink(*_OWN, reverse=True)),
        Tone.SELECTED: (Ink(0, 7), Ink(*_OWN, reverse=True)),
        Tone.SELECTED_CHANGED: (Ink(0, 7, bold=True), Ink(*_OWN, bold=True, reverse=True)),
        Tone.CHANGED: (Ink(15, 0, bold=True), Ink(*_OWN, bold=True)),
        Tone.CURSOR: (Ink(0, 7), Ink(*_OWN, reverse=True)),
        Tone.ERROR: (Ink(9, 0), Ink(*_OWN, bold=True)),
        Tone.ALARM: (Ink(15, 1, bold=True), Ink(*_OWN, bold=True, reverse=True)),
        Tone.UNASKED: (Ink(0, 3), Ink(*_OWN, reverse=True)),
        Tone.CRITICAL: (Ink(15, 5, bold=True), Ink(*_OWN, bold=True, reverse=True)),
        Tone.SEALED: (Ink(0, 6), Ink(*_OWN, bold=True, underline=True)),
        Tone.LIVE: (Ink(10, 0), Ink(*_OWN)),
        Tone.SLOW: (Ink(11, 0), Ink(*_OWN, bold=True)),
        Tone.OVERDUE: (Ink(0, 7, bold=True), Ink(*_OWN, bold=True, reverse=True)),
        Tone.REGISTERED: (Ink(7, 0), Ink(*_OWN)),
        Tone.CONFIRMED: (Ink(14, 0), Ink(*_OWN)),
        Tone.WAITING: (Ink(11, 0), Ink(*_OWN, bold=True)),
        Tone.ATTENDED: (Ink(10, 0, bold=True), Ink(*_OWN, bold=True, underline=True)),
        Tone.FINISHED: (Ink(7, 0), Ink(*_OWN)),
        Tone.CANCELLED: (Ink(9, 0), Ink(*_OWN)),
        Tone.ABSENT: (Ink(13, 0), Ink(*_OWN)),
        Tone.RED: (Ink(15, 1, bold=True), Ink(*_OWN, bold=True, reverse=True)),
        Tone.ORANGE: (Ink(0, 3), Ink(*_OWN, reverse=True)),
        Tone.YELLOW: (Ink(11, 0, bold=True), Ink(*_OWN, bold=True)),
        Tone.GREEN: (Ink(10, 0), Ink(*_OWN)),
        Tone.BLUE: (Ink(14, 0), Ink(*_OWN)),
    }
)
"""Each tone in colour and in monochrome."""

# On 16 colours orange is the palette's brown, 4.0:1 on VGA; of the 256 its colour is known.
_RICH: Final[Mapping[Tone, Ink]] = MappingProxyType({Tone.ORANGE: Ink(0, 208)})


@dataclass(frozen=True, slots=True)
class Mark:
    """One state or level: glyph (1 or 2 columns), word, short word, tone."""

    glyph: str
    word: str
    short: str
    tone: Tone


TURN_STATES: Final[Mapping[str, Mark]] = MappingProxyType(
    {
        "registrado": Mark("°", _("registrado"), _("reg."), Tone.REGISTERED),
        "confirmado": Mark("+", _("confirmado"), _("conf."), Tone.CONFIRMED),
        "en_espera": Mark("≡", _("en espera"), _("esp."), Tone.WAITING),
        "en_curso": Mark("▶", _("en curso"), _("curso"), Tone.ATTENDED),
        "finalizado": Mark("•", _("finalizado"), _("fin."), Tone.FINISHED),
        "cancelado": Mark("×", _("cancelado"), _("canc."), Tone.CANCELLED),
        "ausente": Mark("?", _("ausente"), _("aus."), Tone.ABSENT),
    }
)

TRIAGE: Final[Mapping[int, Mark]] = MappingProxyType(
    {
        1: Mark("R1", _("ROJO"), "R1", Tone.RED),
        2: Mark("N2", _("NARANJA"), "N2", Tone.ORANGE),
        3: Mark("A3", _("AMARILLO"), "A3", Tone.YELLOW),
        4: Mark("V4", _("VERDE"), "V4", Tone.GREEN),
        5: Mark("Z5", _("AZUL"), "Z5", Tone.BLUE),
    }
)
TRIAGE_MINUTES: Final[Mapping[int, int]] = MappingProxyType({1: 0, 2: 10, 3: 60, 4: 120, 5: 240})
"""Longest wait of each level, in minutes."""

ALLERGY: Final = Mark("!", _("ALERGIA"), "!", Tone.ALARM)
SEVERE: Final = Mark("!!", _("ALERGIA"), "!!", Tone.ALARM)
CRITICAL_HIGH: Final = Mark("▲", _("CRÍTICO"), "▲", Tone.CRITICAL)
CRITICAL_LOW: Final = Mark("▼", _("CRÍTICO"), "▼", Tone.CRITICAL)
SEALED: Final = Mark("§", _("SELLADO"), "§", Tone.SEALED)
LINE_LIVE: Final = Mark("«»", _("en vivo"), "«»", Tone.LIVE)
LINE_SLOW: Final = Mark("«-»", _("demora"), "«-»", Tone.SLOW)
LINE_LOST: Final = Mark("«/»", _("SIN CONEXIÓN"), "«/»", Tone.ALARM)
SELECTION: Final = "»"
CHANGED: Final = "*"

_ASCII: Final[Mapping[str, str]] = MappingProxyType(
    dict(zip("°≡▶•×»«§▲▼·…─│┬┴┼├┤┌┐└┘█←→↑↓¿¡²≥≤µºª–—", "o=&.x><$^v-~-|+++++++++#<>^v?!2><uoa--", strict=True))
)
_COERCED: Final = frozenset(("C.UTF-8", "C.utf8", "UTF-8"))
"""What Python itself puts into LC_CTYPE where the locale is C (PEP 538): not the person's word."""
_ERASE_GROUND: Final = frozenset(
    ("xterm", "xterm-color", "xterm-16color", "xterm-256color", "linux", "rxvt", "rxvt-unicode-256color")
)
"""Terminals that terminfo says to fill what they erase with the background in force."""
_NON_ASCII: Final = re.compile(r"[^\x00-\x7f]")


@lru_cache(maxsize=4096)
def ascii_of(char: str) -> str:
    """The ASCII twin of a character, exactly as wide: letters lose their accent, the unknown is `?`."""
    if char in _ASCII:
        return _ASCII[char]
    base = unicodedata.normalize("NFD", char)[0]
    width = get_character_cell_size(char)
    return base if base.isascii() and width == 1 else "?" * width


@dataclass(frozen=True, slots=True)
class Look:
    """What this terminal can show, and the charset it types in."""

    palette: Palette = Palette.RICH
    glyphs: Glyphs = Glyphs.FULL
    typed_in: str = "utf-8"
    erases_ground: bool = False
    """Whether what is erased takes the background in force (terminfo's `bce`)."""

    def style(self, tone: Tone) -> Style:
        """The tone on this terminal."""
        return _style(tone, self.palette)

    def text(self, text: str) -> str:
        """The text in the characters this terminal has; never wider nor narrower."""
        if self.glyphs is Glyphs.FULL or text.isascii():
            return text
        if self.glyphs is Glyphs.CONSOLE:
            return text.replace("…", "~")
        return _NON_ASCII.sub(lambda found: ascii_of(found[0]), text)


@lru_cache(maxsize=256)
def _style(tone: Tone, palette: Palette) -> Style:
    colour, mono = INKS[tone]
    if palette is Palette.MONO:
        return mono.style()
    return (_RICH.get(tone, colour) if palette is Palette.RICH else colour).style()


def look_of(environ: Mapping[str, str]) -> Look:
    """The look for an environment: NO_COLOR and TERM decide the palette, the locale the glyphs.

    `TERM=linux` has 16 colours and the kernel's font; terminals without colour, and any with NO_COLOR
    set to something, are monochrome. A locale that is not UTF-8 (an empty one is taken to be) gets ASCII.
    """
    term = environ.get("TERM", "")
    charset = _charset(environ)
    glyphs = Glyphs.FULL if charset == "utf-8" else Glyphs.ASCII
    if term == "linux" and glyphs is Glyphs.FULL:
        glyphs = Glyphs.CONSOLE
    typed_in = charset if charset != "ascii" else "utf-8"
    return Look(_palette(term, environ), glyphs, typed_in, term in _ERASE_GROUND)


def _palette(term: str, environ: Mapping[str, str]) -> Palette:
    if environ.get("NO_COLOR") or term.startswith(("vt", "dumb", "unknown")) or not term:
        return Palette.MONO
    if "256" in term or environ.get("COLORTERM") in {"truecolor", "24bit"} or "kitty" in term:
        return Palette.RICH
    return Palette.BASIC


def _charset(environ: Mapping[str, str]) -> str:
    """`utf-8`, `ascii` or the Latin set the locale names, as a Python codec."""
    told = [environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if not told[0] and told[2] and told[1] in _COERCED:
        told[1] = ""
    locale = next(filter(None, told), "")
    name = locale.partition(".")[2].partition("@")[0].lower().replace("_", "-")
    if name in {"utf8", "utf-8"} or not locale:
        return "utf-8"
    if name.replace("-", "") in {"iso88591", "latin1"}:
        return "latin-1"
    if name.replace("-", "") in {"iso885915", "latin9"}:
        return "iso8859-15"
    return "ascii"
