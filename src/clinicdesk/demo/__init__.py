"""A made-up network to try the program on: the same people from the same seed, today always alive.

It is written as the database's owner, set by set, into a cluster of its own.
"""

from __future__ import annotations

from clinicdesk.demo.network import Demo, DemoUser, Size, plan, prepare

__all__ = ["Demo", "DemoUser", "Size", "plan", "prepare"]
