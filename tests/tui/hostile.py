"""Hostile text in every field a screen may show, and what a real terminal got of it.

Each text begins with a mark (`Zb0017`: the round, the number), so that it is found again on the screen,
wherever it went.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from string import ascii_lowercase
from typing import Final

from sqlalchemy import CheckConstraint, Connection, Engine, text

from clinicdesk.clinic.everything import metadata
from clinicdesk.kit.text import cells, clean, has_control, shown
from tests.data import DATA
from tests.tui.desk import Desk

ESC: Final = "\x1b"
ST: Final = ("\x07", "\x1b\\", "\x9c", "")


def payloads() -> list[str]:
    """What a terminal might obey, or be led astray by: at least 400, always the same, none twice."""
    made = itertools.chain(
        _controls(), _csi(), _strings(), _escapes(), _unseen(), _combining(), _markup(), _long()
    )
    return list(dict.fromkeys(made))


def naughty() -> list[str]:
    """The big list of naughty strings, where it lies beside the checkout."""
    file = DATA / "naughty-strings" / "blns.json"
    texts = json.loads(file.read_text("utf-8")) if file.exists() else []
    return [each for each in dict.fromkeys(map(clean, texts)) if each]


def _controls() -> Iterator[str]:
    for code in (*range(0x01, 0x20), *range(0x7F, 0xA0)):
        yield f"{chr(code)}Pérez"
        yield f"Pé{chr(code)}rez"


def _csi() -> Iterator[str]:
    for final in map(chr, range(0x40, 0x7F)):
        yield f"{ESC}[2{final}x"
        yield f"\x9b3{final}x"
    for body in (
        "?25l",
        "?1049l",
        "?1049h",
        "?2004l",
        "?1000h",
        "?1006h",
        "?7h",
        "?5h",
        "?3h",
        "!p",
        ">c",
        "=c",
    ):
        yield f"{ESC}[{body}x"
    for body in (
        "6n",
        "5n",
        "0c",
        "21t",
        "14t",
        "8;1;1t",
        "1;1r",
        "999999999999A",
        ";;;;H",
        "38;2;1;2;3m",
        "8m",
    ):
        yield f"{ESC}[{body}x"
    yield f"{ESC}[" + "1;" * 200 + "m"
    yield f"{ESC}[\x182Jx"


def _strings() -> Iterator[str]:
    for body in (
        "0;título", "1;icono", "2;ventana", "4;1;rgb:ff/00/00", "7;file:/etc", "8;;http://x.invalid",
        "9;aviso", "10;?", "11;?", "50;font", "52;c;aGFja2Vk", "52;c;?", "104", "133;A", "777;notify;a;b",
        "1337;File=inline=1:AAAA", "1337;SetMark",
    ):  # fmt: skip
        for end in ST:
            yield f"{ESC}]{body}{end}x"
    yield "\x9d52;c;aGFja2Vk\x9cx"
    for start, body in (("P", "+q544e"), ("P", "$qm"), ("P", "q#0;2;0;0;0"), ("P", "tmux;\x1bx"),
                        ("_", "Gf=1;AA"), ("^", "secreto"), ("X", "cadena"), ("k", "título")):  # fmt: skip
        for end in ST[1:]:
            yield f"{ESC}{start}{body}{end}x"
    yield from ("\x90q#1\x9cx", "\x9fG\x9cx", "\x9ep\x9cx", "\x98s\x9cx")


def _escapes() -> Iterator[str]:
    for rest in ("c", "7", "8", "D", "E", "H", "M", "N", "O", "Z", "=", ">", "(0", ")0", "(B", "%G", "%@",
                 "#8", "#3", "|", "}", "~", "n", "o", " F", " G", "l", "m", ESC, "[", "]", "P"):  # fmt: skip
        yield f"{ESC}{rest}x"


def _unseen() -> Iterator[str]:
    bidi = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
    empty = (0x00AD, 0x034F, 0x115F, 0x1160, 0x17B4, 0x180E, 0x200B, 0x200C, 0x200D, *range(0x2060, 0x2065))
    empty += (
        *range(0x206A, 0x2070),
        0x2800,
        0x3164,
        0xFEFF,
        0xFFA0,
        *range(0xFFF9, 0xFFFD),
        0xE0001,
        0xE0041,
    )
    other = (
        0x2028,
        0x2029,
        0xE000,
        0xF8FF,
        0xFDD0,
        0xFFFE,
        0xFFFF,
        0x10FFFF,
        0x1F1E6,
        0x1F3FB,
        0xFE0F,
        0xE0100,
    )
    spaces = (0xA0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)
    for code in (*bidi, *empty, *other, *spaces):
        yield f"A{chr(code)}na"
    yield from ("\u202etxt.exe\u202c", "\u2066\u2067\u2068a", "Ana\u200f שלום", "a\u200db\u200dc")


def _combining() -> Iterator[str]:
    for count in (1, 2, 3, 4, 10, 40, 90):
        yield "Z" + "\u0301" * count + "algo"
    for code in (
        0x0300,
        0x0338,
        0x0489,
        0x0591,
        0x0E31,
        0x094D,
        0x1AB0,
        0x20DD,
        0x20E3,
        0x302A,
        0xFE20,
        0x1D165,
    ):
        yield f"{chr(code)}sin base"
        yield f"n{chr(code) * 20}"
    yield from ("👩\u200d👩\u200d👧" * 12, "🇦🇷" * 20, "क्ष्म्य" * 15, "각" * 30, "❤\ufe0f👍🏽x")


def _markup() -> Iterator[str]:
    for body in ("/b", "@click=app.exit", "bold red", "link=http://x.invalid", "/", "on red", "$primary"):
        yield f"[{body}]x[/]"
    yield from (
        "A[/b]B",
        "[[",
        "]]",
        "[",
        "\\[b]",
        "[b",
        ":smile:",
        "{0}",
        "{self}",
        "{}",
        "%s %d %n",
        "%(x)s",
    )
    yield from ("$(reboot)", "`reboot`", "${x}", "<b>x</b>", "<script>", "&amp;", "';--", '"', "\\", "^[[2J")
    yield from (
        "\\x1b[2J",
        "{{7*7",
        "_()",
        "=1+1",
        "@SUM(A1)",
        "-2+3",
        "+cmd|'/c'!A0",
        "|pipe|",
        "a,b;c\td",
    )
    yield from ("~", "¬", "0x1b")


def _long() -> Iterator[str]:
    yield from (
        "x" * 110,
        "語" * 110,
        "Ｗ" * 60,
        "a " * 55,
        "ñ" * 110,
        "'" * 110,
        "日本語の名前",
        "שלום",
        "مرحبا",
    )
    yield from (("e" + "\u0308\u0323" * 5) * 10, "uno\ndos\ntres", "uno\r\ndos", "\n\n\n", "\t\tx")


TYPED: Final = (
    b"\xff\xfe\xfd",
    b"\xc0\x80\xc1\xbf",
    b"\xed\xa0\x80\xed\xbf\xbf",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"\x80\x9b2J",
    b"\x00nulo\x00",
)
"""Bytes that are no text, and NUL: no database holds them, so they can only be typed or pasted."""

# What the terminal got

_START: Final = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?7l"
_OURS: Final = re.compile(
    "\x1b\\[\\d+(?:;\\d+)?H|\x1b\\[\\d+C|\x1b\\[K|\x1b\\[[0-9;]*m|\x1b\\]2;([^\x00-\x1f\x7f-\x9f]*)\x07|\x07"
)
_FLOOD: Final = re.compile("[\u0300-\u036f]{4}")
"""More accents than one letter may carry."""


def strangers(desk: Desk) -> list[str]:
    """What came out and is neither a sequence of the driver's own nor a printable character."""
    sent = desk.output.decode("utf-8", "backslashreplace")
    assert sent.startswith(_START), sent[:80]
    rest = _OURS.sub(lambda found: found[1] or "", sent.removeprefix(_START))
    odd = [at for at, char in enumerate(rest) if has_control(f"a{char}")]
    odd += [found.start() for found in _FLOOD.finditer(rest)]
    return [rest[max(0, at - 15) : at + 15] for at in odd]


# Where the texts go

_USUAL: Final = 280
_LENGTH: Final = re.compile(r"length\((\w+)\) (?:<=|BETWEEN (\d+) AND) (\d+)")
_SEVERAL: Final = {("note_drafts", "text"): 24, ("notes", "text"): 12}
"""Texts of many lines: a payload on each."""
_MARKED: Final = 6
_EACH_ONCE: Final = frozenset(("rooms", "specialties", "procedures", "floors", "clinics"))
"""Few rows, some of whose columns take a text once."""
_LEAST: Final = 2
_ENOUGH: Final = 10
_CUT: Final = frozenset(("", "…", " ", ".", ",", "│"))
FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "patients": ("family", "given", "phone", "email", "address", "city"),
    "patient_edits": ("after",),
    "coverages": ("payer",),
    "turns": ("reason",),
    "people": ("family", "given"),
    "clinics": ("name",),
    "floors": ("name",),
    "rooms": ("code",),
    "specialties": ("name",),
    "procedures": ("name",),
    "records": ("title",),
    "diagnoses": ("text", "code"),
    "notes": ("text", "author_name", "author_license"),
    "note_drafts": ("text",),
    "vitals": ("name", "unit"),
    "allergies": ("substance",),
    "prescription_items": ("text",),
    "results": ("title",),
    "observations": ("name", "value_text", "unit"),
    "chart_alerts": ("reason", "comment"),
    "acts": ("host",),
}
"""Every text that somebody typed or that came from elsewhere, by table."""


@cache
def lengths(table: str, name: str) -> tuple[int, int]:
    """How short and how long a column's constraints let a payload be."""
    checks = [each for each in metadata.tables[table].constraints if isinstance(each, CheckConstraint)]
    found = [match for each in checks for match in _LENGTH.finditer(str(each.sqltext)) if match[1] == name]
    return max((int(each[2] or 0) for each in found), default=0), min(
        [_USUAL, *(int(each[3]) for each in found)]
    )


MARK: Final = re.compile(r"Z([a-z])(\d{4})")
_numbers: Final = itertools.count()
Slot = tuple[str, int, str, int]
"""Table, row in the order of its key, column, line."""


@dataclass
class Wardrobe:
    """Dresses the rows of the database in payloads: those not seen yet go where something was seen."""

    owner: Engine
    texts: Sequence[str]
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: FIELDS)
    seen: set[str] = field(default_factory=set)
    _visible: set[Slot] = field(default_factory=set)
    _wearing: dict[str, dict[Slot, str]] = field(default_factory=dict)
    _letters: deque[str] = field(default_factory=lambda: deque(ascii_lowercase))
    _chance: Random = field(default_factory=lambda: Random(0))

    def __post_init__(self) -> None:
        """Each text under a number that no walk before this one used: what they left behind is not ours."""
        self.worn = {f"{next(_numbers) % 10_000:04}": text for text in self.texts}

    def dress(self) -> None:
        """Another payload in every field, under another letter."""
        self._letters.rotate(-1)
        missing = list(self.missing)
        self._chance.shuffle(missing)
        unseen = iter(missing)
        self._wearing[self._letters[0]] = {}
        with self.owner.begin() as owner:
            for table in self.fields:
                self._dress(owner, table, unseen)

    def _dress(self, owner: Connection, table: str, unseen: Iterator[str]) -> None:
        key = ", ".join(column.name for column in metadata.tables[table].primary_key)
        rows = [row.ctid for row in owner.execute(text(f"SELECT ctid::text FROM {table} ORDER BY {key}"))]
        values: dict[str, list[str]] = {name: [] for name in self.fields[table]}
        for at, name in itertools.product(range(len(rows)), values):
            lines = [
                self._worn((table, at, name, line), values[name], unseen)
                for line in range(_SEVERAL.get((table, name), 1))
            ]
            values[name].append("\n".join(lines))
        names = ", ".join(f"{name} = v.{name}" for name in values)
        arrays = ", ".join(f"CAST(:{name} AS text[])" for name in values)
        change = (
            f"UPDATE {table} t SET {names} FROM unnest(CAST(:ctids AS text[]), {arrays})"
            f" AS v(ctid, {', '.join(values)}) WHERE t.ctid = v.ctid::tid"
        )
        if table == "rooms":  # a code may not even for a moment be another room's
            owner.execute(text("UPDATE rooms SET code = 't' || id"))
            rows = [row.ctid for row in owner.execute(text("SELECT ctid::text FROM rooms ORDER BY id"))]
        owner.execute(text(change), {"ctids": rows, **values})

    def _worn(self, slot: Slot, taken: Sequence[str], unseen: Iterator[str]) -> str:
        """What one place puts on: something not seen yet where it would be."""
        table, _at, name, _line = slot
        mark = (next(unseen, None) if slot in self._visible else None) or self._any()
        if table in _EACH_ONCE:
            while any(each.startswith(self._marked(mark)[:_MARKED]) for each in taken):
                mark = self._any()
        self._wearing[self._letters[0]][slot] = mark
        least, most = lengths(table, name)
        return self._marked(mark)[:most].ljust(least, "-")

    def _marked(self, number: str) -> str:
        return f"Z{self._letters[0]}{number}{self.worn[number]}"

    def _any(self) -> str:
        return self._chance.choice(list(self.worn))

    def is_on(self, screen: str) -> bool:
        """Whether the screen shows something of this round."""
        marks = MARK.finditer(screen)
        return any(match[1] == self._letters[0] and match[2] in self.worn for match in marks)

    def look(self, screen: str) -> None:
        """Remember what is on the screen; AssertionError where a mark is not followed by its payload."""
        now = seen_on(screen, self.worn)
        self.seen |= {number for _letter, number in now}
        for letter, number in now:
            self._visible |= {slot for slot, each in self._wearing[letter].items() if each == number}

    @property
    def missing(self) -> dict[str, str]:
        """What was not on any screen yet."""
        return {mark: text for mark, text in self.worn.items() if mark not in self.seen}


def seen_on(screen: str, worn: Mapping[str, str]) -> set[tuple[str, str]]:
    """The marks on a screen that are followed by some of their payload, as far as there was room.

    AssertionError where something else follows.
    """
    found: set[tuple[str, str]] = set()
    for match in MARK.finditer(screen):
        if match[2] not in worn:
            continue  # another walk's, in a text that this one does not dress: it was looked at there
        wanted, got = _bare(_word(worn[match[2]])), _bare(screen[match.end() :].partition("\n")[0])
        same = _alike(wanted, got)
        assert same is not None, (match[0], worn[match[2]], wanted, got, screen)
        found |= {(match[1], match[2])} if same >= min(_LEAST, len(wanted)) else set()
    return found


def _word(payload: str) -> str:
    """What must be seen of a payload: all up to a blank or a line's end."""
    return re.split(r"[\s\x1c-\x1f\x85]", payload, maxsplit=1)[0]


def _bare(line: str) -> str:
    """Disarmed, and without combining marks: terminals, and pyte, lay them differently."""
    return "".join(char for char in shown(f"a{line}")[1:] if unicodedata.category(char) not in {"Mn", "Me"})


def _alike(wanted: str, got: str) -> int | None:
    """How many characters were found before the room, or ten cells, ended; None where they differ."""
    for at, char in enumerate(wanted):
        if cells(wanted[:at]) >= _ENOUGH or (got[at : at + 1] != char and got[at : at + 1] in _CUT):
            return at
        if got[at] != char:
            return None
    return len(wanted)


# Driving


def walk(desk: Desk, wardrobe: Wardrobe, steps: Sequence[str], *, rounds: int, bare: bool = False) -> None:
    """Dress, then press each step and look, again and again until all was seen, `rounds` times at most.

    The first step reads anew. `-` before a step: not looked at, another screen is in front after it; what
    follows `→` is waited for.
    """
    for _round in range(rounds):
        wardrobe.dress()
        for at, step in enumerate(steps):
            keys, _told, wanted = step.removeprefix("-").partition(" → ")
            desk.press(keys)
            desk.wait_for(wanted)
            if at == 0 and not bare:
                desk.wait_for(lambda: wardrobe.is_on(desk.text))
            desk.settle(0.1)
            assert desk.alive, desk.text
            if not step.startswith("-"):
                _look(desk, wardrobe)
        if not wardrobe.missing:
            return


def _look(desk: Desk, wardrobe: Wardrobe) -> None:
    """At the screen, again after a while if half a frame was on it."""
    try:
        wardrobe.look(desk.text)
    except AssertionError:
        desk.settle(1)
        wardrobe.look(desk.text)
