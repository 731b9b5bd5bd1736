"""Ctrl+T: what a note begins with; a doctor's own are made from the note, renamed, retired, kept at hand."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

from clinicdesk.clinic.records import own_templates, templates, unfilled
from clinicdesk.clinic.records.headings import heading
from clinicdesk.clinic.records.templates import TemplateRow
from clinicdesk.kit.errors import Refusal
from clinicdesk.kit.words import _
from clinicdesk.tui.screens import ClinicScreen

_KEYS: Final = "123456789bcdghiklmnoprstuvwyz"
_ADD, _RENAME, _KEEP, _RETIRE = "a", "e", "f", "x"
_NAME_MOST: Final = 40


class TemplateMenu:
    """The templates offered to one doctor for a note about a specialty. `rows` are they, in their order."""

    def __init__(
        self, screen: ClinicScreen, rows: Sequence[TemplateRow], specialty: str, patient: str
    ) -> None:
        """`patient` is the name that no template keeps."""
        self._screen, self.rows = screen, tuple(rows)
        self._specialty, self._patient = specialty, patient

    async def choose(self, text: str, known: Sequence[str]) -> TemplateRow | None:
        """The one that the note goes on with; None where nothing of it changes. Raises Refusal."""
        offered = dict(zip(_KEYS, self.rows, strict=False))
        acts = {_ADD: _("guardar esta"), _KEEP: _("favorita")}
        if any(row.own for row in self.rows):
            acts |= {_RENAME: _("nombre"), _RETIRE: _("retirar")}
        key = await self._screen.prompt.pick(_("Plantilla:"), _words(offered) | acts, at_once=True)
        if key == _ADD:
            await self._add(text, known)
        elif key == _KEEP:
            await self._keep()
        elif key in {_RENAME, _RETIRE}:
            await self._change(retire=key == _RETIRE)
        elif key is not None:
            await self._remember(offered[key])
            return offered[key]
        return None

    async def _remember(self, row: TemplateRow) -> None:
        """Without a line the note goes on, and the next one begins as before."""
        order = own_templates.PickTemplate(template=row.key, specialty=self._specialty)
        with contextlib.suppress(Refusal):
            await self._screen.do(own_templates.pick_template, order)

    async def _add(self, text: str, known: Sequence[str]) -> None:
        """The note that is written as the beginning of others: of the patient it keeps nothing."""
        prompt = self._screen.prompt
        what = {"1": _("los encabezados"), "2": _("el texto, sin números ni el nombre")}
        how = await prompt.pick(_("Plantilla suya con:"), what, at_once=True)
        if how is None:
            return
        body = headings_alone(text, known) if how == "1" else unfilled.emptied(text, [self._patient])
        if not body.strip():
            prompt.refuse(_("No hay nada que guardar como plantilla."))
            return
        name = await self._ask_name("")
        if name is not None:
            await self._screen.do(own_templates.add_own, own_templates.AddOwn(name=name, body=body))
            await self._read_again()
            prompt.say(_("Plantilla «{}» guardada, solo suya.").format(name))

    async def _keep(self) -> None:
        row = await self._which(_("Favorita, o que deje de serlo:"), self.rows)
        if row is None:
            return
        order = own_templates.KeepTemplate(template=row.key, keep=not row.favourite)
        answer = await self._screen.do(own_templates.keep_template, order)
        await self._read_again()
        said = (
            _("«{}» queda entre sus favoritas.") if answer.kept else _("«{}» ya no está entre sus favoritas.")
        )
        self._screen.prompt.say(said.format(row.name))

    async def _change(self, *, retire: bool) -> None:
        """Another name, or offered no more."""
        own = [row for row in self.rows if row.own]
        row = await self._which(_("Retirar:") if retire else _("Cambiar el nombre de:"), own)
        if row is None or row.id is None:
            return
        name = row.name if retire else await self._ask_name(row.name)
        if name is None:
            return
        order = own_templates.EditOwn(
            template_id=row.id,
            version=row.version,
            name=name,
            body=row.body,
            specialty=row.specialty,
            active=not retire,
        )
        await self._screen.do(own_templates.edit_own, order)
        await self._read_again()
        said = _("«{}» no se ofrece más.") if retire else _("La plantilla se llama ahora «{}».")
        self._screen.prompt.say(said.format(name))

    async def _which(self, asked: str, rows: Sequence[TemplateRow]) -> TemplateRow | None:
        offered = dict(zip(_KEYS, rows, strict=False))
        key = await self._screen.prompt.pick(asked, _words(offered), at_once=True)
        return None if key is None else offered[key]

    async def _ask_name(self, before: str) -> str | None:
        return await self._screen.prompt.ask(
            _("Nombre de la plantilla:"),
            default=before,
            most=_NAME_MOST,
            check=lambda text: None if text else _("Falta el nombre."),
        )

    async def _read_again(self) -> None:
        query = templates.MyTemplatesQuery(self._specialty)
        self.rows = await self._screen.see(templates.my_templates, query)


def _words(offered: Mapping[str, TemplateRow]) -> dict[str, str]:
    """How each is called; a star for those at hand."""
    return {key: f"{row.name}*" if row.favourite else row.name for key, row in offered.items()}


def headings_alone(text: str, known: Sequence[str]) -> str:
    """A note's headings in their order, with nothing under them."""
    heads = (line[: heading(line, known)] for line in text.split("\n"))
    return "\n\n".join(filter(None, heads))
