"""What makes a FHIR R4 document sound: valid by the published schema, its codes known, whole in itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any, Final
from xml.etree import ElementTree

from jsonschema import Draft6Validator

from clinicdesk.exporters import History, history_fhir
from clinicdesk.kit.sheet import Stamp
from tests.data import shared
from tests.exporters.histories import STAMP

Json = dict[str, Any]
# Value sets of required bindings, which the JSON schema leaves open, and what must be there (R4, 4.0.1).
_REQUEST: Final = frozenset(
    ["draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"]
)
_OBSERVED: Final = frozenset(
    ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"]
)
_MEDICATION: Final = frozenset(
    ["active", "on-hold", "cancelled", "completed", "entered-in-error", "stopped", "draft", "unknown"]
)
_INTENTS: Final = frozenset(["proposal", "plan", "order", "option"])
CODES: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("Composition", "status"): frozenset(["preliminary", "final", "amended", "entered-in-error"]),
    ("Composition", "confidentiality"): frozenset("ULMNRV"),
    ("Encounter", "status"): frozenset(["planned", "finished", "cancelled", "entered-in-error", "unknown"]),
    ("CarePlan", "status"): _REQUEST,
    ("CarePlan", "intent"): _INTENTS,
    ("ServiceRequest", "status"): _REQUEST,
    ("ServiceRequest", "intent"): _INTENTS | {"directive"},
    ("MedicationRequest", "status"): _MEDICATION,
    ("MedicationRequest", "intent"): _INTENTS,
    ("DocumentReference", "status"): frozenset(["current", "superseded", "entered-in-error"]),
    ("Observation", "status"): _OBSERVED | {"unknown"},
    ("DiagnosticReport", "status"): _OBSERVED | {"partial", "appended", "unknown"},
    ("QuestionnaireResponse", "status"): frozenset(
        ["in-progress", "completed", "amended", "entered-in-error", "stopped"]
    ),
    ("Coverage", "status"): frozenset(["active", "cancelled", "draft", "entered-in-error"]),
}
DEMANDED: Final[dict[str, tuple[str, ...]]] = {
    "Composition": ("status", "type", "date", "author", "title", "subject", "section"),
    "Encounter": ("status", "class", "subject"),
    "Condition": ("subject",),
    "CarePlan": ("status", "intent", "subject"),
    "ServiceRequest": ("status", "intent", "subject"),
    "MedicationRequest": ("status", "intent", "medicationCodeableConcept", "subject"),
    "DocumentReference": ("status", "content"),
    "Observation": ("status", "code"),
    "DiagnosticReport": ("status", "code"),
    "AllergyIntolerance": ("patient", "clinicalStatus"),
    "Provenance": ("target", "recorded", "agent", "signature"),
    "Coverage": ("status", "beneficiary", "payor"),
    "QuestionnaireResponse": ("status", "item"),
}
# In a document these may stand though no section leads to them.
_UNLED: Final = frozenset({"Provenance", "Binary"})


@cache
def schema() -> Json:
    """FHIR's own JSON schema."""
    found: Json = json.loads(shared("fhir-r4-schema", "fhir-r4.schema.json").read_text("utf-8"))
    return found


@cache
def validator(name: str) -> Draft6Validator:
    """Of one kind of resource."""
    return Draft6Validator({**schema(), "oneOf": [{"$ref": f"#/definitions/{name}"}]})


def shape(value: Any) -> Any:
    """The structure of a value without what it says: what is alike here is alike to the schema."""
    if isinstance(value, dict):
        return tuple((name, shape(held)) for name, held in sorted(value.items()))
    if isinstance(value, list):
        return tuple(sorted({repr(shape(held)) for held in value}))
    return (type(value).__name__, value == "")


def faults(bundle: Json, *, every: bool = True) -> list[str]:
    """What a document breaks: the frame, then each resource (one of each shape, unless `every`)."""
    frame = {**bundle, "entry": [{"fullUrl": each["fullUrl"]} for each in bundle["entry"]]}
    found = [error.message[:300] for error in validator("Bundle").iter_errors(frame)]
    seen: set[str] = set()
    for each in bundle["entry"]:
        resource = each["resource"]
        found += _bad_codes(resource)
        like = repr(shape(resource))
        if every or like not in seen:
            found += _invalid(resource)
        seen.add(like)
    return found


def _invalid(resource: Json) -> Iterator[str]:
    for error in validator(resource["resourceType"]).iter_errors(resource):
        deep = [inner.message[:200] for inner in error.context or ()]
        yield f"{resource['resourceType']}: {deep or error.message[:300]}"


def _bad_codes(resource: Json) -> Iterator[str]:
    kind = resource["resourceType"]
    for name in DEMANDED.get(kind, ()):
        if not resource.get(name):
            yield f"{kind} without {name}"
    for (whose, name), known in CODES.items():
        if whose == kind and name in resource and resource[name] not in known:
            yield f"{kind}.{name} is {resource[name]}"


def unresolved(bundle: Json) -> list[str]:
    """References that lead out of the document, and resources that nothing leads to."""
    held = {each["fullUrl"]: each["resource"]["resourceType"] for each in bundle["entry"]}
    named = {url for each in bundle["entry"] for url in references(each["resource"])}
    first = bundle["entry"][0]["fullUrl"]
    unled = {url for url, kind in held.items() if kind not in _UNLED} - named - {first}
    return sorted(named - held.keys()) + sorted(unled)


def references(value: Any) -> Iterator[str]:
    """Every reference in a value."""
    if isinstance(value, dict):
        for name, held in value.items():
            if name == "reference":
                yield held
            else:
                yield from references(held)
    elif isinstance(value, list):
        for held in value:
            yield from references(held)


def narratives(value: Any) -> Iterator[str]:
    """Every narrative in a value."""
    if isinstance(value, dict):
        for name, held in value.items():
            if name == "div":
                yield held
            else:
                yield from narratives(held)
    elif isinstance(value, list):
        for held in value:
            yield from narratives(held)


def sound(bundle: Json, *, every: bool = True) -> Json:
    """The document, once it has been found valid and whole."""
    assert faults(bundle, every=every) == []
    assert bundle["entry"][0]["resource"]["resourceType"] == "Composition"
    assert unresolved(bundle) == []
    for div in narratives(bundle):
        ElementTree.fromstring(div)
    urls = [each["fullUrl"] for each in bundle["entry"]]
    assert len(urls) == len(set(urls))
    for each in bundle["entry"]:
        assert each["fullUrl"] == f"urn:uuid:{each['resource']['id']}"
    return bundle


def read(made: History, stamp: Stamp = STAMP) -> Json:
    """The document written."""
    out = BytesIO()
    assert history_fhir.EXPORTER.write(made, stamp, out) == ()
    loaded: Json = json.loads(out.getvalue())
    return loaded


def of(bundle: Json, kind: str) -> list[Json]:
    """The resources of a kind."""
    found = (each["resource"] for each in bundle["entry"])
    return [each for each in found if each["resourceType"] == kind]
