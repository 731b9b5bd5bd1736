"""A desk ended while somebody types, again and again: what each end took of the typing.

Killed (`kill`), its line dropped as SSH's is (`drop`), or the server restarted under it (`restart`).
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import text

from clinicdesk.clinic.records import queries, service
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from clinicdesk.kit.embedded import process
from tests.factories import Network, make_network
from tests.terminal import PATIENCE
from tests.tui.desk import Desk
from tests.tui.surgery import Surgery

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz "
_GAP: Final = 0.06
"""Seconds between keys: a fast typist's."""

_ANSWERED: Final = 30.0
NOBODY: Final = "jibarra"
"""A doctor of the same clinic who has nothing to do with the draft."""


@dataclass(frozen=True)
class Kill:
    """One end of a desk: characters typed before, those gone, and the age of the first of them then."""

    typed: int
    lost: int
    seconds: float


@dataclass(frozen=True)
class Restart:
    """One restart of the server: characters typed, those that the desk alone held when it was back, and the
    seconds from then until the server had them.
    """

    typed: int
    waited: int
    seconds: float


@contextmanager
def own_cluster(home: Path) -> Iterator[Network]:
    """A network on a server of its own: it may be killed, and what it says it keeps it keeps."""
    try:
        server = embedded.start(home, durable=False)
        owner = engine_for(server.owner_dsn)
        migrate.upgrade(owner)
        network = make_network(owner, server.owner_dsn)
        owner.dispose()
        embedded.stop(home)
        embedded.start(home)
        yield network
        owner.dispose()
    finally:
        embedded.stop(home)


def _kill(desk: Desk, _chance: random.Random) -> None:
    desk.kill(signal.SIGKILL)


def _drop(desk: Desk, chance: random.Random) -> None:
    """What the end of an SSH line does: a signal, or a terminal that is gone."""
    if chance.random() < 1 / 2:
        desk.kill(signal.SIGHUP)
    else:
        desk.hang_up()


ENDS: Final[Mapping[str, Callable[[Desk, random.Random], None]]] = {"kill": _kill, "drop": _drop}


@dataclass(frozen=True)
class Draft:
    """The draft that is typed into, of a doctor of its own."""

    network: Network
    surgery: Surgery
    visit: service.VisitAnswer

    def held(self) -> str:
        """The one draft of the visit, as the server has it."""
        asked = text("SELECT text FROM note_drafts WHERE patient_id = :patient")
        with self.network.owner.connect() as owner:
            # What the dead desk had sent is in the database, or never comes.
            running = text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state = 'active' AND pid <> pg_backend_pid()"
            )
            until = time.monotonic() + _ANSWERED
            while owner.execute(running).scalar_one() and time.monotonic() < until:
                time.sleep(0.05)
                owner.rollback()
            found = owner.execute(asked, {"patient": self.visit.patient_id}).scalars().all()
        (draft,) = found
        return str(draft)

    def open(self, environment: Mapping[str, str]) -> Desk:
        """A desk where the draft was offered, and is being written."""
        desk = Desk(environment)
        try:
            desk.log_in(self.surgery.username)
            desk.line_shows("Hay un borrador suyo", "Enter: seguirlo")
            desk.press("<Enter>")
            desk.line_shows("solo suyo")
        except BaseException:
            desk.close()
            raise
        return desk

    def is_its_authors_alone(self) -> None:
        """Nobody else reads it."""
        other = self.network.log_in(NOBODY)
        try:
            query = queries.DraftsQuery(self.visit.patient_id, self.visit.visit_id)
            assert other.desk().see(queries.drafts, query) == (), "somebody else reads the draft"
        finally:
            other.close()


def begun(network: Network, surgery: Surgery) -> Draft:
    """A draft with a first word in it, saved."""
    visit = surgery.inside(surgery.patient())
    doctor = surgery.log_in()
    first = service.SaveDraft(patient_id=visit.patient_id, visit_id=visit.visit_id, text="Inicio.", version=1)
    doctor.desk().do(service.save_draft, first)
    doctor.close()
    return Draft(network, surgery, visit)


def end_often(
    draft: Draft,
    environment: Mapping[str, str],
    *,
    how: str = "kill",
    times: int,
    seed: int,
    longest: float = 4.0,
) -> list[Kill]:
    """Type into a draft, end the desk at any moment, and look at what the server holds, so many times.

    `longest` are the seconds of typing at most; the pause after it is at most a third of them.
    After each the draft is whole up to where it ends, there once, nobody else's, and offered again. The
    first one waits until the server has everything, and takes nothing.
    """
    chance = random.Random(seed)
    found = []
    for number in range(times):
        pause = None if number == 0 else longest / 3
        found.append(_end_once(draft, environment, chance, ENDS[how], (longest, pause)))
        draft.is_its_authors_alone()
    return found


def _end_once(
    draft: Draft,
    environment: Mapping[str, str],
    chance: random.Random,
    end: Callable[[Desk, random.Random], None],
    seconds: tuple[float, float | None],
) -> Kill:
    """Type for so long and wait for so long, or until all is saved (None); then the end."""
    longest, pause = seconds
    held = draft.held()
    with closing(draft.open(environment)) as desk:
        typed, at = _type(desk, chance, longest)
        if pause is None:
            desk.becomes(draft.held, held + typed)
        else:
            desk.listen(chance.uniform(0, pause))
        ended_at = time.monotonic()
        end(desk, chance)
        desk.wait_end()
    now = draft.held()
    kept = len(now) - len(held)
    assert now == held + typed[:kept], (held[-40:], typed, now[-80:])
    lost = typed[kept:]
    return Kill(len(typed), len(lost), ended_at - at[kept] if lost else 0.0)


def restart_often(
    draft: Draft, home: Path, environment: Mapping[str, str], *, times: int, seed: int, longest: float = 4.0
) -> list[Restart]:
    """Stop the server at once while one desk types on, start it again, and see the desk save by itself.

    What the server held at its end is there; the desk says since when nothing is saved; in the end all is
    saved, once.
    """
    chance = random.Random(seed)
    with closing(draft.open(environment)) as desk:
        found = [_restart_once(draft, desk, home, chance, longest) for _each in range(times)]
        desk.kill(signal.SIGKILL)
        desk.wait_end()
    draft.open(environment).close()
    return found


def _restart_once(draft: Draft, desk: Desk, home: Path, chance: random.Random, longest: float) -> Restart:
    held = draft.held()
    typed, _at = _type(desk, chance, longest)
    draft.network.owner.dispose()
    stop_at_once(home)
    desk.wait_for("SIN CONEXIÓN")
    more, _at = _type(desk, chance, longest)
    desk.line_shows("Sin guardar desde ", ": sigue aquí.")
    embedded.start(home)
    back = time.monotonic()
    kept, whole = draft.held(), held + typed + more
    assert whole.startswith(kept), (typed, more, kept[-80:])
    assert kept.startswith(held), (held[-40:], kept[-80:])
    desk.becomes(draft.held, whole)
    seconds = time.monotonic() - back
    desk.hides("Sin guardar desde ")
    draft.is_its_authors_alone()
    return Restart(len(typed) + len(more), len(whole) - len(kept), seconds)


def stop_at_once(home: Path) -> None:
    """The server goes without a goodbye: every line breaks, nothing more is written."""
    pid, data = embedded.status(home).pid, embedded.status(home).data_dir
    assert pid is not None
    os.kill(pid, signal.SIGQUIT)
    assert process.gone((pid,), data, PATIENCE)


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


def table(kills: list[Kill], how: str = "kill") -> list[str]:
    """Lost seconds and characters: median, 95 %, most."""
    return [
        f"{len(kills)} × {how}, {sum(kill.typed for kill in kills)} characters typed",
        *_rows("lost", [kill.seconds for kill in kills], [kill.lost for kill in kills]),
    ]


def restarts_table(restarts: list[Restart]) -> list[str]:
    """What waited on the desk for the server, and how long it took to save it: median, 95 %, most."""
    return [
        f"{len(restarts)} × restart, {sum(each.typed for each in restarts)} characters typed, none lost",
        *_rows("waited", [each.seconds for each in restarts], [each.waited for each in restarts]),
    ]


def _rows(what: str, seconds: list[float], letters: list[int]) -> list[str]:
    def at(share: float, values: list[float] | list[int]) -> float:
        ordered = sorted(values)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    return [
        f"{what:<12}{'median':>8}{'p95':>8}{'most':>8}",
        f"{'seconds':<12}{at(0.5, seconds):8.2f}{at(0.95, seconds):8.2f}{max(seconds):8.2f}",
        f"{'characters':<12}{at(0.5, letters):8.0f}{at(0.95, letters):8.0f}{max(letters):8.0f}",
    ]
