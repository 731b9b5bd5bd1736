"""What the commands of sites share: whose row is meant, what was given, what stands in its place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.sites.queries import ClinicRow

T = TypeVar("T")

NONE: Final = "-"
"""Typed in an option: nothing, instead of what the row has."""

Site = Annotated[
    str | None,
    typer.Option("--site", metavar=_("CÓDIGO"), help=_("De otro centro que aquel en el que se actúa.")),
]


def clinic_rows(call: Call) -> tuple[ClinicRow, ...]:
    """All clinics."""
    from clinicdesk.clinic.sites import queries

    return call.desk.see(queries.list_clinics, queries.SitesQuery())


def clinic_of(call: Call, code: str) -> ClinicRow:
    """The clinic of a code. Raises ClinicNotFound."""
    from clinicdesk.clinic.sites.errors import ClinicNotFound

    for row in clinic_rows(call):
        if row.code == code.strip().upper():
            return row
    raise ClinicNotFound(code=code)


def site_id(call: Call, code: str | None) -> int:
    """The clinic meant: the one given, else where the person acts. Raises ClinicNotFound."""
    return call.session().actor.at.clinic_id if code is None else clinic_of(call, code).id


def the_row(rows: Iterable[T], table: str, said: object, /, **wanted: object) -> T:
    """The row whose fields are these. Raises SiteRowNotFound."""
    from clinicdesk.clinic.sites.errors import SiteRowNotFound
    from clinicdesk.clinic.sites.rules import WORDS

    for row in rows:
        if all(getattr(row, name) == value for name, value in wanted.items()):
            return row
    raise SiteRowNotFound(what=WORDS[table], code=said)


def given(new: str | None, old: str | None) -> str | None:
    """What an option leaves: the old value where it was not typed, nothing for `-`."""
    if new is None:
        return old
    return None if new == NONE else new


def words_given(new: str | None, old: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The same for a list of words between commas."""
    if new is None:
        return old
    return () if new == NONE else tuple(filter(None, (word.strip() for word in new.split(","))))


def told(row: object, *names: str) -> dict[str, Any]:
    """Fields of a row as an object."""
    return {name: getattr(row, name) for name in names}


def facts(data: dict[str, Any], titles: dict[str, str]) -> list[str]:
    """`Título: valor` for each fact that is known."""
    return [
        f"{title}: {_said(data[name])}" for name, title in titles.items() if data[name] not in (None, "", ())
    ]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return _("sí") if value else _("no")
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
