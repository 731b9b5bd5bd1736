"""A desk under other time zone rules: a module run with PYTHONTZPATH, orders on stdin, JSON on stdout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID


def under(folder: Path, what: str, url: str, **said: Any) -> Any:
    """Do something in a process that reckons by the rules of a folder; what it answers."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.clinic.under_rules", what],
        env={**os.environ, "PYTHONTZPATH": str(folder)},
        input=json.dumps({"url": url, **said}),
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    return json.loads(done.stdout)


def book(url: str, username: str, slots: list[list[str]]) -> list[Any]:
    """Book (patient, slot) each; patient, turn and seq of each turn."""
    from clinicdesk.clinic.turns import service
    from tests.factories import PASSWORD

    with _entered(url, username, PASSWORD) as session:
        made = (
            session.desk().do(service.book_turn, service.BookTurn(patient_id=UUID(patient), slot=slot))
            for patient, slot in slots
        )
        return [[str(each.patient_id), str(each.id), each.seq] for each in made]


def look(url: str, username: str, ids: list[list[str]]) -> dict[str, Any]:
    """What a desk shows of turns by (patient, turn): wall time and instant."""
    from clinicdesk.clinic.turns import queries
    from tests.factories import PASSWORD

    pairs = tuple((UUID(patient), UUID(turn)) for patient, turn, *_more in ids)
    with _entered(url, username, PASSWORD) as session:
        rows = session.desk().see(queries.turns_by_ids, queries.TurnsQuery(pairs))
    return {str(row.id): [row.wall_start.isoformat(), row.starts_at.isoformat()] for row in rows}


def retime(url: str) -> dict[str, Any]:
    """Have all turns follow the rules of this process, as the owner does."""
    from clinicdesk import bootstrap
    from clinicdesk.clinic.turns import retime as rules
    from clinicdesk.kit.db import engine_for

    engine = engine_for(url)
    desk = bootstrap.owner_desk(engine)
    followed = rules.follow_rules(desk)
    left = desk.see(rules.left, rules.RulesQuery())
    engine.dispose()
    return {
        "before": followed.before,
        "version": followed.version,
        "turns": followed.turns,
        "overlapping": [str(turn) for _day, done in followed.days for _of, turn in done.overlapping],
        **{why: [str(row.id) for row in left if row.why == why] for why in ("place", "hour")},
    }


def _entered(url: str, username: str, password: str) -> Any:
    from contextlib import closing

    from clinicdesk import bootstrap

    return closing(bootstrap.log_in(url, username, password, host="prueba"))


if __name__ == "__main__":
    known: dict[str, Callable[..., Any]] = {"book": book, "look": look, "retime": retime}
    json.dump(known[sys.argv[1]](**json.load(sys.stdin)), sys.stdout)
