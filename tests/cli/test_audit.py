"""`clinicdesk audit`: list, export, seal, verify, as a script uses them."""

from __future__ import annotations

import csv
import io
import itertools
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import PROGRAM, Done, added
from tests.factories import Network

Cli = Callable[..., Done]
DOCUMENTS = itertools.count(62_000_001)


def rows_of(cli: Cli, *options: str) -> list[dict[str, object]]:
    """The acts that a list gives as JSON."""
    done = cli("priva", "audit", "list", "--json", *options)
    assert done.code == 0, done.err
    return done.rows


def test_a_list_is_filtered_and_paged(cli: Cli, network: Network) -> None:
    for number in ("61000001", "61000002", "61000003"):
        added(cli, number)
    assert cli("msosa", "patient", "add", "--document", "61000001", "--given", "A", "--family", "B",
               "--birth", "2000-01-01", "--sex", "F").code == 5  # fmt: skip
    registered = rows_of(cli, "--what", "patient.register", "--user", "msosa")
    assert [row["outcome"] for row in registered] == ["refused", "done", "done", "done"]
    assert registered[0]["refusal"] == "DocumentKnown"
    assert {row["user"] for row in registered} == {"msosa"}
    assert {row["clinic"] for row in registered} == {"NORTE"}
    assert len(rows_of(cli, "--what", "patient.register", "--outcome", "refused")) == 1
    of_one = rows_of(cli, "--patient", "DNI:61000002", "--what", "patient.register")
    assert len(of_one) == 1
    assert rows_of(cli, "--patient", str(of_one[0]["patient"]), "--what", "patient.register") == of_one
    assert rows_of(cli, "--to", "2020-01-01") == []
    assert rows_of(cli, "--at", "SUR") == []
    first = cli("priva", "audit", "list", "--json", "--what", "patient.register", "--limit", "3")
    mark = first.err.strip().rpartition(" ")[2]
    second = rows_of(cli, "--what", "patient.register", "--limit", "3", "--after", mark)
    assert [row["key"] for row in [*first.rows, *second]] == [row["key"] for row in registered]


def test_people_read_a_table(cli: Cli) -> None:
    added(cli, "61000010")
    done = cli("priva", "audit", "list", "--what", "patient.register", "--limit", "1")
    assert done.code == 0
    assert "patient.register" in done.out
    assert "hecho" in done.out


def test_who_may_not_read_leaves_a_refusal(cli: Cli) -> None:
    assert cli("msosa", "audit", "list").code == 4
    assert cli("admin", "audit", "verify").code == 4
    assert cli("admin", "audit", "export").code == 4
    refused = rows_of(cli, "--what", "audit", "--outcome", "refused")
    assert {(row["user"], row["what"]) for row in refused} >= {
        ("msosa", "audit.list"), ("admin", "audit.verify"), ("admin", "audit.export"),
    }  # fmt: skip


def test_reading_is_written_down_with_whose_acts_were_asked(cli: Cli) -> None:
    patient = added(cli, "61000020")
    rows_of(cli, "--patient", "61000020")
    cli("priva", "audit", "export", "--patient", "61000020")
    asked = rows_of(cli, "--patient", "61000020", "--what", "audit")
    assert [(row["what"], row["subject"]) for row in asked] == [
        ("audit.list", "audit list"), ("audit.export", "csv"), ("audit.list", "audit list"),
    ]  # fmt: skip
    assert {row["patient"] for row in asked} == {patient["id"]}


def test_an_export_as_csv_holds_all_and_runs_no_formula(cli: Cli, tmp_path: Path) -> None:
    added(cli, "61000030")
    file = tmp_path / "actos.csv"
    assert cli("priva", "audit", "export", "-o", str(file)).code == 0
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"), newline="")))
    assert "patient.register" in {row["what"] for row in rows}
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    assert all(row["at"].endswith("+00:00") for row in rows)


def test_sealed_anchored_verified_and_found_out(cli: Cli, network: Network, tmp_path: Path) -> None:
    anchor, copy = str(tmp_path / "ancla"), str(tmp_path / "copia.jsonl")
    added(cli, "61000040")
    sealed = cli("admin", "audit", "seal", "--anchor", anchor, "--json")
    assert sealed.code == 0, sealed.err
    assert sealed.data["sealed"] > 0
    assert sealed.data["anchored"] >= 1
    assert Path(anchor).stat().st_mode & 0o777 == 0o600
    assert cli("priva", "audit", "export", "--format", "jsonl", "--with-seals", "-o", copy).code == 0
    for options in ([], ["--copy", copy], ["--copy", network.url]):
        done = cli("priva", "audit", "verify", "--anchor", anchor, "--json", *options)
        assert done.code == 0, (options, done.out, done.err)
        assert done.data["clean"] is True
        assert done.data["acts"] == sealed.data["sealed"]
    with network.owner.begin() as owner:
        changed = (
            "UPDATE acts SET host = 'otra' WHERE key IN (SELECT key FROM seal_items LIMIT 1) RETURNING key"
        )
        key = str(owner.execute(text(changed)).scalar_one())
    done = cli("priva", "audit", "verify", "--anchor", anchor, "--json")
    assert done.code == 5
    assert [(each["kind"], each["act"]) for each in done.data["findings"]] == [("altered", key)]
    assert "acto alterado" in cli("priva", "audit", "verify").out
    assert cli(None, "audit", "verify", "--copy", copy, "--anchor", anchor).code == 0  # as it was then


def edited(copy: Path, old: str, new: str) -> Path:
    """A copy with one change."""
    lines = copy.read_text("utf-8").splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if old in line)
    lines[place] = lines[place].replace(old, new, 1)
    return written(copy, lines)


def written(copy: Path, lines: list[str]) -> Path:
    """Lines as another file beside the copy."""
    other = copy.with_suffix(".other")
    other.write_text("".join(lines), "utf-8")
    return other


@pytest.fixture
def shipped(cli: Cli, tmp_path: Path, network: Network) -> Path:
    """A copy with seals, made anew in this file's database."""
    with network.owner.begin() as owner:
        owner.execute(text("TRUNCATE acts, seals, seal_items"))
    added(cli, str(next(DOCUMENTS)))
    cli("admin", "audit", "seal")
    copy = tmp_path / "copia.jsonl"
    assert cli("priva", "audit", "export", "--format", "jsonl", "--with-seals", "-o", str(copy)).code == 0
    return copy


def kinds(cli: Cli, copy: Path) -> set[str]:
    """What a verification of a copy finds, without a login."""
    done = cli(None, "audit", "verify", "--copy", str(copy), "--json")
    assert done.code in {0, 5}, done.err
    return {each["kind"] for each in done.data["findings"]}


def test_a_shipped_copy_is_judged_without_a_database(cli: Cli, shipped: Path) -> None:
    assert kinds(cli, shipped) == set()
    altered = edited(shipped, '"what":"patient.register"', '"what":"patient.show"')
    assert kinds(cli, altered) == {"altered"}
    lines = shipped.read_text("utf-8").splitlines(keepends=True)
    sealed = [n for n, line in enumerate(lines) if '"leaf"' in line]
    without = [line for n, line in enumerate(lines) if n != sealed[0]]
    assert "seal_altered" in kinds(cli, written(shipped, without))
    assert "copy_cut" in kinds(cli, written(shipped, lines[:-1]))
    assert "copy_cut" in kinds(cli, written(shipped, [*lines[:-2], lines[-2][:40]]))


def test_what_is_no_copy_is_refused(cli: Cli, shipped: Path, tmp_path: Path) -> None:
    odd = tmp_path / "otro"
    odd.write_text("hola\n")
    assert cli(None, "audit", "verify", "--copy", str(odd)).code == 6
    odd.write_text(json.dumps({"type": "otra"}) + "\n")
    assert cli(None, "audit", "verify", "--copy", str(odd)).code == 6
    assert cli(None, "audit", "verify", "--copy", str(tmp_path / "falta")).code == 7
    assert cli(None, "audit", "verify", "--copy", str(shipped), "--anchor", str(tmp_path / "falta")).code == 7
    assert cli("priva", "audit", "export", "--with-seals").code == 2
    assert cli("priva", "audit", "export", "--format", "xml").code == 2
    assert cli("priva", "audit", "list", "--after", "x").code == 2


def test_a_command_that_fails_is_loud_and_gets_all_later(cli: Cli, tmp_path: Path) -> None:
    taken, broken = tmp_path / "recibido", tmp_path / "roto"
    command = tmp_path / "orden"
    command.write_text(f"#!/bin/sh\n[ -e {broken} ] && exit 3\ncat >> {taken}\n")
    command.chmod(0o755)
    seal = ("audit", "seal", "--anchor-command", str(command), "--anchor", str(tmp_path / "ancla"))
    broken.touch()
    added(cli, "61000050")
    failed = cli("admin", *seal)
    assert failed.code == 8
    assert "3" in failed.err
    added(cli, "61000051")
    assert cli("admin", *seal).code == 8
    broken.unlink()
    assert cli("admin", *seal).code == 0
    added(cli, "61000052")
    assert cli("admin", *seal).code == 0
    assert taken.read_bytes() == (tmp_path / "ancla").read_bytes()


def test_an_anchor_that_disagrees_is_never_written_over(cli: Cli, network: Network, tmp_path: Path) -> None:
    anchor = tmp_path / "ancla"
    added(cli, "61000060")
    assert cli("admin", "audit", "seal", "--anchor", str(anchor)).code == 0
    kept = anchor.read_bytes()
    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM seal_items WHERE seal = (SELECT max(n) FROM seals)"))
        owner.execute(text("DELETE FROM seals WHERE n = (SELECT max(n) FROM seals)"))
    assert cli("admin", "audit", "seal", "--anchor", str(anchor)).code == 5
    assert anchor.read_bytes() == kept
    done = cli("priva", "audit", "verify", "--anchor", str(anchor), "--json")
    assert done.code == 5
    assert {each["kind"] for each in done.data["findings"]} & {"tail_cut", "seal_rewritten"}


def test_a_torn_line_of_the_anchor_is_written_again_whole(cli: Cli, network: Network, tmp_path: Path) -> None:
    anchor = tmp_path / "ancla"
    with network.owner.begin() as owner:
        owner.execute(text("TRUNCATE acts, seals, seal_items"))
    for number in ("61000070", "61000071"):
        added(cli, number)
        assert cli("admin", "audit", "seal", "--anchor", str(anchor)).code == 0
    whole = anchor.read_bytes()
    anchor.write_bytes(whole[:-20])
    assert cli("admin", "audit", "seal", "--anchor", str(anchor)).code == 0
    lines = anchor.read_bytes().splitlines()
    assert lines[0] + b"\n" + lines[2] + b"\n" == whole
    assert cli("priva", "audit", "verify", "--anchor", str(anchor)).code == 0


def test_a_sealer_goes_on_until_it_is_ended(
    cli: Cli, environment: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    anchor = tmp_path / "ancla"
    command = [PROGRAM, "audit", "seal", "--every", "5", "--anchor", str(anchor)]
    added(cli, "61000080")
    with subprocess.Popen(command, env=environment("admin"), stdout=subprocess.PIPE) as sealer:
        try:
            wait_for(lambda: anchor.exists() and anchor.read_bytes().count(b"\n") >= 1)
            before = anchor.read_bytes().count(b"\n")
            added(cli, "61000081")
            wait_for(lambda: anchor.read_bytes().count(b"\n") > before)
        finally:
            sealer.terminate()
        assert sealer.wait(30) == 128 + signal.SIGTERM


def wait_for(holds: Callable[[], bool]) -> None:
    """Until it holds, for a minute at most."""
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)
