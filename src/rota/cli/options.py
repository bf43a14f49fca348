"""Options and arguments that commands share."""

from pathlib import Path
from typing import Annotated

import typer

from rota.cli.files import STDIN

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Task = Annotated[int, typer.Argument(metavar="ID", min=1, help="The task's number.")]
Count = Annotated[int | None, typer.Option("--number", "-n", metavar="N", min=1, max=1_000, help="How many at most.")]
Since = Annotated[str | None, typer.Option("--from", metavar="TIME", help="From when on, such as `last monday`.")]
Until = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Until when. [now]")]


def existing(file: str | None) -> str | None:
    """The name of a file that is there, or `-`. Raises BadParameter."""
    if file and file != STDIN and not (Path(file).exists() and not Path(file).is_dir()):
        raise typer.BadParameter(f"there is no file {file}")
    return file
