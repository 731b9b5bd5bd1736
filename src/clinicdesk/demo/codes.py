"""The demonstration's own part of the CIE-10."""

from __future__ import annotations

from importlib.resources import files

from clinicdesk.clinic.cie10 import rules
from clinicdesk.clinic.cie10.model import cie10_codes, cie10_words
from clinicdesk.demo.book import Book
from clinicdesk.kit.folding import folded

_EDITION = "demo"
_HEAD = 3


def write_codes(book: Book) -> None:
    """Every code of cie10.tsv, and the words they are searched by."""
    listed = [line.split("\t") for line in _lines()]
    above = {rules.parent_of(code) for code, _text in listed}
    words: set[str] = set()
    for code, text in listed:
        terms = dict.fromkeys(folded(text).split())
        words.update(term for term in terms if len(term) > _HEAD)
        book.add(
            cie10_codes,
            code=code,
            key=rules.key_of(code),
            text=text,
            edition=_EDITION,
            chapter=rules.chapter_of(code),
            leaf=code not in above,
            folded=folded(text),
            terms=" ".join(f"'{term}'" for term in terms),
        )
    for word in sorted(words):
        book.add(cie10_words, word=word, head=word[:_HEAD])


def _lines() -> list[str]:
    whole = files(__package__).joinpath("cie10.tsv").read_text(encoding="utf-8")
    return [line for line in whole.splitlines() if line and not line.startswith("#")]
