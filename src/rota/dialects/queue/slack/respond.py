"""Answers a button by the URL that Slack gave for it, which is the only way to change what a person sees: of the answer
to a button's own request Slack reads the status alone.

Source: https://docs.slack.dev/interactivity/handling-user-interaction
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import structlog

from rota.outbound import Call, Deadline, Network, resolve, send

log = structlog.get_logger()

HOST = "hooks.slack.com"
WITHIN_S = 10.0

Post = Callable[[str, bytes], int]
"""Sends a JSON body to a URL; the HTTP status of the answer."""


class Responder:
    """Calls Slack while the request that told of the button is answered already. What fails is logged and not tried
    again: the change is done, and `jobs` shows it."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="slack")

    def respond(self, url: str, body: bytes) -> None:
        """Only Slack is called: the URL came signed, but a secret can leak."""
        parts = urlsplit(url)
        if (parts.scheme, parts.netloc) == ("https", HOST):
            self._threads.submit(self._send, url, body)

    def _send(self, url: str, body: bytes) -> None:
        try:
            status = self._post(url, body)
        except Exception as error:
            # Without the URL: whoever has it may write to the person who pressed the button.
            log.warning("slack.respond_failed", error=type(error).__name__)
            return
        if status != 200:
            log.warning("slack.respond_failed", status=status)


def post(url: str, body: bytes) -> int:
    """Over HTTPS, to a public address, within ten seconds."""
    deadline = Deadline(time.monotonic() + WITHIN_S, time.monotonic)
    call = Call("POST", url, (("Content-Type", "application/json"),), body)
    return send(call, Network(deadline, private=False, resolve=resolve)).status
