"""`clinicdesk record`, `note` and `history`: what is written, signed, read and handed out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlalchemy import func, insert, select

from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.patients.model import allergies
from clinicdesk.clinic.prescriptions.model import prescription_items, prescriptions
from clinicdesk.clinic.records.model import note_drafts, notes, records, vitals
from clinicdesk.kit.ids import new_id
from tests.cli.conftest import Done, in_care
from tests.factories import ZONE, Network

Cli = Callable[..., Done]
Admitted = Callable[..., tuple[str, str]]


@pytest.fixture
def in_course(cli: Cli, admitted: Admitted) -> Callable[[str], str]:
    """`in_course(document)` → the turn of a new patient in jibarra's room."""

    def made(document: str) -> str:
        _patient, turn = admitted(document)
        assert cli("jibarra", "turn", "start", turn).code == 0
        return turn

    return made


def count(network: Network, table: object, patient: str) -> int:
    """Rows of a patient."""
    with network.owner.connect() as owner:
        statement = select(func.count()).where(table.c.patient_id == patient[:32])  # type: ignore[attr-defined]
        return int(owner.execute(statement).scalar_one())


def test_a_note_goes_from_draft_to_signature_and_addendum(cli: Cli, in_course: Callable[[str], str]) -> None:
    turn = in_course("42300001")
    saved = cli(
        "jibarra", "note", "draft", turn, "--text", "Refiere cefalea.", "--diagnosis", "R51", "--json"
    )
    assert (saved.code, saved.data["version"]) == (0, 1), saved.err
    again = cli(
        "jibarra", "note", "draft", turn, "--text", "Refiere cefalea.", "--diagnosis", "R51", "--json"
    )
    assert again.out == saved.out
    assert cli("jibarra", "note", "draft", turn).out == "Refiere cefalea.\n"
    signed = cli("jibarra", "note", "sign", turn, "--json")
    assert signed.code == 0, signed.err
    assert len(signed.data["hash"]) == 64
    assert cli("jibarra", "note", "draft", turn, "--json").data["version"] == 0
    more = cli("jibarra", "note", "addend", signed.data["id"], "--text", "Fondo de ojo normal.", "--json")
    assert more.code == 0, more.err
    entry = cli("jibarra", "record", "show", signed.data["record_id"], "--json").data
    assert [note["text"] for note in entry["notes"]] == ["Refiere cefalea.", "Fondo de ojo normal."]
    assert entry["notes"][1]["amends"] == signed.data["id"]
    assert [row["code"] for row in entry["diagnoses"]] == ["R51"]
    assert (entry["signed"], entry["type"]) == (True, "consulta")
    assert cli("jibarra", "note", "sign", turn, "--text", "otra").code == 5


def test_what_was_measured_and_prescribed_on_the_wrong_person_is_given_on(
    cli: Cli, network: Network, admitted: Admitted
) -> None:
    wrong, _turn = admitted("42300091")
    admitted("42300092")
    value, pill = ({"patient_id": wrong[:32], "id": new_id()} for _ in range(2))
    sign = {"at": func.now(), "system": "LOINC", "code": "8867-4", "name": "FC", "value": 88, "unit": "/min"}
    with network.owner.begin() as owner:
        owner.execute(insert(vitals).values(**value, **sign))
        owner.execute(insert(prescriptions).values(**pill, state="vigente", starts_at=func.now()))
        item = {"id": new_id(), "prescription_id": pill["id"], "text": "Metformina"}
        owner.execute(insert(prescription_items).values(**(pill | item)))
    seen = cli("jibarra", "history", "show", "42300091", "--json").data
    for part, kind, stranger in (("vitals", "vitals", "msosa"), ("prescriptions", "prescription", "enfe")):
        said = ("record", "give", seen[part][0]["id"], "--to", "42300092", "--reason", "otra cama")
        assert cli(stranger, *said).code == 4
        done = cli("jibarra", *said, "--json")
        assert (done.code, done.data["type"]) == (0, kind), done.err
        assert cli("jibarra", *said).code == 5
    left = cli("jibarra", "history", "show", "42300091").out
    assert left.count("Pasó a HC") == 2
    assert "88 /min" not in left
    found = cli("jibarra", "history", "show", "42300092")
    assert (found.out.count("vino de HC"), "Metformina · vino de HC" in found.out) == (2, True), found.err


def test_signing_again_with_the_key_gives_the_first_answer(
    cli: Cli, network: Network, in_course: Callable[[str], str]
) -> None:
    turn = in_course("42300002")
    assert cli("jibarra", "note", "draft", turn, "--text", "Sin cambios.").code == 0
    key = ("--json", "--key", str(uuid4()))
    first, again = cli("jibarra", "note", "sign", turn, *key), cli("jibarra", "note", "sign", turn, *key)
    assert (first.code, again.code) == (0, 0), again.err
    assert first.out == again.out
    assert count(network, notes, turn) == 1
    assert count(network, note_drafts, turn) == 0
    given = ("note", "sign", in_course("42300003"), "--text", "Dictada.", "--diagnosis", "J00", *key[:1])
    key2 = ("--key", str(uuid4()))
    assert cli("jibarra", *given, *key2).out == cli("jibarra", *given, *key2).out != ""


def test_a_note_comes_from_stdin(program: Cli, in_course: Callable[[str], str]) -> None:
    turn = in_course("42300004")
    text = "Línea una.\nCorazón ñ €.\n"
    done = program("jibarra", "note", "draft", turn, "--text", "-", "--json", stdin=text.encode())
    assert done.data["text"] == text
    bad = program("jibarra", "note", "draft", turn, "--text", "-", stdin=b"uno\ndos \xff")
    assert bad.code == 6
    assert "línea 2" in bad.err
    nul = program("jibarra", "note", "sign", turn, "--text", "-", stdin=b"a\x00b", LC_ALL="C")
    assert nul.code == 0, nul.err
    long = program("jibarra", "note", "draft", turn, "--text", "-", stdin=b"a" * 5_000_000)
    assert long.code == 6


def test_a_note_without_words_a_draft_or_a_visit(
    cli: Cli, in_course: Callable[[str], str], admitted: Admitted
) -> None:
    turn = in_course("42300005")
    assert cli("jibarra", "note", "sign", turn).code == 6
    assert cli("jibarra", "note", "sign", turn, "--text", " \n ").code == 6
    assert cli("jibarra", "note", "sign", turn, "--text", "x", "--type", "poema").code == 6
    assert cli("jibarra", "note", "sign", turn, "--text", "a" * 100_000 + "b" * 20_000).code == 0
    _patient, waiting = admitted("42300006")
    assert cli("jibarra", "note", "draft", waiting, "--text", "x").code == 3
    assert cli("jibarra", "note", "addend", turn, "--text", "x").code == 3
    assert cli("msosa", "turn", "cancel", waiting).code == 0


def test_a_note_longer_than_a_note_is_invalid(
    program: Cli, network: Network, in_course: Callable[[str], str]
) -> None:
    turn = in_course("42300007")
    for verb in ("draft", "sign"):
        done = program("jibarra", "note", verb, turn, "--text", "-", stdin=b"a" * 200_001)
        assert done.code == 6, done.err
        assert "200.000" in done.err
    assert count(network, notes, turn) == count(network, note_drafts, turn) == 0


def test_only_the_visits_doctor_signs_it_and_only_with_a_password(
    cli: Cli, program: Cli, network: Network, in_course: Callable[[str], str], tmp_path: Path
) -> None:
    turn = in_course("42300008")
    other = cli("lpaz", "note", "sign", turn, "--text", "x")
    assert other.code == 4
    assert cli("msosa", "note", "sign", turn, "--text", "x").code == 4
    wrong = tmp_path / "otra"
    wrong.touch(mode=0o600)
    wrong.write_text("no es la clave")
    done = program("jibarra", "note", "sign", turn, "--text", "x", CLINICDESK_PASSWORD_FILE=str(wrong))
    assert done.code == 4
    assert count(network, notes, turn) == 0


def test_a_record_is_added_listed_and_shown(cli: Cli) -> None:
    in_care(cli, "42300009")
    done = cli(
        "jibarra", "record", "add", "42300009", "--type", "control", "--date", "2024-05-06T10:30",
        "--diagnosis", "I10,E11.9", "--diagnosis", "E78 Dislipidemia mixta", "--text", "TA 120/80",
        "--institution", "Hospital Sur", "--attr", "peso=81", "--attr", "talla=1.70=m", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.data["signed"] is False
    when = datetime(2024, 5, 6, 10, 30, tzinfo=ZoneInfo(ZONE))
    (row,) = cli("jibarra", "record", "list", "42300009", "--json").rows
    assert row["id"] == done.data["id"]
    assert (row["type"], row["at"], row["place"]) == ("control", when.isoformat(), "Hospital Sur")
    assert [(each["code"], each["kind"]) for each in row["diagnoses"]] == [
        ("I10", "principal"), ("E11.9", "relacionado"), ("E78", "relacionado"),
    ]  # fmt: skip
    assert row["diagnoses"][2]["text"] == "Dislipidemia mixta"
    assert (row["text"], row["signed"]) == ("TA 120/80", False)
    assert row["attributes"] == {"peso": 81, "talla": "1.70=m"}
    plain = cli("jibarra", "record", "show", row["id"]).out
    for said in ("06/05/2024 10:30 · control", "I10", "peso: 81", "Sin firmar:", "TA 120/80"):
        assert said in plain


def test_a_record_is_signed_now_or_later(cli: Cli) -> None:
    in_care(cli, "42300010")
    add = ("record", "add", "42300010", "--type", "consulta", "--text", "Bien.", "--json")
    now = cli("jibarra", *add, "--sign")
    assert now.data["signed"] is True
    later = cli("jibarra", *add)
    assert cli("jibarra", "record", "sign", later.data["id"]).code == 0
    assert cli("jibarra", "record", "sign", later.data["id"]).code == 5
    assert cli("jibarra", "record", "sign", now.data["id"]).code == 6
    listed = cli("jibarra", "record", "list", "42300010", "--type", "consulta", "--json").rows
    assert [(row["signed"], row["text"], row["attributes"]) for row in listed] == [(True, "Bien.", {})] * 2
    assert cli("jibarra", "record", "list", "42300010", "--limit", "1", "--json").rows == listed[:1]


def test_a_record_repeated_with_its_key_is_one_row(cli: Cli, network: Network) -> None:
    patient = in_care(cli, "42300011")
    key = ("--json", "--key", str(uuid4()))
    add = ("record", "add", "42300011", "--type", "otro", "--attr", "a=1", "--text", "x", "--sign", *key)
    assert cli("jibarra", *add).out == cli("jibarra", *add).out != ""
    assert count(network, records, patient["id"]) == count(network, notes, patient["id"]) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--type", "poema"), "«poema»"),
        (("--type", "otro", "--date", "2024-02-30"), "«2024-02-30»"),
        (("--type", "otro", "--date", "2999-01-01"), "futuro"),
        (("--type", "otro", "--date", "1879-12-31"), "1880"),
        (("--type", "otro", "--diagnosis", "I10,gripe"), "«gripe»"),
        (("--type", "otro", "--attr", "suelto"), "«suelto»"),
    ],
)
def test_a_record_that_cannot_be(cli: Cli, network: Network, options: tuple[str, ...], said: str) -> None:
    shown = cli("msosa", "patient", "show", "42300012", "--json")
    patient = shown.data if shown.code == 0 else in_care(cli, "42300012")
    done = cli("jibarra", "record", "add", "42300012", *options)
    assert (done.code, done.out) == (6, ""), done.err
    assert said in done.err
    assert count(network, records, patient["id"]) == 0


def test_all_that_is_wrong_with_a_record_is_said_at_once(cli: Cli) -> None:
    done = cli(
        "jibarra", "record", "add", "42300012", "--type", "otro", "--date", "x", "--diagnosis", "y",
        "--attr", "z",
    )  # fmt: skip
    assert done.code == 6
    assert all(f"«{bad}»" in done.err for bad in "xyz")


def test_a_record_nobody_wrote_is_not_found(cli: Cli) -> None:
    patient = in_care(cli, "42300013")["id"]
    assert cli("jibarra", "record", "show", patient).code == 3
    nobody = cli("jibarra", "record", "show", uuid4().hex + uuid4().hex)
    assert (nobody.code, "Historia cerrada" in nobody.err) == (4, True)
    assert cli("jibarra", "record", "show", "nada").code == 6


@pytest.fixture
def allergic(cli: Cli, network: Network) -> str:
    """The document of a patient with a severe allergy and two records."""
    document = "42300014"
    if cli("msosa", "patient", "show", document).code == 0:
        return document
    patient = in_care(cli, document)
    with network.owner.begin() as owner:
        row = {"patient_id": patient["id"][:32], "id": new_id(), "substance": "Penicilina"}
        owner.execute(insert(allergies).values(**row, severity="severa"))
    for day, text in (("2023-01-02", "La primera."), ("2024-01-02", "La última.\x1b[2J\u202e")):
        add = ("record", "add", document, "--type", "control", "--date", day, "--diagnosis", "I10")
        assert cli("jibarra", *add, "--text", text, "--sign").code == 0
    return document


def test_a_history_reads_alerts_first_and_the_newest_entry_first(cli: Cli, allergic: str) -> None:
    done = cli("jibarra", "history", "show", allergic)
    assert done.code == 0, done.err
    marks: tuple[str, ...] = (
        "Quispe Mamani",
        "Edad:",
        "Sexo:",
        "Documento:",
        "Alergias",
        "Penicilina · severa",
        "Problemas",
    )
    marks += ("Medicación", "Signos vitales", "02/01/2024", "La última.", "02/01/2023", "La primera.")
    places = [done.out.index(mark) for mark in marks]
    assert places == sorted(places)
    assert not any(char in done.out for char in "\x1b\u202e")


def test_a_history_as_json_is_one_object(cli: Cli, allergic: str) -> None:
    chart = cli("jibarra", "history", "show", allergic, "--limit", "1", "--json").data
    assert chart["patient"]["document"] == f"AR:DNI:{allergic}"
    assert chart["allergies"][0]["substance"] == "Penicilina"
    assert [row["code"] for row in chart["problems"]] == ["I10"]
    assert (len(chart["entries"]), chart["entries_total"]) == (1, 2)


def test_reading_a_history_is_written_down_and_not_for_the_counter(
    cli: Cli, network: Network, allergic: str
) -> None:
    def openings() -> int:
        with network.owner.connect() as owner:
            held = select(func.count()).where(acts.c.what == "chart.open", acts.c.person == "u_jibarra")
            return int(owner.execute(held).scalar_one())

    before = openings()
    assert cli("jibarra", "history", "show", allergic).code == 0
    assert openings() == before + 1
    assert cli("msosa", "history", "show", allergic).code == 4
    assert cli("msosa", "history", "export", allergic, "-o", "-").code == 4


def test_a_history_is_exported_as_pdf_and_json(cli: Cli, allergic: str, tmp_path: Path) -> None:
    paper = tmp_path / "historia.pdf"
    done = cli("jibarra", "history", "export", allergic, "-o", str(paper), "--json")
    assert done.code == 0, done.err
    assert (done.data["file"], done.data["entries"]) == (str(paper), 2)
    text = " ".join(page.extract_text() for page in PdfReader(paper).pages)
    assert "Quispe Mamani" in text
    assert "La primera." in text
    assert "Impreso por Ibarra, Jorge" in text
    whole = cli("jibarra", "history", "export", allergic, "--format", "json")
    assert json.loads(whole.out)["format"] == "clinicdesk.history/1"
    bundle = json.loads(cli("jibarra", "history", "export", allergic, "--format", "fhir").out)
    assert (bundle["type"], bundle["entry"][0]["resource"]["resourceType"]) == ("document", "Composition")
    assert list(tmp_path.glob(".*")) == []


def test_a_part_of_a_history_is_what_was_asked_for(
    cli: Cli, network: Network, allergic: str, tmp_path: Path
) -> None:
    asked = ("--from", "2024-01-01", "--to", "2024-12-31", "--type", "control")
    done = cli("jibarra", "history", "export", allergic, "--format", "json", *asked)
    assert done.code == 0, done.err
    made = json.loads(done.out)
    assert [row["notes"][0]["text"][:10] for row in made["entries"]] == ["La última."]
    assert made["selection"]["since"] == "2024-01-01"
    assert made["selection"]["kinds"] == ["control"]
    assert made["allergies"]
    act = select(acts.c.subject).where(acts.c.key == made["delivery"])
    with network.owner.connect() as owner:
        assert owner.execute(act).scalar_one() == "json 2024-01-01..2024-12-31 control"
    paper = tmp_path / "parte.pdf"
    assert cli("jibarra", "history", "export", allergic, "-o", str(paper), *asked).code == 0
    cover = " ".join(PdfReader(paper).pages[0].extract_text().split())
    assert "desde 01/01/2024 hasta 31/12/2024" in cover
    assert "Trae 1 de 2 registros" in cover


def test_all_that_is_wrong_with_a_part_is_said_at_once(cli: Cli, allergic: str) -> None:
    done = cli("jibarra", "history", "export", allergic, "--from", "x", "--to", "y", "--type", "poema")
    assert (done.code, done.out) == (6, "")
    assert all(f"«{bad}»" in done.err for bad in ("x", "y", "poema"))
    turned = cli("jibarra", "history", "export", allergic, "--from", "2024-02-01", "--to", "2024-01-01")
    assert turned.code == 6
    assert cli("jibarra", "history", "export", allergic, "--order", "random").code == 2


def test_a_letter_that_no_font_has_is_said_and_the_exit_is_partly(cli: Cli, tmp_path: Path) -> None:
    in_care(cli, "42300015")
    add = (
        "record",
        "add",
        "42300015",
        "--type",
        "otro",
        "--text",
        "Se presenta como 王 desde hoy.",
        "--sign",
    )
    assert cli("jibarra", *add).code == 0
    paper = tmp_path / "h.pdf"
    export = ("history", "export", "42300015", "-o")
    done = cli("jibarra", *export, str(paper))
    assert (done.code, "王" in done.err) == (8, True), done.err
    assert "‹U+738B›" in " ".join(page.extract_text() for page in PdfReader(paper).pages)
    whole = cli(
        "jibarra", "history", "export", "42300015", "--format", "json", "-o", str(tmp_path / "h.json")
    )
    assert whole.code == 0


def test_an_export_that_cannot_be_leaves_nothing(cli: Cli, allergic: str, tmp_path: Path) -> None:
    out = tmp_path / "no" / "historia.pdf"
    assert cli("jibarra", "history", "export", allergic, "-o", str(out)).code == 6
    there = tmp_path / "historia.pdf"
    assert cli("jibarra", "history", "export", "49999998", "-o", str(there)).code == 3
    odd = cli("jibarra", "history", "export", allergic, "--format", "docx", "-o", str(there))
    assert odd.code == 2
    assert "fhir, json, pdf" in odd.err
    assert not out.exists()
    assert not there.exists()


def test_a_letter_is_issued_printed_checked_and_taken_back(
    cli: Cli, admitted: Admitted, tmp_path: Path
) -> None:
    admitted("43777001")
    paper = tmp_path / "certificado.pdf"
    order = ("letter", "issue", "43777001", "certificado", "--days", "3", "--to", "su empleador")
    made = cli("jibarra", *order, "-o", str(paper), "--json")
    assert made.code == 0, made.err
    number, code = str(made.data["number"]), made.data["code"]
    said = PdfReader(paper).pages[0].extract_text()
    assert "Certificado médico" in said
    assert code in said
    first = paper.read_bytes()
    again = cli("jibarra", "letter", "print", "43777001", number, "-o", str(paper))
    assert again.code == 0, again.err
    assert paper.read_bytes() == first
    known = cli("msosa", "letter", "verify", number, code, "--json").data
    assert (known["valid"], known["initials"], known["document_end"]) == (True, "R. E. Q. M.", "001")
    assert "Quispe" not in cli("msosa", "letter", "verify", number, code).out
    assert cli("msosa", "letter", "verify", number, "0000").code == 3
    assert cli("jibarra", "letter", "issue", "43777001", "interconsulta").code == 6
    assert cli("msosa", "letter", "list", "43777001").code == 4
    assert cli("jibarra", "letter", "void", "43777001", number, "--reason", "fechas equivocadas").code == 0
    (row,) = cli("jibarra", "letter", "list", "43777001", "--json").rows
    assert (row["kind"], row["sound"], row["void_reason"]) == ("certificado", True, "fechas equivocadas")
    assert "NO VALE: está anulado" in cli("msosa", "letter", "verify", number, code).out
    instead = cli("jibarra", *order, "--replaces", number, "--reason", "otra vez", "--json")
    assert instead.code == 5, "what is annulled already is not replaced"
    assert "{paciente}" in cli("jibarra", "letter", "wording", "certificado").out
    assert cli("jibarra", "letter", "wording", "certificado", "--text", "{paciente}").code == 4
