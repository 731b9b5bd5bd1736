"""Acts as FHIR R4 AuditEvent, one resource a line (NDJSON), with the codes of DICOM, HL7 and FHIR."""

from __future__ import annotations

import contextlib
import re
from datetime import UTC
from functools import cache
from importlib import import_module
from ipaddress import ip_address
from typing import Any, BinaryIO, Final

from clinicdesk.clinic.audit.queries import ActRow
from clinicdesk.clinic.rights import Permission
from clinicdesk.exporters import Exporter
from clinicdesk.exporters._acts import Acts, username
from clinicdesk.kit import plugins
from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.sheet import Stamp, json_text
from clinicdesk.kit.words import _

_CLINIC: Final = "clinicdesk.clinic"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem/"
_DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_RESTFUL: Final = "http://hl7.org/fhir/restful-interaction"

_PURPOSES: Final = {
    "TREAT": "TREAT",
    "BTG": "BTG",
    "RESULT": "TREAT",
    "OPER": "PATADMIN",
    "ADMIN": "HSYSADMIN",
    "COPY": "PATRQT",
    "BATCH": "HOPERAT",
    "AUDIT": "HCOMPL",
}
# The word after the dot says what was done; any other changed what was there.
_ACTIONS: Final = {
    "safety_facts": "R",
    **dict.fromkeys(
        ("add", "add_own", "add_service", "register", "book", "book_series", "overbook", "overbook_beyond"),
        "C",
    ),
    **dict.fromkeys(("walk_in", "draft", "take", "sign", "sign_draft", "addend", "signed", "enter"), "C"),
    **dict.fromkeys(("cosign", "cosigned"), "C"),
    **dict.fromkeys(("open", "show", "find", "list", "more", "again", "items", "waiting", "access_log"), "R"),
    **dict.fromkeys(("merge_plan", "roll", "duplicates", "notices", "fallen", "fallen_by_edit"), "R"),
    **dict.fromkeys(("changes", "allergies"), "R"),
    **dict.fromkeys(("particular", "document", "issue"), "C"),
    **dict.fromkeys(("drop_draft", "void", "remove", "doubt"), "D"),
    **dict.fromkeys(
        ("search", "alike", "export", "certificate", "print", "verify", "verify_all", "check"), "E"
    ),
    **dict.fromkeys(("logout", "refused", "blocked", "install"), "E"),
}
_BY_NOUN: Final = {"day": "U", "import": "E", "report": "E", "install": "E", "login": "E", "session": "E"}
_INTERACTIONS: Final = {"C": "create", "R": "read", "U": "update", "D": "delete", "E": "operation"}
# DICOM's event types, the first that fits; None stands for any act of a patient, and then for any act.
_KINDS: Final = (
    (re.compile(r"(login|session)\b"), "110114", "User Authentication"),
    (re.compile(r"audit\."), "110101", "Audit Log Used"),
    (re.compile(r"user\.|.*\bbreak_glass$"), "110113", "Security Alert"),
    (re.compile(r".*\.(search|alike)$"), "110112", "Query"),
    (re.compile(r"import\."), "110107", "Import"),
    (re.compile(r"report\.|.*\.(export|certificate|print)$"), "110106", "Export"),
)
_SUBKINDS: Final = (
    (re.compile(r"login\b"), "110122", "Login"),
    (re.compile(r"session\.logout\b"), "110123", "Logout"),
    (re.compile(r"user\."), "110137", "User Security Attributes Changed"),
    (re.compile(r".*\bbreak_glass$"), "110127", "Emergency Override Started"),
)


def write(acts: Acts, _stamp: Stamp, out: BinaryIO) -> tuple[str, ...]:
    """Write an AuditEvent for each act."""
    for page in acts.pages:
        for act in page:
            out.write(json_text(event_of(act, acts)) + b"\n")
    return ()


def event_of(act: ActRow, acts: Acts) -> dict[str, Any]:
    """An act as an AuditEvent."""
    event: dict[str, Any] = {
        "resourceType": "AuditEvent",
        "id": str(act.key),
        "type": _kind(act),
        "subtype": _subkinds(act),
        "action": action_of(act.what),
        "recorded": act.at.astimezone(UTC).isoformat(),
        "outcome": _outcome(act.refusal),
        "outcomeDesc": act.refusal,
        "purposeOfEvent": [_concept("v3-ActReason", _PURPOSES.get(act.purpose, "HOPERAT"))],
        "agent": [_agent(act)],
        "source": _source(None if act.clinic_id is None else acts.clinics.get(act.clinic_id)),
        "entity": _entities(act),
    }
    return {name: value for name, value in event.items() if value}


def action_of(what: str) -> str:
    """C, R, U, D or E, by the name of the act."""
    noun, _dot, verb = what.partition(".")
    return _BY_NOUN.get(noun) or _ACTIONS.get(verb, "U")


def _kind(act: ActRow) -> dict[str, str]:
    for pattern, code, display in _KINDS:
        if pattern.match(act.what):
            return _coding(_DICOM, code, display)
    if act.patient_id is None:
        return _coding(_DICOM, "110100", "Application Activity")
    return _coding(_DICOM, "110110", "Patient Record")


def _subkinds(act: ActRow) -> list[dict[str, str]]:
    found = [
        _coding(_DICOM, code, display) for pattern, code, display in _SUBKINDS if pattern.match(act.what)
    ]
    interaction = _coding(_RESTFUL, _INTERACTIONS[action_of(act.what)])
    return [*(found or [interaction]), {"code": act.what}]


def _coding(system: str, code: str, display: str | None = None) -> dict[str, str]:
    return {"system": system, "code": code} | ({"display": display} if display else {})


def _concept(terms: str, code: str) -> dict[str, Any]:
    return {"coding": [_coding(_TERMS + terms, code)]}


@cache
def _forbidden() -> frozenset[str]:
    """Names of refusals that are a no to the person, not to what was typed."""
    for each in ("desk", *(f"{slice_}.errors" for slice_ in plugins.names(_CLINIC))):
        with contextlib.suppress(ModuleNotFoundError):  # what is no slice has no errors
            import_module(f"{_CLINIC}.{each}")
    found, left = set(), [Refusal]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if kind.exit is Exit.NOT_ALLOWED:
            found.add(kind.__name__)
    return frozenset(found)


def _outcome(refusal: str | None) -> str:
    """0 done, 4 refused for what was asked, 8 refused to who asked."""
    if refusal is None:
        return "0"
    return "8" if refusal in _forbidden() else "4"


def _agent(act: ActRow) -> dict[str, Any]:
    agent: dict[str, Any] = {
        "type": _concept("extra-security-role-type", "humanuser"),
        "who": {"identifier": {"value": username(act.person)}},
        "requestor": True,
    }
    if act.role:
        agent["role"] = [{"text": act.role}]
    if act.host.strip():
        agent["network"] = _network(act.host)
    return agent


def _network(host: str) -> dict[str, str]:
    """An address where the host names one (`desk-3/10.0.0.7`), else the machine's name."""
    for part in reversed(re.split(r"[/\s]", host)):
        try:
            return {"address": str(ip_address(part)), "type": "2"}
        except ValueError:
            continue
    return {"address": host, "type": "1"}


def _source(clinic: str | None) -> dict[str, Any]:
    source = {
        "observer": {"display": "clinicdesk"},
        "type": [_coding(f"{_TERMS}security-source-type", "4", "Application Server")],
    }
    return source | ({"site": clinic} if clinic else {})


def _entities(act: ActRow) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if act.patient_id is not None:
        patient = {"reference": f"Patient/{act.patient_id}"}
        found.append({"what": patient, **_part("1", "Person", "1", "Patient")})
    if act.subject and act.subject.strip():
        role = ("11", "Security User Entity") if act.what.startswith(("user.", "login")) else ("3", "Report")
        found.append({"name": act.subject, **_part("2", "System Object", *role)})
    return found


def _part(kind: str, kind_name: str, role: str, role_name: str) -> dict[str, Any]:
    return {
        "type": _coding(f"{_TERMS}audit-entity-type", kind, kind_name),
        "role": _coding(f"{_TERMS}object-role", role, role_name),
    }


EXPORTER: Final = Exporter(
    kind="acts",
    format="fhir",
    suffix=".ndjson",
    title=_("Actos en FHIR R4"),
    help=_("Un AuditEvent de FHIR R4 por renglón (NDJSON), para otro sistema de auditoría."),
    permission=Permission.AUDIT_READ,
    write=write,
)
