"""A desk that is worked from Slack: signed requests to the real application, a clock and ids that the test rules."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import falcon.testing

from desk import SECOND, Desk
from rota.dialects.queue.app import create
from rota.dialects.queue.slack.signature import sign
from rota.dialects.service import Service
from rota.domain.items import Item
from rota.operations import slack
from rota.store.blobs import LocalBlobs
from rota.store.port import Store
from support import service_on

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
ANN, BOB = "ann@example.org", "bob@example.org"
SLACK_IDS = {ANN: "U0ANN", BOB: "U0BOB"}


@dataclass
class Lab:
    """Ann and Bob, both linked; Ann is on shift. Every request has a trigger of its own unless the test gives one."""

    desk: Desk
    client: falcon.testing.TestClient
    triggers: Any = field(default_factory=lambda: count(1))

    @classmethod
    def found(cls, store: Store, folder: Path, **settings: Any) -> "Lab":
        desk = Desk.found(store, ANN)
        desk.hire(BOB, on_shift=False)
        for email, slack_id in SLACK_IDS.items():
            with store.write() as tx:
                slack.link(tx, desk.admin, email, slack_id, now=desk.now())
        return cls(desk, falcon.testing.TestClient(create(service(desk, folder, **settings))))

    def command(self, text: str, who: str = ANN, **fields: str) -> Any:
        """What a slash command is shown."""
        return self.message(self.post("/slack/commands", self.typed(text, who, **fields)))

    def typed(self, text: str, who: str = ANN, **fields: str) -> bytes:
        """The body of a slash command."""
        form = {
            "token": "legacy",
            "team_id": "T0",
            "channel_id": "C0",
            "user_id": SLACK_IDS.get(who, who),
            "user_name": who.partition("@")[0],
            "command": "/rota",
            "text": text,
            "response_url": "https://hooks.slack.com/commands/1",
            "trigger_id": f"{next(self.triggers)}.1.x",
        }
        return urlencode({**form, **fields}).encode()

    def press(self, action_id: str, item: Item | int, who: str = ANN, **fields: Any) -> Any:
        """What a button is shown."""
        return self.message(self.post("/slack/interactive", self.pressed((action_id, item), who=who, **fields)))

    def pressed(self, *actions: tuple[str, Item | int], who: str = ANN, **fields: Any) -> bytes:
        """The body of some pressed buttons."""
        told = [
            {
                "type": "button",
                "block_id": "b1",
                "action_id": action_id,
                "value": str(item.id if isinstance(item, Item) else item),
                "action_ts": "1700000000.000001",
            }
            for action_id, item in actions
        ]
        payload = {
            "type": "block_actions",
            "user": {"id": SLACK_IDS.get(who, who), "username": who.partition("@")[0], "team_id": "T0"},
            "team": {"id": "T0", "domain": "x"},
            "container": {"type": "message", "is_ephemeral": True},
            "response_url": "https://hooks.slack.com/actions/1",
            "trigger_id": f"{next(self.triggers)}.1.x",
            "actions": told,
        }
        return urlencode({"payload": json.dumps({**payload, **fields})}).encode()

    def post(
        self, path: str, body: bytes, *, stamp: int | None = None, secret: str = SECRET, **headers: str
    ) -> falcon.testing.Result:
        """A signed request; a header in keywords replaces what would be sent."""
        at = str(self.desk.time // SECOND if stamp is None else stamp)
        sent = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": at,
            "X-Slack-Signature": sign(secret, at, body),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.client.simulate_post(
            path, body=body, headers={name: value for name, value in sent.items() if value}
        )

    def message(self, answer: falcon.testing.Result) -> Any:
        """The document of a message, which must be one that Slack can show."""
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        check(answer.json)
        return answer.json


def service(desk: Desk, folder: Path, **settings: Any) -> Service:
    blobs = LocalBlobs(folder / "blobs")
    return service_on(desk.store, blobs, clock=desk.now, **{"slack_secret": SECRET, **settings})


def check(message: Any) -> None:
    """Within the limits of Block Kit: https://docs.slack.dev/reference/block-kit"""
    assert message["response_type"] == "ephemeral"
    assert 0 < units(message["text"]) <= 3_000
    assert 0 < len(message["blocks"]) <= 50
    for block in message["blocks"]:
        CHECKS[block["type"]](block)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _check_section(block: Any) -> None:
    assert block["text"]["type"] == "mrkdwn"
    assert block["text"]["verbatim"] is True
    assert 0 < units(block["text"]["text"]) <= 3_000


def _check_actions(block: Any) -> None:
    assert 0 < len(block["elements"]) <= 25
    ids = [each["action_id"] for each in block["elements"]]
    assert len(set(ids)) == len(ids)
    for each in block["elements"]:
        assert (each["type"], each["text"]["type"]) == ("button", "plain_text")
        assert 0 < len(each["text"]["text"]) <= 75
        assert each["value"].isdigit()


CHECKS: dict[str, Callable[[Any], None]] = {"section": _check_section, "actions": _check_actions}


def buttons(message: Any) -> dict[int, list[str]]:
    """The buttons of each task in a message."""
    found: dict[int, list[str]] = {}
    for block in message["blocks"]:
        for each in block.get("elements", ()):
            found.setdefault(int(each["value"]), []).append(each["action_id"])
    return found


def sections(message: Any) -> list[str]:
    return [block["text"]["text"] for block in message["blocks"] if block["type"] == "section"]
