"""The beginnings of a note: what the program brings, the network's, a clinic's and a doctor's own."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, literal_column, or_, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.records.headings import HEADINGS, headings_of
from clinicdesk.clinic.records.model import note_templates, template_favourites, template_picks
from clinicdesk.clinic.records.rules import typed_text
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.errors import SpecialtyNotFound
from clinicdesk.clinic.sites.model import clinics, specialties
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.turns.services import seen_for
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.text import clean_line
from clinicdesk.kit.words import _

SOAP: Final = "SOAP"
FREE: Final = _("Libre")
SELF: Final[Any] = literal_column("session_user")


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A beginning of a note. `first`: the one that comes by itself to who practises the specialty.

    `specialty` is a code, None for all, `specialty_name` how people call it; `clinic` the code of the only
    clinic that has it. Those of the program itself have no id. `own`: the reader's; `favourite`: at hand.
    """

    id: int | None
    specialty: str | None
    name: str
    body: str
    first: bool = False
    active: bool = True
    version: int = 1
    own: bool = False
    clinic: str | None = None
    specialty_name: str | None = None
    favourite: bool = False

    @property
    def key(self) -> str:
        """What it is remembered by."""
        return self.name if self.id is None else str(self.id)


BUILT_IN: Final = (
    TemplateRow(None, None, SOAP, "\n\n".join(HEADINGS)),
    TemplateRow(None, None, FREE, ""),
)


@dataclass(frozen=True, slots=True)
class TemplatesQuery:
    """Every template of the network and of clinics, and the reader's own; those retired too."""


@dataclass(frozen=True, slots=True)
class MyTemplatesQuery:
    """What the actor may begin a note with, about a specialty where it is known by its name."""

    specialty: str = ""


@view("template.list", needs=Permission.SITE_READ)
def list_templates(tx: Reader, _query: TemplatesQuery) -> tuple[TemplateRow, ...]:
    """The network's and the reader's own, by name."""
    return tx.into(TemplateRow, _rows().order_by(note_templates.c.name, note_templates.c.id))


@view("template.mine", needs=Permission.SITE_READ)
def my_templates(tx: Reader, query: MyTemplatesQuery) -> tuple[TemplateRow, ...]:
    """The actor's own, the network's for their specialties and for all, the program's; see `in_order`."""
    of, at = note_templates.c, tx.actor.at
    today = clock.local_day(tx.now, at.zone)
    by_name = select(specialties.c.id).join(people, people.c.specialty == specialties.c.name)
    shared = and_(
        of.login.is_(None),
        or_(of.clinic_id.is_(None), of.clinic_id == at.clinic_id),
        or_(
            of.specialty_id.is_(None),
            of.specialty_id.in_(seen_for(at.clinic_id, tx.actor.person_id, today)),
            of.specialty_id.in_(by_name.where(people.c.id == tx.actor.person_id)),
        ),
    )
    statement = _rows().where(of.active, or_(of.login == SELF, shared))
    rows = tx.into(TemplateRow, statement.order_by(of.specialty_id.is_(None), of.name, of.id))
    return in_order((*rows, *BUILT_IN), _kept(tx), _picked(tx, query.specialty), query.specialty)


def in_order(
    rows: Sequence[TemplateRow], kept: Container[str], picked: Mapping[str, datetime], specialty: str
) -> tuple[TemplateRow, ...]:
    """Templates as they are offered, pure; the first comes by itself.

    What was taken last for this specialty, what is kept at hand, what was taken before; then the one that a
    specialty's notes begin with, the program's own, the actor's, the rest.
    """
    last = max(picked, key=lambda key: picked[key], default=None)

    def rank(row: TemplateRow) -> tuple[int, float]:
        fits = not specialty or row.specialty_name in {None, specialty}
        ranks = (
            (row.key == last, 0),
            (row.key in kept and fits, 1),
            (row.key in picked, 2),
            (row.first and fits, 3),
            (row.id is None, 4),
            (row.own or row.key in kept, 5),
        )
        at = picked.get(row.key)
        return next((place for holds, place in ranks if holds), 6), -at.timestamp() if at else 0.0

    return tuple(replace(row, favourite=row.key in kept) for row in sorted(rows, key=rank))


def _kept(tx: Reader) -> frozenset[str]:
    of = template_favourites.c
    return frozenset(row.template for row in tx.rows(select(of.template).where(of.login == SELF)))


def _picked(tx: Reader, specialty: str) -> dict[str, datetime]:
    of = template_picks.c
    statement = select(of.template, of.at).where(of.login == SELF, of.specialty == specialty)
    return {row.template: row.at for row in tx.rows(statement)}


def known_headings(tx: Reader) -> tuple[str, ...]:
    """Those of every template that the actor may have begun with, retired ones too."""
    bodies = [row.body for row in tx.rows(select(note_templates.c.body))]
    return headings_of("\n".join(HEADINGS), *bodies)


def _rows() -> Any:
    of = note_templates.c
    own = and_(of.login.is_not(None), of.login == SELF)
    columns = (of.id, specialties.c.code, of.name, of.body, of.first, of.active, of.version, own)
    return (
        select(*columns, clinics.c.code, specialties.c.name)
        .outerjoin_from(note_templates, specialties, specialties.c.id == of.specialty_id)
        .outerjoin(clinics, clinics.c.id == of.clinic_id)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTemplate(Order):
    """A beginning of a note for a specialty (its code), or for all. Lines ending in a colon are headings.

    `here`: of the clinic where the actor acts, and not of the network; None leaves that as it is.
    """

    name: str
    body: str
    specialty: str | None = None
    first: bool = False
    active: bool = True
    here: bool | None = None

    @property
    def subject(self) -> str:
        """Which template."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class EditTemplate(AddTemplate):
    """A template as it is from now on; one that is not `active` is retired. Notes keep what was typed."""

    template_id: int
    version: int = as_read()


@use_case("template.add", needs=Permission.TEMPLATE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def add_template(tx: Tx, order: AddTemplate) -> SiteAnswer:
    """Add a template. Raises TemplateTaken, BadTemplate, SpecialtyNotFound."""
    return editing.add(tx, note_templates, order.name, _values(tx, order))


@use_case("template.edit", needs=Permission.TEMPLATE_MANAGE, answer=SiteAnswer, purpose="ADMIN")
def edit_template(tx: Tx, order: EditTemplate) -> SiteAnswer:
    """Change or retire a template.

    Raises SiteRowNotFound, SiteChanged, TemplateTaken, BadTemplate, SpecialtyNotFound.
    """
    values = _values(tx, order)
    return editing.edit(tx, note_templates, order.template_id, order.version, order.name, values, login=None)


def _values(tx: Tx, order: AddTemplate) -> dict[str, Any]:
    values = worded(tx, order.name, order.body, order.specialty)
    if order.here is not None:
        values["clinic_id"] = tx.actor.at.clinic_id if order.here else None
    return values | {"first": order.first, "active": order.active}


def worded(tx: Tx, name: str, body: str, specialty: str | None) -> dict[str, Any]:
    """What every template has, as it is stored. Raises SpecialtyNotFound."""
    return {
        "specialty_id": _specialty_id(tx, specialty),
        "name": clean_line(name),
        "body": typed_text(body).strip("\n"),
    }


def _specialty_id(tx: Tx, code: str | None) -> int | None:
    if code is None:
        return None
    row = tx.first(select(specialties.c.id).where(specialties.c.code == code))
    if row is None:
        raise SpecialtyNotFound(code=code)
    return int(row.id)
