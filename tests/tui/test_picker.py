"""The picker of codes beside a note, in a real terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.cie10 import queries
from clinicdesk.importers.cie10 import IMPORTER
from tests.factories import PASSWORD, Network
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery, new_surgery

LIST: Final = """code,text,sexo
C61,Tumor maligno de la próstata,hombre
E10.9,Diabetes mellitus tipo 1 sin complicaciones,no
E11.9,Diabetes mellitus tipo 2 sin complicaciones,no
E11.2,Diabetes mellitus tipo 2 con complicaciones renales,no
I10,Hipertensión esencial (primaria),no
M54.5,Lumbago no especificado,no
"""


@pytest.fixture
def surgery(network: Network, log_in: Callable[..., Session], tmp_path: Path) -> Surgery:
    """A doctor of their own, and a catalogue."""
    path = tmp_path / "lista.csv"
    path.write_text(LIST, encoding="utf-8")
    IMPORTER.run(log_in("admin").desk(), path)
    return new_surgery(network, log_in("cruiz"))


def test_codes_are_picked_turned_and_signed(surgery: Surgery, open_desk: Callable[..., Desk]) -> None:
    patient = surgery.patient(sex="F")
    surgery.history(patient, [("control", "E11.2", "Nefropatía diabética", "Uno.")])
    surgery.inside(patient)
    desk: Desk = open_desk(surgery.username)
    desk.wait_for("DNI")
    desk.press("e")
    desk.wait_for("Subjetivo:")
    desk.press("Control.<Tab><Tab><Tab><Tab>")
    desk.wait_for("» Dx")
    desk.press("tipo 2 diab")
    desk.wait_for("CIE-10 · «tipo 2 d…» · 2")
    desk.shows("»E11.2 Diabetes mellitus ya", "Enter Elegir", "Tab Certeza", "Esc Cerrar lista")
    desk.line_shows("E11.2 Diabetes mellitus tipo 2 con complicaciones renales")
    desk.press("<Down>")
    desk.line_shows("E11.9 Diabetes mellitus tipo 2 sin complicaciones")
    desk.press("<Tab>")
    desk.wait_for("E11.9:  p presuntivo")
    desk.press("p")
    desk.shows("Certeza  presuntivo", "Clase    principal", "Crónico  no")
    desk.press("<Enter>")
    desk.wait_for("Diagnósticos · 1")
    desk.shows("presunt. princ.")
    desk.press("hta")
    desk.wait_for("CIE-10 · «hta» · 1")
    desk.press("<Tab>")
    desk.wait_for("f favorito")
    desk.press("f")
    desk.wait_for("I10 queda entre sus favoritos.")
    desk.press("<Enter>")
    desk.wait_for("Diagnósticos · 2")
    desk.press("lumvago")
    desk.wait_for("»M54.5 Lumbago")
    desk.press("<Esc>")
    desk.wait_for("Diagnósticos · 2")
    desk.press("<Back><Back><Back><Back><Back><Back><Back>Z99.9 Cosa propia<Enter>")
    desk.wait_for("Diagnósticos · 3")
    desk.press("prostata")
    desk.wait_for("»C61   Tumor maligno")
    desk.press("<Enter>")
    desk.wait_for("C61 no corresponde a este paciente por sexo, según el catálogo")
    desk.press("<Down>")
    desk.wait_for("A mano")
    desk.shows("»I10   Hipertensión", "fav")
    desk.press("<Esc>")
    desk.wait_for("Diagnósticos · 4")
    desk.press("<F9>")
    desk.wait_for("Firmar como")
    desk.send(PASSWORD)
    desk.press("<Enter>")
    desk.wait_for("Nota firmada")
    stated = surgery.scalar(
        "SELECT string_agg(concat_ws('/', d.code, d.text, d.certainty, d.kind), '|' ORDER BY d.id)"
        " FROM diagnoses d"
        " JOIN notes n USING (patient_id, record_id) WHERE patient_id = :id AND n.text LIKE '%Control.%'",
        id=patient,
    )
    assert stated == (
        "E11.9/Diabetes mellitus tipo 2 sin complicaciones/presuntivo/principal"
        "|I10/Hipertensión esencial (primaria)/confirmado/relacionado"
        "|Z99.9/Cosa propia/confirmado/relacionado"
        "|C61/Tumor maligno de la próstata/confirmado/relacionado"
    )
    mine = surgery.log_in().desk().see(queries.mine, queries.MineQuery())
    assert [row.code for row in mine.favourites] == ["I10"]
    assert {row.code for row in mine.recent} == {"E11.9", "I10", "C61", "E11.2"}
