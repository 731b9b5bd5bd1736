"""Why a queue has its order, in words and as data; `turn why-next` is the command."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from clinicdesk.clinic.admissions.rules import Because
from clinicdesk.kit.ids import opaque
from clinicdesk.kit.words import _, plural

if TYPE_CHECKING:
    from clinicdesk.cli.frame import Call
    from clinicdesk.clinic.admissions.rules import Neighbour, Why
    from clinicdesk.clinic.turns.queries import TurnRow

_WORDS: Final = MappingProxyType(
    {1: _("rojo"), 2: _("naranja"), 3: _("amarillo"), 4: _("verde"), 5: _("azul")}
)
_AHEAD: Final = MappingProxyType(
    {
        Because.LEVEL: _("su nivel es más urgente"),
        Because.AGEING: _("la espera lo subió de nivel"),
        Because.ARRIVAL: _("mismo nivel, llegó antes"),
        Because.TIE: _("mismo nivel y misma llegada"),
    }
)
_BEHIND: Final = MappingProxyType(
    {
        Because.LEVEL: _("su nivel es menos urgente"),
        Because.AGEING: _("la espera subió a quien está delante"),
        Because.ARRIVAL: _("mismo nivel, llegó después"),
        Because.TIE: _("mismo nivel y misma llegada"),
    }
)


def show_why(call: Call, turn_id: str | None, doctor: str | None) -> None:
    """Print why a turn, or whoever is next, stands where it stands. Raises NobodyWaits, TurnNotFound."""
    from clinicdesk.cli.shapes import doctor_id_of
    from clinicdesk.cli.turn import turn_ids
    from clinicdesk.clinic.admissions import queries
    from clinicdesk.clinic.admissions.errors import NobodyWaits

    wanted = turn_ids(call, turn_id)[1] if turn_id is not None else None
    doctor_id = doctor_id_of(call, doctor) if doctor is not None else None
    found = call.desk.see(queries.why_next, queries.WhyQuery(wanted, doctor_id))
    if found is None:
        raise NobodyWaits
    call.answer(_data(found), *_lines(found))


def _data(found: Why[TurnRow]) -> dict[str, Any]:
    return {
        "turn_id": opaque(found.turn.patient_id, found.turn.id),
        "ticket": found.turn.ticket,
        "place": found.place,
        "of": found.of,
        "triage": found.turn.triage,
        "level": found.level,
        "reached": found.reached,
        "waited_minutes": found.waited_minutes,
        "most_minutes": found.most_minutes,
        "next_lift_minutes": found.next_lift_minutes,
        "arrived_at": found.turn.arrived_at,
        "ahead": [_other(each) for each in found.ahead],
        "behind": [_other(each) for each in found.behind],
    }


def _other(each: Neighbour[TurnRow]) -> dict[str, Any]:
    turn = each.turn
    return {
        "turn_id": opaque(turn.patient_id, turn.id),
        "ticket": turn.ticket,
        "triage": turn.triage,
        "because": each.because.value,
    }


def _lines(found: Why[TurnRow]) -> list[str]:
    from clinicdesk.kit.names import full_name

    turn = found.turn
    word = _WORDS[found.level]
    level = _("Nivel {word}.") if turn.triage else _("Sin triaje: cuenta como {word}.")
    waited = _("Espera {minutes} min, de {most} como máximo para su nivel.")
    lines = [
        _("{ticket} {name}: {place}.º de {of}.")
        .format(
            ticket=turn.ticket or "",
            name=full_name(turn.family, turn.given),
            place=found.place,
            of=found.of,
        )
        .strip(),
        level.format(word=word),
        waited.format(minutes=found.waited_minutes, most=found.most_minutes),
        *_lift_lines(found),
    ]
    lines += [f"{_('Antes')}: {_said(each, _AHEAD)}" for each in found.ahead]
    lines += [f"{_('Después')}: {_said(each, _BEHIND)}" for each in found.behind]
    return lines


def _lift_lines(found: Why[TurnRow]) -> list[str]:
    lines = []
    if lifts := found.level - found.reached:
        said = plural(lifts, _("nivel"), _("niveles"))
        lines.append(
            _("La espera lo subió {levels}: cuenta como {word}.").format(
                levels=said, word=_WORDS[found.reached]
            )
        )
    if found.next_lift_minutes is not None:
        lines.append(_("Sube un nivel dentro de {minutes} min.").format(minutes=found.next_lift_minutes))
    return lines


def _said(each: Neighbour[TurnRow], words: MappingProxyType[Because, str]) -> str:
    turn = each.turn
    level = _WORDS[turn.triage] if turn.triage else _("sin triaje")
    return f"{turn.ticket or ''} {level}: {words[each.because]}".strip()
