"""Notes, letters and files of a history as FHIR R4 documents, and the provenance of their signatures."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.attachments.queries import AttachmentRow
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.letters.rules import TITLES
from clinicdesk.clinic.letters.wording import standing_words
from clinicdesk.clinic.patients.misplaced import origin_words
from clinicdesk.clinic.records import cosigning
from clinicdesk.clinic.records.queries import CosignRow, EntryRow, NoteRow, Standing
from clinicdesk.clinic.records.rules import COSIGNED, UNSIGNED
from clinicdesk.exporters._fhir import (
    LOINC,
    OURS,
    TERMS,
    URIS,
    Resource,
    bare,
    coding,
    concept,
    extension,
    named_id,
    present,
    reference,
    text,
)
from clinicdesk.exporters._fhir_held import Held
from clinicdesk.kit.words import _

_FINAL: Final = (Standing.SIGNED, Standing.COSIGNED)
_PLAIN: Final = "text/plain; charset=utf-8"
NOTE_HASH: Final = "application/x-clinicdesk-note-hash"
LETTER_HASH: Final = "application/x-clinicdesk-letter-hash"
# What a signature is for, by the codes of ASTM E1762.
_ASTM: Final = "urn:iso-astm:E1762-95:2013"
_AUTHOR: Final = ("1.2.840.10065.1.12.1.1", "Author's Signature")
_VERIFIES: Final = ("1.2.840.10065.1.12.1.5", "Verification Signature")
_REVIEWS: Final = ("1.2.840.10065.1.12.1.13", "Review Signature")
_ADDS: Final = ("1.2.840.10065.1.12.1.15", "Addendum Signature")
_LETTERS: Final = MappingProxyType({"interconsulta": ("57133-1", "Referral note")})


def note_id(note: UUID) -> str:
    """A note of an entry signed later has the entry's id: here each has its own."""
    return named_id("note", str(note))


def note(row: NoteRow, entry: EntryRow, held: Held) -> Resource:
    """A signed note: its text as bytes, unchanged; who signed it; what it adds to."""
    author = held.practitioner(row.author_name, row.author_license)
    sort = ("81222-2", "Addendum Document") if row.amends_id else ("11506-3", "Progress note")
    made = {
        "resourceType": "DocumentReference",
        "id": note_id(row.id),
        "masterIdentifier": {"system": URIS, "value": f"urn:uuid:{row.id}"},
        "identifier": [{"system": f"{OURS}note-chain:sha256", "value": row.hash.hex()}],
        "status": "current",
        "docStatus": "final" if row.standing in _FINAL else "preliminary",
        "type": concept(None, coding(LOINC, *sort)),
        "subject": held.subject,
        "date": held.at(row.signed_at),
        "author": present(author),
        "authenticator": author,
        "description": text("\n".join(_cosigned(row, held))),
        "relatesTo": _added_to(row, entry),
        "content": [_said(row.text)],
        "context": {"encounter": [reference(entry.id)]},
    }
    target = held.add(bare(made))
    why = _ADDS if row.amends_id else _AUTHOR
    _signed(held, target, row.id, row.signed_at, (row.author_name, row.author_license), why, row.hash)
    for said in row.cosignatures:
        _cosign(said, target, held)
    return target


def _cosigned(row: NoteRow, held: Held) -> Iterable[str]:
    """Who supervised it, and what it still waits for."""
    for each in row.cosignatures:
        yield cosigning.cosign_words(each, held.wall(each.at))
    yield cosigning.standing_words(row)


def _cosign(row: CosignRow, target: Resource, held: Held) -> None:
    why = _VERIFIES if row.verdict == COSIGNED else _REVIEWS
    _signed(held, target, row.hash.hex(), row.at, (row.person_name, row.person_license), why, row.hash)


def _added_to(row: NoteRow, entry: EntryRow) -> list[Resource]:
    if row.amends_id is None or all(each.id != row.amends_id for each in entry.notes):
        return []
    return [{"code": "appends", "target": reference(note_id(row.amends_id))}]


def unsigned(entry: EntryRow, held: Held) -> Resource | None:
    """The text of an entry that waits for its doctor's signature."""
    waiting = entry.attributes.get(UNSIGNED)
    if waiting is None:
        return None
    made = {
        "resourceType": "DocumentReference",
        "id": named_id("unsigned", str(entry.id)),
        "status": "current",
        "docStatus": "preliminary",
        "type": concept(None, coding(LOINC, "11506-3", "Progress note")),
        "subject": held.subject,
        "date": held.at(entry.written_at or entry.at),
        "author": present(held.practitioner(entry.entered_by or entry.doctor)),
        "description": _("Sin firmar"),
        "content": [_said(str(waiting))],
        "context": {"encounter": [reference(entry.id)]},
    }
    return held.add(bare(made))


def letter(row: LetterRow, held: Held, others: Mapping[int, UUID]) -> Resource:
    """A certificate, referral or order as it was issued; one taken back, or of another person, says why.

    `others` are the letters of this document by number: it points to the one that it replaces.
    """
    code = _LETTERS.get(row.kind)
    title = next((said for kind, said in TITLES.items() if kind.value == row.kind), row.kind)
    author = held.practitioner(row.author_name, row.author_license)
    holds = row.voided_at is None and not row.gone
    replaced = others.get(row.replaces) if row.replaces is not None and not row.gone else None
    named = ", ".join((row.patient_name, row.patient_document))
    made = {
        "resourceType": "DocumentReference",
        "id": letter_id(row.id),
        "masterIdentifier": {"system": URIS, "value": f"urn:uuid:{row.id}"},
        "identifier": [
            {"system": f"{OURS}letter", "value": str(row.number)},
            {"system": f"{OURS}letter:sha256", "value": row.hash.hex()},
        ],
        "status": "current" if holds else "entered-in-error",
        "docStatus": "final" if holds else "entered-in-error",
        "type": concept(title, coding(LOINC, *code) if code else None),
        "subject": held.subject,
        "date": held.at(row.issued_at),
        "author": present(author),
        "authenticator": author,
        "custodian": held.organization(row.clinic_name),
        "relatesTo": [{"code": "replaces", "target": reference(letter_id(replaced))}] if replaced else [],
        "description": _why_not(row, held),
        "content": [_said(row.text or standing_words(row))],
        "context": {"sourcePatientInfo": {"display": text(named)}},
    }
    target = held.add(bare(made))
    if row.gone:
        return target
    who = (row.author_name, row.author_license)
    _signed(held, target, row.id, row.issued_at, who, _AUTHOR, row.hash, LETTER_HASH)
    return target


def letter_id(letter: UUID) -> str:
    """A letter may be of any id: here each has its own."""
    return named_id("letter", str(letter))


def _why_not(row: LetterRow, held: Held) -> str | None:
    """Why a letter does not hold; None of one that does."""
    said = [row.misplaced.words] if row.misplaced is not None else []
    if row.voided_at is not None and not row.gone:
        said.append(_("Anulado el {at}: {why}").format(at=held.wall(row.voided_at), why=row.void_reason))
    return text("\n".join(said)) if said else None


def binary_id(row: AttachmentRow) -> str:
    """The id of a file's bytes."""
    return named_id("binary", str(row.id))


def attachment(row: AttachmentRow, held: Held, encounter: Resource | None, *, inside: bool) -> Resource:
    """What is known of a file; `inside` says that its bytes are a Binary of this document.

    Attachment.hash is of SHA-1, which nobody keeps: the SHA-256 stands in an extension.
    """
    voided = _("Anulado el {at} por {who}: {why}")
    said = [row.described, origin_words(row.own_chart, row.misplaced)]
    if row.voided_at:
        said.append(voided.format(at=held.wall(row.voided_at), who=row.voided_by, why=row.voided_reason))
    content = {
        "extension": present(
            extension("sha256", "String", row.sha256.hex()),
            extension("width-pixels", "PositiveInt", row.width),
            extension("height-pixels", "PositiveInt", row.height),
        ),
        "contentType": text(row.media_type),
        "url": f"urn:uuid:{binary_id(row)}" if inside else None,
        "size": row.size_bytes,
        "title": text(row.name),
        "creation": held.at(row.at),
    }
    made = {
        "resourceType": "DocumentReference",
        "id": named_id("attachment", str(row.id)),
        "masterIdentifier": {"system": URIS, "value": f"urn:uuid:{row.id}"},
        "status": "entered-in-error" if row.voided_at else "current",
        "type": concept(_("Adjunto"), coding(LOINC, "77599-9", "Additional documentation")),
        "subject": held.subject,
        "date": held.at(row.at),
        "author": present(held.practitioner(row.person)),
        "description": text("\n".join(filter(None, said))),
        "content": [{"attachment": bare(content)}],
        "context": {"encounter": [encounter]} if encounter else None,
    }
    return held.add(bare(made))


def _said(body: str) -> Resource:
    """A text as bytes, letter by letter."""
    data = base64.b64encode(body.encode("utf-8", "replace")).decode()
    return {"attachment": {"contentType": _PLAIN, "data": data}}


def _signed(
    held: Held,
    target: Resource,
    key: object,
    at: datetime,
    who: tuple[str, str],
    why: tuple[str, str],
    digest: bytes,
    sort: str = NOTE_HASH,
) -> None:
    """Who signed a document and when; the data of the signature is its digest, in a chain where notes are."""
    signer = held.somebody(*who)
    held.add(
        {
            "resourceType": "Provenance",
            "id": named_id("signature", str(key), why[0], sort),
            "target": [target],
            "recorded": held.at(at),
            "activity": concept(None, coding(f"{TERMS}v3-DocumentCompletion", "LA", "legally authenticated")),
            "agent": [{"type": concept(None, _role(why)), "who": signer}],
            "signature": [
                {
                    "type": [coding(_ASTM, *why)],
                    "when": held.at(at),
                    "who": signer,
                    "targetFormat": _PLAIN,
                    "sigFormat": sort,
                    "data": base64.b64encode(digest).decode(),
                }
            ],
        }
    )


def _role(why: tuple[str, str]) -> Resource:
    code = "author" if why in (_AUTHOR, _ADDS) else "verifier"
    return coding(f"{TERMS}provenance-participant-type", code)
