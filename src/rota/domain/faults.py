"""What is wrong with a record that somebody wants to have kept: all of it at once, each fault with its place."""

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
    """A value that cannot be taken: a sentence, and the place within the value that it is about."""

    def __init__(self, sentence: str, path: Path = ()) -> None:
        super().__init__(sentence)
        self.sentence, self.path = sentence, path
