"""What a superuser may do to acts and seals, each undone after a look: for tests and benchmarks/audit.py."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, text

from clinicdesk.clinic.audit import queries, rules
from clinicdesk.clinic.audit.anchors import Anchored
from clinicdesk.clinic.audit.verify import Against, Verdict, verified
from clinicdesk.clinic.rights import Actor, ClinicRole, Role
from clinicdesk.clinic.usecases import Reader
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id

_NOBODY: Final = Actor("", 0, "", ClinicRole(Role.PRIVACIDAD, 0, "", "", "UTC", ""), (), "")
# What an act may be changed to, by column.
_OTHERS: Final = {
    "person": "'u_otra'",
    "role": "role || 'x'",
    "host": "'10.6.6.6'",
    "clinic_id": "coalesce(clinic_id, 0) + 1",
    "patient_id": "gen_random_uuid()",
    "what": "what || '.otra'",
    "purpose": "purpose || 'X'",
    "order_key": "gen_random_uuid()",
    "subject": "coalesce(subject, '') || 'x'",
    "session": "gen_random_uuid()",
}


@dataclass(frozen=True)
class Victim:
    """A sealed act: its seal and its key."""

    seal: int
    key: UUID


Tampering = Callable[[Connection, random.Random, Victim], None]


def judged(connection: Connection, against: Against, now: datetime | None = None) -> Verdict:
    """What the program finds in what this connection sees."""
    read = _reads(connection)
    begun = read(queries.begin_verify, queries.Begin(""))
    return verified(read, replace(begun, now=now or clock.now()), against)


def _reads(connection: Connection) -> queries.Read:
    reader = Reader(connection, _NOBODY, clock.now())

    def read(view: Any, query: Any) -> Any:
        return view.run(reader, query)

    return read


def anchor_of(owner: Engine) -> Against:
    """The seals as they stand now, as an anchor holds them."""
    with owner.connect() as connection:
        found = list(queries.pages_of_seals(_reads(connection)))
    return Against({seal.n: Anchored(seal.n, seal.hash, clock.now()) for seal in found})


def tampered(owner: Engine, against: Against, tampering: Tampering, seed: int) -> Verdict:
    """The verdict over one tampering, which is then rolled back."""
    chance = random.Random(seed)
    with owner.connect() as connection:
        found = connection.execute(text("SELECT seal, key FROM seal_items ORDER BY seal, key")).all()
        victim = Victim(*chance.choice(found))
        tampering(connection, chance, victim)
        verdict = judged(connection, against)
        connection.rollback()
    return verdict


def edit(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Change one column of one act."""
    column = chance.choice(sorted(_OTHERS))
    _run(connection, f"UPDATE acts SET {column} = {_OTHERS[column]} WHERE key = :key", key=victim.key)


def acquit(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Turn what was done into what was refused, or back."""
    _run(
        connection,
        """UPDATE acts SET outcome = CASE outcome WHEN 'done' THEN 'refused' ELSE 'done' END,
             refusal = CASE outcome WHEN 'done' THEN 'NotAllowed' END WHERE key = :key""",
        key=victim.key,
    )


def back_date(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Move an act in time, by a microsecond or by years."""
    microseconds = chance.choice((1, 60_000_000, 86_400_000_000, 10**14)) * chance.choice((1, -1))
    _run(
        connection,
        "UPDATE acts SET at = at - :by * interval '1 microsecond' WHERE key = :key",
        by=microseconds,
        key=victim.key,
    )


def delete(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Take an act away."""
    _run(connection, "DELETE FROM acts WHERE key = :key", key=victim.key)


def delete_whole(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Take an act and its entry in the seal away."""
    delete(connection, chance, victim)
    _run(connection, "DELETE FROM seal_items WHERE key = :key", key=victim.key)


def insert_dated(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Write an act into the past, for the next seal to take."""
    hours = chance.choice((2, 24, 8760))
    _copy(connection, victim, new_id(), f"now() - interval '{hours} hours'")


def insert_dated_sealed(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """The same, and have it sealed."""
    insert_dated(connection, chance, victim)
    _run(connection, "SELECT audit.seal(1000, true)")


def insert_into_seal(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Write an act into an old seal, its leaf right."""
    key = new_id()
    _copy(connection, victim, key, "at")
    _run(
        connection,
        "INSERT INTO seal_items (seal, key, leaf) VALUES (:seal, :key, decode(:leaf, 'hex'))",
        seal=victim.seal,
        key=key,
        leaf=_leaf(connection, key),
    )


def _copy(connection: Connection, victim: Victim, key: UUID, at: str) -> None:
    _run(
        connection,
        f"""INSERT INTO acts
              (key, person, at, role, host, clinic_id, patient_id, what, purpose, outcome, refusal)
            SELECT :new, person, {at}, role, host, clinic_id, patient_id, what, purpose, outcome, refusal
            FROM acts WHERE key = :key""",
        new=key,
        key=victim.key,
    )


def _leaf(connection: Connection, key: UUID) -> str:
    row = connection.execute(_ACT, {"key": key}).one()
    return rules.leaf(tuple(row))


_ACT: Final = text(
    "SELECT "
    + ", ".join(
        "trunc(extract(epoch FROM at) * 1000000)::text" if name == "at" else f"{name}::text"
        for name in rules.COLUMNS
    )
    + " FROM acts WHERE key = :key"
)


def reseal(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Change an act and compute its leaf, its seal and all later ones anew, as the program would."""
    edit(connection, chance, victim)
    _run(
        connection,
        "UPDATE seal_items SET leaf = decode(:leaf, 'hex') WHERE key = :key",
        leaf=_leaf(connection, victim.key),
        key=victim.key,
    )
    _rechain(connection, victim.seal)


def reseal_deleted(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Take an act away and compute its seal and all later ones anew."""
    delete_whole(connection, chance, victim)
    _run(
        connection,
        "UPDATE seals SET acts_count = greatest(1, acts_count - 1) WHERE n = :seal",
        seal=victim.seal,
    )
    _rechain(connection, victim.seal)


def _rechain(connection: Connection, since: int) -> None:
    reader = Reader(connection, _NOBODY, clock.now())
    before = rules.FIRST_PREV if since == 1 else _seal(reader, since - 1).hash
    last = int(connection.execute(text("SELECT max(n) FROM seals")).scalar_one())
    for n in range(since, last + 1):
        seal = _seal(reader, n)
        items = queries.list_items.run(reader, queries.ItemsQuery((n, UUID(int=0)), n))
        fresh = rules.Seal(n, seal.at, seal.settled_at, seal.count, before, "")
        before_this, before = before, rules.seal_hash(fresh, items)
        _run(
            connection,
            "UPDATE seals SET prev_hash = decode(:prev, 'hex'), hash = decode(:hash, 'hex') WHERE n = :n",
            n=n,
            prev=before_this,
            hash=before,
        )


def _seal(reader: Reader, n: int) -> rules.Seal:
    return queries.list_seals.run(reader, queries.SealsQuery(n - 1, n))[0]


def begin_anew(connection: Connection, chance: random.Random, victim: Victim) -> None:
    """Change an act, throw every seal away and have all acts sealed again."""
    edit(connection, chance, victim)
    _run(connection, "DELETE FROM seal_items")
    _run(connection, "DELETE FROM seals")
    _run(connection, "SELECT audit.seal(50000, true)")


def drop_seal(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Take a seal's row away."""
    _run(connection, "DELETE FROM seals WHERE n = :n", n=victim.seal)


def cut_tail(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Forget a seal and all after it, with their acts."""
    _run(
        connection,
        "DELETE FROM acts WHERE key IN (SELECT key FROM seal_items WHERE seal >= :n)",
        n=victim.seal,
    )
    _run(connection, "DELETE FROM seal_items WHERE seal >= :n", n=victim.seal)
    _run(connection, "DELETE FROM seals WHERE n >= :n", n=victim.seal)


def swap_seals(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Let two seals change places, with what they name."""
    other = victim.seal - 1 or victim.seal + 1
    for table, column in (("seals", "n"), ("seal_items", "seal")):
        move = f"UPDATE {table} SET {column} = :to WHERE {column} = :from"
        for here, there in ((victim.seal, 10**6), (other, victim.seal), (10**6, other)):
            _run(connection, move, **{"from": here, "to": there})


def date_seal(connection: Connection, _chance: random.Random, victim: Victim) -> None:
    """Move a seal in time."""
    _run(connection, "UPDATE seals SET at = at - interval '1 day' WHERE n = :n", n=victim.seal)


def _run(connection: Connection, statement: str, **values: Any) -> None:
    connection.execute(text(statement), values)


TAMPERINGS: Final[dict[str, Tampering]] = {
    each.__name__: each
    for each in (
        *(edit, acquit, back_date, delete, delete_whole, insert_dated, insert_dated_sealed, insert_into_seal),
        *(reseal, reseal_deleted, begin_anew, drop_seal, cut_tail, swap_seals, date_seal),
    )
}
