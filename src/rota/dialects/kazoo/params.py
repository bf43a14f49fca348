"""What a request says besides its body: the token, the query, and the kind of answer that is wanted."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import falcon

from rota.dialects.edge import sent_request_id
from rota.dialects.kazoo.errors import action_not_named, bad_parameters
from rota.domain.gregorian import EPOCH_S
from rota.domain.jobs import Status

FILE_NAME_LIMIT = 1024
PAGE_SIZE = 50
PAGE_LIMIT = 1000

CSV_TYPES = frozenset({"text/csv", "text/comma-separated-values"})
JSON_TYPES = frozenset({"application/json", "application/x-json"})

_TASK_ID = re.compile(r"[0-9a-f]{30}")
_START_KEY = re.compile(r"([0-9]{1,18})-([0-9a-f]{30})")
_SECONDS = re.compile(r"[0-9]{1,12}")
_SIZE = re.compile(r"[0-9]{1,4}")

Tests = dict[str, Any]
"""Column tests, as store/filters.py names them."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What is asked of a list. `limit` is None when all of it is wanted at once."""

    tests: Mapping[str, Any]
    limit: int | None
    start_key: str | None


def request_id(req: falcon.Request, new_id: Callable[[int], str]) -> str:
    """The caller's own id of the request, where it is fit to be repeated, else a new one."""
    return sent_request_id(req) or new_id(32)


def wants_indent(req: falcon.Request) -> bool:
    asked = req.get_param("pretty_print") or req.get_header("X-Pretty-Print") or "false"
    return asked.lower() not in {"false", "0", "no"}


def is_task_id(text: str) -> bool:
    return _TASK_ID.fullmatch(text) is not None


def wants_csv(req: falcon.Request) -> bool:
    """Is a task asked for as a file? `accept=` decides, then the first media type that is known, then `csv_name`."""
    asked = req.get_param("accept")
    if asked not in {None, "csv", "json"}:
        raise bad_parameters({"accept": "must be csv or json"})
    if asked:
        return asked == "csv"
    named = req.get_param("csv_name") is not None
    known = {**dict.fromkeys(CSV_TYPES, True), **dict.fromkeys(JSON_TYPES, False), "*/*": named}
    return next((known[each] for each in _media_types(req) if each in known), named)


def _media_types(req: falcon.Request) -> list[str]:
    return [each.partition(";")[0].strip().lower() for each in (req.get_header("Accept") or "").split(",")]


def named_action(req: falcon.Request) -> tuple[str, str]:
    """The category and the action that a new task is for."""
    category, action = req.get_param("category"), req.get_param("action")
    if not category or not action:
        raise action_not_named()
    return category, action


def file_name(given: str | None) -> str | None:
    """A person's name for a file, if one was given; blank is none."""
    if given and (len(given) > FILE_NAME_LIMIT or "\0" in given):
        raise bad_parameters({"file_name": f"must be at most {FILE_NAME_LIMIT} characters, none of them NUL"})
    return given or None


def listing(req: falcon.Request) -> Listing:
    """Everything that can be asked of a list; raises one Fault that names every value that cannot be read."""
    tests, faults = Tests(), dict[str, str]()
    for name, (read, wants) in _READERS.items():
        try:
            text = req.get_param(name)
            tests |= {} if text is None else read(text)
        except (ValueError, KeyError):
            faults[name] = f"must be {wants}"
    if faults:
        raise bad_parameters(faults)
    limit = tests.pop("limit", PAGE_SIZE)
    return Listing(tests, None if tests.pop("all", False) else limit, req.get_param("start_key"))


def after(key: str) -> Tests:
    """The tests for what comes after a page."""
    match = _START_KEY.fullmatch(key)
    if match is None:
        raise ValueError
    # The name of the test comes last: a store that fills in by name must not meet `before` inside `before_at`.
    return {"before_at": int(match[1]), "before_id": match[2], "before": True}


def _page_size(text: str) -> Tests:
    size = int(text) if _SIZE.fullmatch(text) else 0
    if not 1 <= size <= PAGE_LIMIT:
        raise ValueError
    return {"limit": size}


def _paginate(text: str) -> Tests:
    return {"all": {"true": False, "false": True}[text]}


def _microseconds(text: str) -> int:
    if not _SECONDS.fullmatch(text):
        raise ValueError
    return (int(text) - EPOCH_S) * 1_000_000


def _status(text: str) -> Tests:
    return _STATUS_TESTS[text]


def _text(name: str) -> Callable[[str], Tests]:
    def read(text: str) -> Tests:
        if "\0" in text:  # which PostgreSQL does not take
            raise ValueError
        return {name: text}

    return read


STATUSES = tuple(status.value for status in Status if status not in {Status.STOPPING, Status.DELETED})
"""The statuses that this dialect shows: a task that is being stopped still executes."""

_STATUS_TESTS: Mapping[str, Tests] = {
    **{status: {"status": status} for status in STATUSES},
    Status.EXECUTING: {"running": True},
}

_READERS: Mapping[str, tuple[Callable[[str], Tests], str]] = {
    "page_size": (_page_size, f"a whole number from 1 to {PAGE_LIMIT}"),
    "paginate": (_paginate, "true or false"),
    "start_key": (after, "the next_start_key of another page"),
    "filter_status": (_status, "one of " + ", ".join(STATUSES)),
    "filter_category": (_text("category"), "the name of a category"),
    "filter_action": (_text("action"), "the name of an action"),
    "created_from": (lambda text: {"created_from": _microseconds(text)}, "gregorian seconds"),
    "created_to": (lambda text: {"created_to": _microseconds(text) + 1_000_000}, "gregorian seconds"),
}
"""How each parameter of a list is read, and what to say when it cannot be. `created_to` is inclusive."""
