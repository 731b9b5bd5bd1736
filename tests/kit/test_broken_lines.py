"""An error of the database without a rule behind it: a line that broke, or a bug not told as one."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from clinicdesk.kit import db
from clinicdesk.kit.errors import DatabaseUnreachable


@pytest.mark.parametrize("cause", [errors.UndefinedColumn, errors.SyntaxError, errors.FeatureNotSupported])
def test_a_statement_nobody_understands_is_a_bug(cause: type[psycopg.Error]) -> None:
    bare = cause("column clinics.colour does not exist")
    wrapped = ProgrammingError("SELECT", {}, bare)
    assert db.broken(bare) is bare
    assert db.broken(wrapped) is wrapped


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("SELECT", {}, errors.AdminShutdown("terminating connection")),
        OperationalError("SELECT", {}, psycopg.OperationalError("server closed the connection")),
        DBAPIError("SELECT", {}, errors.QueryCanceled("canceling statement due to statement timeout")),
        psycopg.OperationalError("connection refused"),
    ],
    ids=["shutdown", "cut", "timeout", "refused"],
)
def test_a_line_that_broke_is_one(error: Exception) -> None:
    found = db.broken(error)
    assert isinstance(found, DatabaseUnreachable)
    assert found.__cause__ is error
