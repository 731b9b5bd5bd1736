"""Letters: issued once by who proves it, numbered, verifiable on paper, taken back with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.errors import ProofNeeded
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.letters import queries, rules, service
from clinicdesk.clinic.letters.errors import (
    BadLetter,
    BadLetterTemplate,
    LetterNotFound,
    LetterVoided,
    NotYourLetter,
    VoidReason,
)
from clinicdesk.clinic.letters.rules import LetterKind, Said
from clinicdesk.kit.sheet import Stamp
from clinicdesk.reports._letter import paper
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


def row_of(session: Session, patient_id: UUID, number: int) -> queries.LetterPaper:
    return session.desk().see(queries.paper, queries.LettersQuery(patient_id, number))


def words_of(row: queries.LetterPaper, *, again: bool = False) -> str:
    stamp = Stamp("Paz, Lucía", datetime(2026, 11, 23, 10, tzinfo=UTC), "America/Bogota", "Centro Norte")
    file, missing = paper(row, stamp, again=again)
    assert missing == ()
    return " ".join(page.extract_text() for page in PdfReader(BytesIO(file)).pages).replace("\n", " ")


def test_a_certificate_is_issued_numbered_and_printed(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    answer = issued(doctor, patient_id)
    row = row_of(doctor, patient_id, answer.number)
    assert row.letter.sound
    assert row.letter.code == answer.code
    said = words_of(row)
    for words in (
        "Certificado médico",
        "3 días, desde el 23/11/2026 hasta el 25/11/2026",
        "J02.9 Faringitis aguda",
        "su empleador",
        f"N.º {answer.number}",
        answer.code,
        row.letter.author_name,
    ):
        assert words in said, words
    assert "Reimpresión" not in said
    assert "Reimpresión del documento emitido" in words_of(row, again=True)


def test_a_diagnosis_stands_only_where_the_doctor_says_it(network: Network, log_in: LogIn) -> None:
    patient_id, doctor = patient_of(network, log_in), log_in("lpaz")
    answer = issued(doctor, patient_id, said=Said(days=1))
    text_said = row_of(doctor, patient_id, answer.number).letter.text
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
    listed = doctor.desk().see(queries.list_letters, queries.LettersQuery(patient_id))
    assert [row.kind for row in listed] == ["estudios", "interconsulta"]


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

    def void(session: Session, reason: str = "fechas equivocadas") -> service.VoidAnswer:
        order = service.VoidLetter(patient_id=patient_id, letter_id=answer.id, reason=reason)
        return session.desk().do(service.void_letter, order)

    with pytest.raises(NotYourLetter, match="Paz"):
        void(other)
    with pytest.raises(VoidReason):
        void(doctor, "no")
    void(doctor)
    with pytest.raises(LetterVoided):
        void(doctor)
    assert "ANULADO: fechas equivocadas" in words_of(row_of(doctor, patient_id, answer.number), again=True)


def test_whoever_holds_a_paper_can_ask_and_learns_nothing_of_the_patient(
    network: Network, log_in: LogIn
) -> None:
    patient_id, doctor, clerk = patient_of(network, log_in), log_in("lpaz"), log_in("msosa")
    answer = issued(doctor, patient_id)
    found = clerk.desk().see(queries.check, queries.CheckQuery(answer.number, answer.code.lower()))
    assert (found.kind, found.author_name, found.voided_at) == ("certificado", doctor.actor.name, None)
    for number, code in ((answer.number + 1, answer.code), (answer.number, "0000-0000-0000-0000")):
        with pytest.raises(LetterNotFound):
            clerk.desk().see(queries.check, queries.CheckQuery(number, code))
    with pytest.raises(NotAllowed):
        clerk.desk().see(queries.list_letters, queries.LettersQuery(patient_id))


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
    assert not row_of(doctor, patient_id, answer.number).letter.sound


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
    assert row_of(doctor, patient_id, after.number).letter.text.endswith("reposa 3 días.")
    assert "Certifico" in row_of(doctor, patient_id, before.number).letter.text
    (now,) = (
        row
        for row in doctor.desk().see(queries.wordings, queries.WordingsQuery())
        if row.kind == LetterKind.CERTIFICATE
    )
    assert (now.body, now.version) == ("{paciente} reposa {dias}.", 2)


def test_words_with_braces_are_words() -> None:
    values = rules.values_of(Said(text="{paciente} {x}", days=2), date(2026, 11, 23))
    assert rules.written("{texto} {dias}", values) == "{paciente} {x} 2 días"
