"""Comparisons of lookups as SQL. Values are parameters."""

from collections.abc import Callable, Mapping
from typing import Any

from rota.domain.field.queries import Comparison, Condition
from rota.store import clocks
from rota.store.lookups import Column

Placed = Callable[[Any], str]
"""Makes a value a parameter, and gives what stands for it in the text."""

_COMPARED: Mapping[Comparison, str] = {
    Comparison.EXACT: "=",
    Comparison.GT: ">",
    Comparison.GTE: ">=",
    Comparison.LT: "<",
    Comparison.LTE: "<=",
}


def test_of(column: Column, test: Condition, placed: Placed) -> str:
    """The condition about this column."""
    return _COMPARISONS[test.comparison](_tested(column, test), test.value, placed)


def _tested(column: Column, test: Condition) -> str:
    if test.part is None:
        return column.sql
    return f"({clocks.PARTS[test.part](column.sql, test.offsets) if test.offsets else column.parts[test.part]})"


def _among(sql: str, value: tuple[Any, ...], placed: Placed) -> str:
    if len(value) == 1:
        return f"{sql} = {placed(value[0])}"
    return f"{sql} IN ({', '.join(map(placed, value))})" if value else "FALSE"


def _between(sql: str, value: tuple[Any, Any], placed: Placed) -> str:
    return f"{sql} BETWEEN {placed(value[0])} AND {placed(value[1])}"


def _is_null(sql: str, value: bool, placed: Placed) -> str:
    return f"{sql} IS NULL" if value else f"{sql} IS NOT NULL"


def _within(sql: str, value: tuple[tuple[Any, Any], ...], placed: Placed) -> str:
    return f"({' OR '.join(_in_span(sql, *span, placed) for span in value)})" if value else "FALSE"


def _in_span(sql: str, first: Any, end: Any, placed: Placed) -> str:
    ends = [] if first is None else [f"{sql} >= {placed(first)}"]
    ends += [] if end is None else [f"{sql} < {placed(end)}"]
    return " AND ".join(ends) or f"{sql} IS NOT NULL"


def _compared(sign: str) -> Callable[[str, Any, Placed], str]:
    return lambda sql, value, placed: f"{sql} {sign} {placed(value)}"


_COMPARISONS: Mapping[Comparison, Callable[[str, Any, Placed], str]] = {
    **{each: _compared(sign) for each, sign in _COMPARED.items()},
    Comparison.IN: _among,
    Comparison.RANGE: _between,
    Comparison.ISNULL: _is_null,
    Comparison.WITHIN: _within,
}
