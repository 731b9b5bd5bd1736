"""Credentials are kept as verifiers alone (ONC § 170.315(d)(12)): the database takes nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from clinicdesk.bootstrap import Session
from clinicdesk.kit import secrets
from tests.factories import Network

MAKE = text("SELECT access.create_login(:name, :person, :salt, :secret, false, false, 'service')")


def test_a_password_in_the_clear_is_not_stored(network: Network, log_in: Callable[..., Session]) -> None:
    admin = log_in("admin").engine
    row = {"name": "guion-claro", "person": network.person_ids["sur"], "salt": secrets.new_salt()}
    for clear in ("una clave clara", "md5" + "0" * 32):
        with admin.connect() as connection, pytest.raises(DBAPIError, match="a verifier is needed"):
            connection.execute(MAKE, row | {"secret": clear})
    with network.owner.connect() as owner:
        stored = (
            "SELECT rolpassword FROM pg_authid WHERE starts_with(rolname, 'u_') AND rolpassword IS NOT NULL"
        )
        verifiers = list(owner.execute(text(stored)).scalars())
    assert len(verifiers) > 10
    assert all(each.startswith("SCRAM-SHA-256$") for each in verifiers)
