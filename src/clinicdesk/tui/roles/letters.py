"""Certificates, referrals and study orders: asked in the reserved line, signed, saved as PDF, taken back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.letters import queries, rules, service
from clinicdesk.clinic.letters.queries import LetterRow
from clinicdesk.clinic.letters.rules import MOST_DAYS, MOST_TEXT, URGENCIES, LetterKind, Said
from clinicdesk.clinic.records.rules import DiagnosisEntry
from clinicdesk.clinic.rights import Permission
from clinicdesk.kit.sheet import write_atomically
from clinicdesk.kit.words import _
from clinicdesk.tui.roles.chart import ChartPane
from clinicdesk.tui.screens import ClinicScreen
from clinicdesk.tui.turn_verbs import NO_RIGHT

AGAIN: Final = "0"
"""Prints what is pointed at once more."""
LETTERS: Final = MappingProxyType(
    {
        "4": (_("certificado"), LetterKind.CERTIFICATE),
        "5": (_("interconsulta"), LetterKind.REFERRAL),
        "6": (_("estudios"), LetterKind.ORDER),
    }
)
"""Key → word and kind, beside the formats of a history."""
_DIAGNOSIS: Final = _("Diagnóstico que debe figurar (vacío, ninguno):")
_REASON: Final = range(5, 301)
_PICKED: Final = 7


@dataclass(frozen=True, slots=True)
class Around:
    """What a letter is made beside: a visit with the diagnoses and text of its note, signed or not.

    `replaces` is the number of the letter that it stands in for, taken back for `reason`.
    """

    visit_id: UUID | None = None
    stated: tuple[DiagnosisEntry, ...] = ()
    motive: str = ""
    note: str = ""
    replaces: int | None = None
    reason: str = ""


async def issue_letter(
    screen: ClinicScreen, patient_id: UUID, kind: LetterKind, around: Around | None = None
) -> service.LetterAnswer | None:
    """Ask what the kind needs and the password, and save the paper. Esc at any question issues nothing."""
    beside = around or Around()
    said = await _ASKED[kind](screen, beside)
    if said is None:
        return None
    order = service.IssueLetter(
        patient_id=patient_id,
        kind=kind.value,
        said=said,
        visit_id=beside.visit_id,
        codes=rules.quoted((each.code for each in beside.stated), said.diagnosis),
        replaces=beside.replaces,
        reason=beside.reason,
    )
    answer = await _signed(screen, order)
    if answer is not None:
        path = await _saved(screen, answer.patient_id, answer.number)
        screen.prompt.say(_("Emitido el n.º {}. Guardado en {}.").format(answer.number, path))
    return answer


async def _signed(screen: ClinicScreen, order: service.IssueLetter) -> service.LetterAnswer | None:
    ask = _("Emitir como {}. Clave").format(screen.actor.name)
    while (password := await screen.prompt.ask_secret(ask)) is not None:
        try:
            proof = await screen.link.prove(password, order.key)
        except LoginRefused:
            ask = _("La clave no es correcta. Nada se emitió. Clave")
            continue
        return await screen.do(service.issue_letter, replace(order, proof=proof))
    return None


async def _saved(screen: ClinicScreen, patient_id: UUID, number: int) -> Path:
    """The PDF in the account's home folder. The fonts are imported now, not before."""
    from clinicdesk.reports._letter import paper

    row = await screen.see(queries.paper, queries.LettersQuery(patient_id, number))
    path = Path.home() / f"clinicdesk-{row.kind}-{row.number}.pdf"

    def write() -> None:
        file, _missing = paper(row)
        write_atomically(path, lambda out: out.write(file))

    await screen.link.hop(write)
    return path


# Of the chart on the screen


def letter_words(screen: ClinicScreen, chart: ChartPane) -> dict[str, str]:
    """What `p` offers beside the history: the letter pointed at, and new ones to who writes them."""
    words = {}
    if chart.letter is not None and not chart.letter.gone:
        words[AGAIN] = chart.letter.title.lower()
    if screen.actor.may(Permission.NOTE_WRITE):
        words |= {key: word for key, (word, _kind) in LETTERS.items()}
    return words


async def print_letter(screen: ClinicScreen, chart: ChartPane, key: str) -> bool:
    """Print the letter pointed at once more, or issue one; False where the key is about no letter."""
    contents, row = chart.contents, chart.letter
    if contents is None or key not in {AGAIN, *LETTERS}:
        return False
    if key in LETTERS:
        await issue_letter(screen, contents.patient_id, LETTERS[key][1])
    elif row is not None:
        path = await _saved(screen, contents.patient_id, row.number)
        screen.prompt.say(_("Guardado en {}, tal como se emitió.").format(path))
    return True


def letter_hint(screen: ClinicScreen, chart: ChartPane) -> str:
    """What may be done with the letter that is read; "" of anything else."""
    if chart.letter is None or chart.letter.gone:
        return ""
    return _("p: imprimirlo. ") + (_("x: anularlo. ") if no_void(screen, chart) is None else "")


def no_void(screen: ClinicScreen, chart: ChartPane) -> str | None:
    """Why the letter pointed at cannot be taken back."""
    row = chart.letter
    if row is None or row.gone:
        return _("no hay un documento señalado")
    if row.voided_at is not None:
        return _("ya está anulado")
    if not screen.actor.may(Permission.NOTE_WRITE):
        return NO_RIGHT
    if row.author_id != screen.actor.person_id:
        return _("lo anula quien lo emitió")
    return screen.no_line()


async def void_letter(screen: ClinicScreen, chart: ChartPane) -> bool:
    """Take the letter pointed at back, with its reason; at will another one stands in for it."""
    contents, row = chart.contents, chart.letter
    if contents is None or row is None:
        return False
    reason = await screen.prompt.ask(_("Anular {}. Motivo:").format(row.title.lower()), check=_no_reason)
    if reason is None:
        return False
    ways = {"1": _("solo anular"), "2": _("emitir otro en su lugar")}
    way = await screen.prompt.pick(_("No se deshace. Enter anula."), ways, at_once=True, enter="1")
    if way is None:
        return False
    if way == "2":
        around = Around(replaces=row.number, reason=reason)
        return await issue_letter(screen, contents.patient_id, LetterKind(row.kind), around) is not None
    order = service.VoidLetter(patient_id=contents.patient_id, letter_id=row.id, reason=reason)
    answer = await screen.do(service.void_letter, order)
    screen.prompt.say(_("Anulado el n.º {}: queda en la historia, marcado.").format(answer.number))
    return True


def _no_reason(text: str) -> str | None:
    return None if len(text) in _REASON else _("El motivo lleva de 5 a 300 letras.")


# What each kind asks


def _days(text: str) -> str | None:
    """Why these are no days of rest."""
    if text.strip().isdigit() and int(text) <= MOST_DAYS:
        return None
    return _("Un número de 0 a {}.").format(MOST_DAYS)


async def _certificate(screen: ClinicScreen, around: Around) -> Said | None:
    ask = screen.prompt.ask
    days = await ask(_("Días de reposo (0, ninguno):"), check=_days)
    if days is None:
        return None
    asked = _("Texto (puede ir vacío):") if int(days) else _("Qué certifica:")
    text = await ask(asked, most=MOST_TEXT)
    diagnosis = await _certified(screen, around.stated) if text is not None else None
    if text is None or diagnosis is None:
        return None
    return Said(text=text, days=int(days), diagnosis=diagnosis)


async def _certified(screen: ClinicScreen, stated: tuple[DiagnosisEntry, ...]) -> str | None:
    """The diagnosis on a paper that leaves the clinic: none, unless one is chosen or typed."""
    if not stated:
        return await screen.prompt.ask(_DIAGNOSIS)
    offered = stated[:_PICKED]
    words = {"0": _("ninguno"), **{str(at): each.code for at, each in enumerate(offered, start=1)}}
    if len(offered) > 1:
        words["9"] = _("todos")
    key = await screen.prompt.pick(_("Diagnóstico que figura:"), words, at_once=True, enter="0")
    if key is None:
        return None
    return _said(offered if key == "9" else [each for at, each in enumerate(offered, 1) if str(at) == key])


async def _referral(screen: ClinicScreen, around: Around) -> Said | None:
    ask = screen.prompt.ask
    specialty = await ask(_("A qué especialidad:"))
    key = await screen.prompt.pick(_("Prioridad:"), _PRIORITIES, at_once=True) if specialty else None
    text = await ask(_("Motivo:"), default=around.motive, most=MOST_TEXT) if key else None
    diagnosis = await ask(_DIAGNOSIS, default=_said(around.stated)) if text else None
    summary = await _summary(screen, around.note) if diagnosis is not None else None
    if not specialty or not key or not text or diagnosis is None or summary is None:
        return None
    urgency = URGENCIES[int(key) - 1]
    return Said(text=text, specialty=specialty, urgency=urgency, summary=summary, diagnosis=diagnosis)


async def _summary(screen: ClinicScreen, note: str) -> str | None:
    """The note as it stands, words of one's own, or nothing."""
    key: str | None = "2"
    if note:
        ways = {"1": _("la nota como está"), "2": _("escribirlo"), "3": _("sin resumen")}
        key = await screen.prompt.pick(_("Resumen:"), ways, at_once=True, enter="1")
    if key == "2":
        return await screen.prompt.ask(_("Resumen (puede ir vacío):"), most=MOST_TEXT)
    return {"1": note[:MOST_TEXT], "3": ""}.get(key or "")


async def _order(screen: ClinicScreen, around: Around) -> Said | None:
    ask = screen.prompt.ask
    studies = await ask(_("Estudios, separados por punto y coma:"), most=MOST_TEXT)
    diagnosis = await ask(_DIAGNOSIS, default=_said(around.stated)) if studies else None
    if not studies or diagnosis is None:
        return None
    return Said(studies=tuple(studies.split(";")), diagnosis=diagnosis)


def _said(stated: tuple[DiagnosisEntry, ...] | list[DiagnosisEntry]) -> str:
    """`I10 HTA esencial; E11.9 DM2`."""
    return "; ".join(f"{each.code} {each.text}" for each in stated)


_PRIORITIES: Final = {str(place): name for place, name in enumerate(URGENCIES, start=1)}
_ASKED: Final[dict[LetterKind, Callable[[ClinicScreen, Around], Awaitable[Said | None]]]] = {
    LetterKind.CERTIFICATE: _certificate,
    LetterKind.REFERRAL: _referral,
    LetterKind.ORDER: _order,
}


def quotes_of(row: LetterRow, stated: tuple[DiagnosisEntry, ...]) -> str:
    """The codes of a letter that a note does not state, as what is left to do; "" for none."""
    codes = {each.code for each in stated}
    missing = ", ".join(code for code in row.codes if code not in codes)
    if not missing or row.voided_at is not None:
        return ""
    return _("Pendiente: {} dice {}, y esta nota no. No impide firmar.").format(row.title.lower(), missing)
