"""Slack and a real server: what a kill between a request and its answer leaves behind."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlencode

from dialects.queue.slack.lab import SECRET, check
from rota.dialects.queue.slack.signature import sign
from support import wait_until
from web.serving import Answer, Server

ID = "U024BE7LH"
CLIENTS = 4


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    server = Server(folder, workers=0, ROTA_SLACK_SIGNING_SECRET=f"{SECRET}\n")
    try:
        yield server
    finally:
        server.kill()


def say(server: Server, text: str, trigger: str, **headers: str) -> Answer:
    body = urlencode({"user_id": ID, "text": text, "trigger_id": trigger, "command": "/rota"}).encode()
    stamp = str(int(time.time()))
    return server.call(
        "POST",
        "/slack/commands",
        body,
        Content_Type="application/x-www-form-urlencoded",
        X_Slack_Request_Timestamp=stamp,
        X_Slack_Signature=sign(SECRET, stamp, body),
        X_Auth_Token="",
        **headers,
    )


def test_after_a_kill_each_request_is_done_once(tmp_path: Path) -> None:
    answers: dict[int, bytes] = {}
    with serving(tmp_path / "data") as server:
        assert server.call("PATCH", "/admin/v1/users/admin@localhost", f'{{"slack_id": "{ID}"}}').status == 200

        def send(number: int) -> None:
            with suppress(OSError, HTTPException):
                answers[number] = say(server, f"add task {number}", f"{number}.1").body

        with ThreadPoolExecutor(CLIENTS) as pool:
            sent = [pool.submit(send, number) for number in range(400)]
            wait_until(lambda: len(answers) > 40, "some answers")
            server.kill()
            for each in sent:
                each.cancel()
    assert 40 < len(answers) < 400
    with serving(tmp_path / "data") as server:
        tried = range(len(answers) + 2 * CLIENTS)
        again = {number: say(server, f"add task {number}", f"{number}.1", X_Slack_Retry_Num="1") for number in tried}
        titles = [each["title"] for each in server.call("GET", "/tasks?n=1000").json]
    for number, answer in again.items():
        assert answer.status == 200
        check(answer.json)
        assert answers.get(number, answer.body) == answer.body
    assert sorted(titles) == sorted({f"task {number}" for number in {*tried, *answers}})
