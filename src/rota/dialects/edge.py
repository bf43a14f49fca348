"""What is done at the edge of every dialect: verbs that nobody knows, the caller's own request id, codes of what the
framework refuses, bodies that are left over."""

import re
from contextlib import suppress

import falcon

from rota.dialects.bodies import drain

_REQUEST_ID = re.compile(r"[0-9A-Za-z._:+/=-]{1,128}")


def know_verb(req: falcon.Request) -> None:
    """A verb that falcon has never heard of is as wrong as one that no route takes: 405, not falcon's 400."""
    if req.method not in falcon.COMBINED_METHODS:
        req.method = "TRACE"


def sent_request_id(req: falcon.Request) -> str | None:
    """The caller's own id of the request, where it is fit to be repeated."""
    sent = req.get_header("X-Request-ID") or ""
    return sent if _REQUEST_ID.fullmatch(sent) else None


def code_of(error: falcon.HTTPError) -> str:
    """The title of what falcon refuses, as a word: `405 Method Not Allowed` is `method_not_allowed`."""
    return re.sub(r"\W+", "_", title_of(error).lower())


def title_of(error: falcon.HTTPError) -> str:
    return re.sub(r"^\d+ ", "", error.title)


def drain_refused(req: falcon.Request, resp: falcon.Response) -> None:
    """After a refusal, what is left of the body is read."""
    if resp.status_code >= 400:
        with suppress(falcon.HTTPError):  # a length that cannot be read, which has been told already
            drain(req)
