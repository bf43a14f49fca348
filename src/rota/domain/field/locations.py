"""A location: a point with a radius or a shape, in a tree of locations."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
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
