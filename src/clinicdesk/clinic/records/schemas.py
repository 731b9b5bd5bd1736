"""What the attributes of an entry may be: bounds for all of them, and the JSON schema of its type.

JSON Schema 2020-12 by `jsonschema`, which is loaded where a type has a schema. References stay inside the
schema; what a schema can make the program do is counted (`_Budget`), so that none hangs a desk.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from clinicdesk.clinic.records.errors import BadAttributes, BadSchema
from clinicdesk.kit.patterns import BadPattern, compiled
from clinicdesk.kit.text import clean, has_control
from clinicdesk.kit.words import _

MOST_BYTES: Final = 64_000
MOST_VALUES: Final = 2_000
MOST_DEPTH: Final = 8
MOST_KEY: Final = 80
MOST_DIGITS: Final = 40
_MOST_SCHEMA_BYTES: Final = 64_000
_MOST_SCHEMA_DEPTH: Final = 40
_MOST_PROBLEMS: Final = 8
_MOST_STEPS: Final = 5_000
_MOST_LETTER_STEPS: Final = 3_000_000
_DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
# In a path they part keys or begin a condition (`presion.sistolica>140`).
_NOT_IN_KEYS: Final = frozenset(".=<>:[]")
# What could go round the counting: other references, and what matches patterns by the library's own means.
_OUT_OF_REACH: Final = ("$dynamicRef", "$recursiveRef", "unevaluatedProperties", "unevaluatedItems")
_NAMED: Final = ("properties", "patternProperties", "$defs", "dependentSchemas", "dependentRequired")
_DATA: Final = ("enum", "const", "default", "examples")
_TYPES: Final = {
    "number": _("un número"),
    "integer": _("un número entero"),
    "string": _("un texto"),
    "boolean": _("verdadero o falso"),
    "array": _("una lista"),
    "object": _("un grupo de datos"),
    "null": _("nulo"),
}


def bounded(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes as stored: texts cleaned, within the bounds. Raises BadAttributes with every problem."""
    problems: list[str] = []
    made = _value(attributes, "", 0, _Budget(MOST_VALUES), problems)
    if not problems and len(json.dumps(made, ensure_ascii=False).encode()) > MOST_BYTES:
        problems.append(_("Los datos pasan de {} bytes.").format(MOST_BYTES))
    _settle(problems)
    found: dict[str, Any] = made
    return found


def _settle(problems: list[str]) -> None:
    if problems:
        more = _("Y {} más.").format(len(problems) - _MOST_PROBLEMS)
        told = problems[:_MOST_PROBLEMS] + [more] * (len(problems) > _MOST_PROBLEMS)
        raise BadAttributes(problems=" ".join(told))


class _TooMuch(Exception):  # noqa: N818 - ends a check, and is caught where it began
    """The budget is spent."""


class _Budget:
    """So many steps, and no more."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Raises _TooMuch once all are spent."""
        self._left -= steps
        if self._left < 0:
            raise _TooMuch


def _value(value: Any, path: str, depth: int, budget: _Budget, problems: list[str]) -> Any:
    """One value and all below it; what is wrong is told with its path."""
    try:
        budget.spend()
    except _TooMuch:
        raise BadAttributes(problems=_("Los datos son más de {}.").format(MOST_VALUES)) from None
    if depth > MOST_DEPTH:
        problems.append(_("{}: más de {} niveles.").format(path, MOST_DEPTH))
    elif isinstance(value, Mapping):
        return _object(value, path, depth, budget, problems)
    elif isinstance(value, list | tuple):
        return [_value(each, _below(path, n), depth + 1, budget, problems) for n, each in enumerate(value)]
    elif isinstance(value, str):
        return clean(value)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if value != value or abs(value) >= 10**MOST_DIGITS:
            problems.append(_("{}: no es un número que se pueda guardar.").format(path))
    elif value is not None and not isinstance(value, bool):
        problems.append(_("{}: no es un dato de JSON.").format(path))
    return value


def _object(value: Mapping[Any, Any], path: str, depth: int, budget: _Budget, problems: list[str]) -> Any:
    made: dict[str, Any] = {}
    for key, each in value.items():
        name = clean(key) if isinstance(key, str) else ""
        if not 1 <= len(name) <= MOST_KEY or has_control(name) or not _NOT_IN_KEYS.isdisjoint(name):
            said = _("«{}»: un nombre lleva de 1 a {} letras, sin . = < > : [ ].")
            problems.append(said.format(_below(path, str(key)[:MOST_KEY]), MOST_KEY))
        made[name] = _value(each, _below(path, name), depth + 1, budget, problems)
    return made


def _below(path: str, step: object) -> str:
    """`presion.sistolica`, `dosis[2]`: a place in the attributes."""
    if isinstance(step, int):
        return f"{path}[{step + 1}]"
    return f"{path}.{step}" if path else str(step)


def parsed(text: str | bytes) -> Any:
    """JSON without repeated keys and numbers that are none. Raises ValueError with where and why."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            keys = [key for key, _value in pairs]
            again = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(_("«{}» está dos veces.").format(again[:MOST_KEY]))
        return made

    def none(name: str) -> Any:
        raise ValueError(_("{} no es un número de JSON.").format(name))

    try:
        return json.loads(text, object_pairs_hook=once, parse_constant=none)
    except json.JSONDecodeError as wrong:
        said = _("No es JSON: línea {}, columna {}.").format(wrong.lineno, wrong.colno)
        raise ValueError(said) from None
    except RecursionError:
        raise ValueError(_("Tiene demasiados niveles.")) from None


def checked_schema(schema: Any) -> dict[str, Any]:
    """A schema that can be kept. Raises BadSchema with where it is wrong and why."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    if not isinstance(schema, dict):
        raise BadSchema(place="/", why=_("un esquema es un objeto de JSON"))
    if str(schema.get("$schema", _DRAFT)).rstrip("#") != _DRAFT:
        raise BadSchema(place="/$schema", why=_("se espera JSON Schema 2020-12"))
    if len(json.dumps(schema, ensure_ascii=False).encode()) > _MOST_SCHEMA_BYTES:
        raise BadSchema(place="/", why=_("pasa de {} bytes").format(_MOST_SCHEMA_BYTES))
    for place, key, value in _keywords(schema, "", 0):
        _demand_harmless(place, key, value, schema)
    meta = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    wrong = best_match(meta.iter_errors(schema))
    if wrong is not None:
        place = "/" + "/".join(map(str, wrong.absolute_path))
        raise BadSchema(place=place, why=_why(wrong))
    return schema


def _keywords(node: Any, place: str, depth: int, *, names: bool = False) -> Iterator[tuple[str, str, Any]]:
    """(place, keyword, value) of all that a schema says, at any depth; names and data are no keywords."""
    if depth > _MOST_SCHEMA_DEPTH:
        raise BadSchema(place=place[:200], why=_("tiene demasiados niveles"))
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in below:
        keyword = key if isinstance(key, str) and not names else ""
        if keyword:
            yield f"{place}/{key}", keyword, value
        if keyword not in _DATA:
            yield from _keywords(value, f"{place}/{key}", depth + 1, names=keyword in _NAMED)


def _demand_harmless(place: str, key: str, value: Any, schema: dict[str, Any]) -> None:
    """That a keyword neither leads outside nor matches what may take for ever. Raises BadSchema."""
    if key in _OUT_OF_REACH:
        raise BadSchema(place=place, why=_("no se admite"))
    if key == "$ref" and isinstance(value, str):
        _demand_inside(place, value, schema)
    patterns = [value] if key == "pattern" else list(value) if key == "patternProperties" else []
    for pattern in patterns if isinstance(value, str | dict) else []:
        try:
            compiled(pattern)
        except BadPattern as wrong:
            raise BadSchema(place=place, why=_("la expresión no se admite ({})").format(wrong)) from None


def _demand_inside(place: str, ref: str, schema: dict[str, Any]) -> None:
    """That a reference leads to a part of the same schema. Nothing is ever fetched."""
    if ref != "#" and not ref.startswith("#/"):
        raise BadSchema(place=place, why=_("una referencia queda dentro del esquema: #/$defs/…"))
    found: Any = schema
    for step in ref[2:].split("/") if ref != "#" else ():
        name = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or name not in found:
            raise BadSchema(place=place, why=_("no hay nada en {}").format(ref[:80]))
        found = found[name]


def check(attributes: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Raises BadAttributes with each attribute that the schema does not allow, by its path."""
    try:
        errors = sorted(_validator(schema).iter_errors(dict(attributes)), key=lambda each: each.json_path)
    except (_TooMuch, RecursionError):
        raise BadAttributes(
            problems=_("El esquema del tipo no se puede comprobar: pide demasiado.")
        ) from None
    _settle(list(dict.fromkeys(_told(each) for each in errors)))


class _Keywords:
    """Keywords done in place of the library's: references counted, patterns in linear time."""

    def __init__(self, plain_ref: Callable[..., Iterator[Any]], fault: Callable[..., Any]) -> None:
        self._steps, self._letters = _Budget(_MOST_STEPS), _Budget(_MOST_LETTER_STEPS)
        self._plain_ref, self._fault = plain_ref, fault

    def _matches(self, pattern: str, text: str) -> bool:
        made = compiled(pattern)
        self._letters.spend(made.size * (len(text) + 1))
        return made.found_in(text)

    def ref(self, validator: Any, where: str, instance: Any, schema: Any) -> Iterator[Any]:
        """`$ref`."""
        self._steps.spend()
        yield from self._plain_ref(validator, where, instance, schema)

    def pattern(self, _validator: Any, wanted: str, instance: Any, _schema: Any) -> Iterator[Any]:
        """`pattern`."""
        if isinstance(instance, str) and not self._matches(wanted, instance):
            yield self._fault(wanted)

    def by_pattern(self, validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[Any]:
        """`patternProperties`."""
        for key, value in instance.items() if isinstance(instance, dict) else ():
            for wanted, below in patterns.items():
                if self._matches(wanted, key):
                    yield from validator.descend(value, below, path=key, schema_path=wanted)

    def no_more(self, validator: Any, below: Any, instance: Any, schema: Any) -> Iterator[Any]:
        """`additionalProperties`."""
        named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for key, value in instance.items() if isinstance(instance, dict) else ():
            if key in named or any(self._matches(each, key) for each in patterns):
                continue
            if below is False:
                yield self._fault("", path=[key], validator="additionalProperties", validator_value=False)
            else:
                yield from validator.descend(value, below, path=key)


def _validator(schema: dict[str, Any]) -> Any:
    """The library's validator with those keywords, and nowhere to fetch anything from."""
    from jsonschema import Draft202012Validator, FormatChecker, ValidationError, validators
    from referencing import Registry

    own = _Keywords(Draft202012Validator.VALIDATORS["$ref"], ValidationError)
    replaced = {
        "$ref": own.ref,
        "pattern": own.pattern,
        "patternProperties": own.by_pattern,
        "additionalProperties": own.no_more,
    }
    made = validators.extend(Draft202012Validator, replaced)
    return made(schema, registry=Registry(), format_checker=FormatChecker(["date"]))


def _told(error: Any) -> str:
    """`presion.sistolica: no es un número.`"""
    path = ""
    for step in error.absolute_path:
        path = _below(path, step)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        told = [_("{}: falta.").format(_below(path, name)) for name in missing]
        return " ".join(told)
    return f"{path}: {_why(error)}." if path else f"{_why(error)[:1].upper()}{_why(error)[1:]}."


def _why(error: Any) -> str:
    """What is wrong with one value, in words."""
    keyword, wanted = error.validator, error.validator_value
    if keyword == "type":
        names = [wanted] if isinstance(wanted, str) else wanted
        return _("no es {}").format(_(" ni ").join(_TYPES.get(name, name) for name in names))
    if keyword == "enum":
        return _("no es uno de: {}").format(", ".join(str(each) for each in wanted)[:200])
    said = _WHY.get(keyword, _("no cumple «{keyword}»"))
    return said.format(wanted=str(wanted)[:80], keyword=keyword)


_WHY: Final = {
    "const": _("no es {wanted}"),
    "minimum": _("es menor que {wanted}"),
    "maximum": _("es mayor que {wanted}"),
    "exclusiveMinimum": _("no es mayor que {wanted}"),
    "exclusiveMaximum": _("no es menor que {wanted}"),
    "multipleOf": _("no es múltiplo de {wanted}"),
    "minLength": _("tiene menos de {wanted} letras"),
    "maxLength": _("tiene más de {wanted} letras"),
    "pattern": _("no tiene la forma {wanted}"),
    "format": _("no es una fecha (AAAA-MM-DD)"),
    "minItems": _("tiene menos de {wanted} elementos"),
    "maxItems": _("tiene más de {wanted} elementos"),
    "uniqueItems": _("tiene elementos repetidos"),
    "minProperties": _("tiene menos de {wanted} datos"),
    "maxProperties": _("tiene más de {wanted} datos"),
    "additionalProperties": _("no es un dato de este tipo"),
    "unevaluatedProperties": _("tiene datos que no son de este tipo"),
    "required": _("falta un dato"),
    "anyOf": _("no cumple ninguna de las formas admitidas"),
    "oneOf": _("no cumple una sola de las formas admitidas"),
    "not": _("tiene una forma que no se admite"),
}
