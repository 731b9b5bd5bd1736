"""The form for a person new to the network, beside the people they might already be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final
from uuid import UUID

from textual.widget import Widget

from clinicdesk.clinic.patients import alike as likely
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import rules, service
from clinicdesk.clinic.patients.alike import Alike
from clinicdesk.clinic.patients.asking import understood
from clinicdesk.clinic.patients.errors import DocumentKnown
from clinicdesk.clinic.patients.facts import FACTS
from clinicdesk.clinic.patients.particulars import Place
from clinicdesk.clinic.patients.queries import Found, PatientRow
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.names import mixed_case, sex_age, short_name
from clinicdesk.kit.words import _
from clinicdesk.tui.finder import Burst, Finder
from clinicdesk.tui.look import Tone
from clinicdesk.tui.parts import Bar, Bit, Body, Cell, Command, Field, Row, Rule, TextLines
from clinicdesk.tui.roles.further import (
    further_pages,
    further_problems,
    last_of_first_page,
    order_parts,
    provisional,
)
from clinicdesk.tui.roles.patient_form import PatientForm, parsed_date
from clinicdesk.tui.turn_lists import sealed_bit

_ALIKE_WIDTH: Final = 34
_MOST_ALIKE: Final = 4
_NAME_IN_QUESTION: Final = 26
_NAME_IN_TITLE: Final = 42
_BEFORE_COVERAGE: Final = ("family", "given", "sex", "birth", "phone", "email")
_HINTS: Final = (
    _("F8 guarda. AvPág: más datos. Sin documento: dejarlo en blanco."),
    _("F8 guarda. AvPág: responsables y contactos. RePág: primeros datos."),
    _("F8 guarda. RePág: datos anteriores. AvPág: primeros datos."),
)
_COMPARED: Final = ("document", "family", "given", "sex", "birth")


Done = Callable[[PatientRow, service.PatientAnswer | None], None]
"""Takes the patient, and what registering them answered; None where they were recognised."""


class RegisterForm(PatientForm):
    """Fields at the left, look-alikes at the right; F8 saves."""

    NAME = _("Registrar paciente")
    DEFAULT_CSS = f"""
    RegisterForm #fields {{ width: 1fr; }}
    RegisterForm .later {{ display: none; }}
    RegisterForm #alike {{ width: {_ALIKE_WIDTH}; height: 1fr; }}
    """

    def __init__(self, text: str, draft: dict[str, str], done: Done) -> None:
        """`text` was searched in vain; `draft`, which an earlier form left, is taken up where it began so."""
        super().__init__()
        self._done, self._draft = done, draft
        self.fields = {
            "document": self.text_field("document", _("Documento")),
            **{name: self.field_of(FACTS[name]) for name in _BEFORE_COVERAGE},
            "payer": self.text_field("payer", _("Cobertura")),
            **{name: self.field_of(FACTS[name]) for name in ("address", "city")},
            "allergies": last_of_first_page(),
        }
        later = further_pages(self)
        self.heading = TextLines(Bit(f" {_('Registrar paciente nuevo')}", Tone.TITLE), "")
        self._pages = tuple(tuple(fields.values()) for fields in (self.fields, *later))
        self.pages = tuple(
            Body(*fields, classes="later" if at else None) for at, fields in enumerate(self._pages)
        )
        for fields in later:
            self.fields |= fields
        self._blank = {name: field.value for name, field in self.fields.items()}
        self.alike = TextLines(tall=18, id="alike")
        self.finder: Finder[Found] = Finder(self._find_alike, self._show_alike)
        self.burst = Burst()
        self._page = 0
        self._known: PatientRow | None = None
        self._likely: tuple[Alike, ...] = ()
        self._alike_ids: tuple[UUID, ...] = ()
        self._asked_about: PatientRow | None = None
        """The look-alike that a first F8 asked about."""
        searched = _from_search(text) if text else {}
        self._starting = dict(draft) if draft and searched.items() <= draft.items() else searched

    def body(self) -> Iterable[Widget]:
        """The form and its neighbours."""
        fields = Body(self.heading, *self.pages, id="fields")
        yield Row(fields, Bar(), self.alike)
        yield Rule({79 - _ALIKE_WIDTH: "┴"} if self.app.size.width == 80 else {})  # noqa: PLR2004

    def commands(self) -> Iterable[Command]:
        """Fields, save, leave."""
        yield Command("enter", _("Campo"), self.next_field, _("campo siguiente"), bar=False)
        yield Command("down", _("Campo"), self.next_field, bar=False)
        yield Command("tab", _("Campo"), self.next_field, _("campo siguiente"))
        yield Command("up", _("Campo"), self.previous_field, _("campo anterior"), bar=False)
        yield Command("pagedown", _("Más datos"), self.next_page, _("más datos; contactos"), bar=False)
        yield Command("pageup", _("Antes"), self.previous_page, _("los datos anteriores"), bar=False)
        yield Command("f2", _("Abrir el parecido"), self.open_alike, _("es esa persona"), self._nobody_alike)
        yield Command("f8", _("Guardar"), self.save, _("guardar"), why_not=self.no_line)
        yield Command("escape", _("Volver"), self.back, _("volver; lo escrito se conserva"))

    def started(self) -> None:
        """What is known is filled in; the first empty field has the focus."""
        for name, text in self._starting.items():
            self.fields[name].value = text
        self.go_to(next((field for field in self._pages[0] if not field.value), self.fields["phone"]))

    # Pages

    def next_page(self) -> None:
        """AvPág: the rest; after the last page, the first."""
        self.go_to(self._pages[(self._page + 1) % len(self._pages)][0])

    def previous_page(self) -> None:
        """RePág: the page before; the first stays."""
        self.go_to(self._pages[max(self._page - 1, 0)][0])

    def go_to(self, field: Field) -> None:
        """Give a field the focus, on its page."""
        self._page = next(at for at, fields in enumerate(self._pages) if field in fields)
        for at, page in enumerate(self.pages):
            page.display = at == self._page
        title = self._who() if self._page else _("Registrar paciente nuevo")
        self.heading.set(Bit(f" {title}", Tone.TITLE), "")
        self.prompt.hint(_HINTS[self._page])
        self.focus_on(field)

    def _who(self) -> str:
        """Whose further data they are, as far as it is typed."""
        family, given = mixed_case(self.value("family")), mixed_case(self.value("given"))
        known = family or given
        return short_name(family, given, _NAME_IN_TITLE) if known else _("Registrar paciente nuevo")

    # Look-alikes

    def edited(self, _name: str, _text: str) -> None:
        """What is typed may be somebody known."""
        self._asked_about = None
        if self.is_mounted:
            self.finder.want("\n".join(self.value(name) for name in _COMPARED))

    async def _find_alike(self, text: str) -> Found:
        document, family, given, _sex, born = text.split("\n")
        self._likely = await self._compare(text)
        if self._likely or (family and given and parsed_date(born)):
            # So much is known that who merely has a like name would only distract.
            return Found(tuple(each.patient for each in self._likely))
        for wanted in (document, f"{family} {given}"):
            if not self.desk.offline and not understood(wanted).empty:
                view = registry.search_on if self.burst.goes_on(text) else registry.search
                found = await self.see(view, registry.SearchQuery(wanted, _MOST_ALIKE))
                self.burst.asked(text)
                if found.rows:
                    return found
        return Found()

    async def _compare(self, text: str) -> tuple[Alike, ...]:
        """Who of the registry is likely the same, once there is enough to compare."""
        document, family, given, sex, born = text.split("\n")
        birth = parsed_date(born)
        number = _number(document, self.actor.at.country)
        if self.desk.offline or not (family and (number or birth)):
            return ()
        view = likely.alike_on if self.burst.goes_on(text) else likely.alike
        found = await self.see(view, likely.AlikeQuery(number, family, given, sex, birth, _MOST_ALIKE))
        self.burst.asked(text)
        return found

    def _show_alike(self, _text: str, found: Found) -> None:
        if not self.is_mounted:
            return
        self._known = found.rows[0] if found.rows else None
        self._alike_ids = tuple(row.patient_id for row in found.rows)
        title = Bit(f" {_('Personas parecidas')} · {len(found.rows)}", Tone.TITLE)
        lines: list[Cell] = [title, ""]
        how = {each.patient.patient_id: each for each in self._likely}
        for row in found.rows:
            lines += self._alike_lines(row, how.get(row.patient_id))
        self.alike.set(*lines)
        self.keys_changed()

    def _alike_lines(self, row: PatientRow, how: Alike | None) -> list[Cell]:
        if row.closed:
            return [
                f"  {short_name(row.family, row.given, _ALIKE_WIDTH - 3)}",
                [Bit("    "), sealed_bit()],
                "",
            ]
        born = f" {_('nac.')} {row.birth:%d/%m/%Y}" if row.birth else ""
        return [
            f"  {short_name(row.family, row.given, _ALIKE_WIDTH - 3)}",
            f"    {sex_age(row.sex, row.birth, self.today())} {born}",
            f"    {row.document or _('sin documento')}{_how_alike(how)}",
            "",
        ]

    @property
    def alike_ids(self) -> tuple[UUID, ...]:
        """Who the list of repeated people shows first, when it is opened from here."""
        return self._alike_ids

    def _nobody_alike(self) -> str | None:
        return None if self._known is not None else _("nadie se parece")

    def open_alike(self) -> None:
        """F2: it is that person; the form closes, its text is not kept."""
        if self._known is not None:
            self._close_with(self._known, None)

    # Saving

    async def save(self) -> None:
        """Register. A known document names whose it is, and F2 opens them."""
        document = self._document()
        birth = parsed_date(self.value("birth"))
        problems = self._problems(document, birth) or self._further_problems()
        if problems:
            self.prompt.refuse(problems[0])
            return
        order = await self._order(document, birth)
        if self._may_be_known(document):
            return
        if document is None and not await self.prompt.confirm(
            _("Registrar sin documento, con número interno:")
        ):
            return
        try:
            answer = await self.do(service.register, order)
        except DocumentKnown as known:
            patient = known.fields.get("patient")
            self._known = patient if isinstance(patient, PatientRow) else None
            self.go_to(self.fields["document"])
            self.fields["document"].wrong()
            raise
        self._close_with(await self.see(registry.reread, registry.PatientQuery(answer.patient_id)), answer)

    async def _order(self, document: rules.Document | None, birth: date | None) -> service.RegisterPatient:
        """What is typed, as an order. Raises PatientNotFound, InvalidInput for the mother."""
        return service.RegisterPatient(
            document=document,
            family=mixed_case(self.value("family")),
            given=mixed_case(self.value("given")),
            sex=self.value("sex"),
            birth=birth,
            **order_parts(self.fields, self.actor.at.country),
            mother_id=await self._mother(),
            phone=self.value("phone") or None,
            email=self.value("email") or None,
            address=self.value("address") or None,
            city=self.value("city") or None,
            distinct_from=tuple(each.patient.patient_id for each in self._likely),
        )

    async def _mother(self) -> UUID | None:
        """Of a newborn. Raises PatientNotFound, InvalidInput, and marks the field."""
        text = self.value("mother")
        if not text:
            return None
        try:
            return (await self.see(registry.find, registry.DocumentQuery(text))).patient_id
        except Refusal:
            self.go_to(self.fields["mother"])
            self.fields["mother"].wrong()
            raise

    def _may_be_known(self, document: rules.Document | None) -> bool:
        """Whether somebody is all but certainly the same, and F8 was pressed for the first time.

        Who has the very document is no question: the database refuses.
        """
        key = document.key if document is not None else ""
        alike = (each.patient for each in self._likely if each.same)
        same = next((each for each in alike if not key or each.document_key != key), None)
        if same is None or same == self._asked_about:
            return False
        self._asked_about = self._known = same
        room = _NAME_IN_QUESTION
        said = _("Se parece a {}. F2: es esa persona. F8: es otra, registrarla.")
        self.prompt.refuse(said.format(short_name(same.family, same.given, room)))
        return True

    def _document(self) -> rules.Document | None:
        text = self.value("document")
        try:
            return rules.parsed_document(text, self.actor.at.country) if text else None
        except InvalidInput:
            self.fields["document"].wrong()
            self.go_to(self.fields["document"])
            raise

    def _problems(self, document: rules.Document | None, birth: date | None) -> tuple[str, ...]:
        """What keeps it from being saved; the fields concerned are marked, the first has the focus."""
        temporary = provisional(self.fields)
        wrong = {
            "family": not self.value("family") and temporary is None,
            "sex": not self.value("sex"),
            "birth": birth is None and bool(self.value("birth") or document),
        }
        for name, is_wrong in wrong.items():
            self.fields[name].wrong(is_wrong)
        first = next((name for name, is_wrong in wrong.items() if is_wrong), None)
        if first is not None:
            self.go_to(self.fields[first])
        if self.value("birth") and birth is None:
            return (_("La fecha de nacimiento no existe: se espera día/mes/año."),)
        given, family = rules.names_given(self.value("given"), self.value("family"), temporary, None)
        return rules.problems_of(given, family, self.value("sex"), birth, document, self.today().date())

    def _further_problems(self) -> tuple[str, ...]:
        """The same of what the later pages say: the field is shown, and marked."""
        at = Place(self.actor.at.country, self.today().date())
        found = next(further_problems(self.fields, at), None)
        if found is None:
            return ()
        name, problem = found
        self.go_to(self.fields[name])
        self.fields[name].wrong()
        return (problem,)

    def _close_with(self, patient: PatientRow, answer: service.PatientAnswer | None) -> None:
        self._draft.clear()
        self.desk.pop_screen()
        self._done(patient, answer)

    def back(self) -> None:
        """Esc: what was typed waits for the next time."""
        self._draft.clear()
        self._draft.update(self._typed())
        self.desk.pop_screen()

    def _typed(self) -> dict[str, str]:
        """Each field that says something else than when the form was empty."""
        return {name: field.value for name, field in self.fields.items() if field.value != self._blank[name]}


def _how_alike(how: Alike | None) -> str:
    return f" · {how.score:.0%}".replace("%", " %") if how is not None else ""


def _number(text: str, country: str) -> str:
    """The number of a document as far as it is typed; empty where it is none."""
    try:
        return rules.parsed_document(text, country).number if text else ""
    except InvalidInput:
        return ""


def _from_search(text: str) -> dict[str, str]:
    """What was searched, in the field where it belongs."""
    wanted = understood(text)
    if (card := wanted.card) is not None:
        return {
            "document": f"{card.country}:{card.kind}:{card.number}",
            "family": card.family,
            "given": card.given,
            "sex": card.sex,
        } | ({"birth": f"{card.birth:%d/%m/%Y}"} if card.birth else {})
    if wanted.document:
        return {"document": text}
    return {} if wanted.chart_number else {"family": mixed_case(text)}
