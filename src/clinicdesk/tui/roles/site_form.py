"""The form of a clinic, floor, room, holiday, specialty or procedure, new or as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from textual.widget import Widget

from clinicdesk.clinic.changes import Change
from clinicdesk.clinic.sites.errors import SiteChanged
from clinicdesk.clinic.sites.queries import ClinicRow
from clinicdesk.kit.words import _
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bit, Body, Command, Field, Rule, TextLines
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.site_sections import Section

_LABEL: Final = 16


class SiteForm(ClinicScreen):
    """Fields; F8 saves. What somebody else saved meanwhile is shown beside what was typed, never undone."""

    NAME = _("Datos de centros")

    def __init__(
        self, section: Section, row: Any | None, site: ClinicRow, done: Callable[[str], None]
    ) -> None:
        """`row` None is a new one; `done` takes what to say when it is saved."""
        super().__init__()
        self._section, self._row, self._site, self._done = section, row, site, done
        texts = section.told(row) if row is not None else {}
        self.fields = {
            each.name: Field(
                each.label,
                texts.get(each.name, ""),
                label_width=_LABEL,
                most=each.most,
                note=f"({each.note})" if each.note else "",
            )
            for each in section.fields
        }
        self._began = self._typed()
        self._seen_again = False
        """Whether somebody else saved the row meanwhile, and what they say is shown."""

    def body(self) -> Iterable[Widget]:
        """A title over the fields."""
        what = self._section.one if self._row is None else self._section.name(self._row)
        title = _("{} · agregar") if self._row is None else f"{self._section.one} {{}}"
        where = f" · {self._site.name}" if self._section.of_clinic else ""
        yield Body(TextLines(Bit(f" {title.format(what)}{where}", Tone.TITLE), ""), *self.fields.values())
        yield Rule()

    def commands(self) -> Iterable[Command]:
        """Fields, save, leave."""
        yield Command("enter", _("Campo"), self.next_field, _("campo siguiente"), bar=False)
        yield Command("down", _("Campo"), self.next_field, bar=False)
        yield Command("tab", _("Campo"), self.next_field, _("campo siguiente"))
        yield Command("up", _("Campo"), self.previous_field, _("campo anterior"), bar=False)
        yield Command("f8", _("Guardar"), self.save, _("guardar"), why_not=self.no_line)
        yield Command("escape", _("Volver"), self.back, _("volver sin guardar"))

    def started(self) -> None:
        """The first field has the focus."""
        self.focus_on(next(iter(self.fields.values())))
        self.prompt.hint(_("F8 guarda. Esc vuelve sin guardar."))

    @property
    def unsaved(self) -> bool:
        """Whether something was typed that is nowhere else."""
        return self._typed() != self._began

    def next_field(self) -> None:
        """Down one."""
        self.focus_next()
        self.keys_changed()

    def previous_field(self) -> None:
        """Up one."""
        self.focus_previous()
        self.keys_changed()

    def _typed(self) -> dict[str, str]:
        return {name: field.value for name, field in self.fields.items()}

    async def save(self) -> None:
        """F8. Over what somebody else wrote only when it was seen and is said so."""
        use_case, order = self._section.order(self._typed(), self._row, self._site)
        if self._seen_again and not await self.prompt.confirm(
            _("Guardar lo escrito sobre lo que dice ahora:")
        ):
            return
        try:
            answer = await self.do(use_case, order)
        except SiteChanged:
            await self._compare()
            raise
        self.desk.pop_screen()
        said = _("{} {} agregado.") if self._row is None else _("{} {} guardado.")
        self._done(said.format(self._section.one, answer.code))

    async def changed(self, changes: tuple[Change, ...]) -> None:
        """F5 after a refusal: what the row says by now."""
        if not changes and self._seen_again:
            await self._compare()

    async def _compare(self) -> None:
        """What the row says now stands beside what was typed."""
        if self._row is None:
            return
        rows = await self._section.rows(self, self._site)
        fresh = next((row for row in rows if row.id == self._row.id), None)
        if fresh is None:
            self.prompt.refuse(_("Ya no está: alguien lo quitó. Lo escrito sigue aquí hasta Esc."))
            return
        self._row, self._seen_again = fresh, True
        texts = self._section.told(fresh)
        for name, field in self.fields.items():
            other = texts[name] != field.value
            field.note(Bit(_("ahora: {}").format(texts[name] or _("vacío")), Tone.ERROR) if other else "")
        self.prompt.hint(_("Al lado de cada campo, lo que dice ahora. F8 guarda lo escrito."))

    async def back(self) -> None:
        """Esc: what was typed is given up only when it is said so."""
        if self.unsaved and not await self.prompt.confirm(_("Dejar lo escrito sin guardar:")):
            return
        self.desk.pop_screen()
