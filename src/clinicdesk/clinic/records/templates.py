"""The beginnings of a note: what the program brings, and the network's own, for a specialty or for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import or_, select

from clinicdesk.clinic.access.model import people
from clinicdesk.clinic.records.model import note_templates
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.errors import SpecialtyNotFound
from clinicdesk.clinic.sites.model import specialties
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.turns.services import seen_for
from clinicdesk.clinic.usecases import Order, Reader, Tx, use_case, view
from clinicdesk.kit import clock
from clinicdesk.kit.text import clean, clean_line
from clinicdesk.kit.words import _

HEADINGS: Final = (_("Motivo:"), _("Subjetivo:"), _("Objetivo:"), _("Plan:"))
"""Of a SOAP note. The diagnoses stand beside the text, each with its code."""
SOAP: Final = "SOAP"
FREE: Final = _("Libre")


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """A beginning of a note. `first`: the one that comes by itself to who practises the specialty.

    `specialty` is a code, None for all. Those of the program itself have no id.
    """

    id: int | None
    specialty: str | None
    name: str
    body: str
    first: bool = False
    active: bool = True
    version: int = 1


BUILT_IN: Final = (
    TemplateRow(None, None, SOAP, "\n\n".join(HEADINGS)),
    TemplateRow(None, None, FREE, ""),
)


@dataclass(frozen=True, slots=True)
class TemplatesQuery:
    """Every template of the network, those that are offered no more too."""


@dataclass(frozen=True, slots=True)
class MyTemplatesQuery:
    """What the actor may begin a note with, the one that comes by itself first."""


@view("template.list", needs=Permission.SITE_READ)
def list_templates(tx: Reader, _query: TemplatesQuery) -> tuple[TemplateRow, ...]:
    """The network's own, by name."""
    return tx.into(TemplateRow, _rows().order_by(note_templates.c.name))


@view("template.mine", needs=Permission.SITE_READ)
def my_templates(tx: Reader, _query: MyTemplatesQuery) -> tuple[TemplateRow, ...]:
    """The network's for the actor's specialties and for all, the program's own last."""
    of, at = note_templates.c, tx.actor.at
    today = clock.local_day(tx.now, at.zone)
    by_name = select(specialties.c.id).join(people, people.c.specialty == specialties.c.name)
    mine = or_(
        of.specialty_id.is_(None),
        of.specialty_id.in_(seen_for(at.clinic_id, tx.actor.person_id, today)),
        of.specialty_id.in_(by_name.where(people.c.id == tx.actor.person_id)),
    )
    statement = _rows().where(of.active, mine)
    own = tx.into(TemplateRow, statement.order_by(of.first.desc(), of.specialty_id.is_(None), of.name))
    first = [row for row in own if row.first]
    return (*first, *BUILT_IN, *(row for row in own if not row.first))


def _rows() -> Any:
    of = note_templates.c
    return select(
        of.id, specialties.c.code, of.name, of.body, of.first, of.active, of.version
    ).outerjoin_from(note_templates, specialties, specialties.c.id == of.specialty_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTemplate(Order):
    """A beginning of a note for a specialty (its code), or for all. Lines ending in a colon are headings."""

    name: str
    body: str
    specialty: str | None = None
    first: bool = False
    active: bool = True

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
    return editing.edit(tx, note_templates, order.template_id, order.version, order.name, _values(tx, order))


def _values(tx: Tx, order: AddTemplate) -> dict[str, Any]:
    return {
        "specialty_id": _specialty_id(tx, order.specialty),
        "name": clean_line(order.name),
        "body": "\n".join(line.rstrip() for line in clean(order.body).strip("\n").split("\n")),
        "first": order.first,
        "active": order.active,
    }


def _specialty_id(tx: Tx, code: str | None) -> int | None:
    if code is None:
        return None
    row = tx.first(select(specialties.c.id).where(specialties.c.code == code))
    if row is None:
        raise SpecialtyNotFound(code=code)
    return int(row.id)
