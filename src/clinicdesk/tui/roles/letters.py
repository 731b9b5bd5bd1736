"""Certificates, referrals and study orders from a chart: asked in the reserved line, signed, saved as PDF."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from clinicdesk.clinic.access.errors import LoginRefused
from clinicdesk.clinic.letters import queries, service
from clinicdesk.clinic.letters.rules import MOST_DAYS, URGENCIES, LetterKind, Said
from clinicdesk.clinic.patients.queries import PatientRow
from clinicdesk.kit.sheet import Stamp, write_atomically
from clinicdesk.kit.words import _
from clinicdesk.tui.screens import ClinicScreen

LETTERS: Final = MappingProxyType(
    {
        "4": (_("certificado"), LetterKind.CERTIFICATE),
        "5": (_("interconsulta"), LetterKind.REFERRAL),
        "6": (_("estudios"), LetterKind.ORDER),
    }
)
"""Key → word and kind, beside the formats of a history."""
_DIAGNOSIS: Final = _("Diagnóstico que debe figurar (vacío, ninguno):")


async def issue_letter(screen: ClinicScreen, patient: PatientRow, kind: LetterKind) -> None:
    """Ask what the kind needs and the password, and save the paper. Esc at any question issues nothing."""
    said = await _ASKED[kind](screen)
    if said is None:
        return
    order = service.IssueLetter(patient_id=patient.patient_id, kind=kind.value, said=said)
    answer = await _signed(screen, order)
    if answer is None:
        return
    path = await _saved(screen, answer)
    screen.prompt.say(_("Emitido el n.º {}. Guardado en {}.").format(answer.number, path))


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


async def _saved(screen: ClinicScreen, answer: service.LetterAnswer) -> Path:
    """The PDF in the account's home folder. The fonts are imported now, not before."""
    from clinicdesk.reports._letter import paper

    row = await screen.see(queries.paper, queries.LettersQuery(answer.patient_id, answer.number))
    at = screen.actor.at
    stamp = Stamp(screen.actor.name, screen.now().astimezone(ZoneInfo(at.zone)), at.zone, at.clinic_name)
    path = Path.home() / f"clinicdesk-{answer.kind}-{answer.number}.pdf"

    def write() -> None:
        file, _missing = paper(row, stamp, again=False)
        write_atomically(path, lambda out: out.write(file))

    await screen.link.hop(write)
    return path


def _days(text: str) -> str | None:
    """Why these are no days of rest."""
    if text.strip().isdigit() and int(text) <= MOST_DAYS:
        return None
    return _("Un número de 0 a {}.").format(MOST_DAYS)


async def _certificate(screen: ClinicScreen) -> Said | None:
    ask = screen.prompt.ask
    days = await ask(_("Días de reposo (0, ninguno):"), check=_days)
    if days is None:
        return None
    text = await ask(_("Texto (puede ir vacío):")) if int(days) else await ask(_("Qué certifica:"))
    diagnosis = await ask(_DIAGNOSIS) if text is not None else None
    if text is None or diagnosis is None:
        return None
    return Said(text=text, days=int(days), diagnosis=diagnosis)


async def _referral(screen: ClinicScreen) -> Said | None:
    ask = screen.prompt.ask
    specialty = await ask(_("A qué especialidad:"))
    key = await screen.prompt.pick(_("Prioridad:"), _PRIORITIES, at_once=True) if specialty else None
    text = await ask(_("Motivo:")) if key else None
    summary = await ask(_("Resumen (puede ir vacío):")) if text else None
    if not specialty or not key or not text or summary is None:
        return None
    return Said(text=text, specialty=specialty, urgency=URGENCIES[int(key) - 1], summary=summary)


async def _order(screen: ClinicScreen) -> Said | None:
    ask = screen.prompt.ask
    studies = await ask(_("Estudios, separados por punto y coma:"))
    diagnosis = await ask(_DIAGNOSIS) if studies else None
    if not studies or diagnosis is None:
        return None
    return Said(studies=tuple(studies.split(";")), diagnosis=diagnosis)


_PRIORITIES: Final = {str(place): name for place, name in enumerate(URGENCIES, start=1)}
_ASKED: Final[dict[LetterKind, Callable[[ClinicScreen], Awaitable[Said | None]]]] = {
    LetterKind.CERTIFICATE: _certificate,
    LetterKind.REFERRAL: _referral,
    LetterKind.ORDER: _order,
}
