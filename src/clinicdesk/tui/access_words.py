"""What people hold and whether they get in, in the words of the screen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from clinicdesk.clinic.access.queries import RightHeld, RoleHeld, SessionRow, UserRow
from clinicdesk.kit.names import full_name
from clinicdesk.kit.words import _, plural
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Cell
from clinicdesk.tui.roles import role_word


def state_bit(row: UserRow, now: datetime, zone: str) -> Bit:
    """`× cerrado`, `! vence 30/11`, `2 sesiones`, `activo`: what counts most, first."""
    if row.disabled_at is not None:
        return Bit(_("× cerrado"), Tone.ERROR)
    if row.expires_at is not None and row.expires_at <= now:
        return Bit(_("× venció {}").format(last_day(row.expires_at, zone)), Tone.ERROR)
    if row.expires_at is not None:
        return Bit(_("! vence {}").format(last_day(row.expires_at, zone)), Tone.TITLE)
    if row.sessions:
        return Bit(f"  {plural(row.sessions, _('sesión'), _('sesiones'))}")
    return Bit(_("  activo"))


def last_day(until: datetime, zone: str) -> str:
    """The last day before an end, on the clinic's calendar."""
    return f"{(until - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)):%d/%m/%y}"


def roles_text(row: UserRow, codes: Mapping[int, str]) -> str:
    """`Médico NORTE, Admisión SUR`; what a script's account is."""
    if row.kind == "service":
        return _("cuenta de guiones")
    return ", ".join(f"{role_word(held.role)} {codes.get(held.clinic_id, '?')}" for held in row.roles)


def detail(row: UserRow, codes: Mapping[int, str], now: datetime, zone: str) -> list[Cell]:
    """Everything about one login."""
    lines: list[Cell] = [
        Bit(full_name(row.family, row.given), Tone.TITLE),
        f"{_('Ingresa como')}  {row.username}",
    ]
    if row.license:
        lines.append(f"{_('Matrícula')}  {row.license}")
    if row.supervised_until is not None and row.is_resident(now):
        until = last_day(row.supervised_until, zone)
        lines.append(Bit(_("Residente hasta {}").format(until), Tone.TITLE))
    lines += [[Bit(f"{_('Estado')}  "), state_bit(row, now, zone)], ""]
    if row.kind == "person":
        lines.append(Bit(_("Roles"), Tone.TITLE))
        lines += [line for held in row.roles for line in _role_lines(held, codes, now, zone)]
        lines += [f"  {_('ninguno')}"] * (not row.roles) + [""]
    if row.rights:
        lines += [Bit(_("Derechos sueltos"), Tone.TITLE)]
        lines += [line for held in row.rights for line in _right_lines(held, codes, now, zone)]
        lines.append("")
    last = _when(row.last_at, zone) if row.last_at is not None else _("nunca")
    lines += [f"{_('Último ingreso')}  {last}", *([f"  {row.last_host}"] if row.last_host else [])]
    if row.must_change:
        lines.append(_("La clave es provisoria."))
    return lines


def _role_lines(held: RoleHeld, codes: Mapping[int, str], now: datetime, zone: str) -> list[Cell]:
    return [
        f"  {role_word(held.role)} · {codes.get(held.clinic_id, '?')}",
        *_end_lines(held.until, now, zone),
    ]


def _right_lines(held: RightHeld, codes: Mapping[int, str], now: datetime, zone: str) -> list[Cell]:
    mark, tone = (_("+ dado"), Tone.TEXT) if held.effect == "grant" else (_("× negado"), Tone.ERROR)
    head = Bit(f"  {mark} {held.permission} · {codes.get(held.clinic_id, '?')}", tone)
    why: list[Cell] = [f"    {held.reason}"] if held.reason else []
    return [head, *_end_lines(held.until, now, zone), *why]


def _end_lines(until: datetime | None, now: datetime, zone: str) -> list[Cell]:
    return [] if until is None else [f"    {_end(until, now, zone)}"]


def _end(until: datetime, now: datetime, zone: str) -> str:
    return (_("venció {}") if until <= now else _("hasta {}")).format(last_day(until, zone))


def _when(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%d/%m/%y %H:%M}"


def session_words(row: SessionRow, codes: Mapping[int, str], zone: str) -> str:
    """`09:41 recepción-1, Admisión NORTE`: one of several sessions to choose from."""
    place = f"{role_word(row.role)} {codes.get(row.clinic_id, '?')}"
    return f"{_when(row.started_at, zone)} {row.host}, {place}"


def last_login(last_at: datetime | None, host: str | None, zone: str) -> str:
    """`Último ingreso: sáb 21 nov 13:04, recepción-1`."""
    if last_at is None:
        return _("Primer ingreso con este usuario.")
    local = last_at.astimezone(ZoneInfo(zone))
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local:%H:%M}"
    return _("Último ingreso: {}, {}").format(day, host or "?")


_DAYS = _("lun mar mié jue vie sáb dom").split()
_MONTHS = _("ene feb mar abr may jun jul ago sep oct nov dic").split()
