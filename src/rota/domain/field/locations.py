"""A location: a point with a radius or a shape, in a tree of locations; and how one is written."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec
from babel import Locale

from rota.domain.faults import Fault, Unfit
from rota.domain.field import geo, reading
from rota.domain.field.reading import Field, or_blank, or_null
from rota.domain.field.terms import Terms

RADIUS_LIMIT_M = 20_000_000
"""As far as one can go on the earth."""

_NO_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})
"""Territories of the CLDR that have no code of their own in ISO 3166. Kosovo's is one of those left to users."""


class Location(msgspec.Struct, frozen=True, gc=False):
    """`country` is an ISO 3166 alpha-2 code or empty; `shape` is a GeoJSON MultiPolygon as JSON text."""

    id: int
    name: str
    country: str
    description: str
    parent_id: int | None
    parent_name: str | None
    location_type_id: int | None
    location_type_name: str | None
    longitude: float | None
    latitude: float | None
    radius_m: float | None
    shape: str | None
    has_submissions: bool
    created_at: int
    modified_at: int


@cache
def countries() -> frozenset[str]:
    """The codes of ISO 3166-1 alpha-2."""
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2) - _NO_COUNTRIES


def _country(value: Any, terms: Terms) -> str:
    code = reading.line(value, terms).upper()
    if code and code not in countries():
        raise Unfit("must be a country's code of ISO 3166, such as KE")
    return code


def _radius(value: Any, terms: Terms) -> float:
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if not 0 < found <= RADIUS_LIMIT_M:
        raise Unfit(f"must be a number of metres, more than 0 and {RADIUS_LIMIT_M} at most")
    return found


FIELDS: Mapping[str, Field] = {
    "name": Field("name", reading.name, required=True),
    "country": Field("country", or_blank(_country), default=""),
    "description": Field("description", or_blank(reading.text), default=""),
    "parent": Field("parent_id", reading.reference),
    "location_type": Field("location_type_id", reading.reference),
    "geopoint": Field("geopoint", or_null(lambda value, terms: geo.read_point(value))),
    "radius": Field("radius_m", or_null(_radius)),
    "shapefile": Field("shape", or_null(lambda value, terms: geo.read_shape(value))),
}


def geometry_faults(values: Mapping[str, Any]) -> list[Fault]:
    """A point has a radius and the reverse; a location has these or a shape, or nothing of the kind."""
    point, radius, shape = (values[name] is not None for name in ("geopoint", "radius_m", "shape"))
    if shape and (point or radius):
        return [Fault(("shapefile",), "cannot stand beside a geopoint or a radius")]
    if point and not radius:
        return [Fault(("radius",), "is required with a geopoint")]
    return [Fault(("geopoint",), "is required with a radius")] if radius and not point else []


def placed(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that follow from a location's point or shape."""
    point = values["geopoint"]
    within = point or (geo.point_within(values["shape"]) if values["shape"] else None)
    x, y, z = geo.earth_centred(*within) if within else (None, None, None)
    longitude, latitude = point or (None, None)
    return {"longitude": longitude, "latitude": latitude, "x": x, "y": y, "z": z}
