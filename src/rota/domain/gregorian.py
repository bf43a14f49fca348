"""Gregorian seconds: the count of seconds since the year 0 in which the machines' dialect tells times."""

EPOCH_S = 62_167_219_200
"""1970-01-01T00:00:00Z."""


def seconds(at: int) -> int:
    """The gregorian second of a time in microseconds since 1970."""
    return at // 1_000_000 + EPOCH_S
