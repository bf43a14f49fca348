"""Nobody but Slack is heard, and Slack only just now."""

from pathlib import Path
from urllib.parse import quote

import falcon.testing
import pytest

from desk import SECOND
from dialects.queue.slack.lab import SECRET, Lab, service
from rota.dialects.queue.app import create
from rota.dialects.queue.resource import BODY_LIMIT
from rota.dialects.queue.slack.signature import PATIENCE_S, sign

PATHS = ["/slack/commands", "/slack/interactive"]


def test_the_signature_is_the_one_of_slacks_own_example() -> None:
    body = (
        "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        "&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        f"&response_url={quote('https://hooks.slack.com/commands/T1DC2JH3J/397700885554/', safe='')}"
        "96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    expected = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    assert sign(SECRET, "1531420618", body.encode()) == expected


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slack_Signature": ""},
        {"X_Slack_Request_Timestamp": ""},
        {"X_Slack_Signature": "v0="},
        {"X_Slack_Signature": "v0=\xff"},
        {"X_Slack_Signature": sign("another secret", "1700000000", b"text=who")},
        {"X_Slack_Request_Timestamp": "1700000001"},
        {"X_Slack_Request_Timestamp": "yesterday"},
        {"X_Slack_Request_Timestamp": "9" * 40},
        {"X_Slack_Request_Timestamp": "１７０００００００"},
        {"X_Slack_Request_Timestamp": "-1"},
    ],
)
def test_what_is_not_signed_by_slack_is_not_heard(lab: Lab, path: str, headers: dict[str, str]) -> None:
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    answer = lab.post(path, b"text=who", stamp=1_700_000_000, **headers)
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthenticated")
    assert answer.json["text"] == answer.json["error"]["message"]
    assert answer.headers["WWW-Authenticate"] == "Slack-Signature"


def test_a_single_changed_byte_of_the_body_is_noticed(lab: Lab) -> None:
    body = lab.typed("add a title")
    signature = sign(SECRET, str(lab.desk.time // SECOND), body)
    changed = body.replace(b"title", b"Title")
    assert lab.post("/slack/commands", changed, X_Slack_Signature=signature).status_code == 401
    assert lab.post("/slack/commands", body, X_Slack_Signature=signature).status_code == 200


@pytest.mark.parametrize(
    ("off", "status"), [(0, 200), (PATIENCE_S, 200), (-PATIENCE_S, 200), (PATIENCE_S + 1, 401), (-PATIENCE_S - 1, 401)]
)
def test_five_minutes_either_way_are_allowed(lab: Lab, off: int, status: int) -> None:
    stamp = lab.desk.time // SECOND + off
    assert lab.post("/slack/commands", lab.typed("who"), stamp=stamp).status_code == status


@pytest.mark.parametrize("path", PATHS)
def test_without_a_secret_there_is_no_slack(lab: Lab, tmp_path: Path, path: str) -> None:
    app = create(service(lab.desk, tmp_path, slack_secret=""))
    off = Lab(lab.desk, falcon.testing.TestClient(app))
    answer = off.post(path, b"text=who", secret="")
    assert answer.status_code == 404
    assert "ROTA_SLACK_SIGNING_SECRET" in answer.json["text"]


@pytest.mark.parametrize("path", PATHS)
def test_a_huge_body_and_another_content_type_are_refused(lab: Lab, path: str) -> None:
    assert lab.post(path, b"x" * (BODY_LIMIT + 1)).status_code == 413
    assert lab.post(path, b"{}", Content_Type="application/json").status_code == 415


@pytest.mark.parametrize("body", [b"\xff", b"text=%ff", b"&".join([b"a=b"] * 2_000)])
@pytest.mark.parametrize("path", PATHS)
def test_what_is_no_form_is_a_bad_request(lab: Lab, path: str, body: bytes) -> None:
    assert lab.post(path, body).status_code == 400


@pytest.mark.parametrize("payload", ["", "{", "[]", "null", '{"type": "\\ud800"}', "[" * 100_000])
def test_a_payload_that_is_no_object_is_a_bad_request(lab: Lab, payload: str) -> None:
    answer = lab.post("/slack/interactive", f"payload={quote(payload)}".encode())
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("path", PATHS)
def test_slack_only_ever_posts(lab: Lab, path: str) -> None:
    assert lab.client.simulate_get(path).status_code == 405
