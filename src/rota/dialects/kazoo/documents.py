"""How things are written in this dialect: the envelope, tasks, and the catalogue."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from rota import __version__
from rota.actions.registry import Action
from rota.domain.gregorian import seconds
from rota.domain.jobs import Job, Status

Document = dict[str, Any]

INDENT = 4
_LATE = frozenset({"next_start_key", "page_size", "revision", "start_key"})
"""What is known of a streamed list only at its end."""


def encode(document: Document, *, indent: bool = False) -> bytes:
    text = msgspec.json.encode(document)
    return msgspec.json.format(text, indent=INDENT) if indent else text


def envelope(data: Any, **facts: Any) -> Document:
    """An answer around its data, keys in the published order; those that are None are left out."""
    named = {"data": data, "version": __version__, **facts}
    return {key: named[key] for key in sorted(named) if named[key] is not None}


def success(data: Any, **facts: Any) -> Document:
    return envelope(data, status="success", revision=revision(data), **facts)


def revision(data: Any) -> str:
    """Changes when the document does."""
    return _digest([msgspec.json.encode(data)])


def streamed(batches: Iterable[list[Document]], **facts: Any) -> Iterator[bytes]:
    """A list of any length in its envelope, never whole in memory."""
    head = envelope(None, status="success", **{key: facts[key] for key in facts if key not in _LATE})
    yield msgspec.json.encode(head)[:-1] + b',"data":['
    digest, number = hashlib.blake2b(digest_size=16), 0
    for batch in batches:
        text = msgspec.json.encode(batch)[1:-1]
        digest.update(text)
        yield b"," + text if number and batch else text
        number += len(batch)
    late = {"page_size": number, "revision": digest.hexdigest(), "start_key": facts.get("start_key")}
    yield b"]," + msgspec.json.encode({key: late[key] for key in late if late[key] is not None})[1:]


def timestamp(now: int) -> str:
    """ISO 8601 of microseconds since 1970 UTC."""
    return datetime.fromtimestamp(now // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def gregorian(at: int | None) -> int | None:
    """Gregorian seconds of microseconds since 1970 UTC."""
    return None if at is None else seconds(at)


def read_only(task: Document) -> Document:
    return {"_read_only": task}


def new_task(job: Job) -> Document:
    """A task as its creation answers it: no counts, no files."""
    return _without_none(_what(job) | {"total_count": job.total_count})


def started_task(job: Job) -> Document:
    """A task as its start answers it: nothing of it is counted yet."""
    return _without_none(_what(job) | _when(job) | {"total_count": job.total_count})


def listed_task(job: Job) -> Document:
    """A task as a list shows it."""
    return _without_none(_what(job) | _when(job) | _counts(job))


def task(job: Job) -> Document:
    """A task by itself: as in a list, and the files that can be fetched."""
    return listed_task(job) | ({"csvs": job.files} if job.files else {})


def _what(job: Job) -> Document:
    created = gregorian(job.created_at)
    return {
        "id": job.id,
        "account_id": job.account_id,
        "auth_account_id": job.auth_account_id,
        "category": job.category,
        "action": job.action,
        "file_name": job.file_name,
        "created": created,
        "submit_timestamp": created,
        # Stopping is ours: to the caller the task runs until it is stopped.
        "status": Status.EXECUTING.value if job.status is Status.STOPPING else job.status.value,
    }


def _when(job: Job) -> Document:
    return {
        "start_timestamp": gregorian(job.started_at),
        "end_timestamp": gregorian(job.ended_at),
        "node": job.node,
    }


def _counts(job: Job) -> Document:
    if job.started_at is None:
        return {"total_count": job.total_count}
    return {
        "total_count": job.total_count,
        "success_count": job.success_count,
        "failure_count": job.failure_count,
    }


def _without_none(document: Document) -> Document:
    return {key: value for key, value in document.items() if value is not None}


def catalogue(found: Mapping[str, Mapping[str, Action]], *, one: bool) -> Document:
    """Actions by category and name; `one` action that was asked for by both stands alone."""
    tasks = {category: {name: meta(each) for name, each in named.items()} for category, named in found.items()}
    return {"tasks": next(iter(tasks.values())) if one else tasks}


def meta(action: Action) -> Document:
    """What the catalogue tells of an action."""
    about: Document = {"description": action.description, "doc": action.doc}
    if action.takes_input:
        about |= {"expected_content": "text/csv", "mandatory": action.mandatory, "optional": action.optional}
    return about


def _digest(blocks: Iterable[bytes]) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()
