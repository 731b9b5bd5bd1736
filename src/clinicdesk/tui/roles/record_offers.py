"""What can be taken into the line of a search: criteria, and for each its types, doctors, codes, days."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from clinicdesk.clinic.cie10 import queries as cie10
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.records import searching, types
from clinicdesk.clinic.records.asking import CRITERIA, Known, Piece, bears, kinds_of, quoted
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.kit.text import fit
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Cell
from clinicdesk.tui.screens import ClinicScreen

_MOST: Final = 30
_HEAD: Final = 24
_DAYS: Final = (
    (0, _("hoy")),
    (1, _("ayer")),
    (7, _("hace una semana")),
    (30, _("hace 30 días")),
    (90, _("hace tres meses")),
    (365, _("hace un año")),
)
_LEAST_LETTERS: Final = 3
_BARE_CODE: Final = re.compile(r"[a-z]\d{3,4}", re.ASCII)
"""Codes as they are typed in the search of one history: the words of an entry have them with their point."""
_CODE: Final = re.compile(r"[a-z]\d{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    """A row of the list: what it begins with, what it is, and what it puts into the line.

    With `begins` the line goes on right behind it; without a `text` it is there to be read.
    """

    head: str
    said: str
    text: str = ""
    begins: bool = False


def offer_lines(offer: Offer, _width: int) -> list[Cell]:
    """`dx:I10      diagnóstico…`; what needs no explaining has the whole row."""
    return [f"{fit(offer.head, _HEAD)}  {offer.said}" if offer.said else offer.head]


def criteria() -> tuple[Offer, ...]:
    """All that can be asked by."""
    rows = (
        Offer(each.example.partition("  ")[0], each.says, f"{each.name}:", begins=True) for each in CRITERIA
    )
    return (
        Offer(_("tos seca"), _("palabras: lo que dice el registro")),
        *rows,
        Offer("peso>90", _("un dato del registro: = > < >= <=")),
    )


class Offers:
    """The names of the network as the person who searches sees them; each list is read once a screen."""

    def __init__(self, screen: ClinicScreen) -> None:
        self._screen = screen
        self._known: Known | None = None
        self._codes_at_hand: tuple[str, ...] | None = None
        self._asked: dict[str, Piece] = {}

    async def known(self) -> Known:
        """Centres and types of entries. Raises Refusal."""
        if self._known is None:
            clinics = await self._screen.see(sites.list_clinics, sites.SitesQuery())
            kinds = await self._screen.see(types.list_types, types.TypesQuery())
            self._known = Known(
                tuple((row.id, row.code, row.name) for row in clinics),
                tuple((row.code, row.name) for row in kinds),
            )
        return self._known

    def key_of(self, piece: Piece) -> str:
        """What is wanted for a part of the line, as one text; empty where nothing is offered."""
        if piece.name not in {"dx", "tipo", "dr", "centro", "desde", "hasta"}:
            return ""
        key = f"{piece.name}:{piece.value}"
        self._asked[key] = piece
        return key

    async def find(self, key: str) -> tuple[Offer, ...]:
        """The offers for such a text; none without a line."""
        piece = self._asked.get(key)
        if piece is None or self._screen.desk.offline:
            return ()
        if piece.name == "dx":
            return await self._codes(piece.value)
        if piece.name == "dr":
            return await self._doctors(piece.value)
        if piece.name in {"desde", "hasta"}:
            return tuple(_days(piece.name, piece.value, self._screen.today().date()))
        known = await self.known()
        return tuple(_kinds(piece.value, known) if piece.name == "tipo" else _clinics(piece.value, known))

    async def _codes(self, said: str) -> tuple[Offer, ...]:
        found = await self._screen.see(
            cie10.search, cie10.CodesQuery(said, await self._at_hand(), limit=_MOST)
        )
        words = [Offer(f"«{said}»", _("cualquiera que lo diga"), f"dx:{quoted(said)}")] if said else []
        codes = [Offer(row.code, row.text, f"dx:{row.code}") for row in found]
        stated = not searching.diagnosis_asked(said)[0]
        return (*words, *codes) if stated else (*codes, *words)

    async def _at_hand(self) -> tuple[str, ...]:
        """The codes that a doctor uses."""
        if self._codes_at_hand is None:
            self._codes_at_hand = ()
            if self._screen.actor.may(Permission.NOTE_WRITE):
                self._codes_at_hand = (await self._screen.see(cie10.mine, cie10.MineQuery())).codes
        return self._codes_at_hand

    async def _doctors(self, said: str) -> tuple[Offer, ...]:
        if folded(said):
            found = await self._screen.see(searching.find_doctors, searching.DoctorsQuery(said))
            names = list(found.values())[:_MOST]
        else:
            here = sites.SitesQuery(self._screen.actor.at.clinic_id)
            rows = await self._screen.see(sites.list_doctors, here)
            names = [f"{row.family}, {row.given}" for row in rows]
        return tuple(Offer(name, "", f"dr:{quoted(name.replace(',', ' '))}") for name in names)

    async def read_as(self, word: str, *, whole: bool) -> str:
        """The criterion a word alone may mean: a code, a type, a centre, a doctor; "" where it means none.

        With `whole` it must be a code without its point or one of a name's words, else it may begin one.
        Raises Refusal.
        """
        said = folded(word)
        if _BARE_CODE.fullmatch(said) or (not whole and _CODE.fullmatch(said)):
            return f"dx:{word}"
        if len(said) < _LEAST_LETTERS or " " in said:
            return ""
        known = await self.known()
        if any(said in {folded(code), folded(name)} for code, name in known.kinds):
            kinds = kinds_of(word, known.kinds)
            return f"tipo:{kinds[0]}"
        places = [code for _id, code, name in known.clinics if _is_of(f"{code} {name}", said, whole=whole)]
        if len(places) == 1:
            return f"centro:{places[0]}"
        found = await self._screen.see(searching.find_doctors, searching.DoctorsQuery(word))
        named = any(_is_of(name, said, whole=whole) for name in found.values())
        return f"dr:{word}" if named else ""


def _is_of(name: str, said: str, *, whole: bool) -> bool:
    return said in folded(name).split() if whole else bears(name, said)


def _kinds(said: str, known: Known) -> Iterable[Offer]:
    for code, name in known.kinds:
        if bears(f"{code} {name}", said):
            yield Offer(name, code if folded(code) != folded(name) else "", f"tipo:{code}")


def _clinics(said: str, known: Known) -> Iterable[Offer]:
    for _id, code, name in known.clinics:
        if bears(f"{code} {name}", said):
            yield Offer(name, code, f"centro:{code}")


def _days(name: str, said: str, today: date) -> Iterable[Offer]:
    for back, words in _DAYS:
        day = f"{today - timedelta(days=back):%d/%m/%Y}"
        if day.startswith(said) or bears(words, said):
            yield Offer(day, words, f"{name}:{day}")
