"""Whoever is sent out while writing finds what they wrote at their next login, to the last letter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.access.administration import EnableUser, EndSessions, enable_user, end_sessions
from tests.factories import Network
from tests.tui.desk import Desk
from tests.tui.surgery import new_surgery

Open = Callable[..., Desk]
SAVED = "Tose desde hace un mes"
LAST = ", sin fiebre"


def sent_out(admin: Session, username: str, how: str) -> None:
    """Administration ends their sessions, or closes their login."""
    if how == "ended":
        admin.desk().do(end_sessions, EndSessions(username=username))
    else:
        admin.desk().do(enable_user, EnableUser(username=username, enabled=False))


@pytest.mark.parametrize("how", ["ended", "disabled"])
def test_a_draft_outlives_its_writers_session_to_the_last_letter(
    network: Network, log_in: Callable[..., Session], open_desk: Open, how: str
) -> None:
    surgery, admin = new_surgery(network, log_in("cruiz")), log_in("admin")
    patient_id = surgery.patient("Barrios Leal", "Nahuel")
    surgery.inside(patient_id)
    desk = open_desk(surgery.username)
    desk.wait_for("Barrios Leal, Nahuel")
    desk.settle()
    desk.press("e")
    desk.wait_for("Subjetivo:")
    desk.press(f"<Tab>{SAVED}")
    desk.becomes(lambda: SAVED in (surgery.draft(patient_id) or ""), True)
    desk.press(LAST)
    desk.wait_for(f"{SAVED}{LAST}")
    sent_out(admin, surgery.username, how)
    desk.wait_for("Administración terminó su sesión. Los borradores quedan.")
    desk.wait_for("Usuario")
    desk.hides("Tose", "Barrios")
    assert SAVED in (surgery.draft(patient_id) or "")
    if how == "disabled":
        admin.desk().do(enable_user, EnableUser(username=surgery.username, enabled=True))
    desk.log_in("msosa")
    desk.wait_for("Admisión · Sosa, Marta")
    desk.press("<F10>1")
    desk.wait_for("Ingreso")
    desk.log_in(surgery.username)
    desk.line_shows("Hay un borrador suyo de las")
    desk.press("<Enter>")
    desk.wait_for("Subjetivo:")
    desk.wait_for(f"{SAVED}{LAST}")
    desk.becomes(lambda: f"{SAVED}{LAST}" in (surgery.draft(patient_id) or ""), True)
