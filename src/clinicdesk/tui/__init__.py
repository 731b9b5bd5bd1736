"""The desk at the keyboard. Importing it first keeps Textual from asking terminals for kitty keys."""

from __future__ import annotations

import os

os.environ.setdefault("TEXTUAL_DISABLE_KITTY_KEY", "1")
