"""The commands for the statistics of the desk, over any time."""

import os
from collections.abc import Mapping
from itertools import chain
from typing import Annotated, Any

import typer

from rota.cli import looks, times
from rota.cli.options import Json, Since, Until
from rota.cli.output import is_terminal, show_json, show_record, show_records, show_table
from rota.cli.wire import ask
from rota.domain import durations

stats = typer.Typer(help="Statistics: workers, owners, tasks, the floor.", no_args_is_help=True)


@stats.command("workers")
def show_workers(
    worker: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only this one.")] = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show what each worker did."""
    _show_people(ask("GET", "/worker-stats", query={**_between(since, until), "worker": worker}), "worker", as_json)


@stats.command("owners")
def show_owners(
    owner: Annotated[str | None, typer.Option(metavar="EMAIL", help="Only this one.")] = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show what became of each owner's tasks."""
    _show_people(ask("GET", "/owner-stats", query={**_between(since, until), "owner": owner}), "owner", as_json)


@stats.command("tasks")
def show_tasks(
    tag: Annotated[str | None, typer.Option("--tag", "-g", help="Only those with this tag.")] = None,
    title: Annotated[str | None, typer.Option("--title", "-t", help="Only those with this title.")] = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show what became of the tasks on the whole."""
    found = ask("GET", "/task-stats", query={**_between(since, until), "tag": tag, "title": title})
    if as_json:
        show_json(found)
    else:
        show_record(found, looks.of_durations(found))


@stats.command("floor")
def show_floor(
    threshold: Annotated[
        str | None, typer.Option(metavar="DURATION", help="How long a task may wait. [60 seconds]")
    ] = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Show how things stand now, how long tasks waited, and where the workers' time went."""
    limit = _duration(threshold, "--threshold")
    found = ask("GET", "/floor-stats", query={**_between(since, until), "threshold": limit})
    if as_json:
        show_json(found)
    else:
        _show_floor(found)


def _between(since: str | None, until: str | None) -> dict[str, str | None]:
    return {"from": _moment(since, "--from"), "to": _moment(until, "--to")}


def _moment(text: str | None, option: str) -> str | None:
    """What could be past or to come is past: of the future there are no statistics."""
    if text is None:
        return None
    try:
        found = times.moment(text, times.wall_clock(), times.language_of(os.environ), prefer="past")
    except durations.Unreadable as error:
        raise typer.BadParameter(f"{error}.", param_hint=option) from error
    return times.iso(found)


def _duration(text: str | None, option: str) -> float | None:
    try:
        return None if text is None else durations.duration(text)
    except durations.Unreadable as error:
        raise typer.BadParameter(f"{error}.", param_hint=option) from error


def _show_people(found: Mapping[str, Mapping[str, Any]], who: str, as_json: bool) -> None:
    """On a terminal one below the other: a dozen columns do not fit."""
    rows = _rows(found, who)
    if as_json:
        show_json(found)
    elif is_terminal():
        show_records(rows, looks.of_durations(chain.from_iterable(rows)))
    else:
        show_table(list(rows[0]) if rows else [who], rows)


def _show_floor(found: Mapping[str, Any]) -> None:
    columns = ("id", "waiting", "deadline", "title")
    longest = [{**looks.line(each["task"]), "waiting": each["waiting"]} for each in found["longest_waiting"]]
    workers = _rows(found["workers"], "worker")
    show_records([found["tasks"], found["waiting"]], looks.of_durations(found["waiting"]))
    if longest:
        print()
        show_table(columns, longest, {**looks.of_tasks(times.wall_clock()), **looks.of_durations(columns)})
    if workers:
        print()
        show_table(list(workers[0]), workers, looks.of_durations(workers[0]))


def _rows(found: Mapping[str, Mapping[str, Any]], who: str) -> list[dict[str, Any]]:
    return [{who: email, **_rounded(each)} for email, each in found.items()]


def _rounded(stats: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in stats.items()}
