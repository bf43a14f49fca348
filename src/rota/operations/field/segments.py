"""Segment rules: to whom tasks are offered, and where."""

from typing import Any

from rota.domain.accounts import Actor
from rota.domain.events import Kind
from rota.domain.faults import Fault
from rota.domain.field.segments import FIELDS, SegmentRule, field_faults
from rota.operations.field.access import Access, Who, permit
from rota.operations.field.locking import lock_after_referring
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.relations import related, tell_tasks
from rota.operations.field.values import values_of
from rota.store.port import Row, Tx


class SegmentRules(Records):
    kind, collection = "segment_rule", "segment_rules"
    access = Access(read=Who.ADMINS)
    fields = FIELDS
    by_ids = "segment_rules_by_ids"
    statements = Statements("segment_rule_lock", "segment_rule_insert", "segment_rule_update", "segment_rule_delete")
    kinds = Kinds(Kind.SEGMENT_RULE_CREATED, Kind.SEGMENT_RULE_CHANGED, Kind.SEGMENT_RULE_DELETED)
    values = staticmethod(values_of(SegmentRule, active=bool))

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """Tasks have it no longer."""
        permit(actor, self.access.delete)
        tasks = lock_after_referring(
            tx,
            lambda: tx.all("tasks_of_segment_rule_lock", account_id=actor.account.id, id=record_id),
            lambda: self.lock(tx, actor, record_id),
            lambda: tx.columns("tasks_of_segment_rule", id=record_id)["id"],
        )
        rules = related(tx, [row["id"] for row in tasks]).segment_rules
        super().delete(tx, actor, record_id, now=now)
        left = {task_id: (each, [rule for rule in each if rule != record_id]) for task_id, each in rules.items()}
        tell_tasks(tx, actor, "segment_rules", left, now=now)

    def check(self, tx: Tx, actor: Actor, before: Row | None, values: dict[str, Any]) -> list[Fault]:
        return field_faults({**(before or {}), **values})

    def lock(self, tx: Tx, actor: Actor, record_id: int) -> Row:
        row = super().lock(tx, actor, record_id)
        return {**row, "active": bool(row["active"])}
