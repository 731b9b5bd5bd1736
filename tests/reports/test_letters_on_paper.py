"""Letters on paper: the words as they were written, and the signature never alone on a page."""

from __future__ import annotations

from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from clinicdesk.clinic.letters import rules
from clinicdesk.clinic.letters.rules import LetterKind, Said
from clinicdesk.reports._letter import paper
from tests.exporters.histories import letter

LONG = "Refiere cefalea occipital matinal desde hace dos semanas, sin náuseas; años de niñez sin asma. "
INSTITUTION = "Hospital Interzonal «Presidente Doctor Íñigo Ñáñez de la Reguera y Echeverría»"
NAMES = ("Ñandutí Echeverría, Ítalo Joaquín", "Щербакова Ильинична, Ксения", "Παπαδοπούλου, Ελένη")
SAID = {
    LetterKind.CERTIFICATE: Said(
        days=30, since=date(2026, 11, 23), text=LONG * 60, diagnosis="J02.9 Faringitis"
    ),
    LetterKind.REFERRAL: Said(specialty="Cardiología", text="Soplo.", summary="\n".join([LONG * 3] * 20)),
    LetterKind.ORDER: Said(studies=tuple(f"Estudio número {each}: {LONG}" for each in range(40))),
}


def pages(kind: LetterKind, name: str, said: Said) -> tuple[str, list[str]]:
    """What was written, and what each page of it says."""
    values = rules.values_of(said, date(2026, 11, 23)) | {"paciente": name, "documento": "DNI 28.431.907"}
    written = rules.written(rules.BODIES[kind], values | {"centro": INSTITUTION, "fecha": "23/11/2026"})
    row = letter(12, written, kind=kind.value, patient_name=name, clinic_name=INSTITUTION)
    file, missing = paper(row)
    assert missing == ()
    return written, [page.extract_text() for page in PdfReader(BytesIO(file)).pages]


def flat(text: str) -> str:
    """Without the line breaks that paper makes."""
    return "".join(text.split())


@pytest.mark.parametrize(("kind", "name"), list(zip(LetterKind, NAMES, strict=True)))
def test_the_words_come_off_the_paper_as_they_were_written(kind: LetterKind, name: str) -> None:
    written, found = pages(kind, name, SAID[kind])
    assert len(found) > 1
    code = rules.code_of(letter(12).hash)
    head = flat(f"{INSTITUTION}{name} · DNI 28.431.907{rules.TITLES[kind]}N.º 12")
    body = ""
    for number, page in enumerate(map(flat, found), start=1):
        assert page.startswith(head)
        between, _foot, under = page.removeprefix(head).rpartition(flat(f"N.º 12 · {code}"))
        assert under.endswith(flat(f"Página {number} de {len(found)}"))
        body += between
    assert flat(written) in body
    assert flat(f"Verificación: n.º 12 · {code}") in body


def test_the_signature_takes_the_end_of_the_text_with_it() -> None:
    for count in range(20, 46, 5):
        lines = "\n".join(f"Renglón {each} de lo que se certifica." for each in range(count))
        _written, found = pages(LetterKind.CERTIFICATE, NAMES[0], Said(text=lines))
        assert "Se extiende a pedido" in found[-1]
        assert "Verificación: n.º 12" in found[-1]
