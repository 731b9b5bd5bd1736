"""One table, four ways out; and files that are there whole or not at all."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from clinicdesk.kit.errors import Exit
from clinicdesk.kit.sheet import (
    CannotWrite,
    Cell,
    Column,
    Fact,
    Kind,
    Stamp,
    Table,
    json_text,
    spoken,
    to_csv,
    to_json,
    to_json_lines,
    to_pdf,
    to_terminal,
    write_atomically,
)

ZONE = timezone(timedelta(hours=-3))
AT = datetime(2026, 11, 23, 12, 42, tzinfo=UTC)
STAMP = Stamp("Sosa, Marta", AT.astimezone(ZONE), "America/Bogota", "Centro Norte")
COLUMNS = (
    Column("name", "Nombre"),
    Column("n", "Cantidad", Kind.COUNT, "cant."),
    Column("wait", "Espera", Kind.MINUTES),
    Column("at", "Hora", Kind.TIME),
    Column("day", "Día", Kind.DATE),
)
ROW = ("Ñandú, Íñigo", 1234, 74, AT, date(2026, 10, 16))
HOSTILE = ["A[/b]B", "[@click=app.exit]x[/]", "a\x1b]52;c;QUJD\x07b", "x\u202ey", "\x9b2J"]


def table(*rows: tuple[Cell, ...], total: tuple[Cell, ...] | None = None) -> Table:
    """A table of these rows."""
    facts = (Fact("day", "Día", date(2026, 11, 23), Kind.DATE), Fact("n", "Total", len(rows), Kind.COUNT))
    return Table("demo", "Prueba", COLUMNS, rows, ZONE, facts, total)


@pytest.mark.parametrize(
    ("cell", "kind", "said"),
    [
        (0, Kind.COUNT, "0"),
        (1234567, Kind.COUNT, "1.234.567"),
        (9, Kind.MINUTES, "9 min"),
        (59.5, Kind.MINUTES, "59,5 min"),
        (60, Kind.MINUTES, "1 h 00"),
        (74, Kind.MINUTES, "1 h 14"),
        (74.5, Kind.MINUTES, "1 h 14"),
        (AT, Kind.TIME, "09:42"),
        (AT, Kind.TEXT, "23/11/2026 09:42"),
        (date(2026, 10, 16), Kind.DATE, "16/10/2026"),
        (None, Kind.COUNT, ""),
        ("tal cual", Kind.TEXT, "tal cual"),
    ],
)
def test_a_cell_reads_as_people_write_it(cell: Cell, kind: Kind, said: str) -> None:
    assert spoken(cell, kind, ZONE) == said


def test_csv_is_rfc_4180_with_the_keys_as_its_head() -> None:
    data = to_csv(table(ROW, ('a "b"; c\nd', None, None, None, None), total=ROW))
    assert data.startswith(b"name,n,wait,at,day\r\n")
    assert data.endswith(b"\r\n")
    read = list(csv.reader(io.StringIO(data.decode(), newline="")))
    assert read[1:] == [
        ["Ñandú, Íñigo", "1234", "74", "2026-11-23T09:42:00-03:00", "2026-10-16"],
        ['a "b"; c\nd', "", "", "", ""],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_csv_runs_no_formula(start: str) -> None:
    data = to_csv(table((start + "HYPERLINK(1)", -5, None, None, None)))
    row = list(csv.reader(io.StringIO(data.decode(), newline="")))[1]
    assert row[0].startswith("'")
    assert row[1] == "-5"


def test_csv_leaves_innocent_text_alone() -> None:
    texts = ["a=b", "1+1", "García-Paz", "x@y.ar", "'ya", ""]
    data = to_csv(table(*((text, 0, None, None, None) for text in texts)))
    assert [row[0] for row in csv.reader(io.StringIO(data.decode(), newline=""))][1:] == texts


@pytest.mark.parametrize("text", HOSTILE)
def test_no_format_sends_a_control_byte(text: str) -> None:
    made = table((text, 1, 2, AT, None))
    outs = [to_terminal(made, width=80), to_csv(made).decode(), to_json(made).decode()]
    outs += [line.decode() for line in to_json_lines(made)]
    for out in outs:
        assert not {char for char in out if (char < " " and char not in "\r\n") or "\x7f" <= char <= "\x9f"}
        assert "\u202e" not in out
    assert json.loads(to_json(made))["rows"][0]["name"] == text


def test_json_has_facts_rows_and_total_with_offsets() -> None:
    read = json.loads(to_json(table(ROW, total=("Total", 1234, None, None, None))))
    assert read == {
        "name": "demo",
        "day": "2026-11-23",
        "n": 1,
        "rows": [
            {
                "name": "Ñandú, Íñigo",
                "n": 1234,
                "wait": 74,
                "at": "2026-11-23T09:42:00-03:00",
                "day": "2026-10-16",
            }
        ],
        "total": {"name": "Total", "n": 1234, "wait": None, "at": None, "day": None},
    }


def test_json_lines_are_one_object_each() -> None:
    lines = list(to_json_lines(table(("a\nb", 1, 2, AT, None), ("c", 3, 4, AT, None))))
    assert [json.loads(line)["name"] for line in lines] == ["a\nb", "c"]
    assert all(line.count(b"\n") == 1 for line in lines)


@given(st.text())
def test_any_text_survives_json(text: str) -> None:
    assert json.loads(json_text({"a": text})) == {"a": text}


def test_json_keeps_even_a_lone_surrogate_and_the_astral_planes() -> None:
    text = "a\ud800b \U0001f600 \U000e0041"
    data = json_text([text])
    assert json.loads(data) == [text]
    assert "\U000e0041" not in data.decode()


def test_the_terminal_reads_no_markup() -> None:
    out = to_terminal(table(*((text, 1, 2, AT, None) for text in HOSTILE)), width=100)
    assert "A[/b]B" in out
    assert "[@click=app.exit]x[/]" in out
    assert "a·]52;c;QUJD·b" in out


def test_the_terminal_cuts_no_figure_however_narrow() -> None:
    out = to_terminal(table(("nombre " * 6, 123456789, 4000, AT, date(2026, 10, 16))), width=20)
    assert "123.456.789" in out
    assert "66 h 40" in out


def test_the_terminal_fits_its_width_and_shows_short_heads() -> None:
    out = to_terminal(table(("palabra " * 20, 12, 30, AT, date(2026, 10, 16)), total=ROW), width=60)
    assert max(map(len, out.splitlines())) <= 60
    assert "cant." in out
    assert "Día: 23/11/2026" in out
    assert "1.234" in out.splitlines()[-1]


def test_color_is_sent_only_where_asked() -> None:
    assert "\x1b[" not in to_terminal(table(ROW), width=80)
    assert "\x1b[" in to_terminal(table(ROW), width=80, color=True)


def test_the_table_prints() -> None:
    reader = PdfReader(io.BytesIO(to_pdf(table(ROW, total=("Total", 1234, None, None, None)), STAMP)))
    text = " ".join(reader.pages[0].extract_text().split())
    assert "Nombre Cantidad Espera Hora Día" in text
    assert "Ñandú, Íñigo 1.234 1 h 14 09:42 16/10/2026" in text
    assert "Total 1.234" in text
    assert "Impreso por Sosa, Marta el 23/11/2026 09:42 (UTC-03:00, America/Bogota) Página 1 de 1" in text


def test_an_empty_table_is_said_in_every_format() -> None:
    assert to_csv(table()) == b"name,n,wait,at,day\r\n"
    assert json.loads(to_json(table()))["rows"] == []
    assert "cant." in to_terminal(table(), width=80)
    assert b"%PDF" in to_pdf(table(), STAMP)


def test_a_file_is_written_whole_and_for_its_owner_alone(tmp_path: Path) -> None:
    target = tmp_path / "historia ñ.pdf"
    target.write_bytes(b"old")
    assert write_atomically(target, lambda out: out.write(b"new!")) == 4
    assert target.read_bytes() == b"new!"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_nothing_is_left_where_the_writer_fails(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.pdf").write_bytes(b"old")

    def fail(out: BinaryIO) -> None:
        out.write(b"half")
        raise error

    with pytest.raises(error):
        write_atomically(tmp_path / "a.pdf", fail)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.pdf": b"old"}


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", lambda out: out.write(b"new"))
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_pipe_is_written_straight(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_atomically(pipe, lambda out: out.write(b"through"))
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("missing/a.pdf", "no existe la carpeta"),
        ("", "es una carpeta"),
        ("a-file/b.pdf", "no existe la carpeta"),
        ("x" * 300, "el nombre es demasiado largo"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_with_the_reason(
    tmp_path: Path, place: str, reason: str
) -> None:
    (tmp_path / "a-file").write_bytes(b"")
    with pytest.raises(CannotWrite) as refused:
        write_atomically(tmp_path / place, lambda out: out.write(b"x"))
    assert refused.value.exit is Exit.INVALID
    assert str(refused.value) == f"No se puede escribir {tmp_path / place}: {reason}."


def test_a_dash_is_stdout(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    write_atomically("-", lambda out: out.write("ñ".encode()))
    assert capfdbinary.readouterr().out == "ñ".encode()


INTERRUPTED = """
import sys, time
from clinicdesk.kit.sheet import write_atomically
def slow(out):
    out.write(b"half"); out.flush()
    print("ready", flush=True)
    time.sleep(60)
write_atomically(sys.argv[1], slow)
"""


def test_ctrl_c_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    run = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "a.pdf")]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        process.wait(timeout=300)
    assert list(tmp_path.iterdir()) == []


def test_a_reader_sees_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    target = tmp_path / "a"
    target.write_bytes(b"0" * 100_000)
    write = f"""
from clinicdesk.kit.sheet import write_atomically
for digit in b"12345":
    write_atomically({str(target)!r}, lambda out: [out.write(bytes([digit]) * 1000) for _ in range(100)])
"""
    seen = set()
    with subprocess.Popen([sys.executable, "-c", write]) as process:
        while process.poll() is None:
            data = target.read_bytes()
            seen.add((len(data), len(set(data))))
            time.sleep(0.001)
    assert seen == {(100_000, 1)}
    assert target.read_bytes() == b"5" * 100_000
