"""Reads the filters of lists as Django writes them: `date__year__gte` is a field, a part of it and a comparison."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rota.domain.faults import Unfit
from rota.domain.field.queries import Comparison, Condition
from rota.domain.field.terms import Terms


class Of(StrEnum):
    """What the values of a field are, which says how they are read and which parts they have."""

    ID = "id"
    TEXT = "text"
    NUMBER = "number"
    FLAG = "flag"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Filter:
    """`field` is that of the collection in queries; where `choices` are given, a value must be one of them."""

    field: str
    of: Of
    choices: tuple[str, ...] = ()


def is_filter(filters: Mapping[str, Filter], name: str) -> bool:
    """Whether a parameter is meant for one of these, rightly or wrongly."""
    return name.partition("__")[0] in filters


def conditions(filters: Mapping[str, Filter], name: str, values: Sequence[str], terms: Terms) -> tuple[Condition, ...]:
    """What a parameter asks, given once or several times: any of the values of an `exact`, all of anything else. Raises
    Unfit for a lookup or a value that cannot be read."""
    field, *rest = name.split("__")
    chosen = filters[field]
    if rest:
        raise Unfit("is not a lookup that is known")
    found: list[object] = []
    for each in ",".join(values).split(","):
        if chosen.of is Of.ID and not each.isdigit():
            raise Unfit("must be an id")
        found.append(int(each) if chosen.of is Of.ID else each)
    return (Condition(chosen.field, Comparison.IN, tuple(found)),)
