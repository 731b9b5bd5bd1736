"""A desk that reckons time by another release than the network's says so when somebody comes in."""

from __future__ import annotations

from pathlib import Path

from clinicdesk import bootstrap
from clinicdesk.clinic.turns import retime
from clinicdesk.kit import zones
from tests.clinic.tzif import write_rules
from tests.factories import Network
from tests.tui.desk import Desk


def test_who_comes_in_under_other_rules_is_told(
    network: Network, desk_environment: dict[str, str], tmp_path: Path
) -> None:
    retime.follow_rules(bootstrap.owner_desk(network.owner))
    rules = write_rules(tmp_path / "rules", "2099z", {"America/Asuncion": "<-03>3"})
    for somebody in ("msosa", "admin"):
        with Desk(desk_environment | {"PYTHONTZPATH": str(rules)}) as desk:
            assert isinstance(desk, Desk)
            desk.log_in(somebody)
            desk.line_shows("2099z", zones.version())
    with Desk(desk_environment) as desk:
        assert isinstance(desk, Desk)
        desk.log_in("msosa")
        desk.hides(zones.version())
