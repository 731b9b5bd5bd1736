"""Searching the whole CIE-10 as doctors type it: ours beside a bare LIKE over the same rows.

    python -m benchmarks.cie10 [--list FILE] [--times 5] [--rounds 4]

FILE is any CSV that `import cie10` takes; without one, the list of the package `cie` where it is
installed, else made-up texts. The list is taken `times` over under invented letters, so that 14,000 codes
stand for the 70,000 of a country with its own extension. Prints p50, p95 and p99 of each kind of question
and exits 1 where p95 of any is over 30 ms.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.bars import Bars, percentile, shares
from clinicdesk.clinic.cie10 import queries, rules
from clinicdesk.importers._csv import rows
from clinicdesk.importers.cie10 import IMPORTER, PackageMissing, _from_package, _layout
from clinicdesk.kit import embedded, migrate
from clinicdesk.kit.db import engine_for
from clinicdesk.kit.folding import folded
from tests.factories import make_network

_BAR_MS: Final = 30.0
_FLOOR: Final = (
    "SELECT code, text FROM cie10_codes WHERE active AND NOT heading AND folded LIKE ALL (%s) LIMIT 50"
)
_KINDS: Final = ("code", "words", "begun", "letters", "abbreviation", "typo", "nothing")
_ORGANS: Final = ("riñón", "hígado", "pulmón", "corazón", "piel", "ojo", "oído", "mama", "hueso", "cerebro")
_ILLS: Final = ("Infección", "Tumor maligno", "Traumatismo", "Malformación", "Inflamación", "Insuficiencia")


def main() -> int:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=4)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="cd-cie10-"))
    home.chmod(0o755)
    try:
        listed = _listed(given.list, home)
        whole = _many(listed, given.times, home)
        return _measured(embedded.start(home / "server").owner_dsn, whole, listed, given.rounds)
    finally:
        embedded.stop(home / "server")
        shutil.rmtree(home, ignore_errors=True)


def _listed(file: Path | None, home: Path) -> list[tuple[str, str]]:
    """Codes and texts."""
    if file is None:
        try:
            file = _from_package(home)
        except PackageMissing:
            print("made-up texts: neither --list nor the package cie")
            return _made_up()
    layout, _columns = _layout(file)
    pairs = [(rules.code_of(cells[0]), cells[1]) for _line, cells in rows(file, layout, lambda *_bad: None)]
    return [(code, text.strip()) for code, text in pairs if code and text.strip()]


def _made_up() -> list[tuple[str, str]]:
    dice = random.Random(7)
    codes = (f"{a}{n:02}.{d}" for a in "ABCDEFGHIJKLMN" for n in range(100) for d in range(10))
    return [(code, f"{dice.choice(_ILLS)} de {dice.choice(_ORGANS)}, forma {code}") for code in codes]


def _many(listed: list[tuple[str, str]], times: int, home: Path) -> Path:
    """The list `times` over: each copy's categories under other last letters, as extensions have them."""
    path = home / "lista.csv"
    taken: set[str] = set()
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("code", "text"))
        for copy, (code, text) in itertools.product(range(times), listed):
            more = code if not copy else f"{code if '.' in code else code + '.X'}{'ABCDEFGHJ'[copy]}"
            if rules.code_of(more) and more not in taken:
                taken.add(more)
                out.writerow((more, text if not copy else f"{text}, extensión {copy}"))
    return path


def _measured(url: str, whole: Path, listed: list[tuple[str, str]], rounds: int) -> int:
    owner = engine_for(url)
    migrate.upgrade(owner)
    network = make_network(owner, url)
    started = time.perf_counter()
    done = IMPORTER.run(network.log_in("admin").desk(), whole)
    print(f"import: {done.accepted} codes in {time.perf_counter() - started:.1f} s")
    desk = network.log_in("lpaz").desk()
    ours: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    floor: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    with psycopg.connect(url, autocommit=True) as bare:
        for kind, text in _questions(listed, rounds):
            begun = time.perf_counter()
            desk.see(queries.search, queries.CodesQuery(text, first=("I10", "E11.9")))
            between = time.perf_counter()
            bare.execute(_FLOOR, ([f"%{word}%" for word in folded(text).split()],)).fetchall()
            ours[kind].append(between - begun)
            floor[kind].append(time.perf_counter() - between)
    bars = Bars()
    bars.begin(f"{done.accepted} codes")
    for kind in _KINDS:
        print(f"{kind:13} ours {shares(ours[kind])}   LIKE {shares(floor[kind])}")
        bars.at_most(f"p95 of {kind}", percentile(ours[kind], 0.95), _BAR_MS, "ms")
    return bars.judged()


def _questions(listed: list[tuple[str, str]], rounds: int) -> list[tuple[str, str]]:
    """Questions of every kind, mixed; the same ones each time."""
    dice = random.Random(11)
    found: list[tuple[str, str]] = []
    for _each in range(60 * rounds):
        code, text = dice.choice(listed)
        words = [word for word in folded(text).split() if len(word) > 5] or ["tumor"]
        some = dice.sample(words, min(2, len(words)))
        word = max(words, key=len)
        at = dice.randrange(1, len(word) - 1)
        found += [
            ("code", code[: dice.randrange(1, len(code) + 1)]),
            ("words", " ".join(some)),
            ("begun", " ".join(each[:4] for each in some)),
            ("letters", word[: dice.randrange(2, 4)]),
            ("abbreviation", dice.choice(sorted(rules.abbreviations()))),
            ("typo", word[:at] + dice.choice("aeiourst") + word[at + 1 :]),
            ("nothing", "zzqx" + word),
        ]
    dice.shuffle(found)
    return found


if __name__ == "__main__":
    sys.exit(main())
