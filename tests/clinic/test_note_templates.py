"""What notes begin with: a doctor's own templates, and gaps of theirs that nobody signs without a word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.records import own_templates, queries, service, signing, templates
from clinicdesk.clinic.records.errors import NoteUnfilled, TemplateTaken
from clinicdesk.clinic.records.headings import HEADINGS, tidy
from clinicdesk.clinic.records.model import notes
from clinicdesk.clinic.records.unfilled import as_it_came, emptied, gaps, prompts
from clinicdesk.clinic.sites.errors import SiteChanged, SiteRowNotFound
from clinicdesk.kit.ids import new_id
from tests.clinic.test_notes import in_course
from tests.factories import Network, proven

LogIn = Callable[..., Session]
LINES = st.lists(st.sampled_from(["Motivo:", "Plan: ", "", "PA ___/___", "Control:", "tos ***", "ya está"]))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("PA ___", [(0, 3, 3, "PA ___")]),
        ("Motivo: tos\nPA ____/____ FC ***", [(1, 3, 4, "PA ____"), (1, 8, 4, "____"), (1, 16, 3, "FC ***")]),
        ("Control:", [(0, 8, 0, "Control:")]),
        ("Control:\n\nPlan: reposo", [(0, 8, 0, "Control:")]),
        ("Control:\nen 30 días", []),
        ("Se indica lo que sigue:\n1) reposo", []),
        ("Motivo:\n\nPlan:", []),
        ("__init__ y a_b y 2 ** 3", []),
        ("a las 10:", [(0, 9, 0, "a las 10:")]),
        (":", []),
        (f"{'x' * 80}:", []),
        ("", []),
    ],
)
def test_gaps_are_found_where_they_stand(typed: str, found: list[tuple[int, int, int, str]]) -> None:
    made = [(gap.line, gap.column, gap.length, gap.said) for gap in gaps(typed, HEADINGS)]
    assert made == found


@given(LINES)
def test_filling_each_gap_leaves_none(lines: list[str]) -> None:
    typed = "\n".join(lines)
    for gap in reversed(gaps(typed, HEADINGS)):
        rows = typed.split("\n")
        line = rows[gap.line]
        rows[gap.line] = f"{line[: gap.column]} lleno {line[gap.column + gap.length :]}"
        typed = "\n".join(rows)
    assert gaps(typed, HEADINGS) == ()
    assert prompts(tidy(typed)) == ()


def test_what_a_template_brought_is_told_apart_from_what_was_typed() -> None:
    body = "Motivo:\n\nExamen: normal\nMucosas húmedas.\nPA ___"
    assert as_it_came("Motivo: tos\n\nExamen: normal\nMucosas secas.\nPA ___", body, HEADINGS) == (
        "Examen: normal",
    )
    assert as_it_came(body, body, (*HEADINGS, "Examen:")) == ("Examen: normal", "Mucosas húmedas.")


def test_a_note_becomes_a_beginning_without_numbers_nor_names() -> None:
    typed = "Rosa Quispe, DNI 28.431.907: PA 152/94, B12 alta, E11.9. Toma 1,5 mg. Marosa no."
    made = emptied(typed, ["Quispe Mamani, Rosa Elena"])
    assert made == "___, DNI ___: PA ___/___, B12 alta, E11.9. Toma ___ mg. Marosa no."
    assert emptied("2024", ["Xu"]) == "___"


def test_a_note_with_gaps_is_signed_only_by_who_says_so(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    who: dict[str, Any] = {"patient_id": visit.patient_id, "visit_id": visit.visit_id}
    draft = service.SaveDraft(**who, text="Motivo: tos\n\nPlan:\n\nSubjetivo: PA ___", version=1)
    doctor.desk().do(service.save_draft, draft)
    with pytest.raises(NoteUnfilled, match="Subjetivo: PA ___"):
        doctor.desk().do(signing.sign_draft, signing.SignDraft(**who, **proven(doctor)))
    with pytest.raises(NoteUnfilled):
        doctor.desk().do(service.sign_note, service.SignNote(**who, text="FC ***", **proven(doctor)))
    order = signing.SignDraft(**who, as_it_stands=True, **proven(doctor))
    signed = doctor.desk().do(signing.sign_draft, order)
    with network.owner.connect() as owner:
        body = owner.execute(notes.select().where(notes.c.id == signed.note_id)).one().text
    assert body == "Motivo: tos\n\nSubjetivo: PA ___"
    more: dict[str, Any] = {"patient_id": visit.patient_id, "amends_id": signed.note_id}
    with pytest.raises(NoteUnfilled):
        doctor.desk().do(service.addend_note, service.AddendNote(**more, text="PA ___", **proven(doctor)))
    doctor.desk().do(service.addend_note, service.AddendNote(**more, text="PA 120/80", **proven(doctor)))


def test_signing_spares_a_draft_that_another_desk_saved_after_it(network: Network, log_in: LogIn) -> None:
    visit, doctor = in_course(network, log_in), log_in("lpaz")
    who: dict[str, Any] = {"patient_id": visit.patient_id, "visit_id": visit.visit_id}
    for version, said in ((1, "Lo mío."), (2, "Lo mío.\n\nLo del otro puesto.")):
        doctor.desk().do(service.save_draft, service.SaveDraft(**who, text=said, version=version))
    order = service.SignNote(**who, text="Lo mío.", draft_version=1, **proven(doctor))
    doctor.desk().do(service.sign_note, order)
    kept = doctor.desk().see(queries.drafts, queries.DraftsQuery(*who.values()))
    assert [row.text for row in kept] == ["Lo mío.\n\nLo del otro puesto."]


# A doctor's own


def names(session: Session, specialty: str = "") -> list[str]:
    """What a doctor may begin with, in order."""
    rows = session.desk().see(templates.my_templates, templates.MyTemplatesQuery(specialty))
    return [row.name for row in rows]


def test_own_templates_are_ones_own_kept_at_hand_and_remembered_per_specialty(log_in: LogIn) -> None:
    doctor, other = log_in("lpaz"), log_in("jibarra")
    before = names(doctor)
    made = own_templates.AddOwn(name="HTA control", body="Motivo:\n\nPA ___", specialty="CLM")
    answer = doctor.desk().do(own_templates.add_own, made)
    twin = other.desk().do(own_templates.add_own, replace(made, key=new_id()))  # a name of another's is free
    with pytest.raises(TemplateTaken):
        doctor.desk().do(own_templates.add_own, replace(made, key=new_id()))
    assert sorted(names(doctor)) == sorted([*before, "HTA control"])
    keep = own_templates.KeepTemplate(template=str(answer.id))
    assert doctor.desk().do(own_templates.keep_template, keep).kept
    assert names(doctor)[0] == "HTA control"
    pick = own_templates.PickTemplate(template="Libre", specialty="Cardiología")
    for _time in range(2):
        doctor.desk().do(own_templates.pick_template, replace(pick, key=new_id()))
    assert names(doctor, "Cardiología")[0] == "Libre"
    assert names(doctor)[0] == "HTA control"
    assert names(other, "Cardiología")[0] != "Libre"
    off = replace(keep, key=new_id(), keep=False)
    assert not doctor.desk().do(own_templates.keep_template, off).kept
    edit = own_templates.EditOwn(
        template_id=answer.id, version=1, name="Presión", body=made.body, specialty="CLM", active=True
    )
    with pytest.raises(SiteRowNotFound):
        doctor.desk().do(own_templates.edit_own, replace(edit, template_id=twin.id))
    doctor.desk().do(own_templates.edit_own, edit)
    with pytest.raises(SiteChanged):
        doctor.desk().do(own_templates.edit_own, replace(edit, key=new_id(), active=False))
    gone = replace(edit, key=new_id(), version=2, active=False)
    doctor.desk().do(own_templates.edit_own, gone)
    assert "Presión" not in names(doctor)
    with pytest.raises(NotAllowed):
        log_in("enfe").desk().do(own_templates.add_own, replace(made, key=new_id()))


def _reached(connection: Connection, attack: str) -> int:
    """The rows that an attack touched; none where it was refused."""
    try:
        return connection.execute(text(attack)).rowcount
    except DBAPIError as error:
        said = str(error)
        if "row-level security" in said or "permission denied" in said:
            return 0
        raise


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT body FROM note_templates WHERE login <> session_user",
        "UPDATE note_templates SET body = 'x' WHERE login <> session_user",
        "INSERT INTO note_templates (login, name, body) VALUES ('k_owner', 'Ajena', 'x')",
        "INSERT INTO note_templates (name, body) VALUES ('De la red', 'x')",
        "UPDATE note_templates SET body = 'x' WHERE login IS NULL",
        "SELECT template FROM template_picks WHERE login <> session_user",
        "DELETE FROM template_favourites WHERE login <> session_user",
    ],
)
def test_nobody_reaches_anothers_templates_nor_the_networks_by_raw_sql(log_in: LogIn, attack: str) -> None:
    other, doctor, manager = log_in("jibarra"), log_in("dvidal"), log_in("gestion")
    name = f"Propia {new_id()}"[:40]
    kept = other.desk().do(own_templates.add_own, own_templates.AddOwn(name=name, body="x"))
    other.desk().do(own_templates.keep_template, own_templates.KeepTemplate(template=str(kept.id)))
    other.desk().do(own_templates.pick_template, own_templates.PickTemplate(template=str(kept.id)))
    everybody = () if "login IS NULL" in attack or "De la red" in attack else (manager,)
    for session in (doctor, *everybody):
        with session.engine.connect() as connection:
            assert _reached(connection, attack) == 0
    rightful = text("UPDATE note_templates SET body = 'y' WHERE name = :name")
    with other.engine.begin() as connection:
        assert connection.execute(rightful, {"name": name}).rowcount == 1
