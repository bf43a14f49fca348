"""Tests of single cells that more than one action makes. An empty cell never reaches a verifier."""

import re
from decimal import Decimal

import phonenumbers

from rota.actions.registry import Verifier

# Bounds the digits that a cell can make: an exponent of 99 at the most.
_DECIMAL = re.compile(r"\+?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?")


def is_number(cell: str) -> bool:
    """E.164 with its `+`, and written as E.164 is: no blanks, no punctuation."""
    if not cell.startswith("+"):
        return False
    try:
        number = phonenumbers.parse(cell, None)
    except phonenumbers.NumberParseException:
        return False
    if not phonenumbers.is_possible_number(number):
        return False
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == cell


def is_money(cell: str) -> bool:
    """A decimal that is finite and not below zero."""
    return _DECIMAL.fullmatch(cell) is not None and Decimal(cell) >= 0


def is_whole(cell: str) -> bool:
    """An integer, not below zero, that a database holds."""
    return re.fullmatch(r"[0-9]{1,18}", cell) is not None


def is_integer(cell: str) -> bool:
    return re.fullmatch(r"-?[0-9]{1,18}", cell) is not None


def matches(pattern: str) -> Verifier:
    """The whole cell is of this pattern."""
    compiled = re.compile(pattern)
    return lambda cell: compiled.fullmatch(cell) is not None


def one_of(*words: str) -> Verifier:
    return lambda cell: cell in words
