"""What every dialect works with: the parts of the server, and its clock."""

from collections.abc import Callable
from dataclasses import dataclass

from rota.actions.registry import Catalogue
from rota.dialects.feed import Feed
from rota.store.port import Blobs, Store


@dataclass(frozen=True, slots=True)
class Service:
    """Sizes are bytes. A stop waits `stop_s` for the runners; a session token lasts `session_s`.

    `clock` gives microseconds since 1970 UTC, `new_id(n)` n hexadecimal characters.
    """

    store: Store
    blobs: Blobs
    catalogue: Catalogue
    node: str
    max_upload: int
    max_json: int
    stop_s: float
    session_s: float
    feed: Feed
    clock: Callable[[], int]
    new_id: Callable[[int], str]
