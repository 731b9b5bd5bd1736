"""Seals in another place: dumped and restored into a cluster that counts anew, and after a restart."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, text

from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.audit.verify import Against
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from clinicdesk.kit.embedded.binaries import binary
from clinicdesk.kit.ids import new_id
from tests.factories import Network
from tests.tampering import TAMPERINGS, anchor_of, judged, tampered

_TABLES = ("acts", "seals", "seal_items")
_NUMBERS = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"


def write_and_seal(owner: Engine, rounds: int = 4) -> None:
    """Acts, and a seal over each three of them."""
    for _ in range(rounds):
        with owner.begin() as connection:
            for _act in range(3):
                values = {"key": new_id(), "role": "x", "host": "ñ", "what": "test.act", "purpose": "OPER"}
                connection.execute(insert(acts).values(outcome="done", **values))
        with owner.begin() as connection:
            connection.execute(text("SELECT audit.seal(1000, true)"))


def clean(owner: Engine, against: Against) -> bool:
    """Whether a look finds nothing."""
    with owner.connect() as connection:
        verdict = judged(connection, against)
    assert verdict.findings == ()
    return verdict.seals > 0


@pytest.fixture(scope="module")
def elsewhere(open_tmp: Path) -> Iterator[Engine]:
    """Another cluster, freshly migrated."""
    home = open_tmp / "elsewhere"
    server = embedded.start(home, durable=False)
    owner = engine_for(server.owner_dsn)
    migrate.upgrade(owner)
    yield owner
    owner.dispose()
    embedded.stop(home)


def test_restored_where_numbers_begin_lower(network: Network, elsewhere: Engine) -> None:
    with network.owner.connect() as here:
        for _ in range(2_000):  # transactions, so that this cluster has counted further
            here.execute(text("SELECT pg_current_xact_id()"))
            here.commit()
    write_and_seal(network.owner)
    against = anchor_of(network.owner)
    restored(network, elsewhere)
    with network.owner.connect() as here, elsewhere.connect() as there:
        assert there.execute(text(_NUMBERS)).scalar_one() < here.execute(text(_NUMBERS)).scalar_one()
    assert clean(elsewhere, against)
    write_and_seal(elsewhere)
    assert clean(elsewhere, against)
    assert clean(elsewhere, anchor_of(elsewhere))
    for seed, name in enumerate(("edit", "delete", "back_date", "insert_dated_sealed", "reseal")):
        assert not tampered(elsewhere, against, TAMPERINGS[name], seed).clean, name


def restored(network: Network, elsewhere: Engine) -> None:
    """Carry acts and seals over as pg_dump and psql do."""
    listed = [word for table in _TABLES for word in ("-t", table)]
    dump = subprocess.run(
        [str(binary("pg_dump")), "--data-only", *listed, network.url],
        check=True,
        capture_output=True,
        timeout=60,
    )
    there = elsewhere.raw_connection()
    place = str(there.driver_connection.info.dsn)  # type: ignore[union-attr]
    there.close()
    subprocess.run(
        [str(binary("psql")), "-qX", "-v", "ON_ERROR_STOP=1", "-d", place],
        check=True,
        input=dump.stdout,
        capture_output=True,
        timeout=60,
    )


def test_after_a_restart(open_tmp: Path) -> None:
    home = open_tmp / "again"
    try:
        for _ in range(2):
            server = embedded.start(home, durable=False)
            owner = engine_for(server.owner_dsn)
            migrate.upgrade(owner)
            write_and_seal(owner)
            assert clean(owner, anchor_of(owner))
            owner.dispose()
            embedded.stop(home)
    finally:
        embedded.stop(home)
