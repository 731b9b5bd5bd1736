"""Verifying seals: where they are read, and what was found. Nothing in the database is trusted to judge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg
from sqlalchemy.exc import DBAPIError

from clinicdesk.clinic.audit import queries
from clinicdesk.clinic.audit.anchors import Anchored
from clinicdesk.clinic.audit.copies import Copy
from clinicdesk.clinic.audit.errors import NoSeals
from clinicdesk.clinic.audit.rules import Bounds, Break, Check, Finding
from clinicdesk.clinic.rights import Actor, ClinicRole, Role
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock, db

if TYPE_CHECKING:
    from clinicdesk.clinic.desk import Desk

# A table rewritten whole gives a finding an act: so many are told, the rest counted.
_MOST_TOLD: Final = 10_000
# A seal made while a copy was, by clocks that differ a little.
_JUST_NOW: Final = timedelta(minutes=2)
# Another database is read by whom libpq lets in, not by a person at work.
_NOBODY: Final = Actor("", 0, "", ClinicRole(Role.PRIVACIDAD, 0, "", "", "UTC", ""), (), "")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at and what is wrong; `untold` counts findings beyond those listed."""

    seals: int
    acts: int
    unsealed: int
    last: int
    findings: tuple[Finding, ...]
    untold: int

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class Against:
    """What seals are held against: anchored ones, and minutes that an act may wait for its seal."""

    anchor: dict[int, Anchored]
    unsealed_minutes: int = 60

    def bounds(self, now: datetime, known: int | None = None) -> Bounds:
        """For a check as of now. A copy (`known` its last seal) need not hold what came later."""
        due = now - _JUST_NOW
        hashes = {
            n: each.hash for n, each in self.anchor.items() if known is None or n <= known or each.at < due
        }
        return Bounds(hashes, now, self.unsealed_minutes)


def verify_desk(desk: Desk, against: Against) -> Verdict:
    """Verify the database where the person works; that they did is an act."""
    begun = desk.see(queries.begin_verify, queries.Begin("verify"))
    return verified(desk.see, begun, against)


def verify_database(url: str, against: Against) -> Verdict:
    """Verify another database, with the login that libpq finds for its url. Raises NoSeals."""
    try:
        with _reading(url) as reader:

            def read(view: Any, query: Any) -> Any:
                return view.run(reader, query)

            return verified(read, queries.begin_verify.run(reader, queries.Begin("")), against)
    except (DBAPIError, psycopg.Error) as error:
        raise NoSeals(place="la base", why=_reason(error)) from error


@contextmanager
def _reading(url: str) -> Iterator[Reader]:
    engine = db.engine_for(url, pool_size=1)
    try:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield Reader(connection, _NOBODY, clock.now())
    finally:
        engine.dispose()


def _reason(error: DBAPIError | psycopg.Error) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    diag = getattr(cause, "diag", None)
    return getattr(diag, "message_primary", None) or type(cause).__name__


def verified(read: queries.Read, begun: queries.Begun, against: Against) -> Verdict:
    """Verify what `read` brings, as of `begun`."""
    check = Check(against.bounds(begun.now))
    found = chain(check.sealed(queries.sealed(read, begun.last)), check.waiting(queries.waiting(read)))
    return _verdict(check, found)


def verify_copy(path: Path, against: Against) -> Verdict:
    """Verify a shipped copy as of when it was made, without a database. Raises BadCopy, NoSeals."""
    try:
        copy = Copy(path)
        check = Check(against.bounds(copy.exported_at, copy.last))
        found = chain(check.sealed(copy.events()), check.waiting(copy.waiting()), _end(copy))
        return _verdict(check, found)
    except OSError as error:
        raise NoSeals(place=path, why=error.strerror or type(error).__name__) from error


def _end(copy: Copy) -> Iterator[Finding]:
    if not copy.whole:
        yield Finding(Break.COPY_CUT)


def _verdict(check: Check, found: Iterator[Finding]) -> Verdict:
    told = tuple(islice(found, _MOST_TOLD))
    untold = sum(1 for _each in found)
    last = check.last.n if check.last else 0
    return Verdict(check.seals, check.acts, check.unsealed, last, told, untold)
