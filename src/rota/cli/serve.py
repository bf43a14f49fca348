"""The commands that run a server: serve, worker, migrate and status."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from rota.cli import choices
from rota.cli.output import say, show_json, show_table
from rota.cli.times import iso
from rota.clock import now

Data = Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder. [ROTA_DATA, else ./data]")]

COLUMNS = ("name", "kind", "version", "schema", "started", "seen")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="The port to listen on; 0 takes a free one.")] = 8000,
    data: Data = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Processes that run jobs; 0: none. [one per CPU]")] = None,
) -> None:
    """Serve HTTP and run jobs, until SIGTERM or Ctrl-C.

    Prints one line, `rota: listening on http://HOST:PORT`, when it is ready.
    """
    settings = choices.settings(data=data)
    from rota import group

    with choices.told():
        raise typer.Exit(group.serve(settings, host=host, port=port, workers=_or_cpus(workers)))


def worker(
    data: Data = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that run jobs. [one per CPU]")] = None,
) -> None:
    """Run jobs only: join the servers of the same database as one more machine."""
    settings = choices.settings(data=data)
    from rota import group

    with choices.told():
        raise typer.Exit(group.worker(settings, workers=_or_cpus(workers)))


def migrate(
    data: Data = None,
    after: Annotated[
        bool, typer.Option("--after", help="Take away what older versions needed, too. Refused while any still runs.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Bring the database's schema up to date, and print the migrations that this took."""
    settings = choices.settings(data=data)
    from rota import bootstrap

    with choices.told():
        applied = bootstrap.migrate(settings, after=after)
    if as_json:
        return show_json({"applied": applied})
    for each in applied:
        print(each)
    if not applied:
        say("the schema is up to date.")
    return None


def status(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Show which servers and workers are alive, and what waits for `rota migrate --after`."""
    settings = choices.settings(data=data)
    from rota import bootstrap
    from rota.operations import nodes

    store = bootstrap.open_store(settings)
    with choices.told():
        waiting = store.check()
    with store.read() as tx:
        rows = [_shown(node) for node in nodes.alive(tx, now=now())]
    store.close()
    if as_json:
        return show_json({"nodes": rows, "after": waiting})
    show_table(COLUMNS, rows)
    for each in waiting:
        say(f"{each} waits for `rota migrate --after`.")
    return None


def _shown(node: Any) -> dict[str, str]:
    times = {
        name: iso(datetime.fromtimestamp(at / 1e6, UTC))
        for name, at in (("started", node.started_at), ("seen", node.seen_at))
    }
    return {"name": node.name, "kind": node.kind, "version": node.version, "schema": node.knows, **times}


def _or_cpus(workers: int | None) -> int:
    """As many as were asked for, else one for each CPU that this process may use."""
    return len(os.sched_getaffinity(0)) if workers is None else workers
