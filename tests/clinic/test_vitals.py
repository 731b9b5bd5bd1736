"""Vital signs: ranges by NEWS2, and rows that only who measured writes, under a lease."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.admissions import service as admissions
from clinicdesk.clinic.desk import NoCareRelation, NotAllowed
from clinicdesk.clinic.records import queries
from clinicdesk.clinic.records.errors import BadVital, VitalsMissing
from clinicdesk.clinic.records.measuring import Measure, TakeVitals, take_vitals
from clinicdesk.clinic.records.signs import SIGNS, Standing, is_plausible, parsed, standing, usual_text
from tests.factories import Network, new_patient

LogIn = Callable[..., Session]
TODAY = date(2026, 11, 23)
ADULT = date(1981, 8, 2)


@pytest.mark.parametrize(
    ("sign", "value", "how"),
    [
        ("sistolica", "90", Standing.CRITICAL_LOW),
        ("sistolica", "91", Standing.USUAL),
        ("sistolica", "139", Standing.USUAL),
        ("sistolica", "140", Standing.HIGH),
        ("sistolica", "220", Standing.CRITICAL_HIGH),
        ("fr", "8", Standing.CRITICAL_LOW),
        ("fr", "25", Standing.CRITICAL_HIGH),
        ("fr", "21", Standing.HIGH),
        ("sat", "91", Standing.CRITICAL_LOW),
        ("sat", "95", Standing.LOW),
        ("sat", "96", Standing.USUAL),
        ("temp", "35.0", Standing.CRITICAL_LOW),
        ("temp", "38.1", Standing.HIGH),
        ("fc", "40", Standing.CRITICAL_LOW),
        ("fc", "131", Standing.CRITICAL_HIGH),
        ("peso", "82.4", Standing.NO_RANGE),
    ],
)
def test_how_a_value_stands(sign: str, value: str, how: Standing) -> None:
    assert standing(SIGNS[sign], Decimal(value), ADULT, TODAY) is how


def test_without_a_birth_or_under_sixteen_there_is_no_range() -> None:
    for birth in (None, date(2010, 11, 24)):
        assert standing(SIGNS["fc"], Decimal(150), birth, TODAY) is Standing.NO_RANGE
    assert standing(SIGNS["fc"], Decimal(150), date(2010, 11, 23), TODAY) is Standing.CRITICAL_HIGH


@pytest.mark.parametrize("typed", ["", "x", "1,2,3", "1.234", "nan", "inf", "--1", "1e9999"])
def test_what_is_no_value(typed: str) -> None:
    value = parsed(typed)
    assert value is None or not is_plausible(SIGNS["peso"], value)


def test_every_sign_says_what_is_usual_inside_what_is_possible() -> None:
    for sign in SIGNS.values():
        low, high = sign.plausible
        assert all(each is None or low <= each <= high for each in (*sign.usual, *sign.critical))
        assert usual_text(sign) or sign.usual == (None, None)
    assert parsed("36,6") == Decimal("36.6")


def waiting(network: Network, front: Session) -> TakeVitals:
    patient = new_patient(front).patient_id
    order = admissions.WalkIn(patient_id=patient, doctor_id=network.person_ids["lpaz"], reason="fiebre")
    front.desk().do(admissions.walk_in, order)
    return TakeVitals(patient_id=patient, measures=(Measure("fc", "88"), Measure("temp", "36.6")))


def test_a_nurse_measures_who_is_expected_and_the_doctor_sees_it(network: Network, log_in: LogIn) -> None:
    order, nurse = waiting(network, log_in("msosa")), log_in("enfe")
    assert nurse.desk().do(take_vitals, order).count == 2
    assert nurse.desk().do(take_vitals, order).count == 2, "sent again under its key"
    chart = log_in("lpaz").desk().see(queries.open_chart, queries.ChartQuery(order.patient_id))
    assert {(row.name, str(row.value)) for row in chart.vitals} == {
        ("Frecuencia cardíaca", "88"),
        ("Temperatura", "36.6"),
    }


@pytest.mark.parametrize(
    ("measures", "refusal"),
    [
        ((), VitalsMissing),
        ((Measure("fc", "900"),), BadVital),
        ((Measure("fc", "88"), Measure("nada", "1")), BadVital),
        ((Measure("fc", "NaN"),), BadVital),
    ],
)
def test_values_that_cannot_be(
    network: Network, log_in: LogIn, measures: tuple[Measure, ...], refusal: type[Exception]
) -> None:
    order = waiting(network, log_in("msosa"))
    wrong = TakeVitals(patient_id=order.patient_id, measures=measures)
    with pytest.raises(refusal):
        log_in("enfe").desk().do(take_vitals, wrong)
    with network.owner.connect() as owner:
        mine = text("SELECT count(*) FROM vitals WHERE patient_id = :id")
        assert owner.execute(mine, {"id": order.patient_id}).scalar_one() == 0


def test_nobody_measures_without_a_care_relation_or_the_right(network: Network, log_in: LogIn) -> None:
    front = log_in("msosa")
    stranger = TakeVitals(patient_id=new_patient(front).patient_id, measures=(Measure("fc", "88"),))
    with pytest.raises(NoCareRelation):
        log_in("enfe").desk().do(take_vitals, stranger)
    with pytest.raises(NotAllowed):
        front.desk().do(take_vitals, waiting(network, front))


def test_raw_sql_measures_in_nobody_elses_name(network: Network, log_in: LogIn) -> None:
    order, nurse = waiting(network, log_in("msosa")), log_in("enfe")
    statement = text(
        "INSERT INTO vitals (patient_id, id, at, system, code, name, value, unit, person_id)"
        " VALUES (:p, gen_random_uuid(), now(), 'LOINC', '8867-4', 'FC', 1, '/min', :who)"
    )
    mine = {"p": order.patient_id, "who": network.person_ids["enfe"]}
    with nurse.engine.connect() as raw, pytest.raises(DBAPIError, match="row-level security"):
        raw.execute(statement, mine)
    nurse.desk().do(take_vitals, order)
    for wrong in ({"who": network.person_ids["lpaz"]}, {"who": None}):
        with nurse.engine.connect() as raw, pytest.raises(DBAPIError, match="row-level security"):
            raw.execute(statement, mine | wrong)
    with nurse.engine.begin() as raw:
        raw.execute(statement, mine)
