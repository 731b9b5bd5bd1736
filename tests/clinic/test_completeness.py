"""What is an act, and what is not and why: whoever adds a use case or a view has to say so here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Row, select

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.audit import queries as audit
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.usecases import UseCase
from clinicdesk.kit import plugins
from clinicdesk.reports import Report, ReportQuery
from tests.clinic import catalogue
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
_SITE: Final = "the network's own places and people, nothing about a patient"
_BOARD: Final = "a board of the day, read again by itself every minute"
_GOES_ON: Final = "goes on with an opening that is written down"
_UNDER_A_LEASE: Final = "read under a lease, whose opening is written down"
NOT_ACTS: Final = {
    "agenda.exceptions": _SITE,
    "agenda.list": _SITE,
    "attachment.limits": _SITE,
    "clinic.list": _SITE,
    "doctor.list": _SITE,
    "floor.list": _SITE,
    "procedure.list": _SITE,
    "cie10.editions": _SITE,
    "cie10.mine": "the doctor's own codes, no patient's name",
    "cie10.search": _SITE,
    "cie10.show": _SITE,
    "template.list": _SITE,
    "template.mine": _SITE,
    "followup.of": "goes on with the opening of a patient's page, or with giving a turn",
    "fees.list": _SITE,
    "letter.list": _UNDER_A_LEASE,
    "letter.find": _UNDER_A_LEASE,
    "letter.wordings": _SITE,
    "fees.of": _SITE,
    "fees.show": _SITE,
    "holiday.list": _SITE,
    "room.affected": "hours and doctors, no patient's name; what is then done to the room is an act",
    "room.list": _SITE,
    "record_type.list": _SITE,
    "record.check_page": "goes on with record.check, which is the act; paths and reasons come out, no value",
    "record.doctors": _SITE,
    "record.place": "when an entry was of which a search told, for its next page",
    "record.searched": "goes on with record.search, which is the act",
    "service.list": _SITE,
    "specialty.list": _SITE,
    "session.mine": "one's own sessions",
    "user.sessions": _SITE,
    "user.sweep": "follows the act that closed a login, and changes no row",
    "user.list": _SITE,
    "user.words": _SITE,
    "turn.slots": _SITE,
    "turn.requirements": "goes on with giving the turn",
    "zone.rules": _SITE,
    "zone.astray": "days and counts, before the act that puts them right",
    "zone.left": "goes on with zone.retime, which is the act",
    "turn.day": _BOARD,
    "network.clinics": _BOARD,
    "network.day": _BOARD,
    "network.turns": "turns of the network's board that changed, by id; no patient's name",
    "turn.why_next": _BOARD,
    "turn.levels": "how a turn on the board came to its level of triage",
    "day.show": _BOARD,
    "day.exceptions": "a board of what closed days left over",
    "triage.levels": _SITE,
    "ticket.series": _SITE,
    "turn.events": "how a turn on the board came to its state",
    "turn.show": "turns of the board that changed, by id",
    "turn.series_plan": "what a series would give, before it is an act",
    "waitlist.list": "who waits for a place, as a board shows it; each step of theirs is an act",
    "waitlist.candidates": "who is offered a free place, before the offer, which is an act",
    "waitlist.offers": "a board of freed places; what is then offered or given is an act",
    "turn.agenda": _BOARD,
    "turn.agenda_week": _BOARD,
    "turn.places": "free places for a turn on the list of notices, which is an act",
    "turn.proposals": "free places for the turns of that list",
    "demand.reason": _SITE,
    "demand.list": "who asked and got no turn, counted; asking is an act",
    "turn.patient": "goes on with the opening of a patient's page",
    "privacy.alerts": "the officer's board; reviewing an alert is an act",
    "privacy.limits": _SITE,
    "note.to_cosign": "what waits for the actor; opening each chart is an act",
    "attachment.list": _UNDER_A_LEASE,
    "note.verify_page": "goes on with note.verify_all, which is the act; ids and verdicts, no text",
    "care.list": "who follows a patient, beside the act that relates them",
    "patient.find": "finds whom an act is about; showing them is patient.show",
    "patient.again": _GOES_ON,
    "patient.changes_on": _GOES_ON,
    "patient.details": _GOES_ON,
    "patient.header": _UNDER_A_LEASE,
    "patient.recall": "the last people whom one chose at this desk; choosing one again is an act",
    "patient.alike_on": "another letter of a form whose look-alikes are written down",
    "patient.find_retired": "finds whom taking a merge back is about",
    "patient.merges": "what became of charts, beside the page that shows them",
    "patient.roll_on": "goes on with patient.roll",
    "patient.duplicates_on": "goes on with patient.duplicates",
    "patient.typed": "another letter of a search that is written down",
    "chart.again": _UNDER_A_LEASE,
    "chart.more": _UNDER_A_LEASE,
    "chart.facets": _UNDER_A_LEASE,
    "chart.find": _UNDER_A_LEASE,
    "chart.problems": _UNDER_A_LEASE,
    "prescription.list": _UNDER_A_LEASE,
    "result.list": _UNDER_A_LEASE,
    "visit.show": _UNDER_A_LEASE,
    "vital.series": _UNDER_A_LEASE,
    "note.draft": "saved every two seconds, read by its author alone; signing is an act",
    "note.drafts": "the author's own drafts",
    "note.unsigned": "the author's own drafts",
    "audit.seal": "a seal is its own trace, and an act of it would need the next one",
    "audit.seals": "hashes and times, nothing of any act",
    "audit.items": "goes on with audit.verify or audit.export",
    "audit.waiting": "goes on with audit.verify or audit.export",
    "audit.more": "goes on with audit.list or audit.export",
}
# What must be acts whatever the catalogue says: the verbs of the requirement.
ACTS: Final = {
    "open": ("chart.open", "patient.show", "chart.break_glass", "chart.copy"),
    "search": ("patient.search", "patient.alike", "patient.roll", "patient.duplicates", "record.search"),
    "print and export": ("history.export", "audit.export"),
    "create": ("patient.register", "turn.book", "admission.walk_in", "record.add", "note.sign"),
    "amend": ("patient.edit", "note.addend", "turn.void", "note.drop_draft"),
    "grant": ("user.add", "user.enable", "user.reset", "user.password"),
    "read the audit": ("audit.list", "audit.verify", "patient.access_log"),
}


def test_whoever_is_no_act_says_why() -> None:
    without = {name for name, function in catalogue.functions().items() if not function.act}
    assert without == set(NOT_ACTS)


@pytest.mark.parametrize("verb", ACTS)
def test_the_verbs_of_the_requirement_are_acts(verb: str) -> None:
    functions = catalogue.functions()
    assert [name for name in ACTS[verb] if not functions[name].act] == []


def test_whatever_changes_something_is_an_act() -> None:
    """Of the use cases three alone are none: a draft, a seal, and the sweep after a closing."""
    cases = {
        name for name, each in catalogue.functions().items() if isinstance(each, UseCase) and not each.act
    }
    assert cases == {"note.draft", "audit.seal", "user.sweep"}


@pytest.mark.parametrize("name", plugins.names("clinicdesk.reports"))
def test_running_a_report_is_an_act(name: str) -> None:
    assert plugins.load("clinicdesk.reports", name, Report, "REPORT").view.act


def written(network: Network, since: datetime, username: str) -> list[Row[Any]]:
    """A person's acts since then, in their order."""
    mine = (acts.c.person == f"u_{username}") & (acts.c.at > since)
    with network.owner.connect() as owner:
        return list(owner.execute(select(acts).where(mine).order_by(acts.c.at)))


@pytest.fixture
def since() -> datetime:
    """Before the test."""
    return datetime.now(UTC) - timedelta(milliseconds=1)


def test_who_comes_and_goes_is_written_down(network: Network, since: datetime) -> None:
    session = network.log_in("gestion")
    session.leave()
    session.close()
    rows = written(network, since, "gestion")
    assert [row.what for row in rows] == ["login", "session.logout"]
    assert len({row.session for row in rows}) == 1
    assert rows[0].session is not None
    with pytest.raises(LoginRefused):
        bootstrap.log_in(network.url, "gestion", "no es esta", host="prueba")
    with network.owner.connect() as owner:
        refused = select(acts.c.subject).where(acts.c.what == "login.refused", acts.c.at > since)
        assert owner.execute(refused).scalar_one() == "gestion"


def test_an_act_says_who_as_what_where_about_whom_why_and_when(
    network: Network, log_in: LogIn, since: datetime
) -> None:
    session = log_in("secre")
    made = new_patient(session)
    session.desk().see(registry.show, registry.PatientQuery(made.patient_id))
    with pytest.raises(NotAllowed):
        session.desk().see(audit.list_acts, audit.ActsQuery())
    for row in written(network, since, "secre")[1:]:
        assert row.person == "u_secre"
        assert row.role == "secretaria"
        assert row.host == "prueba"
        assert row.clinic_id == network.clinic_ids[0]
        assert row.purpose
        assert row.session is not None
        assert since < row.at <= datetime.now(UTC)
    whats = [(row.what, row.patient_id, row.outcome) for row in written(network, since, "secre")]
    assert ("patient.show", made.patient_id, "done") in whats
    assert ("audit.list", None, "refused") in whats


def test_a_search_is_one_act_without_its_words(network: Network, log_in: LogIn, since: datetime) -> None:
    desk = log_in("ncano").desk()
    for typed in ("quispe mamani", "30000001", "HC 12", ""):
        desk.see(registry.search, registry.SearchQuery(typed))
    desk.see(registry.search_on, registry.SearchQuery("quispe mamani r"))
    rows = [row for row in written(network, since, "ncano") if row.what == "patient.search"]
    assert [row.subject for row in rows] == ["name", "document", "chart", "name"]
    assert "quispe" not in repr(rows).lower()
    assert "30000001" not in repr(rows)


def test_a_report_is_an_act_with_its_format(network: Network, log_in: LogIn, since: datetime) -> None:
    report = plugins.load("clinicdesk.reports", "day", Report, "REPORT")
    log_in("gestion").desk().see(report.view, ReportQuery(subject="csv"))
    last = written(network, since, "gestion")[-1]
    assert (last.what, last.subject, last.purpose) == ("report.day", "csv", "OPER")
