"""A page of any list, by the way that suits it: remembered where that can be, and else searched for."""

from collections.abc import Mapping
from typing import Any

from rota.domain.field.queries import Found, Query
from rota.store import finding, standing
from rota.store.finding import Run
from rota.store.lookups import COLLECTIONS
from rota.store.memory import Recall

SHOWN = 200
"""Ids. Pages of more are not asked for by people, and not remembered."""


def find(recall: Recall | None, run: Run, collection: str, query: Query, params: Mapping[str, Any]) -> Found:
    """A page of ids, and how many there are."""
    if recall is None or _asks_for_now(collection, query):
        return finding.find(run, collection, query, params)

    def find_page() -> Found:
        if collection == standing.OF:
            return standing.find(recall, run, query, params)
        return finding.find(run, collection, query, params)

    if query.limit > SHOWN:
        return find_page()
    question = f"{collection} {query} {sorted(params.items())}"
    return recall.current(question, find_page, counted=standing.is_counted(query))


def _asks_for_now(collection: str, query: Query) -> bool:
    """Who may do what depends on the moment, and distances on who asks."""
    return "eligible" in query.named or any(each.field in COLLECTIONS[collection].costly for each in query.order)
