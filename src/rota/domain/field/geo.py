"""Where things are on the earth (WGS 84): distances along its surface, coordinates in which near is near, and points
and shapes as GeoJSON (RFC 7946) writes them."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np
import shapely
from geographiclib.geodesic import Geodesic

from rota.domain.faults import Path, Unfit

POSITIONS_LIMIT = 100_000
PAIRS_LIMIT = 10_000_000
"""A valid shape is one of which no two edges cross. So many pairs of edges take GEOS 0.3 s to compare."""

Position = tuple[float, float]
Ring = list[Position]

_AXIS_M = 6_378_137.0
_FLATTENING = 1 / 298.257_223_563
_COORDINATES = "coordinates"


def distance_m(longitude: float, latitude: float, other_longitude: float, other_latitude: float) -> float:
    """Metres along the geodesic between two points, to a few nanometres (Karney 2013, by geographiclib)."""
    found = Geodesic.WGS84.Inverse(latitude, longitude, other_latitude, other_longitude, Geodesic.DISTANCE)  # type: ignore[no-untyped-call]
    return float(found["s12"])


def earth_centred(longitude: float, latitude: float) -> tuple[float, float, float]:
    """Metres from the middle of the earth, on its surface. Of two points the nearer one along the surface is the nearer
    one in a straight line, too, but for what the flattening of the earth makes of points that are almost equally far.

    >>> [round(each) for each in earth_centred(0.0, 0.0)]
    [6378137, 0, 0]
    """
    squared = _FLATTENING * (2 - _FLATTENING)
    sine, cosine = math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
    normal = _AXIS_M / math.sqrt(1 - squared * sine * sine)
    turn = math.radians(longitude)
    return normal * cosine * math.cos(turn), normal * cosine * math.sin(turn), normal * (1 - squared) * sine


def read_point(value: Any) -> Position:
    """Longitude and latitude of a GeoJSON Point, an object or its text; an altitude is read over. Raises Unfit."""
    _, coordinates = _geometry(value, "Point")
    return _position(coordinates, (_COORDINATES,))


def read_shape(value: Any) -> str:
    """A GeoJSON MultiPolygon or Polygon, an object or its text, as the text of a MultiPolygon: without altitudes, its
    outer rings counterclockwise, cut where it crosses the date line. Raises Unfit.

    An edge over more than 180 degrees of longitude is read as one that takes the short way, across the date line.
    """
    kind, coordinates = _geometry(value, "MultiPolygon", "Polygon")
    polygons = [coordinates] if kind == "Polygon" else _several(coordinates, (_COORDINATES,))
    paths: list[Path] = [(_COORDINATES,) if kind == "Polygon" else (_COORDINATES, at) for at in range(len(polygons))]
    read = _within_limits([_rings(each, path) for each, path in zip(polygons, paths, strict=True)])
    try:
        parts = [(part, path) for rings, path in zip(read, paths, strict=True) for part in _placed(rings, path)]
        _refuse_unsound(parts)
        return str(shapely.to_geojson(shapely.orient_polygons(shapely.MultiPolygon([part for part, _ in parts]))))
    except shapely.errors.GEOSException:
        raise Unfit("is not a valid shape") from None


def point_within(shape: str) -> Position:
    """A point of a shape that `read_shape` gave."""
    point = shapely.point_on_surface(shapely.from_geojson(shape))
    return float(point.x), float(point.y)


def covers(shape: str, longitude: float, latitude: float) -> bool:
    """Whether a point lies within a shape that `read_shape` gave, or on its border.

    A point on the date line is one, whether its longitude is 180 or -180; so is a pole, whatever its longitude.
    """
    found = shapely.from_geojson(shape)
    if abs(latitude) == 90:
        return bool(latitude in shapely.bounds(found)[[1, 3]])
    same = (longitude, -longitude) if abs(longitude) == 180 else (longitude,)
    return bool(shapely.intersects_xy(found, same, latitude).any())


def _geometry(value: Any, *kinds: str) -> tuple[str, Any]:
    """Its type, which is one of these, and its coordinates."""
    found = _decoded(value)
    if not isinstance(found, Mapping):
        raise Unfit(f"must be a GeoJSON {kinds[0]}")
    if found.get("type") not in kinds:
        raise Unfit(f"must be {' or '.join(kinds)}", ("type",))
    if _COORDINATES not in found:
        raise Unfit("is required", (_COORDINATES,))
    return found["type"], found[_COORDINATES]


def _decoded(value: Any) -> Any:
    try:
        return msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.DecodeError, RecursionError):
        return None


def _several(value: Any, path: Path, least: int = 1, name: str = "item") -> list[Any]:
    if not isinstance(value, list | tuple):
        raise Unfit("must be a list", path)
    if len(value) < least:
        raise Unfit(f"must have {least} {name}{'s' if least > 1 else ''} at least", path)
    if len(value) > POSITIONS_LIMIT:
        raise Unfit(f"has more than {POSITIONS_LIMIT} positions", path)
    return list(value)


def _rings(value: Any, path: Path) -> list[Ring]:
    return [_ring(each, (*path, at)) for at, each in enumerate(_several(value, path))]


def _ring(value: Any, path: Path) -> Ring:
    positions = _several(value, path, 4, "position")
    ring = [_position(each, (*path, at)) for at, each in enumerate(positions)]
    if ring[0] != ring[-1]:
        raise Unfit("must end where it begins", path)
    return ring


def _position(value: Any, path: Path) -> Position:
    if not isinstance(value, list | tuple) or not 2 <= len(value) <= 3:
        raise Unfit("must be a longitude and a latitude", path)
    for at, each in enumerate(value):
        if type(each) not in {int, float}:
            raise Unfit("must be a number", (*path, at))
    longitude, latitude = value[:2]
    if not -180 <= longitude <= 180:
        raise Unfit("must be a longitude from -180 to 180", (*path, 0))
    if not -90 <= latitude <= 90:
        raise Unfit("must be a latitude from -90 to 90", (*path, 1))
    return float(longitude), float(latitude)


def _within_limits(polygons: list[list[Ring]]) -> list[list[Ring]]:
    """The polygons. Raises Unfit where it would take long to see whether they are valid."""
    rings = [np.array(ring) for polygon in polygons for ring in polygon]
    if sum(map(len, rings)) > POSITIONS_LIMIT:
        raise Unfit(f"has more than {POSITIONS_LIMIT} positions", (_COORDINATES,))
    starts, ends = np.concatenate([ring[:-1] for ring in rings]), np.concatenate([ring[1:] for ring in rings])
    least, most = np.minimum(starts, ends), np.maximum(starts, ends)
    crossings = min(_overlaps(least[:, axis], most[:, axis]) for axis in (0, 1))
    # Each hole is looked for in its polygon's outer ring, which is less work by far than to compare edges.
    lookups = sum((len(polygon) - 1) * len(polygon[0]) for polygon in polygons) // 4
    if crossings + lookups > PAIRS_LIMIT:
        raise Unfit("is too intricate", (_COORDINATES,))
    return polygons


def _overlaps(least: Any, most: Any) -> int:
    """How many pairs of intervals have something in common."""
    count = len(least)
    apart = int(np.searchsorted(np.sort(most), least, "left").sum())
    return count * (count - 1) // 2 - apart


def _placed(rings: list[Ring], path: Path) -> list[Any]:
    """The polygon, or its parts on both sides of the date line where it crosses that."""
    plain = shapely.Polygon(rings[0], rings[1:])
    steps = np.concatenate([np.abs(np.diff([longitude for longitude, _ in ring])) for ring in rings])
    crossing = (steps > 180) & (steps < 360)
    # An edge from -180 to 180 leads nowhere or around the earth: as the latter it bounds what reaches around it.
    if not crossing.any() and (not (steps == 360).any() or plain.is_valid):
        return [plain]
    return list(_cut(_unwound(rings, path), path))


def _unwound(rings: list[Ring], path: Path) -> Any:
    """The polygon with longitudes beyond 180, so that no edge jumps."""
    shell, *holes = (_continuous(ring, (*path, at)) for at, ring in enumerate(rings))
    west = shell[:, 0].min()
    for hole in holes:
        hole[:, 0] += 360 * np.ceil((west - hole[:, 0].min()) / 360)
    return shapely.Polygon(shell, holes)


def _continuous(ring: Ring, path: Path) -> Any:
    positions = np.array(ring)
    turns = np.cumsum(np.round(np.diff(positions[:, 0]) / 360))
    if turns[-1]:
        raise Unfit("goes around a pole: it must be cut along the date line", path)
    positions[1:, 0] -= 360 * turns
    return positions


def _cut(polygon: Any, path: Path) -> Iterator[Any]:
    _refuse_unsound([(polygon, path)])
    west, _, east, _ = polygon.bounds
    for turn in range(math.floor((west + 180) / 360), math.ceil((east - 180) / 360) + 1):
        part = shapely.intersection(polygon, shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90))
        for each in shapely.get_parts(part):
            if each.geom_type == "Polygon":
                yield shapely.transform(each, lambda at, by=360 * turn: np.clip(at - (by, 0), (-180, -90), (180, 90)))


def _refuse_unsound(parts: list[tuple[Any, Path]]) -> None:
    """Raises Unfit for a polygon that crosses itself, or polygons that overlap."""
    whole = shapely.MultiPolygon([part for part, _ in parts])
    if not whole.is_valid:
        part, path = next((each for each in parts if not each[0].is_valid), (whole, (_COORDINATES,)))
        raise Unfit(f"is not a valid shape: {shapely.is_valid_reason(part).lower()}", path)
