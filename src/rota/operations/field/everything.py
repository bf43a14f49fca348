"""All collections of the field, by the kind of their records."""

from collections.abc import Mapping

from rota.domain.field.terms import Terms
from rota.operations.field.bounties import Bounties
from rota.operations.field.collection import Collection
from rota.operations.field.forms import Forms
from rota.operations.field.names import Clients, LocationTypes
from rota.operations.field.occurrences import Occurrences
from rota.operations.field.people import People
from rota.operations.field.submissions import Submissions
from rota.operations.field.tasks import Tasks


def collections(terms: Terms) -> Mapping[str, Collection]:
    kept: list[Collection] = [
        Tasks(terms),
        Occurrences(terms),
        Submissions(terms),
        Bounties(terms),
        Clients(terms),
        LocationTypes(terms),
        Forms(terms),
        People(terms),
    ]
    return {each.kind: each for each in kept}
