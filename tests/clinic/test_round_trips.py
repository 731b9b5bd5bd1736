"""What each verb of a turn may cost: statements, and answers waited for. Counts, never times."""

from __future__ import annotations

from typing import Final

from tests.factories import Network
from tests.round_trips import Count, verbs

# More is a slower desk on a long line: whoever adds one says why here. Bare SQL waits for each statement.
MOST: Final = {
    "book": Count(20, 9),
    "confirm": Count(7, 5),
    "move": Count(22, 11),
    "cancel": Count(10, 7),
    "arrive": Count(10, 7),
    "call": Count(6, 5),
    "start": Count(9, 7),
    "finish": Count(9, 5),
    "walk-in": Count(14, 9),
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
