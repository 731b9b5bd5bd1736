"""Entries of all charts one may know of, looked for in one line; Enter opens the chart at one of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from textual.widget import Widget

from clinicdesk.clinic.changes import Change
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.records import asking, searching
from clinicdesk.clinic.records.searching import HeaderRow, RecordsQuery
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.names import full_name, sex_age, short_name
from clinicdesk.kit.text import cells, cut, fit, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.finder import Finder
from clinicdesk.tui.parts import Bit, Cell, Command, LineList, Rule
from clinicdesk.tui.parts.bits import spread
from clinicdesk.tui.roles import chart_text
from clinicdesk.tui.roles.chart_screen import show_chart
from clinicdesk.tui.roles.counter_parts import PatientBox
from clinicdesk.tui.roles.record_offers import Offer, Offers, criteria, offer_lines
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_lists import document, person_cell

if TYPE_CHECKING:
    from datetime import datetime

_NEAR_THE_END: Final = 12
_INDENT: Final = 9
_NAME: Final = 30
_KIND: Final = 11
_SAID: Final = 48
_MOST_PAGES: Final = 20


class _Side(Enum):
    """What stands below the line."""

    CRITERIA = "criteria"
    OFFERS = "offers"
    RESULTS = "results"


@dataclass(frozen=True, slots=True)
class Held:
    """What was searched and found so far."""

    typed: str
    query: RecordsQuery
    rows: tuple[HeaderRow, ...]
    more: bool


class RecordSearch(ClinicScreen):
    """A line, and below it what can be taken into it or what was found by it. Enter alone searches."""

    NAME = _("Buscar en historias")

    def __init__(self, typed: str = "") -> None:
        """Nothing searched yet."""
        super().__init__()
        self._begin = typed
        self._held: Held | None = None
        self._reading_on = False
        self._side = _Side.CRITERIA
        self.box = PatientBox(_("Historias"), on_change=lambda _text: self._typed(), id="line")
        self.search = self.box
        self.offers = Offers(self)
        self.finder: Finder[tuple[Offer, ...]] = Finder(self.offers.find, self._show_offers)
        self.offered = LineList[Offer](
            lambda offer: (offer.head, offer.text),
            draw=offer_lines,
            on_move=lambda _offer: self.announce(),
            pointing=False,
            id="offered",
        )
        self.results = LineList[HeaderRow](
            lambda row: (row.patient_id, row.id),
            draw=self._draw,
            tall=2,
            on_move=self._moved,
            id="results",
        )

    # The frame

    def body(self) -> Iterable[Widget]:
        """Rows 2 to 22."""
        yield from (self.box, Rule(), self.offered, self.results, Rule())

    def commands(self) -> Iterable[Command]:
        """Search, take, open; leave."""
        yield Command("enter", _("Aceptar"), self.enter, _("buscar, agregar o abrir"), self.no_line)
        yield Command("down", _("Mover"), self._into_list, _("ir a la lista"), shown_as="↓↑")
        yield Command("a", _("Agregar"), self.add, _("agregar un criterio"))
        yield Command("/", _("Buscar"), self._to_box, _("volver a lo escrito"))
        yield Command("escape", _("Volver"), self.leave, _("un paso atrás"))

    def started(self) -> None:
        """Type at once; what was looked for in one history, or here before, stands there to be sent."""
        self._show_side(_Side.CRITERIA)
        self.focus_on(self.box)
        self.announce()
        if self._begin:
            self.desk.run_command(self._fill)
        elif last := self.desk.recent.searched:
            self.box.entry.set(last)
            self.box.spent = True

    async def _fill(self) -> None:
        """The words of another search: what is no word of an entry becomes a criterion."""
        said = [await self._read(word) for word in self._begin.split()]
        if not self.box.value:
            self.box.value = " ".join(said)

    async def _read(self, word: str) -> str:
        return word if ":" in word else await self.offers.read_as(word, whole=True) or word

    @property
    def zone(self) -> str:
        """The clinic's time zone."""
        return self.actor.at.zone

    def _draw(self, row: HeaderRow, width: int) -> list[Cell]:
        return header_lines(row, width, self.zone, self.today(), self.actor.at.clinic_name)

    # Typing

    def _typed(self) -> None:
        """What can be taken where the cursor stands, else what was found before."""
        piece = asking.piece_at(self.box.entry.text, self.box.entry.at)
        if key := self.offers.key_of(piece):
            self.finder.want(key)
            if (known := self.finder.shown(key)) is not None:
                self._show_offers(key, known)
        else:
            self.finder.forget()
            none = self._held is None or not self.box.value
            self._show_side(_Side.CRITERIA if none else _Side.RESULTS)
        self._title_results()
        self.announce()

    def _show_offers(self, key: str, offers: tuple[Offer, ...]) -> None:
        if self.is_mounted:
            name = key.partition(":")[0]
            self.offered.show(offers)
            self.offered.title(next(each.says.capitalize() for each in asking.CRITERIA if each.name == name))
            self.offered.empty(_("Ninguno empieza así."))
            self._show_side(_Side.OFFERS)
            self.announce()

    def _show_side(self, side: _Side) -> None:
        self._side = side
        if side is _Side.CRITERIA:
            self.offered.show(criteria())
            self.offered.title(_("Por qué se puede buscar"))
        self.results.display = side is _Side.RESULTS
        self.offered.display = not self.results.display

    @property
    def _list(self) -> LineList[Offer] | LineList[HeaderRow]:
        return self.results if self._side is _Side.RESULTS else self.offered

    # Enter

    async def enter(self) -> None:
        """What row 23 says."""
        if self.focused is self.results:
            await self.open()
        elif self.focused is self.offered:
            self._take()
        else:
            await self.look()

    def _take(self) -> None:
        """The row pointed at goes into the line."""
        offer = self.offered.current
        text, at = self.box.entry.text, self.box.entry.at
        self.focus_on(self.box)
        if offer is not None and offer.text:
            end = asking.Piece(len(text), len(text))
            piece = end if self._side is _Side.CRITERIA else asking.piece_at(text, at)
            line, behind = asking.replaced(text, piece, offer.text)
            blank = "" if offer.begins or behind < len(line) else " "
            self.box.entry.set("")
            self.box.insert(line + blank)
            self.box.entry.at = behind + len(blank)
        self._typed()

    async def look(self) -> None:
        """Search: written down once for each line; what is not understood is told, and stays as typed."""
        text = self.box.value
        self.finder.forget()
        asked = asking.understood(text, self.today().date())
        if asked.problems:
            self._not_understood(asked.problems[0])
            return
        if asked.empty:
            self.prompt.refuse(_("Escribir qué se busca."))
            return
        query = await self._query(asked)
        if isinstance(query, str):
            self._not_understood(asking.Problem(query, len(text)))
            return
        again = self._held is not None and self._held.query == query
        found = await self.see(searching.search_on if again else searching.search_records, query)
        self.desk.recent.searched = text
        self.box.spent = False
        self._hold(Held(text, query, found.rows, found.more))
        if found.rows:
            self.results.select((found.rows[0].patient_id, found.rows[0].id))
            self.focus_on(self.results)
            self.announce()
        else:
            await self._help_on(asked)

    def _not_understood(self, problem: asking.Problem) -> None:
        self.box.wrong()
        self.box.entry.at = min(problem.end, len(self.box.entry.text))
        self.prompt.refuse(problem.says)

    async def _query(self, asked: asking.Asked) -> RecordsQuery | str:
        """With the names of the network in it. Raises Refusal."""
        patient_id = None
        if asked.patient:
            try:
                found = await self.see(registry.find, registry.DocumentQuery(asked.patient))
            except Refusal:
                self.box.wrong()
                raise
            patient_id = found.patient_id
        return asking.query_of(asked, await self.offers.known(), self.zone, patient_id)

    async def _help_on(self, asked: asking.Asked) -> None:
        """Nothing fits: a word that is a name of the network is looked for in another way."""
        for word in asked.words:
            better = await self.offers.read_as(word, whole=False)
            if better and f"{better.partition(':')[0]}:" not in self.box.value:
                said = _("Ninguno: «{}» se buscó en el texto. Probar con {}.")
                self.prompt.say(said.format(word, better))
                return

    # What was found

    def _hold(self, held: Held | None, *, fresh: bool = True) -> None:
        self._held = held
        rows = held.rows if held is not None else ()
        (self.results.show if fresh else self.results.renew)(rows)
        self.results.empty(_("Ningún registro coincide."))
        self._title_results()
        if fresh:
            self._show_side(_Side.RESULTS)
        self.announce()

    def _title_results(self) -> None:
        """What the rows answer, where that is no longer what stands in the line."""
        held = self._held
        if held is not None:
            other = _("Registros de «{}»").format(cut(shown(held.typed), _SAID))
            same = held.typed == self.box.value
            self.results.title(_("Registros, el más nuevo primero") if same else other, _counted(held))

    def _moved(self, row: HeaderRow | None) -> None:
        """Near the end of what is read the next page comes, behind the reader."""
        self.announce()
        held = self._held
        if row is None or held is None or not held.more or self._reading_on:
            return
        if row in held.rows[-_NEAR_THE_END:]:
            self._reading_on = True
            self.in_background(self._extend(held))

    async def _extend(self, held: Held) -> None:
        try:
            found = await self.see(searching.search_on, _after(held.query, held.rows))
        finally:
            self._reading_on = False
        if self._held is held:
            rows = (*held.rows, *found.rows)
            self._held = replace(held, rows=rows, more=found.more)
            self.results.show(rows)
            self._title_results()

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """F5: the same search as it is answered now, as far as it was read."""
        held = self._held
        if changes or held is None:
            return
        rows: tuple[HeaderRow, ...] = ()
        more = True
        for _page in range(_MOST_PAGES):
            if not more or (rows and len(rows) >= len(held.rows)):
                break
            found = await self.see(searching.search_on, _after(held.query, rows))
            rows, more = (*rows, *found.rows), found.more
        if self._held is held:
            self._hold(replace(held, rows=rows, more=more), fresh=False)

    async def open(self) -> None:
        """The chart at that entry; Esc comes back here. A closed one is asked for. Raises Refusal."""
        row = self.results.current
        if row is not None:
            await show_chart(self.desk, row.person_id, entry=(row.at, row.id))

    # Moving

    def _into_list(self) -> None:
        if len(self._list):
            self.focus_on(self._list)
            self.announce()

    def add(self) -> None:
        """`a`: by what else it can be looked for."""
        self._show_side(_Side.CRITERIA)
        self.focus_on(self.offered)
        self.announce()

    def _to_box(self) -> None:
        self.focus_on(self.box)
        self.announce()

    def leave(self) -> None:
        """Esc: from a list to the line, from the line away."""
        if self.focused is self.box:
            self.desk.pop_screen()
            return
        if self.focused is self.offered and self._held is not None:
            self._show_side(_Side.RESULTS)
        self._to_box()

    # What row 23 says

    def keys_changed(self) -> None:
        """The focus may be elsewhere, and with it what Enter does."""
        super().keys_changed()
        if self.is_mounted:
            self.announce()

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self.announce()

    def announce(self) -> None:
        """Row 23: what Enter will do."""
        if self.desk.offline:
            self.prompt.hint(_("Buscar necesita la base de datos. Lo escrito sigue aquí."))
        elif self.focused is self.results:
            self.prompt.hint(self._result_hint())
        elif self.focused is self.offered:
            self.prompt.hint(self._offer_hint())
        else:
            self.prompt.hint(self._line_hint())

    def _result_hint(self) -> str:
        row = self.results.current
        if row is None:
            return ""
        at = chart_text.day_short(row.at, self.zone)
        if row.patient is None:
            return _("Enter abre el registro del {}.").format(at)
        name = full_name(row.patient.family, row.patient.given)
        return _("Enter abre el registro del {} de {}.").format(at, name)

    def _offer_hint(self) -> str:
        offer = self.offered.current
        if offer is None:
            return ""
        if not offer.text:
            return _("Se escribe tal cual, sin nombre delante. Enter: a lo escrito.")
        return _("Enter pone {} en la búsqueda.").format(offer.text)

    def _line_hint(self) -> str:
        held = self._held
        if not self.box.value:
            return _("Escribir qué se busca, y Enter. ↓: elegir por qué buscar.")
        if held is not None and not held.rows and held.typed == self.box.value:
            return _("Ninguno. Se busca en sus pacientes y en su centro. Corregir, y Enter.")
        if held is not None and held.typed == self.box.value:
            return _("Enter busca otra vez. ↓: a los registros.")
        return _("Enter busca. ↓: elegir de la lista.")


def _after(query: RecordsQuery, rows: tuple[HeaderRow, ...]) -> RecordsQuery:
    """The page behind these rows."""
    return replace(query, before=(rows[-1].at, rows[-1].id)) if rows else query


def _counted(held: Held) -> str:
    """`12 registros`, `50 o más`."""
    count = len(held.rows)
    return _("{} o más").format(count) if held.more else plural(count, _("registro"), _("registros"))


def header_lines(row: HeaderRow, width: int, zone: str, today: datetime, here: str = "") -> list[Cell]:
    """Two rows: the day and whose it is; below what it is, what it states, who and, unless `here`, where."""
    day = f"{chart_text.day_short(row.at, zone)} "
    mark = f"{_('corregido')} " if row.corrected else ""
    whose: list[Bit] = [Bit(day), *_whose(row, today)]
    kind = fit(chart_text.KINDS.get(row.kind, row.kind), _KIND)
    who = row.doctor.partition(",")[0]
    place = "" if row.place == here else row.place
    by = ", ".join(filter(None, (short_name(who, "", _NAME // 2) if who else "", place)))
    said = row.stated or row.title or ""
    room = max(_KIND, width - _INDENT - _KIND - 1 - cells(shown(by)) - 3)
    what = f"{' ' * _INDENT}{kind} {cut(shown(said), room)}"
    return [spread(whose, mark, width), spread(what, f"{by} ", width)]


def _whose(row: HeaderRow, today: datetime) -> list[Bit]:
    patient = row.patient
    if patient is None:
        return [Bit(_("Paciente reservado"))]
    name = person_cell(patient, _NAME)
    used = sum(cells(shown(bit.text)) for bit in name)
    age = "" if patient.closed else sex_age(patient.sex, patient.birth, today)
    shown_as = document(patient)
    tail = [shown_as] if isinstance(shown_as, Bit) else [Bit(str(shown_as))]
    return [*name, Bit(" " * (_NAME + 1 - used)), Bit(f"{age:<6} "), *tail]
