"""`clinicdesk report`, `board`, `import` and the sites: tables, files and counts."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pexpect  # type: ignore[import-untyped]
import pytest
from pypdf import PdfReader

from clinicdesk.kit import clock
from tests.cli.conftest import PROGRAM, Done
from tests.data import shared
from tests.factories import ZONE

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]


def test_the_day_report_counts_what_the_list_lists(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("43400001")
    listed = cli("msosa", "turn", "list", "--json").rows
    today = str(clock.local_day(clock.now(), ZONE))
    report = cli("gestion", "report", "day", "--date", today, "--json").data
    assert report["turns"] == len(listed)
    assert report["total"]["en_espera"] == sum(row["state"] == "en_espera" for row in listed)
    rows = list(csv.DictReader(io.StringIO(cli("gestion", "report", "day", "--format", "csv").out)))
    assert sum(int(row["turns"]) for row in rows) == len(listed)
    table = cli("gestion", "report", "day").out
    assert "Ibarra, Jorge" in table
    assert cli("msosa", "turn", "cancel", turn).code == 0


def test_a_report_goes_to_a_file_whole(cli: Cli, tmp_path: Path) -> None:
    paper = tmp_path / "dia.pdf"
    done = cli("gestion", "report", "day", "--format", "pdf", "-o", str(paper))
    assert (done.code, done.out) == (0, ""), done.err
    assert "Turnos del día" in PdfReader(paper).pages[0].extract_text()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("nada",), 2, "day"),
        (("day", "--format", "doc"), 2, "csv"),
        (("day", "--date", "2026-02-30"), 6, "2026-02-30"),
        (("day", "--date", "9999-12-31"), 6, "9999-12-31"),
        (("day", "--from", "x", "--to", "y"), 6, "«y»"),
        (("day", "--date", "2026-01-01", "--from", "2026-01-01"), 2, "--from"),
        (("day", "--from", "2026-01-01", "--to", "2026-01-02"), 6, "un solo día"),
    ],
)
def test_a_report_that_cannot_be(cli: Cli, options: tuple[str, ...], code: int, said: str) -> None:
    done = cli("gestion", "report", *options)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("options", "changes", "colored"),
    [((), {}, True), (("--no-color",), {}, False), ((), {"NO_COLOR": "1"}, False)],
)
def test_a_report_on_a_terminal_is_plain_when_asked(
    environment: Callable[..., dict[str, str]],
    options: tuple[str, ...],
    changes: dict[str, str],
    colored: bool,
) -> None:
    terminal = environment("gestion", TERM="xterm", COLUMNS="100", **changes)
    with pexpect.spawn(PROGRAM, ["report", "day", *options], env=terminal, timeout=300) as desk:
        desk.expect(pexpect.EOF)
        said = desk.before
    assert b"Turnos del" in said
    assert (b"\x1b[" in said) is colored


def test_a_report_is_for_those_who_manage(cli: Cli) -> None:
    assert cli("msosa", "report", "day").code == 4


def test_the_board_shows_the_day(cli: Cli, admitted: Admitted) -> None:
    _patient, turn = admitted("43400002", family="Del Tablero\x1b[2J")
    (line,) = [line for line in cli("msosa", "board").out.splitlines() if "Del Tablero" in line]
    assert "en espera" in line
    assert "0 min" in line
    assert "\x1b" not in line
    assert turn in {row["id"] for row in cli("lpaz", "board", "--json").rows}
    assert cli("admin", "board").code == 4
    assert cli("msosa", "turn", "cancel", turn).code == 0


@pytest.mark.parametrize(
    ("noun", "keys", "one"),
    [
        ("clinic", {"code", "name", "country", "zone"}, {"code": "NORTE", "country": "AR"}),
        ("floor", {"number", "name"}, {"number": 0, "name": "Planta baja"}),
        ("room", {"code", "kind", "state", "floor"}, {"code": "C.1", "state": "disponible"}),
        ("procedure", {"code", "name", "minutes", "specialty"}, {"code": "CONTROL", "specialty": "CLM"}),
        ("agenda", {"doctor", "weekday", "starts", "ends", "room"}, {"doctor": "lpaz", "room": "C.1"}),
    ],
)
def test_sites_are_listed(cli: Cli, noun: str, keys: set[str], one: dict[str, object]) -> None:
    rows = cli("msosa", noun, "list", "--json").rows
    assert all(keys <= set(row) for row in rows)
    assert any(one.items() <= row.items() for row in rows)
    assert len(cli("msosa", noun, "list").out.splitlines()) == len(rows) + 1


def test_a_clinic_is_added_by_an_administrator_alone(cli: Cli) -> None:
    code = f"T{uuid4().hex[:6].upper()}"
    order = ("clinic", "add", "--code", code, "--name", "Centro Tres", "--country", "bo", "--json")
    assert cli("msosa", *order).code == 4
    key = ("--key", str(uuid4()))
    first, again = cli("admin", *order, *key), cli("admin", *order, *key)
    assert first.data == {"code": code, "name": "Centro Tres", "country": "BO", "zone": "America/La_Paz"}
    assert again.out == first.out
    assert cli("admin", *order).code == 5
    assert cli("admin", "clinic", "add", "--code", "x y", "--name", "n", "--country", "AR").code == 6
    assert cli("admin", *order[:-1], "--zone", "Marte/Norte").code == 6


SET = ("patients.csv", "encounters.csv", "conditions.csv", "organizations.csv", "providers.csv", "payers.csv")


@pytest.fixture
def a_few(tmp_path: Path) -> Path:
    """A folder with the first patient of a real Synthea set and every row of its other files."""
    folder, source = tmp_path / "synthea", shared("synthea-csv-27")
    folder.mkdir()
    for name in SET:
        found = next(iter(sorted(source.rglob(name))), None)
        if found is not None:
            with found.open(encoding="utf-8", newline="") as file:
                rows = list(file)[: 2 if name == "patients.csv" else None]
            (folder / name).write_text("".join(rows), encoding="utf-8")
    return folder


def test_an_import_prints_its_counts_and_the_second_changes_nothing(
    cli: Cli, a_few: Path, tmp_path: Path
) -> None:
    order = ("import", "synthea", str(a_few), "--rejects", str(tmp_path / "no.csv"))
    dry = cli("admin", *order, "--dry-run")
    assert dry.code in {0, 8}, dry.err
    assert dry.data["dry_run"] is True
    done = cli("admin", *order)
    assert set(done.data) >= {"read", "accepted", "updated", "unchanged", "rejected", "seconds"}
    assert done.data["accepted"] == dry.data["accepted"] > 0
    assert done.data["read"] == sum(
        done.data[each] for each in ("accepted", "updated", "unchanged", "rejected")
    )
    assert done.code == (8 if done.data["rejected"] else 0)
    again = cli("admin", *order)
    assert (again.data["accepted"], again.data["updated"]) == (0, 0)


def test_an_import_in_part_ends_with_its_own_code(cli: Cli, a_few: Path, tmp_path: Path) -> None:
    file = a_few / "patients.csv"
    head, row = file.read_text(encoding="utf-8").splitlines()
    bad = re.sub(r"\d{4}-\d\d-\d\d", "1990-02-31", row, count=1).replace(row[:36], str(uuid4()), 1)
    file.write_text(f"{head}\n{bad}\n", encoding="utf-8")
    rejects = tmp_path / "no.csv"
    done = cli("admin", "import", "synthea", str(a_few), "--rejects", str(rejects))
    assert done.code == 8, done.err
    assert done.data["rejected"] >= 1
    told = rejects.read_text(encoding="utf-8")
    assert "1990-02-31" in told
    assert "patients.csv:2" in done.err


def test_an_import_that_cannot_be(cli: Cli, tmp_path: Path) -> None:
    assert cli("admin", "import", "nada", str(tmp_path)).code == 2
    assert cli("admin", "import", "synthea", str(tmp_path / "no")).code in {3, 6}
    assert cli("msosa", "import", "synthea", str(tmp_path)).code == 4
    assert cli("admin", "import", "synthea").code == 2


def test_lists_are_json_lines_and_objects_are_one_line(cli: Cli) -> None:
    rows = cli("msosa", "clinic", "list", "--json").out.splitlines()
    assert len(rows) >= 2
    assert all(isinstance(json.loads(line), dict) for line in rows)


def test_the_day_sheet_is_typed_with_a_hyphen(cli: Cli, tmp_path: Path) -> None:
    made = cli("msosa", "report", "day-sheet", "--format", "csv")
    assert made.code == 0, made.err
    assert made.out.startswith("doctor,room,hour,patient,document,phone,procedure,state\r\n")
    out = tmp_path / "hoja.pdf"
    assert cli("msosa", "report", "day-sheet", "--format", "pdf", "-o", str(out)).code == 0
    assert out.read_bytes().startswith(b"%PDF-")
    assert out.stat().st_mode & 0o077 == 0
    assert cli("admin", "report", "day-sheet").code == 4
