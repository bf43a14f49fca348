"""The commands for the tasks that one has in hand: grab, done, release, fg, bg, jobs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rota.cli import looks
from rota.cli.options import Json
from rota.cli.output import CommandError, say, show_json, show_record, show_table
from rota.cli.times import wall_clock
from rota.cli.wire import ask, connect, segment

if TYPE_CHECKING:
    from rota.cli.client import Client

hand = typer.Typer()

Active = Annotated[int | None, typer.Argument(metavar="ID", min=1, help="The task's number. [one's active task]")]

OUTCOMES: Mapping[str, str] = {"success": "complete-success", "failure": "complete-failure"}
MISSING: Mapping[str, str] = {
    "active": "You are working on no task: `rota grab` takes one, `rota fg` resumes one.",
    "suspended": "You have put no task aside.",
}


@hand.command("grab")
def grab_task(
    task_id: Annotated[int | None, typer.Argument(metavar="ID", min=1, help="This one. [the most urgent]")] = None,
    as_json: Json = False,
) -> None:
    """Take a task and work on it; what one was working on is put aside."""
    grabbed = ask("POST", "/workers/tasks" if task_id is None else f"/workers/tasks/{task_id}")
    if as_json:
        show_json(grabbed)
    else:
        show_record(looks.record(grabbed), looks.in_full(wall_clock()))


@hand.command("done")
def complete_task(
    outcome: Annotated[str | None, typer.Argument(metavar="success|failure", help="How it ended. [success]")] = None,
    task_id: Annotated[str | None, typer.Argument(metavar="ID", help="Its number. [one's active task]")] = None,
    as_json: Json = False,
) -> None:
    """Complete a task, with success unless `failure` is said. After the active one the last put aside is resumed."""
    if outcome not in OUTCOMES and task_id is None:
        outcome, task_id = None, outcome
    if outcome not in {None, *OUTCOMES} or not (task_id is None or (task_id.isascii() and task_id.isdigit())):
        raise typer.BadParameter("say `failure`, the number of a task, or both in this order")
    _move(OUTCOMES[outcome or "success"], None if task_id is None else int(task_id), "active", as_json)


@hand.command("release")
def release_task(task_id: Active = None, as_json: Json = False) -> None:
    """Give a task back to the queue."""
    _move("release", task_id, "active", as_json)


@hand.command("fg")
def resume_task(
    task_id: Annotated[
        int | None, typer.Argument(metavar="ID", min=1, help="The task's number. [the last put aside]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Go on with a task that was put aside."""
    _move("fg", task_id, "suspended", as_json)


@hand.command("bg")
def suspend_task(task_id: Active = None, as_json: Json = False) -> None:
    """Put a task aside."""
    _move("bg", task_id, "active", as_json)


@hand.command("jobs")
def list_hand(as_json: Json = False) -> None:
    """List the tasks that one has in hand.

    As a shell lists its jobs: the active one, then those put aside. Bulk jobs are `rota job list`.
    """
    held = ask("GET", "/workers/tasks")
    if as_json:
        show_json(held)
    else:
        columns = ("id", "state", "since", "deadline", "title")
        show_table(columns, looks.lines(held), looks.of_tasks(wall_clock()))


def _move(status: str, task_id: int | None, standing: str, as_json: bool) -> None:
    """Move a task in hand; where no number is given, the first that stands so."""
    with connect() as client:
        target = _first(client, standing) if task_id is None else task_id
        moved = client.ask("PUT", f"/workers/tasks/{target}", body={"status": status})
    if as_json:
        show_json(moved)
    else:
        aside = f" Task {moved['suspended']['_id']} is put aside." if "suspended" in moved else ""
        say(f"task {target}: {moved['text']}.{aside}")


def _first(client: "Client", standing: str) -> int:
    """The active task, or the one put aside last. Raises CommandError when there is none."""
    held: Sequence[Mapping[str, Any]] = client.ask("GET", "/workers/tasks")
    found = next((each["_id"] for each in held if each["_work_status"] == standing), None)
    if found is None:
        _require_shift(client)
        raise CommandError(MISSING[standing])
    return int(found)


def _require_shift(client: "Client") -> None:
    email = client.ask("GET", "/admin/v1/me")["user"]["email"]
    if client.ask("GET", f"/workers/{segment(email)}")["status"] != "loggedin":
        raise CommandError("You need to log in to perform this command: `rota login`.")
