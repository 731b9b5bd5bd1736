"""The sample desk in a real terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.data import ROOT
from tests.factories import Network
from tests.terminal import Terminal
from tests.tui import desk as real
from tests.tui.counter import Counter

Desk = Callable[..., Terminal]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """`desk(count=50, size=(80, 24), env={})` → the sample desk, painted; closed after the test."""
    opened: list[Terminal] = []

    def start(
        count: int = 50, *, size: tuple[int, int] = (80, 24), env: dict[str, str | None] | None = None
    ) -> Terminal:
        command = [sys.executable, "-m", "tests.tui.sample", "home", str(count)]
        opened.append(Terminal(command, size=size, env=env, cwd=ROOT))
        opened[-1].wait_for("Turnos de hoy" if size >= (60, 18) else "ventana")
        opened[-1].settle()
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.fixture
def hostile_desk(tmp_path: Path) -> Iterator[Callable[[list[str]], Terminal]]:
    """The hostile screen over these texts."""
    opened: list[Terminal] = []

    def start(texts: list[str]) -> Terminal:
        file = tmp_path / "texts.json"
        file.write_text(json.dumps(texts), "utf-8")
        command = [sys.executable, "-m", "tests.tui.sample", "hostile", "0", str(file)]
        opened.append(Terminal(command, cwd=ROOT))
        opened[-1].wait_for("Más")
        opened[-1].settle()
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()


@pytest.fixture
def counter(network: Network, log_in: Callable[..., object]) -> Counter:
    """Puts patients and turns into the database as an admission clerk."""
    return Counter(network, log_in("cruiz"))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def admission(desk_environment: dict[str, str], network: Network) -> Iterator[real.Desk]:
    """One admission desk for all tests of a module (see `front`)."""
    terminal = real.Desk(desk_environment)
    yield terminal.log_in("msosa")
    terminal.close()


@pytest.fixture
def front(admission: real.Desk) -> real.Desk:
    """The module's admission desk with nothing open and an empty search."""
    admission.press("<Esc><Esc><Esc>")
    admission.wait_for("Escribir documento")
    return admission


@pytest.fixture
def open_desk(desk_environment: dict[str, str]) -> Iterator[Callable[..., real.Desk]]:
    """`open_desk("msosa", size=(80, 24))` → a real desk, logged in; without a name, its login."""
    opened: list[real.Desk] = []

    def start(username: str = "", **more: object) -> real.Desk:
        environment = {**desk_environment, **more.pop("env", {})}  # type: ignore[dict-item]
        opened.append(real.Desk(environment, **more))  # type: ignore[arg-type]
        if username:
            opened[-1].log_in(username)
        return opened[-1]

    yield start
    for terminal in opened:
        terminal.close()
