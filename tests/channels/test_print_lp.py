"""Numbers by the spooler: what `lp` gets, and a spooler that refuses or is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from clinicdesk.channels import NotPrinted, TicketPaper
from clinicdesk.channels.print_lp import CHANNEL

PAPER = TicketPaper("A016", "Centro Ñandú", "23/11/2026 09:42", "Paz, turno 10:20")


@pytest.fixture
def spooler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an `lp` of ours, alone in PATH; it keeps what it got."""
    program = tmp_path / "lp"
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" > {tmp_path}/arguments\n'
        f"/bin/cat > {tmp_path}/paper\n"
        '[ "$2" = rota ] && { echo "lp: la cola rota no existe" >&2; exit 1; }\nexit 0\n',
        "utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_the_queue_gets_the_lines(spooler: Path) -> None:
    CHANNEL.prints("recepcion-1", PAPER)
    assert (spooler / "arguments").read_text().split() == ["-d", "recepcion-1", "-t", "A016", "-"]
    paper = (spooler / "paper").read_text("utf-8")
    assert [line for line in paper.splitlines() if line.strip()][:4] == list(PAPER.lines())


def test_without_a_queue_it_is_the_usual_one(spooler: Path) -> None:
    CHANNEL.prints("", PAPER)
    assert (spooler / "arguments").read_text().split() == ["-t", "A016", "-"]


def test_what_lp_says_is_told(spooler: Path) -> None:
    with pytest.raises(NotPrinted, match="la cola rota no existe"):
        CHANNEL.prints("rota", PAPER)


@pytest.mark.parametrize("queue", ["-o raw", "x y", "a;b", "$(id)", "-d"])
def test_no_queue_is_an_option_or_a_command(spooler: Path, queue: str) -> None:
    with pytest.raises(NotPrinted, match="no es una cola"):
        CHANNEL.prints(queue, PAPER)
    assert not (spooler / "arguments").exists()


def test_a_host_without_lp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotPrinted, match="falta el programa lp"):
        CHANNEL.prints("", PAPER)
