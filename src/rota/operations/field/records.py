"""Collections of which each record is a row of a table: read, checked, written and told of in one way."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden, RecordNotFound, UnfitRecord
from rota.domain.events import Event, Kind
from rota.domain.faults import Fault
from rota.domain.field.queries import Found, Order, Query
from rota.domain.field.reading import Field, read
from rota.domain.field.terms import Terms
from rota.operations.events import record
from rota.operations.field.access import Access, permit
from rota.operations.field.collection import ids_param, in_order
from rota.operations.field.references import missing
from rota.store.port import Columns, Row, Tx


@dataclass(frozen=True, slots=True)
class Statements:
    """The names of those that write a table."""

    lock: str
    insert: str
    update: str
    delete: str


@dataclass(frozen=True, slots=True)
class Kinds:
    """What the log is told."""

    created: Kind
    changed: Kind
    deleted: Kind


class Kept:
    """A collection over a table that may be read. What differs from one to the next is said in the class."""

    kind: str
    collection: str
    access: Access
    by_ids: str
    order: tuple[Order, ...] = ()
    values: Callable[[Columns], Iterable[Any]]

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def find(self, tx: Tx, actor: Actor, query: Query, *, now: int) -> Found:
        permit(actor, self.access.read)
        asked = replace(query, order=query.order or self.order)
        return tx.find(self.collection, asked, account_id=actor.account.id)

    def load(self, tx: Tx, actor: Actor, ids: Sequence[int], *, now: int) -> list[Any]:
        permit(actor, self.access.read)
        if not ids:
            return []
        return in_order(self.made(tx, tx.columns(self.by_ids, account_id=actor.account.id, ids=ids_param(ids))), ids)

    def made(self, tx: Tx, columns: Columns) -> Iterable[Any]:
        """The values of what was read of them, and of what else there is to be read."""
        return type(self).values(columns)

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        """Nobody may."""
        raise Forbidden

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """Nobody may."""
        raise Forbidden

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """Nobody may."""
        raise Forbidden


class Records(Kept):
    """One that may be written, too; `check` may be narrowed."""

    access: Access = Access()
    fields: Mapping[str, Field]
    references: Mapping[str, str] = {}
    statements: Statements
    kinds: Kinds

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        permit(actor, self.access.create)
        values = self._checked(tx, actor, None, given)
        record_id: int = tx.value(self.statements.insert, account_id=actor.account.id, now=now, **values)
        self.tell(tx, actor, self.kinds.created, record_id, {"after": self.told(values)}, now)
        return record_id

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        permit(actor, self.access.change)
        before = self.lock(tx, actor, record_id)
        values = self._checked(tx, actor, before, given)
        stored = {each.column: before[each.column] for each in self.fields.values()}
        changed = {name: values[name] for name in stored if name in values and stored[name] != values[name]}
        if changed:
            tx.run(self.statements.update, id=record_id, now=now, **{**stored, **values})
            facts = {"before": self.told({name: stored[name] for name in changed}), "after": self.told(changed)}
            self.tell(tx, actor, self.kinds.changed, record_id, facts, now)

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        permit(actor, self.access.delete)
        before = self.lock(tx, actor, record_id)
        self.refuse_if_needed(tx, actor, record_id)
        tx.run(self.statements.delete, id=record_id)
        facts = {"before": self.told(before)}
        self.tell(tx, actor, self.kinds.deleted, record_id, facts, now)

    def check(self, tx: Tx, actor: Actor, before: Row | None, values: dict[str, Any]) -> list[Fault]:
        """What is wrong with values that can be read, beyond references that lead nowhere. It may add to the values
        what follows from them. `before` is the row as it stands, None for a new record."""
        return []

    def told(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What the log says of values: those of the fields, without what follows from them."""
        return {each.column: values[each.column] for each in self.fields.values() if each.column in values}

    def refuse_if_needed(self, tx: Tx, actor: Actor, record_id: int) -> None:
        """Raises RecordNeeded where others need the record."""

    def lock(self, tx: Tx, actor: Actor, record_id: int) -> Row:
        """The row, kept from others until the transaction ends. Raises RecordNotFound."""
        row = tx.one(self.statements.lock, account_id=actor.account.id, ids=ids_param([record_id]))
        if row is None:
            raise RecordNotFound(self.kind, record_id)
        return row

    def tell(self, tx: Tx, actor: Actor, kind: Kind, record_id: int, facts: dict[str, Any], now: int) -> None:
        subject = f"{self.kind}:{record_id}"
        record(tx, Event(now, kind, actor.account.id, subject, actor.user.id, facts))

    def _checked(self, tx: Tx, actor: Actor, before: Row | None, given: Mapping[str, Any]) -> dict[str, Any]:
        values, faults = read(self.fields, given, self.terms, partial=before is not None)
        referred = {field: values.get(self.fields[field].column) for field in self.references}
        faults += missing(tx, actor, self.references, referred)
        faulty = {fault.path[0] for fault in faults}
        faults += [each for each in self.check(tx, actor, before, values) if each.path[0] not in faulty]
        if faults:
            raise UnfitRecord(tuple(faults))
        return values
