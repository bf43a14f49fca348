"""Users as the field sees them: admins see those of the account and write them, members themselves and their name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rota.domain.accounts import Actor, Role, email_fault
from rota.domain.errors import Forbidden, InvalidFields, RecordNotFound, UnfitRecord
from rota.domain.events import Event, Kind
from rota.domain.faults import Fault, Unfit
from rota.domain.field import reading
from rota.domain.field.people import Person
from rota.domain.field.queries import Found, Query
from rota.domain.field.reading import Field
from rota.domain.field.terms import Terms
from rota.operations import accounts
from rota.operations.events import record
from rota.operations.field.access import Access, Who, is_admin, permit
from rota.operations.field.collection import ids_param
from rota.operations.field.records import Kept
from rota.operations.field.values import values_of
from rota.store.port import Row, Taken, Tx

TAKEN = Fault(("email",), "is taken")


def _email(value: Any, terms: Terms) -> str:
    address = reading.line(value, terms).lower()
    if fault := email_fault(address):
        raise Unfit(fault)
    return address


FIELDS: Mapping[str, Field] = {
    "email": Field("email", _email, required=True),
    "name": Field("name", reading.or_blank(reading.line), default=""),
    "role": Field("role", reading.one_of(Role), default=Role.MEMBER.value),
    "expertise": Field("expertise", reading.whole(1, 4), default=1),
}
OF_MEMBERS = frozenset({"name"})
"""What members may write of themselves."""


class People(Kept):
    """Users are created and changed, and never deleted: what they did stays theirs."""

    kind, collection = "user", "people"
    access = Access(read=Who.OWN, create=Who.ADMINS, change=Who.OWN, delete=Who.NOBODY)
    by_ids = "people_by_ids"
    values = staticmethod(values_of(Person, role=Role, earned=int))

    def find(self, tx: Tx, actor: Actor, query: Query, *, now: int) -> Found:
        if not is_admin(actor):
            params = {**query.params, "own": actor.user.id}
            query = replace(query, named=(*query.named, "own"), params=params)
        return super().find(tx, actor, query, now=now)

    def load(self, tx: Tx, actor: Actor, ids: Sequence[int], *, now: int) -> list[Any]:
        return super().load(tx, actor, [each for each in ids if _may_see(actor, each)], now=now)

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        permit(actor, self.access.create)
        values = self._checked(given, partial=False)
        role = Role(values["role"])
        try:
            user = accounts.add_user(
                tx, actor, values["email"], role=role, name=values["name"], expertise=values["expertise"], now=now
            )
        except InvalidFields as unfit:
            raise UnfitRecord(tuple(Fault((name,), said) for name, said in unfit.faults.items())) from None
        return user.id

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """Raises Forbidden for a member who would change more than their name, and for an admin who would change a
        superuser: that user or a superuser of the root account may."""
        permit(actor, self.access.change)
        before = self._lock(tx, actor, record_id)
        values = self._checked(given, partial=True)
        changed = {name: value for name, value in values.items() if before[name] != value}
        if not changed:
            return
        accounts.require_power_over(actor, accounts.user_of(before))
        if not is_admin(actor) and changed.keys() - OF_MEMBERS:
            raise Forbidden
        stored = {each.column: before[each.column] for each in FIELDS.values()}
        self._write(tx, record_id, {**stored, **changed})
        facts = {
            "email": before["email"],
            "changed": list(changed),
            "before": {name: before[name] for name in changed},
            "after": changed,
        }
        record(tx, Event(now, Kind.USER_CHANGED, actor.account.id, f"user:{record_id}", actor.user.id, facts))

    def _checked(self, given: Mapping[str, Any], *, partial: bool) -> dict[str, Any]:
        values, faults = reading.read(FIELDS, given, self.terms, partial=partial)
        if faults:
            raise UnfitRecord(tuple(faults))
        return values

    def _lock(self, tx: Tx, actor: Actor, record_id: int) -> Row:
        seen = [record_id] if _may_see(actor, record_id) else []
        row = tx.one("person_lock", account_id=actor.account.id, ids=ids_param(seen)) if seen else None
        if row is None:
            raise RecordNotFound(self.kind, record_id)
        return row

    def _write(self, tx: Tx, record_id: int, values: Mapping[str, Any]) -> None:
        try:
            with tx.savepoint():
                tx.run("person_update", id=record_id, **values)
        except Taken:
            raise UnfitRecord((TAKEN,)) from None


def _may_see(actor: Actor, user_id: int) -> bool:
    return is_admin(actor) or user_id == actor.user.id
