"""Editions of the CIE-10 as ministries give them, and the catalogue that stands afterwards."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from clinicdesk.clinic.cie10 import queries, service
from clinicdesk.clinic.cie10.errors import CodeNotFound, EditionTooSmall
from clinicdesk.clinic.records import adding
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.importers import ImportResult
from clinicdesk.importers.cie10 import IMPORTER, PackageMissing
from clinicdesk.kit import embedded
from clinicdesk.kit.errors import Exit, InvalidInput
from tests.factories import followed, new_patient, proven
from tests.importers.places import Place, fresh

CODES: Final = (
    "SELECT code, text, edition, chapter, heading, leaf, sex, from_days, until_days, active"
    " FROM cie10_codes ORDER BY key"
)
LIST: Final = """code,description
I,Ciertas enfermedades infecciosas y parasitarias
A00-A09,Enfermedades infecciosas intestinales
A09X,Diarrea y gastroenteritis de presunto origen infeccioso
B24,"Enfermedad por virus de la inmunodeficiencia humana [VIH], sin otra especificación"
C61,Tumor maligno de la próstata
E10,Diabetes mellitus insulinodependiente
E109,"Diabetes mellitus insulinodependiente, sin mención de complicación"
E11,Diabetes mellitus no insulinodependiente
E112,"Diabetes mellitus no insulinodependiente, con complicaciones renales"
E119,"Diabetes mellitus no insulinodependiente, sin mención de complicación"
E66.9,"Obesidad, no especificada"
H91.9,"Hipoacusia, no especificada"
I10,Hipertensión esencial (primaria)
I11.9,Enfermedad cardíaca hipertensiva sin insuficiencia cardíaca
I21.9,"Infarto agudo del miocardio, sin otra especificación"
I50.9,"Insuficiencia cardíaca, no especificada"
I64X,"Accidente vascular encefálico agudo, no especificado como hemorrágico o isquémico"
J44.9,"Enfermedad pulmonar obstructiva crónica, no especificada"
M54.5,Lumbago no especificado
N18.9,"Insuficiencia renal crónica, no especificada"
N39.0,"Infección de vías urinarias, sitio no especificado"
O24.4,"Diabetes mellitus que se origina en el embarazo"
R51X,Cefalea
Z83.3,Historia familiar de diabetes mellitus
"""
Import = Callable[..., ImportResult]


@pytest.fixture(scope="module")
def place(server: embedded.Server, imports_template: str) -> Iterator[Place]:
    """One network for the file: every test brings the catalogue to where it wants it."""
    yield from fresh(server, imports_template)


@pytest.fixture
def cie10(place: Place, tmp_path: Path) -> Import:
    """`cie10(text, "2018")` imports an edition into an empty catalogue, or the one that the test made."""
    emptied = "TRUNCATE cie10_codes, cie10_words, cie10_favourites"
    with place.as_owner() as owner:
        owner.execute(emptied)

    def run(text: str | bytes, edition: str = "2010", **options: Any) -> ImportResult:
        path = tmp_path / options.pop("file", "lista.csv")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with place.as_person("admin") as session:
            return IMPORTER.run(session.desk(), path, edition=edition, **options)

    return run


def counts(result: ImportResult) -> tuple[int, ...]:
    return (
        result.read,
        result.accepted,
        result.updated,
        result.unchanged,
        result.rejected,
        result.extra["closed"],
    )


def found(place: Place, text: str, **more: Any) -> list[str]:
    with place.as_person("lpaz") as session:
        return [row.code for row in session.desk().see(queries.search, queries.CodesQuery(text, **more))]


def test_an_edition_and_the_same_again(place: Place, cie10: Import) -> None:
    assert counts(cie10(LIST, dry_run=True)) == (24, 24, 0, 0, 0, 0)
    assert place.value("SELECT count(*) FROM cie10_codes") == 0
    first = cie10(LIST)
    assert counts(first) == (24, 24, 0, 0, 0, 0)
    assert first.exit is Exit.DONE
    stored = {row[0]: row[1:] for row in place.rows(CODES)}
    assert stored["A00-A09"][2:5] == (1, True, False)
    assert stored["I10"] == (
        "Hipertensión esencial (primaria)",
        "2010",
        9,
        False,
        True,
        None,
        None,
        None,
        True,
    )
    assert stored["A09"][0].startswith("Diarrea")
    assert (stored["E11"][4], stored["E11.9"][4]) == (False, True)
    assert counts(cie10(LIST)) == (24, 0, 0, 24, 0, 0)


def test_a_new_edition_retires_what_it_does_not_have(place: Place, cie10: Import) -> None:
    cie10(LIST)
    newer = LIST.replace("M54.5,Lumbago no especificado\n", "").replace("Cefalea", "Cefalea sin más")
    assert counts(cie10(newer + "U07.1,COVID-19\n", "2020")) == (24, 1, 1, 22, 0, 1)
    stored = {row[0]: row for row in place.rows(CODES)}
    assert (stored["M54.5"][2], stored["M54.5"][-1]) == ("2010", False)
    assert (stored["R51"][1], stored["R51"][2]) == ("Cefalea sin más", "2020")
    assert stored["U07.1"][3] == 22
    assert found(place, "lumbago") == []
    with place.as_person("lpaz") as session:
        whole = session.desk().see(queries.show, queries.CodeQuery("m545"))
        assert (whole.row.text, whole.row.active) == ("Lumbago no especificado", False)
        with pytest.raises(CodeNotFound):
            session.desk().see(queries.show, queries.CodeQuery("Q99.9"))
    assert counts(cie10(LIST, "2010")) == (24, 0, 2, 22, 0, 1)
    assert found(place, "lumbago") == ["M54.5"]


def test_a_part_of_a_list_is_no_edition(place: Place, cie10: Import) -> None:
    cie10(LIST)
    with pytest.raises(EditionTooSmall):
        cie10("code,description\nI10,Hipertensión\n", "2020")
    assert {row[2] for row in place.rows(CODES)} == {"2010"}


SHAPES: Final = {
    "semicolons, cp1252, no point": "CODIGO;DESCRIPCIÓN\nI10X;Hipertensión\nE119;Diabetes\n".encode("cp1252"),
    "tabs, levels": "cod3\tdesc3\tcod4\tdesc 4\nI\tx\tI10X\tHipertensión\nE\ty\tE119\tDiabetes\n".encode(),
    "mexican": "CATALOG_KEY,NOMBRE,LSEX,LINF\nI10X,Hipertensión,NO,NO\nE119,Diabetes,NO,NO\n".encode(),
    "marks": "\ufeffClave,Nombre\nI10†,Hipertensión\nE11.9*,Diabetes\n".encode(),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_ministries_shape_their_lists_as_they_like(place: Place, cie10: Import, shape: str) -> None:
    assert counts(cie10(SHAPES[shape])) == (2, 2, 0, 0, 0, 0)
    assert [row[:2] for row in place.rows(CODES)] == [("E11.9", "Diabetes"), ("I10", "Hipertensión")]


def test_limits_of_sex_and_age(place: Place, cie10: Import) -> None:
    cie10(
        "code,nombre,sexo,edad_min,edad_max\nC61,Próstata,HOMBRE,,\n"
        "O24.4,Diabetes del embarazo,MUJER,010A,054A\n"
        "P22.0,Dificultad respiratoria,NO,0,027D\n"
    )
    stored = {row[0]: row[6:9] for row in place.rows(CODES)}
    assert stored == {"C61": ("M", None, None), "O24.4": ("F", 3652, 20087), "P22.0": (None, 0, 27)}
    for sex, days, fits in (
        ("F", 12_000, True),
        ("M", 12_000, False),
        ("F", 2_000, False),
        ("X", 12_000, True),
    ):
        with place.as_person("lpaz") as session:
            query = queries.CodesQuery("embarazo", sex=sex, days=days)
            (row,) = session.desk().see(queries.search, query)
        assert row.fits(sex, days) is fits


def test_bad_rows_are_told_and_retire_nothing(place: Place, cie10: Import, tmp_path: Path) -> None:
    cie10("code,text\nI10,Hipertensión\nE11,Diabetes\nR51,Cefalea\n")
    rejects = tmp_path / "rechazos.csv"
    result = cie10(
        "code,text,sexo\nI10,,NO\nE11,Diabetes,quizás\nR51,Cefalea,NO\nR51,Otra cosa,NO\n"
        "12.3,Nada,NO\n,Nada,NO\n",
        "2020",
        rejects=rejects,
    )
    assert counts(result) == (6, 0, 0, 1, 5, 0)
    assert [(each.line, each.code) for each in result.rejects] == [
        (2, "missing"), (3, "unknown_value"), (5, "repeated"), (6, "bad_code"), (7, "missing"),
    ]  # fmt: skip
    assert "no es un código de la CIE-10" in rejects.read_text()
    assert all(row[-1] for row in place.rows(CODES))


def test_a_file_without_codes_is_refused(cie10: Import) -> None:
    with pytest.raises(InvalidInput, match="faltan las columnas"):
        cie10("uno,dos\n1,2\n")


def test_the_package_brings_its_own_list(
    place: Place, cie10: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cie10(LIST).accepted == 24
    with place.as_person("admin") as session:
        if "cie" not in sys.modules:
            with pytest.raises(PackageMissing):
                IMPORTER.run(session.desk(), Path("pypi:cie"))
        made = tmp_path / "site"
        (made / "cie" / "data").mkdir(parents=True)
        (made / "cie-0.208.dist-info").mkdir()
        (made / "cie-0.208.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: cie\nVersion: 0.208\n"
        )
        with zipfile.ZipFile(made / "cie" / "data" / "cie-10.zip", "w") as archive:
            archive.writestr("cie-10.csv", LIST)
        monkeypatch.syspath_prepend(str(made))
        result = IMPORTER.run(session.desk(), Path("pypi:cie"))
    assert counts(result) == (24, 0, 0, 24, 0, 0)
    assert place.value("SELECT DISTINCT edition FROM cie10_codes") == "cie 0.208"
    assert sorted(path.name for path in (made / "cie" / "data").iterdir()) == ["cie-10.zip"]


FINDS: Final = {
    "E11.9": "E11.9",
    "e119": "E11.9",
    "e11": "E11",
    "i10x": "I10",
    "diabetes embarazo": "O24.4",
    "embarazo diab": "O24.4",
    "HIPERTENSION": "I10",
    "hta": "I10",
    "DM2": "E11",
    "dm tipo 2": "E11",
    "dm 1": "E10",
    "IAM": "I21.9",
    "EPOC": "J44.9",
    "acv": "I64",
    "ITU": "N39.0",
    "vih": "B24",
    "infecciones urinarias": "N39.0",
    "insuf renal": "N18.9",
    "hipertencion": "I10",
    "ipertension": "I10",
    "lumvago": "M54.5",
    "cefaela": "R51",
    "celafea": None,
    "hipoacusai": "H91.9",
    "dibetes embarazo": "O24.4",
    "zzz": None,
    "%": None,
    "'": None,
    "\\": None,
}


@pytest.fixture(scope="module")
def listed(
    server: embedded.Server, imports_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A network with the list and nothing of the other tests."""
    path = tmp_path_factory.mktemp("cie10") / "lista.csv"
    path.write_text(LIST, encoding="utf-8")
    for place in fresh(server, imports_template):
        with place.as_person("admin") as session:
            IMPORTER.run(session.desk(), path)
        yield place


def test_what_is_typed_finds_its_code_first(listed: Place) -> None:
    with listed.as_person("lpaz") as session:
        desk = session.desk()
        first = {text: desk.see(queries.search, queries.CodesQuery(text))[:1] for text in FINDS}
    assert {text: rows[0].code if rows else None for text, rows in first.items()} == FINDS


def test_headings_are_never_offered_and_the_hand_comes_first(listed: Place) -> None:
    assert "A00-A09" not in found(listed, "infecciosas")
    assert found(listed, "diabetes")[0] == "E10"
    assert found(listed, "diabetes", first=("Z83.3", "E11.2", "I10"))[:2] == ["Z83.3", "E11.2"]
    assert found(listed, "", first=("Z83.3", "E11.2")) == ["Z83.3", "E11.2"]


def test_favourites_are_their_doctors_alone(listed: Place) -> None:
    with listed.as_person("lpaz") as session:
        desk = session.desk()
        for code in ("i10", "E11.9", "e119"):
            desk.do(service.keep_code, service.KeepCode(code=code))
        assert [row.code for row in desk.see(queries.mine, queries.MineQuery()).favourites] == [
            "E11.9",
            "I10",
        ]
        desk.do(service.keep_code, service.KeepCode(code="I10", keep=False))
        assert desk.see(queries.mine, queries.MineQuery()).codes == ("E11.9",)
        with pytest.raises(CodeNotFound):
            desk.do(service.keep_code, service.KeepCode(code="Q00.0"))
        with pytest.raises(CodeNotFound):
            desk.do(service.keep_code, service.KeepCode(code="diabetes"))
    with listed.as_person("jibarra") as session:
        assert session.desk().see(queries.mine, queries.MineQuery()).codes == ()


def test_what_was_signed_keeps_its_text_whatever_the_catalogue_says_later(
    place: Place, cie10: Import
) -> None:
    cie10(LIST)
    stated = DiagnosisEntry("I10", "Hipertensión esencial (primaria)")
    with place.as_person("msosa") as clerk, place.as_person("secre") as secretary:
        patient_id = new_patient(clerk).patient_id
        with place.as_person("lpaz") as doctor:
            followed(secretary, patient_id, doctor)
            order = adding.AddRecord(
                patient_id=patient_id,
                kind="control",
                text="PA 150/90.",
                diagnoses=(stated,),
                **proven(doctor),
            )
            doctor.desk().do(adding.add_record, order)
    cie10(LIST.replace("Hipertensión esencial (primaria)", "Otra cosa"), "2020")
    assert place.value("SELECT text FROM cie10_codes WHERE code = 'I10'") == "Otra cosa"
    assert place.value("SELECT text FROM diagnoses WHERE patient_id = %s", patient_id) == stated.text
