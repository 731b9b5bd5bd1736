"""Every screen with hostile text in every field it shows: none of it obeyed, all of it to be seen.

Each screen gets a share of the payloads here; the whole matrix is benchmarks/hostile.py.
"""

from __future__ import annotations

from typing import Final

import pytest

from clinicdesk.kit.text import shown
from tests.factories import Network
from tests.tui import hostile, hostile_stage
from tests.tui.desk import Desk
from tests.tui.hostile_clinic import Stage, build
from tests.tui.hostile_stage import SCENES

TYPED_INTO: Final = {"LoginScreen"}
"""Screens that show what is typed, and nothing of the database: see the tests of typing below."""
SHARES: Final = 8
ROUNDS: Final = 60
_ROOM: Final = 16
PASTE: Final = ("\x1b[200~", "\x1b[201~")


@pytest.fixture(scope="module")
def stage(
    network: Network, desk_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Stage:
    """The clinic."""
    return build(network, desk_environment, tmp_path_factory.mktemp("display"))


def test_no_screen_is_left_out() -> None:
    assert hostile_stage.screens() - set(SCENES) == TYPED_INTO


def test_there_are_at_least_four_hundred() -> None:
    texts = hostile.payloads()
    assert len(texts) >= 400
    assert not any(hostile.MARK.search(text) for text in texts)
    assert sum(shown(text) != text for text in texts) >= 400


@pytest.mark.parametrize("name", SCENES)
def test_a_screen_shows_it_and_obeys_nothing(stage: Stage, name: str) -> None:
    scene = SCENES[name]
    share = list(SCENES).index(name) % scene.stride
    wardrobe = hostile.Wardrobe(stage.network.owner, hostile.payloads()[share :: scene.stride], scene.fields)
    wardrobe.dress()  # what a header says is read at the login
    with scene.open(stage) as desk:
        rounds = 1 if scene.bare else ROUNDS
        hostile.walk(desk, wardrobe, scene.steps(stage), rounds=rounds, bare=scene.bare)
        assert scene.bare or wardrobe.missing == {}
        assert hostile.strangers(desk) == []
        assert desk.alive


def pasted(desk: Desk, texts: list[str | bytes]) -> None:
    """Paste each with a mark behind it, see the mark where the field has room for it, empty the field."""
    for at, each in enumerate(texts):
        raw = each.encode() if isinstance(each, str) else each
        desk.send(b"\x1b[200~" + raw + f" Z{at:04}".encode() + b"\x1b[201~")
        if len(each) <= _ROOM:
            desk.wait_for(f"Z{at:04}")
        desk.send("\x15")
    desk.settle()
    assert desk.alive


TEXTS: Final[list[str | bytes]] = [
    *hostile.TYPED,
    *(text for text in hostile.payloads()[::SHARES] if PASTE[1] not in text),
]


def test_the_login_takes_it_as_text(desk_environment: dict[str, str]) -> None:
    with Desk(desk_environment) as desk:
        desk.wait_for("Usuario")
        pasted(desk, TEXTS)
        assert hostile.strangers(desk) == []


def test_the_search_and_the_form_take_it_as_text(desk_environment: dict[str, str]) -> None:
    with Desk(desk_environment) as desk:
        desk.log_in("msosa")
        pasted(desk, TEXTS[::2])
        desk.press("<Esc><Esc>27499999<Enter><Enter>")
        desk.wait_for("Registrar paciente nuevo")
        pasted(desk, TEXTS[1::2])
        assert hostile.strangers(desk) == []
