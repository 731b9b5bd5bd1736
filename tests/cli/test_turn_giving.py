"""`clinicdesk turn series|overbook`, `waitlist`, `demand`: in the words of a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from clinicdesk.clinic.agendas.model import agenda_blocks
from tests.cli.conftest import Done, added
from tests.cli.test_turn import a_slot
from tests.factories import Network

Cli = Callable[..., Done]


def test_a_series_is_seen_then_given_then_cancelled(cli: Cli) -> None:
    added(cli, "41300001")
    slot = a_slot(cli, 20, "lpaz")["id"]
    said = ("41300001", "--slot", slot, "--repeat", "weekly", "--times", "4")
    plan = cli("msosa", "turn", "series", "plan", *said, "--json").rows
    assert [row["why"] for row in plan] == [""] * 4
    key = ("--key", str(uuid4()), "--json")
    given = cli("msosa", "turn", "series", "book", *said, *key)
    assert (given.code, len(given.rows)) == (0, 4), given.err
    assert cli("msosa", "turn", "series", "book", *said, *key).out == given.out
    added(cli, "41300002")
    late = cli("msosa", "turn", "book", "41300002", "--slot", slot, "--repeat", "weekly", "--times", "4")
    assert (late.code, late.out) == (5, "")
    assert "fallan 4 de 4" in late.err
    series = given.rows[0]["series_id"]
    gone = cli("msosa", "turn", "series", "cancel", series, "--by", "centro", "--json")
    assert [row["state"] for row in gone.rows] == ["cancelado"] * 4
    assert cli("msosa", "turn", "series", "cancel", series).code == 3
    assert cli("msosa", "turn", "series", "plan", "41300001", "--slot", slot, "--times", "1").code == 2


@pytest.fixture
def one_overbook(network: Network) -> Iterator[None]:
    """One a day in Ibarra's blocks."""
    mine = update(agenda_blocks).where(agenda_blocks.c.doctor_id == network.person_ids["jibarra"])
    with network.owner.begin() as owner:
        owner.execute(mine.values(overbooks=1))
    yield
    with network.owner.begin() as owner:
        owner.execute(mine.values(overbooks=0))


def test_overbooks_need_the_right_and_beyond_the_limit_another(cli: Cli, one_overbook: None) -> None:
    for number in range(3, 6):
        added(cli, f"4130000{number}")
    slot = a_slot(cli, 21)["id"]
    assert cli("msosa", "turn", "overbook", "41300003", "--slot", slot).code == 4
    done = cli("secre", "turn", "overbook", "41300003", "--slot", slot, "--json")
    assert (done.code, done.data["state"]) == (0, "registrado"), done.err
    full = cli("secre", "turn", "overbook", "41300004", "--slot", slot)
    assert full.code == 5
    assert "Van 1 sobreturnos de 1" in full.err
    assert cli("secre", "turn", "overbook", "41300004", "--slot", slot, "--beyond").code == 4
    assert cli("gestion", "turn", "overbook", "41300004", "--slot", slot, "--beyond").code == 0
    (row,) = cli("msosa", "turn", "list", "--patient", "41300004", "--json").rows
    assert (row["kind"], row["starts_at"]) == ("overbook", done.data["starts_at"])


def test_who_waits_is_listed_offered_and_resolved(cli: Cli) -> None:
    added(cli, "41300006")
    slot = a_slot(cli, 22)["id"]
    said = ("41300006", "--doctor", "jibarra", "--priority", "1", "--reason", "sin_lugar", "--note", "llamar")
    wish = cli("msosa", "waitlist", "add", *said, "--json")
    assert (wish.code, wish.data["state"]) == (0, "esperando"), wish.err
    listed = {row["id"]: row for row in cli("msosa", "waitlist", "list", "--slot", slot, "--json").rows}
    assert (listed[wish.data["id"]]["doctor"], listed[wish.data["id"]]["priority"]) == ("Ibarra", 1)
    offered = cli("msosa", "waitlist", "offer", wish.data["id"], "--slot", slot, "--json")
    assert offered.data["state"] == "ofrecido"
    turn = cli("msosa", "turn", "book", "41300006", "--slot", slot, "--json").data["id"]
    assert cli("msosa", "waitlist", "resolve", wish.data["id"], "--as", "turno_dado").code == 6
    done = cli(
        "msosa", "waitlist", "resolve", wish.data["id"], "--as", "turno_dado", "--turn", turn, "--json"
    )
    assert done.data["state"] == "resuelto"
    assert cli("msosa", "waitlist", "offer", wish.data["id"], "--slot", slot).code == 5
    assert wish.data["id"] not in cli("msosa", "waitlist", "list", "--json").out
    demand = cli("gestion", "demand", "list", "--json").rows
    assert ("sin_lugar", "Ibarra") in {(row["reason"], row["doctor"]) for row in demand}


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (("waitlist", "add", "41300007", "--anywhere"), 6),
        (("waitlist", "add", "41300007", "--doctor", "nadie"), 3),
        (("waitlist", "add", "41300007", "--specialty", "NADA"), 3),
        (("waitlist", "add", "41300007", "--procedure", "NADA"), 3),
        (("waitlist", "add", "41300007", "--priority", "4"), 2),
        (("waitlist", "list", "--slot", "nada"), 3),
        (("waitlist", "offer", "nada"), 6),
        (("waitlist", "resolve", "nada", "--as", "volando"), 2),
        (("demand", "add", "41300007", "--reason", "volando"), 2),
        (("demand", "list", "--from", "ayer"), 6),
    ],
)
def test_what_cannot_be_waited_for(cli: Cli, order: tuple[str, ...], code: int) -> None:
    if cli("msosa", "patient", "show", "41300007").code:
        added(cli, "41300007")
    done = cli("msosa", *order)
    assert (done.code, done.out) == (code, ""), done.err


def test_a_demand_is_counted_without_a_wait(cli: Cli) -> None:
    added(cli, "41300008")
    asked: Any = ("demand", "add", "41300008", "--reason", "oferta_rechazada", "--specialty", "CLM")
    assert cli("msosa", *asked).code == 0
    rows = cli("msosa", "demand", "list", "--json").rows
    assert ("oferta_rechazada", "Clínica médica") in {(row["reason"], row["specialty"]) for row in rows}
    assert cli("enfe", *asked).code == 4


def test_a_freed_place_is_offered_refused_and_given_to_the_next(cli: Cli) -> None:
    for document in ("41300021", "41300022", "41300023"):
        added(cli, document)
    slot = a_slot(cli, 23)["id"]
    turn = cli("msosa", "turn", "book", "41300021", "--slot", slot, "--json").data["id"]
    first, second = (
        cli("msosa", "waitlist", "add", document, "--doctor", "jibarra", "--priority", "1", "--json").data[
            "id"
        ]
        for document in ("41300022", "41300023")
    )
    assert slot not in cli("secre", "waitlist", "offers", "--json").out
    assert cli("msosa", "turn", "cancel", turn, "--reason", "no puede").code == 0

    def place() -> dict[str, object]:
        rows = cli("secre", "waitlist", "offers", "--json").rows
        return next(row for row in rows if row["slot"] == slot)

    freed = place()
    assert (freed["why"], freed["doctor"], freed["offered_to"]) == ("cancelado", "jibarra", None)
    assert [each["id"] for each in freed["waiting"]][:2] == [first, second]  # type: ignore[attr-defined]
    assert cli("msosa", "waitlist", "offer", first, "--slot", slot).code == 0
    taken = cli("secre", "waitlist", "offer", second, "--slot", slot)
    assert taken.code == 5
    assert "Sosa" in taken.err
    assert place()["offered_to"]["id"] == first  # type: ignore[index]
    refused = cli("msosa", "waitlist", "refuse", first, "--note", "trabaja", "--json")
    assert (refused.code, refused.data["state"]) == (0, "esperando")
    assert place()["waiting"][0]["id"] == second  # type: ignore[index]
    given = cli("secre", "waitlist", "accept", second, "--slot", slot, "--json")
    assert (given.code, given.data["state"]) == (0, "registrado"), given.err
    assert cli("msosa", "waitlist", "accept", first).code == 6
    assert slot not in cli("secre", "waitlist", "offers", "--json").out
