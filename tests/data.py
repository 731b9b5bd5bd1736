"""Real input for tests: sets of files that lie beside the checkout, never inside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parent.parent
DATA: Final = Path(os.environ.get("CLINICDESK_TEST_DATA") or ROOT.parent / "shared" / "data")


def shared(*parts: str) -> Path:
    """A file or folder of the shared data; without it the calling test is skipped and says why."""
    path = DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(
            f"needs {'/'.join(('shared', 'data', *parts))} beside the checkout, or CLINICDESK_TEST_DATA"
        )
    return path
