"""A clinic whose every row is dressed in hostile text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, text

from clinicdesk import bootstrap
from clinicdesk.clinic.access import service as access
from clinicdesk.clinic.access.display import NewDisplayKey, new_display_key
from clinicdesk.clinic.access.model import clinic_roles
from clinicdesk.clinic.attachments import service as files
from clinicdesk.clinic.patients import additions, alike, editing, identity, particulars, rules
from clinicdesk.clinic.patients.model import coverages
from clinicdesk.clinic.privacy import service as privacy
from clinicdesk.clinic.privacy.model import chart_alerts
from clinicdesk.clinic.records.model import note_drafts
from clinicdesk.clinic.results.model import observations, results
from clinicdesk.clinic.sites.model import fee_codes, fee_items, fee_schedules, procedures
from clinicdesk.clinic.turns import service as turns
from clinicdesk.clinic.turns import suspension
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from tests.factories import PASSWORD, Network, proven
from tests.tui.counter import Counter, Person
from tests.tui.surgery import FIRST, Surgery, new_surgery

_KINDS: Final = (
    ("control", "I10", "HTA", "Control."),
    ("urgencia", "M54.5", "Lumbalgia", "Dolor."),
    ("control", "E11.9", "DM2", "Dieta."),
    ("imagen", "Z01.6", "Mamografía", ""),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """The clinic: who is known at its counter, and the doctor with somebody inside."""

    network: Network
    environment: Mapping[str, str]
    known: Person
    doctor: str
    of_two: str
    """Somebody with a role in each clinic."""
    closed: Person
    """Whose chart is closed to the doctor."""
    inside: Person
    """Whose chart has something of everything, and who is expected today."""
    display_key: Path
    """The file with the key of the waiting room's screen."""


def build(network: Network, environment: Mapping[str, str], folder: Path) -> Stage:
    """Turns, a queue, a chart with something of everything, openings by emergency; a key in the folder."""
    clerk = network.log_in("cruiz")
    counter = Counter(network, clerk)
    people = [counter.patient(f"Aaa {number}", "Ana") for number in range(14)]
    for person in people[:9]:
        counter.booked(person)
    for person in people[9:]:
        counter.admitted(person)
    said = {"phone": "+541155550111", "address": "Calle 1", "city": "Salta", "email": "a@example.org"}
    correction = editing.EditPatient(patient_id=people[0].patient_id, version=1, said=said)
    clerk.desk().do(editing.edit, correction)
    _told(clerk, people[0])
    surgery = new_surgery(network, clerk, "lagos")
    inside = counter.patient("Dentro", "Eva")
    _fill(surgery, inside.patient_id)
    for number in range(4):
        surgery.waits(surgery.patient(f"Espera {number}", "Luz"), triage=3)
    closed = counter.patient("Cerrada", "Ana")
    surgery.allergic(closed.patient_id, *((f"sustancia {number}", "severa") for number in range(16)))
    _break_glass(network, [counter.patient(f"Aviso {number}", "Eva").patient_id for number in range(4)])
    _suspend(network, counter)
    _price(network)
    _alike(network, people)
    called = counter.admitted(counter.patient("Llamada", "Ema"))
    doctor = network.log_in("lpaz")
    doctor.desk().do(turns.call, turns.Call(patient_id=called.patient_id, turn_id=called.id))
    doctor.close()
    clerk.close()
    key = _display_key(network, folder)
    return Stage(network, environment, people[0], surgery.username, _of_two(network), closed, inside, key)


def _told(clerk: bootstrap.Session, person: Person) -> None:
    """What the page of a patient shows besides the form: all that somebody wrote of them."""
    number = "+541155550222"
    for fact in (
        particulars.Phone(number, note="x"),
        particulars.Coverage("OSDE", "210", "1"),
        particulars.Contact("padre", "Luis", number, emergency=True),
        particulars.Contact("madre", "Eva", guardian=True),
        particulars.Consent("avisos", True, "x", number),
    ):
        order = additions.AddParticular(patient_id=person.patient_id, fact=fact)
        made = clerk.desk().do(additions.add_particular, order)
        if isinstance(fact, particulars.Coverage):
            _authorised(clerk, made)
    other = rules.Document("AR", "PAS", "AA123456")
    named = identity.AddDocument(patient_id=person.patient_id, document=other)
    clerk.desk().do(identity.add_document, named)
    void = identity.VoidDocument(patient_id=person.patient_id, document=other, reason="x")
    clerk.desk().do(identity.void_document, void)


def _authorised(clerk: bootstrap.Session, coverage: additions.ParticularAnswer) -> None:
    with clerk.engine.connect() as connection:
        procedure: int = connection.execute(select(func.min(procedures.c.id))).scalar_one()
    fact = particulars.Authorisation(coverage.row_id, procedure, "A-77")
    order = additions.AddParticular(patient_id=coverage.patient_id, fact=fact)
    clerk.desk().do(additions.add_particular, order)


def _suspend(network: Network, counter: Counter) -> None:
    """A day of dvidal's far ahead, suspended with the turns of four people."""
    day = clock.local_day(clock.now(), counter.session.actor.at.zone) + timedelta(days=60)
    for number in range(4):
        person = counter.patient(f"Suspendida {number}", "Ana", phone="+541144440000")
        counter.booked(person, "dvidal", counter.dawn(day))
    secretary = network.log_in("secre")
    query = suspension.AwayQuery(network.person_ids["dvidal"], day, day)
    seen = secretary.desk().see(suspension.fallen_by_absence, query).seen
    leave = suspension.Leave(
        doctor_id=query.doctor_id, first_day=day, last_day=day, leave_kind="congreso", reason="x", seen=seen
    )
    secretary.desk().do(suspension.grant_leave, leave)
    secretary.close()


def _price(network: Network) -> None:
    """A fee schedule of a few codes."""
    with network.owner.begin() as owner:
        made = insert(fee_schedules).values(code="PAMI", name="PAMI").returning(fee_schedules.c.id)
        schedule = owner.execute(made).scalar_one()
        for number in range(12):
            code = insert(fee_codes).values(schedule_id=schedule, code=f"{number:06}")
            code_id = owner.execute(code.returning(fee_codes.c.id)).scalar_one()
            item = {
                "fee_code": func.int8range(code_id, code_id, "[]"),
                "fee_code_id": code_id,
                "valid": text("daterange('2020-01-01', NULL)"),
                "name": "x",
                "price": 1200,
            }
            owner.execute(insert(fee_items).values(**item))


def _alike(network: Network, people: Sequence[Person]) -> None:
    """A work list of pairs that a scan found."""
    found = [
        sorted((one.patient_id, other.patient_id))
        for one, other in zip(people[::2], people[1::2], strict=True)
    ]
    pairs = tuple(alike.Pair(first, second, 90) for first, second in found)
    session = network.log_in("secre")
    session.desk().do(alike.keep_pairs, alike.KeepPairs(pairs=pairs, people=len(people)))
    session.close()


def _break_glass(network: Network, patient_ids: Sequence[UUID]) -> None:
    """Each chart opened by four people; what the first of them did was looked at."""
    for username in ("jibarra", "dvidal", "lpaz", "enfe"):
        session = network.log_in(username)
        for patient_id in patient_ids:
            order = privacy.BreakGlass(
                patient_id=patient_id, reason="Convulsiona en la sala de espera", **proven(session)
            )
            session.desk().do(privacy.break_glass, order)
        session.close()
    officer = network.log_in("priva")
    with network.owner.connect() as owner:
        reviewed = list(owner.execute(select(chart_alerts.c.id).where(chart_alerts.c.login == "u_jibarra")))
    for row in reviewed:
        review = privacy.ReviewAlert(alert_id=row.id, outcome="aclarar", comment="Falta el parte")
        officer.desk().do(privacy.review_alert, review)
    officer.close()


def _display_key(network: Network, folder: Path) -> Path:
    secret, path = "una-clave-de-la-pantalla-de-prueba", folder / "display.key"
    admin = network.log_in("admin")
    admin.desk().do(new_display_key, NewDisplayKey(secret=secret))
    admin.close()
    path.touch(mode=0o600)
    path.write_text(f"{secret}\n")
    return path


def _of_two(network: Network) -> str:
    order = access.NewUser(
        username="dosroles", given="Ana", family="Dos", role="secretaria", clinic_id=network.clinic_ids[0],
        must_change=False, password=PASSWORD,
    )  # fmt: skip
    made = bootstrap.owner_desk(network.owner).do(access.add_user, order)
    with network.owner.begin() as owner:
        second = {"person_id": made.person_id, "clinic_id": network.clinic_ids[1], "role": "secretaria"}
        owner.execute(insert(clinic_roles).values(**second))
    return made.username


def _fill(surgery: Surgery, patient_id: Any) -> None:
    surgery.history(patient_id, _KINDS)
    surgery.allergic(patient_id, *((f"sustancia {number}", "severa") for number in range(6)))
    surgery.prescribed(patient_id, "Enalapril", "Metformina")
    for months in (1, 2):
        surgery.measured(
            patient_id, FIRST - timedelta(days=30 * months), high=131, low=84, pulse=88, bmi=31.2
        )
    result, owned = new_id(), {"patient_id": patient_id}
    with surgery.network.owner.begin() as owner:
        owner.execute(insert(coverages), owned | {"id": new_id(), "payer": "OSDE"})
        owner.execute(
            insert(results),
            owned | {"id": result, "at": FIRST, "title": "Química", "category": "laboratorio"},
        )
        for code in ("2345-7", "4548-4"):
            seen = {"id": new_id(), "result_id": result, "at": FIRST, "system": "LOINC", "code": code}
            owner.execute(
                insert(observations), owned | seen | {"name": "Glucosa", "value_text": "x", "unit": "mg"}
            )
    visit = surgery.inside(patient_id, clock.now())
    doctor = surgery.network.log_in(surgery.username)
    file = files.Attach.of(patient_id.bytes, patient_id=patient_id, name="x", described="x")
    doctor.desk().do(files.attach, file)
    doctor.close()
    draft = {"id": new_id(), "visit_id": visit.visit_id, "author": f"u_{surgery.username}", "text": "Tose."}
    with surgery.network.owner.begin() as owner:
        owner.execute(insert(note_drafts), owned | draft | {"version": 1, "saved_at": clock.now()})
