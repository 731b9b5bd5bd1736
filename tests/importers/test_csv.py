"""Reading CSV: every row whole, with the physical line it begins on, whatever stands in its cells."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.importers._csv import Layout, digest, problems_of, rows
from clinicdesk.kit.text import clean
from tests.data import shared

CASES = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]


def no_bad(line: int, bad: Bad) -> None:
    raise AssertionError((line, bad.args))


@pytest.mark.parametrize("case", CASES)
def test_the_odd_files_of_csv_spectrum(case: str) -> None:
    path = shared("csv-spectrum", "csvs", f"{case}.csv")
    expected = json.loads(shared("csv-spectrum", "json", f"{case}.json").read_bytes())
    with path.open(encoding="utf-8", newline="") as file:
        names = tuple(next(csv.reader(file)))
    assert problems_of(path, Layout(names)) == []
    found = [dict(zip(names, cells, strict=True)) for _line, cells in rows(path, Layout(names), no_bad)]
    # Some copies of the set lost the CRs of their `_crlf` files.
    assert tidy(found) == tidy(expected)


def tidy(table: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: clean(cell) for name, cell in row.items()} for row in table]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8)
tables = st.lists(st.lists(cells, min_size=3, max_size=3), max_size=12)


@given(tables, st.sampled_from(["\n", "\r\n"]), st.booleans())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_table_comes_back_with_its_lines(
    tmp_path: Path, table: list[list[str]], ending: str, with_mark: bool
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator=ending, quoting=csv.QUOTE_ALL)
    writer.writerow(["A", "B", "C"])
    expected = []
    for row in table:
        expected.append((lines_of(out.getvalue()) + 1, (row[2], row[0], "")))
        writer.writerow(row)
    path = tmp_path / "table.csv"
    path.write_bytes((b"\xef\xbb\xbf" if with_mark else b"") + out.getvalue().encode())
    assert list(rows(path, Layout(("c", "a"), ("absent",)), no_bad)) == expected


def lines_of(text: str) -> int:
    """Line ends as an editor counts them: LF, CR, or both together."""
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@given(st.binary(max_size=400))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_bytes_are_rows_or_rejects_and_never_a_crash(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(b"A,B\n" + content)
    bad: list[tuple[int, Bad]] = []
    good = list(rows(path, Layout(("A", "B")), lambda line, why: bad.append((line, why))))
    lines = sorted([line for line, _cells in good] + [line for line, _why in bad])
    assert lines == sorted(set(lines))
    assert all(2 <= line <= lines_of((b"A,B\n" + content).decode("latin-1")) + 1 for line in lines)


def test_quotes_that_break_spoil_their_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text('A,B\n1,2\n"x"y,3\n4,5\n')
    bad: list[tuple[int, Fault]] = []
    good = list(rows(path, Layout(("A", "B")), lambda line, why: bad.append((line, why.fault))))
    assert good == [(2, ("1", "2")), (4, ("4", "5"))]
    assert bad == [(3, Fault.BAD_QUOTES)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "vac"),
        (b"\n\n", "vac"),
        (b"A\n1\n", "columnas B"),
        (b"A,B,a\n", "repetidas: A"),
        (b"\xff\xfeA\x00,\x00B\x00", "UTF-8"),
        (b'"A,B\n1,2\n', "comillas"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    (said,) = problems_of(path, Layout(("A", "B")))
    assert said.startswith("table.csv: ")
    assert problem in said


def test_a_digest_tells_names_and_contents_apart(tmp_path: Path) -> None:
    def made(**files: str) -> Any:
        paths = []
        for name, content in files.items():
            (tmp_path / name).write_text(content)
            paths.append(tmp_path / name)
        return digest(paths)

    one = made(a="1", b="2")
    assert one == made(a="1", b="2")
    assert len({one, made(a="12", b=""), made(a="2", b="1"), made(c="1", b="2")}) == 4
