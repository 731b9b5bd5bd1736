"""Reports, one file each: each exports one `REPORT`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Reader, View
from clinicdesk.kit.sheet import Table


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """What a report is asked about: local days of the actor's clinic, both included; None is today."""

    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `name` is the word typed; `run` reads in one snapshot and gives one table."""

    name: str
    title: str
    help: str
    permission: Permission
    run: Callable[[Reader, ReportQuery], Table]

    @property
    def view(self) -> View[ReportQuery, Table]:
        """The report as `Desk.see` takes it."""
        return View(f"report.{self.name}", self.permission, self.run, purpose="OPER")
