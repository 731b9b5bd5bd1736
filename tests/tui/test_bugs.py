"""A bug in a command: a code on the screen, its place in the log, nobody's data; and the desk goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from tests.tui.counter import Counter
from tests.tui.desk import Desk

Open = Callable[..., Desk]


def test_a_bug_shows_a_code_is_written_down_and_the_screen_stays(
    open_desk: Open, counter: Counter, tmp_path: Path
) -> None:
    person = counter.patient("Secreta", "Ana")
    desk = open_desk("msosa", env={"CLINICDESK_HOME": str(tmp_path)})
    with counter.network.owner.begin() as owner:
        owner.execute(text("ALTER FUNCTION search_numbers RENAME TO search_numbers_gone"))
    try:
        desk.press(f"{person.document}<Enter>")
        desk.wait_for("Falló un paso. F5 muestra cómo quedó. Avisar con el código ")
    finally:
        with counter.network.owner.begin() as owner:
            owner.execute(text("ALTER FUNCTION search_numbers_gone RENAME TO search_numbers"))
    desk.wait_for(lambda: re.search(r"código \w{4}-\w{2}\.", desk.line) is not None)
    found = re.search(r"código (\w{4}-\w{2})", desk.line)
    assert found
    log = tmp_path / "log" / "clinicdesk.log"
    assert found[1] in log.read_text()
    assert person.document not in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    desk.press("<Esc><Esc>")
    desk.press(f"{person.document}<Enter>")
    desk.wait_for("Secreta, Ana: sin turno hoy")
