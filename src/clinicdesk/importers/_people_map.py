"""What a mapping file says of a foreign list of patients: columns, dates, words for the sex, constants."""

from __future__ import annotations

import csv
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from clinicdesk.importers._people_columns import FIELDS, is_field, plain
from clinicdesk.kit.errors import Exit, InvalidInput, Refusal
from clinicdesk.kit.words import _

SEPARATORS: Final = {",": ",", ";": ";", "tab": "\t", "\\t": "\t", "\t": "\t", "|": "|"}
_ABOUT_THE_FILE: Final = ("source", "encoding", "separator", "dates")
_TABLES: Final = ("columns", "sex", "constants")
_SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_LARGEST: Final = 1 << 20
_UNREAD: Final = frozenset({"", "-"})


class MapMissing(Refusal):
    """Nothing to read there."""

    says = _("No se puede leer el mapa {file}: {why}.")
    exit = Exit.NOT_FOUND


@dataclass(frozen=True, slots=True)
class DateOrder:
    """How days are written: `order` of `d`, `m`, `y`; `short` where years have two figures. Told or usual."""

    order: str = "dmy"
    short: bool = False
    told: bool = False


@dataclass(frozen=True, slots=True)
class PeopleMap:
    """How to read a list. `columns` are plain names → fields, None for one to pass over."""

    source: str = ""
    encoding: str | None = None
    separator: str | None = None
    dates: DateOrder = DateOrder()
    columns: dict[str, str | None] = field(default_factory=dict)
    sex: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    said: str = ""


def is_source(said: str) -> bool:
    """Whether this may name where a list comes from."""
    return _SOURCE.fullmatch(said) is not None


def date_order(said: str) -> DateOrder:
    """`dd/mm/yyyy`, `mm/dd/yy`, `aaaa-mm-dd`… Raises InvalidInput."""
    letters = re.sub(r"[^dmy]", "", said.lower().replace("a", "y"))
    if not re.fullmatch(
        r"d{1,2}m{1,2}y{4}|m{1,2}d{1,2}y{4}|y{4}m{1,2}d{1,2}|d{1,2}m{1,2}yy|m{1,2}d{1,2}yy", letters
    ):
        raise InvalidInput(
            _(
                "Las fechas se dicen dd/mm/yyyy, mm/dd/yyyy, yyyy-mm-dd, dd/mm/yy o mm/dd/yy, no «{said}»."
            ).format(said=said[:40])
        )
    order = "".join(dict.fromkeys(letters))
    return DateOrder(order, short=letters.count("y") == len("yy"), told=True)


def read_map(path: Path) -> PeopleMap:
    """The mapping file, TOML or CSV by its name. Raises MapMissing, InvalidInput with all problems."""
    try:
        raw = path.read_bytes()[:_LARGEST]
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise MapMissing(file=path, why=error.strerror) from error
    except UnicodeDecodeError as error:
        raise InvalidInput(_("{file}: el mapa se escribe en UTF-8.").format(file=path.name)) from error
    if path.suffix.lower() == ".csv":
        return _made(path.name, _from_csv(text), text)
    try:
        return _made(path.name, tomllib.loads(text), text)
    except tomllib.TOMLDecodeError as error:
        said = _("{file}: no es TOML: {why}.")
        raise InvalidInput(said.format(file=path.name, why=error)) from error


def _from_csv(text: str) -> dict[str, Any]:
    """Rows of column, field and format; without a column they say something of the whole file."""
    found: dict[str, Any] = {name: {} for name in _TABLES}
    separator = max(",;\t", key=text.partition("\n")[0].count)
    for row in list(csv.reader(text.splitlines(), delimiter=separator))[1:]:
        column, name, said = (*(cell.strip() for cell in row[:3]), "", "", "")[:3]
        if column:
            found["columns"][column] = name
            _formatted(found, name, said)
        elif name in _ABOUT_THE_FILE:
            found[name] = said
        elif name:
            found["constants"][name] = said
    return found


def _formatted(found: dict[str, Any], name: str, said: str) -> None:
    if said and name in {"birth", "deceased_on"}:
        found["dates"] = said
    elif said and name == "sex":
        pairs = (part.partition("=") for part in said.split())
        found["sex"] |= {word: meant for word, _equals, meant in pairs}


def _made(file: str, found: dict[str, Any], text: str) -> PeopleMap:
    problems: list[str] = []
    columns = _columns(_table(found, "columns", problems), problems)
    sex = {plain(str(word)): str(meant).strip().upper() for word, meant in _table(found, "sex", problems)}
    constants = {str(name): str(value) for name, value in _table(found, "constants", problems)}
    about = {name: str(found[name]) for name in _ABOUT_THE_FILE if found.get(name)}
    problems += [
        _("«{name}» no es nada que un mapa diga.").format(name=name)
        for name in found
        if name not in (*_TABLES, *_ABOUT_THE_FILE)
    ]
    problems += [
        _("«{value}» no es F, M ni X.").format(value=meant)
        for meant in sex.values()
        if meant not in {"F", "M", "X"}
    ]
    problems += [_unknown(name) for name in constants if name not in FIELDS or name in {"key", "document"}]
    if not is_source(about.get("source", "x")):
        problems.append(_("source lleva minúsculas, cifras, punto o guion, hasta 40."))
    if about.get("separator", ",") not in SEPARATORS:
        problems.append(_("separator es «,», «;», «tab» o «|»."))
    if problems:
        raise InvalidInput(*(f"{file}: {problem}" for problem in problems))
    return PeopleMap(
        source=about.get("source", ""),
        encoding=about.get("encoding"),
        separator=SEPARATORS.get(about.get("separator", "")),
        dates=date_order(about["dates"]) if "dates" in about else DateOrder(),
        columns=columns,
        sex=sex,
        constants=constants,
        said=text,
    )


def _table(found: dict[str, Any], name: str, problems: list[str]) -> list[tuple[Any, Any]]:
    table = found.get(name, {})
    if isinstance(table, dict):
        return list(table.items())
    problems.append(_("[{name}] es una tabla.").format(name=name))
    return []


def _columns(said: list[tuple[Any, Any]], problems: list[str]) -> dict[str, str | None]:
    columns: dict[str, str | None] = {}
    for column, name in said:
        meant = str(name).strip()
        if meant not in _UNREAD and not is_field(meant):
            problems.append(_unknown(meant))
        columns[plain(str(column)) or str(column).strip()] = None if meant in _UNREAD else meant
    return columns


def _unknown(name: str) -> str:
    return _("«{name}» no es un campo. Hay: {fields}, document:TIPO.").format(
        name=name, fields=", ".join(FIELDS)
    )
