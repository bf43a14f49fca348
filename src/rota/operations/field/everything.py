"""All collections of the field, by the kind of their records."""

from collections.abc import Mapping

from rota.domain.field.terms import Terms
from rota.operations.field.bounties import Bounties
from rota.operations.field.collection import Collection
from rota.operations.field.content_types import ContentTypes
from rota.operations.field.forms import Forms
from rota.operations.field.jobs import Jobs
from rota.operations.field.locations import Locations
from rota.operations.field.names import Clients, LocationTypes
from rota.operations.field.occurrences import Occurrences
from rota.operations.field.people import People
from rota.operations.field.projects import Projects
from rota.operations.field.segments import SegmentRules
from rota.operations.field.submissions import Submissions
from rota.operations.field.tasks import Tasks

_ALL = (
    *(Tasks, Occurrences, Submissions, Bounties, Locations, LocationTypes, SegmentRules, Projects, Clients, Forms),
    *(ContentTypes, Jobs, People),
)


def collections(terms: Terms) -> Mapping[str, Collection]:
    kept: list[Collection] = [each(terms) for each in _ALL]
    return {each.kind: each for each in kept}
