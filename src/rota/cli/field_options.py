"""Options and arguments that the commands of the field share."""

from typing import Annotated

import typer

Ids = Annotated[list[int], typer.Argument(metavar="ID", min=1, help="Their numbers.")]
Search = Annotated[list[str] | None, typer.Argument(metavar="WORDS", help="Only those whose name has these words.")]
ClientOf = Annotated[str | None, typer.Option("--client", metavar="CLIENT", help="For whom, by id or name.")]
Project = Annotated[str | None, typer.Option("--project", metavar="PROJECT", help="Of which project, by id or name.")]
LocationOf = Annotated[str | None, typer.Option("--location", "-l", metavar="LOCATION", help="Where, by id or name.")]
