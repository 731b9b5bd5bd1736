"""What each verb of a turn may cost: statements, and answers waited for. Counts, never times."""

from __future__ import annotations

from typing import Final

from tests.factories import Network
from tests.round_trips import Count, verbs

# What is sent today, and one of each to spare. More is a slower desk on a long line: whoever needs it says
# why here. Bare SQL waits for each statement.
MOST: Final = {
    "book": Count(22, 10),
    "confirm": Count(8, 6),
    "move": Count(24, 12),
    "cancel": Count(11, 8),
    "arrive": Count(12, 8),
    "call": Count(7, 6),
    "start": Count(10, 8),
    "finish": Count(10, 6),
    "walk-in": Count(16, 11),
}


def test_each_verb_waits_for_few_answers(network: Network) -> None:
    found = dict(verbs(network))
    assert found.keys() == MOST.keys()
    over = {
        verb: count
        for verb, count in found.items()
        if count.statements > MOST[verb].statements or count.round_trips > MOST[verb].round_trips
    }
    assert over == {}
    assert all(0 < count.round_trips < count.statements for count in found.values()), found
