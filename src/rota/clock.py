"""The one clock and the one source of ids; everything else is given them."""

import secrets
import time


def now() -> int:
    """Microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def new_id(length: int) -> str:
    """So many random lower-case hexadecimal characters."""
    return secrets.token_hex((length + 1) // 2)[:length]


def new_token() -> str:
    """A secret of 256 random bits, safe in a header, a URL and a shell; its beginning tells scanners what it is."""
    return f"rota_{secrets.token_urlsafe(32)}"
