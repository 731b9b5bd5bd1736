"""Many desks saving drafts at the same time: what each was told, and whether anything went unseen."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from clinicdesk.bootstrap import Session
from clinicdesk.clinic.records import queries, service
from clinicdesk.clinic.records.errors import DraftChanged
from tests.factories import Network

Visit = tuple[UUID, UUID]
"""(patient, visit)."""


@dataclass
class Desk:
    """One desk where an author types: a line of its own in the text, with the number of its last save."""

    number: int
    session: Session
    visit: Visit
    lines: dict[int, int] = field(default_factory=dict)
    version: int = 0
    saved: dict[int, tuple[dict[int, int], dict[int, int]]] = field(default_factory=dict)
    """What was acknowledged, by version: the text that was read before, and the one written over it."""
    conflicts: int = 0

    def save(self, count: int) -> None:
        """So many saves; a lost race is told, and the winner's text read before the next try."""
        for number in range(1, count + 1):
            while not self._saved(number):
                self.conflicts += 1
                self._read()

    def _saved(self, number: int) -> bool:
        before = dict(self.lines)
        after = before | {self.number: number}
        patient_id, visit_id = self.visit
        order = service.SaveDraft(
            patient_id=patient_id, visit_id=visit_id, text=_text(after), version=self.version + 1
        )
        try:
            answer = self.session.desk().do(service.save_draft, order)
        except DraftChanged:
            return False
        self.lines, self.version = after, answer.version
        self.saved[answer.version] = before, after
        return True

    def _read(self) -> None:
        (row,) = self.session.desk().see(queries.drafts, queries.DraftsQuery(*self.visit))
        mine = self.lines.get(self.number)
        self.lines, self.version = _lines(row.text), row.version
        if mine is not None and self.lines.get(self.number) != mine:
            raise AssertionError(f"desk {self.number}: a line that was saved is gone")


def _text(lines: dict[int, int]) -> str:
    return "\n".join(f"{desk}:{number}" for desk, number in sorted(lines.items()))


def _lines(text: str) -> dict[int, int]:
    pairs = (line.split(":") for line in text.split("\n"))
    return {int(desk): int(number) for desk, number in pairs}


@dataclass(frozen=True)
class Outcome:
    """How it ended: saves that were acknowledged, races that were told lost, and what went unseen."""

    saves: int
    conflicts: int
    silent: tuple[str, ...]


def type_together(network: Network, username: str, visits: Sequence[Visit], saves: int) -> Outcome:
    """One desk of the author's for each item of `visits`, all at the same time."""
    desks = [Desk(at, network.log_in(username), visit) for at, visit in enumerate(visits)]
    failed: list[BaseException] = []

    def work(desk: Desk) -> None:
        try:
            desk.save(saves)
        except BaseException as error:
            failed.append(error)
            raise

    threads = [threading.Thread(target=work, args=(desk,)) for desk in desks]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failed:
            raise failed[0]
        silent = [each for visit in set(visits) for each in _unseen(visit, desks)]
    finally:
        for desk in desks:
            desk.session.close()
    saved = sum(len(desk.saved) for desk in desks)
    return Outcome(saved, sum(desk.conflicts for desk in desks), tuple(silent))


def _unseen(visit: Visit, desks: Sequence[Desk]) -> list[str]:
    """Versions that two desks were told were theirs, or written over a text that their writer never saw."""
    mine = [desk for desk in desks if desk.visit == visit]
    written = Counter(version for desk in mine for version in desk.saved)
    found = [f"version {version} twice" for version, count in written.items() if count > 1]
    texts = {version: saved for desk in mine for version, saved in desk.saved.items()}
    for version, (before, _after) in sorted(texts.items()):
        if version - 1 in texts and texts[version - 1][1] != before:
            found.append(f"version {version} over a text that was not read")
    if sorted(texts) != list(range(1, len(texts) + 1)):
        found.append("a version is missing")
    (row,) = mine[0].session.desk().see(queries.drafts, queries.DraftsQuery(*visit))
    last = {desk.number: max(after[desk.number] for _before, after in desk.saved.values()) for desk in mine}
    return found if _lines(row.text) == last else [*found, "a last line is gone"]
