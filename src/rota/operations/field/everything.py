"""All collections of the field, by the kind of their records."""

from collections.abc import Mapping

from rota.domain.field.terms import Terms
from rota.operations.field.collection import Collection
from rota.operations.field.forms import Forms
from rota.operations.field.names import Clients, LocationTypes
from rota.operations.field.people import People


def collections(terms: Terms) -> Mapping[str, Collection]:
    kept: list[Collection] = [Clients(terms), LocationTypes(terms), Forms(terms), People(terms)]
    return {each.kind: each for each in kept}
