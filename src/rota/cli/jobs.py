"""The commands for bulk jobs: the kazoo dialect of the server of ROTA_URL, else of the one on this machine."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from rota.cli import choices
from rota.cli.answers import RefusedError
from rota.cli.files import STDIN, known_length, write_whole
from rota.cli.options import Json, existing
from rota.cli.output import CommandError, say, show_json, show_record, show_table
from rota.cli.watch import watch
from rota.cli.wire import connect
from rota.domain.gregorian import EPOCH_S

if TYPE_CHECKING:
    from rota.cli.client import Client

job = typer.Typer(
    help="Bulk jobs: one action done to every row of a CSV file. (What one has in hand: `rota jobs`.)",
    no_args_is_help=True,
)

_TIMES = ("created", "submit_timestamp", "start_timestamp", "end_timestamp")
_COLUMNS = ("id", "job", "status", "total_count", "success_count", "failure_count", "created", "file_name")


def _named(job_id: str) -> str:
    """Without an id, a path would name all jobs. Raises BadParameter."""
    if not job_id.strip():
        raise typer.BadParameter("it is blank")
    return job_id


Id = Annotated[str, typer.Argument(metavar="ID", help="The job's id.", callback=_named)]
Account = Annotated[str | None, typer.Option(metavar="ID", help="The job's account. [one's own]")]
Watch = Annotated[
    bool, typer.Option("--watch", help="Show progress until it has ended; exit 1 unless all rows succeeded.")
]


class Jobs:
    """The jobs of one account of a server."""

    def __init__(self, client: "Client", account: str | None) -> None:
        account_id = account or client.ask("GET", "/admin/v1/me")["account"]["id"]
        self._client, self._path = client, f"/v2/accounts/{quote(account_id, safe='')}/tasks"

    def ask(self, method: str, job_id: str = "", verb: str = "", *, refusal: str = "", **words: Any) -> Any:
        """The envelope of the answer. `refusal` is the sentence for a no without a reason, which the server gives for
        an unknown job as for one in the wrong state."""
        with _explaining(refusal):
            return self._client.ask(method, "/".join(filter(None, [self._path, quote(job_id, safe=""), verb])), **words)

    def one(self, method: str, job_id: str = "", verb: str = "", **words: Any) -> dict[str, Any]:
        """The job in the answer."""
        data = self.ask(method, job_id, verb, **words)["data"]
        found: dict[str, Any] = data.get("_read_only", data)
        return found

    def show(self, job_id: str) -> dict[str, Any]:
        return self.one("GET", job_id, refusal=f"There is no job {job_id}.")

    def start(self, job_id: str) -> dict[str, Any]:
        return self.one("PATCH", job_id, refusal=f"There is no job {job_id}.")

    def file(self, job_id: str, name: str) -> AbstractContextManager[Iterator[bytes]]:
        return self._client.blocks(
            f"{self._path}/{quote(job_id, safe='')}", query={"csv_name": name}, accept="text/csv"
        )


@job.command("actions")
def list_actions(
    name: Annotated[str, typer.Argument(metavar="CATEGORY[.ACTION]", help="Only these.")] = "", as_json: Json = False
) -> None:
    """List what a job can do, and the columns that each action takes."""
    from rota.cli.client import Client

    category, _, action = name.partition(".")
    query = {"category": category or None, "action": action or None}
    with Client(choices.server_url() or choices.DEFAULT_URL) as client:
        found = client.ask("GET", "/v2/tasks", query=query)["data"]["tasks"]
    # Asked for one action, the server leaves the category out.
    found = {category: found} if action else found
    if as_json:
        show_json(found)
    elif action:
        show_record({"action": name, **found[category][action]})
    else:
        show_table(("action", "description", "mandatory", "optional"), _action_rows(found))


@job.command("add")
def add_job(
    name: Annotated[str, typer.Argument(metavar="CATEGORY.ACTION", help="What is to be done to every row.")],
    file: Annotated[
        str | None, typer.Argument(metavar="FILE|-", callback=existing, help="The rows; `-`: stdin.")
    ] = None,
    file_name: Annotated[str | None, typer.Option(metavar="NAME", help="What to call the input. [FILE's name]")] = None,
    account: Account = None,
    start: Annotated[bool, typer.Option("--start", help="Start it, too.")] = False,
    watch_it: Watch = False,
    as_json: Json = False,
) -> None:
    """Add a job, and print its id.

    A name that ends in .json is sent as JSON, `{"data": {"records": [...]}}`; everything else as CSV.
    """
    category, _, action = name.partition(".")
    if not (category and action):
        raise typer.BadParameter(f"{name} is not of the form CATEGORY.ACTION")
    if watch_it and not start:
        raise typer.BadParameter("--watch needs --start")
    called = file_name or (Path(file).name if file and file != STDIN else None)
    query = {"category": category, "action": action, "file_name": called}
    with _jobs(account) as jobs, known_length(file) if file else nullcontext() as rows:
        made = jobs.one("PUT", query=query, file=rows, content_type=_content_type(called) if rows else None)
        if not as_json:
            print(made["id"], flush=True)
        made = jobs.start(made["id"]) if start else made
        _end(jobs, made, watch_it, as_json)


@job.command("start")
def start_job(job_id: Id, account: Account = None, watch_it: Watch = False, as_json: Json = False) -> None:
    """Start a job."""
    with _jobs(account) as jobs:
        started = jobs.start(job_id)
        if not watch_it:
            say(f"job {job_id} is started.")
        _end(jobs, started, watch_it, as_json)


@job.command("stop")
def stop_job(job_id: Id, account: Account = None, as_json: Json = False) -> None:
    """Stop a running job. The rows done so far are kept; it cannot be started again."""
    with _jobs(account) as jobs:
        stopped = jobs.one("PATCH", job_id, "stop", refusal=f"There is no job {job_id}.")
    say(f"job {job_id}: {stopped['status']}.")
    if as_json:
        show_json(stopped)


@job.command("delete")
def delete_job(job_id: Id, account: Account = None, as_json: Json = False) -> None:
    """Delete a job that is not running, with its files."""
    with _jobs(account) as jobs:
        deleted = jobs.one("DELETE", job_id, refusal=f"Job {job_id} is running: stop it first.")
    say(f"job {job_id} is deleted.")
    if as_json:
        show_json(deleted)


@job.command("show")
def show_job(job_id: Id, account: Account = None, watch_it: Watch = False, as_json: Json = False) -> None:
    """Show a job: its state, its counts, its files."""
    with _jobs(account) as jobs:
        found = jobs.show(job_id)
        if not as_json:
            show_record(_readable(found))
        _end(jobs, found, watch_it, as_json)


@job.command("list")
def list_jobs(
    status: Annotated[str | None, typer.Option(help="Only those of this status.")] = None,
    category: Annotated[str | None, typer.Option(help="Only those of this category.")] = None,
    action: Annotated[str | None, typer.Option(help="Only those of this action.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    account: Account = None,
    as_json: Json = False,
) -> None:
    """List the jobs of an account, newest first."""
    query = {"filter_status": status, "filter_category": category, "filter_action": action}
    with _jobs(account) as jobs:
        found = _pages(jobs, query, limit)
    if as_json:
        show_json(found)
    else:
        show_table(_COLUMNS, ({**_readable(each), "job": f"{each['category']}.{each['action']}"} for each in found))


@job.command("output")
def fetch_output(
    job_id: Id,
    name: Annotated[
        str, typer.Option(help="out.csv, in.csv, success.csv, failed.csv, unprocessed.csv or manifest.json.")
    ] = "out.csv",
    to: Annotated[str, typer.Option("--output", "-o", metavar="FILE|-", help="Where to; `-`: stdout.")] = "-",
    account: Account = None,
) -> None:
    """Fetch a file of a job. A FILE is written whole or not at all."""
    refusal = f"Job {job_id} has no {name}, or there is no such job."
    with _jobs(account) as jobs, _explaining(refusal), jobs.file(job_id, name) as blocks:
        if to == "-":
            sys.stdout.buffer.writelines(blocks)
        else:
            write_whole(Path(to), blocks)


@contextmanager
def _jobs(account: str | None) -> Iterator[Jobs]:
    with connect() as client:
        yield Jobs(client, account)


@contextmanager
def _explaining(refusal: str) -> Iterator[None]:
    try:
        yield
    except RefusedError as error:
        if refusal and error.gives_no_reason:
            raise CommandError(refusal) from error
        raise


def _end(jobs: Jobs, found: Mapping[str, Any], watch_it: bool, as_json: bool) -> None:
    """Watch the job if that was asked for, print it if JSON was, and exit by how it ended."""
    job_id = found["id"]
    if watch_it:
        found = watch(lambda: jobs.show(job_id))
    if as_json:
        show_json(found)
    if watch_it and found["status"] != "success":
        raise typer.Exit(1)


def _pages(jobs: Jobs, query: Mapping[str, Any], limit: int) -> list[dict[str, Any]]:
    """The newest `limit` jobs, however many pages the server makes of them."""
    found: list[dict[str, Any]] = []
    start_key = None
    while len(found) < limit:
        size = min(limit - len(found), 1_000)
        page = jobs.ask("GET", query={**query, "page_size": size, "start_key": start_key})
        found += page["data"]
        start_key = page.get("next_start_key")
        if start_key is None:
            break
    return found


def _content_type(name: str | None) -> str:
    return "application/json" if (name or "").lower().endswith(".json") else "text/csv"


def _action_rows(found: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for category, actions in found.items():
        for action, about in actions.items():
            yield {"action": f"{category}.{action}", **about}


def _readable(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _iso(value) if name in _TIMES else value for name, value in found.items()}


def _iso(gregorian_s: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=gregorian_s - EPOCH_S)
    return moment.isoformat().replace("+00:00", "Z")
