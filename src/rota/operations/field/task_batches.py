"""Batches of new tasks, kept together with their occurrences, bounties and events.

A batch acts as if its tasks were created one after the other, and takes the same number of statements however many
they are, as long as their occurrences can be held in memory; and so many again for each further load of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.events import Event, Kind
from rota.domain.faults import Fault
from rota.domain.field.terms import Terms
from rota.domain.field.timing import Calendar, calendar
from rota.operations.events import record_all
from rota.operations.field import calendars
from rota.operations.field.access import Who, permit
from rota.operations.field.collection import ids_param
from rota.operations.field.drafts import Draft, Wish, drafted_all
from rota.operations.field.naming import resolved_all
from rota.operations.ids import new_ids
from rota.store.port import Tx

Given = Mapping[str, Any]
Outcome = int | tuple[Fault, ...]
"""The id of a new task, or what is wrong with its row."""

LOAD = 50_000
"""So many occurrences are held in memory, and those of one task more."""


CALENDARS = 8
"""So many are kept for tasks of the same rule and times, whose occurrences may be thousands."""


def import_all(tx: Tx, actor: Actor, givens: Sequence[Given], terms: Terms, *, now: int) -> list[Outcome]:
    """For each the id of the new task, or all that is wrong with it. Records may be referred to by their names, too.
    Raises Forbidden."""
    permit(actor, Who.ADMINS)
    resolved = resolved_all(tx, actor, givens)
    drafts = drafted_all(tx, actor, [Wish(each.given) for each in resolved], terms, now=now)
    outcomes = [one.outcome(draft) for one, draft in zip(resolved, drafts, strict=True)]
    ids = iter(insert_all(tx, actor, [each for each in outcomes if isinstance(each, Draft)], terms, now=now))
    return [next(ids) if isinstance(each, Draft) else each.faults for each in outcomes]


def insert(
    tx: Tx, actor: Actor, draft: Draft, terms: Terms, facts: Mapping[str, Any] | None = None, *, now: int
) -> int:
    """The id of a new task; `facts` are told of it besides."""
    (task_id,) = insert_all(tx, actor, [draft], terms, facts, now=now)
    return task_id


def insert_all(
    tx: Tx, actor: Actor, drafts: Sequence[Draft], terms: Terms, facts: Mapping[str, Any] | None = None, *, now: int
) -> list[int]:
    """The ids of new tasks, in their order."""
    ids = new_ids(tx, "tasks", len(drafts))
    bounties = iter(new_ids(tx, "bounties", sum(draft.amount is not None for draft in drafts)))
    # In a batch many tasks have the same calendar.
    calendar_of = lru_cache(CALENDARS)(lambda timing: calendar(timing, terms.horizon_us, now))
    made = (
        _New(task_id, draft, calendar_of(draft.timing), next(bounties) if draft.amount else None)
        for task_id, draft in zip(ids, drafts, strict=True)
    )
    for load in _loads(made):
        _write(tx, actor, load, terms, facts or {}, now)
    return ids


def write_locations(tx: Tx, tasks: Iterable[tuple[int, Draft]]) -> None:
    """The locations of tasks that have none, by their ids."""
    rows = [
        {
            "task_id": task_id,
            "location_id": each.location_id,
            "timing_rule": each.timing_rule,
            "start_time": each.start_time,
            "end_time": each.end_time,
        }
        for task_id, draft in tasks
        for each in draft.locations
    ]
    _batch(tx, "task_location_insert", rows)


def write_segment_rules(tx: Tx, tasks: Iterable[tuple[int, Draft]]) -> None:
    """The segment rules of tasks that have none, by their ids."""
    rows = [{"task_id": task_id, "segment_rule_id": each} for task_id, draft in tasks for each in draft.segment_rules]
    _batch(tx, "task_segment_rule_insert", rows)


@dataclass(frozen=True, slots=True)
class _New:
    """A task that is about to be written, with the ids that it and its bounty are to have."""

    id: int
    draft: Draft
    calendar: Calendar
    bounty_id: int | None

    def row(self, actor: Actor, now: int) -> dict[str, Any]:
        return {
            **self.draft.row,
            "id": self.id,
            "account_id": actor.account.id,
            "created_by": actor.user.id,
            "now": now,
            "bounty_id": self.bounty_id,
            "bounty_amount": self.draft.amount,
            "occurrence_count": len(self.calendar.occurrences),
            "cut": self.calendar.cut,
            "expanded_to": self.calendar.expanded_to,
            "expires_at": self.calendar.expires_at,
        }

    def told(self, terms: Terms, facts: Mapping[str, Any]) -> Iterator[tuple[Kind, dict[str, Any]]]:
        count = len(self.calendar.occurrences)
        yield Kind.TASK_CREATED, {"after": self.draft.told, "occurrences": {"added": count} if count else {}, **facts}
        if self.bounty_id is not None:
            money = {"amount": self.draft.amount, "currency": terms.currency}
            yield Kind.BOUNTY_CREATED, {"bounty": self.bounty_id, **money}


def _loads(made: Iterable[_New]) -> Iterator[list[_New]]:
    """Tasks whose occurrences are held in memory together."""
    load: list[_New] = []
    size = 0
    for each in made:
        load.append(each)
        size += len(each.calendar.occurrences)
        if size >= LOAD:
            yield load
            load, size = [], 0
    if load:
        yield load


def _write(tx: Tx, actor: Actor, load: list[_New], terms: Terms, facts: Mapping[str, Any], now: int) -> None:
    whose = {"account_id": actor.account.id, "now": now}
    tx.batch("task_insert", [each.row(actor, now) for each in load])
    write_locations(tx, [(each.id, each.draft) for each in load])
    write_segment_rules(tx, [(each.id, each.draft) for each in load])
    paid = [each for each in load if each.bounty_id is not None]
    money = {"currency": terms.currency, **whose}
    rows = [{"id": each.bounty_id, "task_id": each.id, "amount": each.draft.amount, **money} for each in paid]
    _batch(tx, "bounty_insert", rows)
    written = (calendars.written(actor.account.id, each.id, each.calendar.occurrences, now) for each in load)
    _batch(tx, "occurrence_new", [row for rows in written for row in rows])
    timed = [each.id for each in load if each.calendar.occurrences]
    if timed:
        tx.run("task_times_insert", ids=ids_param(timed))
    record_all(tx, [event for each in load for event in _events(actor, each, terms, facts, now)])


def _events(actor: Actor, new: _New, terms: Terms, facts: Mapping[str, Any], now: int) -> Iterator[Event]:
    for kind, said in new.told(terms, facts):
        yield Event(now, kind, actor.account.id, f"task:{new.id}", actor.user.id, said)


def _batch(tx: Tx, statement: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        tx.batch(statement, rows)
