"""Regular expressions that take linear time, whatever the pattern and the text.

All ways through the pattern are walked at once (Thompson's construction), so nothing is tried twice. What
cannot be matched so, look-around and back references, is refused. The dialect is what JSON Schema recommends
(ECMA-262): classes, groups, `|`, `* + ? {m,n}`, `^ $`, `\\d \\w \\s` and their opposites.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

_MOST_LETTERS: Final = 1_000
_MOST_STATES: Final = 2_000
_MOST_TIMES: Final = 1_000
_MOST_GROUPS: Final = 50
_KINDS: Final[dict[str, Callable[[str], bool]]] = {
    "d": lambda char: char in "0123456789",
    "w": lambda char: char.isalnum() or char == "_",
    "s": str.isspace,
}
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_HEX_DIGITS: Final = {"x": 2, "u": 4}
_LINE_ENDS: Final = frozenset("\n\r\u2028\u2029")
_SPECIAL: Final = frozenset("*+?{}()[]|\\^$.")

Test = Callable[[str], bool]


class BadPattern(ValueError):  # noqa: N818 - an answer about what was given
    """A pattern that is none, or that linear time cannot match; says what and at which character."""


@dataclass(slots=True)
class _State:
    """A step: by a letter that passes `test` to the next, or without one to any of `to`."""

    test: Test | None = None
    to: list[int] = field(default_factory=list)
    at: str = ""
    """`^` or `$`: passable there alone."""


@dataclass(frozen=True, slots=True)
class _Part:
    """What a piece of the pattern became: where it begins, and states whose `to` waits for what follows."""

    start: int
    ends: tuple[int, ...]


class Pattern:
    """A compiled pattern; `found_in` asks whether it occurs anywhere."""

    def __init__(self, text: str) -> None:
        self._states: list[_State] = []
        part = _Reader(text, self._states).whole()
        self._last = len(self._states)
        self._states.append(_State())
        for end in part.ends:
            self._states[end].to.append(self._last)
        self._start = part.start

    @property
    def size(self) -> int:
        """States: each letter of a text costs at most so many steps."""
        return len(self._states)

    def found_in(self, text: str) -> bool:
        """Whether the pattern matches somewhere in the text."""
        now: set[int] = set()
        for place in range(len(text) + 1):
            edges = ("^" if place == 0 else "") + ("$" if place == len(text) else "")
            now = self._free({*now, self._start}, edges)
            if self._last in now:
                return True
            if place < len(text):
                now = self._step(now, text[place])
        return False

    def _free(self, some: set[int], edges: str) -> set[int]:
        """All states that are reached without a letter."""
        reached, open_ones = set(some), list(some)
        while open_ones:
            state = self._states[open_ones.pop()]
            if state.test is not None or (state.at and state.at not in edges):
                continue
            fresh = [each for each in state.to if each not in reached]
            reached.update(fresh)
            open_ones += fresh
        return reached

    def _step(self, some: set[int], char: str) -> set[int]:
        reached: set[int] = set()
        for number in some:
            state = self._states[number]
            if state.test is not None and state.test(char):
                reached.update(state.to)
        return reached


@lru_cache(maxsize=256)
def compiled(text: str) -> Pattern:
    """The pattern of a text. Raises BadPattern."""
    return Pattern(text)


class _Reader:
    """Reads a pattern once, from left to right, and writes its states."""

    def __init__(self, text: str, states: list[_State]) -> None:
        if len(text) > _MOST_LETTERS:
            raise BadPattern(f"pasa de {_MOST_LETTERS} letras")
        self._text, self._states = text, states
        self._at = self._depth = 0

    def whole(self) -> _Part:
        """All of it."""
        part = self._branches()
        if self._at < len(self._text):
            raise self._bad("un paréntesis de más")
        return part

    def _bad(self, why: str) -> BadPattern:
        return BadPattern(f"{why}, en la letra {self._at + 1}")

    def _next(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, text: str) -> bool:
        taken = self._text.startswith(text, self._at)
        self._at += len(text) * taken
        return taken

    def _add(self, test: Test | None = None, to: list[int] | None = None, at: str = "") -> int:
        if len(self._states) >= _MOST_STATES:
            raise self._bad("demasiadas repeticiones")
        self._states.append(_State(test, to or [], at))
        return len(self._states) - 1

    def _branches(self) -> _Part:
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        return _Part(
            self._add(to=[each.start for each in parts]), tuple(e for each in parts for e in each.ends)
        )

    def _sequence(self) -> _Part:
        start = self._add()
        ends: tuple[int, ...] = (start,)
        while self._next() not in {"", "|", ")"}:
            part = self._repeated()
            self._join(ends, part.start)
            ends = part.ends
        return _Part(start, ends)

    def _join(self, ends: tuple[int, ...], start: int) -> None:
        for end in ends:
            self._states[end].to.append(start)

    def _repeated(self) -> _Part:
        """One piece as often as it says; pieces that repeat are read again for each time."""
        began = self._at
        part = self._piece()
        after = self._at
        least, most = self._times()
        if (least, most) == (1, 1):
            return part
        if most == 0:
            nothing = self._add()
            return _Part(nothing, (nothing,))
        ended = self._at
        parts = [part]
        for _more in range(max(least, most or least, 1) - 1):
            self._at = began
            parts.append(self._piece())
        if self._at not in {after, ended}:
            raise self._bad("nada que repetir")
        self._at = ended
        return self._chain(parts, least, endless=most is None)

    def _chain(self, parts: list[_Part], least: int, *, endless: bool) -> _Part:
        """Parts in a row; beyond `least` they may be left out, and where `endless` the last comes again."""
        start = self._add()
        ends: tuple[int, ...] = (start,)
        early: list[int] = []
        for number, part in enumerate(parts):
            if number >= least:
                fork = self._add()
                self._join(ends, fork)
                ends = (fork,)
                early.append(fork)
            self._join(ends, part.start)
            ends = part.ends
        if endless:
            again = self._add(to=[parts[-1].start])
            self._join(ends, again)
            ends = (again,)
        return _Part(start, (*ends, *early))

    def _times(self) -> tuple[int, int | None]:
        """(least, most) of what follows a piece; a lazy or greedy one finds the same."""
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                self._take("?")
                return times
        if not self._take("{"):
            return 1, 1
        inside, _close, _rest = self._text[self._at :].partition("}")
        low, comma, high = inside.partition(",")
        if not (_close and low.isdecimal() and (high.isdecimal() or not high)):
            raise self._bad("falta cuántas veces")
        self._at += len(inside) + 1
        self._take("?")
        least, most = int(low), int(high) if high else (None if comma else int(low))
        if max(least, most or 0) > _MOST_TIMES or (most is not None and most < least):
            raise self._bad("un número de veces imposible")
        return least, most

    def _piece(self) -> _Part:
        char = self._next()
        if char in {"*", "+", "?", "{", ""}:
            raise self._bad("nada que repetir")
        if self._take("("):
            return self._group()
        if char in {"^", "$"}:
            self._at += 1
            made = self._add(at=char)
        else:
            made = self._add(self._letter())
        return _Part(made, (made,))

    def _group(self) -> _Part:
        if self._take("?") and not self._take(":"):
            raise self._bad("un grupo que mira alrededor o lleva nombre")
        self._depth += 1
        if self._depth > _MOST_GROUPS:
            raise self._bad("demasiados grupos uno en otro")
        part = self._branches()
        self._depth -= 1
        if not self._take(")"):
            raise self._bad("un grupo sin cerrar")
        return part

    def _letter(self) -> Test:
        char = self._next()
        self._at += 1
        if char == "[":
            return self._class()
        if char == ".":
            return lambda each: each not in _LINE_ENDS
        if char == "\\":
            found = self._escape()
            return found if callable(found) else found.__eq__
        return char.__eq__

    def _escape(self) -> Test | str:
        """What stands behind a backslash: a kind of letter, or one letter."""
        char = self._next()
        self._at += 1
        if char.lower() in _KINDS:
            test = _KINDS[char.lower()]
            return test if char.islower() else (lambda each: not test(each))
        if char in _HEX_DIGITS:
            digits = self._text[self._at : self._at + _HEX_DIGITS[char]]
            self._at += len(digits)
            try:
                return chr(int(digits, 16))
            except ValueError:
                raise self._bad("falta un número hexadecimal") from None
        if char in _ESCAPED:
            return _ESCAPED[char]
        if not char or char.isalnum():
            raise self._bad(
                "una referencia hacia atrás o un borde de palabra" if char else "nada después de la barra"
            )
        return char

    def _class(self) -> Test:
        opposite = self._take("^")
        tests: list[Test] = []
        while not self._take("]"):
            if not self._next():
                raise self._bad("una clase sin cerrar")
            tests.append(self._class_item())
        return lambda char: any(test(char) for test in tests) != opposite

    def _class_item(self) -> Test:
        low = self._class_letter()
        if callable(low):
            return low
        if self._next() != "-" or self._text[self._at + 1 : self._at + 2] in {"]", ""}:
            return low.__eq__
        self._at += 1
        high = self._class_letter()
        if callable(high) or high < low:
            raise self._bad("un rango al revés")
        return lambda char: low <= char <= high

    def _class_letter(self) -> Test | str:
        if self._take("\\"):
            return "\b" if self._take("b") else self._escape()
        self._at += 1
        return self._text[self._at - 1]
