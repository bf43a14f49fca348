"""Points and shapes: what is taken, what is refused and where, and what lies within; on every side of the date line."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.faults import Unfit
from rota.domain.field import geo

Pair = tuple[float, float]


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [*rings]}


def shapes(*polygons: Any) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": [*polygons]}


def parts(shape: str) -> list[Any]:
    read = json.loads(shape)
    assert read["type"] == "MultiPolygon"
    found: list[Any] = read["coordinates"]
    return found


def refusal(read: Callable[[Any], Any], value: Any) -> tuple[Any, ...]:
    with pytest.raises(Unfit) as raised:
        read(value)
    return (*raised.value.path, raised.value.sentence)


def comb(teeth: int) -> list[list[float]]:
    """A valid ring whose edges all lie beside one another, across the whole shape: the hardest to judge."""
    step = 1e-4
    ring = [each for at in range(teeth) for each in ([at * step, -at * step], [60 + at * step, 60 - at * step])]
    return [*ring, [100, -80], [-80, -80], ring[0]]


@pytest.mark.parametrize(
    "value",
    [
        {"type": "Point", "coordinates": [36.82, -1.29]},
        {"type": "Point", "coordinates": [36.82, -1.29, 1795]},
        {"type": "Point", "coordinates": (36.82, -1.29), "bbox": None, "name": "Nairobi"},
        '{"type": "Point", "coordinates": [36.82, -1.29]}',
    ],
)
def test_a_point_is_a_longitude_and_a_latitude(value: Any) -> None:
    assert geo.read_point(value) == (36.82, -1.29)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, ("must be a GeoJSON Point",)),
        ([1, 2], ("must be a GeoJSON Point",)),
        ("1,2", ("must be a GeoJSON Point",)),
        ("[" * 100_000, ("must be a GeoJSON Point",)),
        ({}, ("type", "must be Point")),
        ({"type": ["Point"], "coordinates": [1, 2]}, ("type", "must be Point")),
        ({"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 2]}}, ("type", "must be Point")),
        ({"type": "Point"}, ("coordinates", "is required")),
        ({"type": "Point", "coordinates": None}, ("coordinates", "must be a longitude and a latitude")),
        ({"type": "Point", "coordinates": [1]}, ("coordinates", "must be a longitude and a latitude")),
        ({"type": "Point", "coordinates": [1, 2, 3, 4]}, ("coordinates", "must be a longitude and a latitude")),
        ({"type": "Point", "coordinates": ["1", 2]}, ("coordinates", 0, "must be a number")),
        ({"type": "Point", "coordinates": [1, True]}, ("coordinates", 1, "must be a number")),
        ({"type": "Point", "coordinates": [1, 2, None]}, ("coordinates", 2, "must be a number")),
        ({"type": "Point", "coordinates": [180.5, 2]}, ("coordinates", 0, "must be a longitude from -180 to 180")),
        ({"type": "Point", "coordinates": [math.nan, 2]}, ("coordinates", 0, "must be a longitude from -180 to 180")),
        ({"type": "Point", "coordinates": [10**400, 2]}, ("coordinates", 0, "must be a longitude from -180 to 180")),
        ({"type": "Point", "coordinates": [1, -91]}, ("coordinates", 1, "must be a latitude from -90 to 90")),
        ({"type": "Point", "coordinates": [1, math.inf]}, ("coordinates", 1, "must be a latitude from -90 to 90")),
    ],
)
def test_what_is_no_point_is_refused_where_it_is_wrong(value: Any, fault: tuple[Any, ...]) -> None:
    assert refusal(geo.read_point, value) == fault


def test_a_shape_is_several_polygons_whose_outer_rings_run_counterclockwise() -> None:
    clockwise = box(0, 0, 2, 2)[::-1]
    hole = box(0.5, 0.5, 1, 1)
    ((outer, inner),) = parts(geo.read_shape(polygon(clockwise, hole)))
    assert (outer, inner) == (clockwise[::-1], hole[::-1])
    two = shapes([box(0, 0, 1, 1)], [box(5, 5, 6, 6)])
    assert geo.read_shape(geo.read_shape(two)) == geo.read_shape(two)
    assert len(parts(geo.read_shape(json.dumps(two)))) == 2


def test_altitudes_are_read_over() -> None:
    raised = polygon([[*position, 10] for position in box(0, 0, 1, 1)])
    assert geo.read_shape(raised) == geo.read_shape(polygon(box(0, 0, 1, 1)))


CROSSED = [[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]
SQUARE = box(0, 0, 10, 10)


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (7, ("must be a GeoJSON MultiPolygon",)),
        ({"type": "Point", "coordinates": [1, 2]}, ("type", "must be MultiPolygon or Polygon")),
        ({"type": "GeometryCollection", "geometries": []}, ("type", "must be MultiPolygon or Polygon")),
        (shapes(), ("coordinates", "must have 1 item at least")),
        (shapes([]), ("coordinates", 0, "must have 1 item at least")),
        (shapes("ring"), ("coordinates", 0, "must be a list")),
        (polygon(), ("coordinates", "must have 1 item at least")),
        (polygon({}), ("coordinates", 0, "must be a list")),
        (polygon(SQUARE[:3]), ("coordinates", 0, "must have 4 positions at least")),
        (polygon(SQUARE[:4]), ("coordinates", 0, "must end where it begins")),
        (
            shapes([SQUARE], [SQUARE, [*SQUARE[:4], [0, 95]]]),
            ("coordinates", 1, 1, 4, 1, "must be a latitude from -90 to 90"),
        ),
        (polygon([[[[[1]]]]] * 4), ("coordinates", 0, 0, "must be a longitude and a latitude")),
        (polygon(CROSSED), ("coordinates", "is not a valid shape: self-intersection[0.5 0.5]")),
        (shapes([SQUARE], [CROSSED]), ("coordinates", 1, "is not a valid shape: self-intersection[0.5 0.5]")),
        (polygon(SQUARE, box(20, 20, 21, 21)), ("coordinates", "is not a valid shape: hole lies outside shell[20 20]")),
        (polygon([[0, 0]] * 4), ("coordinates", "is not a valid shape: too few points in geometry component[0 0]")),
        (
            shapes([SQUARE], [box(5, 5, 15, 15)]),
            ("coordinates", "is not a valid shape: self-intersection[5 10]"),
        ),
        (
            polygon([[0, 60], [120, 60], [-120, 60], [0, 60]]),
            ("coordinates", 0, "goes around a pole: it must be cut along the date line"),
        ),
        (polygon([[0, 0]] * 100_001), ("coordinates", 0, "has more than 100000 positions")),
        (shapes(*[[SQUARE]] * 20_001), ("coordinates", "has more than 100000 positions")),
        (polygon(comb(10_000)), ("coordinates", "is too intricate")),
        ('{"type":' * 50_000, ("must be a GeoJSON MultiPolygon",)),
    ],
)  # fmt: skip
def test_what_is_no_shape_is_refused_where_it_is_wrong(value: Any, fault: tuple[Any, ...]) -> None:
    assert refusal(geo.read_shape, value) == fault


def test_a_long_border_is_taken() -> None:
    turns = [2 * math.pi * at / 99_998 for at in range(99_999)]
    ring = [[170 * math.cos(turn), 80 * math.sin(turn)] for turn in turns]
    shape = geo.read_shape(polygon([*ring, ring[0]]))
    assert geo.covers(shape, 0, 0)
    assert not geo.covers(shape, 169, 79)


def test_a_border_belongs_to_the_shape_and_a_hole_does_not() -> None:
    shape = geo.read_shape(polygon(SQUARE, box(4, 4, 6, 6)))
    assert [geo.covers(shape, *at) for at in ((0, 0), (10, 5), (4, 5), (5, 5), (10.0001, 5))] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_a_shape_across_the_date_line_is_cut_along_it() -> None:
    shape = geo.read_shape(polygon(box(170, -10, -170, 10)))
    assert sorted(min(longitude for longitude, _ in rings[0]) for rings in parts(shape)) == [-180, 170]
    inside = [(175, 0), (-175, 0), (180, 5), (-180, 5), (170, 0), (-170, 0)]
    assert all(geo.covers(shape, *at) for at in inside)
    assert not any(geo.covers(shape, *at) for at in [(0, 0), (169, 0), (-169, 0), (180, 11)])
    assert geo.read_shape(shape) == shape


def test_holes_of_a_shape_across_the_date_line_stay_holes() -> None:
    shape = geo.read_shape(polygon(box(170, -10, -170, 10), box(178, -1, -178, 1), box(-176, -1, -175, 1)))
    assert not any(geo.covers(shape, *at) for at in [(179, 0), (-179, 0), (180, 0), (-175.5, 0)])
    assert geo.covers(shape, -177, 0)
    assert geo.covers(shape, 177, 0)


def test_what_crosses_itself_beyond_the_date_line_is_refused() -> None:
    crossed = [[175, 0], [-175, 10], [-175, 0], [175, 10], [175, 0]]
    assert refusal(geo.read_shape, polygon(crossed))[:-1] == ("coordinates",)
    assert refusal(geo.read_shape, shapes([SQUARE], [crossed]))[:-1] == ("coordinates", 1)


def test_the_whole_earth_is_a_shape() -> None:
    shape = geo.read_shape(polygon(box(-180, -90, 180, 90)))
    assert all(geo.covers(shape, *at) for at in [(0, 0), (180, 0), (-180, 0), (33, 90), (-120, -90)])


def test_edges_that_lead_over_the_date_line_on_the_spot_are_taken_for_what_they_mean() -> None:
    ring = [[170, 0], [180, 0], [-180, 0], [-170, 0], [-170, 9], [-180, 9], [180, 9], [170, 9], [170, 0]]
    assert geo.read_shape(polygon(ring)) == geo.read_shape(polygon(box(170, 0, -170, 9)))


def test_a_pole_is_one_point() -> None:
    shape = geo.read_shape(polygon(box(-180, 80, 180, 90)))
    assert geo.covers(shape, 12, 90)
    assert not geo.covers(shape, 12, -90)
    assert not geo.covers(geo.read_shape(polygon(SQUARE)), 5, 90)


@given(
    st.floats(-180, 180), st.floats(-80, 80), st.floats(0.001, 170), st.floats(0.001, 9), st.floats(-1.5, 1.5),
    st.floats(-1.5, 1.5),
)  # fmt: skip
@settings(max_examples=100, deadline=None)
def test_what_lies_within_a_box_does_so_wherever_the_box_is(
    west: float, south: float, width: float, height: float, x: float, y: float
) -> None:
    def folded(longitude: float) -> float:
        return (longitude + 180) % 360 - 180

    shape = geo.read_shape(polygon(box(west, south, folded(west + width), south + height)))
    within = abs(x) <= 0.999 and abs(y) <= 0.999
    at = folded(west + width / 2 * (1 + x)), south + height / 2 * (1 + y)
    if within or abs(x) >= 1.001 or abs(y) >= 1.001:
        assert geo.covers(shape, *at) == within
    assert geo.covers(shape, *geo.point_within(shape))
    assert geo.read_shape(shape) == shape


TOKENS = st.sampled_from(
    [None, True, "Polygon", "Point", {}, [], 0, -180, 180, 179.5, 1e308, 10**30, [0, 0], [1, 1, 1]]
)


@given(
    st.sampled_from(["Polygon", "MultiPolygon", "Point"]),
    st.recursive(TOKENS, lambda inner: st.lists(inner, max_size=5), max_leaves=30),
)
@settings(max_examples=100, deadline=None)
def test_whatever_comes_is_read_or_refused(kind: str, coordinates: Any) -> None:
    for read in (geo.read_shape, geo.read_point):
        try:
            read({"type": kind, "coordinates": coordinates})
        except Unfit as unfit:
            assert unfit.sentence


@given(st.lists(st.tuples(st.integers(-180, 180), st.integers(-90, 90)), min_size=3, max_size=8))
@settings(max_examples=100, deadline=None)
def test_any_ring_is_read_or_refused_and_what_was_read_is_read_again(ring: list[Pair]) -> None:
    try:
        shape = geo.read_shape(polygon([*ring, ring[0]]))
    except Unfit:
        return
    assert geo.covers(shape, *geo.point_within(shape))
    assert geo.read_shape(shape)
