"""Attributes of entries as they are typed: set one by one, read from a file, asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from clinicdesk.cli import given
from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.clinic.records.searching import Condition

_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,17})([.]\d{1,18})?")
_WORDS: Final[dict[str, bool | None]] = {"true": True, "false": False, "null": None}
_CONDITION: Final = re.compile(r"([^=<>]+?)\s*(>=|<=|=|>|<)\s*(.*)", re.DOTALL)
_MOST_BYTES: Final = 1_000_000


def attributes_of(pairs: Iterable[str], file: str | None = None) -> dict[str, Any]:
    """`clave=valor`, `presion.sistolica=120`, `dosis:=[1, 2]`, over what a file says.

    Numbers, true, false and null are what they look like; `:=` takes JSON, so `clave:="120"` is a text.
    Raises InvalidInput with every one that is none.
    """
    problems = given.Problems()
    made: dict[str, Any] = {}
    with problems.noted():
        made = {} if file is None else _from_file(file)
    for text in pairs:
        with problems.noted():
            key, value = _pair(text)
            _put(made, key, value)
    problems.settle()
    return made


def _pair(text: str) -> tuple[str, Any]:
    from clinicdesk.clinic.records.schemas import parsed

    key, equals, value = text.partition("=")
    as_json = key.endswith(":")
    name = key.removesuffix(":").strip()
    if not equals or not all(part.strip() for part in name.split(".")):
        raise InvalidInput(_("«{text}» no es CLAVE=VALOR.").format(text=text[:40]))
    if not as_json:
        return name, _plain(value)
    try:
        return name, parsed(value)
    except ValueError as wrong:
        raise InvalidInput(_("«{text}»: {why}").format(text=text[:40], why=wrong)) from None


def _plain(value: str) -> Any:
    if value in _WORDS:
        return _WORDS[value]
    if _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _put(made: dict[str, Any], key: str, value: Any) -> None:
    """Set a value at its path; what stands on the way must be a group."""
    *groups, last = key.split(".")
    place = made
    for group in groups:
        place = place.setdefault(group, {})
        if not isinstance(place, dict):
            raise InvalidInput(_("«{key}»: {group} ya tiene un valor.").format(key=key[:60], group=group))
    if last in place:
        raise InvalidInput(_("«{key}» está dos veces.").format(key=key[:60]))
    place[last] = value


def json_of(file: str) -> Any:
    """JSON of a file, or of stdin for `-`. Raises InvalidInput."""
    from clinicdesk.clinic.records.schemas import parsed

    try:
        text = given.text_of(file) if file == given.DASH else _read(file)
        return parsed(text)
    except OSError as wrong:
        said = _("No se pudo leer {file}: {why}.").format(file=file, why=wrong.strerror)
        raise InvalidInput(said) from None
    except UnicodeDecodeError:
        raise InvalidInput(_("{file} no es UTF-8.").format(file=file)) from None
    except ValueError as wrong:
        raise InvalidInput(_("{file}: {why}").format(file=file, why=wrong)) from None


def _read(file: str) -> str:
    with Path(file).open("rb") as opened:
        raw = opened.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise ValueError(_("es demasiado largo."))
    return raw.decode()


def _from_file(file: str) -> dict[str, Any]:
    found = json_of(file)
    if not isinstance(found, dict):
        raise InvalidInput(_("{file} no tiene un objeto de JSON.").format(file=file))
    return found


def conditions_of(asked: Iterable[str]) -> tuple[Condition, ...]:
    """`clave=valor`, `presion.sistolica>140`. Raises InvalidInput with every one that is none."""
    problems, found = given.Problems(), list[Any]()
    for text in asked:
        with problems.noted():
            found.append(_condition(text))
    problems.settle()
    return tuple(found)


def _condition(text: str) -> Condition:
    from clinicdesk.clinic.records.asking import condition_of

    parts = _CONDITION.fullmatch(text.strip())
    if parts is None:
        raise InvalidInput(_("«{}» no es CLAVE=VALOR ni CLAVE>NÚMERO.").format(text[:40]))
    found = condition_of(parts[1].strip(), parts[2], parts[3].strip())
    if isinstance(found, str):
        raise InvalidInput(found)
    return found
