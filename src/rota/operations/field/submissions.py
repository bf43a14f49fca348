"""Submissions: sent by people in the field, judged when they come, reviewed by admins, paid once they are approved.

Whoever writes one locks its task first and the submission after it: the targets of a task hold, and what it counts is
what it has, however many submit and review at the same time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden, RecordNeeded, RecordNotFound, UnfitRecord
from rota.domain.events import Event, Kind
from rota.domain.faults import Fault
from rota.domain.field import answers, reading
from rota.domain.field.queries import Found, Order, Query
from rota.domain.field.reading import Field, read
from rota.domain.field.submissions import COUNTERS, PAYMENTS, Counter, Payment, Status, Submission
from rota.operations.events import written
from rota.operations.field import ledger, receiving
from rota.operations.field.access import Access, Who, is_admin, permit
from rota.operations.field.records import Kept
from rota.operations.field.values import values_of
from rota.store.port import Row, Tx

REVIEWED: Mapping[str, Field] = {
    "status": Field("status", reading.one_of(each.value for each in Status)),
    "comments": Field("comments", reading.or_blank(reading.text), default=""),
}
"""What admins alone write."""

FIELDS: Mapping[str, Field] = {
    "task": Field("task_id", reading.needed_reference, required=True),
    "user": Field("user_id", reading.reference),
    "location": Field("location_id", reading.reference),
    "submission_time": Field("submitted_at", reading.or_null(reading.moment)),
    "data": Field("data", answers.answers, default={}),
    "geopoint": Field("point", reading.or_null(answers.point)),
    **REVIEWED,
}

_TOLD = (
    "task_id",
    "user_id",
    "location_id",
    "occurrence_id",
    "bounty_id",
    "submitted_at",
    "valid",
    "status",
    "comments",
    "longitude",
    "latitude",
)
"""What the log says of a submission that comes or goes. It holds no second copy of the answers."""


class Submissions(Kept):
    """Members see and send their own."""

    kind, collection = "submission", "submissions"
    access = Access(read=Who.OWN, create=Who.OWN)
    by_ids = "submissions_by_ids"
    order = (Order("id"),)
    # The answers stay text: whoever writes them as JSON has nothing to read.
    values = staticmethod(values_of(Submission, valid=bool, status=Status))

    def find(self, tx: Tx, actor: Actor, query: Query, *, now: int) -> Found:
        return super().find(tx, actor, visible(actor, query), now=now)

    def load(self, tx: Tx, actor: Actor, ids: Sequence[int], *, now: int) -> list[Submission]:
        return [
            each for each in super().load(tx, actor, ids, now=now) if is_admin(actor) or each.user_id == actor.user.id
        ]

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        """One that a check refuses is kept, too: rejected, with the reason as its comment. A status that an admin gives
        is that of the first review of a submission that passed."""
        permit(actor, self.access.create)
        arrival = self._arrival(tx, actor, given, now)
        assert arrival.task is not None
        row = receiving.judged(tx, arrival)
        record_id: int = tx.value("submission_insert", now=now, **row)
        told = _told(actor, Kind.SUBMISSION_CREATED, record_id, {"after": _facts(row)}, now)
        tx.together(_counted(arrival.task, None, row["status"]), told)
        status = arrival.values["status"]
        if row["valid"] and status:
            review(tx, actor, arrival.task, {**row, "id": record_id, "paid": 0}, {"status": status}, now=now)
        return record_id

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """A review: admins write status and comments."""
        permit(actor, self.access.change)
        task, before = _locked(tx, actor, record_id)
        values, faults = read(REVIEWED, given, self.terms, partial=True)
        if faults:
            raise UnfitRecord(tuple(faults))
        review(tx, actor, task, before, values, now=now)

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """The ledger needs one that was ever paid."""
        permit(actor, self.access.delete)
        task, before = _locked(tx, actor, record_id)
        if ledger.has_entries(tx, record_id):
            raise RecordNeeded(self.kind, record_id, "ledger_entries")
        told = _told(actor, Kind.SUBMISSION_DELETED, record_id, {"before": _facts(before)}, now)
        tx.together(("submission_delete", [{"id": record_id}]), _counted(task, before["status"], None), told)

    def _arrival(self, tx: Tx, actor: Actor, given: Mapping[str, Any], now: int) -> receiving.Arrival:
        values, faults = read(FIELDS, given, self.terms, partial=False)
        if not is_admin(actor):
            if values["user_id"] not in {None, actor.user.id}:
                raise Forbidden
            faults += [Fault((name,), "is for admins") for name in REVIEWED if name in given]
        unread = {fault.path[0] for fault in faults}
        values = {**values, "submitted_at": now if values["submitted_at"] is None else values["submitted_at"]}
        arrival = receiving.arrive(tx, actor, values)
        faults += [each for each in receiving.faults(tx, actor, arrival) if each.path[0] not in unread]
        if faults:
            raise UnfitRecord(tuple(faults))
        return arrival


def visible(actor: Actor, query: Query) -> Query:
    """The query, of members' own submissions alone where a member asks."""
    if is_admin(actor):
        return query
    return replace(query, named=(*query.named, "own"), params={**query.params, "own": actor.user.id})


def review(tx: Tx, actor: Actor, task: Row, before: Row, values: Mapping[str, Any], *, now: int) -> None:
    """Give a submission another status or comment. Approval pays the task's bounty of the moment, and what undoes it
    takes back what was paid. Both rows are locked by the caller."""
    after = {name: values.get(name, before[name]) for name in REVIEWED}
    after |= _owed(PAYMENTS[Status(before["status"]), Status(after["status"])], task, before)
    changed = {name: value for name, value in after.items() if before[name] != value}
    if not changed:
        return
    record_id, due = before["id"], after["paid"] - before["paid"]
    facts = {"before": {name: before[name] for name in changed}, "after": changed}
    tx.together(
        ("submission_update", [{"id": record_id, "now": now, **after}]),
        _counted(task, before["status"], after["status"], due),
        ledger.posting(record_id, after["bounty_id"], due, now),
        _told(actor, Kind.SUBMISSION_CHANGED, record_id, facts, now),
    )


def _owed(payment: Payment, task: Row, before: Row) -> dict[str, Any]:
    """What a review makes of the bounty of a submission, and of what it was paid."""
    owed: Mapping[Payment, tuple[int | None, int]] = {
        Payment.NONE: (before["bounty_id"], before["paid"]),
        Payment.PAY: (task["bounty_id"], task["bounty_amount"] or 0),
        Payment.TAKE_BACK: (before["bounty_id"], 0),
    }
    bounty_id, paid = owed[payment]
    return {"bounty_id": bounty_id, "paid": paid}


def _locked(tx: Tx, actor: Actor, record_id: int) -> tuple[Row, Row]:
    """The task of a submission and the submission, in this order. Raises RecordNotFound."""
    whose = {"account_id": actor.account.id}
    task_id = tx.value("submission_task", id=record_id, **whose) if 0 < record_id <= reading.ID_LIMIT else None
    if task_id is not None:
        task = tx.one("submission_task_lock", id=task_id, **whose)
        row = tx.one("submission_lock", id=record_id, **whose)
        if task and row:
            return task, row
    raise RecordNotFound("submission", record_id)


def _counted(task: Row, before: str | None, after: str | None, paid: int = 0) -> tuple[str, list[dict[str, Any]]]:
    """The statement by which a task counts a submission anew, and its row; None is a submission that is not there."""
    row = dict.fromkeys((each.value for each in Counter), 0)
    for status, step in ((before, -1), (after, 1)):
        if status is not None:
            row[COUNTERS[Status(status)]] += step
    return "task_count_submissions", [{"id": task["id"], "submitted": sum(row.values()), "paid": paid, **row}]


def _told(
    actor: Actor, kind: Kind, record_id: int, facts: dict[str, Any], now: int
) -> tuple[str, list[dict[str, Any]]]:
    return written([Event(now, kind, actor.account.id, f"submission:{record_id}", actor.user.id, facts)])


def _facts(row: Row) -> dict[str, Any]:
    return {**{name: row[name] for name in _TOLD}, "valid": bool(row["valid"])}
