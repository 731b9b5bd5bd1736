"""A desk killed while somebody types, again and again: how many seconds of typing each kill took."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import queries, service
from tests.factories import Network
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz "
_GAP: Final = 0.06
"""Seconds between keys: a fast typist's."""

_ANSWERED: Final = 30.0


@dataclass(frozen=True)
class Kill:
    """One kill: characters typed before it, those that were gone, and the age of the first of them then."""

    typed: int
    lost: int
    seconds: float


def kill_often(
    network: Network,
    surgery: Surgery,
    other: Session,
    environment: Mapping[str, str],
    *,
    kills: int,
    seed: int,
    longest: float = 4.0,
) -> list[Kill]:
    """Type into one draft, kill the desk at any moment, and look at what the server holds, so many times.

    `longest` are the seconds of typing at most; the pause after it is at most a third of them.
    After each kill the draft is whole up to where it ends, there once, nobody else's, and offered again. The
    first one waits until the server has everything, and takes nothing.
    """
    visit = surgery.inside(surgery.patient())
    doctor = surgery.log_in()
    held = "Inicio."
    first = service.SaveDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, text=held, version=1)
    doctor.desk().do(service.save_draft, first)
    doctor.close()
    chance = random.Random(seed)
    found = []
    for number in range(kills):
        pause = None if number == 0 else longest / 3
        kill, held = _once(network, surgery, environment, chance, visit, held, (longest, pause))
        found.append(kill)
        seen = other.desk().see(queries.drafts, queries.DraftsQuery(visit.patient_id, visit.visit_id))
        assert seen == (), "somebody else reads the draft"
    return found


def _once(
    network: Network,
    surgery: Surgery,
    environment: Mapping[str, str],
    chance: random.Random,
    visit: service.VisitAnswer,
    held: str,
    seconds: tuple[float, float | None],
) -> tuple[Kill, str]:
    """Type for so long and wait for so long, or until all is saved (None); then the kill."""
    longest, pause = seconds
    desk = Desk(environment)
    try:
        desk.log_in(surgery.username)
        desk.line_shows("Hay un borrador suyo", "Enter: seguirlo")
        desk.press("<Enter>")
        desk.line_shows("solo suyo")
        typed, at = _type(desk, chance, longest)
        if pause is None:
            desk.wait_for(lambda: _draft(network, visit) == held + typed)
        else:
            desk.listen(chance.uniform(0, pause))
        killed_at = time.monotonic()
        desk.kill(signal.SIGKILL)
        desk.wait_end()
    finally:
        desk.close()
    now = _draft(network, visit)
    kept = len(now) - len(held)
    assert now == held + typed[:kept], (held[-40:], typed, now[-80:])
    lost = typed[kept:]
    return Kill(len(typed), len(lost), killed_at - at[kept] if lost else 0.0), now


def _type(desk: Desk, chance: random.Random, longest: float) -> tuple[str, list[float]]:
    """Letters as hands type them, for a while; and when each was."""
    typed, at = "", []
    until = time.monotonic() + chance.uniform(0.2, longest)
    while not typed or time.monotonic() < until:
        letter = chance.choice(_LETTERS)
        at.append(time.monotonic())
        desk.stroke(letter, _GAP)
        typed += letter
    return typed, at


def _draft(network: Network, visit: service.VisitAnswer) -> str:
    """The one draft of the visit."""
    asked = text("SELECT text FROM note_drafts WHERE patient_id = :patient AND visit_id = :visit")
    with network.owner.connect() as owner:
        # What the dead desk had sent is in the database, or never comes.
        running = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
            " AND pid <> pg_backend_pid()"
        )
        until = time.monotonic() + _ANSWERED
        while owner.execute(running).scalar_one() and time.monotonic() < until:
            time.sleep(0.05)
            owner.rollback()
        found = owner.execute(asked, {"patient": visit.patient_id, "visit": visit.visit_id}).scalars().all()
    (draft,) = found
    return str(draft)


def table(kills: list[Kill]) -> list[str]:
    """Lost seconds and characters: median, 95 %, most."""
    seconds = sorted(kill.seconds for kill in kills)
    letters = sorted(kill.lost for kill in kills)

    def at(share: float, values: list[float] | list[int]) -> float:
        return values[min(len(values) - 1, int(share * len(values)))]

    return [
        f"{len(kills)} kills, {sum(kill.typed for kill in kills)} characters typed",
        f"{'':<12}{'median':>8}{'p95':>8}{'most':>8}",
        f"{'seconds':<12}{at(0.5, seconds):8.2f}{at(0.95, seconds):8.2f}{seconds[-1]:8.2f}",
        f"{'characters':<12}{at(0.5, letters):8.0f}{at(0.95, letters):8.0f}{letters[-1]:8.0f}",
    ]
