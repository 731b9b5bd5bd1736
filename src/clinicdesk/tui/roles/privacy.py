"""The home of privacy: alerts to review, who opened what, hourly limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from textual import events
from textual.widget import Widget

from clinicdesk.clinic.changes import Change, Kind
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.clinic.privacy import queries, service
from clinicdesk.clinic.privacy.queries import AlertRow, LimitRow
from clinicdesk.clinic.privacy.rules import Outcome
from clinicdesk.kit.words import _
from clinicdesk.tui import privacy_words as words
from clinicdesk.tui.look import CHANGED
from clinicdesk.tui.parts import Column, Command, DeskScreen, LineList, Rule, TextLines
from clinicdesk.tui.parts.base import Part
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.roles import role_word
from clinicdesk.tui.roles.access_log import AccessLog
from clinicdesk.tui.roles.filtered import Filtered
from clinicdesk.tui.roles.find_patient import FindPatient
from clinicdesk.tui.turn_words import clock_time

_MOST: Final = 1000
_NAME: Final = 21
_MOST_COMMENT: Final = 400
_LEAST_LIMIT, _MOST_LIMIT = 1, 10_000
_OPEN, _EVERY, _LIMITS = 0, 1, 2
_SECTIONS: Final = (_("avisos por revisar"), _("todos los avisos"), _("límites por hora"))


class PrivacyHome(Filtered):
    """Three sections on the keys 1 to 3: what waits for a review, all of it, limits."""

    NAME = _("Privacidad")

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__()
        self.section = _OPEN
        self._alerts: tuple[AlertRow, ...] = ()
        self._known: set[int] | None = None
        """Alerts seen so far; None before the first reading, which is no news."""
        self.alerts = LineList[AlertRow](
            lambda alert: alert.id,
            self._columns,
            heads=True,
            empty=_("Ningún aviso por revisar."),
            on_move=lambda _row: self._pointed(),
            id="alerts",
        )
        self.limits = LineList[LimitRow](
            lambda row: row.role,
            (
                Column[LimitRow](_("Rol"), 20, lambda row: role_word(row.role)),
                Column[LimitRow](
                    _("Historias por hora"), 18, lambda row: str(row.charts_per_hour), align="right"
                ),
            ),
            heads=True,
            title=_("Historias que una persona puede abrir en una hora, según su rol"),
            on_move=lambda _row: self._announce(),
            id="limits",
        )
        self.detail = TextLines(tall=5)

    def body(self) -> Iterable[Widget]:
        """Filter, list, the alert pointed at whole."""
        yield from (self.filter, self.alerts, self.limits, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Look, review, sections, search."""
        yield Command("enter", _("Abrir"), self.enter, _("quién abrió qué; otro límite"))
        yield Command("k", _("Revisar"), self.review, _("revisar el aviso señalado"), self._no_review)
        yield Command("1", _("Sección"), self._to(_OPEN), _SECTIONS[_OPEN], shown_as="1-3")
        for number in (_EVERY, _LIMITS):
            yield Command(str(number + 1), _SECTIONS[number], self._to(number), _SECTIONS[number], bar=False)
        yield from self.filter_commands()
        yield Command("f2", _("Paciente"), self.find_patient, _("buscar un paciente"), self.no_line)
        yield Command("escape", _("Volver"), self.back, _("quitar el filtro; a los avisos"), bar=False)

    def started(self) -> None:
        """The alerts that wait, read behind the first frame."""
        self.filter.display = self.limits.display = False
        self.focus_on(self.alerts)
        self.show_rows()
        self.in_background(self._read())

    def on_resize(self, event: events.Resize) -> None:
        """The detail is wrapped anew."""
        super().on_resize(event)
        self._pointed()

    def the_list(self) -> Part:
        """The list of the section."""
        return self.limits if self.section == _LIMITS else self.alerts

    def _columns(self, width: int) -> Sequence[Column[AlertRow]]:
        zone = self.actor.at.zone
        who, whom = (30, 44) if width >= WIDE else (16, 19)
        return (
            Column[AlertRow](_("Cuándo"), 14, lambda alert: words.when(alert.at, zone)),
            Column[AlertRow](_("Estado"), 13, words.state),
            Column[AlertRow](_("Clase"), 13, lambda alert: alert.urgency),
            Column[AlertRow](_("Quién"), who, lambda alert: words.short(alert.person, who)),
            Column[AlertRow](f"  {_('Paciente')}", 0, lambda alert: words.patient_cell(alert, whom)),
        )

    # Reading

    async def _read(self) -> None:
        """All of them: what is reviewed leaves the list of those that wait by itself."""
        found = await self.see(queries.alerts, queries.AlertsQuery(only_open=False, limit=_MOST))
        known, self._known = self._known, {alert.id for alert in found}
        self._alerts = found
        if self.is_mounted:
            self.show_rows()
        if known is not None:
            self._tell([alert for alert in found if alert.id not in known])

    def _tell(self, new: Sequence[AlertRow]) -> None:
        """One ring and one line, whatever is in front."""
        front = self.desk.screen
        if not new:
            return
        self.desk.bell()
        if isinstance(front, DeskScreen) and not front.prompt.asking:
            at = clock_time(new[0].at, self.actor.at.zone)
            said = _("{} Aviso nuevo {}: {} abrió a {}.")
            who, whom = (words.short(name, _NAME) for name in (new[0].person, new[0].patient))
            front.prompt.say(said.format(CHANGED, at, who, whom))

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """An alert somewhere, or anything."""
        if not changes or any(change.kind is Kind.ALERT for change in changes):
            await self._read()

    def show_rows(self) -> None:
        """The alerts of the section that fit the filter."""
        wanted = self.wanted
        here = [alert for alert in self._alerts if self.section == _EVERY or _is_open(alert)]
        fitting = [alert for alert in here if words.alert_fits(alert, wanted)]
        if wanted:
            self.alerts.show(fitting)
        else:
            self.alerts.renew(fitting)
        self.alerts.title(f"{_SECTIONS[self.section].capitalize()} · {words.counts(self._alerts)}")
        self._pointed()

    # Sections

    def _to(self, section: int) -> Callable[[], object]:
        async def go() -> None:
            await self.go_to(section)

        return go

    async def go_to(self, section: int) -> None:
        """Show a section; limits are read each time."""
        self.section = section
        self.filter.display = False
        self.filter.value = ""
        self.alerts.display, self.limits.display = section != _LIMITS, section == _LIMITS
        self.alerts.show(())
        self.show_rows()
        self.focus_on(self.the_list())
        if section == _LIMITS:
            await self._read_limits()
        self._pointed()

    async def _read_limits(self) -> None:
        found = await self.see(queries.limits, queries.LimitsQuery())
        self.limits.show(found)

    async def back(self) -> None:
        """Esc: the filter goes, then the section."""
        if not self.close_filter() and self.section != _OPEN:
            await self.go_to(_OPEN)

    # Acts

    async def enter(self) -> None:
        """Who opened what of the alert's patient, or another limit."""
        if self.section == _LIMITS:
            await self._change_limit()
        elif (alert := self.alerts.current) is not None:
            await self.desk.push_screen(AccessLog(alert.patient_id))

    async def find_patient(self) -> None:
        """F2: anybody, by document, name or chart number."""
        await self.desk.push_screen(FindPatient(_("Enter muestra quién abrió qué de {}."), self._found))

    async def _found(self, patient: PatientRow) -> None:
        await self.desk.push_screen(AccessLog(patient.patient_id))

    async def review(self) -> None:
        """`k`: what was found, and a comment; Esc leaves the alert as it is."""
        alert = self.alerts.current
        if alert is None:
            return
        options = {key: word for key, (_outcome, word) in words.OUTCOMES.items()}
        key = await self.prompt.pick(_("Acceso de {}:").format(alert.person), options, at_once=True)
        comment = await self.prompt.ask(_("Comentario, o Enter"), most=_MOST_COMMENT) if key else None
        if key is None or comment is None:
            return
        outcome, word = words.OUTCOMES[key]
        order = service.ReviewAlert(alert_id=alert.id, outcome=outcome.value, comment=comment)
        await self.do(service.review_alert, order)
        await self._read()
        self.alerts.settle()
        self.prompt.say(_("Acceso de {} a {}: {}.").format(alert.person, alert.patient, word))

    def _no_review(self) -> str | None:
        if why := self.no_line():
            return why
        alert = self.alerts.current
        if self.section == _LIMITS or alert is None:
            return _("no hay un aviso señalado")
        return None if _is_open(alert) else _("ya fue revisado")

    async def _change_limit(self) -> None:
        row = self.limits.current
        if row is None:
            return
        question = _("Historias por hora de {}").format(role_word(row.role))
        typed = await self.prompt.ask(question, default=str(row.charts_per_hour), check=_not_a_limit)
        if typed is None:
            return
        await self.do(service.limit_charts, service.LimitCharts(role=row.role, charts_per_hour=int(typed)))
        await self._read_limits()
        self.prompt.say(_("{}: hasta {} historias por hora desde ahora.").format(role_word(row.role), typed))

    # What the reserved line announces

    def _pointed(self) -> None:
        if not self.is_mounted:
            return
        alert = self.alerts.current if self.section != _LIMITS else None
        self.detail.set(*words.alert_lines(alert, self.size.width, self.actor.at.zone))
        self.keys_changed()
        self._announce()

    def line_changed(self) -> None:
        """Say what the line is good for."""
        self._announce()

    def _announce(self) -> None:
        alert = self.alerts.current
        if self.desk.offline:
            self.prompt.hint(_("Sin línea: lo que está a la vista puede haber cambiado."))
        elif self.section == _LIMITS:
            self.prompt.hint(_("Enter cambia el límite. Esc vuelve a los avisos."))
        elif alert is None and self.filter.value:
            self.prompt.hint(_("Ningún aviso coincide. Esc quita el filtro."))
        elif alert is None:
            self.prompt.hint(_("F2 busca un paciente para ver quién abrió qué."))
        else:
            self.prompt.hint(_("Enter muestra quién abrió qué de {}.").format(alert.patient))


def _is_open(alert: AlertRow) -> bool:
    return alert.outcome in {None, Outcome.ACLARAR.value}


def _not_a_limit(text: str) -> str | None:
    fits = text.isascii() and text.isdigit() and _LEAST_LIMIT <= int(text) <= _MOST_LIMIT
    return None if fits else _("Un número entero de {} a {}.").format(_LEAST_LIMIT, _MOST_LIMIT)
