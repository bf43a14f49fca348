"""Reads what a submission holds: the answers, and where they were given."""

from typing import Any

import msgspec

from rota.domain.faults import Unfit
from rota.domain.field.geo import read_point
from rota.domain.field.terms import Terms

ANSWERS_LIMIT = 1024 * 1024


def answers(value: Any, terms: Terms) -> dict[str, Any]:
    """An object of JSON values, of 1 MiB at most once it is written."""
    if not isinstance(value, dict):
        raise Unfit("must be an object")
    if len(written(value)) > ANSWERS_LIMIT:
        raise Unfit(f"is longer than {ANSWERS_LIMIT // 1024} KiB")
    return value


def written(value: dict[str, Any]) -> str:
    """As JSON text. Raises Unfit for what cannot be said so."""
    try:
        return msgspec.json.encode(value).decode()
    except RecursionError:
        raise Unfit("is nested too deeply") from None
    except (TypeError, UnicodeError):
        raise Unfit("holds what JSON cannot say") from None


def point(value: Any, terms: Terms) -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON Point."""
    return read_point(value)
