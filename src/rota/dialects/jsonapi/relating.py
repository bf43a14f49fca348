"""Changes relationships member by member: what is there is kept, what is given is added to it or taken from it."""

from collections.abc import Callable
from typing import Any

from rota.dialects.jsonapi.api import Api, Moment
from rota.dialects.jsonapi.reading import Written
from rota.dialects.jsonapi.resource import Relationship, Resource
from rota.domain.errors import Forbidden
from rota.domain.field.queries import Comparison, Condition, Query
from rota.domain.field.reading import Link

MOST_MEMBERS = 100_000
"""Of a relationship that is told member by member."""

Merge = Callable[[list[Link], list[Any]], list[Any]]
"""From the members that there are, and those that are given, to those that there shall be."""


def relate(
    api: Api,
    at: Moment,
    resource: Resource,
    related: Relationship,
    record_id: int,
    written: Written,
    merge: Merge | None = None,
) -> None:
    """Write a relationship of a record: as it is given, or merged with what it is. Raises Problems, RecordNotFound,
    Forbidden."""
    if merge and related.name in written.given:
        there = _members(api, at, resource, related, record_id)
        written.given[related.name] = merge(there, written.given[related.name])
    api.change(at, record_id, written)


def condition(related: Relationship, value: Any) -> Condition:
    """What is true of all records that the relationship leads to."""
    if related.listed_by:
        return Condition(related.listed_by, Comparison.EXACT, value.id)
    return Condition("id", Comparison.IN, related.ids(value))


def added(members: list[Link], given: list[Any]) -> list[Any]:
    """What is given comes first, so that faults are told by its places; who is a member already stays as they are."""
    known = {str(each.id): each for each in members}
    return [known.pop(_id(each), each) for each in given] + [*known.values()]


def removed(members: list[Link], given: list[Any]) -> list[Any]:
    """Who is no member is not missed."""
    gone = {_id(each) for each in given}
    return [each for each in members if str(each.id) not in gone]


def _members(api: Api, at: Moment, resource: Resource, related: Relationship, record_id: int) -> list[Link]:
    """All that the relationship has now, kept from others until the transaction ends, as a change of nothing does."""
    api.kept[resource.kind].change(at.tx, at.actor, record_id, {}, now=at.now)
    value = api.load(at, resource, record_id)
    if related.listed_by:
        query = Query((condition(related, value),), limit=MOST_MEMBERS)
        found = api.kept[related.kind].find(at.tx, at.actor, query, now=at.now)
        if found.count > MOST_MEMBERS:  # those beyond would be taken for not being members
            raise Forbidden
        return [Link(each, {}) for each in found.ids]
    return related.links(value)


def _id(given: Any) -> str:
    return str(given.id if isinstance(given, Link) else given)
