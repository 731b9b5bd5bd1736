"""Wrong words at the prompt: an exit code, what to do, nothing on stdout; the rightful twin goes through."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from clinicdesk.kit import clock
from tests.cli.conftest import Done, added
from tests.factories import ZONE, Network

Cli = Callable[..., Done]
USAGE, NOT_FOUND, NOT_ALLOWED, CONFLICT, INVALID = 2, 3, 4, 5, 6
PERSON = ("--given", "Ana", "--family", "Mal", "--sex", "F", "--document")

# what: (who, wrong, exit code, words that say what is wrong or what to do, the rightful twin)
WRONG: dict[str, tuple[str, str, int, str, str]] = {
    "a day that no calendar has": (
        "msosa", "turn slots --from 2027-02-30", INVALID, "2027-02-30", "turn slots --from {later}",
    ),
    "a day in words": ("msosa", "turn list --date mañana", INVALID, "mañana", "turn list --date {later}"),
    "a month too many": (
        "msosa", "turn list --date 2027-13-01", INVALID, "2027-13-01", "turn list --date {later}",
    ),
    "no days at all": ("msosa", "turn slots --days 0", USAGE, "--days", "turn slots --days 1"),
    "born on a day to come": (
        "msosa", "patient add {person} 47200001 --birth {later}", INVALID, "nacimiento",
        "patient add {person} 47200002 --birth 1999-01-01",
    ),
    "born on no day": (
        "msosa", "patient add {person} 47200003 --birth 1999-02-29", INVALID, "1999-02-29",
        "patient add {person} 47200004 --birth 2000-02-29",
    ),
    "an unknown specialty": (
        "msosa", "turn slots --specialty NADA", NOT_FOUND, "NADA", "turn slots --specialty CLM",
    ),
    "an unknown practice": (
        "msosa", "turn slots --procedure NADA", NOT_FOUND, "NADA", "turn slots --procedure CONTROL",
    ),
    "an unknown doctor": (
        "msosa", "turn slots --doctor nadie", NOT_FOUND, "nadie", "turn slots --doctor lpaz",
    ),
    "an unknown clinic": (
        "msosa", "turn slots --clinic NADA", NOT_ALLOWED, "NADA", "turn slots --clinic NORTE",
    ),
    "an unknown kind of document": (
        "msosa", "patient add {person} AR:RUN:47200005 --birth 1999-01-01", INVALID, "RUN",
        "patient add {person} AR:DNI:47200006 --birth 1999-01-01",
    ),
    "a slot of no agenda": (
        "msosa", "turn book 47100001 --slot 999999.20270101T0000 --again", NOT_FOUND, "turn slots",
        "turn book 47100001 --slot {slot0} --again",
    ),
    "words for a slot": (
        "msosa", "turn book 47100001 --slot mañana --again", NOT_FOUND, "turn slots",
        "turn book 47100001 --slot {slot1} --again",
    ),
    "an hour between slots": (
        "msosa", "turn book 47100001 --slot {between} --again", NOT_FOUND, "turn slots",
        "turn book 47100001 --slot {slot2} --again",
    ),
    "a slot that is over": (
        "msosa", "turn book 47100001 --slot {past} --again", INVALID, "pas",
        "turn book 47100001 --slot {slot3} --again",
    ),
    "a slot that is somebody's": (
        "msosa", "turn book 47100001 --slot {taken} --again", CONFLICT, "tomado",
        "turn book 47100001 --slot {slot4} --again",
    ),
    "a patient who is elsewhere then": (
        "msosa", "turn book 47100002 --slot {same_hour} --again", CONFLICT, "otro turno",
        "turn book 47100003 --slot {same_hour} --again",
    ),
    "an unknown patient": (
        "msosa", "turn book 99999999 --slot {slot5} --again", NOT_FOUND, "99999999",
        "turn book 47100001 --slot {slot5} --again",
    ),
    "a turn of nobody": ("msosa", "turn confirm nada", INVALID, "nada", "turn confirm {turn}"),
    "a level of triage that is none": (
        "msosa", "admission add 47100001 --doctor lpaz --reason tos --triage 9", INVALID, "",
        "admission add 47100001 --doctor lpaz --reason tos --triage 3",
    ),
    "a state that no room has": (
        "admin", "room state C.3 demolido --yes", INVALID, "demolido",
        "room state C.3 mantenimiento --reason pintura --yes",
    ),
    "out of use until before it began": (
        "admin", "room state C.2 mantenimiento --reason gas --from {later} --until {day} --yes", INVALID, "",
        "room state C.2 mantenimiento --reason gas --from {far} --until {far} --yes",
    ),
    "a zone that no map has": (
        "admin", "clinic add --code LUNA --name Luna --country AR --zone Mars/Olympus", INVALID, "zona",
        "clinic add --code TIERRA --name Tierra --country AR --zone America/Argentina/Salta",
    ),
    "hours that end before they begin": (
        "admin", "clinic edit SUR --hours 'lun-vie 14-8'", INVALID, "",
        "clinic edit SUR --hours 'lun-vie 8-14'",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> dict[str, str]:
    """What earlier tests of this file made."""
    return {}


@pytest.fixture
def said(cli: Cli, network: Network, facts: dict[str, str]) -> dict[str, str]:
    """Days, slots and a turn, made once."""
    if facts:
        return facts
    today = clock.local_day(clock.now(), ZONE)
    day, yesterday = today + timedelta(days=12), today - timedelta(days=1)
    for document in ("47100001", "47100002", "47100003"):
        added(cli, document)

    def free(doctor: str) -> list[Any]:
        asked = ("--doctor", doctor, "--from", day.isoformat(), "--days", "1", "--json")
        return cli("msosa", "turn", "slots", *asked).rows

    mine, others = free("lpaz"), free("jibarra")
    booked = cli("msosa", "turn", "book", "47100002", "--slot", mine[100]["id"], "--json").data
    block = network.block_ids["lpaz"]
    facts |= {f"slot{number}": mine[number * 10]["id"] for number in range(8)}
    facts |= {
        "person": " ".join(PERSON),
        "day": day.isoformat(),
        "later": (day + timedelta(days=3)).isoformat(),
        "far": (day + timedelta(days=90)).isoformat(),
        "taken": mine[100]["id"],
        "same_hour": next(row["id"] for row in others if row["starts_at"] == mine[100]["starts_at"]),
        "between": mine[100]["id"][:-2] + "03",
        "past": f"{block + yesterday.weekday()}.{yesterday:%Y%m%d}T1000",
        "turn": booked["id"],
    }
    return facts


@pytest.mark.parametrize("what", WRONG)
def test_wrong_words_are_refused_with_what_to_do_and_right_ones_go_through(
    cli: Cli, said: dict[str, str], what: str
) -> None:
    who, wrong, code, words, rightful = WRONG[what]
    refused = cli(who, *_split(wrong, said))
    assert (refused.code, refused.out) == (code, ""), refused.err
    assert words in refused.err
    assert refused.err.strip()
    assert "Traceback" not in refused.err
    done = cli(who, *_split(rightful, said))
    assert done.code == 0, done.err


def _split(line: str, said: dict[str, str]) -> list[str]:
    return shlex.split(line.format(**said))


def test_a_closed_room_takes_nobody_on_its_days(cli: Cli, said: dict[str, str]) -> None:
    day = said["later"]
    asked = ("turn", "slots", "--doctor", "lpaz", "--from", day, "--days", "2", "--limit", "500", "--json")
    offered = cli("msosa", *asked).rows
    slot = offered[40]["id"]
    after = next(row["id"] for row in offered[40:] if row["starts_at"][:10] != offered[40]["starts_at"][:10])
    days = ("--from", day, "--until", day, "--yes")
    closed = cli("admin", "room", "state", "C.1", "clausurado", "--reason", "sin agua", *days)
    assert closed.code == 0, closed.err
    refused = cli("msosa", "turn", "book", "47100001", "--slot", slot, "--again")
    assert (refused.code, refused.out) == (CONFLICT, "")
    assert "sin agua" in refused.err or "turn slots" in refused.err
    done = cli("msosa", "turn", "book", "47100001", "--slot", after, "--again")
    assert done.code == 0, done.err
