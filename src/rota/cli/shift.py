"""The commands for shifts and for who is there: login, logout, who, whoami, finger, sudo."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any

import typer

from rota.cli import choices, looks
from rota.cli.answers import RefusedError
from rota.cli.options import Json
from rota.cli.output import say, show_json, show_record, show_table
from rota.cli.people import Password, read_password
from rota.cli.times import wall_clock
from rota.cli.wire import ask, connect, segment

shift = typer.Typer()

SUDO_S = 900
"""How long a token of `sudo` lives at the most, should it be impossible to revoke it: seconds."""

SUDO_VERBS = frozenset(
    {"add", "update", "delete", "list", "show", "peek", "grab", "done", "release", "fg", "bg", "jobs"}
    | {"login", "logout", "who", "whoami", "finger", "last", "stats"}
)


@shift.command("login")
def log_in(
    email: Annotated[str | None, typer.Option(help="Who one is, with --password instead of a token.")] = None,
    password: Password = None,
    as_json: Json = False,
) -> None:
    """Begin one's shift, and print a token that works until it ends. On shift already: one more token for it."""
    if (email is None) != (password is None):
        raise typer.BadParameter("--email and --password - belong together")
    if email is None:
        return _show_login(ask("POST", "/workers", body={}), as_json)
    from rota.cli.client import Client

    url = choices.server_url() or choices.DEFAULT_URL
    with Client(url, basic=(email, read_password(password)["password"])) as client:
        return _show_login(client.ask("POST", "/workers", body={}), as_json)


@shift.command("logout")
def log_out(as_json: Json = False) -> None:
    """End one's shift. Its tokens work no more, and the task that one works on is put aside."""
    ended = ask("DELETE", "/workers")
    if as_json:
        show_json(ended)
    else:
        say("You have just logged out! See you again")


@shift.command("who")
def list_workers(
    everybody: Annotated[bool, typer.Option("--all", "-a", help="Those who are not on shift, too.")] = False,
    as_json: Json = False,
) -> None:
    """List who is on shift."""
    found = ask("GET", "/workers" if everybody else "/workers/loggedin")
    if as_json:
        show_json(found)
    else:
        show_table(looks.WORKER_COLUMNS, found, looks.of_workers())


@shift.command("whoami")
def show_self(as_json: Json = False) -> None:
    """Print one's own e-mail address: whose token it is that is sent."""
    found = ask("GET", "/admin/v1/me")
    if as_json:
        show_json(found)
    else:
        print(found["user"]["email"])


@shift.command("finger")
def show_worker(
    email: Annotated[str | None, typer.Argument(metavar="EMAIL", help="Whom. [oneself]")] = None,
    as_json: Json = False,
) -> None:
    """Show a worker in full. That is what they work on and have put aside, and what they did on this shift."""
    with connect() as client:
        whom = email or client.ask("GET", "/admin/v1/me")["user"]["email"]
        found = client.ask("GET", f"/workers/{segment(whom)}", query={"long": "true"})
    if as_json:
        show_json(found)
    else:
        _show_worker(found)


@shift.command("sudo", context_settings={"allow_interspersed_args": False, "ignore_unknown_options": True})
def act_as(
    context: typer.Context,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="As whom.")],
    words: Annotated[list[str], typer.Argument(metavar="VERB", help="A command of the desk, with its options.")],
) -> None:
    """Do a command of the desk as another user.

    That takes a superuser, or an admin of that user's account. A token of that user is made for the time of the
    command, and revoked at its end. `sudo EMAIL login` begins that user's shift; the log notes who did it.
    """
    verb, *rest = words
    if verb not in SUDO_VERBS:
        raise typer.BadParameter(f"{verb} is no command of the desk: {', '.join(sorted(SUDO_VERBS))}")
    if verb == "login" and set(rest) <= {"--json"} and (begun := _log_in_another(email)):
        return _show_login(begun, bool(rest))
    with _token_of(email) as token, choices.acting(token):
        context.find_root().command.main(words, prog_name=f"rota sudo {email}")
    return None


def _log_in_another(email: str) -> dict[str, Any] | None:
    """Begin a worker's shift by one's own right; None for a user of another account, whose desk is not one's own."""
    try:
        begun: dict[str, Any] = ask("POST", "/workers", body={"id": email})
    except RefusedError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    return begun


@contextmanager
def _token_of(email: str) -> Iterator[str]:
    """A token that lives as long as the block, whatever happens in it."""
    with connect() as client:
        made = client.ask("POST", "/admin/v1/tokens", body={"email": email, "expires_in_s": SUDO_S})
        try:
            yield made["token"]
        finally:
            client.ask("DELETE", f"/admin/v1/tokens/{segment(made['id'])}")


def _show_login(begun: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(begun)
    else:
        say("You are now logged in! You can start working.")
        print(begun["token"])


def _show_worker(found: dict[str, Any]) -> None:
    """In the order of importance; a part that is empty is left out."""
    now = wall_clock()
    parts = {"current", "suspended", "events", "_id"}
    show_record({name: value for name, value in found.items() if name not in parts}, looks.of_workers())
    held = [*([found["current"]] if found["current"] else []), *found["suspended"]]
    if held:
        print()
        show_table(("id", "state", "since", "deadline", "title"), looks.lines(held), looks.of_tasks(now))
    if found["events"]:
        print()
        show_table(("date", "action", "task_id"), found["events"], looks.of_events())
