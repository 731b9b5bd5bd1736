"""What the counter's home is made of beside lists: its search box, its frame, its words for an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Final

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import rules
from clinicdesk.clinic.patients.asking import understood
from clinicdesk.clinic.patients.queries import Found, PatientRow
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.names import short_name
from clinicdesk.kit.text import cells, shown
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import TRIAGE, TRIAGE_MINUTES, Tone
from clinicdesk.tui.parts import Bit, Cell, Command, Rule, SearchBox
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.recent import LATEST
from clinicdesk.tui.screens import ClinicScreen

if TYPE_CHECKING:
    from clinicdesk.clinic.rights import Actor

QUEUE_WIDTH: Final = 30
WIDE_QUEUE_WIDTH: Final = 45
_LINE: Final = 78
NO_LATEST: Final = _("Todavía no se atendió a nadie en esta sesión.")


class PatientBox(SearchBox):
    """The search box. Once its text has served (`spent`), what is typed next begins a new search."""

    spent = False

    @property
    def asked(self) -> str:
        """What is looked for: the text, or with a blank alone the last patients (`LATEST`)."""
        return LATEST if self.entry.text.isspace() else self.value

    def press(self, key: events.Key) -> bool:
        """A character after a search begins another; an editing key goes on with the old text."""
        if key.character and key.character.isprintable():
            self._begin()
            return super().press(key)
        edited = super().press(key)
        self.spent = self.spent and not edited
        return edited

    def insert(self, text: str) -> None:
        """A scan, a paste, or a digit typed in a list."""
        self._begin()
        super().insert(text)

    def _begin(self) -> None:
        if self.spent:
            self.entry.set("")
            self.spent = False


def latest_command(act: Callable[[], None]) -> Command:
    """Space, where no text field has the focus."""
    return Command("space", _("Últimos"), act, _("los últimos pacientes de esta sesión"), bar=False)


async def latest(screen: ClinicScreen) -> Found:
    """The last patients of this login, as they are now. Raises Refusal."""
    ids = screen.desk.recent.ids
    if not ids or screen.desk.offline:
        return Found()
    return Found(await screen.see(registry.recall, registry.RecallQuery(ids)))


class Joint(Rule):
    """The rule above or below the vertical bar of this screen."""

    def __init__(self, glyph: str) -> None:
        """`glyph` stands where the bar meets it."""
        super().__init__()
        self._glyph = glyph

    def line(self, _y: int, width: int) -> list[Bit]:
        """The bar stands further right on a wide screen."""
        queue = WIDE_QUEUE_WIDTH if width >= WIDE else QUEUE_WIDTH
        self.joints = {width - queue - 1: self._glyph}
        return super().line(_y, width)


class Pane(Widget):
    """The right side: the queue, and below it on a wide screen levels and last acts."""

    DEFAULT_CSS = "Pane { layout: vertical; height: 1fr; }"


def exact(text: str, found: Found) -> Found:
    """A document typed whole is the only candidate."""
    wanted = understood(text).document
    if not wanted:
        return found
    same = [
        row for row in found.rows if "".join(filter(str.isalnum, row.document.partition(" ")[2])) == wanted
    ]
    return Found(tuple(same)) if same else found


def found_words(text: str, found: Found, *, offline: bool = False) -> str:
    """How many fit, as the end of the search row says it; nothing while there is too little to search by."""
    if offline:
        return _("sin buscar")
    if text == LATEST:
        return plural(len(found.rows), _("último"), _("últimos"))
    if not text or understood(text).empty:
        return ""
    if found.more and not found.uncounted:
        return _("{} de {}").format(len(found.rows), len(found.rows) + found.more)
    if found.more:
        return _("{} de más de {}").format(len(found.rows), len(found.rows) + found.more)
    return plural(len(found.rows), _("candidato"), _("candidatos")) if found.rows else _("ninguno")


def many_words(said: str, patient: PatientRow, found: Found) -> str:
    """What Enter does, then how many more fit and what would leave fewer; the name gives way."""
    more = _("Hay más de {} más: agregar {}.") if found.uncounted else _("Hay {} más: agregar {}.")
    rest = " " + more.format(found.more, found.narrowing)
    room = _LINE - cells(said.format("")) - cells(rest)
    return said.format(shown(short_name(patient.family, patient.given, max(room, 8)))) + rest


def missing_of(patient: PatientRow | None, actor: Actor, today: date) -> tuple[str, ...]:
    """What should be asked of who stands at the counter, as registering says it; of a face nothing."""
    if patient is None or patient.closed or patient.deceased_on:
        return ()
    return rules.warnings_of(
        *(patient.birth, actor.at.country, today),
        dependent=patient.dependent,
        has_guardian=bool(patient.guardian),
    )


def level_lines(waiting: list[TurnRow]) -> list[Cell]:
    """How many wait at each triage level, and how long they may."""
    lines: list[Cell] = [Bit(f" {_('Triaje: espera y máximo')}", Tone.TITLE)]
    for level, mark in TRIAGE.items():
        count = sum(1 for turn in waiting if turn.triage == level)
        most = f" {mark.word:<9} {count:>3}   {_('máx.')} {TRIAGE_MINUTES[level]:>3} min"
        lines.append([Bit("  "), Bit(mark.glyph, mark.tone), Bit(most)])
    return ["", *lines]
