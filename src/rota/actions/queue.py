"""The category `queue`: items of the desk, added, written anew and deleted in bulk."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rota.actions.registry import ERROR, Answer, Batch, Context, Form, Refused, action
from rota.actions.standing import FORBIDDEN, actor_at, all_refused, tx_of
from rota.domain.errors import InvalidFields, ItemNotQueued, Refusal
from rota.domain.items import Item
from rota.operations import item_batches
from rota.operations.item_batches import Outcome

CATEGORY = "queue"
TASK_ID = "task_id"
CHUNK_ROWS = 500
"""A chunk is one transaction: with 1 000 rows people who wrote meanwhile waited 70 ms in the median, with 250 the job
took twice as long."""
COLUMNS = ("description", "deadline", "estimate", "owner", "tags", "priority", "instructions", "properties")
NUMBERS = ("deadline", "estimate", "priority")

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_FIELDS_DOC = """An empty cell stands for the default:
* `description`, `instructions`: none.
* `deadline`: ISO 8601, or seconds since 1970; 0 is as soon as possible. Default: in 24 hours.
* `estimate`: seconds. Default: 3600.
* `owner`: the e-mail of a user of the account. Default: who started the task.
* `tags`: words.
* `priority`: a number. Default: 0.
* `properties`: a JSON object of strings. Default: {}.
"""


def is_task_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < len(text) <= 19


@action(
    CATEGORY,
    "add",
    description="Add tasks to the queue",
    doc="Adds a task to the queue of the account. Returns the new task's `task_id`.\n" + _FIELDS_DOC + "Reason for "
    "failure: what is wrong with which fields.\n",
    form=Form.BATCH,
    mandatory=("title",),
    optional=COLUMNS,
    output=(TASK_ID, ERROR),
    writes=True,
    chunk_rows=CHUNK_ROWS,
)
def add(context: Context, batch: Batch) -> Sequence[Answer]:
    """A chunk that runs again has left no trace: what it added was never committed."""
    actor = actor_at(context)
    if actor is None:
        return all_refused(batch, FORBIDDEN)
    given = [_given(row) for row in batch]
    return _answers(item_batches.add_all(tx_of(context), actor, given, now=context.now))


@action(
    CATEGORY,
    "update",
    description="Write queued tasks anew",
    doc="Writes a queued task anew, as a whole; its tags stay. " + _FIELDS_DOC + "Reasons for failure: `not found`, "
    "`being worked on`, `completed`, `deleted`, or what is wrong with which fields.\n",
    form=Form.BATCH,
    mandatory=(TASK_ID, "title"),
    optional=COLUMNS,
    verifiers={TASK_ID: is_task_id},
    output=(TASK_ID, ERROR),
    writes=True,
    chunk_rows=CHUNK_ROWS,
    ordered=True,
)
def update(context: Context, batch: Batch) -> Sequence[Answer]:
    """Rows of one task act in the order of the file."""
    actor = actor_at(context)
    if actor is None:
        return all_refused(batch, FORBIDDEN)
    rows = [(int(row[TASK_ID]), _given(row)) for row in batch]
    return _answers(item_batches.update_all(tx_of(context), actor, rows, now=context.now))


@action(
    CATEGORY,
    "delete",
    description="Delete queued tasks",
    doc="Takes a queued task out of the queue for good.\nReasons for failure: `not found`, `being worked on`, "
    "`completed`, `deleted`.\n",
    form=Form.BATCH,
    mandatory=(TASK_ID,),
    verifiers={TASK_ID: is_task_id},
    output=(TASK_ID, ERROR),
    writes=True,
    chunk_rows=CHUNK_ROWS,
)
def delete(context: Context, batch: Batch) -> Sequence[Answer]:
    """Of several rows of one task the first deletes it."""
    actor = actor_at(context)
    if actor is None:
        return all_refused(batch, FORBIDDEN)
    ids = [int(row[TASK_ID]) for row in batch]
    return _answers(item_batches.delete_all(tx_of(context), actor, ids, now=context.now))


def _given(row: Mapping[str, str]) -> dict[str, Any]:
    """A row as a person would write it in JSON: cells that hold numbers are numbers, empty ones were not written."""
    given: dict[str, Any] = {name: row[name] for name in ("title", *COLUMNS) if row[name].strip() or name == "title"}
    for name in NUMBERS:
        if _NUMBER.fullmatch(given.get(name, "").strip()):
            given[name] = float(given[name])
    if "properties" in given:
        given["properties"] = _object(given["properties"])
    return given


def _object(text: str) -> Any:
    """What the text says in JSON; a text that is none stays one, and is refused for that."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text


def _answers(outcomes: Sequence[Outcome]) -> list[Answer]:
    return [{TASK_ID: each.id} if isinstance(each, Item) else Refused(_reason(each)) for each in outcomes]


def _reason(refusal: Refusal) -> str:
    if isinstance(refusal, InvalidFields):
        return ", ".join(f"{name} {fault}" for name, fault in refusal.faults.items())
    return refusal.standing if isinstance(refusal, ItemNotQueued) else "not found"
