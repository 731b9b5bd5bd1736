"""The check before a merge tells failures, forgotten servers and endless runs apart."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.data import ROOT

# A daemon as servers make them: session of its own, parent gone.
FORGET = "import subprocess, sys; subprocess.Popen(['sleep', '97531'], start_new_session=True)"


def contained(*command: str, minutes: float = 1, patience: float = 10) -> subprocess.CompletedProcess[str]:
    limits = ["--minutes", str(minutes), "--patience", str(patience)]
    run = [sys.executable, str(ROOT / ".ci" / "contained.py"), *limits, "--", *command]
    return subprocess.run(
        run, check=False, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
    )


@pytest.mark.parametrize("code", [0, 1, 5])
def test_the_exit_code_passes_on(code: int) -> None:
    assert contained("sh", "-c", f"exit {code}").returncode == code


def test_a_death_by_signal_is_no_success() -> None:
    assert contained("sh", "-c", "kill -9 $$").returncode == 137


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_a_forgotten_server_is_killed_and_fails_the_run() -> None:
    done = contained(sys.executable, "-c", FORGET + "; print('ok')", patience=0.5)
    assert done.stdout == "ok\n"
    assert done.returncode == 70
    (line,) = [line for line in done.stderr.splitlines() if "sleep 97531" in line]
    assert not Path(f"/proc/{line.split()[-3]}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are adopted on Linux only")
def test_a_forgotten_server_does_not_hide_the_failure() -> None:
    assert contained(sys.executable, "-c", FORGET + "; sys.exit(3)", patience=0.5).returncode == 3


def test_what_ends_soon_by_itself_is_waited_for() -> None:
    done = contained(sys.executable, "-c", FORGET.replace("97531", "1"))
    assert (done.returncode, done.stderr) == (0, "")


def test_time_runs_out() -> None:
    began = time.monotonic()
    assert contained("sh", "-c", "sleep 600 & sleep 600", minutes=0.01).returncode == 124
    assert time.monotonic() - began < 50  # an end, not a speed
