"""Lists of patients of other systems: read as they come, each row taken once or told why not."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from clinicdesk.clinic.patients.editing import EditPatient, edit
from clinicdesk.clinic.patients.spelling import SearchNames
from clinicdesk.importers import ImportResult
from clinicdesk.importers.patients import IMPORTER
from clinicdesk.kit.errors import InvalidInput, Refusal
from tests.importers.places import Place

PEOPLE: Final = (
    "SELECT p.family, p.given, p.sex, p.birth::text, p.deceased_on::text, p.phone, p.email, p.address,"
    " p.city,"
    " (SELECT string_agg(d.document_key, ' ' ORDER BY d.document_key) FROM patient_documents d"
    "  WHERE d.patient_id = p.patient_id AND d.kind <> 'HC' AND d.valid),"
    " (SELECT string_agg(concat_ws('/', c.payer, c.plan, c.member_number), ' ') FROM coverages c"
    "  WHERE c.patient_id = p.patient_id AND c.until IS NULL)"
    " FROM patients p ORDER BY p.family, p.given, p.chart_number"
)
HEAD: Final = "apellido;nombre;sexo;fecha de nacimiento;dni;telefono"
ANA: Final = "Núñez;Ana;F;03/02/1970;12.345.678;341 555-1234"


def run(place: Place, path: Path, content: str | bytes, **options: Any) -> ImportResult:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with place.as_person("admin") as session:
        return IMPORTER.run(session.desk(), path, **options)


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    return result.accepted, result.updated, result.unchanged, result.rejected


def people(place: Place) -> list[tuple[Any, ...]]:
    return place.rows(PEOPLE)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "pacientes.csv"


FULL: Final = (
    "Núñez",
    "Ana María",
    "F",
    "1970-02-03",
    "2020-12-31",
    "+543415551234",
    "ana@example.org",
    "Calle 1, 2.º B",
    "Rosario",
    "AR:DNI:12345678 AR:PAS:AB123456",
    "OSDE/210/77-1",
)


@pytest.mark.parametrize(
    ("separator", "encoding"),
    [(",", "utf-8"), (";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8-sig"), (";", "utf-8-sig")],
)
def test_every_separator_encoding_and_order_reads_the_same(
    place: Place, file: Path, separator: str, encoding: str
) -> None:
    told = {
        "Teléfono": "341 555-1234",
        "PASAPORTE": "AB 123456",
        "Fecha de defunción": "2020-12-31",
        "Correo electrónico": "ana@example.org",
        "N° de documento": "12.345.678",
        "Apellidos": "Núñez",
        "observaciones": f'dijo "no"{separator} y se fue\nen otra línea',
        "SEXO": "Femenino",
        "Nombres": "Ana",
        "Segundo nombre": "María",
        "domicilio": "Calle 1, 2.º B",
        "localidad": "Rosario",
        "F. Nacimiento": "03/02/1970",
        "Obra social": "OSDE",
        "Nro. afiliado": "77-1",
        "Plan": "210",
        "Tipo doc": "D.N.I.",
    }
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator)
    writer.writerows([list(told), list(told.values())])
    result = run(place, file, out.getvalue().encode(encoding))
    assert counts(result) == (1, 0, 0, 0), result.rejects
    assert people(place) == [FULL]
    assert any("observaciones" in note for note in result.notes)
    assert any("cp1252" in note for note in result.notes) == (encoding == "cp1252")


def test_again_nothing_changes_and_a_changed_row_is_updated(place: Place, file: Path) -> None:
    rows = f"{HEAD}\n{ANA}\nPaz;Luz;mujer;1980-05-06;;\n"
    assert counts(run(place, file, rows)) == (2, 0, 0, 0)
    before = place.contents()
    assert counts(run(place, file, rows)) == (0, 0, 2, 0)
    assert place.contents() == before
    moved = rows.replace("341 555-1234", "351 444-0000")
    assert counts(run(place, file, moved)) == (0, 1, 1, 0)
    assert [row[5] for row in people(place)] == ["+543514440000", None]
    assert place.value("SELECT version FROM patients WHERE family = 'Núñez'") == 2
    assert counts(run(place, file, moved)) == (0, 0, 2, 0)


def test_an_empty_cell_erases_nothing(place: Place, file: Path) -> None:
    run(place, file, f"{HEAD}\n{ANA}\n")
    silent = ANA.replace("341 555-1234", "")
    assert counts(run(place, file, f"{HEAD}\n{silent}\n")) == (0, 0, 1, 0)
    assert people(place)[0][5] == "+543415551234"


def test_what_somebody_corrected_since_stays_and_is_told(place: Place, file: Path) -> None:
    run(place, file, f"{HEAD};ciudad\n{ANA};Rosario\n")
    with place.as_person("msosa") as session:
        patient_id = place.value("SELECT patient_id FROM patients")
        order = EditPatient(patient_id=patient_id, version=1, said={"phone": "351 422-2222"})
        session.desk().do(edit, order)
    # What the list did not change is no quarrel, whatever was corrected.
    assert counts(run(place, file, f"{HEAD};ciudad\n{ANA};Funes\n")) == (0, 1, 0, 0)
    assert (people(place)[0][5], people(place)[0][8]) == ("+543514222222", "Funes")
    other = ANA.replace("341 555-1234", "351 444-0000").replace("Ana", "Anabel")
    result = run(place, file, f"{HEAD};ciudad\n{other};Casilda\n")
    assert counts(result) == (0, 0, 0, 1)
    assert [(each.line, each.column, each.value, each.code) for each in result.rejects] == [
        (2, "telefono", "+543514440000", "edited_since")
    ]
    assert (people(place)[0][1], people(place)[0][5], people(place)[0][8]) == (
        "Ana",
        "+543514222222",
        "Funes",
    )
    told = "SELECT field, before, after, person FROM patient_edits ORDER BY version, field"
    assert place.rows(told) == [
        ("phone", "+543415551234", "+543514222222", "u_msosa"),
        ("city", "Rosario", "Funes", "u_admin"),
    ]
    # Once the list says what the correction said, the rest of the row goes through.
    agreed = other.replace("351 444-0000", "351 422-2222")
    assert counts(run(place, file, f"{HEAD};ciudad\n{agreed};Casilda\n")) == (0, 1, 0, 0)
    assert (people(place)[0][1], people(place)[0][8]) == ("Anabel", "Casilda")


def test_a_changed_name_is_found_under_its_new_keys(place: Place, file: Path) -> None:
    run(place, file, f"id;{HEAD}\n7;{ANA}\n")
    changed = "De la Cruz Ñandú;Ana Sol;F;04/02/1971;12.345.679;341 555-1234"
    assert counts(run(place, file, f"id;{HEAD}\n7;{changed}\n")) == (0, 1, 0, 0)
    names = SearchNames.of("Ana Sol", "De la Cruz Ñandú")
    stored, birth, keys = place.rows("SELECT names, birth, n FROM patient_search")[0]
    assert (stored, birth) == (names.stored, date(1971, 2, 4))
    assert sorted(keys) == sorted(names.keys(1971, ("12345679",)))
    assert people(place)[0][9] == "AR:DNI:12345679"
    known = place.rows("SELECT document_key, valid FROM patient_documents WHERE kind = 'DNI' ORDER BY 1")
    assert known == [("AR:DNI:12345678", False), ("AR:DNI:12345679", True)]
    assert place.value("SELECT count(*) FROM name_words WHERE word = 'nandu'") == 1


def test_a_document_already_known_gets_what_was_blank(place: Place, file: Path) -> None:
    run(
        place,
        file,
        f"{HEAD}\n{ANA.replace('341 555-1234', '')}\nPaz;Luz;F;1980-05-06;20111222;341 555-1111\n",
        source="viejo",
    )
    result = run(place, file, f"id;{HEAD};mail\n1;{ANA.replace('Ana', 'Anita')};a@b.org\n", source="nuevo")
    assert counts(result) == (0, 1, 0, 0)
    assert result.extra["linked"] == 1
    assert people(place)[0][:7] == ("Núñez", "Ana", "F", "1970-02-03", None, "+543415551234", "a@b.org")
    again = run(place, file, f"id;{HEAD};mail\n1;{ANA.replace('Ana', 'Anita')};a@b.org\n", source="nuevo")
    assert counts(again) == (0, 0, 1, 0)
    same = run(place, file, f"id;{HEAD}\n2;Paz;Luz;F;1980-05-06;20111222;341 555-9999\n", source="nuevo")
    assert counts(same) == (0, 0, 1, 0)
    assert people(place)[1][5] == "+543415551111"


def test_a_document_of_somebody_quite_different_is_refused_with_their_chart(place: Place, file: Path) -> None:
    run(place, file, f"{HEAD}\n{ANA}\n")
    chart = place.value("SELECT chart_number FROM patients")
    result = run(place, file, f"{HEAD}\nGómez;Raúl;M;01/01/1950;12345678;\n", source="otro")
    assert [(each.code, each.column, each.value) for each in result.rejects] == [
        ("document_of_another", "dni", "12345678")
    ]
    assert f"HC {chart:06d}" in result.rejects[0].reason
    assert len(people(place)) == 1


def test_look_alikes_without_a_document_go_to_the_work_list(place: Place, file: Path) -> None:
    run(place, file, f"{HEAD}\n{ANA}\n")
    head = "apellido,nombre,sexo,nacimiento,telefono"
    rows = f"{head}\nNUNEZ,ana,f,1970-02-03,341 555-1111\nNúñez,Ana,F,1970-02-03,\n"
    result = run(place, file, rows, source="otro")
    assert counts(result) == (2, 0, 0, 0)
    assert result.extra["alike"] == 3
    assert place.value("SELECT count(*) FROM likely_duplicates") == 3
    again = run(place, file, rows, source="otro")
    assert (counts(again), again.extra["alike"]) == ((0, 0, 2, 0), 0)
    assert len(people(place)) == 3


def test_the_same_row_twice_is_one(place: Place, file: Path) -> None:
    luz = "Paz;Luz;F;1980-05-06;;"
    rows = f"{HEAD}\n{ANA}\n{ANA}\n{luz}\n{luz}\n{luz}341 555-1111\n"
    result = run(place, file, rows)
    assert counts(result) == (3, 0, 0, 2)
    assert [(each.line, each.code) for each in result.rejects] == [(3, "repeated"), (5, "repeated")]


def test_everything_wrong_with_a_row_is_told_at_once_and_can_be_mended(
    place: Place, file: Path, tmp_path: Path
) -> None:
    rows = (
        "Apellido,Nombre,Sexo,Nacimiento,DNI,Teléfono,Nota\n"
        ",Ana,Q,31/02/1980,12A45%78,+54 341 555-1234,uno\n"
        "Paz,Luz,F,05/06/80,20111222,,dos\n"
        "Sosa,Eva,F,05/06/1980,20111223,,tres\n"
        "Gil,Leo,M,05/06/2980,,341 555-1111\n"
    )
    rejects = tmp_path / "rechazos.csv"
    result = run(place, file, rows, rejects=rejects)
    assert counts(result) == (1, 0, 0, 3)
    assert [(each.line, each.column, each.code) for each in result.rejects] == [
        (2, "Apellido", "missing"),
        (2, "Sexo", "unknown_value"),
        (2, "Nacimiento", "bad_date"),
        (2, "DNI", "bad_document"),
        (3, "Nacimiento", "short_year"),
        (5, "Nota", "too_few_cells"),
    ]
    told = list(csv.DictReader(io.StringIO(rejects.read_text("utf-8"))))
    assert [row["line"] for row in told] == ["2", "3", "5"]
    assert told[0]["column"] == "Apellido | Sexo | Nacimiento | DNI"
    assert told[0]["value"] == " | Q | 31/02/1980 | 12A45%78"
    assert told[0]["Nota"] == "uno"
    text = rejects.read_text("utf-8")
    for wrong, right in (
        (",,Ana,Q,31/02/1980,12A45%78", ",Vera,Ana,F,01/02/1980,20999888"),
        ("05/06/80,20111222", "05/06/1980,20111222"),
        ("05/06/2980,,341 555-1111,", "05/06/1980,,341 555-1111,x"),
    ):
        assert wrong in text, text
        text = text.replace(wrong, right)
    mended = run(place, tmp_path / "arreglado.csv", text)
    assert counts(mended) == (3, 0, 0, 0), mended.rejects
    assert [row[:2] for row in people(place)] == [
        ("Gil", "Leo"),
        ("Paz", "Luz"),
        ("Sosa", "Eva"),
        ("Vera", "Ana"),
    ]
    assert people(place)[3][5] == "+543415551234"


DAYS: Final = {
    "03/02/1970": "1970-02-03",
    "3-2-1970": "1970-02-03",
    "1970-02-03": "1970-02-03",
    "1970/02/03": "1970-02-03",
    "19700203": "1970-02-03",
    "03.02.1970 00:00:00": "1970-02-03",
    "1970-02-03T00:00:00Z": "1970-02-03",
    "3 de febrero de 1970": "1970-02-03",
    "03-feb-1970": "1970-02-03",
    "15/02/1970": "1970-02-15",
    "03/02/70": "short_year",
    "30/02/1970": "bad_date",
    "02/15/1970": "bad_date",
    "25000": "bad_date",
    "03/02/0070": "too_early",
    "03/02/2970": "future",
    "ayer": "bad_date",
}


def told_by_row(place: Place, file: Path, head: str, rows: list[str], column: int) -> list[str]:
    """What was stored of each row in a column of PEOPLE, or the code of what is wrong with it."""
    content = "\n".join([f"apellido;{head}", *(f"P{at:03};{row}" for at, row in enumerate(rows))])
    result = run(place, file, content)
    stored = {row[0]: row[column] for row in people(place)}
    refused = {f"P{each.line - 2:03}": each.code for each in result.rejects}
    return [value for _name, value in sorted((stored | refused).items())]


def test_days_as_people_write_them(place: Place, file: Path) -> None:
    rows = [f"F;{said}" for said in DAYS]
    assert told_by_row(place, file, "sexo;nacimiento", rows, 3) == list(DAYS.values())


def test_days_of_another_order_are_told_by_the_order(place: Place, file: Path) -> None:
    rows = "last;sex;dob\nPaz;F;02/03/1970\nSosa;M;12/31/1980\n"
    with pytest.raises(InvalidInput, match="12/31/1980"):
        run(place, file, rows)
    assert people(place) == []
    assert counts(run(place, file, rows, dates="mm/dd/yyyy")) == (2, 0, 0, 0)
    assert [row[3] for row in people(place)] == ["1970-02-03", "1980-12-31"]
    two = run(place, file, "last;sex;dob\nVera;F;01/02/30\nGil;M;01/02/70\n", dates="dd/mm/yy")
    assert counts(two) == (2, 0, 0, 0)
    assert [row[3] for row in people(place) if row[0] in {"Gil", "Vera"}] == ["1970-02-01", "1930-02-01"]


SEXES: Final = {
    "F": "F f fem. Femenino MUJER female niña",
    "M": "M masc Masculino varón Hombre H male",
    "X": "X Indeterminado intersex otro",
    "unknown_value": "Q ? 1 desconocido",
}


def test_words_for_the_sex(place: Place, file: Path) -> None:
    said = [(word, sex) for sex, words in SEXES.items() for word in words.split()]
    found = told_by_row(place, file, "sexo", [word for word, _sex in said], 2)
    assert found == [sex for _word, sex in said]


def test_h_and_m_without_f_may_be_man_and_woman(place: Place, file: Path) -> None:
    rows = "apellido;sexo\nPaz;H\nSosa;M\n"
    with pytest.raises(InvalidInput, match="mujer"):
        run(place, file, rows)
    mapped = file.with_name("mapa.toml")
    mapped.write_text('[sex]\nH = "M"\nM = "F"\n', encoding="utf-8")
    run(place, file, rows, map=str(mapped))
    assert [(row[0], row[2]) for row in people(place)] == [("Paz", "M"), ("Sosa", "F")]


PAPERS: Final = (
    ("12.345.671;;", "AR:DNI:12345671"),
    ("DNI 12.345.672;;", "AR:DNI:12345672"),
    ("D.N.I.: 12345673;;", "AR:DNI:12345673"),
    ("DNI12345674;;", "AR:DNI:12345674"),
    ("UY:CI:12345672;;", "UY:CI:12345672"),
    ("12345675.0;;", "AR:DNI:12345675"),
    ("AB123456;Pasaporte;", "AR:PAS:AB123456"),
    ("Pasaporte AB123457;;", "AR:PAS:AB123457"),
    ("4.123.456-3;Cédula;Uruguay", "UY:CI:41234563"),
    ("20-12345678-6;cuil;ar", "AR:CUIL:20123456786"),
    ("1.234.567;Libreta Cívica;", "AR:LC:1234567"),
    ("1.2345678E+7;;", "bad_document"),
    ("1.234.567-9;CI;UY", "bad_check_digit"),
    ("12345676;carnet;", "unknown_value"),
    ("12345677;;Marte", "unknown_value"),
)


def test_documents_as_lists_have_them(place: Place, file: Path) -> None:
    rows = [f"F;1970-01-01;{cells}" for cells, _key in PAPERS]
    found = told_by_row(place, file, "sexo;nacimiento;documento;tipo doc;país", rows, 9)
    assert found == [key for _cells, key in PAPERS]


MAP_TOML: Final = """
source = "hospital.viejo"
encoding = "cp1252"
separator = ";"
dates = "mm/dd/yyyy"
[columns]
"NRO" = "key"
"APE" = "family"
"NOM" = "given"
"S" = "sex"
"NAC" = "birth"
"CEDULA" = "document:CI"
"TELEFONO" = "-"
[sex]
1 = "M"
2 = "F"
[constants]
country = "UY"
city = "Salto"
"""
MAP_CSV: Final = """column,field,format
NRO,key
APE,family
NOM,given
S,sex,1=M 2=F
NAC,birth,mm/dd/yyyy
CEDULA,document:CI
TELEFONO,-
,country,UY
,city,Salto
,source,hospital.viejo
,encoding,cp1252
,separator,;
"""


@pytest.mark.parametrize(("name", "content"), [("mapa.toml", MAP_TOML), ("mapa.csv", MAP_CSV)])
def test_a_map_says_what_foreign_columns_are(place: Place, file: Path, name: str, content: str) -> None:
    mapped = file.with_name(name)
    mapped.write_text(content, encoding="utf-8")
    rows = "NRO;APE;NOM;S;NAC;CEDULA;TELEFONO\n0001;Ibáñez;Añá;2;12/31/1970;1.234.567-2;99\n".encode("cp1252")
    result = run(place, file, rows, map=str(mapped))
    assert counts(result) == (1, 0, 0, 0), result.rejects
    assert people(place) == [
        ("Ibáñez", "Añá", "F", "1970-12-31", None, None, None, None, "Salto", "UY:CI:12345672", None)
    ]
    ledger = place.rows("SELECT source, key FROM import_ledger")
    assert ledger == [("patients:hospital.viejo", "id:0001")]


BAD_MAPS: Final = (
    ("apellido;sexo\n[", "TOML"),
    ('[columns]\nX = "nada"', "nada"),
    ('[sex]\nH = "Z"', "Z"),
    ('[constants]\nnada = "1"', "nada"),
    ('dates = "luna"', "luna"),
    ('source = "Ñ"', "source"),
    ('otro = "x"', "otro"),
    ('columns = "x"', "columns"),
    ('[columns]\nNOESTA = "city"', "noesta"),
    ('encoding = "klingon"', "utf-8"),
    ('separator = "x"', "separator"),
)


def test_a_map_that_says_nothing_sensible(place: Place, file: Path) -> None:
    mapped = file.with_name("mapa.toml")
    for content, said in BAD_MAPS:
        mapped.write_text(content, encoding="utf-8")
        with pytest.raises(InvalidInput, match=said):
            run(place, file, "apellido;sexo\nPaz;F\n", map=str(mapped))
    with pytest.raises(Refusal, match="nohay"):
        run(place, file, "apellido;sexo\nPaz;F\n", map=str(file.with_name("nohay.toml")))


NO_LISTS: Final = (
    (b"", "vac"),
    (b"PK\x03\x04xxxx", "Excel"),
    (b"%PDF-1.4", "PDF"),
    ("apellido;sexo\n".encode("utf-16-le"), "UTF-16"),
    ("apellido;sexo\n".encode("utf-32"), "UTF-32"),
    (b"nombre;nacimiento\nAna;1970-01-01\n", "family o name"),
    (b"apellido;lastname;sexo\nA;B;F\n", "apellido, lastname"),
    (b'"apellido;sexo\nPaz;F\n', "comillas"),
)


def test_files_that_no_list_is(place: Place, file: Path) -> None:
    for content, said in NO_LISTS:
        with pytest.raises(Refusal, match=said):
            run(place, file, content)
    with pytest.raises(Refusal, match="No existe"), place.as_person("admin") as session:
        IMPORTER.run(session.desk(), file.with_name("nohay.csv"))


DAMAGED: Final = (
    ("too_many_cells", "Paz;Luz;F;1970-01-01;1;2;3;4"),
    ("too_few_cells", "Paz;Luz"),
    ("bad_quotes", '"Paz"x;Luz;F;1970-01-01;;'),
    ("not_text", "P\udcffz;Luz;F;1970-01-01;;"),
    ("nul", "P\x00z;Luz;F;1970-01-01;;"),
    ("too_long", f"{'P' * 121};Luz;F;1970-01-01;;"),
    ("missing", "Paz;Luz;;1970-01-01;;"),
    ("missing", ";Luz;F;1970-01-01;;"),
    ("missing", "Paz;Luz;F;;20111222;"),
    ("bad_document", "Paz;Luz;F;1970-01-01;---;"),
    ("not_text", "Paz\ufffd;Luz;F;1970-01-01;;"),
    ("bad_phone", f"Paz;Luz;F;1970-01-01;;{'9' * 61}"),
)


def test_a_damaged_line_is_told_and_the_others_come_in(place: Place, file: Path) -> None:
    good = "Gil;Leo;M;1970-01-01;30111222;\nÑandú;Íñigo;M;1970-01-01;30111223;"
    damaged = "\n".join(row for _code, row in DAMAGED)
    content = f"{HEAD}\n{good}\n{damaged}\nSosa;Eva;F;1970-01-01;30111224;\n"
    result = run(place, file, content.encode("utf-8", "surrogateescape"))
    assert [each.line for each in result.rejects] == list(range(4, 4 + len(DAMAGED)))
    assert [each.code for each in result.rejects] == [code for code, _row in DAMAGED]
    assert counts(result) == (3, 0, 0, len(DAMAGED))


def test_quoted_line_breaks_and_a_named_separator_line(place: Place, file: Path) -> None:
    content = 'sep=;\r\napellido;sexo;domicilio\r\n"Paz";F;"Calle 1\r\nPiso 2"\r\nMal;Z;x\r\n'
    result = run(place, file, content)
    assert people(place)[0][7] == "Calle 1 Piso 2"
    assert [(each.line, each.code) for each in result.rejects] == [(5, "unknown_value")]


def test_a_dry_run_counts_the_same_and_keeps_nothing(place: Place, file: Path) -> None:
    rows = f"{HEAD}\n{ANA}\nPaz;Luz;F;1980-05-06;;\nMal;;Z;;;\n"
    before = place.contents()
    assert counts(run(place, file, rows, dry_run=True)) == (2, 0, 0, 1)
    assert place.contents() == before
    assert counts(run(place, file, rows)) == (2, 0, 0, 1)
