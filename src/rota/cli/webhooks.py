"""The commands for webhooks, over HTTP: for the admins of an account."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from rota.cli.output import say, show_json, show_record, show_table

webhook = typer.Typer(help="Webhooks: URLs that are told what happens.", no_args_is_help=True)

_COLUMNS = ("id", "url", "types", "enabled", "delivered_on", "failing_since", "description")
_DELIVERIES = ("id", "type", "state", "attempts", "queued_on", "next_on", "settled_on", "last_status", "last_error")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id, as `rota webhook list` shows it.")]
Types = Annotated[
    list[str] | None,
    typer.Option("--type", metavar="TYPE", help="An event type, such as job.ended; give it once for each. [all]"),
]
Description = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")]


@webhook.command("add")
def add_webhook(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are posted.")],
    types: Types = None,
    description: Description = None,
    as_json: Json = False,
) -> None:
    """Add a webhook, and print its id and its secret. The secret is shown this once."""
    made = _ask("POST", "", body={"url": url, "types": types or [], "description": description or ""})
    _show(made if as_json else {"id": made["id"], "secret": made["secret"]}, as_json)


@webhook.command("list")
def list_webhooks(as_json: Json = False) -> None:
    """List the account's webhooks, the oldest first."""
    found = _ask("GET", "")
    if as_json:
        show_json(found)
    else:
        show_table(_COLUMNS, found)


@webhook.command("show")
def show_webhook(webhook_id: Id, as_json: Json = False) -> None:
    """Show one webhook."""
    _show(_ask("GET", _path(webhook_id)), as_json)


@webhook.command("change")
def change_webhook(
    webhook_id: Id,
    url: Annotated[str | None, typer.Option(metavar="URL", help="Where messages are posted from now on.")] = None,
    types: Types = None,
    description: Description = None,
    as_json: Json = False,
) -> None:
    """Give a webhook another URL, other types or another description; what is left out stays."""
    changes = {"url": url, "types": types, "description": description}
    given = {name: value for name, value in changes.items() if value is not None}
    if not given:
        raise typer.BadParameter("say what to change: --url, --type or --description")
    _show(_change(webhook_id, given), as_json)


@webhook.command("enable")
def enable_webhook(webhook_id: Id, as_json: Json = False) -> None:
    """Send again, what happens from now on."""
    _say(_change(webhook_id, {"enabled": True}), "is enabled", as_json)


@webhook.command("disable")
def disable_webhook(webhook_id: Id, as_json: Json = False) -> None:
    """Send nothing more; what is on its way is given up."""
    _say(_change(webhook_id, {"enabled": False}), "is disabled", as_json)


@webhook.command("remove")
def remove_webhook(webhook_id: Id, as_json: Json = False) -> None:
    """Remove a webhook and its deliveries."""
    _say(_ask("DELETE", _path(webhook_id)), "is removed", as_json)


@webhook.command("rotate")
def rotate_secret(
    webhook_id: Id,
    overlap: Annotated[
        int | None, typer.Option(metavar="SECONDS", min=0, help="How long the old secret goes on signing. [a day]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a new secret, and print it alone. It is shown this once."""
    body = {} if overlap is None else {"overlap": overlap}
    made = _ask("POST", f"{_path(webhook_id)}/rotate", body=body)
    if as_json:
        show_json(made)
    else:
        print(made["secret"])


@webhook.command("test")
def test_webhook(webhook_id: Id, as_json: Json = False) -> None:
    """Send a message that tells of nothing, and print its id; `rota webhook deliveries` shows what came of it."""
    _show_id(_ask("POST", f"{_path(webhook_id)}/test"), as_json)


@webhook.command("deliveries")
def list_deliveries(
    webhook_id: Id,
    state: Annotated[str | None, typer.Option(metavar="STATE", help="pending, delivered or failed. [all]")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, max=1000, help="How many. [100]")] = None,
    as_json: Json = False,
) -> None:
    """List a webhook's newest deliveries, the newest first."""
    found = _ask("GET", f"{_path(webhook_id)}/deliveries", query={"state": state, "n": limit})
    if as_json:
        show_json(found)
    else:
        show_table(_DELIVERIES, found)


@webhook.command("retry")
def retry_delivery(
    webhook_id: Id,
    delivery_id: Annotated[str, typer.Argument(metavar="DELIVERY", help="The delivery's id.")],
    as_json: Json = False,
) -> None:
    """Send a message once more, whatever became of it, and print its id."""
    _show_id(_ask("POST", f"{_path(webhook_id)}/deliveries/{quote(delivery_id, safe='')}/retry"), as_json)


def _change(webhook_id: str, changes: dict[str, Any]) -> Any:
    """A PUT writes all of a webhook: what nobody changes is sent as it is."""
    now = _ask("GET", _path(webhook_id))
    kept = {name: now[name] for name in ("url", "types", "description")}
    return _ask("PUT", _path(webhook_id), body={**kept, **changes})


def _ask(method: str, path: str, **words: Any) -> Any:
    from rota.cli.client import server

    with server() as client:
        return client.ask(method, f"/webhooks{path}", **words)


def _path(webhook_id: str) -> str:
    return f"/{quote(webhook_id, safe='')}"


def _show(found: Any, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_record(found)


def _show_id(made: Any, as_json: bool) -> None:
    if as_json:
        show_json(made)
    else:
        print(made["id"])


def _say(found: Any, what: str, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        say(f"the webhook {found['id']} {what}.")
