"""The log of bugs: where and what kind, each cause once, never what a row held."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from clinicdesk.kit import db  # noqa: F401 - quiets the libraries below it
from clinicdesk.kit.log import write_down


def raised(error: Exception, cause: BaseException | None = None) -> Exception:
    """The error as it is after a raise."""
    try:
        raise error from cause
    except Exception as caught:  # noqa: BLE001 - any will do
        return caught


def test_an_error_that_is_its_own_cause_is_told_once(tmp_path: Path) -> None:
    error = ValueError("Failing row contains (Quispe)")
    _bug, path = write_down(raised(error, error), (tmp_path,))
    assert path is not None
    assert path.read_text().count("builtins.ValueError") == 1
    assert "Quispe" not in path.read_text()


def test_two_errors_that_cause_each_other_are_told_once_each(tmp_path: Path) -> None:
    one, other = KeyError("a"), ValueError("b")
    raised(one, other)
    _bug, path = write_down(raised(other, one), (tmp_path,))
    assert path is not None
    assert [path.read_text().count(f"builtins.{name}") for name in ("KeyError", "ValueError")] == [1, 1]


@pytest.mark.parametrize("library", ["psycopg", "sqlalchemy.pool"])
def test_what_libraries_log_stays_off_the_screen(library: str) -> None:
    found, logger = [], logging.getLogger(library)
    while logger is not logging.getLogger():
        found += logger.handlers
        assert logger.parent is not None
        logger = logger.parent
    assert found


LOOSE = """
import asyncio, gc, logging, sys, threading
from pathlib import Path
from clinicdesk.kit.log import own_tracebacks

own_tracebacks(lambda: (Path(sys.argv[1]),))
secret = "la clave de Ana"

def fails():
    raise ValueError(secret)

class Falls:
    def __del__(self):
        raise KeyError(secret)

async def forgotten():
    asyncio.get_running_loop().create_task(asyncio.sleep(0)).add_done_callback(lambda task: fails())
    await asyncio.sleep(0.05)

thread = threading.Thread(target=fails)
thread.start()
thread.join()
Falls()
gc.collect()
asyncio.run(forgotten())
logging.getLogger("library").error("lost %s", secret)
raise OSError(secret)
"""


def test_what_nobody_catches_is_written_down_and_not_printed(tmp_path: Path) -> None:
    run = [sys.executable, "-c", LOOSE, str(tmp_path)]
    done = subprocess.run(run, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    told = (tmp_path / "clinicdesk.log").read_text()
    assert "la clave" not in told
    assert [told.count(f"builtins.{name}") for name in ("ValueError", "KeyError", "OSError")] == [2, 1, 1]
