"""What every dialect works with: the parts of the server, and its clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from ipaddress import IPv4Network, IPv6Network

from rota.actions.registry import Catalogue
from rota.dialects.feed import Feed
from rota.domain.field.terms import Terms
from rota.store.port import Blobs, Store


@dataclass(frozen=True, slots=True)
class Service:
    """Sizes are bytes. A stop waits `stop_s` for the runners; a session token lasts `session_s`.

    `clock` gives microseconds since 1970 UTC, `new_id(n)` n hexadecimal characters. Without a `slack_secret` there is
    no Slack; `slack_respond` lets buttons be answered by a call to Slack, too. Webhooks may lead to addresses that are
    not public where `webhooks_private` says so. `terms` are those of the field. What `proxies` say of callers is
    believed.
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
    slack_secret: str = field(default="", repr=False)
    slack_respond: bool = False
    webhooks_private: bool = False
    terms: Terms = Terms(UTC, "UTC")
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
