"""Content types: a closed list that is the same for all accounts."""

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden
from rota.domain.field.contents import CONTENT_TYPES, ContentType
from rota.domain.field.queries import Comparison, Condition, Found, Query
from rota.domain.field.terms import Terms
from rota.operations.field.access import Access, Who, permit
from rota.store.port import Tx

_COMPARED: Mapping[Comparison, Callable[[Any, Any], bool]] = {
    Comparison.EXACT: operator.eq,
    Comparison.GT: operator.gt,
    Comparison.GTE: operator.ge,
    Comparison.LT: operator.lt,
    Comparison.LTE: operator.le,
    Comparison.IN: lambda value, several: value in several,
    Comparison.RANGE: lambda value, ends: bool(ends[0] <= value <= ends[1]),
    Comparison.ISNULL: lambda value, null: (value is None) == null,
}


class ContentTypes:
    kind = "content_type"
    access = Access(read=Who.MEMBERS, create=Who.NOBODY, change=Who.NOBODY, delete=Who.NOBODY)

    def __init__(self, terms: Terms) -> None:
        self.terms = terms

    def find(self, tx: Tx, actor: Actor, query: Query, *, now: int) -> Found:
        permit(actor, self.access.read)
        found = [each for each in CONTENT_TYPES.values() if _matches(each, query)]
        found.sort(key=lambda each: each.id)
        for order in reversed(query.order):
            found.sort(key=operator.attrgetter(order.field), reverse=order.descending)
        page = found[query.offset : query.offset + query.limit]
        return Found(tuple(each.id for each in page), len(found))

    def load(self, tx: Tx, actor: Actor, ids: Sequence[int], *, now: int) -> list[ContentType]:
        permit(actor, self.access.read)
        return [CONTENT_TYPES[each] for each in ids if each in CONTENT_TYPES]

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        """Nobody may."""
        raise Forbidden

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """Nobody may."""
        raise Forbidden

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """Nobody may."""
        raise Forbidden


def _matches(content: ContentType, query: Query) -> bool:
    return all(_holds(content, test) for test in query.conditions) and all(
        word.lower() in content.model for word in query.words
    )


def _holds(content: ContentType, test: Condition) -> bool:
    return _COMPARED[test.comparison](getattr(content, test.field), test.value)
