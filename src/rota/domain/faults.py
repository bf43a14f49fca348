"""What is wrong with a record that somebody wants to have kept: all of it at once, each fault with its place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """`path` leads from the name of a field to the place within its value. `sentence` goes on from that place's name.

    `missing` says that what the field refers to does not exist.
    """

    path: Path
    sentence: str
    missing: bool = False


class Unfit(ValueError):
    """A value that cannot be taken: a sentence, and the place within the value that it is about. `others` are what
    else is wrong with it."""

    def __init__(self, sentence: str, path: Path = (), others: Sequence["Unfit"] = ()) -> None:
        super().__init__(sentence)
        self.sentence, self.path, self.others = sentence, path, others

    def within(self, *steps: str | int) -> Iterator["Unfit"]:
        """Everything that is wrong, as seen from the value that this one is a part of."""
        yield Unfit(self.sentence, (*steps, *self.path))
        for other in self.others:
            yield from other.within(*steps)


def refuse(found: Sequence[Unfit]) -> None:
    """Raises them together, where there are any."""
    if found:
        raise Unfit(found[0].sentence, found[0].path, found[1:])
