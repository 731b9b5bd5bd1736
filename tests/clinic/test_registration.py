"""A person is registered whole: what is kept of them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import NotAllowed
from clinicdesk.clinic.patients import additions, check_digits, details, identity, phones, queries
from clinicdesk.clinic.patients import particulars as known
from clinicdesk.clinic.patients.errors import (
    AllergiesStand,
    AllergyStays,
    DocumentKnown,
    DocumentNotTheirs,
    NotTemporary,
    OwnContact,
    ParticularNotFound,
    PhoneTwice,
)
from clinicdesk.clinic.patients.rules import Document, is_minor, names_given, parsed_document
from clinicdesk.kit import clock
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
MOBILE = "+5491161234567"


def whole(session: Session, patient_id: Any) -> details.PatientDetails:
    """Everything known of a patient."""
    return session.desk().see(details.details, queries.PatientQuery(patient_id))


def add(session: Session, patient_id: Any, fact: known.Particular) -> Any:
    """The id of a fact that was added."""
    order = additions.AddParticular(patient_id=patient_id, fact=fact)
    return session.desk().do(additions.add_particular, order).row_id


# Numbers


@pytest.mark.parametrize(
    ("typed", "country", "kept"),
    [
        ("11 5555-4444", "AR", "+541155554444"),
        ("011 15-6123-4567", "AR", MOBILE),
        ("+54 9 11 6123 4567", "UY", MOBILE),
        ("099 123 456", "UY", "+59899123456"),
        ("2 2123 4567", "CL", "+56221234567"),
    ],
)
def test_a_phone_is_kept_in_one_form(typed: str, country: str, kept: str) -> None:
    assert phones.parsed(typed, country) == kept


@pytest.mark.parametrize(
    "typed", ["", "1", "no sé", "11 5555", "+54 11 781-3279", "1155554444 x5", "9" * 300]
)
def test_a_phone_of_no_plan_is_refused_with_what_was_expected(typed: str) -> None:
    with pytest.raises(InvalidInput, match=r"se espera 011 15-2345-6789 o \+54 9 11 2345-6789"):
        phones.parsed(typed, "AR")


def test_a_phone_reads_as_it_is_dialled_here_and_from_abroad() -> None:
    assert phones.shown(MOBILE, "AR") == "011 15-6123-4567"
    assert phones.shown(MOBILE, "UY") == phones.shown(MOBILE) == "+54 9 11 6123-4567"
    assert phones.shown("4444 de la tía", "AR") == "4444 de la tía"
    assert phones.shown(None, "AR") == ""


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("AR:CUIL:20-26756539-3", "AR:CUIL:20-26756539-4"),
        ("CL:RUN:12.531.909-2", "CL:RUN:12.531.909-3"),
        ("CO:NIT:213.123.432-1", "CO:NIT:213.123.432-2"),
        ("EC:CI:1714307103", "EC:CI:1714307104"),
        ("EC:CI:0602910945", "EC:CI:0602910946"),
        ("UY:CI:1.234.567-2", "UY:CI:1.234.567-3"),
        ("DO:CI:001-1391820-5", "DO:CI:001-1391820-6"),
        ("ES:DNI:54362315-K", "ES:DNI:54362315-L"),
        ("MX:CURP:BOXW310820HNERXN09", "MX:CURP:BOXW310820HNERXN08"),
    ],
)
def test_check_digits_hold_where_the_country_has_them(right: str, wrong: str) -> None:
    for typed, is_wrong in ((right, False), (wrong, True)):
        paper = parsed_document(typed, "AR")
        assert check_digits.is_wrong(paper.country, paper.kind, paper.number) is is_wrong


def test_documents_without_check_digits_are_taken_as_they_are() -> None:
    for typed in ("DNI:12345678", "PAS:AAC123456", "PE:DNI:12345678", "ZZ:PAS:1"):
        paper = parsed_document(typed, "AR")
        assert not check_digits.is_wrong(paper.country, paper.kind, paper.number)


def test_of_age_is_the_country_s_to_say() -> None:
    today = date(2026, 11, 21)
    assert is_minor(date(2008, 11, 22), "AR", today)
    assert not is_minor(date(2008, 11, 21), "AR", today)
    assert is_minor(date(2008, 11, 21), "HN", today)
    assert not is_minor(None, "AR", today)


def test_who_has_no_name_yet_is_called_something() -> None:
    assert names_given("", "", "nn", None) == ("", "NN")
    assert names_given("", "", "recien_nacido", "Quispe Mamani") == ("", "RN de Quispe Mamani")
    assert names_given("Ana", "Paz", "recien_nacido", "Quispe") == ("Ana", "Paz")
    assert names_given("", "", None, None) == ("", "")


# Registering


def test_everything_said_at_the_counter_is_kept(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    made = new_patient(
        clerk,
        name_in_use="Rosi",
        gender="mujer_trans",
        blood_group="AB-",
        phone="11 5555-4444",
        document_expires=date(2040, 1, 1),
        documents=(known.Paper(Document("AR", "PAS", f"P{new_id().hex[-8:].upper()}"), date(2020, 1, 1)),),
        phones=(known.Phone("011 15-6123-4567", "familiar", "la hermana"),),
        coverages=(known.Coverage("OSDE", "310", "61-1", date(2020, 1, 1), date(2040, 1, 1)),),
        contacts=(known.Contact("hermano", "Quispe, Ana", "11 5555-0000", emergency=True),),
        consents=(known.Consent("avisos", True, "firmó en papel", "11 5555-4444"),),
        allergies=(known.Allergy("penicilina", "severa"),),
    )
    assert made.warnings == ()
    found = whole(clerk, made.patient_id)
    person = found.patient
    assert (person.name_in_use, person.gender, person.blood_group) == ("Rosi", "mujer_trans", "AB-")
    assert (person.phone, person.allergy_status, person.payer) == ("+541155554444", "registradas", "OSDE")
    assert [(each.kind, each.has_expired(date(2026, 1, 1))) for each in found.documents] == [
        ("DNI", False),
        ("PAS", True),
    ]
    assert [(each.number, each.kind, each.note) for each in found.phones] == [
        (MOBILE, "familiar", "la hermana")
    ]
    assert [(each.payer, each.plan, each.member_number) for each in found.coverages] == [
        ("OSDE", "310", "61-1")
    ]
    assert [(each.name, each.phone, each.emergency) for each in found.contacts] == [
        ("Quispe, Ana", "+541155550000", True)
    ]
    assert [(each.purpose, each.number, each.granted) for each in found.consents] == [
        ("avisos", "+541155554444", True)
    ]
    carer = log_in("lpaz").desk()
    told = carer.see(details.allergies, queries.PatientQuery(made.patient_id))
    assert [row.substance for row in told] == ["penicilina"]


def test_every_problem_is_named_at_once(log_in: LogIn) -> None:
    with pytest.raises(InvalidInput) as refused:
        new_patient(
            log_in("msosa"),
            document=Document("EC", "CI", "1714307104"),
            family=" ",
            gender="x",
            blood_group="C+",
            phone="1",
            email="sin arroba",
            coverages=(known.Coverage(" ", since=date(2026, 1, 2), until=date(2026, 1, 1)),),
            contacts=(known.Contact("vecino", "", emergency=True),),
            consents=(known.Consent("avisos", True, "", None),),
            allergies=(known.Allergy("polen", "mucha"),),
            no_allergies=True,
        )
    said = " ".join(refused.value.problems)
    for problem in (
        "Falta el apellido",
        "dígito verificador de CI 1714307104",
        "identidad de género «x»",
        "grupo sanguíneo «C+»",
        "teléfono «1»",
        "correo «sin arroba»",
        "La cobertura no puede quedar en blanco",
        "La cobertura no puede terminar antes",
        "vínculo «vecino»",
        "nombre del contacto",
        "constancia",
        "falta cuál",
        "gravedad «mucha»",
        "Hay alergias anotadas",
    ):
        assert problem in said


def test_a_minor_without_guardian_is_a_warning(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    born = clock.local_day(clock.now(), clerk.actor.at.zone) - timedelta(days=2000)
    assert "menor" in new_patient(clerk, birth=born).warnings[0]
    answers = known.Contact("madre", "Quispe, Rosa", guardian=True)
    assert new_patient(clerk, birth=born, contacts=(answers,)).warnings == ()
    assert "quién responde" in new_patient(clerk, dependent=True).warnings[0]


def test_every_phone_finds_the_person(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk, phone="11 5555-7101").patient_id
    row = add(clerk, patient_id, known.Phone("351 555-7202"))
    for typed in ("5557101", "3515557202", "7202"):
        found = clerk.desk().see(queries.search, queries.SearchQuery(typed)).rows
        assert patient_id in {each.patient_id for each in found}
    with pytest.raises(PhoneTwice):
        add(clerk, patient_id, known.Phone("+54 351 555 7202"))
    end = additions.EndParticular(patient_id=patient_id, row_id=row, kind="phone")
    clerk.desk().do(additions.end_particular, end)
    assert whole(clerk, patient_id).phones == ()
    assert not clerk.desk().see(queries.search, queries.SearchQuery("3515557202")).rows
    with pytest.raises(ParticularNotFound):
        clerk.desk().do(
            additions.end_particular,
            additions.EndParticular(patient_id=patient_id, row_id=row, kind="phone"),
        )


def test_the_last_word_on_a_consent_holds_and_the_first_stays(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk, phone="11 5555-4444").patient_id
    for granted in (True, False):
        add(clerk, patient_id, known.Consent("avisos", granted, "por teléfono", "11 5555-4444"))
    add(clerk, patient_id, known.Consent("datos", True, "firmó"))
    held = {each.purpose: each.granted for each in whole(clerk, patient_id).consents}
    assert held == {"avisos": False, "datos": True}
    with network.owner.connect() as owner:
        count = text("SELECT count(*) FROM consents WHERE patient_id = :patient")
        assert owner.execute(count, {"patient": patient_id}).scalar_one() == 3


def test_a_coverage_authorises_a_practice_and_ends(network: Network, log_in: LogIn) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk).patient_id
    coverage = add(clerk, patient_id, known.Coverage("OSDE", "310"))
    with network.owner.connect() as owner:
        procedure = owner.execute(text("SELECT min(id) FROM procedures")).scalar_one()
    add(clerk, patient_id, known.Authorisation(coverage, procedure, "A-77", times=10))
    (held,) = whole(clerk, patient_id).authorisations
    assert (held.number, held.times, held.coverage_id) == ("A-77", 10, coverage)
    with pytest.raises(ParticularNotFound):
        add(clerk, patient_id, known.Authorisation(new_id(), procedure, "A-78"))
    today = clock.local_day(clock.now(), clerk.actor.at.zone)
    end = additions.EndParticular(patient_id=patient_id, row_id=coverage, kind="coverage")
    clerk.desk().do(additions.end_particular, end)
    assert whole(clerk, patient_id).coverages[0].until == today


def test_nobody_is_their_own_guardian(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk).patient_id
    with pytest.raises(OwnContact):
        add(clerk, patient_id, known.Contact("tutor", "Yo", related_id=patient_id, guardian=True))


def test_none_known_is_an_answer_and_an_allergy_another(log_in: LogIn) -> None:
    clerk, doctor = log_in("msosa"), log_in("lpaz")
    patient_id = new_patient(clerk).patient_id
    assert whole(clerk, patient_id).patient.allergy_status == "sin_preguntar"
    clerk.desk().do(additions.no_allergies, additions.NoAllergies(patient_id=patient_id))
    assert whole(clerk, patient_id).patient.allergy_status == "ninguna"
    row = add(clerk, patient_id, known.Allergy("látex"))
    with pytest.raises(AllergiesStand):
        clerk.desk().do(additions.no_allergies, additions.NoAllergies(patient_id=patient_id))
    end = additions.EndAllergy(patient_id=patient_id, row_id=row)
    assert doctor.desk().do(additions.end_allergy, end).row_id == row
    assert whole(clerk, patient_id).patient.allergy_status == "sin_preguntar"


def unsaid(session: Session, patient_id: UUID, row_id: UUID) -> None:
    session.desk().do(additions.unsay_allergy, additions.EndAllergy(patient_id=patient_id, row_id=row_id))


def test_an_allergy_is_closed_by_carers_and_soon_by_who_wrote_it(network: Network, log_in: LogIn) -> None:
    clerk, other, nurse = log_in("msosa"), log_in("cruiz"), log_in("enfe")
    patient_id = new_patient(clerk).patient_id
    mistake, late, wrong = (add(clerk, patient_id, known.Allergy(name)) for name in ("polen", "látex", "ajo"))
    with pytest.raises(AllergyStays):
        unsaid(other, patient_id, mistake)
    with pytest.raises(NotAllowed):
        clerk.desk().do(additions.end_allergy, additions.EndAllergy(patient_id=patient_id, row_id=mistake))
    unsaid(clerk, patient_id, mistake)
    with pytest.raises(ParticularNotFound):
        unsaid(clerk, patient_id, mistake)
    with network.owner.begin() as owner:
        aged = text("UPDATE allergies SET told_at = told_at - interval '13 hours' WHERE id = :id")
        owner.execute(aged, {"id": late})
    with pytest.raises(AllergyStays):
        unsaid(clerk, patient_id, late)
    for row in (late, wrong):
        nurse.desk().do(additions.end_allergy, additions.EndAllergy(patient_id=patient_id, row_id=row))
    assert whole(clerk, patient_id).patient.allergy_status == "sin_preguntar"


# Documents and temporary identities


def test_one_number_of_two_booklets_is_of_two_people_and_finds_both(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    born = date(1938, 5, 4)
    him, her = (
        new_patient(clerk, document=Document("AR", kind, "5987123"), sex=sex, birth=born).patient_id
        for kind, sex in (("LE", "M"), ("LC", "F"))
    )
    found = clerk.desk().see(queries.search, queries.SearchQuery("5.987.123"))
    assert {row.patient_id for row in found.rows} == {him, her}


def test_a_document_entered_by_mistake_is_given_to_whom_it_is_of(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    wrong, right = (new_patient(clerk).patient_id for _n in range(2))
    paper = Document("AR", "PAS", f"W{new_id().hex[-8:].upper()}")
    give = identity.AddDocument(patient_id=wrong, document=paper)
    clerk.desk().do(identity.add_document, give)
    with pytest.raises(DocumentKnown) as known_already:
        clerk.desk().do(identity.add_document, identity.AddDocument(patient_id=right, document=paper))
    assert known_already.value.fields["patient"].patient_id == wrong  # type: ignore[attr-defined]
    void = identity.VoidDocument(patient_id=wrong, document=paper, reason="era de otra persona")
    clerk.desk().do(identity.void_document, void)
    with pytest.raises(DocumentNotTheirs):
        clerk.desk().do(identity.void_document, identity.VoidDocument(**_again(void)))
    assert clerk.desk().do(identity.add_document, identity.AddDocument(patient_id=right, document=paper))
    found = clerk.desk().see(queries.find, queries.DocumentQuery(paper.key))
    assert found.patient_id == right
    former = whole(clerk, wrong).documents[-1]
    assert (former.key, former.void_reason) == (paper.key, "era de otra persona")


def _again(order: identity.VoidDocument) -> dict[str, Any]:
    return {"patient_id": order.patient_id, "document": order.document, "reason": order.reason}


def test_a_newborn_is_its_mother_s_until_it_has_a_name(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    mother = new_patient(clerk).patient_id
    today = clock.local_day(clock.now(), clerk.actor.at.zone)
    newborn = {"document": None, "family": "", "given": "", "provisional": "recien_nacido", "birth": today}
    made = new_patient(clerk, **newborn, mother_id=mother)
    found = whole(clerk, made.patient_id)
    assert (found.patient.family, found.patient.document) == (
        "RN de Quispe Mamani",
        f"RN-{made.chart_number:06d}",
    )
    (close,) = found.contacts
    assert (close.relation, close.related_id, close.guardian) == ("madre", mother, True)
    assert made.warnings == ()
    paper = Document("AR", "PAS", f"N{new_id().hex[-8:].upper()}")
    who = {"given": "Inti", "family": "Quispe", "sex": "M", "birth": today}
    order = identity.Identify(patient_id=made.patient_id, document=paper, **who)  # type: ignore[arg-type]
    clerk.desk().do(identity.identify, order)
    named = clerk.desk().see(queries.find, queries.DocumentQuery(paper.key))
    assert (named.patient_id, named.chart_number) == (made.patient_id, made.chart_number)
    assert (named.family, named.given, named.provisional) == ("Quispe", "Inti", None)
    rows = clerk.desk().see(queries.search, queries.SearchQuery("inti quispe")).rows
    assert made.patient_id in {row.patient_id for row in rows}
    with pytest.raises(NotTemporary):
        clerk.desk().do(identity.identify, identity.Identify(patient_id=mother, document=None, **who))  # type: ignore[arg-type]


def test_who_turns_out_to_be_known_is_not_registered_twice(log_in: LogIn) -> None:
    clerk = log_in("msosa")
    paper = Document("AR", "PAS", f"K{new_id().hex[-8:].upper()}")
    first = new_patient(clerk, document=paper)
    nobody = new_patient(clerk, document=None, family="", given="", birth=None, provisional="nn", sex="X")
    who = {"given": "Rosa", "family": "Quispe", "sex": "F", "birth": date(1981, 8, 2)}
    order = identity.Identify(patient_id=nobody.patient_id, document=paper, **who)  # type: ignore[arg-type]
    with pytest.raises(DocumentKnown) as refused:
        clerk.desk().do(identity.identify, order)
    assert refused.value.fields["patient"].patient_id == first.patient_id  # type: ignore[attr-defined]
    assert whole(clerk, nobody.patient_id).patient.document == f"NN-{nobody.chart_number:06d}"
