"""The picker of codes beside a note: what is typed filters the catalogue, marked with what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from textual import events

from clinicdesk.clinic.cie10 import queries, service
from clinicdesk.clinic.cie10.queries import CodeRow, CodesQuery, Mine
from clinicdesk.clinic.records.queries import DiagnosisRow
from clinicdesk.kit.text import cells, cut, fit, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Cell, Field, LineList
from clinicdesk.tui.screens import ClinicScreen

PICK_ROW = 2
"""Screen rows of one code."""
_MOST = 30
_CODE = 6
_MOVES = frozenset({"up", "down", "pageup", "pagedown"})


@dataclass(frozen=True, slots=True)
class Offered:
    """A code that may be taken, and what is known of it in one word; `problem` where the patient has it."""

    row: CodeRow
    mark: str = ""
    problem: DiagnosisRow | None = None


class Codes:
    """The catalogue as one doctor looks at it for one patient. Nothing is offered without a line."""

    def __init__(
        self, screen: ClinicScreen, problems: Iterable[DiagnosisRow], sex: str, days: int | None
    ) -> None:
        """`sex` and `days` lived tell what cannot be this patient's."""
        self._screen, self._sex, self._days = screen, sex, days
        self._problems = {row.code: row for row in problems}
        self._mine: Mine | None = None

    async def find(self, text: str) -> tuple[Offered, ...]:
        """What the text asks for; an empty one gets what is at hand."""
        if self._screen.desk.offline:
            return ()
        if self._mine is None:
            self._mine = await self._screen.see(queries.mine, queries.MineQuery())
        mine = self._mine
        first = tuple(dict.fromkeys((*mine.codes, *self._problems)))
        query = CodesQuery(text, first, self._sex, self._days, _MOST)
        found = await self._screen.see(queries.search, query)
        return tuple(self._offered(row, mine) for row in found)

    async def keep(self, code: str) -> bool:
        """Make a code a favourite, or no longer; whether it is one now."""
        mine = self._mine
        kept = mine is None or code not in {row.code for row in mine.favourites}
        answer = await self._screen.do(service.keep_code, service.KeepCode(code=code, keep=kept))
        self._mine = None
        return answer.kept

    def _offered(self, row: CodeRow, mine: Mine) -> Offered:
        problem = self._problems.get(row.code)
        mark = ""
        if problem is not None:
            mark = _("ya")
        elif not row.fits(self._sex, None):
            mark = _("sexo")
        elif not row.fits("", self._days):
            mark = _("edad")
        elif row.code in {each.code for each in mine.favourites}:
            mark = _("fav")
        return Offered(row, mark, problem)


class CodeField(Field):
    """Where a code or its words are typed. The keys that move and mark are the list's while it is open."""

    def __init__(self, label: str, on_change: Callable[[str], None], on_key: Callable[[str], bool]) -> None:
        """`on_key` is asked first, with the key's name; it says whether it took it."""
        super().__init__(label, on_change=on_change, id="code")
        self._asked_first = on_key

    def press(self, key: events.Key) -> bool:
        """The list's keys, then the field's own."""
        return self._asked_first(key.key) or super().press(key)


class CodeList(LineList[Offered]):
    """The codes that fit, over two lines each."""

    def __init__(self, on_move: Callable[[Offered | None], None]) -> None:
        """`on_move` hears of each one pointed at."""
        super().__init__(lambda each: each.row.code, draw=_rows, tall=PICK_ROW, on_move=on_move, id="codes")

    @staticmethod
    def moves(key: str) -> bool:
        """Whether a key moves the mark."""
        return key in _MOVES


def _rows(each: Offered, width: int) -> list[Cell]:
    """`E11.9 Diabetes mellitus    ya`, and the rest of the text under it."""
    code = f"{each.row.code:<{_CODE - 1}} "
    room = width - cells(code) - (cells(each.mark) + 1 if each.mark else 0)
    head, rest = _broken(shown(each.row.text), room)
    return [f"{code}{fit(head, room)} {each.mark}".rstrip(), f"  {cut(rest, width - 2)}"]


def _broken(text: str, room: int) -> tuple[str, str]:
    """As many words as there is room for, and the others."""
    if cells(text) <= room:
        return text, ""
    taken = ""
    rest = text
    while rest:
        word, _blank, after = rest.partition(" ")
        longer = f"{taken} {word}".strip()
        if cells(longer) > room:
            break
        taken, rest = longer, after
    return (taken, rest) if taken else (cut(text, room), "")
