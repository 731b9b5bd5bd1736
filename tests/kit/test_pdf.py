"""Prints are read back: what was written is there, literally, on as many pages as it takes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PageObject, PdfReader

from clinicdesk.kit.ink import Bold
from clinicdesk.kit.pdf import BODY, SMALL, Document, Head, Running, share
from tests.data import shared

CREATED = datetime(2026, 11, 23, 12, 42, tzinfo=UTC)
RUNNING = Running(
    "Quispe Mamani, Rosa", "DNI 28.431.907 · HC 002210", "Historia", "Centro Norte", "Impreso por Sosa"
)


def read(document: Document) -> list[str]:
    """The text of each page, blanks and line ends as single spaces."""
    reader = PdfReader(BytesIO(document.finish()))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def places(page: PageObject) -> list[tuple[float, float, str]]:
    """Where each stretch of text starts, in points from the bottom left."""
    found: list[tuple[float, float, str]] = []

    def visit(text: str, _cm: list[float], matrix: list[float], _font: object, _size: float) -> None:
        if text.strip():
            found.append((matrix[4], matrix[5], text.strip()))

    page.extract_text(visitor_text=visit)
    return found


def body(pages: list[str]) -> str:
    """All pages without head and foot."""
    return " ".join(
        page.partition("Centro Norte")[2].rpartition(RUNNING.printed)[0].strip() for page in pages
    )


def printed(text: str) -> str:
    """What one paragraph reads like on paper."""
    document = Document(RUNNING, CREATED)
    document.paragraph(text)
    return body(read(document))


@pytest.mark.parametrize(
    "text",
    [
        "Ñandú, pingüino, «año», ¿qué? ¡sí! áéíóú ÁÉÍÓÚ ü Ü ç º ª",
        "Łódź, Dvořák, Şişli, Ǿresund, ẞ, Nguyễn Thị",
        "Ελληνικά: αβγδ Ω",
        "Русский текст: Жщъыь",
        "≤ ≥ ≠ ≈ ± × ÷ µ ½ ² ³ → ← ↑ ↓ ▲ ▼ ♀ ♂ √ ∞ ─ │ ≡",
        "₡ ₲ ₱ € £ $",
    ],
)
def test_letters_and_signs_read_back(text: str) -> None:
    assert printed(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "A[/b]B",
        "[@click=app.exit]x[/]",
        "**negrita** __cursiva__ --subrayado-- ~~tachado~~ [texto](http://a)",
        "<b>a</b> &amp; &#65;",
        "{nb} {nb}",
        "(a) \\ ) ( \\n",
        "%PDF-1.4 endstream endobj",
    ],
)
def test_markup_is_text(text: str) -> None:
    assert printed(text) == text


def test_a_control_character_is_a_mark_and_never_in_the_file() -> None:
    shown = printed("a\x1b]52;c;QUJD\x07b\x9bc\u202ed\u2066e")
    assert shown == "a·]52;c;QUJD·b·c·d·e"


def test_a_letter_without_glyph_prints_as_its_code_point_and_is_told() -> None:
    document = Document(RUNNING, CREATED)
    document.paragraph("Nombre 中 عر 中 fin")
    assert document.missing == ("中", "ع", "ر")
    assert body(read(document)) == "Nombre ‹U+4E2D› ‹U+0639›‹U+0631› ‹U+4E2D› fin"


def test_a_document_that_lacks_nothing_tells_nothing() -> None:
    document = Document(RUNNING, CREATED)
    document.paragraph("año → ▲")
    assert document.missing == ()


def test_each_page_has_head_foot_and_its_number() -> None:
    document = Document(RUNNING, CREATED)
    for number in range(600):
        document.paragraph(f"Párrafo {number} de una historia larga, con texto para llenar la línea entera.")
    pages = read(document)
    assert len(pages) >= 10
    for number, page in enumerate(pages, 1):
        assert page.startswith(f"{RUNNING.subject} {RUNNING.facts} {RUNNING.kind} {RUNNING.origin}")
        assert page.endswith(f"{RUNNING.printed} Página {number} de {len(pages)}")
    assert all(f"Párrafo {number} " in body(pages) for number in range(600))


def test_the_foot_is_small_on_every_page_whatever_was_written_last() -> None:
    document = Document(RUNNING, CREATED)
    document.paragraph("línea\n" * 100)
    document.paragraph("pequeño", size=SMALL)
    sizes: list[float] = []

    def visit(text: str, _cm: object, _matrix: object, _font: object, size: float) -> None:
        if RUNNING.printed in text:
            sizes.append(size)

    for page in PdfReader(BytesIO(document.finish())).pages:
        page.extract_text(visitor_text=visit)
    assert len(sizes) >= 2
    assert set(sizes) == {SMALL}


def test_text_is_inside_the_margins() -> None:
    document = Document(RUNNING, CREATED)
    document.paragraph("x" * 3000, Bold("W" * 500), " iii " * 400)
    document.table([Head("Código"), Head("n", right=True)], [["y" * 900, "1.234"], ["z", "5"]])
    written = [place for page in PdfReader(BytesIO(document.finish())).pages for place in places(page)]
    assert min(x for x, _y, _text in written) >= 47
    assert min(y for _x, y, _text in written) > 20
    assert max(y for _x, y, _text in written) < 842 - 20
    found = "".join(text for _x, _y, text in written)
    assert found.count("x") >= 3000
    assert found.count("W") == 500
    assert found.count("y") == 900


def test_the_head_stays_small_for_an_endless_name() -> None:
    document = Document(Running("Ñ" * 5000, "hecho " * 900, "Historia", "Centro", "pie"), CREATED)
    document.paragraph("texto")
    (page,) = read(document)
    assert page.count("Ñ") < 200
    assert page.endswith("texto pie Página 1 de 1")


def test_a_table_repeats_its_heads_and_breaks_no_row() -> None:
    document = Document(RUNNING, CREATED)
    rows = [[f"código-{number}", "palabra " * 30 + f"fin-{number}", "1"] for number in range(80)]
    document.table([Head("Código"), Head("Texto"), Head("n", right=True)], rows, total=["Total", "", "80"])
    pages = read(document)
    assert len(pages) > 2
    for page in pages:
        assert "Código Texto n" in page
        assert {word[7:] for word in page.split() if word.startswith("código-")} == {
            word[4:] for word in page.split() if word.startswith("fin-")
        }
    assert "Total 80" in pages[-1]


def test_a_row_longer_than_a_page_is_broken_and_whole() -> None:
    document = Document(RUNNING, CREATED)
    document.table([Head("Uno"), Head("Dos")], [["a", "palabra " * 3000], ["b", "fin"]])
    pages = read(document)
    assert len(pages) > 2
    assert sum(page.count("palabra") for page in pages) == 3000
    assert all("Uno Dos" in page for page in pages)


def test_a_heading_never_ends_a_page() -> None:
    document = Document(RUNNING, CREATED)
    for number in range(90):
        document.paragraph("\n".join(["línea"] * (1 + number % 11)))
        document.heading(f"[{number}]")
        document.paragraph(f"a{number}a\nb{number}b\nc{number}c")
    pages = read(document)
    assert len(pages) > 15
    for number in range(90):
        (page,) = [page for page in pages if f"[{number}]" in page]
        assert f"[{number}] a{number}a b{number}b" in page


def test_what_belongs_under_a_paragraph_stays_with_its_end() -> None:
    document = Document(RUNNING, CREATED)
    for number in range(120):
        document.paragraph("\n".join(f"{line}-{number}" for line in range(1 + number % 13)), below=BODY * 1.4)
        document.paragraph(f"[{number}]")
    pages = read(document)
    assert len(pages) > 15
    for number in range(120):
        (page,) = [page for page in pages if f"[{number}]" in page]
        assert f"{number % 13}-{number} [{number}]" in page


def test_no_line_of_a_paragraph_is_alone_on_a_page() -> None:
    document = Document(RUNNING, CREATED)
    for number in range(120):
        document.paragraph("\n".join(f"{number}:{line}" for line in range(2 + number % 11)))
    broken = 0
    for page in read(document):
        counted = Counter(word.partition(":")[0] for word in page.split() if ":" in word)
        broken += sum(1 for number, lines in counted.items() if lines < 2 + int(number) % 11)
        assert min(counted.values()) >= 2
    assert broken > 4


@pytest.mark.parametrize("before", range(45, 57))
def test_a_paragraph_inside_a_text_is_not_broken_after_its_first_line_nor_before_its_last(
    before: int,
) -> None:
    """Paragraphs of two lines in one note: wherever the page ends, both lines are on the same one."""
    document = Document(RUNNING, CREATED)
    document.paragraph("\n".join(f"fila {number}" for number in range(before)), after=0)
    pairs = [f"antes {number}\ndespués {number}" for number in range(8)]
    document.paragraph("\n\n".join(pairs))
    for page in (pages := read(document)):
        assert page.count("antes") == page.count("después")
    assert len(pages) == 2


@pytest.mark.parametrize("before", range(40, 44))
def test_no_row_of_a_table_is_alone_on_its_last_page(before: int) -> None:
    document = Document(RUNNING, CREATED)
    document.table([Head("Valor")], [[f"fila {number};"] for number in range(before)])
    *_, last = read(document)
    assert last.count("fila") >= 2


def test_a_page_that_opens_inside_a_block_says_so() -> None:
    document = Document(RUNNING, CREATED)
    document.band("Consulta", "Paz")
    document.carry("Consulta")
    document.paragraph("línea\n" * 100)
    document.carry("")
    document.paragraph("línea\n" * 100)
    said = ["Consulta (continúa)" in page for page in read(document)]
    assert said[:2] == [False, True]
    assert said[-1] is False


def test_no_page_opens_with_the_blank_line_of_a_note() -> None:
    document = Document(RUNNING, CREATED)
    for number in range(60):
        document.paragraph("\n\n".join(["línea"] * (1 + number % 7)))
    document.paragraph("\n" * 400)
    pages = [places(page) for page in PdfReader(BytesIO(document.finish())).pages]
    tops = [max(y for _x, y, text in page if text == "línea") for page in pages if "línea" in str(page)]
    assert len(tops) > 5
    assert len(set(tops)) == 1


def test_blank_lines_and_line_breaks_of_a_note_stay() -> None:
    document = Document(RUNNING, CREATED)
    document.paragraph("uno\r\n\r\ndos\rtres\n  cuatro\tcinco")
    text = PdfReader(BytesIO(document.finish())).pages[0].extract_text()
    tops = {line.strip() for line in text.splitlines()}
    assert {"uno", "dos", "tres"} <= tops


MAKE = """
import hashlib
from datetime import UTC, datetime
from clinicdesk.kit.pdf import *
document = Document(Running("a", "b", "c", "d", "e"), datetime(2026, 11, 23, tzinfo=UTC))
document.title("Título")
document.heading("Uno")
document.paragraph("año → ▲ ♀ 中 Ж λ" * 200)
document.table([Head("a"), Head("b", True)], [["x", "1"]] * 90)
print(hashlib.sha256(document.finish()).hexdigest())
"""


def test_the_same_document_is_the_same_file_in_another_process() -> None:
    def digest(seed: str) -> str:
        run = [sys.executable, "-c", MAKE]
        return subprocess.run(
            run, check=True, capture_output=True, text=True, timeout=300, env={"PYTHONHASHSEED": seed}
        ).stdout

    assert digest("1") == digest("2")


def test_fonts_are_embedded_as_subsets() -> None:
    document = Document(RUNNING, CREATED)
    document.paragraph("Texto ", Bold("fuerte"), " → ▲")
    data = document.finish()
    reader = PdfReader(BytesIO(data))
    resources: Any = reader.pages[0]["/Resources"]
    for font in resources["/Font"].values():
        inner = font.get_object()["/DescendantFonts"][0].get_object()
        assert "/FontFile2" in inner["/FontDescriptor"].get_object()
    assert len(data) < 60_000


def test_the_file_says_when_and_what_but_not_who() -> None:
    document = Document(RUNNING, CREATED)
    document.heading("Alergias")
    reader = PdfReader(BytesIO(document.finish()))
    assert reader.metadata is not None
    assert reader.metadata.title == "Historia"
    assert reader.metadata.creation_date == CREATED
    assert "Quispe" not in str(dict(reader.metadata))
    outline: list[Any] = reader.outline
    assert [mark.title for mark in outline] == ["Alergias"]


def test_every_naughty_string_prints() -> None:
    strings = json.loads(shared("naughty-strings", "blns.json").read_text("utf-8"))
    document = Document(Running(strings[8], strings[9], "Historia", "Centro", "pie"), CREATED)
    document.heading(strings[-1])
    for text in strings:
        document.paragraph(text)
    document.table([Head("Cadena")], [[text] for text in strings])
    pages = read(document)
    assert all(page.endswith(f"Página {number} de {len(pages)}") for number, page in enumerate(pages, 1))
    assert "<script>alert(123)</script>" in " ".join(pages)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=12))
def test_any_text_prints_in_order(texts: list[str]) -> None:
    document = Document(RUNNING, CREATED)
    for number, text in enumerate(texts):
        document.paragraph(f"[{number}]", text)
    document.table([Head(text) for text in texts] or [Head("x")], [texts or ["y"]])
    whole = "".join(read(document))
    places = [whole.index(f"[{number}]") for number in range(len(texts))]
    assert all(one < two for one, two in pairwise(places))


@given(st.lists(st.floats(1, 5000), min_size=1, max_size=14), st.floats(100, 900))
def test_columns_fill_the_width_and_small_ones_keep_theirs(needs: list[float], room: float) -> None:
    widths = share(needs, room)
    assert sum(widths) == pytest.approx(room)
    assert min(widths) > 0
    even = room / len(needs)
    assert all(wide >= min(need, even) - 1e-6 for need, wide in zip(needs, widths, strict=True))
