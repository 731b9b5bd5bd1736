"""A JSON file that is one array of objects, as rows with the physical line each begins on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

from clinicdesk.importers._cells import Bad, Fault
from clinicdesk.importers._csv import Cells, Layout, OnBad
from clinicdesk.kit.errors import InvalidInput, Refusal
from clinicdesk.kit.words import _

_LARGEST: Final = 64 << 20
_SHOWN: Final = 80
_BLANK: Final = " \t\r\n"


class FileTooLarge(Refusal):
    """More than is read at once: no list of this kind is that long."""

    says = _("{file} pasa de 64 MB; como CSV se lee de cualquier tamaño.")


def json_rows(path: Path, layout: Layout, on_bad: OnBad) -> Iterator[tuple[int, Cells]]:
    """Each object's line and the cells of the layout, numbers as they are written.

    Raises FileTooLarge; InvalidInput with line and column where it is no JSON array.
    """
    text = _text(path)
    names = {name: layout.aliases.get(name, name) for name in (*layout.columns, *layout.aliases)}
    for line, value in _elements(text, path.name):
        if not isinstance(value, dict):
            on_bad(line, Bad("", json.dumps(value)[:_SHOWN], Fault.NO_ROW))
            continue
        cells = dict.fromkeys(layout.columns, "")
        wrong: Bad | None = None
        for key, each in value.items():
            name = names.get(key.strip().upper())
            if name is not None and isinstance(each, str):
                cells[name] = each
            elif name is not None and each is not None:
                wrong = Bad(key, json.dumps(each)[:_SHOWN], Fault.NO_ROW)
        if wrong is not None:
            on_bad(line, wrong)
        else:
            yield line, tuple(cells.values())


def _text(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise FileTooLarge(file=path.name)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        said = _("{file}: no es texto UTF-8 (línea {line}).").format(file=path.name, line=line)
        raise InvalidInput(said) from None


def _elements(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """The array's elements, each with its line."""
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)
    at = _past_blanks(text, 0)
    if text[at : at + 1] != "[":
        _refuse(name, text, at, _("se espera una lista: [ … ]"))
    at, line, counted = _past_blanks(text, at + 1), 1, 0
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as wrong:
            _refuse(name, text, wrong.pos, _("no es JSON"))
        except (ValueError, RecursionError):
            _refuse(name, text, at, _("un valor que no es de una lista"))
        yield line, value
        at = _past_blanks(text, end)
        if text[at : at + 1] == ",":
            at = _past_blanks(text, at + 1)
            if text[at : at + 1] == "]":
                _refuse(name, text, at, _("sobra una coma"))
        elif text[at : at + 1] != "]":
            _refuse(name, text, at, _("se espera una coma o el fin de la lista"))
    after = _past_blanks(text, at + 1)
    if after < len(text):
        _refuse(name, text, after, _("sobra texto después de la lista"))


def _past_blanks(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANK:
        at += 1
    return at


def _refuse(name: str, text: str, at: int, why: str) -> NoReturn:
    line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
    said = _("{file}: línea {line}, columna {column}: {why}.")
    raise InvalidInput(said.format(file=name, line=line, column=column, why=why))


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)
