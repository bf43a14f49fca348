"""The command `rota`: puts the subcommands together, and turns what goes wrong into a sentence and an exit code.

Only what a help page needs is imported here and at the head of the command modules; a command imports the rest when it
runs. That keeps `rota --help` at the cost of Python and Typer.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from rota import __version__
from rota.cli import desk, field, hand, jobs, moving, people, serve, shift, statistics, webhooks
from rota.cli.output import CommandError, say, spare_unprintable

SECTIONS: Mapping[str, Sequence[str]] = {
    "Tasks of the desk": ("add", "update", "delete", "list", "show", "peek", "last", "stats"),
    "Tasks in hand": ("grab", "done", "release", "bg", "fg", "jobs"),
    "People at the desk": ("login", "logout", "who", "whoami", "finger", "sudo"),
    "The field": ("field",),
    "Bulk jobs": ("job",),
    "Administration": ("account", "user", "token", "webhook", "serve", "worker", "migrate", "status"),
    "Data as a whole": ("backup", "restore", "migrate-store"),
}
"""The commands by what they are about."""


class Sections(TyperGroup):
    """A group of commands whose help page lists them by section."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = formatter.width - 6 - max(map(len, self.commands))
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, self.commands[name].get_short_help_str(width)) for name in names])


app = typer.Typer(
    cls=Sections,
    name="rota",
    help="A self-hosted task service: bulk jobs for machines, a queue for the desk, recurring tasks for the field.",
    epilog="Data goes to stdout, talk to stderr. Exit codes: 0 done, 1 refused or failed, 2 wrong usage.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _verbs in (desk.desk, hand.hand, shift.shift):
    app.add_typer(_verbs)
app.add_typer(statistics.stats, name="stats")
app.command()(serve.serve)
app.command()(serve.worker)
app.command()(serve.migrate)
app.command()(serve.status)
app.command()(moving.backup)
app.command()(moving.restore)
app.command()(moving.migrate_store)
app.add_typer(people.account, name="account")
app.add_typer(people.user, name="user")
app.add_typer(people.token, name="token")
app.add_typer(field.field, name="field")
app.add_typer(jobs.job, name="job")
app.add_typer(webhooks.webhook, name="webhook")


def _version(asked: bool) -> None:
    if asked:
        print(f"rota {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


def main(words: Sequence[str] | None = None) -> int:
    """Run a command line (the process's own by default); the exit code. 130 after Ctrl-C."""
    spare_unprintable()
    try:
        code = _run(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone. Python would flush once more on its way out, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _run(words: Sequence[str] | None) -> int:
    try:
        app(args=words, prog_name="rota")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except CommandError as error:
        say(str(error))
        return error.exit_code
    except BrokenPipeError:
        raise
    except OSError as error:
        say(f"{error.filename}: {error.strerror}." if error.filename else f"{error}.")
        return 1
    return 0


def run() -> None:
    """The entry point."""
    sys.exit(main())
