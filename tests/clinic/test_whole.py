"""An order is done whole or not at all, wherever in it something stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, text, update

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.changes import CHANNEL, Change, Kind, parsed
from clinicdesk.clinic.patients.errors import BadPayer, PatientChanged
from clinicdesk.clinic.patients.model import coverages, patients
from clinicdesk.clinic.rights import Permission
from clinicdesk.clinic.usecases import Order, Tx, use_case
from clinicdesk.kit.db import listener
from clinicdesk.kit.errors import DatabaseUnreachable
from clinicdesk.kit.ids import new_id
from tests.factories import Network, new_patient

BEFORE: Final = "+541144440000"
AFTER: Final = "+541144441111"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Order):
    """A telephone, and then a coverage: two tables. `stops` says what happens in between."""

    patient_id: UUID
    stops: str = ""


@use_case("test.contact", needs=Permission.PATIENT_WRITE, answer=bool)
def contact(tx: Tx, order: Contact) -> bool:
    """Change a table, and another one, with a look at the database between them."""
    held = patients.c.patient_id == order.patient_id
    tx.run(update(patients).where(held).values(phone=AFTER).returning(patients.c.version))
    tx.changed(Change(Kind.PATIENT, tx.act, ids=((order.patient_id, order.patient_id),)))
    if order.stops == "a refusal":
        raise PatientChanged
    if order.stops == "a bug":
        raise ZeroDivisionError
    if order.stops == "the line":
        tx.run(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    payer = "" if order.stops == "a constraint" else "OSDE"
    tx.write(insert(coverages), {"patient_id": order.patient_id, "id": new_id(), "payer": payer})
    return True


def left(network: Network, order: Contact) -> tuple[Any, ...]:
    """Telephone, coverages, the act of what was done, its answer."""
    statement = text(
        "SELECT p.phone, (SELECT count(*) FROM coverages c WHERE c.patient_id = p.patient_id),"
        " (SELECT count(*) FROM acts WHERE key = :key AND outcome = 'done'),"
        " (SELECT count(*) FROM act_answers WHERE key = :key) FROM patients p WHERE p.patient_id = :id"
    )
    with network.owner.connect() as owner:
        return tuple(owner.execute(statement, {"key": order.key, "id": order.patient_id}).one())


@pytest.mark.parametrize(
    ("stops", "error"),
    [
        ("a refusal", PatientChanged),
        ("a bug", ZeroDivisionError),
        ("a constraint", BadPayer),
        ("the line", DatabaseUnreachable),
    ],
)
def test_an_order_that_stops_half_way_leaves_nothing(
    network: Network, log_in: Callable[..., Session], stops: str, error: type[Exception]
) -> None:
    clerk = log_in("msosa")
    patient_id = new_patient(clerk, phone=BEFORE).patient_id
    order = Contact(patient_id=patient_id, stops=stops)
    with listener(network.owner) as ear:
        ear.execute(f"LISTEN {CHANNEL}")
        with pytest.raises(error):
            clerk.desk().do(contact, order)
        assert left(network, order) == (BEFORE, 0, 0, 0)
        whole = Contact(patient_id=patient_id)
        assert clerk.desk().do(contact, whole) is True
        heard = [parsed(notice.payload) for notice in ear.notifies(timeout=60, stop_after=1)]
    assert left(network, whole) == (AFTER, 1, 1, 1)
    assert [change.act for change in heard if change] == [whole.key]
