"""What the database lets nobody write into an entry's attributes, and finding what it cannot judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinicdesk import bootstrap
from clinicdesk.bootstrap import Session
from clinicdesk.clinic.desk import DatabaseRefused, NotAllowed
from clinicdesk.clinic.records import checking, schemas, types
from clinicdesk.clinic.records.checking import Checked, HeldRow, Misfit
from clinicdesk.clinic.records.errors import BadAttributes, SchemaChanged
from clinicdesk.kit.ids import new_id
from tests.clinic import victims
from tests.clinic.test_records import SPIROMETRY, added, edited, entry_of, given_type, type_of
from tests.factories import Network, followed, new_patient

LogIn = Callable[..., Session]
FITS: Final = {"fev1": 2.4}


@pytest.fixture(scope="module")
def patient(network: Network) -> UUID:
    """Somebody whom lpaz follows, and whose chart she has open."""
    front, secretary, doctor = (network.log_in(name) for name in ("msosa", "secre", "lpaz"))
    patient_id = followed(secretary, new_patient(front).patient_id, doctor)
    added(doctor, patient_id)
    for each in (front, secretary, doctor):
        each.close()
    return patient_id


def insert(doctor: Session, patient: UUID, kind: str, version: int | None, attributes: Any) -> str:
    """What SQL of a doctor's own meets: the constraint that refused the entry, empty where it was taken."""
    with victims.raw(doctor) as connection:
        try:
            _write(connection, doctor, patient, kind, version, attributes)
        except psycopg.Error as error:
            return error.diag.constraint_name or str(error)
    return ""


def _write(
    connection: psycopg.Connection[Any],
    doctor: Session,
    patient: UUID,
    kind: str,
    version: int | None,
    attributes: Any,
) -> UUID:
    said = attributes if isinstance(attributes, str) else json.dumps(attributes)
    entry_id = new_id()
    connection.execute(
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, doctor_id, schema_version, attributes)"
        " VALUES (%s, %s, %s, now(), %s, %s, %s, %s::jsonb)",
        (patient, entry_id, kind, doctor.actor.at.clinic_id, doctor.actor.person_id, version, said),
    )
    return entry_id


def test_an_entry_names_the_schema_in_force_whoever_writes_it(log_in: LogIn, patient: UUID) -> None:
    admin, doctor = log_in("admin"), log_in("lpaz")
    kind = given_type(admin, schema=SPIROMETRY)
    assert insert(doctor, patient, kind.code, 1, FITS) == ""
    assert insert(doctor, patient, kind.code, None, FITS) == "records_typed"
    assert insert(doctor, patient, kind.code, None, {}) == "records_typed"
    edited(admin, kind, schema=SPIROMETRY | {"required": ["fev1", "fvc"]}, schema_said=True)
    assert insert(doctor, patient, kind.code, 1, FITS) == "records_typed"
    assert insert(doctor, patient, kind.code, 2, FITS | {"fvc": 3}) == ""
    edited(admin, type_of(admin, kind.code), active=False)
    assert insert(doctor, patient, kind.code, 2, FITS | {"fvc": 3}) == "records_typed"
    assert insert(doctor, patient, "otro", None, FITS) == ""
    assert insert(doctor, patient, "otro", 1, FITS) == "records_typed"


@pytest.mark.parametrize(
    ("attributes", "refused"),
    [
        ([1, 2], "records_attributes_ck"),
        ('{"a":' * 9 + "1" + "}" * 9, "records_attributes_ck"),
        ('{"a":' * 8 + "1" + "}" * 8, ""),
        ('{"a":' + "[" * 8 + "]" * 8 + "}", ""),
        ('{"a":' + "[" * 9 + "]" * 9 + "}", "records_attributes_ck"),
        ({"a": [1, {"b": 10**40}]}, "records_attributes_ck"),
        ('{"a": -1e400}', "records_attributes_ck"),
        ({"a": [1, {"b": 10**40 - 1}]}, ""),
        ({"a": "ñ" * 1_000_100}, "records_attributes_ck"),
        ({"a": "ñ" * 30_000}, ""),
        ({"texto_sin_firma": "Espera la firma."}, ""),
        ({"texto_sin_firma": ""}, "records_unsigned_ck"),
        ({"texto_sin_firma": {"a": 1}}, "records_unsigned_ck"),
        ({"texto_sin_firma": None}, "records_unsigned_ck"),
        ({"texto_sin_firma": "x" * 200_001}, "records_unsigned_ck"),
    ],
    ids=lambda said: str(said)[:40],
)
def test_what_could_not_be_read_back_is_let_in_by_nobody(
    log_in: LogIn, patient: UUID, attributes: Any, refused: str
) -> None:
    assert insert(log_in("lpaz"), patient, "otro", None, attributes) == refused


VALUES: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40) + 1, 10**40 - 1)
    | st.floats(-1e39, 1e39)
    | st.text(max_size=20),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text("abcñ_", min_size=1), below, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abcñ_", min_size=1), VALUES, max_size=4))
def test_what_the_program_lets_in_is_no_misfit(attributes: dict[str, Any]) -> None:
    try:
        kept = schemas.bounded(attributes)
    except BadAttributes:
        return
    assert checking.problems_of(HeldRow(new_id(), new_id(), "otro", None, kept), {}) == ""


def test_a_type_that_changes_while_an_entry_is_typed_refuses_it(
    log_in: LogIn, patient: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, doctor = log_in("admin"), log_in("lpaz")
    seen = given_type(admin, schema=SPIROMETRY)
    edited(admin, seen, schema=SPIROMETRY | {"required": ["fev1", "fvc"]}, schema_said=True)
    with monkeypatch.context() as patched:
        patched.setattr(types, "given", lambda _tx, _code: seen)
        with pytest.raises(SchemaChanged):
            added(doctor, patient, kind=seen.code, attributes=FITS)
    entry = added(doctor, patient, kind=seen.code, attributes=FITS | {"fvc": 3})
    assert entry_of(doctor, patient, entry.id).schema_version == 2


def found_by_owner(network: Network) -> list[Misfit]:
    return list(checking.check_all(bootstrap.owner_desk(network.owner), Checked()))


def test_what_was_written_past_the_program_is_found_and_nothing_else(
    network: Network, log_in: LogIn, patient: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, doctor = log_in("admin"), log_in("lpaz")
    kind = given_type(admin, schema=SPIROMETRY)
    added(doctor, patient, kind=kind.code, attributes=FITS, text="Sin firmar todavía.")
    edited(admin, kind, schema=SPIROMETRY | {"required": ["fvc"]}, schema_said=True)
    added(doctor, patient, kind=kind.code, attributes={"fvc": 3})
    assert found_by_owner(network) == []
    with doctor.engine.begin() as connection:
        bare: Any = connection.connection.driver_connection
        wrong = _write(bare, doctor, patient, kind.code, 2, {"fev1": "dos", "secreto": "VIH"})
        dotted = _write(bare, doctor, patient, "otro", None, {"a.b": 1})
    monkeypatch.setattr(checking, "PAGE", 2)
    told = {each.id: each for each in found_by_owner(network)}
    assert told.keys() == {wrong, dotted}
    assert told[wrong].problems == "fvc: falta. fev1: no es un número."
    assert (told[wrong].patient_id, told[wrong].schema_version) == (patient, 2)
    assert "a.b" in told[dotted].problems
    with network.owner.begin() as owner:
        owner.exec_driver_sql("DELETE FROM records WHERE id = ANY (%s)", ([wrong, dotted],))


@pytest.mark.parametrize("username", ["lpaz", "gestion", "priva"])
def test_nobody_of_the_network_looks_through_all_entries(log_in: LogIn, username: str) -> None:
    with pytest.raises(NotAllowed):
        log_in(username).desk().see(checking.held_page, checking.HeldPage())


def test_administration_reads_no_entry(log_in: LogIn) -> None:
    with pytest.raises(DatabaseRefused):
        log_in("admin").desk().see(checking.held_page, checking.HeldPage())
