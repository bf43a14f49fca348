"""The commands for accounts, users and tokens: on the server of ROTA_URL, else on the data folder itself."""

import sys
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from rota.cli import choices
from rota.cli.options import Json
from rota.cli.output import CommandError, say, show_json, show_record, show_table

if TYPE_CHECKING:
    from rota.cli.client import Client

account = typer.Typer(help="Accounts: a tree, each with its users and jobs.", no_args_is_help=True)
user = typer.Typer(help="Users: people and machines in an account.", no_args_is_help=True)
token = typer.Typer(help="Tokens: what a user sends to prove who is asking.", no_args_is_help=True)

_ROOT = "/admin/v1"


class Role(StrEnum):
    """The domain's roles, without the domain: a help page needs no more."""

    ADMIN = "admin"
    MEMBER = "member"


Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
Password = Annotated[
    str | None, typer.Option(metavar="-", help="`-` reads the password from stdin, one line of at least 8 characters.")
]


@account.command("add")
def add_account(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call it.")],
    parent: Annotated[str | None, typer.Option(metavar="ID", help="The account above. [one's own]")] = None,
    account_id: Annotated[str | None, typer.Option("--id", metavar="HEX", help="Its id elsewhere, to be kept.")] = None,
    as_json: Json = False,
) -> None:
    """Add an account, and print its id."""
    made = _ask("POST", "/accounts", body={"name": name, "parent_id": parent, "id": account_id})
    _show_made(made, "id", as_json)


@account.command("list")
def list_accounts(as_json: Json = False) -> None:
    """List one's own account and all below it, in the order of the tree."""
    found = _ask("GET", "/accounts")["accounts"]
    _show_all(found, ("id", "name", "parent_id", "created_at"), as_json)


@account.command("show")
def show_account(
    account_id: Annotated[str, typer.Argument(metavar="ID", help="The account's id.")], as_json: Json = False
) -> None:
    """Show one account."""
    _show_one(_ask("GET", f"/accounts/{quote(account_id, safe='')}"), as_json)


@user.command("add")
def add_user(
    email: Email,
    account: Annotated[str | None, typer.Option(metavar="ID", help="The user's account. [one's own]")] = None,
    role: Annotated[Role, typer.Option(help="An admin may manage the account's users.")] = Role.MEMBER,
    superuser: Annotated[bool, typer.Option("--superuser", help="In the root account: may do everything.")] = False,
    password: Password = None,
    as_json: Json = False,
) -> None:
    """Add a user, and print the e-mail address."""
    body = {"email": email, "account_id": account, "role": role.value, "superuser": superuser}
    _show_made(_ask("POST", "/users", body={**body, **read_password(password)}), "email", as_json)


@user.command("change")
def change_user(
    email: Email,
    role: Annotated[Role | None, typer.Option(help="The new role.")] = None,
    password: Password = None,
    as_json: Json = False,
) -> None:
    """Give a user another role or password."""
    body = {**({"role": role.value} if role else {}), **read_password(password)}
    if not body:
        raise typer.BadParameter("say what to change: --role or --password -")
    _show_made(_ask("PATCH", _path_of(email), body=body), "email", as_json)


@user.command("list")
def list_users(
    account: Annotated[str | None, typer.Option(metavar="ID", help="The users' account. [one's own]")] = None,
    as_json: Json = False,
) -> None:
    """List the users of an account."""
    found = _ask("GET", "/users", query={"account": account})["users"]
    _show_all(found, ("email", "account_id", "role", "superuser", "created_at"), as_json)


@user.command("show")
def show_user(email: Email, as_json: Json = False) -> None:
    """Show one user."""
    _show_one(_ask("GET", _path_of(email)), as_json)


@user.command("link-slack")
def link_slack(
    email: Email,
    slack_id: Annotated[str, typer.Argument(metavar="SLACK_ID", help="The member id in Slack, such as U024BE7LH.")],
    as_json: Json = False,
) -> None:
    """Let a user work from Slack: whoever has this id there is this user."""
    _show_made(_ask("PATCH", _path_of(email), body={"slack_id": slack_id}), "email", as_json)


@user.command("unlink-slack")
def unlink_slack(email: Email, as_json: Json = False) -> None:
    """Take a user's Slack id away."""
    _show_made(_ask("PATCH", _path_of(email), body={"slack_id": None}), "email", as_json)


@token.command("create")
def create_token(
    email: Annotated[str, typer.Option(help="Whose token it is to be.")],
    expires_in: Annotated[
        int | None, typer.Option(metavar="SECONDS", min=1, help="How long it lives. [until it is revoked]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a token, and print it alone. It is shown this once: rota keeps only a hash of it."""
    made = _ask("POST", "/tokens", body={"email": email, "expires_in_s": expires_in})
    _show_made(made, "token", as_json)


@token.command("list")
def list_tokens(
    email: Annotated[str | None, typer.Option(help="Whose tokens. [one's own]")] = None, as_json: Json = False
) -> None:
    """List the ids and times of a user's tokens."""
    found = _ask("GET", "/tokens", query={"email": email})["tokens"]
    _show_all(found, ("id", "email", "created_at", "expires_at", "revoked_at"), as_json)


@token.command("revoke")
def revoke_token(
    token_id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, as `rota token list` shows it.")],
    as_json: Json = False,
) -> None:
    """Revoke a token: from now on it works nowhere."""
    _ask("DELETE", f"/tokens/{quote(token_id, safe='')}")
    if as_json:
        show_json({"id": token_id, "revoked": True})
    else:
        say(f"the token {token_id} is revoked.")


def _ask(method: str, path: str, **words: Any) -> Any:
    with _desk() as client:
        return client.ask(method, f"{_ROOT}{path}", **words)


def _desk() -> "AbstractContextManager[Client]":
    if url := choices.server_url():
        from rota.cli.client import Client

        return Client(url, choices.token(url))
    from rota.cli.folder import open_folder

    return open_folder()


def _path_of(email: str) -> str:
    return f"/users/{quote(email, safe='')}"


def read_password(word: str | None) -> dict[str, str]:
    """The field for a body, or none. On a terminal the password is not echoed."""
    if word is None:
        return {}
    if word != "-":
        # Other users of the machine can read a command line.
        raise typer.BadParameter("give the password on stdin: --password -", param_hint="--password")
    if sys.stdin.isatty():
        from getpass import getpass

        return {"password": getpass("Password: ")}
    line = sys.stdin.readline()
    if not line:
        raise CommandError("There is no password on stdin.", exit_code=2)
    return {"password": line.removesuffix("\n").removesuffix("\r")}


def _show_made(made: dict[str, Any], key: str, as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        print(made[key])


def _show_one(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_record(found)


def _show_all(found: list[dict[str, Any]], columns: tuple[str, ...], as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_table(columns, found)
