"""To whom tasks are offered: the conditions are those of store/offers.py, about a user and a moment."""

from dataclasses import replace

from rota.domain.accounts import Actor
from rota.domain.field.queries import Query

ELIGIBLE = "eligible"


def offered(actor: Actor, query: Query, *, now: int) -> Query:
    """The query about what the actor may do now, if it asks for that by the name `eligible`; `now` is microseconds."""
    if ELIGIBLE not in query.named:
        return query
    return replace(query, params={**query.params, "offer_now": now, "offer_user": actor.user.id})
