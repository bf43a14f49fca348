"""How runners are shared: which actions come first, and how many chunks of an action or an account run at a time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rules:
    """`priorities` are those of all actions, by `category.name`; `action_limits` those of actions that have one.

    `account_limit` is for each account, and 0 for none. The names of actions have a dot and the ids of accounts have
    none, so that one set holds both.
    """

    priorities: Mapping[str, int] = field(default_factory=dict)
    action_limits: Mapping[str, int] = field(default_factory=dict)
    account_limit: int = 0
    levels: tuple[frozenset[str], ...] = field(init=False)
    """One for each priority, the highest first: the actions whose priority is lower."""

    def __post_init__(self) -> None:
        values = sorted({0, *self.priorities.values()}, reverse=True)
        low = tuple(frozenset(name for name, own in self.priorities.items() if own < value) for value in values)
        object.__setattr__(self, "levels", tuple(dict.fromkeys(low)))

    @property
    def are_limited(self) -> bool:
        return bool(self.action_limits or self.account_limit)

    def slots(self, account_id: str, action: str) -> tuple[str, ...]:
        """What a chunk counts towards that has a limit, in one order for all."""
        of_account = (account_id,) if self.account_limit else ()
        return (*of_account, *((action,) if action in self.action_limits else ()))

    def full(self, held: Iterable[tuple[str, str, int]]) -> frozenset[str]:
        """The names whose limits are reached, from how many chunks are in hand of each account and action."""
        sums: Counter[str] = Counter()
        for account_id, action, count in held:
            sums.update(dict.fromkeys(self.slots(account_id, action), count))
        return frozenset(name for name, count in sums.items() if count >= self.limit(name))

    def limit(self, name: str) -> int:
        return self.action_limits.get(name, self.account_limit)


FREE = Rules()
"""No priorities and no limits."""


def parse_numbers(text: str) -> dict[str, int]:
    """Reads `http.call=4,skel.id1=2`. Raises ValueError."""
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, number = part.rpartition("=")
        category, dot, action = name.strip().partition(".")
        if not (sign and category and dot and action):
            raise ValueError(part)
        found[name.strip()] = int(number)
    return found
