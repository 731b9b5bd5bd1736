"""Co-signing at the desk: what waits stands in the queue, F9 and the password answer it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import service
from tests.factories import PASSWORD, Network, proven
from tests.forging import supervised
from tests.tui.desk import Desk
from tests.tui.surgery import new_surgery

VERDICTS = text("SELECT verdict, reason FROM cosignatures WHERE patient_id = :id ORDER BY at, id")


def test_a_residents_note_is_given_back_and_then_co_signed_with_a_few_keys(
    network: Network, log_in: Callable[[str], Session], open_desk: Callable[..., Desk]
) -> None:
    resident = new_surgery(network, log_in("cruiz"))
    supervisor = new_surgery(network, log_in("cruiz"))
    supervised(network, resident.username)
    patient_id = resident.patient("Cofirmado Roca", "Ana")
    visit = resident.inside(patient_id)
    with_doctor = resident.log_in()
    order = service.SignNote(
        patient_id=patient_id, visit_id=visit.visit_id, text="Sin fiebre.", **proven(with_doctor)
    )
    with_doctor.desk().do(service.sign_note, order)
    with_doctor.close()

    def said() -> list[tuple[str, str | None]]:
        with network.owner.connect() as owner:
            return [(row.verdict, row.reason) for row in owner.execute(VERDICTS, {"id": patient_id})]

    desk = open_desk(supervisor.username)
    desk.wait_for("1 a cofirmar")
    desk.row_shows("Cofirmado", "cof.")
    desk.press("<Enter>")
    desk.line_shows("F9: cofirmar.")
    desk.press("<F9>")
    desk.line_shows("cofirmar", "devolver con motivo")
    desk.press("2")
    desk.line_shows("Motivo de la devolución")
    desk.press("Falta el plan<Enter>")
    desk.line_shows("Devolver como")
    desk.press(f"{PASSWORD}<Enter>")
    desk.line_shows("Nota devuelta")
    desk.press("<F9>")
    desk.line_shows("devolver con motivo")
    desk.press("1")
    desk.line_shows("Cofirmar como")
    desk.press("otra<Enter>")
    desk.line_shows("La clave no es correcta. La nota sigue esperando.")
    desk.press(f"{PASSWORD}<Enter>")
    desk.line_shows("Nota cofirmada")
    desk.hides("1 a cofirmar", "cof.")
    assert said() == [("devuelta", "Falta el plan"), ("cofirmada", None)]
    desk.press("<Enter>")
    desk.shows("Devuelta por", "Falta el plan", "Cofirmada por")
