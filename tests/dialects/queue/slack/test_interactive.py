"""Buttons: what a press does, what is shown in its place, and what is sent to Slack afterwards."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlencode

import falcon.testing
import pytest

from dialects.queue.slack.lab import BOB, Lab, buttons, service
from rota.dialects.queue.app import create
from rota.dialects.queue.slack import respond
from rota.dialects.queue.slack.blocks import BUTTONS, PRESSED
from rota.dialects.queue.slack.respond import Responder
from rota.domain.items import Completion, Status
from rota.outbound import AddressRefused, Deadline, Network
from support import wait_until


def test_every_button_does_what_it_says(lab: Lab) -> None:
    item = lab.desk.add()
    shown = lab.command("list")
    for action, text, status in (
        ("grab", "Task 1 grabbed", Status.ACTIVE),
        ("bg", "Task suspended", Status.SUSPENDED),
        ("fg", "Task resumed", Status.ACTIVE),
        ("release", "Task released", Status.QUEUED),
        ("grab", "Task 1 grabbed", Status.ACTIVE),
        ("done", "Task completed", Status.COMPLETED),
    ):
        assert action in buttons(shown)[item.id]
        shown = lab.press(action, item)
        assert shown["text"].startswith(text)
        assert shown["replace_original"] is True
        assert lab.desk.status(item) is status
    assert buttons(shown) == {}


def test_buttons_may_come_to_the_address_of_the_commands(lab: Lab) -> None:
    item = lab.desk.add()
    body = lab.pressed(("grab", item))
    for path in ("/slack/commands", "/slack/interactive"):
        assert lab.message(lab.post(path, body))["text"].startswith("Task 1 grabbed")
    assert lab.desk.kinds(item_id=item.id) == ["item.added", "item.grabbed"]


def test_a_task_can_fail_from_active_and_from_suspended(lab: Lab) -> None:
    for number in (1, 2):
        lab.desk.add()
        lab.press("grab", number)
    assert all("done-failure" in each for each in buttons(lab.command("jobs")).values())
    lab.press("done-failure", 1)
    lab.press("done-failure", 2)
    assert [lab.desk.get(number).completion for number in (1, 2)] == [Completion.FAILURE] * 2


def test_a_button_names_a_line_that_can_be_typed(lab: Lab) -> None:
    assert {each.action_id for row in BUTTONS.values() for each in row} == PRESSED.keys()
    assert BUTTONS.keys() == set(Status)


def test_a_press_that_is_refused_leaves_the_message(lab: Lab) -> None:
    item = lab.desk.add()
    assert lab.press("done", item)["text"] == "This is not your task!"
    lab.press("grab", item)
    said = lab.press("grab", item, BOB)
    assert (said["text"], said["replace_original"]) == ("You need to log in to perform this command", False)
    lab.command("login", BOB)
    assert lab.press("grab", item, BOB)["text"] == "Task is not in queue!"


@pytest.mark.parametrize("value", ["", "x", "1 2", "1; delete 1", "-1", None, 1])
@pytest.mark.parametrize("action", ["grab", "done"])
def test_a_button_that_names_no_task_is_none_of_ours(lab: Lab, action: str, value: Any) -> None:
    lab.desk.add()
    lab.desk.add()
    lab.command("grab")
    before = lab.desk.kinds()
    actions = [{"type": "button", "action_id": action, "value": value, "action_ts": "1"}]
    answer = lab.post("/slack/interactive", lab.pressed(actions=actions))
    assert (answer.status_code, answer.content) == (200, b"")
    assert lab.desk.kinds() == before


def test_a_number_of_no_task_is_refused(lab: Lab) -> None:
    assert lab.press("grab", 10**17)["text"] == "Task does not exist."
    assert "is not the number of a task" in lab.press("grab", 10**30)["text"]


def test_several_actions_are_all_done(lab: Lab) -> None:
    for _ in range(2):
        lab.desk.add()
    body = lab.pressed(("grab", 1), ("grab", 2), ("done", 99))
    said = lab.message(lab.post("/slack/interactive", body))
    assert said["text"].split("\n")[0] == "Task 1 grabbed"
    assert "Task 2 grabbed. Task 1 suspended" in said["text"]
    assert said["text"].endswith("Task does not exist.")
    assert said["replace_original"] is True
    assert [lab.desk.get(number).status for number in (1, 2)] == [Status.SUSPENDED, Status.ACTIVE]


def test_a_message_of_many_actions_still_fits(lab: Lab) -> None:
    lab.desk.add("x" * 900)
    lab.message(lab.post("/slack/interactive", lab.pressed(*[("grab", 1), ("release", 1)] * 40)))
    assert lab.desk.status(lab.desk.get(1)) is Status.QUEUED


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "view_submission", "view": {}},
        {"type": "shortcut"},
        {},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": []},
        {"type": "block_actions", "actions": "grab"},
        {"type": "block_actions", "actions": [1, None, {"action_id": "another"}, {"action_id": 5}]},
    ],
)
def test_other_interactions_are_answered_with_nothing(lab: Lab, payload: Any) -> None:
    answer = lab.post("/slack/interactive", urlencode({"payload": json.dumps(payload)}).encode())
    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "user", [{"email": "zoe@example.org"}, {"username": "zoe@example.org"}, {"name": "zoe@example.org"}]
)
def test_the_person_is_found_by_an_email_too(lab: Lab, user: dict[str, str]) -> None:
    lab.desk.hire("zoe@example.org")
    lab.desk.add()
    assert lab.press("grab", 1, user={"id": "U0ZOE", **user})["text"].startswith("Task 1 grabbed")


def test_a_user_that_is_no_object_is_nobody(lab: Lab) -> None:
    assert "link-slack" in lab.press("grab", 1, user="ann", team=3, trigger_id=None)["text"]


class Slack:
    """Takes what is posted to response URLs."""

    def __init__(self, status: int | Exception = 200) -> None:
        self.status, self.posted = status, []  # type: ignore[var-annotated]

    def post(self, url: str, body: bytes) -> int:
        self.posted.append((url, json.loads(body)))
        if isinstance(self.status, Exception):
            raise self.status
        return self.status


def responding(lab: Lab, slack: Slack, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setattr("rota.dialects.queue.app.post", slack.post)
    app = create(service(lab.desk, lab.desk.store.path.parent, slack_respond=True))  # type: ignore[attr-defined]
    return Lab(lab.desk, falcon.testing.TestClient(app), lab.triggers)


def test_a_press_is_answered_by_its_url_when_that_is_wanted(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slack = Slack()
    item = lab.desk.add()
    shown = responding(lab, slack, monkeypatch).press("grab", item)
    wait_until(lambda: bool(slack.posted), "the answer")
    assert slack.posted == [("https://hooks.slack.com/actions/1", shown)]


def test_nobody_is_called_unasked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    slack = Slack()
    monkeypatch.setattr("rota.dialects.queue.app.post", slack.post)
    app = create(service(lab.desk, lab.desk.store.path.parent))  # type: ignore[attr-defined]
    lab.desk.add()
    Lab(lab.desk, falcon.testing.TestClient(app)).press("grab", 1)
    assert slack.posted == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://hooks.slack.com/actions/1",
        "https://hooks.slack.com.evil.example/",
        "https://hooks.slack.com@evil.example/",
        "https://evil.example/hooks.slack.com",
        "https://hooks.slack.com:8443/",
        "//hooks.slack.com/",
    ],
)
def test_only_slack_is_called(url: str) -> None:
    slack = Slack()
    responder = Responder(slack.post)
    responder.respond(url, b"{}")
    responder.respond("https://hooks.slack.com/last", b"{}")
    wait_until(lambda: bool(slack.posted), "the last")
    assert [each for each, _ in slack.posted] == ["https://hooks.slack.com/last"]


@pytest.mark.parametrize("status", [404, RuntimeError("https://hooks.slack.com/secret")])
def test_a_call_that_fails_is_logged_without_its_url(status: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[Any] = []
    monkeypatch.setattr(
        respond, "log", type("Log", (), {"warning": lambda self, *words, **facts: logged.append((words, facts))})()
    )
    Responder(Slack(status).post).respond("https://hooks.slack.com/secret", b"{}")
    wait_until(lambda: bool(logged), "a line of the log")
    assert "secret" not in str(logged)


def test_a_post_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((self.path, self.headers["Content-Type"], body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words: Any) -> None:
            pass

    def reaching(deadline: Deadline, *, private: bool, resolve: Any) -> Network:
        assert private is False
        return Network(deadline, private=True, resolve=resolve)

    taken: list[Any] = []
    monkeypatch.setattr(respond, "Network", reaching)
    with HTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        assert respond.post(f"http://127.0.0.1:{server.server_port}/actions/1?x=y", b'{"text": "done"}') == 204
        thread.join()
    assert taken == [("/actions/1?x=y", "application/json", b'{"text": "done"}')]


def test_a_post_reaches_the_internet_alone() -> None:
    with pytest.raises(AddressRefused):
        respond.post("https://127.0.0.1:1/", b"{}")
