"""Seals over many acts, and how surely they are broken: time, memory, tamperings found, false alarms.

    python -m benchmarks.audit [--acts 1000000] [--tamperings 1000] [--clean 1000] [--open-minutes 0]

Prints seconds and acts a second for sealing, verifying, exporting and judging the copy, beside the floor: the
same acts hashed by one statement of SQL. Then tamperings by a superuser found against the anchor, and clean
looks over the same history, written on meanwhile, that found nothing. `--open-minutes 10` keeps a transaction
open so long, seals each minute, and looks. Exits 1 on any miss or false alarm.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Engine, insert, text

from benchmarks.clusters import fresh_folder, network_in
from clinicdesk.clinic.acts import acts
from clinicdesk.clinic.audit import queries, service
from clinicdesk.clinic.audit.verify import Against, verify_copy, verify_desk
from clinicdesk.exporters._acts import Acts, Sealing
from clinicdesk.exporters.acts_jsonl import EXPORTER
from clinicdesk.kit import clock
from clinicdesk.kit.ids import new_id
from clinicdesk.kit.sheet import Stamp
from tests.factories import Network
from tests.tampering import TAMPERINGS, anchor_of, judged, tampered

_FILL = """
  INSERT INTO acts (key, role, host, clinic_id, patient_id, what, purpose, outcome, session)
  SELECT gen_random_uuid(), 'medico', 'desk-3/10.0.0.7', 1, gen_random_uuid(), 'chart.open', 'TREAT', 'done',
    gen_random_uuid() FROM generate_series(1, :many)"""
_FLOOR = """
  SELECT sha256(string_agg(sha256(convert_to(to_jsonb(a)::text, 'UTF8')), ''::bytea ORDER BY a.key))
  FROM acts a"""
_ACT = {"role": "x", "host": "x", "what": "test.act", "purpose": "OPER", "outcome": "done"}


def timed(what: str, many: int, work: Callable[[], object]) -> float:
    """Run something and print how long it took, by act, and this process' memory at its most."""
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<42} {seconds:8.2f} s {many / seconds:10,.0f} acts/s   {most:5.0f} MiB at most", flush=True)
    return seconds


def many_acts(network: Network, many: int, folder: Path) -> bool:
    """Seal, seal again, verify, export and judge the copy of so many acts."""
    with network.owner.begin() as owner:
        owner.execute(text(_FILL), {"many": many})
        owner.execute(text("ANALYZE acts"))
    session = network.log_in("priva")
    desk = session.desk()
    with network.owner.connect() as owner:
        floor = timed("floor: one SQL statement hashes all", many, lambda: owner.execute(text(_FLOOR)).one())
    ours = timed("seal all", many, lambda: service.seal_all(desk, everything=True))
    print(f"{'':<42} {ours / floor:8.2f} × the floor")
    write(network.owner, 100)
    service.seal_all(desk)
    for _ in range(2):  # the first after a backlog looks through it once more, then it is settled
        write(network.owner, 100)
        timed("a minute's seal of 100 beside them", 100, lambda: service.seal_all(desk))
    found = []
    timed("verify", many, lambda: found.append(verify_desk(desk, anchor_of(network.owner))))
    copy = folder / "copy.jsonl"
    timed("export as JSON Lines with seals", many, lambda: export(network, copy))
    timed("verify the copy", many, lambda: found.append(verify_copy(copy, anchor_of(network.owner))))
    session.close()
    print(f"{'':<42} {found[0].acts} acts in {found[0].seals} seals, clean: {[each.clean for each in found]}")
    return all(each.clean for each in found)


def export(network: Network, copy: Path) -> None:
    """A copy with seals, as `audit export` writes it."""
    session = network.log_in("priva")
    read = session.desk().see
    begun = read(queries.begin_export, queries.Begin("jsonl"))
    sealing = Sealing(begun.now, begun.last, queries.sealed(read, begun.last), queries.waiting(read))
    with copy.open("wb") as out:
        EXPORTER.write(Acts((), {}, sealing), Stamp("", clock.now(), "UTC", ""), out)
    session.close()


def write(owner: Engine, many: int) -> None:
    """So many acts in a transaction."""
    with owner.begin() as connection:
        for _ in range(many):
            connection.execute(insert(acts).values(key=new_id(), **_ACT))


def small_history(owner: Engine) -> Against:
    """Ten seals over forty acts, and their anchor."""
    for _ in range(10):
        write(owner, 4)
        with owner.begin() as connection:
            connection.execute(text("SELECT audit.seal(1000, true)"))
    return anchor_of(owner)


def all_found(owner: Engine, against: Against, many: int) -> bool:
    """Try each way of tampering in turn; print how many were found, by what they were called."""
    ways, found, kinds = list(TAMPERINGS), Counter[str](), Counter[str]()
    started = time.perf_counter()
    for seed in range(many):
        way = ways[seed % len(ways)]
        verdict = tampered(owner, against, TAMPERINGS[way], seed)
        found[way] += not verdict.clean
        kinds.update({str(each.kind) for each in verdict.findings})
    seconds = time.perf_counter() - started
    print(f"tamperings found against the anchor: {found.total()} of {many} in {seconds:.0f} s")
    print(f"  {dict(found)}\n  reported as {dict(kinds)}", flush=True)
    return found.total() == many


def all_clean(owner: Engine, many: int) -> bool:
    """Look again and again while acts and seals are written."""
    alarms = 0
    for turn in range(many):
        write(owner, turn % 3)
        if turn % 5 == 0:
            with owner.begin() as connection:
                connection.execute(text("SELECT audit.seal(1000, false)"))
        with owner.connect() as connection:
            alarms += not judged(connection, Against({})).clean
    print(f"clean looks that stayed clean: {many - alarms} of {many}", flush=True)
    return not alarms


def open_transaction(owner: Engine, minutes: int) -> bool:
    """A transaction stays open so long while each minute is sealed and looked at; then it commits."""
    alarms = 0
    with owner.connect() as late:
        late.execute(insert(acts).values(key=new_id(), **_ACT))
        for _ in range(minutes):
            write(owner, 3)
            alarms += not seal_and_look(owner)
            time.sleep(60)
        late.commit()
    with owner.connect() as connection:
        alarms += not judged(connection, anchor_of(owner)).clean
    for _ in range(3):
        write(owner, 1)
        alarms += not seal_and_look(owner)
    print(f"transaction open for {minutes} minutes: {alarms} false alarms", flush=True)
    return not alarms


def seal_and_look(owner: Engine) -> bool:
    """A minute's seal, and whether all is well."""
    with owner.begin() as connection:
        connection.execute(text("SELECT audit.seal(1000, false)"))
    with owner.connect() as connection:
        return judged(connection, anchor_of(owner)).clean


def parsed() -> argparse.Namespace:
    """What was asked for."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--acts", type=int, default=1_000_000)
    arguments.add_argument("--tamperings", type=int, default=1_000)
    arguments.add_argument("--clean", type=int, default=1_000)
    arguments.add_argument("--open-minutes", type=int, default=0)
    return arguments.parse_args()


def main() -> int:
    """Everything on a cluster of its own."""
    wanted = parsed()
    with fresh_folder() as folder, network_in(folder) as network:
        owner = network.owner
        against = small_history(owner)
        sound = [all_found(owner, against, wanted.tamperings), all_clean(owner, wanted.clean)]
        if wanted.open_minutes:
            sound.append(open_transaction(owner, wanted.open_minutes))
        if wanted.acts:
            sound.append(many_acts(network, wanted.acts, folder))
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
