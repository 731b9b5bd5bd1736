"""What a note orders, under its text: a field for a treatment, one for a control, and what stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Final

from textual.widget import Widget

from clinicdesk.clinic.records.plan import FollowUpEntry, Plan, TreatmentEntry
from clinicdesk.clinic.records.plan_words import Doctors, follow_up_of, treatment_of
from clinicdesk.clinic.records.wording import treatment_text
from clinicdesk.kit.text import cut, shown
from clinicdesk.kit.words import _
from clinicdesk.tui.parts import Body, Cell, Field, LineList, PromptLine, Row

Entry = TreatmentEntry | FollowUpEntry
_MOST_ROWS: Final = 4
_CONTROL: Final = 32


def entry_text(entry: Entry, doctors: Doctors) -> str:
    """How one reads before it is signed."""
    if isinstance(entry, TreatmentEntry):
        return f"{_('Tratamiento')}: {treatment_text(entry)}"
    who = next((family for number, family in doctors if number == entry.doctor_id), "")
    said = _("Control {} con {}").format(f"{entry.due_on:%d/%m/%Y}", who)
    return f"{said}: {entry.what}" if entry.what else said


def both_plans(mine: Plan, theirs: Plan) -> Plan:
    """What both desks ordered, nothing twice."""
    more = tuple(each for each in theirs.treatments if each not in mine.treatments)
    due = tuple(each for each in theirs.follow_ups if each not in mine.follow_ups)
    return Plan(mine.treatments + more, mine.follow_ups + due)


class PlanRows(Body):
    """The rows under the text. `plan` is what stands; `on_change` hears of each change by a person."""

    DEFAULT_CSS = f"""
    PlanRows {{ height: 1; }}
    PlanRows Row {{ height: 1; }}
    PlanRows #control {{ width: {_CONTROL}; }}
    PlanRows LineList {{ height: 0; }}
    """

    def __init__(
        self,
        plan: Plan,
        doctors: Doctors,
        me: int,
        today: Callable[[], date],
        prompt: PromptLine,
        on_change: Callable[[], None],
    ) -> None:
        """`doctors` are whom a control may be with; `me` is whom it is with where nobody is named."""
        self.plan, self._doctors, self._me = plan, doctors, me
        self._today, self._prompt, self._on_change = today, prompt, on_change
        self.treatment = Field(_("Trat."), id="treatment", most=400)
        self.control = Field(_("Control"), id="control", most=400)
        self.list = LineList[Entry](lambda entry: entry, draw=self._draw, id="ordered")
        super().__init__(self.list, Row(self.treatment, self.control), id="plan")

    def set(self, plan: Plan) -> None:
        """Another one, not told to `on_change`."""
        self.plan = plan
        entries = self._entries()
        rows = min(_MOST_ROWS, len(entries))
        self.list.display = bool(rows)
        self.list.styles.height = rows
        self.styles.height = 1 + rows
        self.list.show(entries)

    @property
    def focused(self) -> Widget | None:
        """Which of its parts has the focus."""
        part = self.screen.focused if self.is_attached else None
        return part if part in {self.treatment, self.control, self.list} else None

    def enter(self) -> None:
        """Enter: what is typed in a field is added."""
        if self.focused is self.treatment and self.treatment.value:
            self._add(self.treatment, treatment_of(self.treatment.value, self._today()))
        elif self.focused is self.control and self.control.value:
            found = follow_up_of(self.control.value, self._today(), self._doctors, self._me)
            self._add(self.control, found)

    def _add(self, field: Field, found: Entry | str) -> None:
        if isinstance(found, str):
            field.wrong()
            self._prompt.refuse(found)
            return
        field.value = ""
        one = Plan((found,), ()) if isinstance(found, TreatmentEntry) else Plan((), (found,))
        self._state(both_plans(self.plan, one))

    def drop(self) -> None:
        """`x`: the one pointed at goes."""
        gone = self.list.current
        if gone is not None:
            ordered = tuple(each for each in self.plan.treatments if each != gone)
            self._state(Plan(ordered, tuple(each for each in self.plan.follow_ups if each != gone)))

    @property
    def waiting(self) -> bool:
        """Whether something is typed that was not added: a signature would not have it."""
        return bool(self.treatment.value or self.control.value)

    def _state(self, plan: Plan) -> None:
        self.set(plan)
        self._on_change()

    def _entries(self) -> tuple[Entry, ...]:
        return (*self.plan.treatments, *self.plan.follow_ups)

    def _draw(self, entry: Entry, width: int) -> list[Cell]:
        return [cut(shown(entry_text(entry, self._doctors)), width)]


def plan_page(plan: Plan, doctors: Doctors) -> Iterable[str]:
    """The same for the page to be signed, a line each."""
    entries: tuple[Entry, ...] = (*plan.treatments, *plan.follow_ups)
    return [entry_text(entry, doctors) for entry in entries]
