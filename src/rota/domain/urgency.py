"""How urgent an item is: a sum of named, weighted terms.

Every term that depends on the clock grows by the same amount a day for all items, so the order of two items never
changes as time passes: the sum at 1970, the **score**, sorts them for ever and is kept in an index.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from rota.domain.fields import DEFAULT_DEADLINE
from rota.domain.items import Item

DAY = 86_400 * 1_000_000
WEIGHT_LIMIT = 1e6
TAG = "tag."


@dataclass(frozen=True, slots=True)
class Weights:
    """Of a unit of priority, a day past the latest start, a day of age, an item that waits for this one, and tags."""

    priority: float = 10.0
    deadline: float = 1.0
    age: float = 0.5
    blocking: float = 5.0
    tags: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        """What `parse_weights` reads; the same for equal weights."""
        named = {name: getattr(self, name) for name in NAMES}
        tagged = {f"{TAG}{name}": weight for name, weight in sorted(self.tags.items())}
        return ",".join(f"{name}={weight!r}" for name, weight in {**named, **tagged}.items())


NAMES = ("priority", "deadline", "age", "blocking")


def parse_weights(text: str) -> Weights:
    """Reads `priority=10,deadline=1,age=0.5,blocking=5,tag.NAME=2`; what is left out keeps its default.

    Raises ValueError.
    """
    values: dict[str, float] = {}
    tags: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, number = part.rpartition("=")
        name, weight = name.strip(), float(number)
        if not sign or not abs(weight) <= WEIGHT_LIMIT:
            raise ValueError(part)
        if name.startswith(TAG) and name != TAG:
            tags[name.removeprefix(TAG)] = weight
        elif name in NAMES:
            values[name] = weight
        else:
            raise ValueError(part)
    return Weights(**values, tags=tags)


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the urgency: so much of something, each worth `weight`."""

    name: str
    amount: float
    weight: float

    @property
    def value(self) -> float:
        return self.amount * self.weight


def latest_start(item: Item) -> int:
    """When work must begin for the deadline. Where nobody gave one it follows from the submission alone, so that
    such items keep the order in which they came."""
    return item.deadline - item.estimate_us if item.dated else item.created_at + DEFAULT_DEADLINE


def explain(item: Item, weights: Weights, now: int) -> list[Term]:
    """The terms, whose values add up to the urgency at `now`."""
    return [
        Term("priority", item.priority, weights.priority),
        Term("deadline", (now - latest_start(item)) / DAY, weights.deadline),
        Term("age", (now - item.created_at) / DAY, weights.age),
        Term("blocking", item.blocks, weights.blocking),
        *_tag_terms(item, weights),
    ]


def urgency(item: Item, weights: Weights, now: int) -> float:
    return math.fsum(term.value for term in explain(item, weights, now))


def score(item: Item, weights: Weights) -> float:
    """The urgency at 1970, by which items are sorted; of equal scores the older item comes first, then the lower id."""
    return urgency(item, weights, 0)


def _tag_terms(item: Item, weights: Weights) -> Iterator[Term]:
    for tag in item.tags:
        if tag in weights.tags:
            yield Term(f"{TAG}{tag}", 1, weights.tags[tag])
