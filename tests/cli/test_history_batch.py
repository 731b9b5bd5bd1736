"""`history export --list` and `--all-of`: many histories into a folder, each whole and written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import text

from clinicdesk.exporters import _batch
from clinicdesk.kit.sheet import CannotWrite, write_atomically
from tests.cli.conftest import Done, in_care
from tests.factories import Network

Cli = Callable[..., Done]
REASON = ("--reason", "Auditoría médica del convenio 12, nota 88")
DOCUMENTS = ("44100001", "44100002", "44100003")


@pytest.fixture
def people(cli: Cli) -> dict[str, str]:
    """Three patients of jibarra's, each attended today: document → name of the file without its end."""
    found = {}
    for document in DOCUMENTS:
        shown = cli("msosa", "patient", "show", document, "--json")
        if shown.code != 0:
            turn = in_care(cli, document)["turn_id"]
            assert cli("jibarra", "turn", "start", turn).code == 0
            assert cli("jibarra", "note", "sign", turn, "--text", f"Nota de {document}.").code == 0
            assert cli("jibarra", "turn", "finish", turn).code == 0
            shown = cli("msosa", "patient", "show", document, "--json")
        found[document] = f"HC-{shown.data['chart_number']:06d}"
    return found


@pytest.fixture
def listed(people: dict[str, str], tmp_path: Path) -> str:
    """A list of them, with somebody whom nobody knows."""
    path = tmp_path / "lista.txt"
    path.write_text("# pedido 88\n" + "\n".join((*people, "49999997", "", DOCUMENTS[0])) + "\n")
    return str(path)


def manifest(folder: Path) -> list[dict[str, Any]]:
    """Its lines."""
    return [json.loads(line) for line in (folder / "manifiesto.jsonl").read_text("utf-8").splitlines()]


def test_a_list_becomes_files_with_a_manifest_and_each_no_is_told(
    cli: Cli, people: dict[str, str], listed: str, tmp_path: Path, network: Network
) -> None:
    folder = tmp_path / "lote"
    export = ("history", "export", "--list", listed, "-o", str(folder), "--format", "json", "--json")
    done = cli("jibarra", *export)
    assert done.code == 8, done.err
    assert (done.data["asked"], done.data["written"], done.data["unchanged"]) == (4, 3, 0)
    (failed,) = done.data["failed"]
    assert failed["patient"] == "49999997"
    assert "49999997" in done.err
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted([*(f"{name}.json" for name in people.values()), "manifiesto.jsonl"])
    *lines, lost = manifest(folder)
    assert lost == {"failed": "PatientNotFound", "place": 4, "chart": None}
    for line in lines:
        body = (folder / line["file"]).read_bytes()
        assert (hashlib.sha256(body).hexdigest(), len(body)) == (line["sha256"], line["bytes"])
        assert json.loads(body)["delivery"] == line["delivery"]
        with network.owner.connect() as owner:
            act = owner.execute(text("SELECT what FROM acts WHERE key = :key"), {"key": line["delivery"]})
            assert act.scalar_one() == "history.export"
    assert (folder / files[0]).stat().st_mode & 0o077 == 0

    before = {path.name: path.stat().st_mtime_ns for path in folder.glob("HC-*")}
    again = cli("jibarra", *export)
    assert (again.code, again.data["written"], again.data["unchanged"]) == (8, 0, 3)
    assert {path.name: path.stat().st_mtime_ns for path in folder.glob("HC-*")} == before
    (folder / f"{people[DOCUMENTS[1]]}.json").write_text("roto")
    mended = cli("jibarra", *export)
    assert (mended.data["written"], mended.data["unchanged"]) == (1, 2)
    add = ("record", "add", DOCUMENTS[0], "--type", "control", "--text", "Algo nuevo.", "--sign")
    assert cli("jibarra", *add).code == 0
    assert cli("jibarra", *export).data["unchanged"] == 3
    renewed = cli("jibarra", *export, "--again")
    assert (renewed.data["written"], renewed.data["unchanged"]) == (1, 2)
    assert "Algo nuevo." in (folder / f"{people[DOCUMENTS[0]]}.json").read_text("utf-8")
    other = cli("jibarra", *export, "--type", "control")
    assert other.data["written"] == 3  # another selection is another request
    assert list(folder.glob(".*")) == []


def test_a_line_cut_short_is_written_again(cli: Cli, people: dict[str, str], tmp_path: Path) -> None:
    folder, one = tmp_path / "lote", tmp_path / "una.txt"
    one.write_text(DOCUMENTS[2])
    export = ("history", "export", "--list", str(one), "-o", str(folder), "--format", "fhir", "--json")
    assert cli("jibarra", *export).data["written"] == 1
    path = folder / "manifiesto.jsonl"
    path.write_bytes(path.read_bytes()[:-40])
    done = cli("jibarra", *export)
    assert (done.code, done.data["written"]) == (0, 1), done.err
    assert [line["file"] for line in manifest(folder)] == [f"{people[DOCUMENTS[2]]}.fhir.json"]


@pytest.fixture
def one_an_hour(cli: Cli, network: Network) -> Iterator[Callable[[str], Done]]:
    """Who delivers copies may open one history this hour; `limit(n)` sets another limit."""

    def limit(count: str) -> Done:
        return cli("priva", "privacy", "limit", "resultados", count)

    with network.owner.begin() as owner:
        owner.execute(text("DELETE FROM chart_leases WHERE login = 'u_copias'"))
    assert limit("1").code == 0
    yield limit
    assert limit("40").code == 0


def test_a_clinics_batch_is_under_the_hourly_limit_and_goes_on_later(
    cli: Cli, people: dict[str, str], tmp_path: Path, network: Network, one_an_hour: Callable[[str], Done]
) -> None:
    folder = tmp_path / "lote"
    clinic = cli("jibarra", "whoami", "--json").data["clinic"]
    export = ("history", "export", "--all-of", clinic, "-o", str(folder), *REASON, "--json")
    first = cli("copias", *export, "--jobs", "1")
    assert first.code == 8, first.err
    assert (first.data["written"], first.data["pending"]) == (1, first.data["asked"] - 1)
    assert "Límite de historias por hora" in first.err
    assert one_an_hour("5000").code == 0
    rest = cli("copias", *export, "--jobs", "2")
    assert rest.code == 0, rest.err
    assert (rest.data["written"], rest.data["unchanged"]) == (first.data["asked"] - 1, 1)
    assert {f"{name}.pdf" for name in people.values()} <= {path.name for path in folder.iterdir()}
    paper = folder / f"{people[DOCUMENTS[0]]}.pdf"
    assert f"Pedido: {REASON[1]}" in " ".join(PdfReader(paper).pages[0].extract_text().split())
    with network.owner.connect() as owner:
        opened = owner.execute(
            text("SELECT count(*) FROM chart_alerts WHERE login = 'u_copias' AND reason = :why"),
            {"why": REASON[1]},
        ).scalar_one()
    assert opened == first.data["asked"]


def test_who_is_sealed_is_no_part_of_a_clinics_batch(
    cli: Cli, people: dict[str, str], tmp_path: Path, one_an_hour: Callable[[str], Done]
) -> None:
    assert one_an_hour("5000").code == 0
    clinic = cli("jibarra", "whoami", "--json").data["clinic"]
    assert cli("priva", "patient", "seal", DOCUMENTS[1]).code == 0
    export = ("history", "export", "--all-of", clinic, "-o", str(tmp_path / "lote"), *REASON)
    done = cli("copias", *export, "--format", "json", "--json")
    assert cli("priva", "patient", "unseal", DOCUMENTS[1]).code == 0
    assert done.code == 0, done.err
    assert done.data["sealed"] == 1
    assert not (tmp_path / "lote" / f"{people[DOCUMENTS[1]]}.json").exists()


def test_a_batch_needs_a_folder_people_and_the_right(cli: Cli, listed: str, tmp_path: Path) -> None:
    export = ("history", "export")
    out = ("-o", str(tmp_path / "lote"))
    assert cli("jibarra", *export, "--list", listed).code == 2
    assert cli("jibarra", *export, *out).code == 2
    assert cli("jibarra", *export, DOCUMENTS[0], "--list", listed, *out).code == 2
    assert cli("jibarra", *export, "--list", listed, "-o", listed).code == 2
    assert cli("jibarra", *export, "--list", str(tmp_path / "nada"), *out).code == 6
    assert cli("jibarra", *export, "--all-of", "CN", *out).code == 4
    assert cli("msosa", *export, "--all-of", "CN", *out).code == 4
    closed = cli("lpaz", *export, "--list", listed, *out, "--format", "json", "--json")
    assert (closed.code, closed.data["written"], len(closed.data["failed"])) == (8, 0, 4)


@pytest.fixture
def three(people: dict[str, str], tmp_path: Path) -> tuple[str, ...]:
    """An export of the three as JSON, one after the other."""
    path = tmp_path / "tres.txt"
    path.write_text("\n".join(people))
    out = str(tmp_path / "lote")
    return ("history", "export", "--list", str(path), "-o", out, "--format", "json", "--jobs", "1", "--json")


def test_one_history_that_fails_stops_no_other_and_stands_in_the_manifest(
    cli: Cli, people: dict[str, str], three: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, broken = _batch.written, f"{people[DOCUMENTS[1]]}.json"

    def fails(path: Path, *rest: Any) -> _batch.Done:
        if path.name == broken:
            raise KeyError("de Rosa")
        return real(path, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(_batch, "written", fails)
        done = cli("jibarra", *three)
    assert (done.code, done.data["written"]) == (8, 2), done.err
    assert "KeyError" in done.data["failed"][0]["reason"]
    lines = manifest(tmp_path / "lote")
    assert [line.get("file") for line in lines].count(None) == 1
    assert lines[-1]["chart"] == int(people[DOCUMENTS[1]].removeprefix("HC-"))
    assert "Rosa" not in done.err + json.dumps(lines)
    again = cli("jibarra", *three)
    assert (again.code, again.data["written"], again.data["unchanged"]) == (0, 1, 2)
    assert all("failed" not in line for line in manifest(tmp_path / "lote"))


def test_a_full_disk_ends_the_batch_and_what_stands_is_whole(
    cli: Cli, people: dict[str, str], three: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, written = tmp_path / "lote", list[Path]()

    def full(path: Path, writer: Callable[[Any], Any]) -> Any:
        if written:
            raise CannotWrite(path=path, reason="el disco está lleno")
        written.append(path)
        return write_atomically(path, writer)

    with monkeypatch.context() as patched:
        patched.setattr(_batch, "write_atomically", full)
        done = cli("jibarra", *three)
    assert (done.code, done.out) == (6, "")
    assert "el disco está lleno" in done.err
    assert "1 historia escrita. Repetir la orden" in done.err
    assert sorted(path.name for path in folder.iterdir()) == sorted(["manifiesto.jsonl", written[0].name])
    again = cli("jibarra", *three)
    assert (again.code, again.data["written"], again.data["unchanged"]) == (0, 2, 1)


def test_an_interrupted_batch_goes_on_and_a_folder_has_one_batch_at_a_time(
    cli: Cli, people: dict[str, str], three: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real = tmp_path / "lote", _batch.Press.put

    def interrupted(self: _batch.Press, *rest: Any) -> Any:
        if list(folder.glob("HC-*")):
            raise KeyboardInterrupt
        return real(self, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(_batch.Press, "put", interrupted)
        done = cli("jibarra", *three)
    assert done.code == 130
    assert len(manifest(folder)) == len(list(folder.glob("HC-*"))) == 1
    (folder / ".HC-000001.json.a1b2").write_text("la mitad de un archivo")
    other = _batch.Folder(folder, "otro pedido", ".pdf")
    busy = cli("jibarra", *three)
    other.close()
    assert busy.code == 5
    assert "Otro lote" in busy.err
    again = cli("jibarra", *three)
    assert (again.code, again.data["written"], again.data["unchanged"]) == (0, 2, 1)
    assert list(folder.glob(".*")) == []
    nowhere = cli("jibarra", *three[:4], "-o", "/dev/null/lote")
    assert nowhere.code == 6
    assert "no existe la carpeta" in nowhere.err


def test_two_documents_of_one_person_are_one_history(
    cli: Cli, people: dict[str, str], tmp_path: Path
) -> None:
    turn = in_care(cli, "44100009")["turn_id"]
    assert cli("jibarra", "turn", "start", turn).code == 0
    merge = ("patient", "merge", DOCUMENTS[0], "44100009", "--reason", "ficha duplicada", "--yes")
    assert cli("secre", *merge).code == 0
    path, folder = tmp_path / "dos.txt", tmp_path / "lote"
    path.write_text(f"44100009\n{DOCUMENTS[0]}\n")
    export = ("history", "export", "--list", str(path), "-o", str(folder), "--jobs", "1", "--json")
    done = cli("jibarra", *export)
    assert (done.code, done.data["written"], done.data["unchanged"]) == (0, 1, 1), done.err
    (line,) = manifest(folder)
    assert line["file"] == f"{people[DOCUMENTS[0]]}.pdf"
    assert len(line["united"]) == 1
