"""`clinicdesk agenda`: blocks, leave and suspensions at the prompt."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from clinicdesk.kit import clock
from tests.cli.conftest import Done
from tests.factories import ZONE, Network

Cli = Callable[..., Done]


@pytest.fixture(scope="module", autouse=True)
def _until_next_week(network: Network) -> None:
    """The factories' blocks fill every hour of every day: they end in three weeks."""
    until = clock.local_day(clock.now(), ZONE) + timedelta(days=20)
    with network.owner.begin() as owner:
        owner.execute(
            text("UPDATE agenda_blocks SET valid_to = :day, valid = daterange(valid_from, :day, '[]')"),
            {"day": until},
        )


def monday(weeks: int) -> date:
    today = clock.local_day(clock.now(), ZONE)
    return today - timedelta(days=today.weekday()) + timedelta(weeks=weeks)


def new_block(cli: Cli, day: date, *more: str, code: str | None = None) -> int:
    procedure = code or cli("secre", "procedure", "list", "--json").rows[0]["code"]
    made = cli(
        "secre",
        *("agenda", "add", "--doctor", "lpaz", "--room", "C.1", "--weekday", "lun", "--procedure", procedure),
        *("--from-time", "9", "--to-time", "10:40", "--from", str(day), "--until", str(day), "--json"),
        *more,
    )
    assert made.code == 0, made.err
    return int(made.data["block"])


def patient(cli: Cli, *more: str) -> str:
    number = str(uuid4().int)[:8]
    new = ("patient", "add", "--document", f"DNI:{number}", "--given", "Ana", "--family", "Lago")
    assert cli("msosa", *new, "--birth", "1990-01-02", "--sex", "F", *more).code == 0
    return f"DNI:{number}"


def slots(cli: Cli, day: date, *more: str) -> list[str]:
    found = cli(
        "msosa", "turn", "slots", "--doctor", "lpaz", "--from", str(day), "--days", "1", "--json", *more
    )
    assert found.code == 0, found.err
    return [row["id"] for row in found.rows]


def test_a_block_is_added_shown_published_and_edited(cli: Cli) -> None:
    day = monday(6)
    block = str(new_block(cli, day, "--quota", "web=2"))
    assert slots(cli, day) == []
    key = ("--key", str(uuid4()))
    first, again = (cli("secre", "agenda", "publish", block, "--json", *key) for _ in range(2))
    assert first.data == {"block": int(block), "state": "publicado"}
    assert again.out == first.out
    shown = cli("msosa", "agenda", "show", block, "--json").data
    assert (shown["starts"], shown["ends"], shown["quotas"]) == ("09:00", "10:40", {"web": 2})
    assert "cupos: web 2" in cli("msosa", "agenda", "show", block).out
    assert len(slots(cli, day)) == 5
    edit = cli("secre", "agenda", "edit", block, "--quota", "-", "--minutes", "25", "--json")
    assert edit.data["cancelled"] == 0
    assert len(slots(cli, day)) == 4
    assert len(slots(cli, day, "--length", "2")) == 3
    assert slots(cli, day, "--half", "pm") == []
    assert slots(cli, day, "--weekday", "mar") == []
    assert len(slots(cli, day, "--nearest", "SUR")) == 4
    assert any(row["block"] == int(block) for row in cli("secre", "agenda", "list", "--json").rows)


@pytest.mark.parametrize(
    ("order", "code", "said"),
    [
        (("agenda", "show", "99999"), 3, "99999"),
        (("agenda", "publish", "99999"), 3, "99999"),
        (("agenda", "reinstate", "99999"), 3, "99999"),
        (("agenda", "suspend", "99999", "--reason", "x", "--yes"), 3, "99999"),
        (("agenda", "leave", "nadie", "--reason", "x", "--yes"), 3, "nadie"),
        (("agenda", "leave", "lpaz", "--reason", "x", "--kind", "siesta", "--yes"), 6, "clase"),
        (("turn", "slots", "--weekday", "ayer"), 6, "ayer"),
        (("turn", "slots", "--half", "noche"), 6, "noche"),
        (("turn", "slots", "--nearest", "LUNA"), 3, "LUNA"),
    ],
)
def test_what_cannot_be_is_said(cli: Cli, order: tuple[str, ...], code: int, said: str) -> None:
    done = cli("secre", *order)
    assert (done.code, said in done.err) == (code, True), done.err


def test_everything_wrong_with_a_block_is_named(cli: Cli) -> None:
    bad = ("agenda", "add", "--doctor", "lpaz", "--room", "C.1", "--weekday", "lun", "--minutes", "0")
    done = cli("secre", *bad, "--from-time", "12", "--to-time", "9", "--overbooks", "99")
    assert done.code == 6
    for said in ("hora de fin", "minutos", "sobreturnos", "práctica"):
        assert said in done.err
    assert cli("msosa", *bad).code == 4


def test_suspending_lists_the_turns_and_reinstating_brings_them_back(cli: Cli) -> None:
    day = monday(8)
    block = str(new_block(cli, day, "--publish"))
    for slot, phone in zip(slots(cli, day), (("--phone", "+541144440000"), ()), strict=False):
        assert cli("msosa", "turn", "book", patient(cli, *phone), "--slot", slot).code == 0
    suspend = ("agenda", "suspend", block, "--from", str(day), "--until", str(day), "--reason", "congreso")
    asked = cli("secre", *suspend)
    assert asked.code != 0
    assert asked.err.count("Lago, Ana") == 2
    assert "sin teléfono" in asked.err
    done = cli("secre", *suspend, "--yes", "--json").data
    assert (done["cancelled"], done["notices"], done["without_phone"]) == (2, 1, 1)
    assert slots(cli, day) == []
    listed = cli("secre", "agenda", "exceptions", "--json").rows
    assert [row["reason"] for row in listed if row["exception"] == done["exception"]] == ["congreso"]
    back = cli("secre", "agenda", "reinstate", str(done["exception"]), "--json").data
    assert (back["restored"], back["not_restored"]) == (2, 0)
    assert len(slots(cli, day)) == 3


def test_leave_of_a_doctor_shuts_every_block(cli: Cli) -> None:
    day = monday(10)
    new_block(cli, day, "--publish")
    assert len(slots(cli, day)) == 5
    leave = ("agenda", "leave", "lpaz", "--from", str(day), "--until", str(day), "--reason", "gripe")
    assert cli("secre", *leave, "--kind", "enfermedad", "--from-time", "9", "--to-time", "9:30").code == 0
    assert len(slots(cli, day)) == 3
    assert cli("msosa", *leave).code == 4


def _two_suspended(cli: Cli, day: date) -> tuple[list[str], str]:
    """Two turns of lpaz on a day that was then suspended: their ids, and the suspension's number."""
    block = str(new_block(cli, day, "--publish"))
    ids = []
    for slot, phone in zip(slots(cli, day)[:2], (("--phone", "+541144440000"), ()), strict=True):
        made = cli("msosa", "turn", "book", patient(cli, *phone), "--slot", slot, "--json")
        assert made.code == 0, made.err
        ids.append(made.data["id"])
    days = ("--from", str(day), "--until", str(day))
    done = cli("secre", "agenda", "suspend", block, *days, "--reason", "congreso", "--yes", "--json")
    assert done.code == 0, done.err
    return ids, str(done.data["exception"])


def test_who_is_to_be_told_is_listed_and_told_or_not(cli: Cli) -> None:
    ids, number = _two_suspended(cli, monday(12))
    of_it = ("agenda", "notices", "--exception", number)
    rows = {row["turn_id"]: row for row in cli("msosa", *of_it, "--json").rows}
    assert [rows[each]["state"] for each in ids] == ["pendiente", "sin_medio"]
    (pending,) = cli("msosa", *of_it, "--pending", "--json").rows
    assert (pending["turn_id"], pending["phone"]) == (ids[0], "+541144440000")
    assert "Lago, Ana" in cli("msosa", *of_it).out
    told = ("agenda", "notice", pending["id"], "--done", "--json", "--key", str(uuid4()))
    first, again = cli("msosa", *told), cli("msosa", *told)
    assert (first.code, first.data["state"], again.out) == (0, "hecho", first.out), first.err
    assert cli("msosa", *of_it, "--pending", "--json").rows == []
    wrong = cli("msosa", "agenda", "notice", pending["id"], "--no-means", "--json")
    assert wrong.data["state"] == "sin_medio"
    assert cli("msosa", "agenda", "notice", pending["id"]).code == 6
    assert cli("msosa", "agenda", "notice", pending["id"], "--done", "--no-means").code == 6
    assert cli("msosa", "agenda", "notice", ids[0], "--done").code == 3
    assert cli("enfe", "agenda", "notice", pending["id"], "--done").code == 4


def test_a_suspended_turn_is_given_again_where_it_may_go(cli: Cli) -> None:
    (old, _other), number = _two_suspended(cli, monday(13))
    later = monday(14)
    new_block(cli, later, "--publish")
    since = ("--from", str(monday(13)))
    found = cli("msosa", "turn", "reassign", old, *since, "--json").rows
    assert found[0]["why"] == "mismo profesional"
    assert {row["starts_at"][:10] for row in found if row["doctor"] == "lpaz"} == {str(later)}
    assert len({row["id"] for row in found}) == len(found)
    assert {row["why"] for row in found if row["doctor"] == "lpaz"} == {"mismo profesional"}
    assert "mismo profesional" in cli("msosa", "turn", "reassign", old, *since).out
    slot = found[0]["id"]
    assert cli("enfe", "turn", "reassign", old, "--slot", slot).code == 4
    give = ("turn", "reassign", old, "--slot", slot, "--json", "--key", str(uuid4()))
    first, again = cli("msosa", *give), cli("msosa", *give)
    assert (first.code, first.data["state"], again.out) == (0, "registrado", first.out), first.err
    rows = {
        row["turn_id"]: row for row in cli("msosa", "agenda", "notices", "--exception", number, "--json").rows
    }
    assert rows[old]["new_turn_id"] == first.data["id"]
    twice = cli("msosa", "turn", "reassign", old, "--slot", found[1]["id"])
    assert (twice.code, "ya tiene otro en su lugar" in twice.err) == (5, True), twice.err
    standing = cli("msosa", "turn", "reassign", first.data["id"], "--slot", found[1]["id"])
    assert (standing.code, standing.out) == (3, "")
