"""A connection that only listens: open it in a thread, read it when its descriptor says so."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError


class Listener:
    """LISTEN on one channel, outside the engine's pool.

    Making one blocks until the server answers. Every failure is a ConnectionError, but a session that
    has ended, which is SessionEnded.
    """

    def __init__(self, engine: Engine, channel: str) -> None:
        """Connect as the engine's own person and listen."""
        try:
            pooled = engine.connect()
            raw: Any = pooled.connection.driver_connection
            pooled.detach()
            self._connection: psycopg.Connection[Any] = raw
            self._connection.rollback()
            self._connection.autocommit = True
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            self.descriptor: int = self._connection.fileno()
            """Turns readable when something arrived; kept here, since a broken connection forgets its own."""
        except (psycopg.Error, SQLAlchemyError) as error:
            raise ConnectionError(str(error)) from error

    def texts(self) -> list[str]:
        """What arrived since the last call, without waiting. Raises ConnectionError where the line broke."""
        low = self._connection.pgconn
        found = []
        try:
            low.consume_input()
            while notice := low.notifies():
                found.append(notice.extra.decode(errors="replace"))
        except psycopg.Error as error:
            raise ConnectionError(str(error)) from error
        return found

    def close(self) -> None:
        """Hang up; never fails."""
        with contextlib.suppress(Exception):
            self._connection.close()
