"""A doctor's own beginnings of a note: made, renamed, retired; kept at hand, and remembered when taken."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as upsert

from clinicdesk.clinic.records import templates
from clinicdesk.clinic.records.model import note_templates, template_favourites, template_picks
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.sites import editing
from clinicdesk.clinic.sites.editing import SiteAnswer
from clinicdesk.clinic.sites.places import as_read
from clinicdesk.clinic.usecases import Order, Tx, use_case


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOwn(Order):
    """A template that its maker alone begins notes with, about a specialty (its code) or any."""

    name: str
    body: str
    specialty: str | None = None
    active: bool = True

    @property
    def subject(self) -> str:
        """Which template."""
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class EditOwn(AddOwn):
    """One of one's own as it is from now on; one that is not `active` is retired."""

    template_id: int
    version: int = as_read()


@use_case("template.add_own", needs=Permission.NOTE_WRITE, answer=SiteAnswer)
def add_own(tx: Tx, order: AddOwn) -> SiteAnswer:
    """Add a template of one's own. Raises TemplateTaken, BadTemplate, SpecialtyNotFound."""
    values = templates.worded(tx, order.name, order.body, order.specialty)
    values |= {"active": order.active, "login": templates.SELF}
    return editing.add(tx, note_templates, order.name, values)


@use_case("template.edit_own", needs=Permission.NOTE_WRITE, answer=SiteAnswer)
def edit_own(tx: Tx, order: EditOwn) -> SiteAnswer:
    """Change or retire a template of one's own; notes keep what was typed.

    Raises SiteRowNotFound, SiteChanged, TemplateTaken, BadTemplate, SpecialtyNotFound.
    """
    values = templates.worded(tx, order.name, order.body, order.specialty) | {"active": order.active}
    mine = tx.run(select(templates.SELF)).scalar_one()
    return editing.edit(tx, note_templates, order.template_id, order.version, order.name, values, login=mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTemplate(Order):
    """A template at hand, by its key; with `keep` False no longer."""

    template: str
    keep: bool = True

    @property
    def subject(self) -> str:
        """Which template."""
        return self.template[:20]


@dataclass(frozen=True, slots=True)
class KeptTemplate:
    """The template, and whether it is at hand now."""

    template: str
    kept: bool


@use_case("template.favourite", needs=Permission.NOTE_WRITE, answer=KeptTemplate)
def keep_template(tx: Tx, order: KeepTemplate) -> KeptTemplate:
    """Put a template among the actor's favourites, or away. Raises BadTemplate."""
    of = template_favourites.c
    if order.keep:
        row = upsert(template_favourites).values(template=order.template, at=tx.now).inline()
        tx.write(row.on_conflict_do_nothing(constraint="template_favourites_pk"))
    else:
        own = of.login == templates.SELF
        tx.write(delete(template_favourites).where(own, of.template == order.template))
    return KeptTemplate(order.template, order.keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class PickTemplate(Order):
    """A note about a specialty (its name, blank for none) was begun with a template."""

    template: str
    specialty: str = ""


@dataclass(frozen=True, slots=True)
class PickedTemplate:
    """What the next note of that specialty begins with."""

    template: str
    specialty: str


@use_case("template.pick", needs=Permission.NOTE_WRITE, answer=PickedTemplate)
def pick_template(tx: Tx, order: PickTemplate) -> PickedTemplate:
    """Remember it: the next note of that specialty begins with it. Raises BadTemplate."""
    row = upsert(template_picks).values(specialty=order.specialty, template=order.template, at=tx.now)
    again = row.on_conflict_do_update(constraint="template_picks_pk", set_={"at": row.excluded.at})
    tx.write(again.inline())
    return PickedTemplate(order.template, order.specialty)
