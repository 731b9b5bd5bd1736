"""What entries order and hold beyond their notes, as FHIR R4: treatments, controls, structured attributes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from clinicdesk.clinic.records.planning import FollowUpRow, TreatmentRow
from clinicdesk.clinic.records.queries import EntryRow
from clinicdesk.clinic.records.rules import UNSIGNED
from clinicdesk.clinic.records.wording import treatment_text
from clinicdesk.exporters._fhir import (
    OURS,
    Resource,
    bare,
    concept,
    extension,
    named_id,
    notes,
    present,
    reference,
    text,
)
from clinicdesk.exporters._fhir_held import Held
from clinicdesk.kit.words import _

_INTEGER: Final = 2**31


def treatment(row: TreatmentRow, held: Held, encounter: Resource | None, today: date) -> Resource:
    """A treatment as a plan of care: who ordered it, from when to when, why it ended."""
    ended = row.ended_on
    status = "revoked" if ended else "active" if row.is_active(today) else "completed"
    last = ended or row.until
    return bare(
        {
            "resourceType": "CarePlan",
            "id": str(row.id),
            "extension": present(
                extension("planned-until", "Date", row.until.isoformat() if ended and row.until else None)
            ),
            "status": status,
            "intent": "order",
            "category": [concept(_("Tratamiento"))],
            "description": text(row.what),
            "subject": held.subject,
            "encounter": encounter,
            "period": bare({"start": row.since.isoformat(), "end": last.isoformat() if last else None}),
            "author": held.practitioner(row.doctor),
            "note": notes(treatment_text(row), row.ended_why),
        }
    )


def follow_up(row: FollowUpRow, held: Held, encounter: Resource, today: date) -> Resource:
    """A control that an entry asks for; once its day has passed, nobody here knows what became of it."""
    return bare(
        {
            "resourceType": "ServiceRequest",
            "id": str(row.id),
            "status": "active" if row.due_on >= today else "unknown",
            "intent": "plan",
            "code": concept(_("Control")),
            "subject": held.subject,
            "encounter": encounter,
            "occurrenceDateTime": row.due_on.isoformat(),
            "performer": present(held.practitioner(row.doctor)),
            "note": notes(row.what),
        }
    )


def answers(entry: EntryRow, held: Held, encounter: Resource) -> Resource | None:
    """The structured attributes of an entry, each value with its type; None where it has none."""
    told = {name: value for name, value in entry.attributes.items() if name != UNSIGNED}
    if not told:
        return None
    version = f"|{entry.schema_version}" if entry.schema_version is not None else ""
    return bare(
        {
            "resourceType": "QuestionnaireResponse",
            "id": named_id("attributes", str(entry.id)),
            "questionnaire": f"{OURS}record-type:{entry.kind}{version}" if entry.kind.isalnum() else None,
            "status": "completed",
            "subject": held.subject,
            "encounter": encounter,
            "authored": held.at(entry.written_at or entry.at),
            "author": held.practitioner(entry.entered_by or entry.doctor),
            "item": list(_items("", told)),
        }
    )


def _items(path: str, told: Mapping[str, Any]) -> Iterator[Resource]:
    """An item for each name; its `linkId` is the path, `viajes.pais`."""
    for place, (name, value) in enumerate(told.items()):
        link = path + (text(str(name)) or str(place))
        yield from _item(link, str(name), value)


def _item(link: str, name: str, value: Any) -> Iterator[Resource]:
    """One item: an object is a group, each object of a list a group of its own."""
    if isinstance(value, Mapping):
        yield bare({"linkId": link, "text": text(name), "item": list(_items(f"{link}.", value))})
        return
    values: Sequence[Any] = value if isinstance(value, list | tuple) else [value]
    groups = [each for each in values if isinstance(each, Mapping | list | tuple)]
    plain = [answer for each in values if (answer := _answer(each))]
    if plain or not groups:
        yield bare({"linkId": link, "text": text(name), "answer": plain})
    for each in groups:
        yield from _item(link, name, each)


def _answer(value: Any) -> Resource | None:
    """A value of its type; nothing for a blank and for what has parts."""
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int) and abs(value) < _INTEGER:
        return {"valueInteger": value}
    if isinstance(value, int | float):
        return {"valueDecimal": value}
    said = text(value) if isinstance(value, str) else None
    return {"valueString": said} if said else None


def every_treatment(active: Iterable[TreatmentRow], entries: Iterable[EntryRow]) -> list[TreatmentRow]:
    """Those that are followed today and those of the entries, each once."""
    found = {row.id: row for row in active}
    for entry in entries:
        found |= {row.id: row for row in entry.treatments}
    return list(found.values())


def encounter_of(row: TreatmentRow, entries: set[Any]) -> Resource | None:
    """The entry of a treatment, where this document has it."""
    return reference(row.record_id) if row.record_id in entries else None
