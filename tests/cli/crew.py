"""People of a real server, and what their command lines print."""

import json
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from web.serving import Server

if TYPE_CHECKING:
    from cli.conftest import Ran

_numbers = count(1)


@dataclass(frozen=True)
class Person:
    email: str
    account: str
    token: str


def post(server: Server, what: str, body: Any) -> Any:
    answer = server.call("POST", f"/admin/v1/{what}", json.dumps(body), Content_Type="application/json")
    assert answer.status == 201, answer.body
    return answer.json


def hired(server: Server, account: str | None = None, **words: Any) -> Person:
    """A new user, in a new account if none is named."""
    number = next(_numbers)
    account = account or post(server, "accounts", {"name": f"crew {number}"})["id"]
    body = {"email": f"p{number}@x.org", "account_id": account, **words}
    email = post(server, "users", body)["email"]
    return Person(email, account, post(server, "tokens", {"email": email})["token"])


def cells(ran: "Ran") -> list[list[str]]:
    """The lines of a table without its head."""
    return [line.split("\t") for line in ran.out.splitlines()[1:]]


def refused(ran: "Ran", said: str) -> None:
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.startswith("rota: ")
