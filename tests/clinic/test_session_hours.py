"""The hours of a session, as the database keeps them."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import text

from clinicdesk.bootstrap import Session
from tests.factories import Network

AGED = text("UPDATE sessions SET started_at = clock_timestamp() - CAST(:age AS interval) WHERE id = :id")


def aged(network: Network, session: Session, age: str) -> None:
    """As if the person had logged in so long ago."""
    with network.owner.begin() as owner:
        owner.execute(AGED, {"age": age, "id": session.entered.id})


def test_the_database_resumes_no_session_older_than_its_hours(
    network: Network, log_in: Callable[..., Session]
) -> None:
    session = log_in("msosa")
    aged(network, session, "11 hours 59 minutes")
    assert session.goes_on()
    aged(network, session, "12 hours 6 minutes")
    assert not session.goes_on()


def test_another_login_of_the_same_person_is_a_session_of_its_own(
    network: Network, log_in: Callable[..., Session]
) -> None:
    aged(network, log_in("msosa"), "13 hours")
    assert log_in("msosa").goes_on()
