"""`clinicdesk record-type`, `record add`, `record search` and pages of `history show`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.cli.conftest import Done
from tests.factories import Network

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]


def test_a_type_its_entries_and_finding_them(cli: Cli, admitted: Admitted, tmp_path: Path) -> None:
    admitted("45100001")
    schema = tmp_path / "espirometria.json"
    schema.write_text('{"required": ["fev1"], "properties": {"fev1": {"type": "number"}}}')
    named = ("--code", "espirometria", "--name", "Espirometría")
    made = cli("admin", "record-type", "add", *named, "--schema", str(schema), "--json")
    assert (made.code, made.data["code"]) == (0, "espirometria"), made.err
    rows = cli("jibarra", "record-type", "list", "--json").rows
    assert {row["code"]: row["schema_version"] for row in rows}["espirometria"] == 1
    add = ("record", "add", "45100001", "--type", "espirometria")
    wrong = cli("jibarra", *add, "--attr", "fev1=dos")
    assert (wrong.code, "fev1: no es un número." in wrong.err) == (6, True)
    values = ("--attr", "fev1=2.4", "--attr", "equipo.marca=Ñandú", "--attr", "soplos:=[2.1, 2.4]")
    done = cli("jibarra", *add, *values, "--doctor", "Paz Lucía", "--json")
    assert done.code == 0, done.err
    shown = cli("jibarra", "record", "show", done.data["id"], "--json").data
    assert shown["attributes"] == {"fev1": 2.4, "equipo": {"marca": "Ñandú"}, "soplos": [2.1, 2.4]}
    assert (shown["doctor_name"], shown["entered_by"], shown["schema_version"]) == (
        "Paz, Lucía",
        "Ibarra, Jorge",
        1,
    )
    right = cli("jibarra", *add, "--attr", "fev1=2.6", "--corrects", done.data["id"], "--json")
    line = ("pac:45100001", "fev1 > 2,5", "hasta:hoy")
    for asked in (("--attr", "fev1>2.5"), ("--attr", "fev1=2.6"), line):
        (row,) = cli("jibarra", "record", "search", "--type", "espirometria", *asked, "--json").rows
        assert row["id"] == right.data["id"]
    (row,) = cli("jibarra", "record", "search", "nandu", "--patient", "45100001", "--json").rows
    assert (row["id"], row["corrected"]) == (done.data["id"], True)
    first = cli("jibarra", "record", "search", "--type", "espirometria", "--limit", "1")
    assert "--after" in first.err
    again = ("--type", "espirometria", "--after", right.data["id"], "--json")
    assert [each["id"] for each in cli("jibarra", "record", "search", *again).rows] == [done.data["id"]]
    page = cli("jibarra", "history", "show", "45100001", "--limit", "1", "--json").data
    assert [each["id"] for each in page["entries"]] == [right.data["id"]]
    rest = cli("jibarra", "history", "show", "45100001", "--after", page["next"], "--json").data
    assert [each["id"] for each in rest["entries"]] == [done.data["id"]]
    assert rest["next"] is None
    assert cli("admin", "record-type", "retire", "espirometria").code == 0
    assert cli("jibarra", *add, "--attr", "fev1=2.4").code == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "nada"}', "/type"),
        ('{"$ref": "https://ejemplo.invalid/a"}', "dentro del esquema"),
        ('{"a": 1, "a": 2}', "dos veces"),
        ("[1", "línea 1"),
    ],
)
def test_a_schema_that_is_none_says_where(cli: Cli, tmp_path: Path, text: str, said: str) -> None:
    schema = tmp_path / "esquema.json"
    schema.write_text(text)
    done = cli("admin", "record-type", "add", "--code", "malo", "--name", "Malo", "--schema", str(schema))
    assert (done.code, said in done.err) == (6, True), done.err


def test_attributes_come_from_a_file_and_bad_ones_are_all_named(
    cli: Cli, admitted: Admitted, tmp_path: Path
) -> None:
    admitted("45100002")
    held = tmp_path / "datos.json"
    held.write_text(json.dumps({"presion": {"sistolica": 120}}))
    add = ("record", "add", "45100002", "--type", "otro", "--attributes", str(held))
    bad = cli("jibarra", *add, "--attr", "presion.sistolica=1", "--attr", "suelto", "--attr", "x:={")
    assert bad.code == 6
    assert all(said in bad.err for said in ("está dos veces", "«suelto»", "«x:={»")), bad.err
    done = cli("jibarra", *add, "--attr", "presion.brazo=izq", "--json")
    shown = cli("jibarra", "record", "show", done.data["id"], "--json").data
    assert shown["attributes"] == {"presion": {"sistolica": 120, "brazo": "izq"}}
    assert cli("jibarra", "record", "search", "--attr", "presion").code == 6
    both = cli(
        "jibarra", "record", "search", "foo:x", "dr:paz", "desde:ayer", "--doctor", "ibarra", "--to", "x"
    )
    assert both.code == 6
    assert all(
        part in both.err for part in ("«foo:» no se entiende", "«dr:» está dos veces", "«x» no existe")
    )
    assert cli("jibarra", "record", "search", "tipo:nadadeeso").code == 6
    assert cli("msosa", "record", "search", "tos").code == 4


def test_what_does_not_fit_its_type_is_named_to_the_owner_with_exit_5(
    cli: Cli, network: Network, admitted: Admitted
) -> None:
    owner = {"CLINICDESK_OWNER_URL": network.url}
    patient, _turn = admitted("42391234")
    clean = cli(None, "db", "records", **owner)
    assert (clean.code, clean.out) == (0, ""), clean.err
    assert "ninguno sin su forma" in clean.err
    write = (
        "INSERT INTO records (patient_id, id, kind, at, clinic_id, attributes)"
        " SELECT :patient, gen_random_uuid(), 'otro', now(), min(id), '{\"a.b\": \"secreto\"}' FROM clinics"
        " RETURNING id"
    )
    with network.owner.begin() as raw:
        entry_id = raw.execute(text(write), {"patient": patient[:32]}).scalar_one()
    try:
        told = cli(None, "db", "records", "--json", **owner)
        assert (told.code, len(told.rows)) == (5, 1), told.err
        (row,) = told.rows
        assert (row["id"], row["type"], row["schema_version"]) == (
            f"{patient[:32]}{entry_id.hex}",
            "otro",
            None,
        )
        assert "a.b" in row["problems"]
        assert "secreto" not in told.out + told.err
        said = cli(None, "db", "records", **owner)
        assert (said.code, said.out.split()[0]) == (5, row["id"])
    finally:
        with network.owner.begin() as raw:
            raw.execute(text("DELETE FROM records WHERE id = :id"), {"id": entry_id})
