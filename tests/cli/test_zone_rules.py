"""`clinicdesk db retime`: what the owner sees and runs when the rules of time zones change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from clinicdesk.kit import clock, zones
from tests.cli.conftest import Done, added
from tests.clinic.tzif import write_rules
from tests.factories import ZONE, Network

Cli = Callable[..., Done]


def test_turns_follow_rules_doctor_sees_who_does_not_and_a_desk_under_other_rules_says_so(
    program: Cli, cli: Cli, network: Network, tmp_path: Path
) -> None:
    owner = {"CLINICDESK_OWNER_URL": network.url}
    fresh = codes(program("msosa", "db", "doctor", "--json", **owner))
    assert (fresh["zones"], fresh["instants"], fresh["places"]) == (False, True, True)
    first = program(None, "db", "retime", "--json", **owner)
    assert (first.code, first.data["rules"], first.data["retimed"]) == (0, zones.version(), 0)
    assert codes(program("msosa", "db", "doctor", "--json", **owner))["zones"]

    added(cli, "45200001")
    day = (clock.local_day(clock.now(), ZONE) + timedelta(days=9)).isoformat()
    slots = cli("msosa", "turn", "slots", "--doctor", "lpaz", "--from", day, "--days", "1", "--json").rows
    booked = cli("msosa", "turn", "book", "45200001", "--slot", slots[20]["id"], "--json").data
    (before,) = cli("msosa", "turn", "list", "--patient", "45200001", "--json").rows

    # An hour further east than the place is, for ever: invented, so that it differs whatever the zone.
    east = clock.now().astimezone(zones.ZoneInfo(ZONE)).utcoffset()
    assert east is not None
    minutes = int(east.total_seconds() // 60) + 60
    posix = f"<X>{'-' if minutes > 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
    other = {"PYTHONTZPATH": str(write_rules(tmp_path / "rules", "2099z", {ZONE: posix}))}
    listed = program("msosa", "turn", "list", "--patient", "45200001", "--json", **other)
    assert listed.code == 0
    assert listed.rows[0]["wall_start"] == before["wall_start"]
    assert "2099z" in listed.err
    assert zones.version() in listed.err
    ill = program("msosa", "db", "doctor", "--json", **owner, **other)
    assert ill.code == 5
    assert (codes(ill)["zones"], codes(ill)["instants"], codes(ill)["places"]) == (False, False, True)
    done = program(None, "db", "retime", **owner, **other)
    assert done.code == 0, done.err
    assert f"{zones.version()} → 2099z" in done.out
    assert "1 turno recalculado" in done.out
    (after,) = program("msosa", "turn", "list", "--patient", "45200001", "--json", **other).rows
    assert (after["id"], after["wall_start"]) == (booked["id"], before["wall_start"])
    assert datetime.fromisoformat(before["starts_at"]) - datetime.fromisoformat(
        after["starts_at"]
    ) == timedelta(hours=1)
    well = program("msosa", "db", "doctor", "--json", **owner, **other)
    assert (codes(well)["zones"], codes(well)["instants"]) == (True, True)
    back = program(None, "db", "retime", "--json", **owner)
    assert (back.data["rules_before"], back.data["retimed"], back.data["left"]) == ("2099z", 1, [])
    quiet = cli("msosa", "turn", "list", "--patient", "45200001", "--json")
    assert (quiet.rows[0]["starts_at"], quiet.err) == (before["starts_at"], "")


def codes(done: Done) -> dict[str, bool]:
    """What a doctor found: code → whether it is well."""
    return {row["code"]: row["ok"] for row in done.rows}


def test_following_rules_needs_the_owner(cli: Cli) -> None:
    done = cli("admin", "db", "retime")
    assert (done.code, done.out) == (6, "")
    assert "CLINICDESK_OWNER_URL" in done.err
