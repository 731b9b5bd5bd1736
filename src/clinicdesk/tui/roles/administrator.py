"""The home of administration: who gets in, what they hold at which clinic, who is in now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from textual.widget import Widget

from clinicdesk.clinic.access import administration as admin
from clinicdesk.clinic.access import queries, rules, service
from clinicdesk.clinic.access.queries import UserRow
from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.rights import STAFF_ROLES, Effect, Permission, Role
from clinicdesk.clinic.sites import queries as sites
from clinicdesk.clinic.usecases import OrderT, UseCase
from clinicdesk.kit import clock
from clinicdesk.kit.names import full_name, short_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.access_words import detail, roles_text, session_words, state_bit
from clinicdesk.tui.parts import (
    Bar,
    Bit,
    Column,
    Command,
    LineList,
    Row,
    Rule,
    SearchBox,
)
from clinicdesk.tui.parts.pager import Pager
from clinicdesk.tui.parts.screen import WIDE
from clinicdesk.tui.screens import ClinicScreen

_LIST_WIDTH: Final = 46
_WIDE_LIST_WIDTH: Final = 72
_MOST_LISTED: Final = 9
_USER_WIDTH: Final = 14
_STATE_WIDTH: Final = 16


class Administrator(ClinicScreen):
    """A list of logins under a filter, beside it what the one pointed at holds."""

    NAME = _("Personas con acceso")
    DEFAULT_CSS = f"""
    Administrator #filter {{ display: none; }}
    Administrator.-filtering #filter {{ display: block; }}
    Administrator #users {{ width: {_LIST_WIDTH}; }}
    Administrator.-wide #users {{ width: {_WIDE_LIST_WIDTH}; }}
    """

    def __init__(self) -> None:
        """Nothing is read yet."""
        super().__init__()
        self.filter = SearchBox(_("Filtrar"), on_change=lambda _text: self._show(), id="filter")
        self.users: LineList[UserRow] = LineList(
            lambda row: row.username,
            self._columns,
            title=_("Personas con acceso"),
            empty=_("Nadie coincide."),
            on_move=lambda _row: self._pointed(),
            id="users",
        )
        self.page = Pager(id="page")
        self._rows: tuple[UserRow, ...] = ()
        self._codes: Mapping[int, str] = {}
        self._code: tuple[str, str] | None = None
        """Whose single-use code was drawn, and the code: shown until another row is pointed at."""

    def _columns(self, width: int) -> list[Column[UserRow]]:
        columns = [
            Column[UserRow](_("Usuario"), _USER_WIDTH, lambda row: row.username),
            Column[UserRow](
                _("Estado"), _STATE_WIDTH, lambda row: state_bit(row, self.now(), self.actor.at.zone)
            ),
        ]
        left = width - _USER_WIDTH - _STATE_WIDTH - 3
        told = Column[UserRow](
            "",
            0,
            lambda row: short_name(row.family, row.given, left) if width < WIDE // 2 else self._told(row),
        )
        return [columns[0], told, columns[1]]

    def _told(self, row: UserRow) -> str:
        return f"{full_name(row.family, row.given)} · {roles_text(row, self._codes)}"

    def body(self) -> Iterable[Widget]:
        """Filter, list and page."""
        yield self.filter
        yield Row(self.users, Bar(), self.page)
        yield Rule({})

    def commands(self) -> Iterable[Command]:
        """Verbs first, then views."""
        yield Command("enter", _("Aplicar"), self.to_list, _("dejar el filtro puesto"), pane=self.filter)
        yield Command("a", _("Agregar"), self.add, _("agregar una persona con usuario"), self.no_line)
        yield Command("h", _("Habilitar"), self.give, _("dar rol, derecho o residencia"), self._not_me)
        yield Command("x", _("Quitar"), self.take_away, _("quitar algo de lo que tiene"), self._nothing_held)
        yield Command(
            "b", _("Bloquear"), self.bar, _("cerrar, abrir, negar, vencimiento, intentos"), self._nobody
        )
        yield Command("f", _("Finalizar"), self.end, _("terminar sus sesiones"), self._not_in)
        yield Command(
            "p", _("Código"), self.issue_code, _("código de un solo uso para su clave"), self._not_a_person
        )
        yield Command("2", _("Centros"), self.open_sites, _("centros, consultorios, feriados, prácticas"))
        yield Command("/", _("Filtrar"), self.open_filter, _("filtrar por usuario, nombre, rol o centro"))
        yield Command("escape", _("Quitar filtro"), self.back, _("quitar el filtro"), pane=self.filter)
        yield Command("down", _("Ir a la lista"), self.to_list, _("ir a la lista"), pane=self.filter)

    def started(self) -> None:
        """Everybody, from the first."""
        self.focus_on(self.users)
        self.in_background(self.reread())

    async def reread(self) -> None:
        """Read logins and clinics again. Raises Refusal."""
        clinics = await self.see(sites.list_clinics, sites.SitesQuery())
        self._codes = {row.id: row.code for row in clinics}
        self._rows = await self.see(queries.list_users, queries.UsersQuery())
        self._show(renew=True)

    async def changed(self, changes: tuple[object, ...]) -> None:
        """Once a minute and after a lost line: everything."""
        if not changes:
            await self.reread()

    # Rows

    def found(self) -> list[UserRow]:
        """The logins that fit the filter: every word in the name, the user, the roles or the state."""
        wanted = folded(self.filter.value).split()
        return [row for row in self._rows if all(word in self._folded(row) for word in wanted)]

    def _folded(self, row: UserRow) -> str:
        state = state_bit(row, self.now(), self.actor.at.zone).text
        resident = _("residente") if row.is_resident(self.now()) else ""
        return folded(f"{row.username} {self._told(row)} {state} {resident}")

    def _show(self, *, renew: bool = False) -> None:
        if not self.is_mounted:
            return
        found = self.found()
        (self.users.renew if renew else self.users.show)(found)
        self.users.title(_("Personas con acceso"), _("{} de {}").format(len(found), len(self._rows)))
        self._detail()

    def _pointed(self) -> None:
        self._code = None
        self._detail()

    def _detail(self) -> None:
        if not self.is_mounted:
            return
        row, zone = self.users.current, self.actor.at.zone
        lines = detail(row, self._codes, self.now(), zone) if row is not None else []
        if row is not None and self._code is not None and self._code[0] == row.username:
            lines += ["", Bit(_("Código de un solo uso, 24 horas:")), f"  {self._code[1]}"]
        self.page.show("", lambda _width: lines)
        self.prompt.hint(self._hint())
        self.keys_changed()

    def _hint(self) -> str:
        if self.filter.value:
            return _("{} de {}. Esc quita el filtro.").format(len(self.found()), len(self._rows))
        inside = sum(1 for row in self._rows if row.sessions)
        return _("{}, {} adentro. / filtra.").format(
            plural(len(self._rows), _("usuario"), _("usuarios")), inside
        )

    # Why a key cannot work

    def _nobody(self) -> str | None:
        return self.no_line() or (None if self.users.current else _("no hay nadie señalado"))

    def _not_me(self) -> str | None:
        row = self.users.current
        if row is not None and row.username == self.actor.username:
            return _("nadie se da derechos a sí mismo")
        return self._nobody()

    def _nothing_held(self) -> str | None:
        row = self.users.current
        return self._nobody() or (None if row and _held(row, self.now()) else _("no tiene nada que quitar"))

    def _not_in(self) -> str | None:
        row = self.users.current
        return self._nobody() or (None if row and row.sessions else _("no tiene sesiones abiertas"))

    def _not_a_person(self) -> str | None:
        row = self.users.current
        if row is not None and row.kind == "service":
            return _("es una cuenta de guiones")
        return self._nobody()

    # Keys

    async def open_sites(self) -> None:
        """`2`: where care happens, and what is done there."""
        from clinicdesk.tui.roles.sites import open_sites

        await open_sites(self.desk)

    def to_list(self) -> None:
        """The rows have the focus."""
        self.focus_on(self.users)

    def open_filter(self) -> None:
        """`/`: type to narrow."""
        self.add_class("-filtering")
        self.focus_on(self.filter)

    def back(self) -> None:
        """Esc: the filter goes."""
        self.remove_class("-filtering")
        self.filter.value = ""
        self.to_list()

    async def add(self) -> None:
        """`a`: a person with one role; a code lets them choose a password."""
        username = await self.prompt.ask(_("Usuario nuevo"), check=_bad_username, most=31)
        family = await self.prompt.ask(_("Apellidos"), check=_empty) if username else None
        given = await self.prompt.ask(_("Nombres")) if family else None
        role = await self._ask_role() if given is not None else None
        clinic = await self._ask_clinic() if role else None
        if username is None or family is None or given is None or role is None or clinic is None:
            return
        order = service.NewUser(
            username=username.lower(), family=family, given=given, role=role.value, clinic_id=clinic
        )
        answer = await self.do(service.add_user, order)
        await self._done(
            answer.username, _("Usuario {} agregado. Entregarle su código.").format(answer.username)
        )
        if answer.opens(order.code):
            self._show_code(answer.username, order.code)

    async def give(self) -> None:
        """`h`: a role or a single permission, at a clinic, until a day; that a doctor is a resident."""
        row = self._row()
        kinds = {"1": _("un rol"), "2": _("un derecho suelto")}
        if any(held.role == Role.MEDICO for held in row.roles):
            kinds["3"] = _("marca de residente")
        kind = await self.prompt.pick(_("Dar:"), kinds, at_once=True)
        if kind is None:
            return
        if kind == "3":
            await self._supervise(row)
            return
        held = await (self._ask_role() if kind == "1" else self._ask_permission(_("Derecho")))
        clinic = await self._ask_clinic() if held is not None else None
        if held is None or clinic is None:
            return
        last = await self.prompt.ask(_("Hasta el día (vacío: sin fecha)"), check=_bad_day)
        if last is None:
            return
        about = self._about(row, clinic)
        until = self._end_of(last)
        if isinstance(held, Role):
            await self.do(admin.give_role, admin.GiveRole(**about, role=held.value, until=until))
        else:
            await self._set_right(about, held, Effect.GRANT, until)
        await self._done(
            row.username, _("{}: {} en {}.").format(row.username, held.value, self._codes[clinic])
        )

    async def _supervise(self, row: UserRow) -> None:
        last = await self.prompt.ask(
            _("Residente hasta el día"), check=lambda text: _empty(text) or _bad_day(text)
        )
        if last is None:
            return
        await self.do(admin.supervise, admin.Supervise(username=row.username, until=self._end_of(last)))
        said = _("{}: lo que firme hasta el {} espera cofirma.")
        await self._done(row.username, said.format(row.username, last))

    async def take_away(self) -> None:
        """`x`: one of the roles and rights held, or being a resident."""
        row = self._row()
        held = _held(row, self.now())[:_MOST_LISTED]
        words = {str(at): self._held_words(each) for at, each in enumerate(held, 1)}
        chosen = await self.prompt.pick(_("Quitar:"), words)
        if chosen is None:
            return
        one = held[int(chosen) - 1]
        if isinstance(one, _Residency):
            await self.do(admin.supervise, admin.Supervise(username=row.username, until=None))
            await self._done(row.username, _("{}: firma sin cofirma.").format(row.username))
            return
        about = self._about(row, one.clinic_id)
        if isinstance(one, queries.RoleHeld):
            await self.do(admin.take_role, admin.TakeRole(**about, role=one.role))
        else:
            order = admin.ClearRight(**about, permission=Permission(one.permission))
            await self.do(admin.clear_right, order)
        await self._done(row.username, _("{}: sin {}.").format(row.username, words[chosen]))

    def _held_words(self, held: _Held) -> str:
        if isinstance(held, _Residency):
            return _("residente")
        what = held.role if isinstance(held, queries.RoleHeld) else held.permission
        return f"{what} {self._codes.get(held.clinic_id, '?')}"

    async def bar(self) -> None:
        """`b`: what shuts somebody out, or lets them in again."""
        row = self._row()
        enabled = row.disabled_at is None
        options = {
            "1": _("cerrar") if enabled else _("abrir"),
            "2": _("negar un derecho"),
            "3": _("vencimiento"),
            "4": _("dar intentos"),
        }
        chosen = await self.prompt.pick(f"{row.username}:", options, at_once=True)
        acts = {"1": self._switch, "2": self._deny, "3": self._expire, "4": self._unlock}
        if chosen is not None:
            await acts[chosen](row)

    async def _switch(self, row: UserRow) -> None:
        enabled = row.disabled_at is not None
        ask = _("Cerrar a {}: sus sesiones terminan ahora.").format(row.username)
        if not enabled and not await self.prompt.confirm(ask):
            return
        await self._close(admin.enable_user, admin.EnableUser(username=row.username, enabled=enabled))
        said = _("{} puede ingresar otra vez.") if enabled else _("{} está cerrado; sus sesiones terminaron.")
        await self._done(row.username, said.format(row.username))

    async def _deny(self, row: UserRow) -> None:
        permission = await self._ask_permission(_("Derecho que se niega"))
        clinic = await self._ask_clinic() if permission is not None else None
        if permission is None or clinic is None:
            return
        await self._set_right(self._about(row, clinic), permission, Effect.DENY, None)
        said = _("{}: {} negado en {}.").format(row.username, permission.value, self._codes[clinic])
        await self._done(row.username, said)

    async def _expire(self, row: UserRow) -> None:
        last = await self.prompt.ask(
            _("Último día de {} (vacío: sin fecha)").format(row.username), check=_bad_day
        )
        if last is None:
            return
        order = admin.ExpireUser(username=row.username, until=self._end_of(last))
        await self._close(admin.expire_user, order)
        said = _("{} ingresa hasta el {}.") if last else _("{} ingresa sin fecha de vencimiento.")
        await self._done(row.username, said.format(row.username, last))

    async def _unlock(self, row: UserRow) -> None:
        await self.do(admin.unlock_user, admin.UnlockUser(username=row.username))
        await self._done(row.username, _("{} puede volver a intentar.").format(row.username))

    async def end(self) -> None:
        """`f`: one session, or all of them."""
        row = self._row()
        open_now = await self.see(queries.list_sessions, queries.SessionsQuery(row.username))
        shown = open_now[:_MOST_LISTED]
        zone = self.actor.at.zone
        options = {str(at): session_words(each, self._codes, zone) for at, each in enumerate(shown, 1)}
        chosen = await self.prompt.pick(_("Terminar:"), {"0": _("todas"), **options})
        if chosen is None:
            return
        one = shown[int(chosen) - 1].id if chosen != "0" else None
        answer = await self.do(admin.end_sessions, admin.EndSessions(username=row.username, session_id=one))
        ended = plural(answer.ended, _("sesión terminada"), _("sesiones terminadas"))
        await self._done(row.username, f"{row.username}: {ended}.")

    async def issue_code(self) -> None:
        """`p`: a single-use code, to be written down or printed by `clinicdesk user reset -o`."""
        row = self._row()
        if not await self.prompt.confirm(_("Dar a {} un código para poner otra clave.").format(row.username)):
            return
        order = service.ResetPassword(username=row.username)
        answer = await self.do(service.reset_password, order)
        await self._done(row.username, _("Código para {}: a la derecha, una sola vez.").format(row.username))
        if answer.opens(order.code):
            self._show_code(row.username, order.code)

    # What the keys share

    def _row(self) -> UserRow:
        row = self.users.current
        if row is None:
            raise RuntimeError("a key acted without a row")  # why_not said no before
        return row

    def _about(self, row: UserRow, clinic: int) -> dict[str, Any]:
        return {"username": row.username, "clinic_id": clinic, "clinic": self._codes.get(clinic, "")}

    async def _set_right(
        self, about: dict[str, Any], permission: Permission, effect: Effect, until: datetime | None
    ) -> None:
        order = admin.SetRight(**about, permission=permission, effect=effect, until=until)
        await self.do(admin.set_right, order)

    async def _close(self, case: UseCase[OrderT, admin.AccessAnswer], order: OrderT) -> None:
        """What may shut a login: connections that slipped in meanwhile are looked for afterwards."""
        await self.link.hop(admin.closing, self.link.session.desk(), case, order)

    async def _done(self, username: str, said: str) -> None:
        await self.reread()
        self.users.settle()
        self.users.select(username)
        self.prompt.say(said)

    def _show_code(self, username: str, code: str) -> None:
        self._code = (username, code)
        self._detail()

    async def _ask_role(self) -> Role | None:
        chosen = await self.prompt.ask(_("Rol"), check=lambda text: None if text in STAFF_ROLES else _ROLES)
        return Role(chosen) if chosen is not None else None

    async def _ask_permission(self, words: str) -> Permission | None:
        known = set(Permission)
        chosen = await self.prompt.ask(
            words,
            check=lambda text: None if text in known else _("No es un derecho: turn.overbook, report.read…"),
        )
        return Permission(chosen) if chosen is not None else None

    async def _ask_clinic(self) -> int | None:
        """The clinic's id by its code; where there is one alone, that."""
        ids = {code: clinic_id for clinic_id, code in self._codes.items()}
        if len(ids) == 1:
            return next(iter(ids.values()))
        none = _("No hay ese centro: {}.").format(", ".join(sorted(ids)[:8]))
        code = await self.prompt.ask(
            _("Centro"),
            default=self.actor.at.clinic_code,
            check=lambda text: None if text.upper() in ids else none,
        )
        return ids[code.upper()] if code is not None else None

    def _end_of(self, text: str) -> datetime | None:
        day = parsed_day(text)
        return clock.day_bounds(day, self.actor.at.zone)[1] if day is not None else None


class _Residency:
    """That somebody signs under supervision."""


_Held = queries.RoleHeld | queries.RightHeld | _Residency


def _held(row: UserRow, now: datetime) -> list[_Held]:
    """Being a resident first, then roles and personal rights."""
    return [*([_Residency()] if row.is_resident(now) else []), *row.roles, *row.rights]


_ROLES: Final = _("Un rol: admisionista secretaria medico enfermeria laboratorio resultados gestion…")


def parsed_day(text: str) -> date | None:
    """A day as typed, `30/11/2026`; None where it is none."""
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _bad_day(text: str) -> str | None:
    return None if not text or parsed_day(text) is not None else _("Se espera día/mes/año: 30/11/2026.")


def _bad_username(text: str) -> str | None:
    good = rules.is_username(text.lower())
    return None if good else _("De 2 a 31 letras, números, punto o guion; empieza con letra.")


def _empty(text: str) -> str | None:
    return None if text else _("No puede quedar vacío.")
