"""`clinicdesk attachment`: a file comes in by the prompt and goes out as it came."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from clinicdesk.kit.errors import Exit
from tests.cli.conftest import Done, in_care

Cli = Callable[..., Done]
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n"


def test_a_file_goes_in_is_listed_goes_out_and_is_voided(cli: Cli, tmp_path: Path) -> None:
    in_care(cli, "42311001", "lpaz")
    file = tmp_path / "eco.exe"
    file.write_bytes(PDF)
    added = cli("lpaz", "attachment", "add", "42311001", str(file), "--text", "Ecografía", "--json")
    assert added.code == 0, added.err
    assert added.data["media_type"] == "application/pdf"
    assert added.data["sha256"] == hashlib.sha256(PDF).hexdigest()
    (row,) = cli("lpaz", "attachment", "list", "42311001", "--json").rows
    assert (row["id"], row["name"], row["text"], row["voided"]) == (
        added.data["id"], "eco.exe", "Ecografía", None,
    )  # fmt: skip
    assert "application/pdf" in cli("lpaz", "attachment", "list", "42311001").out
    saved = cli("lpaz", "attachment", "save", row["id"], "-o", str(tmp_path), "--json")
    assert Path(saved.data["file"]).read_bytes() == PDF
    whole = ("history", "export", "42311001", "-o", str(tmp_path / "h.json"))
    assert cli("lpaz", *whole, "--format", "fhir", "--with-files").code == 0
    entries = json.loads((tmp_path / "h.json").read_text("utf-8"))["entry"]
    assert base64.b64decode(entries[-1]["resource"]["data"]) == PDF
    assert cli("lpaz", *whole, "--format", "json", "--with-files").code == Exit.USAGE
    batch = ("--list", str(file), "-o", str(tmp_path), "--format", "fhir", "--with-files")
    assert cli("lpaz", "history", "export", *batch).code == Exit.USAGE
    twice = cli("lpaz", "attachment", "save", row["id"], "-o", str(tmp_path))
    assert twice.code != 0
    assert "ya existe" in twice.err
    assert cli("lpaz", "attachment", "add", "42311001", str(file)).code == Exit.CONFLICT
    assert cli("lpaz", "attachment", "add", "42311001", str(tmp_path)).code == Exit.INVALID
    assert cli("lpaz", "attachment", "void", row["id"], "--reason", "de otra persona").code == 0
    assert "anulado: de otra persona" in cli("lpaz", "attachment", "list", "42311001").out
    assert cli("msosa", "attachment", "list", "42311001").code == Exit.NOT_ALLOWED


def test_the_limits_are_shown_to_all_and_changed_by_administration(cli: Cli) -> None:
    before = cli("lpaz", "attachment", "limits", "--json").data
    assert cli("lpaz", "attachment", "limits", "--file-mb", "1").code == Exit.NOT_ALLOWED
    assert cli("admin", "attachment", "limits", "--file-mb", "999").code == Exit.INVALID
    changed = cli("admin", "attachment", "limits", "--file-mb", "9", "--json").data
    assert changed == before | {"file_bytes": 9 * 1024 * 1024}
    assert cli("admin", "attachment", "limits", "--file-mb", "20").code == 0
    assert cli("lpaz", "attachment", "limits", "--json").data == before
