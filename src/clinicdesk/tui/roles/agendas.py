"""The agendas of a clinic: its weekly blocks, and before a change the turns that it would cancel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import date, datetime, time
from typing import Final

from textual.widget import Widget

from clinicdesk.clinic.agendas import queries, service
from clinicdesk.clinic.agendas.queries import BlockRow, ExceptionRow
from clinicdesk.clinic.agendas.rules import BlockState
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.turns import suspension
from clinicdesk.clinic.turns.suspension import CascadeAnswer, Fallen
from clinicdesk.kit.names import short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.parts import Column, Command, LineList, Rule, TextLines
from clinicdesk.tui.roles.administrator import parsed_day
from clinicdesk.tui.screens import ClinicScreen

DAYS: Final = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))
_DETAIL_LINES: Final = 6
_MOST_SHOWN: Final = _DETAIL_LINES - 1


class Agendas(ClinicScreen):
    """One list of blocks; below it what shuts the one pointed at, or the turns that a change would cancel."""

    NAME = _("Agendas del centro")

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__()
        self.list: LineList[BlockRow] = LineList(
            lambda row: row.block.id,
            self._columns,
            title=_("Bloques de la semana"),
            heads=True,
            empty=_("Sin bloques. a agrega uno."),
            on_move=lambda _row: self._detail(),
            id="blocks",
        )
        self.detail = TextLines(tall=_DETAIL_LINES)
        self._exceptions: tuple[ExceptionRow, ...] = ()
        self._last_exception: int | None = None
        """The leave or suspension just made here: its turns are the ones to give other places."""

    def _columns(self, _width: int) -> Sequence[Column[BlockRow]]:
        return (
            Column[BlockRow](_("Profesional"), 0, lambda row: short_name(row.doctor, "", 20)),
            Column[BlockRow](_("Día"), 4, lambda row: DAYS[row.block.weekday - 1]),
            Column[BlockRow](_("Horario"), 12, _hours),
            Column[BlockRow](_("Cons."), 7, lambda row: row.room),
            Column[BlockRow](_("Práctica"), 11, lambda row: row.procedure),
            Column[BlockRow](_("Lugares"), 12, _places),
            Column[BlockRow](_("Estado"), 11, lambda row: row.block.state),
        )

    def body(self) -> Iterable[Widget]:
        """The list, and what stands below."""
        return (self.list, Rule(), self.detail)

    def commands(self) -> Iterable[Command]:
        """Verbs, then back."""
        yield Command("a", _("Agregar"), self.add, _("agregar un bloque"), self._may_not)
        yield Command("e", _("Bloque"), self.edit, _("cambiar horas, minutos y vigencia"), self._no_block)
        yield Command("h", _("Habilitar"), self.enable, _("publicar o levantar"), self._no_block)
        yield Command("x", _("Suspender"), self.suspend, _("suspender bloque y turnos"), self._no_block)
        yield Command("u", _("Ausente"), self.leave, _("licencia del profesional"), self._no_block)
        yield Command("m", _("Mover"), self.reassign, _("dar otro lugar a los suspendidos"), self.no_line)
        yield Command("escape", _("Volver"), self.back, _("volver"))

    def started(self) -> None:
        """Read it all once."""
        self.focus_on(self.list)
        self.in_background(self.reread())

    async def reread(self) -> None:
        """Blocks and what shuts them, again. Raises Refusal."""
        here = self.actor.at.clinic_id
        self._exceptions = await self.see(queries.list_exceptions, queries.ExceptionsQuery(here))
        rows = await self.see(queries.list_blocks, queries.BlocksQuery(here))
        self.list.renew(list(rows))
        self.list.title(_("Bloques de la semana"), str(len(rows)))
        self._detail()

    async def changed(self, changes: tuple[object, ...]) -> None:
        """After a lost line, and when places changed."""
        if not changes or any(getattr(each, "kind", "") == "site" for each in changes):
            await self.reread()

    def back(self) -> None:
        """Esc: the screen before."""
        self.dismiss()

    # What is shown

    def _detail(self) -> None:
        if not self.is_mounted:
            return
        row = self.list.current
        self.detail.set(*(self._facts(row) if row is not None else ()))
        self.prompt.hint(_("e cambia el bloque; x y u muestran antes los turnos que caen."))
        self.keys_changed()

    def _facts(self, row: BlockRow) -> list[str]:
        block = row.block
        kept = ", ".join(f"{channel.replace('_', ' ')} {places}" for channel, places in block.quotas)
        until = f"{block.valid_to:%d/%m/%Y}" if block.valid_to else _("sin término")
        lines = [
            _(" Bloque {} · {} a {} · sobreturnos {}").format(
                block.id, f"{block.valid_from:%d/%m/%Y}", until, block.overbooks
            ),
            _(" Cupos: {} · se sueltan {} h antes").format(kept or _("ninguno"), block.release_hours),
        ]
        return [*lines, *(_shut(each) for each in self._shutting(row)[: _DETAIL_LINES - 2])]

    def _shutting(self, row: BlockRow) -> list[ExceptionRow]:
        return [
            each
            for each in self._exceptions
            if each.doctor_id == row.block.doctor_id and each.block_id in {None, row.block.id}
        ]

    # Why a key cannot work

    def _may_not(self) -> str | None:
        if not self.actor.may(Permission.AGENDA_MANAGE):
            return _("las agendas las llevan secretaría y gestión")
        return self.no_line()

    def _no_block(self) -> str | None:
        return self._may_not() or (None if self.list.current else _("no hay un bloque señalado"))

    def _row(self) -> BlockRow:
        row = self.list.current
        if row is None:
            raise RuntimeError("the key is disabled without a block")
        return row

    # Keys

    async def add(self) -> None:
        """`a`: doctor, room, day, hours, minutes, procedure; it begins as a draft."""
        here = sites.SitesQuery(self.actor.at.clinic_id)
        doctors = {each.username or "": each.person_id for each in await self.see(sites.list_doctors, here)}
        rooms = {each.code: each.id for each in await self.see(sites.list_rooms, here)}
        done = {each.code: each.id for each in await self.see(sites.list_procedures, sites.SitesQuery())}
        doctor = await self.prompt.ask(_("Usuario del profesional"), check=_one_of(doctors))
        room = await self.prompt.ask(_("Consultorio"), check=_one_of(rooms)) if doctor else None
        code = await self.prompt.ask(_("Práctica (código)"), check=_one_of(done)) if room else None
        day = await self.prompt.ask(_("Día (lun a dom)"), check=_one_of(DAYS)) if code else None
        hours = await self._ask_hours("", "") if day else None
        minutes = (
            await self.prompt.ask(_("Minutos por turno"), default="20", check=_number) if hours else None
        )
        if not (doctor and room and code and day and hours and minutes):
            return
        order = service.AddBlock(
            clinic_id=self.actor.at.clinic_id,
            doctor_id=doctors[doctor],
            room_id=rooms[room],
            procedures=(done[code],),
            weekday=DAYS.index(day) + 1,
            starts=hours[0],
            ends=hours[1],
            slot_minutes=int(minutes),
            valid_from=self.today().date(),
        )
        answer = await self.do(service.add_block, order)
        await self.reread()
        self.prompt.say(_("Bloque {}: borrador. h lo publica.").format(answer.id))

    async def _ask_hours(self, first: str, last: str) -> tuple[time, time] | None:
        starts = await self.prompt.ask(_("Desde (hora)"), default=first, check=_bad_time)
        ends = await self.prompt.ask(_("Hasta (hora)"), default=last, check=_bad_time) if starts else None
        return (_time(starts), _time(ends)) if starts and ends else None

    async def edit(self) -> None:
        """`e`: hours, minutes, last day; the turns that fall out stand above the question."""
        block = self._row().block
        hours = await self._ask_hours(f"{block.starts:%H:%M}", f"{block.ends:%H:%M}")
        minutes = (
            await self.prompt.ask(_("Minutos por turno"), default=str(block.slot_minutes), check=_number)
            if hours
            else None
        )
        if hours is None or minutes is None:
            return
        until = f"{block.valid_to:%d/%m/%Y}" if block.valid_to else ""
        last = await self.prompt.ask(_("Último día (vacío: sin término)"), default=until, check=_bad_day)
        if last is None:
            return
        names = {each.name for each in fields(service.EditBlock)} & {each.name for each in fields(block)}
        values = {name: getattr(block, name) for name in names} | {
            "block_id": block.id,
            "starts": hours[0],
            "ends": hours[1],
            "slot_minutes": int(minutes),
            "valid_to": parsed_day(last) if last else None,
            "seen": "",
        }
        fallen = await self.see(suspension.fallen_by_edit, service.EditBlock(**values))
        if await self._agreed(fallen):
            order = service.EditBlock(**(values | {"seen": fallen.seen}))
            await self._told(await self.do(suspension.edit_block, order), _("Bloque cambiado."))

    async def suspend(self) -> None:
        """`x`: days and reason; its turns stand above the question."""
        block = self._row().block
        if (days := await self._ask_days()) is None:
            return
        reason = await self.prompt.ask(_("Motivo"), check=_empty)
        if not reason:
            return
        query = suspension.AwayQuery(block.doctor_id, *days, block_id=block.id)
        fallen = await self.see(suspension.fallen_by_absence, query)
        if await self._agreed(fallen):
            order = suspension.SuspendBlock(
                block_id=block.id, first_day=days[0], last_day=days[1], reason=reason, seen=fallen.seen
            )
            done = await self.do(suspension.suspend_block, order)
            self._last_exception = done.id
            await self._told(done, _("Bloque suspendido."))

    async def leave(self) -> None:
        """`u`: the doctor is away; their turns stand above the question."""
        doctor_id = self._row().block.doctor_id
        kinds = {
            "1": "vacaciones",
            "2": "enfermedad",
            "3": "congreso",
            "4": "maternidad",
            "5": "gremial",
            "6": "otra",
        }
        kind = await self.prompt.pick(_("Licencia:"), kinds, at_once=True)
        days = await self._ask_days() if kind else None
        if kind is None or days is None:
            return
        fallen = await self.see(suspension.fallen_by_absence, suspension.AwayQuery(doctor_id, *days))
        if await self._agreed(fallen):
            order = suspension.Leave(
                doctor_id=doctor_id,
                first_day=days[0],
                last_day=days[1],
                leave_kind=kinds[kind],
                reason=kinds[kind],
                seen=fallen.seen,
            )
            done = await self.do(suspension.grant_leave, order)
            self._last_exception = done.id
            await self._told(done, _("Licencia anotada."))

    async def _ask_days(self) -> tuple[date, date | None] | None:
        first = await self.prompt.ask(_("Desde el día (vacío: hoy)"), check=_bad_day)
        if first is None:
            return None
        last = await self.prompt.ask(_("Hasta el día (vacío: sin término)"), check=_bad_day)
        if last is None:
            return None
        return parsed_day(first) or self.today().date(), parsed_day(last) if last else None

    async def _agreed(self, fallen: Fallen) -> bool:
        """Whether to go on, the turns that fall in view; without any nothing is asked."""
        if not fallen.turns:
            return True
        told = [
            f" {each.wall_start:%d/%m %H:%M}  {short_name(each.family, each.given, 36):36}  "
            f"{each.phone or _('sin teléfono')}"
            for each in fallen.turns[:_MOST_SHOWN]
        ]
        if (more := len(fallen.turns) - _MOST_SHOWN) > 0:
            told.append(_(" … y {} más").format(more))
        self.detail.set(*told)
        turns = plural(len(fallen.turns), _("turno se cancela"), _("turnos se cancelan"))
        agreed = await self.prompt.confirm(_("{}, con aviso en cola. ¿Seguir?").format(turns))
        self._detail()
        return agreed

    async def _told(self, done: CascadeAnswer, said: str) -> None:
        await self.reread()
        counts = _("{} cancelados, {} avisos en cola, {} sin teléfono.")
        told = f"{said} " + counts.format(done.cancelled, done.notices, done.without_phone)
        self.prompt.say(f"{told} {_('m: darles otro lugar.')}" if done.cancelled else told)

    async def reassign(self) -> None:
        """`m`: the suspended turns and a place for each: of what was just suspended, else all."""
        from clinicdesk.tui.roles.reassign import open_reassign

        exception_id, self._last_exception = self._last_exception, None
        await open_reassign(self.desk, exception_id)

    async def enable(self) -> None:
        """`h`: a draft is published; else what shuts the block is lifted."""
        row = self._row()
        if row.block.state == BlockState.BORRADOR:
            order = service.PublishBlock(block_id=row.block.id, version=row.block.version)
            await self.do(service.publish_block, order)
            await self.reread()
            self.prompt.say(_("Bloque {} publicado.").format(row.block.id))
            return
        shutting = self._shutting(row)[: len("123456789")]
        if not shutting:
            self.prompt.refuse(_("Nada lo cierra: ya está publicado."))
            return
        options = {str(at): _shut(each).strip() for at, each in enumerate(shutting, 1)}
        chosen = "1" if len(shutting) == 1 else await self.prompt.pick(_("Levantar:"), options, at_once=True)
        if chosen is None:
            return
        one = shutting[int(chosen) - 1]
        done = await self.do(suspension.reinstate, suspension.Reinstate(exception_id=one.id))
        await self.reread()
        said = _("Levantada. Turnos que vuelven: {}; sin lugar o ya reasignados: {}.")
        self.prompt.say(said.format(done.restored, done.not_restored))


def _hours(row: BlockRow) -> str:
    return f"{row.block.starts:%H:%M}-{row.block.ends:%H:%M}"


def _places(row: BlockRow) -> str:
    block = row.block
    if block.capacity is not None:
        return _("{} llegada").format(block.capacity)
    return _("{} × {} min").format(block.places, block.slot_minutes)


def _shut(each: ExceptionRow) -> str:
    until = f"{each.last_day:%d/%m/%Y}" if each.last_day else _("nuevo aviso")
    kind = _("suspensión") if each.kind == "suspension" else each.kind
    return f" × {kind} {each.first_day:%d/%m/%Y} a {until}: {each.reason}"


def _one_of(known: Iterable[str]) -> Callable[[str], str | None]:
    names = [each for each in known if each]
    few = ", ".join(names[:6])
    return lambda text: None if text in names else _("No está. Por ejemplo: {}").format(few)


def _number(text: str) -> str | None:
    return None if text.isdecimal() and text.isascii() else _("Se espera un número.")


def _empty(text: str) -> str | None:
    return None if text.strip() else _("No puede quedar vacío.")


def _bad_day(text: str) -> str | None:
    return None if not text or parsed_day(text) is not None else _("Se espera día/mes/año: 30/11/2026.")


def _time(text: str) -> time:
    return datetime.strptime(text, "%H:%M").time()  # noqa: DTZ007 - wall time


def _bad_time(text: str) -> str | None:
    try:
        _time(text)
    except ValueError:
        return _("Se espera una hora: 09:30.")
    return None
