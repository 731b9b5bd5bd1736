"""Homes for the embedded server: `fresh` is empty, `desk` and `our_desk` hold a stopped cluster."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.embedded_desk import ORDINARY, Desk, clear_home, make_home


@pytest.fixture(scope="session", params=["we", ORDINARY] if os.geteuid() == 0 else ["we"])
def person(request: pytest.FixtureRequest) -> int | None:
    """Who sits at the desk: this account; and, where we are root, an ordinary one too."""
    return None if request.param == "we" else pwd.getpwnam(ORDINARY).pw_uid


@pytest.fixture(scope="session")
def template(person: int | None) -> Iterator[Path]:
    """A stopped cluster to copy, so that not every test pays for an initdb."""
    yield from _template(person)


@pytest.fixture(scope="session")
def our_template() -> Iterator[Path]:
    """The same for this account alone."""
    yield from _template(None)


def _template(person: int | None) -> Iterator[Path]:
    desk = Desk(make_home(person), person)
    server = desk.start()
    assert server.home == desk.home, server
    assert desk.stop() is True
    yield desk.home
    clear_home(desk)


@pytest.fixture
def fresh(person: int | None) -> Iterator[Desk]:
    """A desk with an empty home, of each person."""
    desk = Desk(make_home(person), person)
    yield desk
    clear_home(desk)


@pytest.fixture
def desk(person: int | None, template: Path) -> Iterator[Desk]:
    """A desk whose cluster exists and is stopped, of each person."""
    yield from _copied(template, person)


@pytest.fixture
def our_desk(our_template: Path) -> Iterator[Desk]:
    """The same of this account alone, where it makes no difference who sits there."""
    yield from _copied(our_template, None)


def _copied(template: Path, person: int | None) -> Iterator[Desk]:
    made = Desk(make_home(person), person)
    made.home.rmdir()
    subprocess.run(["/bin/cp", "-a", str(template), str(made.home)], check=True)
    yield made
    clear_home(made)
