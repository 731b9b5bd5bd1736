"""`clinicdesk display key`, and what the waiting room says where it cannot open."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from clinicdesk import bootstrap
from clinicdesk.kit.settings import Settings
from tests.cli.conftest import Done
from tests.factories import Network

Cli = Callable[..., Done]


def test_the_key_lies_in_a_closed_file_and_opens_the_screen(
    cli: Cli, tmp_path: Path, network: Network
) -> None:
    path = tmp_path / "sala.key"
    done = cli("admin", "display", "key", "-o", str(path), "--json")
    assert done.code == 0, done.err
    assert done.data == {"file": str(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = path.read_text().strip()
    assert key not in done.out + done.err
    where = Settings(home=tmp_path, database_url=network.url)
    display = bootstrap.display(where, key, "NORTE")
    assert display.first.name == "Centro Norte"
    display.engine.dispose()


def test_only_administration_makes_one_and_a_refusal_leaves_the_file(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "sala.key"
    path.write_text("la de antes\n")
    assert cli("msosa", "display", "key", "-o", str(path)).code == 4
    assert path.read_text() == "la de antes\n"


def test_the_screen_needs_a_clinic_and_a_file_closed_to_others(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "sala.key"
    path.write_text("abierta\n")
    path.chmod(0o644)
    assert cli(None, "board", "--waiting-room").code == 2
    done = cli(None, "board", "--waiting-room", "--clinic", "NORTE", CLINICDESK_DISPLAY_FILE=str(path))
    assert done.code == 4
    assert "chmod 600" in done.err


def test_a_clinic_shows_initials_or_numbers_alone(cli: Cli) -> None:
    def shown() -> bool:
        rows = cli("msosa", "clinic", "list", "--json").rows
        return next(bool(row["shows_initials"]) for row in rows if row["code"] == "NORTE")

    assert cli("msosa", "display", "initials", "NORTE", "--hide").code == 4
    assert cli("admin", "display", "initials", "NORTE").code == 2
    unknown = cli("admin", "display", "initials", "OESTE", "--hide")
    assert (unknown.code, "OESTE" in unknown.err) == (3, True)
    assert shown()
    done = cli("admin", "display", "initials", "norte", "--hide", "--json")
    assert done.data == {"clinic": "NORTE", "shows_initials": False}
    assert not shown()
    assert "números solos" in cli("admin", "display", "initials", "NORTE", "--hide").out
    assert cli("admin", "display", "initials", "NORTE", "--show").code == 0
    assert shown()
