"""Commands: a screen declares its keys once; the key bar, the help page and the keys themselves follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from textual import events

from clinicdesk.kit.text import cells, fit
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.bits import Bit, spread, width_of

Act = Callable[[], object]
"""What a key does: a plain function, or one to be awaited."""

FORBIDDEN: Final = frozenset("[]\\@~|") | {"ctrl+s", "ctrl+q", "q", "j"}
"""Keys no command may have: flow control, AltGr characters of Spanish layouts, and letters kept free."""

_NAMES: Final[Mapping[str, str]] = {
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "space": _("Espacio"),
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "pageup": _("RePág"),
    "pagedown": _("AvPág"),
    "home": _("Inicio"),
    "end": _("Fin"),
}
MOVES: Final[tuple[tuple[str, str], ...]] = (
    ("↑ ↓", _("fila")),
    (_("Inicio Fin"), _("primera, última")),
    (_("RePág AvPág"), _("una página")),
    ("Tab F6", _("panel o campo")),
)


def key_name(key: str) -> str:
    """`f9` → `F9`, `escape` → `Esc`, `l` → `l`."""
    if key in _NAMES:
        return _NAMES[key]
    if key.startswith("ctrl+"):
        return f"Ctrl+{key.removeprefix('ctrl+').upper()}"
    return key.upper() if key[0] == "f" and key[1:].isdigit() else key


@dataclass(frozen=True, slots=True)
class Command:
    """One key of a screen.

    `key` is a character (`l`, `/`, `?`) or Textual's name (`enter`, `f9`, `ctrl+p`); `act` runs one at a
    time, and what is typed meanwhile waits for it. `why_not` gives the reason why it cannot work now.
    """

    key: str
    label: str
    act: Act
    help: str = ""
    why_not: Callable[[], str | None] | None = None
    bar: bool = True
    """Whether it stands in the key bar, as far as there is room; it always stands in the help."""
    pane: Part | None = None
    """Only in the bar while this part has the focus."""
    everywhere: bool = False
    """Listed in the help under the keys of all screens."""
    urgent: bool = False
    """Acts even while another command runs: lock, leave."""
    shown_as: str = ""

    def __post_init__(self) -> None:
        """A forbidden key is a mistake of the program."""
        if self.key in FORBIDDEN or (len(self.key) == 1 and self.key.isupper()):
            raise ValueError(f"key not allowed: {self.key!r}")

    @property
    def name(self) -> str:
        """The key as read on the screen."""
        return self.shown_as or key_name(self.key)

    @property
    def is_letter(self) -> bool:
        """Whether the key is text wherever a text field has the focus."""
        return len(self.key) == 1

    def reason(self) -> str | None:
        """Why it cannot work now."""
        return self.why_not() if self.why_not is not None else None


def by_key(commands: Iterable[Command]) -> dict[str, Command]:
    """Commands by their key; two on one key are a mistake of the program."""
    table: dict[str, Command] = {}
    for command in commands:
        if command.key in table:
            raise ValueError(f"two commands on {command.key!r}")
        table[command.key] = command
    return table


class KeyBar(Part):
    """Row 24: the keys that work now, in their order; those that do not fit are left to the help."""

    def __init__(self) -> None:
        """Empty until a screen sets it."""
        super().__init__(id="keys")
        self._commands: Sequence[Command] = ()
        self._last: Command | None = None

    def set(self, commands: Sequence[Command], last: Command | None = None) -> None:
        """These keys, and the one at the right end."""
        self._commands, self._last = commands, last
        self.repaint()

    def line(self, _y: int, width: int) -> list[Bit]:
        """Two blanks between keys where there is room, else one; what does not fit goes, from the end."""
        end = [*_label(self._last), Bit(" ")] if self._last is not None else []
        labels = [_label(command) for command in self._commands]
        room = width - width_of(end) - 2
        gap = "  " if _taken(labels, 2) <= room else " "
        while labels and _taken(labels, len(gap)) > room:
            labels.pop()
        bits = [Bit(" ")]
        for at, label in enumerate(labels):
            bits += [Bit(gap)] * (at > 0) + label
        return spread(bits, end, width)


def _label(command: Command) -> list[Bit]:
    words = f"{command.name} {command.label}"
    return [Bit(f"({words})" if command.reason() else words)]


def _taken(labels: Sequence[Sequence[Bit]], gap: int) -> int:
    return sum(width_of(label) for label in labels) + gap * max(0, len(labels) - 1)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One line of the help: a heading has no key."""

    key: str
    text: str


class HelpPage(Part):
    """Covers the rows between header and prompt with the keys of the screen, in two columns and pages."""

    DEFAULT_CSS = "HelpPage { layer: cover; dock: top; offset: 0 1; width: 100%; }"

    def __init__(self, title: str, commands: Sequence[Command]) -> None:
        """The help of one screen, as its commands stand now."""
        super().__init__(id="help")
        self._title = title
        self._page = 0
        self._search = ""
        self._searching = False
        self._entries = _entries(commands)

    @property
    def searching(self) -> bool:
        """Whether typed text narrows the help."""
        return self._searching

    def press(self, key: events.Key) -> bool:
        """Page, or narrow by typing after `/`."""
        if self._searching and key.key == "backspace":
            self._search = self._search[:-1]
        elif self._searching and key.character and key.character.isprintable():
            self._search += key.character
        elif key.key in {"pagedown", "down"}:
            self._page += 1
        elif key.key in {"pageup", "up"}:
            self._page -= 1
        elif key.character == "/":
            self._searching = True
        else:
            return False
        self._page = max(0, min(self._page, self._pages - 1))
        self.repaint()
        return True

    def line(self, y: int, width: int) -> list[Bit]:
        """Title, rule, then the page."""
        if y == 0:
            title = f" {_('Teclas de esta pantalla')}: {self._title}"
            if self._searching:
                title += f"   / {self._search}_"
            return spread(
                [Bit(title, Tone.TITLE)], f"{_('página')} {self._page + 1} {_('de')} {self._pages} ", width
            )
        if y == 1:
            return [Bit("─" * width)]
        half, rows = width // 2, self._rows
        start = self._page * rows * 2 + y - 2
        found = self._found
        left, right = (found[at] if at < len(found) else _Entry("", "") for at in (start, start + rows))
        return [*_help_bits(left, half), *_help_bits(right, width - half)]

    @property
    def _found(self) -> list[_Entry]:
        if not self._search:
            return self._entries
        wanted = self._search.casefold()
        return [each for each in self._entries if each.key and wanted in f"{each.key} {each.text}".casefold()]

    @property
    def _rows(self) -> int:
        return max(1, self.size.height - 2)

    @property
    def _pages(self) -> int:
        return max(1, -(-len(self._found) // (self._rows * 2)))


def _help_bits(entry: _Entry, width: int) -> list[Bit]:
    if not entry.key:
        return [Bit(fit(f" {entry.text}", width), Tone.TITLE)]
    return [Bit(fit(f"  {fit(entry.key, max(7, cells(entry.key)))} {entry.text}", width))]


def _entries(commands: Sequence[Command]) -> list[_Entry]:
    """Headings and keys: what works here, what does not and why, moving, and the keys of all screens."""
    here = [command for command in commands if not command.everywhere]
    works = [command for command in here if not command.reason()]
    not_now = [(command, why) for command in here if (why := command.reason())]
    entries = [_Entry("", _("Esta pantalla"))]
    entries += [_Entry(command.name, command.help or command.label.lower()) for command in works]
    if not_now:
        entries.append(_Entry("", _("No disponible ahora:")))
        entries += [
            _Entry(f"({command.name})", f"{command.help or command.label.lower()}: {why}")
            for command, why in not_now
        ]
    entries.append(_Entry("", _("Moverse")))
    entries += [_Entry(key, text) for key, text in MOVES]
    entries.append(_Entry("", _("En todas las pantallas")))
    entries += [
        _Entry(command.name, command.help or command.label.lower())
        for command in commands
        if command.everywhere
    ]
    return entries
