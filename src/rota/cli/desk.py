"""The commands for the tasks of the desk: add them, write them anew, delete them, look at them."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from rota.cli import looks, times
from rota.cli.answers import RefusedError
from rota.cli.files import STDIN
from rota.cli.options import Count, Json, Task, existing
from rota.cli.output import say, show_json, show_record, show_table
from rota.cli.wire import ask, connect
from rota.domain import durations

desk = typer.Typer()

Words = Annotated[list[str] | None, typer.Argument(metavar="TITLE", help="The title, where no -t gives it.")]
Title = Annotated[str | None, typer.Option("--title", "-t", help="What is to be done, in short.")]
Description = Annotated[str | None, typer.Option("--description", "-d", metavar="TEXT|-", help="The longer text.")]
Instructions = Annotated[str | None, typer.Option("--instructions", "-i", metavar="TEXT|-", help="How to do it.")]
Deadline = Annotated[
    str | None,
    typer.Option("--deadline", "-f", metavar="TIME", help="Such as `tomorrow noon`, `in 2 hours`, asap, or ISO 8601."),
]
Estimate = Annotated[
    str | None,
    typer.Option("--estimate", "-e", metavar="DURATION", help="Such as `5 minutes`, 1h30m, or 90 (seconds)."),
]
Owner = Annotated[str | None, typer.Option("--owner", "-o", metavar="EMAIL", help="Who it is for. [oneself]")]
Priority = Annotated[
    float | None, typer.Option("--priority", "-p", min=-1e9, max=1e9, help="The higher, the sooner. [0]")
]
Properties = Annotated[
    list[str] | None, typer.Option("--property", metavar="NAME=TEXT", help="A property; may be given again and again.")
]
Batch = Annotated[
    str | None,
    typer.Option("--batch", "-b", metavar="FILE|-", callback=existing, help="One task a row of a CSV file."),
]


@desk.command("add")
def add_task(
    words: Words = None,
    title: Title = None,
    description: Description = None,
    deadline: Deadline = None,
    estimate: Estimate = None,
    owner: Owner = None,
    priority: Priority = None,
    tags: Annotated[list[str] | None, typer.Option("--tags", "-g", help="Words, between spaces.")] = None,
    instructions: Instructions = None,
    properties: Properties = None,
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Add a task to the queue, and print its number.

    With -b, add a task for each row of a CSV file, as a bulk job: its columns are title, and any of description,
    deadline, estimate, owner, tags, priority, instructions and properties. The other options then stand in for blank
    cells; tags are added to those of each row.
    """
    given = _given(words, title, description, deadline, estimate, owner, priority, instructions, properties)
    if tags:
        given["tags"] = " ".join(tags)
    if batch:
        return _run_batch("add", batch, given, as_json)
    if "title" not in given:
        raise typer.BadParameter("say what is to be done, as words or with --title")
    added = ask("POST", "/tasks", body=given)
    _show_written(added, given, as_json)
    if not as_json:
        print(added["_id"])
    return None


@desk.command("update")
def update_task(
    task_id: Annotated[int | None, typer.Argument(metavar="ID", min=1, help="The task's number.")] = None,
    words: Words = None,
    title: Title = None,
    description: Description = None,
    deadline: Deadline = None,
    estimate: Estimate = None,
    owner: Owner = None,
    priority: Priority = None,
    instructions: Instructions = None,
    properties: Properties = None,
    batch: Batch = None,
    as_json: Json = False,
) -> None:
    """Change a queued task. What is not named stays as it is, and so do the tags.

    The task is read, and then written as a whole: of two who change it at the same time the later wins. It is refused
    once somebody has grabbed the task. With -b, each row of a CSV file writes the task of its task_id anew, as a whole,
    as a bulk job: an empty cell stands for the default.
    """
    given = _given(words, title, description, deadline, estimate, owner, priority, instructions, properties)
    if batch and task_id is None:
        return _run_batch("update", batch, given, as_json)
    if batch or task_id is None:
        raise typer.BadParameter("give the number of a task, or a file with --batch")
    if not given:
        raise typer.BadParameter("say what to change")
    with connect() as client:
        before = client.ask("GET", f"/tasks/{task_id}")
        kept = {"properties": {**before["properties"], **given.get("properties", {})}}
        updated = client.ask("PUT", f"/tasks/{task_id}", body={**before, **given, **kept})
    _show_written(updated, given, as_json)
    if not as_json:
        say(f"task {task_id} is updated.")
    return None


@desk.command("delete")
def delete_tasks(
    task_ids: Annotated[list[int] | None, typer.Argument(metavar="ID", min=1, help="The tasks' numbers.")] = None,
    batch: Annotated[
        str | None,
        typer.Option("--batch", "-b", metavar="FILE|-", callback=existing, help="The task_id of each row."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Take queued tasks out of the queue for good."""
    if bool(batch) == bool(task_ids):
        raise typer.BadParameter("give the numbers of tasks, or a file with --batch")
    if batch:
        return _run_batch("delete", batch, {}, as_json)
    deleted = _delete_each(task_ids or [])
    if as_json:
        show_json(deleted)
    if len(deleted) < len(task_ids or []):
        raise typer.Exit(1)
    return None


@desk.command("list")
def list_tasks(
    status: Annotated[
        str | None, typer.Option("--status", "-s", help="queued, active, suspended, completed or deleted.")
    ] = None,
    owner: Annotated[str | None, typer.Option("--owner", "-o", metavar="EMAIL", help="Only those for EMAIL.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", "-g", help="Only those with this tag.")] = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """List tasks by priority, then urgency. Deleted ones are left out, unless they are asked for."""
    _show_tasks(ask("GET", "/tasks", query={"status": status, "owner": owner, "tag": tag, "n": number}), as_json)


@desk.command("peek")
def peek_tasks(number: Count = None, as_json: Json = False) -> None:
    """Show what `rota grab` would take: the most urgent tasks. The log notes who peeked."""
    _show_tasks(ask("GET", "/tasks/available", query={"n": number}), as_json)


@desk.command("show")
def show_task(
    task_id: Task,
    why: Annotated[bool, typer.Option("--why", help="Show the terms of its urgency, too.")] = False,
    as_json: Json = False,
) -> None:
    """Show a task, what became of it, and where its time went."""
    names = ("history", "why") if why else ("history",)
    with connect() as client:
        task = client.ask("GET", f"/tasks/{task_id}")
        more = {name: client.ask("GET", f"/tasks/{task_id}/{name}") for name in names}
    if as_json:
        return show_json({**task, **more})
    now = times.wall_clock()
    show_record(looks.record(task), looks.in_full(now))
    _show_history(more["history"])
    if why:
        print(f"\nurgency  {more['why']['urgency']:.4g}")
        show_table(("name", "amount", "weight", "value"), more["why"]["terms"], looks.of_terms())
    return None


@desk.command("last")
def show_events(
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="EMAIL", help="Only what EMAIL did.")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="Only these, such as grab or loginout.")] = None,
    task: Annotated[int | None, typer.Option("--task", metavar="ID", min=1, help="Only what was done to it.")] = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """Show what happened last at the desk, the newest at the end. --user wins over --task."""
    found = ask("GET", "/events", query={"user": user, "type": kind, "task": task, "n": number})
    if as_json:
        show_json(found)
    else:
        show_table(looks.EVENT_COLUMNS, found, looks.of_events())


def _given(
    words: Sequence[str] | None,
    title: str | None,
    description: str | None,
    deadline: str | None,
    estimate: str | None,
    owner: str | None,
    priority: float | None,
    instructions: str | None,
    properties: Sequence[str] | None,
) -> dict[str, Any]:
    """What was written of a task on the command line, as the API takes it. Raises BadParameter."""
    if words and title is not None:
        raise typer.BadParameter("the title is given twice")
    if description == instructions == STDIN:
        raise typer.BadParameter("stdin can be read once: give one text with -")
    given = {
        "title": " ".join(words) if words else title,
        "description": _text(description),
        "deadline": _deadline(deadline),
        "estimate": _estimate(estimate),
        "owner": owner,
        "priority": priority,
        "instructions": _text(instructions),
        "properties": _pairs(properties) if properties else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _text(given: str | None) -> str | None:
    return sys.stdin.read() if given == STDIN else given


def _deadline(text: str | None) -> int | str | None:
    try:
        return None if text is None else times.deadline(text, times.wall_clock(), times.language_of(os.environ))
    except durations.Unreadable as error:
        raise typer.BadParameter(f"{error}.", param_hint="--deadline") from error


def _estimate(text: str | None) -> float | None:
    try:
        return None if text is None else durations.duration(text)
    except durations.Unreadable as error:
        raise typer.BadParameter(f"{error}.", param_hint="--estimate") from error


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for name, sign, _ in pairs:
        if not (name and sign):
            raise typer.BadParameter(f"{name!r} is not of the form NAME=TEXT.", param_hint="--property")
    return {name: text for name, _, text in pairs}


def _run_batch(verb: str, file: str, given: Mapping[str, Any], as_json: bool) -> None:
    if given and verb != "add":
        raise typer.BadParameter(f"with --batch the file says it all: take out {', '.join(given)}")
    from rota.cli import batches

    batches.run(verb, file, as_json, {name: _cell(value) for name, value in given.items()})


def _cell(value: Any) -> str:
    """A value as a file would hold it."""
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _delete_each(task_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Those that could be deleted; why others could not is said."""
    deleted = []
    with connect() as client:
        for task_id in task_ids:
            try:
                deleted.append(client.ask("DELETE", f"/tasks/{task_id}"))
                say(f"task {task_id} is deleted.")
            except RefusedError as error:
                say(f"task {task_id}: {error}")
    return deleted


def _show_written(task: Mapping[str, Any], given: Mapping[str, Any], as_json: bool) -> None:
    """What became of a free-form time is said: nobody else can tell whether it was understood."""
    if as_json:
        show_json(task)
    elif "deadline" in given:
        say(f"task {task['_id']} is due {looks.due(task['deadline'], times.wall_clock())}.")


def _show_tasks(found: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_table(looks.COLUMNS, looks.lines(found), looks.of_tasks(times.wall_clock()))


def _show_history(history: Mapping[str, Any]) -> None:
    spent = {name: value for name, value in history.items() if name != "events"}
    print()
    show_record(spent, looks.of_durations(spent))
    print()
    show_table(("when", "who", "what"), history["events"], looks.of_events())
