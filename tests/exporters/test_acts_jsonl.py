"""Acts as JSON Lines, and as a copy that is read back as it was written."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from clinicdesk.clinic.audit.copies import Copy
from clinicdesk.clinic.audit.rules import (
    FIRST_PREV,
    ActText,
    Bounds,
    Check,
    Item,
    Seal,
    leaf,
    microseconds,
    seal_hash,
)
from clinicdesk.exporters._acts import Sealing
from clinicdesk.exporters.acts_jsonl import EXPORTER
from tests.exporters.acts import AT, STAMP, VARIED, acts_of

ODD: ActText = (
    *("00000000-0000-0000-0000-000000000001", "u_ñandú", "1700000000000001", "x", 'a"b\\c\u2028\x07', None),
    *(None, "test.odd", "OPER", "done", None, None, "línea\r\notra", None),
)
FOREVER: ActText = (*ODD[:2], "Infinity", *ODD[3:])


def test_a_line_is_an_act() -> None:
    out = io.BytesIO()
    EXPORTER.write(acts_of(*VARIED), STAMP, out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["what"] for line in lines] == [each.what for each in VARIED]
    assert lines[2]["user"] == "admin"
    assert lines[0]["clinic"] == "NORTE"
    assert lines[6]["clinic"] is None


def copied(tmp_path: Path, *acts: ActText) -> Path:
    """A copy with a seal over the acts and one that waits."""
    items = [Item(1, str(act[0]), leaf(act), act) for act in acts]
    seal = Seal(1, "1700000000000009", None, len(items), FIRST_PREV, "")
    events: list[Seal | Item] = [replace(seal, hash=seal_hash(seal, items)), *items]
    out = io.BytesIO()
    made = replace(acts_of(), sealing=Sealing(AT, 1, events, [(*ODD[:2], microseconds(AT), *ODD[3:])]))
    EXPORTER.write(made, STAMP, out)
    path = tmp_path / "copia"
    path.write_bytes(out.getvalue())
    return path


def test_a_copy_reads_back_as_it_was(tmp_path: Path) -> None:
    copy = Copy(copied(tmp_path, ODD))
    check = Check(Bounds({}, copy.exported_at, 60))
    assert list(check.sealed(copy.events())) == []
    assert list(check.waiting(copy.waiting())) == []
    assert (check.seals, check.acts, check.unsealed, copy.whole) == (1, 1, 1, True)


def test_a_time_that_no_calendar_holds_is_kept(tmp_path: Path) -> None:
    copy = Copy(copied(tmp_path, FOREVER))
    (item,) = [each for each in copy.events() if isinstance(each, Item)]
    assert item.act == FOREVER
