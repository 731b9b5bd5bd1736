"""Attributes: bounds for all, a JSON schema for a type; each problem by its path, and nothing that hangs."""

from __future__ import annotations

import re
import socket
import time
from typing import Any, Final

import pytest

from clinicdesk.clinic.records import schemas
from clinicdesk.clinic.records.errors import BadAttributes, BadSchema

SCHEMA: Final = {
    "type": "object",
    "required": ["presion"],
    "properties": {
        "presion": {
            "type": "object",
            "required": ["sistolica"],
            "properties": {"sistolica": {"type": "number", "minimum": 40}, "brazo": {"enum": ["izq", "der"]}},
            "additionalProperties": False,
        },
        "dia": {"format": "date"},
        "dosis": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
        "clave": {"pattern": "^(a+)+$"},
    },
    "patternProperties": {"^x-": {"type": "string"}},
}


@pytest.mark.parametrize(
    "attributes",
    [
        {"presion": {"sistolica": 120}},
        {"presion": {"sistolica": 120.5, "brazo": "izq"}, "dia": "2026-02-28", "dosis": [1, 2], "x-a": "b"},
        {"presion": {"sistolica": 120}, "otro": {"de": ["todo", None, True]}},
    ],
)
def test_what_the_schema_allows_passes(attributes: dict[str, Any]) -> None:
    schemas.check(schemas.bounded(attributes), schemas.checked_schema(SCHEMA))


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({}, "presion: falta."),
        ({"presion": {}}, "presion.sistolica: falta."),
        ({"presion": {"sistolica": "alta"}}, "presion.sistolica: no es un número."),
        ({"presion": {"sistolica": 12}}, "presion.sistolica: es menor que 40."),
        ({"presion": {"sistolica": 120, "brazo": "no"}}, "presion.brazo: no es uno de: izq, der."),
        ({"presion": {"sistolica": 120, "pie": 1}}, "presion.pie: no es un dato de este tipo."),
        ({"presion": {"sistolica": 99}, "dia": "2026-02-30"}, "dia: no es una fecha (AAAA-MM-DD)."),
        ({"presion": {"sistolica": 99}, "dosis": [1, "b"]}, "dosis[2]: no es un número entero."),
        ({"presion": {"sistolica": 99}, "x-a": 3}, "x-a: no es un texto."),
    ],
)
def test_what_it_does_not_allow_is_named_by_its_path(attributes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadAttributes, match=f"^{re.escape(said)}$"):
        schemas.check(schemas.bounded(attributes), SCHEMA)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ([], "en /: un esquema es un objeto"),
        ({"type": "objeto"}, "en /type:"),
        ({"properties": {"a": 3}}, "en /properties/a:"),
        ({"enum": 3}, "en /enum: no es una lista"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "en /$schema:"),
        ({"properties": {"a": {"$ref": "https://ejemplo.invalid/x.json"}}}, "en /properties/a/$ref:"),
        ({"$ref": "otro.json#/a"}, "en /$ref:"),
        ({"$ref": "#/$defs/nada"}, "no hay nada en #/$defs/nada"),
        ({"properties": {"a": {"pattern": "(?=a)"}}}, "en /properties/a/pattern: la expresión"),
        ({"unevaluatedProperties": False}, "en /unevaluatedProperties:"),
        ({"title": "x" * 70_000}, "pasa de 64000 bytes"),
    ],
)
def test_a_schema_that_cannot_be_kept_says_where(
    schema: Any, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dialled(*_where: object) -> None:
        raise AssertionError("a schema made the program call somebody")

    monkeypatch.setattr(socket.socket, "connect", dialled)
    with pytest.raises(BadSchema, match=re.escape(said)):
        schemas.checked_schema(schema)


def test_a_property_may_be_called_as_a_keyword() -> None:
    schema = {
        "properties": {"pattern": {"type": "string"}, "$ref": {"type": "number"}},
        "enum": [{"pattern": "("}],
    }
    assert schemas.checked_schema(schema) == schema


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {
            "$ref": "#/$defs/d0",
            "$defs": {"d30": {}}
            | {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)},
        },
        {"properties": {"a": {"items": {"pattern": "^(a{0,30}){0,30}b$"}}}},
    ],
    ids=["round in a circle", "doubled thirty times", "a pattern with many states"],
)
def test_a_schema_that_would_hang_the_desk_is_cut_off(schema: dict[str, Any]) -> None:
    started = time.process_time()
    with pytest.raises(BadAttributes, match="pide demasiado"):
        schemas.check({"a": ["a" * 2_000] * 20}, schemas.checked_schema(schema))
    assert time.process_time() - started < 10


def deep(levels: int) -> dict[str, Any]:
    return {"a": deep(levels - 1)} if levels else {}


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        (deep(9), "más de 8 niveles"),
        ({"a.b": 1}, "«a.b»: un nombre lleva"),
        ({"": 1}, "«»: un nombre lleva"),
        ({"a": {"b\x1b": 1}}, "«a.b\x1b»"),
        ({"a": float("nan")}, "a: no es un número"),
        ({"a": [1, float("inf")]}, "a[2]: no es un número"),
        ({"a": 10**50}, "a: no es un número"),
        ({"a": list(range(3_000))}, "más de 2000"),
        ({"a": "y" * 70_000}, "64000 bytes"),
    ],
)
def test_attributes_have_bounds(attributes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadAttributes) as refused:
        schemas.bounded(attributes)
    assert said in str(refused.value)


def test_texts_are_kept_as_they_can_be_stored() -> None:
    assert schemas.bounded({"a": "n\x00o", "b": ["cafe\u0301"]}) == {"a": "n�o", "b": ["café"]}
    assert schemas.bounded(deep(8)) == deep(8)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "«a» está dos veces"),
        ('{"a": NaN}', "NaN no es un número"),
        ('{"a": 1', "línea 1, columna 8"),
        ("[" * 100_000, "niveles"),
    ],
)
def test_json_that_says_two_things_or_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        schemas.parsed(text)
