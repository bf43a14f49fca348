"""The commands that run a server: serve, worker and migrate."""

import os
from pathlib import Path
from typing import Annotated

import typer

from rota.cli import choices
from rota.cli.output import say, show_json

Data = Annotated[Path | None, typer.Option(metavar="DIR", help="The data folder. [ROTA_DATA, else ./data]")]


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
    from rota import bootstrap

    with choices.told():
        raise typer.Exit(bootstrap.serve(settings, host=host, port=port, workers=_or_cpus(workers)))


def worker(
    data: Data = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that run jobs. [one per CPU]")] = None,
) -> None:
    """Run jobs only: join the servers of the same database as one more machine."""
    settings = choices.settings(data=data)
    from rota import bootstrap

    with choices.told():
        raise typer.Exit(bootstrap.worker(settings, workers=_or_cpus(workers)))


def migrate(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Bring the database's schema up to date, and print the migrations that this took."""
    settings = choices.settings(data=data)
    from rota import bootstrap

    with choices.told():
        applied = bootstrap.migrate(settings)
    if as_json:
        return show_json({"applied": applied})
    for each in applied:
        print(each)
    if not applied:
        say("the schema is up to date.")
    return None


def _or_cpus(workers: int | None) -> int:
    """As many as were asked for, else one for each CPU that this process may use."""
    return len(os.sched_getaffinity(0)) if workers is None else workers
