"""The commands for tasks of the field: write them, look at them, start and stop them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer

from rota.cli import field_words as words
from rota.cli.answers import RefusedError
from rota.cli.field_documents import Field, Found, Object, field_work
from rota.cli.field_looks import DATES, HISTORY, TASKS, history_line, looks, rows, told
from rota.cli.field_looks import task as in_full
from rota.cli.field_options import ClientOf, Ids, LocationOf, Project, Search
from rota.cli.options import Count, Json, Task
from rota.cli.output import say, show_json, show_record, show_table

task = typer.Typer(help="What is to be done, where, when, and for how much.", no_args_is_help=True)

Words = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="What is to be done, in short.")]
Rule = Annotated[
    str | None, typer.Option("--rule", "-r", metavar="RRULE", help="On which dates, such as FREQ=WEEKLY;BYDAY=MO,TH.")
]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help="When it starts, such as `monday 8:00`.")]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="When it ends, such as `in 2 weeks`.")]
At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="LOCATION", help="Where, by id or name; may be given again and again."),
]
Form = Annotated[str | None, typer.Option("--form", metavar="FORM", help="What is asked, by id or name.")]
Target = Annotated[str | None, typer.Option("--target", metavar="TYPE:ID", help="What it is about, where no form is.")]
Amount = Annotated[str | None, typer.Option("--amount", metavar="N", help="What an approved answer pays.")]
Total = Annotated[int | None, typer.Option("--total", metavar="N", min=0, help="How many answers are wanted.")]
PerUser = Annotated[int | None, typer.Option("--per-user", metavar="N", min=0, help="How many one user may give.")]
Expertise = Annotated[
    str | None, typer.Option("--expertise", "-x", metavar="LEVEL", help="beginner, intermediate, advanced or expert.")
]
Description = Annotated[str | None, typer.Option("--description", "-d", metavar="TEXT|-", help="The longer text.")]
Estimate = Annotated[
    str | None, typer.Option("--estimate", "-e", metavar="DURATION", help="How long it takes, such as `15 minutes`.")
]
Parent = Annotated[str | None, typer.Option("--parent", metavar="TASK", help="The task that it belongs to.")]
Status = Annotated[
    str | None,
    typer.Option("--status", "-s", metavar="STATUS", help="draft, scheduled, active, deactivated, expired, archived."),
]

_CLEARED: Mapping[str, tuple[str, Any]] = {
    "description": ("description", ""),
    "to": ("end", None),
    "rule": ("timing_rule", None),
    "at": ("locations", []),
    "total": ("total_submission_target", None),
    "per-user": ("user_submission_target", None),
    "estimate": ("estimated_time", None),
    "client": ("client", None),
    "project": ("project", None),
    "parent": ("parent", None),
}
"""What can be taken away, by the option that gives it: the field and its empty value."""

_READERS: Mapping[str, words.Reader] = {
    "start": words.moment("--from"),
    "end": words.moment("--to"),
    "description": words.text_or_stdin,
    "estimated_time": words.seconds,
    "required_expertise": words.one_of(words.EXPERTISE, "--expertise"),
    "status": words.one_of(words.TASK_STATUSES, "--status"),
}
_NAMED: Mapping[str, str] = {"client": "clients", "project": "projects", "parent": "tasks"}
"""Fields that hold an id, and where the name that stands for it is looked up."""


@task.command("add")
def add_task(
    name: Words = None,
    rule: Rule = None,
    start: From = None,
    end: To = None,
    at: At = None,
    form: Form = None,
    target: Target = None,
    amount: Amount = None,
    total: Total = None,
    per_user: PerUser = None,
    expertise: Expertise = None,
    description: Description = None,
    estimate: Estimate = None,
    client: ClientOf = None,
    project: Project = None,
    parent: Parent = None,
    active: Annotated[bool, typer.Option("--active", help="Offer it from its start on; else it is a draft.")] = False,
    as_json: Json = False,
) -> None:
    """Add a task, and print its id. It is about its form, else its --target, else its one location."""
    if not name:
        raise typer.BadParameter("say what is to be done")
    given = _given(
        name=" ".join(name),
        timing_rule=rule,
        start=start,
        end=end,
        locations=at,
        form=form,
        target=target,
        amount=amount,
        total_submission_target=total,
        user_submission_target=per_user,
        required_expertise=expertise,
        description=description,
        estimated_time=estimate,
        client=client,
        project=project,
        parent=parent,
        status="active" if active else None,
    )
    with field_work() as field:
        made = field.add("tasks", _aimed(_resolved(field, given)))
    _show_written(made, as_json)
    if not as_json:
        print(made["id"])


@task.command("set")
def change_task(
    task_id: Task,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="What is to be done, in short.")] = None,
    rule: Rule = None,
    start: From = None,
    end: To = None,
    at: At = None,
    form: Form = None,
    target: Target = None,
    amount: Amount = None,
    total: Total = None,
    per_user: PerUser = None,
    expertise: Expertise = None,
    description: Description = None,
    estimate: Estimate = None,
    client: ClientOf = None,
    project: Project = None,
    parent: Parent = None,
    status: Status = None,
    clear: Annotated[
        list[str] | None,
        typer.Option("--clear", metavar="OPTION", help=f"Take away: {', '.join(_CLEARED)}; again and again."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Change a task. What is not named stays as it is."""
    given = _given(
        name=name,
        timing_rule=rule,
        start=start,
        end=end,
        locations=at,
        form=form,
        target=target,
        amount=amount,
        total_submission_target=total,
        user_submission_target=per_user,
        required_expertise=expertise,
        description=description,
        estimated_time=estimate,
        client=client,
        project=project,
        parent=parent,
        status=status,
    )
    given |= _cleared(clear or ())
    if not given:
        raise typer.BadParameter("say what to change")
    with field_work() as field:
        changed = field.change("tasks", task_id, _resolved(field, given))
    _show_written(changed, as_json)


@task.command("start")
def start_tasks(task_ids: Ids, as_json: Json = False) -> None:
    """Offer tasks to people: at once, or from their start on."""
    _change_each(task_ids, {"status": words.TASK_STATUSES["active"]}, as_json)


@task.command("stop")
def stop_tasks(task_ids: Ids, as_json: Json = False) -> None:
    """Offer tasks no longer; `rota field task start` takes them up again."""
    _change_each(task_ids, {"status": words.TASK_STATUSES["deactivated"]}, as_json)


@task.command("clone")
def clone_task(task_id: Task, as_json: Json = False) -> None:
    """Make a draft like a task, without its submissions, and print its id."""
    with field_work() as field:
        made = field.ask("POST", "tasks", task_id, "clone")["data"]
    if as_json:
        show_json(made)
    else:
        print(made["id"])


@task.command("delete")
def delete_tasks(task_ids: Ids, as_json: Json = False) -> None:
    """Delete tasks that nobody has answered."""
    with field_work() as field:
        each_of(task_ids, "task", lambda task_id: field.ask("DELETE", "tasks", task_id), lambda _: "deleted", as_json)


@task.command("list")
def list_tasks(
    search: Search = None,
    status: Annotated[
        str | None, typer.Option("--status", "-s", metavar="STATUS", help="One, or several between commas.")
    ] = None,
    client: ClientOf = None,
    project: Project = None,
    location: LocationOf = None,
    parent: Parent = None,
    date: Annotated[str | None, typer.Option("--date", metavar="DAY", help="Only what is to be done that day.")] = None,
    sort: Annotated[
        str | None, typer.Option("--sort", metavar="FIELD", help="Such as name, or -created for the newest first.")
    ] = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """List tasks, by their start."""
    asked = {
        "search": " ".join(search) if search else None,
        "status": words.any_of(words.TASK_STATUSES, "--status")(status) if status else None,
        "date": words.date(date) if date else None,
        "ordering": sort,
    }
    named = {"client": client, "project": project, "locations": location, "parent": parent}
    kinds = {**_NAMED, "locations": "locations"}
    with field_work() as field:
        asked |= {name: str(field.id_of(kinds[name], text)) for name, text in named.items() if text}
        show_found(TASKS, field.list("tasks", asked, number), as_json)


@task.command("show")
def show_task(task_id: Task, as_json: Json = False) -> None:
    """Show a task in full."""
    with field_work() as field:
        found = _with_names(field, task_id)
    if as_json:
        show_json(found.objects[0])
    else:
        show_record(in_full(found), looks())


@task.command("dates")
def list_dates(
    task_id: Task,
    since: Annotated[str | None, typer.Option("--from", metavar="DAY", help="Only from that day on.")] = None,
    number: Count = None,
    as_json: Json = False,
) -> None:
    """List the dates of a task, and from when to when it can be done."""
    asked = {"task": task_id, "date__gte": words.date(since) if since else None, "include": "location"}
    with field_work() as field:
        show_found(DATES, field.list("occurrences", asked, number), as_json)


@task.command("history")
def show_history(task_id: Task, as_json: Json = False) -> None:
    """Show what happened to a task, and who did it."""
    with field_work() as field:
        events = field.ask("GET", "tasks", task_id, "history")["data"]
    if as_json:
        return show_json(events)
    return show_table(tuple(HISTORY), map(history_line, events), looks())


def show_found(columns: Mapping[str, str], found: Found, as_json: bool) -> None:
    if as_json:
        show_json(found.objects)
    else:
        show_table(tuple(columns), rows(columns, found), looks())


def each_of(
    ids: Sequence[int], word: str, do: Callable[[int], Any], became: Callable[[Any], str], as_json: bool
) -> None:
    """Do it to each, say what became of it, and exit 1 unless it could be done to all."""
    done = []
    for number in ids:
        try:
            done.append(do(number))
            say(f"{word} {number} is {became(done[-1])}.")
        except RefusedError as error:
            say(f"{word} {number}: {error}")
    if as_json:
        show_json([each for each in done if each is not None])
    if len(done) < len(ids):
        raise typer.Exit(1)


def _given(**options: Any) -> dict[str, Any]:
    """What was written of a task, as the API takes it but for names. Raises BadParameter."""
    given = {name: value for name, value in options.items() if value is not None}
    if "form" in given and "target" in given:
        raise typer.BadParameter("a task has a --form or another --target")
    if "target" in given:
        given |= words.target(given.pop("target"))
    return {name: _READERS[name](value) if name in _READERS else value for name, value in given.items()}


def _cleared(options: Sequence[str]) -> dict[str, Any]:
    known = [each.removeprefix("--") for each in options]
    if unknown := [each for each in known if each not in _CLEARED]:
        raise typer.BadParameter(f"{unknown[0]!r} cannot be taken away.", param_hint="--clear")
    return dict(_CLEARED[each] for each in known)


def _resolved(field: Field, given: Mapping[str, Any]) -> dict[str, Any]:
    """With ids in the places of names."""
    found = dict(given)
    for name, kind in _NAMED.items():
        if found.get(name) is not None:
            found[name] = field.id_of(kind, found[name])
    if "locations" in found:
        found["locations"] = [field.id_of("locations", each) for each in found["locations"]]
    if "form" in found:
        found |= words.target(f"form:{field.id_of('forms', found.pop('form'))}")
    return found


def _aimed(given: Mapping[str, Any]) -> dict[str, Any]:
    """Where nobody says what it is about, it is about its one location."""
    places = given.get("locations", ())
    if "target_id" in given or len(places) != 1:
        return dict(given)
    return {**given, **words.target(f"location:{places[0]}")}


def _change_each(task_ids: Sequence[int], given: Mapping[str, Any], as_json: bool) -> None:
    with field_work() as field:
        each_of(task_ids, "task", lambda task_id: field.change("tasks", task_id, given), _status, as_json)


def _status(changed: Object) -> str:
    return str(changed["attributes"]["status_display"]).lower()


def _with_names(field: Field, task_id: int) -> Found:
    """With the names of what it refers to, as far as the user may read them."""
    try:
        return field.one("tasks", task_id, "parent,client,project,locations,segment_rules")
    except RefusedError as error:
        if error.status != 403:
            raise
        return field.one("tasks", task_id, "parent,locations")


def _show_written(made: Object, as_json: bool) -> None:
    """How free-form times were understood is said: nobody else can tell."""
    if as_json:
        show_json(made)
    else:
        say(told(made))
