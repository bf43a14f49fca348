"""All collections of the field, by the kind of their records."""

from collections.abc import Mapping

from rota.domain.field.terms import Terms
from rota.operations.field.bounties import Bounties
from rota.operations.field.collection import Collection
from rota.operations.field.content_types import ContentTypes
from rota.operations.field.locations import Locations
from rota.operations.field.names import Clients, LocationTypes
from rota.operations.field.occurrences import Occurrences
from rota.operations.field.projects import Projects
from rota.operations.field.segments import SegmentRules
from rota.operations.field.submissions import Submissions
from rota.operations.field.tasks import Tasks


def collections(terms: Terms) -> Mapping[str, Collection]:
    kept: list[Collection] = [
        Tasks(terms),
        Occurrences(terms),
        Submissions(terms),
        Bounties(terms),
        Clients(terms),
        Projects(terms),
        Locations(terms),
        LocationTypes(terms),
        SegmentRules(terms),
        ContentTypes(terms),
    ]
    return {each.kind: each for each in kept}
