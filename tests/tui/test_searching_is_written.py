"""Searching at the counter: one act for what is typed in one go, none of its words, none per letter."""

from __future__ import annotations

from clinicdesk.tui.finder import Burst
from tests.tui.counter import Counter
from tests.tui.desk import Desk

_SEARCHES = "SELECT count(*) FROM acts WHERE what = 'patient.search' AND person = 'u_{}'"


class _Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_letters_typed_on_are_one_search() -> None:
    clock = _Clock()
    burst = Burst(clock)
    assert not burst.goes_on("q")
    burst.asked("q")
    for text in ("qu", "qui", "qu", "quispe"):
        clock.now += 0.3
        assert burst.goes_on(text)
        burst.asked(text)
    assert not burst.goes_on("rosa")
    clock.now += 2.1
    assert not burst.goes_on("quispe m")


def test_a_search_that_could_not_be_written_does_not_count() -> None:
    burst = Burst(_Clock())
    assert not burst.goes_on("q")
    assert not burst.goes_on("qu")


def test_the_counter_writes_one_act_for_a_name_typed(front: Desk, counter: Counter) -> None:
    counter.patient("Zubiría", "Nadia")
    who = "msosa"
    before = counter.scalar(_SEARCHES.format(who))
    front.press("zubiría")
    front.wait_for("Zubiría, Nadia")
    front.wait_for("1 candidato")
    assert counter.scalar(_SEARCHES.format(who)) > before
    assert counter.scalar("SELECT count(*) FROM acts WHERE subject ILIKE '%zubi%'") == 0
