"""Rates: what a call to numbers of a prefix costs. Money is decimal text, from the file to the database and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

COLUMNS = (
    "prefix",
    "rate_cost",
    "account_id",
    "caller_id_numbers",
    "carrier",
    "description",
    "direction",
    "internal_rate_cost",
    "iso_country_code",
    "options",
    "rate_increment",
    "rate_minimum",
    "rate_name",
    "rate_nocharge_time",
    "rate_suffix",
    "rate_surcharge",
    "rate_version",
    "ratedeck_id",
    "routes",
    "weight",
)
KEY = ("prefix", "ratedeck_id", "account_id", "rate_version", "direction")
"""Two rates that agree in these are the same rate."""

MONEY = frozenset({"rate_cost", "internal_rate_cost", "rate_surcharge"})
WHOLE = frozenset({"rate_increment", "rate_minimum", "rate_nocharge_time", "weight"})

Rate = Mapping[str, Any]
"""Values by COLUMNS: text, or an integer or None for those in WHOLE."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rate must be like: only the columns that are set count."""

    prefix: str
    tests: Mapping[str, Any]

    def fits(self, rate: Rate) -> bool:
        return all(_comparable(column, rate[column]) == value for column, value in self.tests.items())


def rate(cells: Mapping[str, str]) -> dict[str, Any]:
    """A rate from verified cells; a name and a weight that are not given follow from the rest."""
    found = {column: _value(column, cells[column]) for column in COLUMNS}
    found["rate_name"] = found["rate_name"] or _name(found)
    found["weight"] = clamped(_weight(found) if found["weight"] is None else found["weight"])
    return found


def wanted(cells: Mapping[str, str]) -> Wanted:
    """What the cells that are not empty ask for."""
    given = {column: _value(column, cells[column]) for column in COLUMNS if cells[column]}
    return Wanted(cells["prefix"], {column: _comparable(column, value) for column, value in given.items()})


def key(found: Rate) -> Key:
    return tuple(found[column] for column in KEY)


def clamped(weight: int) -> int:
    return min(100, max(1, weight))


def _value(column: str, cell: str) -> Any:
    if column in WHOLE:
        return int(cell) if cell else None
    # `f` writes out an exponent and keeps the digits as they were given, trailing zeros too.
    return format(Decimal(cell), "f") if column in MONEY and cell else cell


def _comparable(column: str, value: Any) -> Any:
    if column == "weight":
        return clamped(value)
    return Decimal(value) if column in MONEY and value else value


def _name(found: Rate) -> str:
    parts = (found["direction"], found["iso_country_code"], found["prefix"])
    return "_".join(part for part in parts if part)


def _weight(found: Rate) -> int:
    """Longer prefixes win, and among equals the cheaper: by what the call costs rota's operator, if that is known."""
    cost = Decimal(found["internal_rate_cost"] or found["rate_cost"])
    return len(found["prefix"]) * 10 - int(cost * 100)
