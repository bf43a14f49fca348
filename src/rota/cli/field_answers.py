"""The commands for answers to tasks of the field: see what there is to do, submit, review, export."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from rota.cli import field_words as words
from rota.cli.field_documents import ROOT, Field, Object, field_work
from rota.cli.field_looks import OFFERS, PEOPLE, SUBMISSIONS, looks
from rota.cli.field_looks import submission as in_full
from rota.cli.field_options import Ids, LocationOf, Search
from rota.cli.field_tasks import each_of, show_found
from rota.cli.files import STDIN, write_whole
from rota.cli.options import Count, Json, Task
from rota.cli.output import say, show_json, show_record
from rota.cli.wire import connect

answers = typer.Typer()
submission = typer.Typer(help="Answers to tasks, and what became of them.", no_args_is_help=True)

_NAMES = "task,user,location"
_EXPORTS: Mapping[str, str] = {"csv": "text/csv", "geojson": "application/geo+json"}

Comment = Annotated[str | None, typer.Option("--comment", "-m", metavar="TEXT", help="Why, for whoever sent it.")]
OfTask = Annotated[int | None, typer.Option("--task", metavar="ID", min=1, help="Only those of this task.")]
Status = Annotated[
    str | None,
    typer.Option("--status", "-s", metavar="STATUS", help="approved, rejected, review or pending; commas between."),
]


@answers.command("todo")
def list_offers(
    near: Annotated[
        str | None, typer.Option("--near", metavar="LAT,LON", help="The nearest to this point first.")
    ] = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """List the tasks that one may do now."""
    asked = {"eligible_for": "me", "near": words.near(near) if near else None, "include": "locations"}
    with field_work() as field:
        show_found(OFFERS, field.list("tasks", asked, number), as_json)


@answers.command("submit")
def submit(
    task_id: Task,
    fields: Annotated[list[str] | None, typer.Argument(metavar="FIELD=VALUE", help="What the form asks.")] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="JSON|-", help="All answers as one JSON object; `-`: stdin.")
    ] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="LAT,LON", help="Where one is.")] = None,
    location: LocationOf = None,
    time: Annotated[str | None, typer.Option("--time", metavar="TIME", help="When it was done. [now]")] = None,
    user: Annotated[str | None, typer.Option("--for", metavar="EMAIL", help="Whose answer it is. [one's own]")] = None,
    as_json: Json = False,
) -> None:
    """Answer a task, and print the submission's id. Exits 1 when the answer is refused, which is kept all the same."""
    if fields and data is not None:
        raise typer.BadParameter("give the answers as FIELD=VALUE, or all of them with --data")
    given = {
        "task": task_id,
        "data": None if data is None else words.json_of(words.text_or_stdin(data), "--data"),
        "geopoint": words.point("--at")(at) if at else None,
        "submission_time": words.moment("--time", "past")(time) if time else None,
    }
    with field_work() as field:
        named = {"location": ("locations", location), "user": ("users", user)}
        given |= {name: field.id_of(kind, text) for name, (kind, text) in named.items() if text}
        if fields:
            given["data"] = words.answers(fields, _schema(field, task_id))
        made = field.add("submissions", {name: value for name, value in given.items() if value is not None})
    if as_json:
        show_json(made)
    else:
        say(f"submission {made['id']} is {_became(made)}.")
        print(made["id"])
    if not made["attributes"]["valid"]:
        raise typer.Exit(1)


@answers.command("approve")
def approve(submission_ids: Ids, comment: Comment = None, as_json: Json = False) -> None:
    """Approve submissions, and pay for them what their tasks pay."""
    _review(submission_ids, "approved", comment, as_json)


@answers.command("reject")
def reject(submission_ids: Ids, comment: Comment = None, as_json: Json = False) -> None:
    """Reject submissions. What was paid for them is taken back."""
    _review(submission_ids, "rejected", comment, as_json)


@answers.command("people")
def list_people(search: Search = None, number: Count = None, as_json: Json = False) -> None:
    """List the people of the field: what they may do, what they submitted, what they earned."""
    with field_work() as field:
        found = field.list("users", {"search": " ".join(search) if search else None}, number)
        show_found(PEOPLE, found, as_json)


@answers.command("expertise")
def set_expertise(
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Whose.")],
    level: Annotated[str, typer.Argument(metavar="LEVEL", help="beginner, intermediate, advanced or expert.")],
    as_json: Json = False,
) -> None:
    """Say what tasks somebody may do: those that ask for no more than their expertise."""
    given = {"expertise": words.one_of(words.EXPERTISE, "LEVEL")(level)}
    with field_work() as field:
        changed = field.change("users", field.id_of("users", email), given)
    if as_json:
        show_json(changed)
    else:
        say(f"{changed['attributes']['email']}: {changed['attributes']['expertise_display']}.")


@answers.command("export")
def export(
    form: Annotated[str, typer.Option("--format", metavar="FORMAT", help="csv or geojson.")] = "csv",
    task: OfTask = None,
    status: Status = None,
    to: Annotated[str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to; `-`: stdout.")] = STDIN,
) -> None:
    """Fetch all submissions, a line or a point each. A FILE is written whole or not at all."""
    if form not in _EXPORTS:
        raise typer.BadParameter(f"{form!r} is none of {', '.join(_EXPORTS)}.", param_hint="--format")
    query = {"format": form, "task": task, "status": _statuses(status)}
    path = f"{ROOT}/exports/submissions"
    with connect() as client, client.blocks(path, query=query, accept=f"{_EXPORTS[form]}, */*") as blocks:
        if to == STDIN:
            sys.stdout.buffer.writelines(blocks)
        else:
            write_whole(Path(to), blocks)


@submission.command("list")
def list_submissions(
    task: OfTask = None,
    status: Status = None,
    user: Annotated[str | None, typer.Option("--user", "-u", metavar="EMAIL", help="Only those of EMAIL.")] = None,
    location: LocationOf = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """List submissions, the newest first. Who is no admin sees their own."""
    with field_work() as field:
        asked = {
            "task": task,
            "status": _statuses(status),
            "user": field.id_of("users", user) if user else None,
            "location": field.id_of("locations", location) if location else None,
            "ordering": "-submission_time",
            "include": _NAMES,
        }
        show_found(SUBMISSIONS, field.list("submissions", asked, number), as_json)


@submission.command("show")
def show_submission(
    submission_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="The submission's number.")],
    as_json: Json = False,
) -> None:
    """Show a submission with all its answers."""
    with field_work() as field:
        found = field.one("submissions", submission_id, _NAMES)
    if as_json:
        show_json(found.objects[0])
    else:
        show_record(in_full(found), looks())


def _review(submission_ids: list[int], status: str, comment: str | None, as_json: bool) -> None:
    given = {"status": words.SUBMISSION_STATUSES[status], **({} if comment is None else {"comments": comment})}
    with field_work() as field:
        each_of(submission_ids, "submission", lambda each: field.change("submissions", each, given), _became, as_json)


def _became(made: Object) -> str:
    """How a submission stands, why, and what was paid for it."""
    attributes = made["attributes"]
    word = str(attributes["status_display"]).lower()
    if attributes["status"] == words.SUBMISSION_STATUSES["approved"] and attributes["amount"]:
        return f"{word}, for {attributes['amount']}"
    return f"{word}: {attributes['comments'].rstrip('.')}" if attributes["comments"] else word


def _statuses(text: str | None) -> str | None:
    return words.any_of(words.SUBMISSION_STATUSES, "--status")(text) if text else None


def _schema(field: Field, task_id: int) -> Mapping[str, Any]:
    """What the task's form asks, nothing where it is about something else."""
    from rota.domain.field.contents import Content

    aim = field.one("tasks", task_id).objects[0]
    if int(aim["relationships"]["target_content_type"]["data"]["id"]) != Content.FORM:
        return {}
    form = field.one("forms", aim["attributes"]["target_id"]).objects[0]
    schema: Mapping[str, Any] = form["attributes"]["fields"]
    return schema
