"""A person's data corrected by several people: nothing is lost silently, and the history tells it all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from threading import Barrier, Thread
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.patients import additions, editing, history, identity
from clinicdesk.clinic.patients import particulars as known
from clinicdesk.clinic.patients import queries as registry
from clinicdesk.clinic.patients import service as registering
from clinicdesk.clinic.patients.errors import PatientChanged, PatientClosed, PatientNotFound
from clinicdesk.clinic.patients.facts import FACTS, KEPT
from clinicdesk.clinic.patients.model import patient_edits, patients
from clinicdesk.clinic.patients.rules import Document
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.ids import new_id
from tests.clinic.test_merging import merged
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]


def order(patient_id: UUID, version: int, **said: str) -> editing.EditPatient:
    return editing.EditPatient(patient_id=patient_id, version=version, said=said)


def edits_of(session: Session, patient_id: UUID) -> tuple[history.EditRow, ...]:
    return session.desk().see(history.changes, history.ChangesQuery(patient_id))


def row_of(network: Network, patient_id: UUID) -> Any:
    with network.owner.connect() as owner:
        return owner.execute(select(patients).where(patients.c.patient_id == patient_id)).one()


def found(session: Session, words: str) -> set[UUID]:
    answer = session.desk().see(registry.search, registry.SearchQuery(words))
    return {row.patient_id for row in answer.rows}


def test_each_fact_that_changed_has_its_row(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    made = new_patient(clerk, phone="+541155550111", city="Salta")
    answer = clerk.desk().do(
        editing.edit, order(made.patient_id, 1, phone=" +541155550222 ", city="", email="")
    )
    assert (answer.version, answer.chart_number) == (2, made.chart_number)
    edits = edits_of(log_in("enfe"), made.patient_id)
    assert [(each.field, each.before, each.after) for each in edits] == [
        ("city", "Salta", ""),
        ("phone", "+541155550111", "+541155550222"),
    ]
    assert {(each.version, each.login, each.person) for each in edits} == {(2, "u_msosa", "Sosa, Marta")}
    row = row_of(network, made.patient_id)
    assert (row.phone, row.city, row.version) == ("+541155550222", None, 2)


def test_what_is_added_ended_and_answered_is_told_too(network: Network, log_in: LogIn) -> None:
    clerk, nurse = log_in("msosa"), log_in("enfe")
    patient_id = new_patient(clerk).patient_id

    def add(fact: known.Particular) -> UUID:
        asked = additions.AddParticular(patient_id=patient_id, fact=fact)
        return clerk.desk().do(additions.add_particular, asked).row_id

    rows = {
        "phone": add(known.Phone("+54 11 5555 0123", note="de noche")),
        "contact": add(known.Contact("madre", "Inés Ruiz")),
        "coverage": add(known.Coverage("OSDE", "310", "61-1")),
    }
    for granted in (True, False, False):
        add(known.Consent("datos", granted, "lo firmó"))
    for kind, row_id in rows.items():
        end = additions.EndParticular(patient_id=patient_id, row_id=row_id, kind=kind)
        clerk.desk().do(additions.end_particular, end)
    paper = Document("AR", "PAS", f"E{new_id().hex[-8:].upper()}")
    clerk.desk().do(identity.add_document, identity.AddDocument(patient_id=patient_id, document=paper))
    void = identity.VoidDocument(patient_id=patient_id, document=paper, reason="de otra")
    clerk.desk().do(identity.void_document, void)
    clerk.desk().do(additions.no_allergies, additions.NoAllergies(patient_id=patient_id))
    told = add(known.Allergy("penicilina"))
    nurse.desk().do(additions.end_allergy, additions.EndAllergy(patient_id=patient_id, row_id=told))
    edits = edits_of(clerk, patient_id)
    shown = f"PAS {paper.number}"
    assert [(each.field, each.before, each.after) for each in reversed(edits)] == [
        ("phones", "", "+541155550123, celular, de noche"),
        ("contacts", "", "madre, Inés Ruiz"),
        ("coverages", "", "OSDE, 310, 61-1"),
        ("consents", "", "datos, sí"),
        ("consents", "datos, sí", "datos, no"),
        ("phones", "+541155550123, celular, de noche", ""),
        ("contacts", "madre, Inés Ruiz", ""),
        ("coverages", "OSDE, 310, 61-1", ""),
        ("documents", "", shown),
        ("documents", shown, ""),
        ("allergies", "sin_preguntar", "ninguna"),
        ("allergies", "", "anotada"),
        ("allergies", "anotada", "cerrada"),
    ]
    assert {each.login for each in edits} == {"u_msosa", "u_enfe"}
    assert all(each.fact.shown(each.after) != each.after for each in edits if each.field == "allergies")
    # An addition overtakes nobody's correction.
    assert clerk.desk().do(editing.edit, order(patient_id, 1, city="Salta")).version == 2


def test_what_a_merged_chart_filled_can_be_blanked(network: Network, log_in: LogIn) -> None:
    clerk, secre = log_in("msosa"), log_in("secre")
    kept, gone = (
        new_patient(clerk, phone=None, city="Salta"),
        new_patient(clerk, phone="+541155550111", city="Jujuy"),
    )
    merged(secre, kept.patient_id, gone.patient_id)
    shown = secre.desk().see(registry.show, registry.PatientQuery(kept.patient_id))
    assert shown.phone == "+541155550111"
    clerk.desk().do(editing.edit, order(kept.patient_id, shown.version, phone="", city=""))
    now = secre.desk().see(registry.show, registry.PatientQuery(kept.patient_id))
    assert (now.phone, now.city) == (None, None)
    assert {
        (each.patient_id, each.field, each.before, each.after) for each in edits_of(clerk, kept.patient_id)
    } == {
        (gone.patient_id, "phone", "+541155550111", ""),
        (gone.patient_id, "city", "Jujuy", ""),
        (kept.patient_id, "city", "Salta", ""),
    }


def test_what_says_the_same_writes_nothing(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    made = new_patient(clerk, phone="+541155550111")
    same = order(made.patient_id, 1, phone="+541155550111 ", family="Quispe  Mamani", birth="1981-08-02")
    assert clerk.desk().do(editing.edit, same).version == 1
    assert edits_of(clerk, made.patient_id) == ()
    assert row_of(network, made.patient_id).version == 1


def test_a_corrected_name_is_how_the_person_is_found(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    made = new_patient(clerk, family="Wrongly Spelt", given="Zoe", birth=date(1990, 3, 7))
    assert made.patient_id in found(clerk, "wrongly spelt")
    right = {"family": "Xochitl Yaguareté", "given": "Zoé", "birth": "1991-03-07"}
    clerk.desk().do(editing.edit, order(made.patient_id, 1, **right))
    assert made.patient_id in found(clerk, "yaguarete xochitl 1991")
    assert made.patient_id in found(clerk, "yagaurete zoe")
    assert made.patient_id not in found(clerk, "wrongly spelt")


def test_who_comes_second_is_told_who_what_and_when(network: Network, log_in: LogIn) -> None:
    first, second = log_in("cruiz"), log_in("msosa")
    made = new_patient(first, phone="+541155550111")
    first.desk().do(editing.edit, order(made.patient_id, 1, phone="+541155550222"))
    with pytest.raises(PatientChanged) as told:
        second.desk().do(editing.edit, order(made.patient_id, 1, email="a@example.org"))
    assert str(told.value).startswith("Ruiz cambió el teléfono hace ")
    assert told.value.for_desk().endswith("Se conserva lo escrito. F5: comparar.")
    edits: Any = told.value.fields["edits"]
    assert [(each.before, each.after) for each in edits] == [("+541155550111", "+541155550222")]
    assert row_of(network, made.patient_id).email is None
    first.desk().do(editing.edit, order(made.patient_id, 2, phone="+541155550333", city="Salta"))
    with pytest.raises(PatientChanged, match="Ruiz cambió estos datos hace "):
        second.desk().do(editing.edit, order(made.patient_id, 1, email="a@example.org"))
    assert second.desk().do(editing.edit, order(made.patient_id, 3, email="a@example.org")).version == 4


def test_an_order_sent_again_has_one_effect(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    made = new_patient(clerk)
    first = order(made.patient_id, 1, phone="+541155550222")
    again = editing.EditPatient(
        key=first.key, patient_id=made.patient_id, version=2, said={"phone": "+541155550222"}
    )
    assert clerk.desk().do(editing.edit, first) == clerk.desk().do(editing.edit, again)
    (edit,) = edits_of(clerk, made.patient_id)
    assert edit.act == first.key


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"family": "  "}, "Falta el apellido"),
        ({"family": "a" * 121}, "120 caracteres"),
        ({"sex": "Q"}, "El sexo es F, M o X"),
        ({"birth": "2999-01-01"}, "futuro"),
        ({"birth": "1799-01-01"}, "1880"),
        ({"birth": "ayer"}, "«ayer» no existe"),
        ({"birth": ""}, "Falta la fecha de nacimiento"),
        ({"birth_estimated": "quizás"}, "no es sí ni no"),
        ({"chart_number": "7"}, "no es un dato del paciente"),
        ({"sealed": "false"}, "no es un dato del paciente"),
    ],
)
def test_what_cannot_be_is_refused_whole(
    network: Network, log_in: LogIn, said: Mapping[str, str], problem: str
) -> None:
    clerk = log_in("msosa")
    made = new_patient(clerk, phone="+541155550111")
    with pytest.raises(InvalidInput, match=problem):
        clerk.desk().do(editing.edit, order(made.patient_id, 1, **(dict(said) | {"phone": "+541155550222"})))
    row = row_of(network, made.patient_id)
    assert (row.phone, row.version) == ("+541155550111", 1)


def test_who_may_correct_and_who_may_look(log_in: LogIn) -> None:
    made = new_patient(log_in("msosa"))
    for username in ("enfe", "gestion", "priva"):
        with pytest.raises(NotAllowed):
            log_in(username).desk().do(editing.edit, order(made.patient_id, 1, phone="+541155550001"))
        assert edits_of(log_in(username), made.patient_id) == ()
    assert (
        log_in("lpaz").desk().do(editing.edit, order(made.patient_id, 1, phone="+541155550001")).version == 2
    )
    with pytest.raises(NotAllowed):
        edits_of(log_in("admin"), made.patient_id)
    with pytest.raises(PatientNotFound):
        log_in("msosa").desk().do(editing.edit, order(new_id(), 1, phone="+541155550001"))


def test_a_sealed_patient_is_neither_corrected_nor_told(log_in: LogIn) -> None:
    clerk, officer = log_in("msosa"), log_in("priva")
    made = new_patient(clerk, phone="+541155550111")
    clerk.desk().do(editing.edit, order(made.patient_id, 1, phone="+541155550222"))
    officer.desk().do(
        registering.seal_patient, registering.SealPatient(patient_id=made.patient_id, sealed=True)
    )
    with pytest.raises(PatientClosed):
        clerk.desk().do(editing.edit, order(made.patient_id, 3, phone="+541155550333"))
    with pytest.raises(PatientClosed):
        edits_of(clerk, made.patient_id)
    count = text("SELECT count(*) FROM patient_edits WHERE patient_id = :id")
    with clerk.engine.connect() as raw:
        assert raw.execute(count, {"id": made.patient_id}).scalar_one() == 0
    with officer.engine.connect() as raw:
        assert raw.execute(count, {"id": made.patient_id}).scalar_one() == 2
    assert [each.field for each in edits_of(officer, made.patient_id)] == ["sealed", "phone"]


_TRACE: Final = (
    "INSERT INTO patient_edits (patient_id, version, field, before, after, act)"
    " VALUES (:id, :version, 'email', NULL, 'x', gen_random_uuid())"
)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE patient_edits SET after = 'x' WHERE patient_id = :id",
        "DELETE FROM patient_edits WHERE patient_id = :id",
        "TRUNCATE patient_edits",
        _TRACE.replace("after, act)", "after, act, person)").replace("uuid())", "uuid(), 'u_cruiz')"),
        _TRACE.replace("after, act)", "after, act, at)").replace("uuid())", "uuid(), '2001-01-01')"),
    ],
)
@pytest.mark.parametrize("username", ["msosa", "secre", "lpaz", "gestion", "priva", "admin"])
def test_the_history_is_written_once_in_ones_own_name(log_in: LogIn, username: str, statement: str) -> None:
    made = new_patient(log_in("msosa"))
    with (
        log_in(username).engine.connect() as raw,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        raw.execute(text(statement), {"id": made.patient_id, "version": 1})


def test_a_trace_is_of_the_version_that_stands(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    made = new_patient(clerk)
    clerk.desk().do(editing.edit, order(made.patient_id, 1, phone="+541155550222"))
    for version in (1, 3):
        with (
            clerk.engine.connect() as raw,
            pytest.raises(DBAPIError, match=r"row-level security|patient_edits_version_ck"),
        ):
            raw.execute(text(_TRACE), {"id": made.patient_id, "version": version})
    with clerk.engine.connect() as raw:
        raw.execute(text(_TRACE), {"id": made.patient_id, "version": 2})
        with pytest.raises(DBAPIError, match="patient_edits_pk"):
            raw.execute(text(_TRACE), {"id": made.patient_id, "version": 2})


def test_of_many_at_once_one_wins_and_the_others_learn_it(network: Network, log_in: LogIn) -> None:
    sessions = [log_in(name) for name in ("msosa", "cruiz", "secre", "lpaz")]
    made = new_patient(sessions[0])
    ends: list[Any] = []
    barrier = Barrier(len(sessions))

    def save(session: Session, phone: str) -> None:
        barrier.wait(60)
        try:
            ends.append(session.desk().do(editing.edit, order(made.patient_id, 1, phone=phone)).version)
        except PatientChanged as refusal:
            ends.append(refusal.fields["what"])

    threads = [Thread(target=save, args=(each, f"+54115555000{at}")) for at, each in enumerate(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(map(str, ends)) == ["2", *["el teléfono"] * 3]
    (edit,) = edits_of(sessions[0], made.patient_id)
    assert edit.after == row_of(network, made.patient_id).phone


# Any two clerks, in any order, each going by what was last seen: what was told to be saved was saved.

_WORDS: Final = st.sampled_from(["Ana", "Luz", "De la Cruz", "O'Higgins", "Ñandú"])
_SAID: Final = st.fixed_dictionaries(
    {},
    optional={
        "family": _WORDS,
        "given": st.one_of(_WORDS, st.just("")),
        "sex": st.sampled_from("FMX"),
        "birth": st.dates(date(1900, 1, 1), date(2020, 1, 1)).map(date.isoformat),
        "birth_estimated": st.sampled_from(["true", "false"]),
        "phone": st.sampled_from(["", "+541155550111", "+541155550222"]),
        "email": st.sampled_from(["", "a@example.org", "b@example.org"]),
        "city": st.sampled_from(["", "Salta", "Ñuñoa"]),
    },
)
_STEPS: Final = st.lists(st.tuples(st.integers(0, 1), st.booleans(), _SAID), max_size=8)


def test_any_two_clerks_lose_nothing_and_the_history_replays(network: Network, log_in: LogIn) -> None:
    clerks = [log_in("msosa"), log_in("cruiz")]

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(steps=_STEPS)
    def any_steps(steps: list[tuple[int, bool, dict[str, str]]]) -> None:
        work(network, clerks, steps)

    any_steps()


def work(network: Network, clerks: list[Session], steps: list[tuple[int, bool, dict[str, str]]]) -> None:
    """Two clerks correct one person, each going by what they saw last; then all of it is looked at."""
    made = new_patient(clerks[0], phone="+541155550111")
    told = facts_of(network, made.patient_id)
    first = dict(told)
    seen, version = [1, 1], 1
    for who, looks, said in steps:
        if looks:
            seen[who] = version
        try:
            answer = clerks[who].desk().do(editing.edit, order(made.patient_id, seen[who], **said))
        except PatientChanged:
            assert seen[who] < version
            continue
        assert seen[who] == version
        told |= said
        version = seen[who] = answer.version
    assert facts_of(network, made.patient_id) == told
    assert row_of(network, made.patient_id).version == version
    edits = edits_of(clerks[0], made.patient_id)
    assert {each.version for each in edits} == set(range(2, version + 1))
    for each in edits:
        assert told[each.field] == each.after != each.before
        told[each.field] = each.before
    assert told == first


def facts_of(network: Network, patient_id: UUID) -> dict[str, str]:
    """What may be corrected of a person, as it stands."""
    row = row_of(network, patient_id)
    return {name: fact.text(getattr(row, name)) for name, fact in FACTS.items()}


def test_every_fact_of_the_history_is_a_column() -> None:
    assert set(KEPT) <= set(patients.c.keys())
    assert set(patient_edits.c.keys()) >= {"before", "after", "person", "at", "act"}
