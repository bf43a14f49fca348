"""Where things are on the earth (WGS 84): distances along its surface, and coordinates in which near is near."""

import math

from geographiclib.geodesic import Geodesic

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
