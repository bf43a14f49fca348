"""What an operator chose for the field, and what follows from it."""

from dataclasses import dataclass
from datetime import tzinfo

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Terms:
    """`zone` is where times without a zone are read and in which times are written; its IANA name is `zone_name`.

    `currency` (ISO 4217) is that of all bounties. Rules without end are expanded so many microseconds ahead.
    """

    zone: tzinfo
    zone_name: str
    currency: str = "KES"
    horizon_us: int = 400 * DAY_US
