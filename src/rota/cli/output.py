"""How the command line talks: data on stdout, talk on stderr, JSON when it is asked for."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


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
    print(json.dumps(document, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A drawn table on a terminal; elsewhere lines of cells between tabs, the first of them the column names."""
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    if sys.stdout.isatty():
        _draw(columns, cells)
    else:
        for line in (columns, *cells):
            print("\t".join(line))


def show_record(record: Mapping[str, Any]) -> None:
    """One thing, a field per line; the lines of a longer text stand below one another."""
    width = max(map(len, record), default=0)
    for name, value in record.items():
        lines = value.strip().splitlines() if isinstance(value, str) else [value]
        print(f"{name:<{width}}  " + f"\n{'':<{width}}  ".join(map(_cell, lines)))


def printable(text: str, keep: str = "") -> str:
    """The text without what could move a terminal's cursor, or break a line of cells."""
    return "".join(each if each.isprintable() or each in keep else "\N{REPLACEMENT CHARACTER}" for each in text)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_cell, value))
    return "" if value is None else printable(str(value))


def _draw(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
