"""What was typed, understood: patients, ids, dates, texts. All problems are named at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import MAXYEAR, date, datetime, time
from typing import TYPE_CHECKING, Final
from uuid import UUID

from clinicdesk.kit.errors import InvalidInput
from clinicdesk.kit.ids import from_opaque
from clinicdesk.kit.words import _

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.agendas.rules import Half
    from clinicdesk.clinic.patients.queries import PatientRow
    from clinicdesk.clinic.records.plan import Late, Plan
    from clinicdesk.clinic.records.rules import DiagnosisEntry

DASH: Final = "-"
_ID_LETTERS: Final = 64
_MOST_BYTES: Final = 4_000_000


class Problems:
    """Gathers what is wrong, so that the person corrects it all in one go."""

    def __init__(self) -> None:
        self.found: list[str] = []

    @contextmanager
    def noted(self) -> Iterator[None]:
        """Keep the problems that the block raises, and go on."""
        try:
            yield
        except InvalidInput as wrong:
            self.found += wrong.problems

    def settle(self, *more: str) -> None:
        """Raises InvalidInput if anything was wrong."""
        if found := list(dict.fromkeys((*self.found, *more))):
            raise InvalidInput(*found)


def patient_of(call: Call, text: str) -> PatientRow:
    """The patient of DOCUMENT: a document, `HC 123` or an id. Raises PatientNotFound, InvalidInput.

    Not an act: what is then done with the patient is one, and what is shown comes through `opened`.
    """
    from clinicdesk.clinic.patients import queries

    if is_id(text):
        return call.desk.see(queries.reread, queries.PatientQuery(pair_of(text)[0]))
    return call.desk.see(queries.find, queries.DocumentQuery(text))


def is_id(text: str) -> bool:
    """Whether a text is an identifier, not a document."""
    return len(text) == _ID_LETTERS


def opened(call: Call, text: str) -> PatientRow:
    """The same to be shown, which is an act."""
    from clinicdesk.clinic.patients import queries

    return call.desk.see(queries.show, queries.PatientQuery(patient_of(call, text).patient_id))


def pair_of(text: str) -> tuple[UUID, UUID]:
    """The (patient, row) of an id as it was printed. Raises InvalidInput."""
    try:
        return from_opaque(text.strip())
    except ValueError:
        raise InvalidInput(_("«{text}» no es un identificador.").format(text=text[:_ID_LETTERS])) from None


def day_of(text: str | None) -> date | None:
    """A date as AAAA-MM-DD. Raises InvalidInput."""
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
        if found.year == MAXYEAR:  # its last day has no next one to reckon with
            raise ValueError(text)
        return found
    except ValueError:
        said = _("La fecha «{text}» no existe: se espera AAAA-MM-DD.").format(text=text[:40])
        raise InvalidInput(said) from None


def instant_of(text: str | None, zone: str) -> datetime | None:
    """A date or a time in ISO 8601; without an offset it is the clinic's wall time. Raises InvalidInput."""
    from clinicdesk.kit import clock

    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found if found.tzinfo else clock.instant(found, zone)
    except (ValueError, OverflowError):
        said = _("La fecha «{text}» no existe: se espera AAAA-MM-DD o AAAA-MM-DDTHH:MM.").format(
            text=text[:40]
        )
        raise InvalidInput(said) from None


def text_of(text: str | None) -> str:
    """A text as given, or all of stdin for `-`. Raises InvalidInput where that is not UTF-8 or too long."""
    if text != DASH:
        return text or ""
    raw = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(raw) > _MOST_BYTES:
        raise InvalidInput(_("El texto es demasiado largo."))
    try:
        return raw.decode()
    except UnicodeDecodeError as wrong:
        line = raw[: wrong.start].count(b"\n") + 1
        raise InvalidInput(
            _("El texto no es UTF-8: línea {line}, byte {byte}.").format(line=line, byte=wrong.start)
        ) from None


def diagnoses_of(given: Iterable[str]) -> tuple[DiagnosisEntry, ...]:
    """`I10,E11.9` or `I10 Hipertensión esencial`: CIE-10 codes, the first is the principal one.

    Raises InvalidInput with every code that is none.
    """
    from clinicdesk.clinic.records.rules import DiagnosisEntry, is_cie10

    problems = Problems()
    found: list[DiagnosisEntry] = []
    for part in (part.strip() for text in given for part in text.split(",")):
        code, _blank, said = part.partition(" ")
        if not part:
            continue
        if not is_cie10(code):
            problems.found.append(_("«{code}» no es un código CIE-10.").format(code=code[:40]))
        kind = "relacionado" if found else "principal"
        found.append(DiagnosisEntry(code.upper(), said.strip(), kind=kind))
    problems.settle()
    return tuple(found)


def plan_of(call: Call, treatment: Iterable[str], follow_up: Iterable[str]) -> Plan:
    """Treatments and controls as typed, of today. Raises InvalidInput with every one that is none."""
    from clinicdesk.cli.shapes import today_of
    from clinicdesk.clinic.records import plan_words
    from clinicdesk.clinic.records.plan import Plan
    from clinicdesk.clinic.sites import queries

    actor, today = call.session().actor, today_of(call)
    asked = list(follow_up)
    where = queries.SitesQuery(actor.at.clinic_id)
    names = (
        [(row.person_id, row.family) for row in call.desk.see(queries.list_doctors, where)] if asked else []
    )
    ordered = [plan_words.treatment_of(text, today) for text in treatment]
    due = [plan_words.follow_up_of(text, today, names, actor.person_id) for text in asked]
    if wrong := [each for each in (*ordered, *due) if isinstance(each, str)]:
        raise InvalidInput(*wrong)
    return Plan(
        tuple(each for each in ordered if not isinstance(each, str)),
        tuple(each for each in due if not isinstance(each, str)),
    )


def late_of(at: str | None, reason: str | None, zone: str) -> Late | None:
    """Another hour and why; a bare hour (`10:05`) is today's. Raises InvalidInput; one needs the other."""
    from clinicdesk.clinic.records.plan import Late
    from clinicdesk.kit import clock

    if at is None and reason is None:
        return None
    if at is None or not (reason or "").strip():
        raise InvalidInput(_("--at y --late van juntos: cuándo fue, y por qué se escribe después."))
    hour = at.strip()
    if ":" in hour and "-" not in hour:
        hour = f"{clock.local_day(clock.now(), zone).isoformat()}T{hour:0>5}"
    found = instant_of(hour, zone)
    return None if found is None else Late(found, reason or "")


WEEKDAYS: Final = (_("lun"), _("mar"), _("mié"), _("jue"), _("vie"), _("sáb"), _("dom"))
_PLAIN: Final = str.maketrans("áé", "ae")


def weekdays_of(text: str | None) -> tuple[int, ...]:
    """`lun,mié` or `1,3` as numbers, 1 Monday. Raises InvalidInput with each that is none."""
    return tuple(dict.fromkeys(_weekday(word.strip()) for word in (text or "").split(",") if word.strip()))


def _weekday(word: str) -> int:
    plain = word.lower().translate(_PLAIN)[:3]
    for number, name in enumerate(WEEKDAYS, 1):
        if plain == name.translate(_PLAIN) or word == str(number):
            return number
    raise InvalidInput(_("«{}» no es un día: lun, mar, mié, jue, vie, sáb o dom.").format(word))


def half_of(text: str | None) -> Half | None:
    """`am` or `pm`. Raises InvalidInput."""
    from clinicdesk.clinic.agendas.rules import Half

    try:
        return None if text is None else Half(text.strip().lower())
    except ValueError:
        raise InvalidInput(_("«{}» no es am (mañana) ni pm (tarde).").format(text)) from None


def time_of(text: str | None) -> time | None:
    """`9`, `9:30` or `09:30` as a wall time. Raises InvalidInput."""
    if text is None:
        return None
    hours, _colon, minutes = text.strip().partition(":")
    try:
        return time(int(hours), int(minutes or 0))
    except ValueError:
        raise InvalidInput(_("«{}» no es una hora: 9:30.").format(text)) from None
