"""The home of admission: a search box over today's turns and the queue; two keys admit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from textual.timer import Timer
from textual.widget import Widget

from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import rules
from clinicdesk.clinic.patients.asking import understood
from clinicdesk.clinic.patients.queries import Found, PatientRow
from clinicdesk.clinic.patients.service import PatientAnswer
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.clinic.turns.rules import State
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _
from clinicdesk.tui import turn_words as words
from clinicdesk.tui.finder import Burst, Finder
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bar, Bit, Cell, Command, Row, TextLines
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.recent import LATEST
from clinicdesk.tui.roles.booking import Booking
from clinicdesk.tui.roles.correcting import Correcting
from clinicdesk.tui.roles.counter_parts import (
    NO_LATEST,
    QUEUE_WIDTH,
    WIDE_QUEUE_WIDTH,
    Joint,
    Pane,
    PatientBox,
    exact,
    found_words,
    latest,
    latest_command,
    level_lines,
    many_words,
    missing_of,
)
from clinicdesk.tui.roles.walk_in import WalkIns
from clinicdesk.tui.turn_lists import candidate_list, day_list, queue_list, whole_name
from clinicdesk.tui.turn_verbs import NO_RIGHT

_MOST_CANDIDATES: Final = 20
_LAST_ACTS: Final = 6


class FrontDesk(WalkIns, Booking, Correcting):
    """Search, choose, admit. Focus is in the box, in the candidates, in the turns or in the queue."""

    NAME = _("Admisión")
    DEFAULT_CSS = f"""
    FrontDesk #candidates, FrontDesk #banner {{ height: 4; }}
    FrontDesk.-wide #candidates, FrontDesk.-wide #banner {{ height: 5; }}
    FrontDesk Pane {{ width: {QUEUE_WIDTH}; }}
    FrontDesk.-wide Pane {{ width: {WIDE_QUEUE_WIDTH}; }}
    FrontDesk .more, FrontDesk #banner {{ display: none; }}
    FrontDesk.-wide .more {{ display: block; }}
    """

    def __init__(self) -> None:
        """The parts; nothing is read yet."""
        super().__init__()
        self.box = PatientBox(_("Paciente"), on_change=self._typed)
        self.search = self.box
        self.candidates = candidate_list(self.today, self._turn_of, lambda _row: self.announce())
        self.banner = TextLines(tall=4, id="banner")
        self.turns = day_list(self.now, lambda _row: self.announce())
        self.queue = queue_list(self.now, lambda _row: self.announce())
        self.levels = TextLines(tall=7)
        self.latest = TextLines(tall=_LAST_ACTS + 2)
        self.counts = TextLines()
        self.finder: Finder[Found] = Finder(self._find, self._show_found)
        self.burst = Burst()
        self.unknown: str | None = None
        """A text that Enter has found to be nobody's: the next Enter registers."""
        self.draft: dict[str, str] = {}
        """What a registration that was left unfinished had in its fields."""
        self._banner_timer: Timer | None = None
        self._asked_from: Widget | None = None
        """What had the focus before options took the candidates' place."""
        self._chosen_before: PatientRow | None = None
        """Who was chosen when the line broke, while the banner stands in their place."""

    def body(self) -> Iterable[Widget]:
        """Rows 2 to 22."""
        self.levels.add_class("more")
        self.latest.add_class("more")
        yield self.box
        yield self.candidates
        yield self.banner
        yield Joint("┬")
        yield Row(self.turns, Bar(), Pane(self.queue, self.levels, self.latest))
        yield Joint("┴")
        yield self.counts

    def commands(self) -> Iterable[Command]:
        """The keys, those of the box first."""
        box, wide = self.box, self.app.size.width >= WIDE
        yield Command(
            "enter", _("Elegir"), self.enter, _("elegir; otra vez, admitir"), self.no_line, pane=box
        )
        yield Command(
            "down", _("Mover"), self.into_candidates, _("ir a los candidatos"), pane=box, shown_as="↓↑"
        )
        yield Command("tab", _("Panel"), self.focus_next_pane, _("panel siguiente"), pane=box)
        yield Command("escape", _("Borrar"), self.back, _("volver a la búsqueda; borrarla"), pane=box)
        yield Command("/", _("Buscar"), self.to_box, _("ir a la búsqueda"), bar=False)
        yield latest_command(self.show_latest)
        yield from self.walk_in_commands()
        yield from self.booking_commands()
        yield from self.verbs(in_bar="cuxz")
        yield Command(
            "a", _("Agregar"), self.register_new, _("registrar un paciente"), self._no_registering, wide
        )
        yield from self.correcting_commands(in_bar=wide)
        yield Command("f2", _("Paciente"), self.open_patient, _("ficha del paciente"), self._no_patient, wide)

    def started(self) -> None:
        """The day is there already; the box has the focus."""
        self.turns_changed(None)
        coming = [turn for turn in self.day.rows if turn.starts_at >= self.now()] or self.day.rows[-1:]
        if coming:
            self.turns.select(coming[0].id)
        self.focus_on(self.box)

    # What the lists point at

    def turn(self) -> TurnRow | None:
        """The turn of the candidate, or the one in the list with the focus."""
        if self.focused is self.turns:
            return self.turns.current and self.day.get(self.turns.current.id)
        if self.focused is self.queue:
            return self.queue.current and self.day.get(self.queue.current.id)
        patient = self.candidates.current
        return self._turn_of(patient) if patient is not None else None

    def patient(self) -> tuple[UUID, str] | None:
        """Id and whole name of the person pointed at."""
        if self.focused in {self.turns, self.queue}:
            turn = self.turn()
            return (turn.patient_id, words.patient_name(turn)) if turn else None
        found = self.candidates.current
        return (found.patient_id, whole_name(found)) if found else None

    def _turn_of(self, patient: PatientRow) -> TurnRow | None:
        return words.turn_of_today(self.day.of_patient(patient.patient_id))

    # Searching

    def _typed(self, _text: str) -> None:
        self.unknown = None
        self.finder.want(self.box.asked)
        self.announce()

    async def _find(self, text: str) -> Found:
        if text == LATEST:
            return await latest(self)
        if self.desk.offline or understood(text).empty:
            return Found()
        view = registry.search_on if self.burst.goes_on(text) else registry.search
        found = await self.see(view, registry.SearchQuery(text, _MOST_CANDIDATES))
        self.burst.asked(text)
        return exact(text, found)

    def _show_found(self, text: str, found: Found) -> None:
        self.candidates.show(found.rows)
        if text == LATEST and found.rows:
            self.candidates.select(found.rows[0].patient_id)
        self.box.note(found_words(text, found, offline=self.desk.offline))
        self.announce()

    async def enter(self) -> None:
        """What the reserved line says: choose in the box, admit in a list."""
        if self.focused is self.box or self._among_latest:
            await self.choose()
        elif self.focused is self.queue:
            self._choose_turn(self.queue.current)
        else:
            await self._admit_current()

    @property
    def _among_latest(self) -> bool:
        """Whether one of the last patients is pointed at: choosing them is to come."""
        return self.focused is self.candidates and self.box.asked == LATEST

    async def choose(self) -> None:
        """Take the person marked among those of the text typed, once that text is answered."""
        text = self.box.asked
        if not text:
            return None
        if self.unknown == text:
            return await self.register(text)
        seen = self.finder.shown(text) is not None
        found = await self.finder.answer(text)
        if not found.rows:
            self.unknown = None if understood(text).empty else text
        elif text == LATEST:
            await self._choose_patient((self.candidates.current or found.rows[0]).patient_id)
        elif seen or len(found.rows) == 1:
            patient = self.candidates.current or found.rows[0]
            await self.day.read_patient(patient.patient_id)
            self._take(patient)
        self.announce()
        return None

    def _take(self, patient: PatientRow) -> None:
        """This is who stands at the counter: letters are verbs now, digits a new search."""
        self.desk.recent.add(patient.patient_id)
        self.box.spent = True
        self.candidates.select(patient.patient_id)
        self.focus_on(self.candidates)

    def show_patient(self, patient: PatientRow) -> None:
        """One person as the only candidate, chosen."""
        self.finder.forget()
        self.box.entry.set(patient.document or f"HC {patient.chart_number}")
        self.box.note(found_words(self.box.value, Found((patient,))))
        self.candidates.show((patient,))
        self._take(patient)

    def _choose_turn(self, turn: TurnRow | None) -> None:
        if turn is not None:
            self.in_background(self._choose_patient(turn.patient_id))

    async def _choose_patient(self, patient_id: UUID) -> None:
        self.show_patient(await self.see(registry.show, registry.PatientQuery(patient_id)))

    async def _admit_current(self) -> None:
        turn, who = self.turn(), self.patient()
        if who is None:
            return
        if turn is None:
            self.prompt.refuse(_("Sin turno hoy. d: demanda espontánea. t: dar turno."))
        elif turn.state in words.ADMISSIBLE:
            await self.admit(turn)
        else:
            self.prompt.refuse(self._already(turn))

    def _already(self, turn: TurnRow) -> str:
        at = words.clock_time(turn.state_at, self.actor.at.zone)
        number = f" ({turn.ticket})" if turn.ticket else ""
        return _("El turno de {} está {} desde {}{}.").format(
            words.hour(turn), words.mark(turn).word, at, number
        )

    # Moving

    def into_candidates(self) -> None:
        """↓ in the box: the second candidate, since the first was marked already."""
        if len(self.candidates):
            rows = self.candidates.rows
            self.candidates.select(rows[min(1, len(rows) - 1)].patient_id)
            self.focus_on(self.candidates)

    def focus_next_pane(self) -> None:
        """Tab."""
        self.focus_next()
        self.keys_changed()

    def back(self) -> None:
        """Esc: from a list to the box, from the box to an empty one."""
        if self.focused is not self.box:
            self.to_box()
        else:
            self.box.value = ""

    def show_latest(self) -> None:
        """Space: the last patients, from whichever list has the focus."""
        self.to_box()
        self.box.insert(LATEST)

    def to_box(self) -> None:
        """The search has the focus; typing begins anew, editing goes on."""
        self.box.spent = bool(self.box.entry.text)
        self.focus_on(self.box)

    def keys_changed(self) -> None:
        """Another focus: what Enter does is another thing."""
        if self.focused is not None and self.focused is not self.box:
            self.box.spent = True
        super().keys_changed()
        if self.is_mounted:
            self.announce()

    # What the reserved line announces

    def announce(self) -> None:
        """Say what Enter will do, which is exactly what it does, and what is missing of who is chosen."""
        chosen = self.candidates.current if self.focused is self.candidates else None
        said = self._offline_hint() if self.desk.offline else self._hint()
        self.prompt.hint(" ".join((said, *missing_of(chosen, self.actor, self.today().date()))))

    def _hint(self) -> str:
        if self.focused is self.box or self._among_latest:
            return self._box_hint()
        who, turn = self.patient(), self.turn()
        if who is None:
            return ""
        if self.focused is self.queue:
            return _("Enter muestra a {}.").format(who[1])
        if turn is not None and turn.state in words.ADMISSIBLE:
            return _("Enter admite a {}: {}, {}.").format(who[1], words.hour(turn), words.doctor(turn, 20))
        if turn is not None:
            return f"{who[1]}: {self._already(turn)}"
        if self.sees_a_face():
            return _("{} § SELLADO: sus datos no se ven. t: turno. d: demanda.").format(who[1])
        return _("{}: sin turno hoy. d: demanda espontánea. t: dar turno.").format(who[1])

    def sees_a_face(self) -> bool:
        """Whether who is chosen restricts their data."""
        chosen = self.candidates.current
        return self.focused is self.candidates and chosen is not None and chosen.closed

    def _box_hint(self) -> str:
        text = self.box.asked
        if not text:
            return _("Escribir documento, apellido y nombre, o leer el documento con el lector.")
        if self.unknown == text:
            return _("No hay paciente con {}. Enter: registrarlo. Esc: corregir.").format(self._wanted(text))
        found = self.finder.shown(text)
        if found is None:
            return ""
        if not found.rows:
            if text == LATEST:
                return NO_LATEST
            few = understood(text).empty
            return _("Faltan letras: tres o más.") if few else _("Ninguno. Enter y otro Enter: registrar.")
        patient = self.candidates.current or found.rows[0]
        turn = self._turn_of(patient)
        if found.more and (turn is None or turn.state not in words.ADMISSIBLE):
            return many_words(_("Enter elige a {}."), patient, found)
        said = _("Enter elige a {}.").format(whole_name(patient))
        if turn is not None and turn.state in words.ADMISSIBLE:
            said += " " + _("Otro Enter admite: {}, {}.").format(words.hour(turn), words.doctor(turn, 20))
        return said

    def _wanted(self, text: str) -> str:
        """The text as the message says it: a document in its reading form."""
        wanted = understood(text)
        if (card := wanted.card) is not None:
            return rules.shown_document(card.country, card.kind, card.number)
        if not wanted.document:
            return f"«{text}»"
        try:
            document = rules.parsed_document(text, self.actor.at.country)
        except InvalidInput:
            return f"«{text}»"
        return rules.shown_document(document.country, document.kind, document.number)

    def _offline_hint(self) -> str:
        text = self.box.value
        said = _("Buscar y admitir necesitan la base de datos.")
        return f"{said} {_('Se buscará {} al volver.').format(text)}" if text else said

    # News

    def turns_changed(self, ids: frozenset[UUID] | None) -> None:
        """Rows in place where only they changed; else the lists read again."""
        new = {each: self.day.get(each) for each in ids} if ids is not None else {}
        in_place = [
            turn for each, turn in new.items() if turn is not None and self.turns.update_row(each, turn)
        ]
        if ids is None or len(in_place) < len(ids):
            self.turns.renew(self.day.rows)
        self._renew_queue()
        self.candidates.repaint()
        self._renew_texts()
        self.keys_changed()

    def minute(self) -> None:
        """Waits tick, without a mark."""
        self._renew_queue()
        self.queue.repaint()
        self._renew_texts()

    def _renew_queue(self) -> None:
        self.queue.renew(words.waiting(self.day.rows, self.now()))
        for turn in self.queue.rows:
            if turn.state == State.EN_ESPERA and (now := self.day.get(turn.id)) is not None:
                self.queue.update_row(turn.id, now)

    def _renew_texts(self) -> None:
        offline = self.desk.offline
        at = words.clock_time(self.day.read_at, self.actor.at.zone)
        waiting = words.waiting(self.day.rows, self.now())
        self.turns.title(
            f"{_('Turnos de hoy')} · {len(self.day.rows)}", _("(datos de {})").format(at) if offline else ""
        )
        self.queue.title(f"{_('Cola de admisión')} · {len(waiting)}", f"({at})" if offline else "")
        self.counts.set(words.counts_line(words.counts(self.day.rows)))
        self.levels.set(*level_lines(waiting))
        self.latest.set(*self._latest_lines())

    def _latest_lines(self) -> list[Cell]:
        moved = sorted(self.day.rows, key=lambda turn: turn.state_at, reverse=True)
        zone = self.actor.at.zone
        lines: list[Cell] = ["", Bit(f" {_('Últimos cambios')}", Tone.TITLE)]
        for turn in moved[:_LAST_ACTS]:
            at, number = words.clock_time(turn.state_at, zone), words.number_or_hour(turn)
            mark = words.mark(turn)
            state = Bit(f"{mark.word:<11}", mark.tone)
            lines.append([Bit(f"  {at} {number:<5} "), state, *words.patient_short(turn, 18)])
        return lines

    def show_options(self, lines: Sequence[str] | None) -> None:
        """In the place of the candidates."""
        focused = self.focused
        self.banner.display, self.candidates.display = lines is not None, lines is None
        self.banner.set(*(lines or ()))
        if lines is None:
            self.focus_on(self._asked_from or self.box)
        else:
            self._asked_from = focused

    # Without a line

    def line_changed(self) -> None:
        """The search gives way to the banner; on return the search is repeated, a write never."""
        offline = self.desk.offline
        if self.banner.display == offline:
            return
        if offline and self.focused is self.candidates:
            self._chosen_before = self.candidates.current
            self.to_box()
        self.banner.display, self.candidates.display = offline, not offline
        self._renew_texts()
        if offline:
            self.box.note(_("sin buscar"))
            self._banner_timer = self.set_interval(1.0, self._tell_offline)
            self._tell_offline()
        else:
            self._back_online()
        self.announce()

    def _back_online(self) -> None:
        if self._banner_timer is not None:
            self._banner_timer.stop()
            self._banner_timer = None
        self.finder.again()
        chosen, self._chosen_before = self._chosen_before, None
        if chosen is not None and self.box.spent:
            self._take(chosen)

    def _tell_offline(self) -> None:
        lost, left = self.desk.news.lost_at, self.desk.news.next_try_seconds
        at = words.clock_time(self.day.read_at, self.actor.at.zone)
        again = _("Reintento en {} s; F5 reintenta ahora.").format(left) if left else _("Reintentando…")
        self.banner.set(
            Bit(
                _(" !! Se perdió la línea con la base de datos a las {:%H:%M:%S}. ").format(lost), Tone.ALARM
            ),
            f"    {_('Lo escrito se conserva aquí.')} {again}",
            f"    {_('Las listas son de las {} y pueden haber cambiado.').format(at)}",
        )

    # Other screens

    def _no_registering(self) -> str | None:
        return self.no_line() if self.actor.may(Permission.PATIENT_WRITE) else NO_RIGHT

    def _no_patient(self) -> str | None:
        return self.no_line() or (None if self.patient() else _("no hay un paciente señalado"))

    async def register_new(self) -> None:
        """`a`: a form with nothing filled in."""
        await self.register("")

    async def register(self, text: str) -> None:
        """A form with what was searched filled in."""
        from clinicdesk.tui.roles.register import RegisterForm

        await self.desk.push_screen(RegisterForm(text, self.draft, self._registered))

    def _registered(self, patient: PatientRow, answer: PatientAnswer | None) -> None:
        """The form has closed with this person, new where registering answered."""
        self.show_patient(patient)
        if answer is not None:
            said = _("Registro HC {:06d}: {}. d: demanda espontánea. t: dar turno.")
            told = said.format(patient.chart_number, whole_name(patient)), *answer.warnings
            self.prompt.say(" ".join(told))

    def corrected(self, patient: PatientRow, said: str) -> None:
        """The form of their data has closed."""
        self.show_patient(patient)
        self.prompt.say(said)

    async def open_patient(self) -> None:
        """F2: the patient's own page."""
        from clinicdesk.tui.roles.patient import PatientPage

        who = self.patient()
        if who is not None:
            await self.desk.push_screen(PatientPage(who[0]))
