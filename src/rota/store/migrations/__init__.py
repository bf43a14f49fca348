"""Schema changes, plain SQL per database, applied in order under a lock."""

from pathlib import Path
from typing import Any

from yoyo import get_backend, read_migrations

_HERE = Path(__file__).parent


def apply(url: str, dialect: str) -> list[str]:
    """Apply what is missing; the ids of what was applied. Safe to call from several processes at once."""
    backend: Any = get_backend(url)  # type: ignore[no-untyped-call]
    try:
        with backend.lock():
            missing = backend.to_apply(read_migrations(str(_HERE / dialect)))  # type: ignore[no-untyped-call]
            backend.apply_migrations(missing)
            return [str(migration.id) for migration in missing]
    finally:
        backend.connection.close()
