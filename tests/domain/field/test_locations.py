"""What may be written of a location, and what goes together."""

from typing import Any

import pytest

from ground import TERMS
from rota.domain.faults import Fault
from rota.domain.field.locations import FIELDS, countries, geometry_faults, placed
from rota.domain.field.reading import read

NAIROBI = {"type": "Point", "coordinates": [36.82, -1.29]}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}
BESIDE = ("shapefile", "cannot stand beside a geopoint or a radius")
COUNTRY = ("country", "must be a country's code of ISO 3166, such as KE")


def judged(**given: Any) -> list[tuple[Any, ...]]:
    values, faults = read(FIELDS, {"name": "x", **given}, TERMS, partial=False)
    found: list[Fault] = faults or geometry_faults(values)
    return [(*fault.path, fault.sentence) for fault in found]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"geopoint": NAIROBI, "radius": 5},
        {"geopoint": NAIROBI, "radius": "0.5"},
        {"shapefile": SQUARE},
        {"shapefile": SQUARE, "geopoint": None, "radius": None},
        {"country": "ke", "description": None},
        {"country": None},
        {"country": "XK"},
    ],
)
def test_a_location_is_a_point_with_a_radius_or_a_shape_or_a_name(given: dict[str, Any]) -> None:
    assert judged(**given) == []


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"geopoint": NAIROBI}, ("radius", "is required with a geopoint")),
        ({"radius": 5}, ("geopoint", "is required with a radius")),
        ({"radius": 5, "geopoint": None}, ("geopoint", "is required with a radius")),
        ({"geopoint": NAIROBI, "radius": 5, "shapefile": SQUARE}, BESIDE),
        ({"radius": 5, "shapefile": SQUARE}, BESIDE),
        ({"geopoint": [1, 2], "radius": 5}, ("geopoint", "must be a GeoJSON Point")),
        ({"shapefile": NAIROBI}, ("shapefile", "type", "must be MultiPolygon or Polygon")),
        ({"country": "XX"}, COUNTRY),
        ({"country": "ZZ"}, COUNTRY),
        ({"country": "001"}, COUNTRY),
        ({"country": "UK"}, COUNTRY),
        ({"country": 5}, ("country", "must be a text")),
        ({"name": " "}, ("name", "may not be blank")),
        ({"parent": "top"}, ("parent", "must be an id")),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], fault: tuple[str, ...]) -> None:
    assert judged(**given) == [fault]


@pytest.mark.parametrize("radius", [0, -1, 20_000_001, float("nan"), float("inf"), "far", True, [1], {}, 10**400])
def test_a_radius_is_a_distance_on_the_earth(radius: Any) -> None:
    fault = ("radius", "must be a number of metres, more than 0 and 20000000 at most")
    assert judged(geopoint=NAIROBI, radius=radius) == [fault]


def test_countries_are_those_of_the_world() -> None:
    assert len(countries()) == 250
    assert {"KE", "GB", "AX"} <= countries()


def test_what_lies_nowhere_has_no_place_on_the_earth() -> None:
    nowhere = dict.fromkeys(("longitude", "latitude", "x", "y", "z"))
    assert placed({"geopoint": None, "shape": None}) == nowhere
