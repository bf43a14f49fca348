"""Where things are on the earth (WGS 84): distances along its surface, and coordinates in which near is near."""

import math
from typing import Any

from geographiclib.geodesic import Geodesic
from shapely import from_geojson, intersects_xy

from rota.domain.faults import Unfit

_AXIS_M = 6_378_137.0
_FLATTENING = 1 / 298.257_223_563


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


def read_point(value: Any) -> tuple[float, float]:
    """Longitude and latitude of a GeoJSON Point. Raises Unfit."""
    place = value.get("coordinates") if isinstance(value, dict) and value.get("type") == "Point" else None
    if not isinstance(place, list) or len(place) not in {2, 3} or not all(_is_number(each) for each in place):
        raise Unfit("must be a GeoJSON Point")
    longitude, latitude = float(place[0]), float(place[1])
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise Unfit("must lie within -180 to 180 degrees of longitude and -90 to 90 of latitude", ("coordinates",))
    return longitude, latitude


def covers(shape: str, longitude: float, latitude: float) -> bool:
    """Whether the point lies in the shape (GeoJSON text) or on its border."""
    return bool(intersects_xy(from_geojson(shape), longitude, latitude))  # type: ignore[no-untyped-call]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
