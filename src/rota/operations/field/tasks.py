"""Tasks of the field: created, changed, cloned and deleted, with their occurrences and bounties."""

from collections.abc import Iterable, Mapping
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import RecordNeeded
from rota.domain.events import Kind
from rota.domain.field import writing
from rota.domain.field.queries import Found, Order, Query
from rota.domain.field.tasks import Status, Task
from rota.operations.field.access import permit
from rota.operations.field.calendars import align
from rota.operations.field.collection import ids_param
from rota.operations.field.drafts import Draft, Wish, copied, drafted, stored
from rota.operations.field.eligibility import offered
from rota.operations.field.locking import lock_after_referring
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.relations import related
from rota.operations.field.task_batches import insert, write_locations, write_segment_rules
from rota.operations.field.values import values_of
from rota.operations.ids import new_ids
from rota.store.port import Columns, Tx

_values = values_of(Task, status=Status, occurrences_cut=bool)


class Tasks(Records):
    kind, collection = "task", "tasks"
    fields = writing.FIELDS
    by_ids = "tasks_by_ids"
    order = (Order("start"), Order("name"))
    statements = Statements("task_lock", "task_insert", "task_update", "task_delete")
    kinds = Kinds(Kind.TASK_CREATED, Kind.TASK_CHANGED, Kind.TASK_DELETED)

    def find(self, tx: Tx, actor: Actor, query: Query, *, now: int) -> Found:
        return super().find(tx, actor, offered(actor, query, now=now), now=now)

    def made(self, tx: Tx, columns: Columns) -> Iterable[Task]:
        ids, relations = columns["id"], related(tx, columns["id"])
        who = zip(columns["created_by_name"], columns["created_by_email"], strict=True)
        more = {
            "created_by_name": [name or email for name, email in who],
            "segment_rules": [relations.segment_rules.get(each, ()) for each in ids],
            "locations": [relations.locations.get(each, ()) for each in ids],
        }
        return _values({**columns, **more})

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        permit(actor, self.access.create)
        return insert(tx, actor, drafted(tx, actor, Wish(given), self.terms, now=now), self.terms, now=now)

    def clone(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> int:
        """A draft that is the same but for its name, without submissions; its id. Raises RecordNotFound, Forbidden."""
        permit(actor, self.access.create)
        # What the task refers to stays until the copy refers to it, too: whoever deletes that waits for the task.
        row = self.lock(tx, actor, record_id)
        copy = copied(stored(tx, row), row["bounty_amount"])
        return insert(tx, actor, copy, self.terms, {"cloned_from": record_id}, now=now)

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        permit(actor, self.access.change)
        if given.get("parent") is not None:
            tx.all("tasks_tree_lock", account_id=actor.account.id)
        row = self.lock(tx, actor, record_id)
        before = stored(tx, row)
        draft = drafted(tx, actor, Wish(given, record_id, before), self.terms, now=now)
        after = {name: value for name, value in draft.told.items() if before.told[name] != value}
        if after:
            tx.run(self.statements.update, id=record_id, now=now, **draft.row)
            _relate(tx, record_id, before, draft)
            facts: dict[str, Any] = {"before": {name: before.told[name] for name in after}, "after": after}
            if {"zone", *writing.TIMING} & after.keys():
                account_id = actor.account.id
                facts["occurrences"] = align(tx, account_id, record_id, draft.timing, self.terms, now=now)
            self.tell(tx, actor, self.kinds.changed, record_id, facts, now)
        if draft.amount not in {None, row["bounty_amount"]}:
            self._pay(tx, actor, record_id, draft.amount, now)

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """The tasks below it stay, without a parent."""
        permit(actor, self.access.delete)
        whose = {"account_id": actor.account.id, "ids": ids_param([record_id])}
        lock_after_referring(
            tx,
            lambda: tx.all("task_with_children_lock", **whose),
            lambda: tx.one("task_lock_whole", **whose),
            lambda: tx.columns("tasks_below", **whose)["id"],
        )
        row = self.lock(tx, actor, record_id)
        if row["submission_count"]:
            raise RecordNeeded(self.kind, record_id, "submissions")
        before = stored(tx, row)
        tx.run(self.statements.delete, id=record_id)
        self.tell(tx, actor, self.kinds.deleted, record_id, {"before": before.told}, now)

    def _pay(self, tx: Tx, actor: Actor, task_id: int, amount: int | None, now: int) -> None:
        """A new bounty, which is the task's from now on."""
        money = {"amount": amount, "currency": self.terms.currency}
        (bounty_id,) = new_ids(tx, "bounties", 1)
        tx.run("bounty_insert", id=bounty_id, account_id=actor.account.id, task_id=task_id, now=now, **money)
        tx.run("task_bounty_set", id=task_id, bounty_id=bounty_id, amount=amount)
        self.tell(tx, actor, Kind.BOUNTY_CREATED, task_id, {"bounty": bounty_id, **money}, now)


def _relate(tx: Tx, task_id: int, before: Draft, draft: Draft) -> None:
    """Write the locations and the segment rules of a task where they are others than before."""
    if before.locations != draft.locations:
        tx.run("task_locations_delete", task_id=task_id)
        write_locations(tx, [(task_id, draft)])
    if before.segment_rules != draft.segment_rules:
        tx.run("task_segment_rules_delete", task_id=task_id)
        write_segment_rules(tx, [(task_id, draft)])
