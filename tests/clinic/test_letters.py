"""Letters: issued once by who proves it, numbered, verifiable on paper, taken back with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.letters import queries, rules, service
from clinicdesk.clinic.letters.errors import (
    BadLetter,
    BadLetterTemplate,
    LetterNotFound,
    LetterVoided,
    NoSuchVisit,
    NotYourLetter,
    TooManyChecks,
    UnknownPaper,
    VoidReason,
)
from clinicdesk.clinic.letters.rules import LetterKind, Said
from clinicdesk.clinic.letters.wording import checked_words, standing_words, verdict_words
from clinicdesk.clinic.patients import service as registry
from clinicdesk.clinic.patients.errors import NotYourEntry
from clinicdesk.clinic.records import service as records
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.reports._letter import paper
from tests.clinic.test_merging import merged, parted
from tests.clinic.test_wrong_person import moved
from tests.factories import Network, followed, new_patient, proven

LogIn = Callable[..., Session]
REST = Said(days=3, since=date(2026, 11, 23), diagnosis="J02.9 Faringitis aguda", recipient="su empleador")


def patient_of(network: Network, log_in: LogIn) -> UUID:
    """Somebody that Dr. Paz and Dr. Ibarra attend."""
    made = new_patient(log_in("msosa")).patient_id
    followed(log_in("secre"), made, log_in("lpaz"), log_in("jibarra"))
    return made


def issued(
    session: Session, patient_id: UUID, kind: str = "certificado", said: Said = REST, **more: Any
) -> service.LetterAnswer:
    order = service.IssueLetter(patient_id=patient_id, kind=kind, said=said, **(proven(session) | more))
    return session.desk().do(service.issue_letter, order)


def row_of(session: Session, patient_id: UUID, number: int) -> queries.LetterRow:
    return session.desk().see(queries.paper, queries.LettersQuery(patient_id, number))


def listed(session: Session, patient_id: UUID) -> tuple[queries.LetterRow, ...]:
    return session.desk().see(queries.list_letters, queries.LettersQuery(patient_id))


def checked(session: Session, answer: service.LetterAnswer) -> queries.CheckedRow:
    return session.desk().see(queries.check, queries.CheckQuery(answer.number, answer.code))


def void(session: Session, patient_id: UUID, letter_id: UUID, reason: str = "fechas equivocadas") -> Any:
    order = service.VoidLetter(patient_id=patient_id, letter_id=letter_id, reason=reason)
    return session.desk().do(service.void_letter, order)


def words_of(row: queries.LetterRow) -> str:
    file, missing = paper(row)
    assert missing == ()
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(file)).pages).replace("\n", " ")


def test_a_certificate_is_issued_numbered_and_printed(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    answer = issued(doctor, patient_id)
    row = row_of(doctor, patient_id, answer.number)
    assert row.sound
    assert row.code == answer.code
    said = words_of(row)
    for words in (
        "Certificado médico",
        "3 días, desde el 23/11/2026 hasta el 25/11/2026",
        "J02.9 Faringitis aguda",
        "su empleador",
        f"N.º {answer.number}",
        answer.code,
        row.author_name,
    ):
        assert words in said, words


def test_a_diagnosis_stands_only_where_the_doctor_says_it(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    answer = issued(doctor, patient_id, said=Said(days=1))
    text_said = row_of(doctor, patient_id, answer.number).text
    assert "Diagnóstico" not in text_said
    assert "reposo por 1 día" in text_said


def test_referrals_and_orders_say_what_they_ask_for(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    referral = issued(
        doctor,
        patient_id,
        "interconsulta",
        Said(
            specialty="Cardiología", text="Soplo sistólico.", urgency="preferente", summary="HTA desde 2019."
        ),
    )
    said = words_of(row_of(doctor, patient_id, referral.number))
    assert "Cardiología" in said
    assert "preferente" in said
    assert "HTA desde 2019." in said
    order = issued(doctor, patient_id, "estudios", Said(studies=("Hemograma", "HbA1c")))
    said = words_of(row_of(doctor, patient_id, order.number))
    assert "- Hemograma" in said
    assert "- HbA1c" in said
    assert order.number > referral.number
    assert [row.kind for row in listed(doctor, patient_id)] == ["estudios", "interconsulta"]


@pytest.mark.parametrize(
    ("kind", "said", "why"),
    [
        ("certificado", Said(), "días de reposo o un texto"),
        ("certificado", Said(days=181), "de 0 a 180"),
        ("certificado", Said(days=-1), "de 0 a 180"),
        ("interconsulta", Said(text="x"), "especialidad y motivo"),
        ("interconsulta", Said(specialty="x", text="x", urgency="ya"), "prioridad"),
        ("estudios", Said(studies=("  ",)), "al menos un estudio"),
        ("receta", Said(days=1), "No existe el documento"),
        ("certificado", Said(text="x" * 6001), "hasta 6000"),
    ],
)
def test_what_lacks_something_is_not_issued(
    network: Network, log_in: LogIn, kind: str, said: Said, why: str
) -> None:
    with pytest.raises(BadLetter, match=why):
        issued(log_in("lpaz"), patient_of(network, log_in), kind, said)


def test_only_a_doctor_in_care_who_proves_it_issues(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    with pytest.raises(ProofNeeded):
        issued(doctor, patient_id, proof=None)
    with pytest.raises(NotAllowed):
        issued(log_in("enfe"), patient_id)
    with pytest.raises(NoCareRelation):
        issued(log_in("dvidal"), patient_id)
    order = service.IssueLetter(patient_id=patient_id, kind="certificado", said=REST, **proven(doctor))
    assert doctor.desk().do(service.issue_letter, order) == doctor.desk().do(service.issue_letter, order)


def test_a_letter_is_taken_back_by_its_author_once(network: Network, log_in: LogIn) -> None:
    patient_id, doctor, other = patient_of(network, log_in), log_in("lpaz"), log_in("jibarra")
    answer = issued(doctor, patient_id)
    with pytest.raises(NotYourLetter, match="Paz"):
        void(other, patient_id, answer.id)
    with pytest.raises(VoidReason):
        void(doctor, patient_id, answer.id, "no")
    assert checked(log_in("msosa"), answer).valid
    void(doctor, patient_id, answer.id)
    with pytest.raises(LetterVoided):
        void(doctor, patient_id, answer.id)
    said = words_of(row_of(doctor, patient_id, answer.number))
    assert "ANULADO el" in said
    assert ": fechas equivocadas." in said
    (row,) = listed(doctor, patient_id)
    assert standing_words(row) == "anulado: fechas equivocadas"
    found = checked(log_in("msosa"), answer)
    assert not found.valid
    assert "NO VALE: está anulado desde el" in verdict_words(found, "America/Bogota")


def test_one_that_replaces_another_takes_it_back_in_the_same_step(network: Network, log_in: LogIn) -> None:
    patient_id, doctor, clerk = patient_of(network, log_in), log_in("lpaz"), log_in("msosa")
    first = issued(doctor, patient_id)
    for refusal, more in (
        (VoidReason, {"replaces": first.number}),
        (LetterNotFound, {"replaces": first.number + 1_000_000, "reason": "eran dos días"}),
    ):
        with pytest.raises(refusal):
            issued(doctor, patient_id, **more)
    with pytest.raises(NotYourLetter):
        issued(log_in("jibarra"), patient_id, replaces=first.number, reason="eran dos días")
    assert [row.number for row in listed(doctor, patient_id)] == [first.number]
    assert checked(clerk, first).valid
    second = issued(doctor, patient_id, replaces=first.number, reason="eran dos días")
    with pytest.raises(LetterVoided):
        issued(doctor, patient_id, replaces=first.number, reason="eran dos días")
    later, before = listed(doctor, patient_id)
    assert (later.replaces, before.replaced_by) == (first.number, second.number)
    assert standing_words(before) == f"reemplazado por el n.º {second.number}: eran dos días"
    assert checked(clerk, second).valid
    assert f"lo reemplazó el n.º {second.number}" in verdict_words(checked(clerk, first), "America/Bogota")
    assert f"Lo reemplaza el n.º {second.number}." in words_of(before)
    assert f"Reemplaza al n.º {first.number}" in words_of(later)


def test_printed_again_it_is_the_same_file_whatever_changed_since(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    answer = issued(doctor, patient_id)
    first, _missing = paper(row_of(doctor, patient_id, answer.number))
    with network.owner.begin() as owner:
        change = text("UPDATE patients SET family = 'Otra' WHERE patient_id = :id")
        owner.execute(change, {"id": patient_id})
    again, _missing = paper(row_of(doctor, patient_id, answer.number))
    assert again == first


def test_whoever_holds_a_paper_can_ask_and_learns_little_of_the_patient(
    network: Network, log_in: LogIn
) -> None:
    patient_id, doctor, clerk = patient_of(network, log_in), log_in("lpaz"), log_in("msosa")
    answer = issued(doctor, patient_id)
    digits = "".join(filter(str.isdigit, row_of(doctor, patient_id, answer.number).patient_document))
    found = checked(clerk, answer)
    assert (found.kind, found.author_name, found.valid) == ("certificado", doctor.actor.name, True)
    assert (found.initials, found.document_end) == ("R. E. Q. M.", digits[-3:])
    said = checked_words(found, "America/Bogota")
    assert "Quispe" not in said
    assert digits not in said
    for number, code in ((answer.number + 1, answer.code), (answer.number, "0000-0000-0000-0000")):
        with pytest.raises(UnknownPaper):
            clerk.desk().see(queries.check, queries.CheckQuery(number, code))
    with pytest.raises(NotAllowed):
        clerk.desk().see(queries.list_letters, queries.LettersQuery(patient_id))
    officer = log_in("priva").desk()
    officer.do(registry.seal_patient, registry.SealPatient(patient_id=patient_id, sealed=True))
    found = checked(clerk, answer)
    assert (found.valid, found.initials, found.document_end) == (True, "", "")
    assert "un paciente protegido" in checked_words(found, "America/Bogota")


def test_ten_wrong_codes_are_guesses_and_the_right_one_waits_too(network: Network, log_in: LogIn) -> None:
    patient_id, doctor, guesser = patient_of(network, log_in), log_in("lpaz"), log_in("gestion")
    answer = issued(doctor, patient_id)
    for guess in range(10):
        with pytest.raises(UnknownPaper):
            guesser.desk().see(queries.check, queries.CheckQuery(answer.number, f"{guess:016X}"))
    for code in (answer.code, "F" * 16):
        with pytest.raises(TooManyChecks):
            guesser.desk().see(queries.check, queries.CheckQuery(answer.number, code))
    assert checked(log_in("msosa"), answer).valid
    # The bound passes by itself: refusals that it gave do not make it longer.
    with network.owner.begin() as owner:
        owner.execute(text("UPDATE acts SET at = at - interval '10 minutes' WHERE refusal = 'UnknownPaper'"))
    assert checked(guesser, answer).valid


@pytest.mark.parametrize(
    "typed",
    [
        "12 3F2A-90C1-77DE-0B4C",
        "12 3f2a90c177de0b4c",
        "CLINICDESK 12 3F2A-90C1-77DE-0B4C",
        "n.º 12 · 3F2A-90C1-77DE-0B4C",
        " 12, 3F2A 9OCI 77DE OB4C ",
    ],
)
def test_a_code_is_understood_as_it_is_read_off_the_paper(typed: str) -> None:
    assert rules.asked(typed) == (12, "3f2a90c177de0b4c")


@pytest.mark.parametrize(
    "typed", ["", "12", "3F2A-90C1-77DE-0B4C", "12 3F2A-90C1-77DE", "12 3F2A-90C1-77DE-0B4CX", "x 1"]
)
def test_what_is_no_number_and_code_is_none(typed: str) -> None:
    assert rules.asked(typed) is None


def in_visit(network: Network, log_in: LogIn) -> tuple[Session, UUID, UUID]:
    """A doctor with somebody inside: patient and visit."""
    clerk, doctor = log_in("msosa"), log_in("lpaz")
    patient_id = new_patient(clerk).patient_id
    turn = clerk.desk().do(
        admissions.walk_in,
        admissions.WalkIn(
            patient_id=patient_id, doctor_id=network.person_ids["lpaz"], reason="tos", triage=3
        ),
    )
    visit = doctor.desk().do(
        records.start_visit,
        records.StartVisit(patient_id=patient_id, turn_id=turn.id, seq=turn.seq, from_state=turn.state),
    )
    return doctor, patient_id, visit.visit_id


def signed(doctor: Session, patient_id: UUID, visit_id: UUID, code: str) -> None:
    order = records.SignNote(
        **proven(doctor),
        patient_id=patient_id,
        visit_id=visit_id,
        text="Tos.",
        diagnoses=(DiagnosisEntry(code, "Catarro"),),
    )
    doctor.desk().do(records.sign_note, order)


def test_what_a_letter_quotes_of_an_unsigned_note_is_said_until_the_note_says_it(
    network: Network, log_in: LogIn
) -> None:
    doctor, patient_id, visit_id = in_visit(network, log_in)
    said = Said(days=2, diagnosis="J06.9 Catarro; R05 Tos")
    quotes: dict[str, Any] = {"visit_id": visit_id, "codes": ("J06.9", "R05")}
    answer = issued(doctor, patient_id, said=said, **quotes)
    (row,) = listed(doctor, patient_id)
    assert (row.visit_id, row.codes, row.unsigned) == (visit_id, ("J06.9", "R05"), ("J06.9", "R05"))
    assert row.sound
    assert checked(log_in("msosa"), answer).valid, "it is signed by itself"
    signed(doctor, patient_id, visit_id, "J06.9")
    (row,) = listed(doctor, patient_id)
    assert row.unsigned == ("R05",)
    with pytest.raises(NoSuchVisit):
        issued(doctor, patient_of(network, log_in), visit_id=visit_id)


def test_only_the_codes_that_its_words_name_are_quoted() -> None:
    codes = ("I10", "E11.9", "J06")
    assert rules.quoted(codes, "I10 HTA; E11.9 DM2. J06.9 no es J06") == codes
    assert rules.quoted(codes, "XI10, E11.91 y J06.9") == ()
    assert rules.quoted(codes, "") == ()


def test_words_find_letters_as_they_find_entries(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    rest = issued(doctor, patient_id)
    referral = Said(specialty="Cardiología", text="Soplo sistólico.")
    heart = issued(doctor, patient_id, "interconsulta", referral)
    year = f"{rest.issued_at:%Y}"

    def found(words: str) -> list[int]:
        rows = doctor.desk().see(queries.find_letters, queries.FindLetters(patient_id, words))
        return [row.number for row in rows]

    assert found("cardiologia soplo") == [heart.number]
    assert found("certif paz j02.9") == [rest.number]
    assert found("01/02/1999") == []
    assert found("nada de esto") == []
    assert found(f"{doctor.actor.name.split(',')[0]}") == [heart.number, rest.number]
    assert found("faring") == [rest.number]
    assert set(found(year) + found(str(int(year) - 1)) + found(str(int(year) + 1))) == {
        rest.number,
        heart.number,
    }


def test_those_of_a_retired_number_are_read_with_the_one_that_stands(network: Network, log_in: LogIn) -> None:
    doctor, secre = log_in("lpaz"), log_in("secre")
    kept, gone = (new_patient(log_in("msosa")) for _ in range(2))
    for each in (kept, gone):
        followed(secre, each.patient_id, doctor)
    answer = issued(doctor, gone.patient_id)
    assert listed(doctor, kept.patient_id) == ()
    merged(secre, kept.patient_id, gone.patient_id)
    (row,) = listed(doctor, kept.patient_id)
    assert (row.number, row.own_chart, row.sound) == (answer.number, gone.chart_number, True)
    assert row_of(doctor, kept.patient_id, answer.number) == row
    second = issued(doctor, kept.patient_id, replaces=answer.number, reason="eran dos días")
    assert [each.replaced_by for each in listed(doctor, kept.patient_id)] == [None, second.number]
    back = parted(secre, gone.patient_id)
    assert ("letter", "Paz") in {(each.kind, each.doctor) for each in back.entered}
    assert [each.number for each in listed(doctor, kept.patient_id)] == [second.number]


def test_one_of_the_wrong_person_is_marked_in_both_charts_and_holds_no_more(
    network: Network, log_in: LogIn
) -> None:
    doctor, clerk, secre = log_in("lpaz"), log_in("msosa"), log_in("secre")
    wrong, right = (new_patient(clerk) for _ in range(2))
    for each in (wrong, right):
        followed(secre, each.patient_id, doctor, log_in("jibarra"))
    answer = issued(doctor, wrong.patient_id)
    listed(log_in("jibarra"), wrong.patient_id)
    with pytest.raises(NotYourEntry):
        moved(log_in("jibarra"), wrong.patient_id, answer.id, right.patient_id)
    assert moved(doctor, wrong.patient_id, answer.id, right.patient_id).kind == "letter"
    (left,), (came,) = listed(doctor, wrong.patient_id), listed(doctor, right.patient_id)
    assert (left.gone, left.text, left.codes) == (True, "", ())
    assert f"Pasó a HC {right.chart_number:06d}" in standing_words(left)
    assert (came.gone, came.sound, came.number) == (False, True, answer.number)
    with pytest.raises(LetterNotFound):
        row_of(doctor, wrong.patient_id, answer.number)
    assert "NO VALE" in words_of(row_of(doctor, right.patient_id, answer.number))
    assert "a nombre de otra persona" in verdict_words(checked(clerk, answer), "America/Bogota")
    finds = queries.FindLetters(wrong.patient_id, "reposo")
    assert doctor.desk().see(queries.find_letters, finds) == ()
    void(doctor, right.patient_id, answer.id, "se emitió a la homónima")
    assert not checked(clerk, answer).valid


def test_raw_sql_of_another_doctor_takes_nothing_back(network: Network, log_in: LogIn) -> None:
    patient_id, doctor, other = patient_of(network, log_in), log_in("lpaz"), log_in("jibarra")
    answer = issued(doctor, patient_id)
    taken = text(
        "INSERT INTO letter_voids (patient_id, id, letter_id, reason, person_id, at)"
        " VALUES (:p, gen_random_uuid(), :l, 'porque sí', :me, now())"
    )
    for session, allowed in ((other, False), (doctor, True)):
        listed(session, patient_id)
        values = {"p": patient_id, "l": answer.id, "me": session.actor.person_id}
        with session.engine.connect() as raw:
            if allowed:
                raw.execute(taken, values)
            else:
                with pytest.raises(DBAPIError, match="row-level security"):
                    raw.execute(taken, values)
            raw.rollback()


def test_a_letter_is_never_changed_and_a_changed_one_is_not_sound(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    answer = issued(doctor, patient_id)
    for username in ("lpaz", "admin", "secre", "priva"):
        for statement in ("UPDATE letters SET text = 'x'", "DELETE FROM letters", "DELETE FROM letter_voids"):
            with log_in(username).engine.connect() as raw, pytest.raises(DBAPIError, match="denied"):
                raw.execute(text(statement))
    with log_in("msosa").engine.connect() as raw, pytest.raises(DBAPIError, match="denied"):
        raw.execute(text("SELECT text FROM letters"))
    with network.owner.begin() as owner:
        owner.execute(
            text("UPDATE letters SET text = replace(text, '3 días', '30 días') WHERE id = :id"),
            {"id": answer.id},
        )
    assert not row_of(doctor, patient_id, answer.number).sound


def test_a_clinic_words_its_own_letters(network: Network, log_in: LogIn) -> None:
    patient_id, doctor, admin = patient_of(network, log_in), log_in("lpaz"), log_in("admin")
    before = issued(doctor, patient_id)
    with pytest.raises(BadLetterTemplate, match="sueldo"):
        admin.desk().do(
            service.word_letter, service.WordLetter(kind="certificado", body="{paciente} {sueldo}")
        )
    with pytest.raises(NotAllowed):
        doctor.desk().do(service.word_letter, service.WordLetter(kind="certificado", body="{paciente}"))
    for body in ("{paciente} falta {dias}.", "{paciente} reposa {dias}."):
        admin.desk().do(service.word_letter, service.WordLetter(kind="certificado", body=body))
    after = issued(doctor, patient_id)
    assert row_of(doctor, patient_id, after.number).text.endswith("reposa 3 días.")
    assert "Certifico" in row_of(doctor, patient_id, before.number).text
    (now,) = (
        row
        for row in doctor.desk().see(queries.wordings, queries.WordingsQuery())
        if row.kind == LetterKind.CERTIFICATE
    )
    assert (now.body, now.version) == ("{paciente} reposa {dias}.", 2)


def test_words_with_braces_are_words() -> None:
    values = rules.values_of(Said(text="{paciente} {x}", days=2), date(2026, 11, 23))
    assert rules.written("{texto} {dias}", values) == "{paciente} {x} 2 días"
