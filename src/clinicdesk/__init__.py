"""A terminal desk for clinic networks."""

__version__ = "0.1.0"
