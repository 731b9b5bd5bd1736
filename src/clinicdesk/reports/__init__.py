"""Reports, one file each: each exports one `REPORT`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, View
from clinicdesk.kit.sheet import Stamp, Table


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a report is asked about: local days of the actor's clinic, both included.

    None is the report's own day: today, or tomorrow for what is prepared the evening before. `subject`
    is the format it is wanted in, for the act of running it.
    """

    since: date | None = None
    until: date | None = None
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `name` is the word typed; `run` reads in one snapshot and gives one table.

    `paper` lays the table out for print where a plain one would not do.
    """

    name: str
    title: str
    help: str
    permission: Permission
    run: Callable[[Reader, ReportQuery], Table]
    paper: Callable[[Table, Stamp], bytes] | None = None

    @property
    def view(self) -> View[ReportQuery, Table]:
        """The report as `Desk.see` takes it: running one is an act."""
        return View(f"report.{self.name}", self.permission, self.run, act=True, purpose="OPER")
