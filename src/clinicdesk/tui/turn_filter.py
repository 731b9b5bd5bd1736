"""Words that narrow a board, on the screen and at the prompt: each begins a word of the turn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from clinicdesk.clinic.patients.spelling import folded
from clinicdesk.clinic.turns.network import NetworkTurn
from clinicdesk.clinic.turns.queries import TurnRow
from clinicdesk.kit.words import _
from clinicdesk.tui.look import TRIAGE, TURN_STATES

LATE: Final = "tarde"
FREE: Final = "libre"


def fits(known: Sequence[str], wanted: Iterable[str], *, is_late: bool, is_free: bool) -> bool:
    """Whether each wanted word (folded) begins one of `words_of` a turn, or is `tarde` or `libre` of one."""
    every = [*known, *([LATE] if is_late else []), *([FREE] if is_free else [])]
    return all(any(word.startswith(each) for word in every) for each in wanted)


def words_of(turn: TurnRow | NetworkTurn) -> tuple[str, ...]:
    """Doctor, room, state, specialty, number and what else a board shows of a turn, as they are compared."""
    level = TRIAGE.get(turn.triage or 0)
    facts = (
        turn.ticket or "",
        _("demanda") if turn.kind == "walk_in" else f"{turn.wall_start:%H:%M}",
        TURN_STATES[turn.state].word,
        turn.doctor_family,
        turn.doctor_given,
        turn.room_code or "",
        turn.procedure or "",
        turn.specialty or "",
        f"{level.glyph} {level.word}" if level else "",
        *((turn.family, turn.given) if isinstance(turn, TurnRow) else ()),
    )
    return tuple(folded(" ".join(facts)).split())
