"""What became of items and of the time of workers, over any interval: sums that the database makes.

Intervals are `[since, until)` in microseconds since 1970; what goes beyond one is cut off at its ends, and what still
goes on counts up to now. Durations are microseconds. A ratio or an average of nothing is None.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.items import Item, Status
from rota.operations import shifts
from rota.operations.moves import from_row
from rota.store.port import Row, Tx

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)
"""What both databases make of a text by `lower`."""


@dataclass(frozen=True, slots=True)
class Averages:
    """Of the items that were completed within the interval: from submission to completion, and where that time went."""

    turnaround_us: float | None = None
    worked_us: float | None = None
    suspended_us: float | None = None
    queued_us: float | None = None
    rejected_us: float | None = None
    times_rejected: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerStats:
    """`released` of `grabbed` is the rejection ratio; what was completed and did not succeed, the failure ratio."""

    sessions: int = 0
    logged_in_us: int = 0
    active_us: int = 0
    suspended_us: int = 0
    grabbed: int = 0
    released: int = 0
    completed: int = 0
    succeeded: int = 0
    turnaround_us: float | None = None

    @property
    def average_session_us(self) -> float | None:
        return ratio(self.logged_in_us, self.sessions)

    @property
    def rejection_ratio(self) -> float | None:
        return ratio(self.released, self.grabbed)

    @property
    def failure_ratio(self) -> float | None:
        return ratio(self.completed - self.succeeded, self.completed)


@dataclass(frozen=True, slots=True)
class OwnerStats:
    """Of the items of one owner; `workers` is how many had one in hand."""

    requested: int = 0
    completed: int = 0
    succeeded: int = 0
    active_us: int = 0
    workers: int = 0
    grabbed: int = 0
    released: int = 0
    averages: Averages = field(default_factory=Averages)

    @property
    def rejection_ratio(self) -> float | None:
        return ratio(self.released, self.grabbed)

    @property
    def failure_ratio(self) -> float | None:
        return ratio(self.completed - self.succeeded, self.completed)


@dataclass(frozen=True, slots=True)
class ItemStats:
    requested: int
    completed: int
    succeeded: int
    averages: Averages

    @property
    def failure_ratio(self) -> float | None:
        return ratio(self.completed - self.succeeded, self.completed)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Of the items that were grabbed: how many had waited no longer than the threshold, and how long they waited."""

    grabbed: int
    within: int
    average_us: float | None
    longest_us: int | None


def ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def workers(
    tx: Tx, actor: Actor, *, since: int = 0, until: int | None = None, email: str | None = None, now: int
) -> dict[str, WorkerStats]:
    """By e-mail, in its order: the workers of the account with anything to tell, or the one named, in any case.

    Raises WorkerNotFound.
    """
    given = _interval(tx, actor, since, until, email, now)
    rows = (
        tx.all("stats_worker_shifts", **given),
        tx.all("stats_worker_phases", **given),
        tx.all("stats_worker_running", **given),
        tx.all("stats_worker_completed", **given),
    )
    found = _merged(rows, email)
    sums = {each: WorkerStats(**values) for each, values in found.items()}
    return {each: told for each, told in sums.items() if email is not None or told != WorkerStats()}


def owners(
    tx: Tx, actor: Actor, *, since: int = 0, until: int | None = None, email: str | None = None, now: int
) -> dict[str, OwnerStats]:
    """By e-mail, in its order: the owners in the account with anything to tell, or the one named, in any case.

    Raises WorkerNotFound.
    """
    given = _interval(tx, actor, since, until, email, now)
    rows = (
        tx.all("stats_owner_requested", **given),
        tx.all("stats_owner_phases", **given),
        tx.all("stats_owner_running", **given),
        tx.all("stats_owner_workers", **given),
        tx.all("stats_owner_completed", **given),
    )
    found = _merged(rows, email)
    sums = {each: OwnerStats(averages=_averages(values), **values) for each, values in found.items()}
    return {each: told for each, told in sums.items() if email is not None or told != OwnerStats()}


def items(
    tx: Tx,
    actor: Actor,
    *,
    since: int = 0,
    until: int | None = None,
    tag: str | None = None,
    title: str | None = None,
    now: int,
) -> ItemStats:
    """Of all items of the account, of those with a tag, of those whose title holds the words. Only the letters A to Z
    are the same in either case: the databases know of no others."""
    tests: dict[str, Any] = {}
    if tag is not None:
        tests["tag"] = tag.replace("\0", "")
    if title is not None:
        tests["title"] = f"%{_escaped(title)}%"
    given = {"account_id": actor.account.id, "since": since, "until": _until(since, until, now)}
    (requested,) = tx.page("stats_items_requested", tests, **given)
    (completed,) = tx.page("stats_items_completed", tests, **given)
    values = dict(completed)
    averages = _averages(values)
    return ItemStats(requested["requested"], values["completed"], values["succeeded"] or 0, averages)


def by_status(tx: Tx, actor: Actor) -> dict[Status, int]:
    """How many items of the account stand where, zeros too."""
    counts = {row["status"]: row["n"] for row in tx.all("stats_by_status", account_id=actor.account.id)}
    return {status: counts.get(status.value, 0) for status in Status}


def waiting(tx: Tx, actor: Actor, threshold_us: int, *, since: int = 0, until: int | None = None, now: int) -> Waiting:
    """How long items of the account waited that were grabbed within the interval."""
    given = {"account_id": actor.account.id, "since": since, "until": _until(since, until, now)}
    row = tx.one("stats_waiting", threshold_us=threshold_us, **given)
    assert row is not None
    return Waiting(**row)


def longest_waiting(tx: Tx, actor: Actor, limit: int = 10) -> list[Item]:
    """What has been in the queue for the longest time without a break, the longest first."""
    return [from_row(row) for row in tx.all("items_waiting_longest", account_id=actor.account.id, limit=limit)]


def _until(since: int, until: int | None, now: int) -> int:
    """The end of what can be told of the interval. One that has no moment in it, or none yet, ends before there was
    anything: nothing is cut off at an end that comes before its beginning."""
    end = now if until is None else min(until, now)
    return end if end > since else 0


def _interval(tx: Tx, actor: Actor, since: int, until: int | None, email: str | None, now: int) -> dict[str, Any]:
    user_id = None if email is None else shifts.worker(tx, actor, email).id
    return {"account_id": actor.account.id, "user_id": user_id, "since": since, "until": _until(since, until, now)}


def _merged(tables: Iterable[list[Row]], email: str | None) -> dict[str, dict[str, Any]]:
    """What several statements tell of each person; durations of what is over and of what goes on are added up."""
    found: dict[str, dict[str, Any]] = {} if email is None else {email.lower(): {}}
    for row in chain.from_iterable(tables):
        _add(found.setdefault(row["email"], {}), row)
    return dict(sorted(found.items()))


def _add(values: dict[str, Any], row: Row) -> None:
    for name, value in row.items():
        if name != "email":
            values[name] = values[name] + value if name in values else value


def _averages(values: dict[str, Any]) -> Averages:
    """The averages among the values, which are taken out."""
    names = ("turnaround_us", "worked_us", "suspended_us", "queued_us", "rejected_us", "times_rejected")
    return Averages(**{name: values.pop(name, None) for name in names})


def _escaped(text: str) -> str:
    for char in "\\%_":
        text = text.replace(char, f"\\{char}")
    return text.replace("\0", "").translate(_LOWER)
