"""Acts as FHIR R4 AuditEvent: valid by the published schema, coded as others read them."""

from __future__ import annotations

import io
import json
import re
from functools import cache
from typing import Any, Final

import pytest

from clinicdesk.clinic.usecases import View
from clinicdesk.exporters.acts_fhir import EXPORTER, action_of, event_of
from tests.clinic import catalogue
from tests.data import shared
from tests.exporters.acts import PATIENT, STAMP, VARIED, act, acts_of


@cache
def schema() -> dict[str, Any]:
    """FHIR's own JSON schema."""
    found: dict[str, Any] = json.loads(shared("fhir-r4-schema", "fhir-r4.schema.json").read_text("utf-8"))
    return found


def faults(value: Any, rule: dict[str, Any], path: str = "") -> list[str]:
    """What a value breaks of a rule: as much of JSON Schema as FHIR's file uses for AuditEvent."""
    if "$ref" in rule:
        return faults(value, schema()["definitions"][rule["$ref"].rpartition("/")[2]], path)
    found = []
    if "const" in rule and value != rule["const"]:
        found.append(f"{path} is not {rule['const']}")
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{path} is none of {rule['enum']}")
    if "pattern" in rule and not re.fullmatch(rule["pattern"], _text(value)):
        found.append(f"{path}: {value!r} does not fit {rule['pattern']}")
    if "properties" in rule:
        found += _object_faults(value, rule, path)
    if rule.get("type") == "array" or "items" in rule:
        found += [
            each for n, held in enumerate(value) for each in faults(held, rule["items"], f"{path}[{n}]")
        ]
        found += [] if value else [f"{path} is empty"]
    return found


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _object_faults(value: Any, rule: dict[str, Any], path: str) -> list[str]:
    if not isinstance(value, dict) or not value:
        return [f"{path} is no object"]
    missing = [f"{path} lacks {name}" for name in rule.get("required", ()) if name not in value]
    strange = [f"{path}.{name} is unknown" for name in value if name not in rule["properties"]]
    held = [
        each
        for name, part in value.items()
        if name in rule["properties"]
        for each in faults(part, rule["properties"][name], f"{path}.{name}")
    ]
    return [*missing, *strange, *held]


def events() -> list[dict[str, Any]]:
    """All acts as the file holds them."""
    out = io.BytesIO()
    EXPORTER.write(acts_of(*VARIED), STAMP, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("number", range(len(VARIED)))
def test_each_is_a_valid_audit_event(number: int) -> None:
    assert faults(events()[number], {"$ref": "#/definitions/AuditEvent"}) == []


@pytest.mark.parametrize(
    "harm",
    [
        lambda event: event.pop("agent"),
        lambda event: event.update(action="X"),
        lambda event: event.update(recorded="ayer"),
        lambda event: event["source"].pop("observer"),
        lambda event: event.update(other=1),
        lambda event: event["type"].update(code=""),
    ],
)
def test_the_check_would_see(harm: Any) -> None:
    event = events()[0]
    harm(event)
    assert faults(event, {"$ref": "#/definitions/AuditEvent"}) != []


def test_who_what_whom_why_from_where() -> None:
    event = event_of(VARIED[0], acts_of())
    assert event["type"]["code"] == "110110"
    assert [each["code"] for each in event["subtype"]] == ["read", "chart.open"]
    assert event["action"] == "R"
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    assert event["agent"][0]["who"]["identifier"]["value"] == "lpaz"
    assert event["entity"][0]["what"] == {"reference": f"Patient/{PATIENT}"}
    assert event["source"]["site"] == "NORTE"


KINDS: Final = [
    (1, "110114", "110122", "E"),
    (2, "110113", "110137", "U"),
    (3, "110113", "110127", "U"),
    (5, "110106", "operation", "E"),
    (6, "110114", "110122", "E"),
    (7, "110110", "delete", "D"),
    (8, "110114", "110123", "E"),
    (9, "110112", "operation", "E"),
]


@pytest.mark.parametrize(("number", "kind", "subkind", "action"), KINDS)
def test_kinds(number: int, kind: str, subkind: str, action: str) -> None:
    event = events()[number]
    assert (event["type"]["code"], event["subtype"][0]["code"], event["action"]) == (kind, subkind, action)


def test_a_no_to_the_person_weighs_more_than_one_to_what_was_typed() -> None:
    assert [event["outcome"] for event in events()] == ["0", "0", "0", "8", "4", "0", "8", "0", "0", "0"]


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("desk-3/10.0.0.7", {"address": "10.0.0.7", "type": "2"}),
        ("192.0.2.4 escritorio", {"address": "192.0.2.4", "type": "2"}),
        ("::1", {"address": "::1", "type": "2"}),
        ("recepción", {"address": "recepción", "type": "1"}),
    ],
)
def test_where_from(host: str, network: dict[str, str]) -> None:
    assert event_of(act(host=host), acts_of())["agent"][0]["network"] == network


def test_views_read_and_use_cases_change() -> None:
    for name, function in catalogue.functions().items():
        if function.act:
            wanted = "RE" if isinstance(function, View) else "CUDE"
            assert action_of(name) in wanted, name
