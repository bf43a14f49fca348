"""How the command line talks: data on stdout, talk on stderr, JSON when it is asked for."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from io import TextIOWrapper
from typing import Any

Look = Callable[[Any], tuple[str, str]]
"""How a value is shown on a terminal: its text, and a style of Rich's or none."""

Looks = Mapping[str, Look]
"""By column or field; where none is named, and everywhere but on a terminal, a value is shown as it is."""


class CommandError(Exception):
    """Why a command could not be done, in sentences for a person; `exit_code` is 1, or 2 for wrong usage."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def say(message: str) -> None:
    """Talk: to stderr, so that stdout stays clean for data."""
    print(f"rota: {printable(message, keep=chr(10))}", file=sys.stderr, flush=True)


def show_json(document: Any) -> None:
    """One JSON document."""
    print(_json(document, indent=2))


def show_json_lists(head: Mapping[str, Any], lists: Mapping[str, Iterable[Any]]) -> None:
    """One JSON document whose last fields are lists of any length, each value written as it comes."""
    print(_json(head, indent=2).removesuffix("\n}"), end="")
    for name, values in lists.items():
        print(f",\n  {_json(name)}: [", end="")
        between = "\n"
        for value in values:
            print(f"{between}    {_json(value)}", end="")
            between = ",\n"
        print("]" if between == "\n" else "\n  ]", end="")
    print("\n}")


def _json(value: Any, indent: int | None = None) -> str:
    """With escapes for what the encoding of stdout may not have: they are JSON in any."""
    whole = (sys.stdout.encoding or "utf-8").lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not whole)


def show_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], looks: Looks | None = None) -> None:
    """A drawn table on a terminal; elsewhere lines of cells between tabs, the first of them the column names."""
    if is_terminal():
        return _draw(columns, [[_shown(row.get(column), column, looks) for column in columns] for row in rows])
    print("\t".join(columns))
    for row in rows:
        print("\t".join(_cell(row.get(column)) for column in columns))
    return None


def show_record(record: Mapping[str, Any], looks: Looks | None = None) -> None:
    """One thing, a field per line; the lines of a longer text stand below one another."""
    width = max(map(len, record), default=0)
    looks = looks if is_terminal() else None
    for name, value in record.items():
        lines = value.strip().splitlines() if isinstance(value, str) else [value]
        print(f"{name:<{width}}  " + f"\n{'':<{width}}  ".join(_shown(line, name, looks)[0] for line in lines))


def show_records(records: Iterable[Mapping[str, Any]], looks: Looks | None = None) -> None:
    """Several things, one below the other."""
    for number, record in enumerate(records):
        if number:
            print()
        show_record(record, looks)


def spare_unprintable() -> None:
    """Let a letter that the encoding of stdout lacks be shown as a question mark: it is no reason to break off."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def is_terminal() -> bool:
    return sys.stdout.isatty()


def printable(text: str, keep: str = "") -> str:
    """The text without what could move a terminal's cursor, or break a line of cells."""
    return "".join(each if each.isprintable() or each in keep else "\N{REPLACEMENT CHARACTER}" for each in text)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_cell, value))
    return "" if value is None else printable(str(value))


def _shown(value: Any, name: str, looks: Looks | None) -> tuple[str, str]:
    if value is None or name not in (looks or {}):
        return _cell(value), ""
    text, style = (looks or {})[name](value)
    return _cell(text), style


def _draw(columns: Sequence[str], rows: Sequence[Sequence[tuple[str, str]]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Words that can be wrapped: a table of many columns is to fit.
    table = Table(*(column.replace("_", " ") for column in columns), box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*(Text(text, style) for text, style in row))
    Console().print(table)
