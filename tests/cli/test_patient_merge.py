"""`clinicdesk patient merge|unmerge|merges`."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.conftest import Done, added

Cli = Callable[..., Done]


def pair(cli: Cli, number: int) -> tuple[str, str]:
    """Two documents of two charts."""
    documents = (str(40_700_000 + number), str(40_800_000 + number))
    for each in documents:
        added(cli, each)
    return documents


def test_a_merge_is_shown_done_told_and_taken_back(cli: Cli) -> None:
    kept, gone = pair(cli, 1)
    before = {each: cli("secre", "patient", "show", each, "--json").data for each in (kept, gone)}
    plan = cli("secre", "patient", "merge", kept, gone, "--dry-run", "--json").data
    for side, document in (("kept", kept), ("retired", gone)):
        assert plan[side].items() <= before[document].items()
    assert plan["overlaps"] == []
    assert cli("secre", "patient", "show", gone, "--json").data == before[gone]
    done = cli("secre", "patient", "merge", kept, gone, "--reason", "ficha duplicada", "--json")
    assert done.code == 0, done.err
    assert (done.data["id"], done.data["retired_id"]) == (before[kept]["id"], before[gone]["id"])
    shown = cli("secre", "patient", "show", f"HC {before[gone]['chart_number']}", "--json").data
    assert shown["id"] == before[kept]["id"]
    assert shown["united"] == [before[gone]["chart_number"]]
    assert cli("secre", "patient", "show", before[gone]["id"], "--json").data == shown
    rows = cli("secre", "patient", "merges", kept, "--json").rows
    assert [(row["way"], row["reason"]) for row in rows] == [("merge", "ficha duplicada")]
    back = cli("secre", "patient", "unmerge", gone, "--reason", "eran dos", "--json")
    assert back.code == 0, back.err
    assert back.data["changed"] == []
    assert {each: cli("secre", "patient", "show", each, "--json").data for each in (kept, gone)} == before


def test_people_read_both_side_by_side(cli: Cli) -> None:
    kept, gone = pair(cli, 2)
    done = cli("secre", "patient", "merge", kept, gone, "--dry-run")
    assert done.code == 0, done.err
    (heads,) = [line for line in done.out.splitlines() if "Resultado" in line]
    assert heads.index("Queda") < heads.index("Se retira") < heads.index("Resultado")
    (document,) = [line for line in done.out.splitlines() if line.startswith("Documento")]
    assert document.count("40.700.002") == 2
    assert document.count("40.800.002") == 1


def test_a_merge_says_why(cli: Cli) -> None:
    kept, gone = pair(cli, 3)
    for words in (("merge", kept, gone), ("unmerge", gone), ("merge", kept, gone, "--reason", " ")):
        done = cli("secre", "patient", *words)
        assert (done.code, "motivo" in done.err) == (6, True)


def test_who_is_not_merged_is_not_taken_apart(cli: Cli) -> None:
    kept, gone = pair(cli, 4)
    done = cli("secre", "patient", "unmerge", gone, "--reason", "x")
    assert (done.code, "no está unida" in done.err) == (5, True)
    cli("secre", "patient", "merge", kept, gone, "--reason", "x")
    done = cli("secre", "patient", "unmerge", kept, "--reason", "x")
    assert (done.code, "la que se retiró" in done.err) == (5, True)


def test_the_counter_alone_does_not_merge(cli: Cli) -> None:
    kept, gone = pair(cli, 5)
    done = cli("msosa", "patient", "merge", kept, gone, "--reason", "x")
    assert (done.code, "patient.merge" in done.err) == (4, True)
