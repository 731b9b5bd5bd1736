"""The log of bugs: where and what kind, each cause once, never what a row held."""

from __future__ import annotations

import logging
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
