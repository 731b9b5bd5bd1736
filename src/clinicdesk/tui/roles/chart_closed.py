"""What is said of charts that are lent: until when, and that one was taken back."""

from __future__ import annotations

from datetime import datetime

from clinicdesk.kit.errors import Exit, Refusal
from clinicdesk.kit.words import _
from clinicdesk.tui.turn_words import clock_time


class ChartClosed(Refusal):
    """The chart on the screen may not be read any more."""

    says = "La historia se cerró: terminó el acceso. Los borradores siguen guardados."
    exit = Exit.NOT_ALLOWED


def urgency_words(until: datetime, zone: str) -> str:
    """`Historia abierta por urgencia hasta las 11:50`."""
    return _("Historia abierta por urgencia hasta las {}").format(clock_time(until, zone))
