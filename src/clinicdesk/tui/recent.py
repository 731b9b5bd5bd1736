"""The last patients of who is logged in at this desk, and what was searched, to come back to."""

from __future__ import annotations

from typing import Final
from uuid import UUID

LATEST: Final = " "
"""What the search box asks with a blank alone: the last patients."""
_MOST: Final = 10


class Recent:
    """Ids alone, the newest first. Of one login: the next person, or the same one later, begins with none."""

    def __init__(self) -> None:
        """Nobody yet."""
        self.ids: tuple[UUID, ...] = ()
        self.searched = ""
        """The last line that charts were searched by."""

    def add(self, patient_id: UUID) -> None:
        """Somebody was chosen, or their page opened."""
        others = (each for each in self.ids if each != patient_id)
        self.ids = (patient_id, *others)[:_MOST]
