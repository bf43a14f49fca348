"""How values become texts and resource objects, without a server."""

from datetime import UTC, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from rota.dialects.jsonapi import texts
from rota.dialects.jsonapi.documents import Renderer, Site, encode
from rota.dialects.jsonapi.resources import RESOURCES
from rota.dialects.jsonapi.texts import MOST, Drawn
from rota.domain.field.names import Project
from rota.domain.field.terms import Terms

TYPES = {kind: each.type for kind, each in RESOURCES.items()}
NAIROBI = ZoneInfo("Africa/Nairobi")
SECOND = 1_000_000
END_OF_TIME = 253_402_300_799 * SECOND
"""The last second of the year 9999."""


def _written(maker: texts.Maker, *values: Any, zone: tzinfo = UTC) -> list[Any]:
    column = list(maker(Terms(zone, "x"))(list(values)))
    return msgspec.json.decode(encode(column))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (1_530_101_682_953_615, NAIROBI, "2018-06-27T15:14:42.953615+03:00"),
        (1_530_090_000 * SECOND, NAIROBI, "2018-06-27T12:00:00+03:00"),
        (1_530_090_000 * SECOND, UTC, "2018-06-27T09:00:00Z"),
        (-1, UTC, "1969-12-31T23:59:59.999999Z"),
        (END_OF_TIME - 1, UTC, "9999-12-31T23:59:58.999999Z"),
        (END_OF_TIME, NAIROBI, "9999-12-31T23:59:59Z"),
        (END_OF_TIME + SECOND, UTC, "9999-12-31T23:59:59.999999Z"),
        (-62_135_596_800 * SECOND - 1, UTC, "0001-01-01T00:00:00Z"),
        (None, UTC, None),
    ],
)
def test_moments_are_written_in_the_zone_to_the_microsecond(at: int | None, zone: tzinfo, text: str | None) -> None:
    assert _written(texts.moment, at, 0, zone=zone)[0] == text


def test_moments_of_one_column_do_not_spoil_one_another() -> None:
    assert _written(texts.moment, None, END_OF_TIME, 1) == [
        None,
        "9999-12-31T23:59:59Z",
        "1970-01-01T00:00:00.000001Z",
    ]
    assert _written(texts.moment) == _written(texts.duration) == []


def test_durations_and_times_of_day() -> None:
    assert _written(texts.duration, 0, 900 * SECOND, 267_610 * SECOND, 1, None) == [
        "00:00:00",
        "00:15:00",
        "3 02:20:10",
        "00:00:00.000001",
        None,
    ]
    assert texts.time_of_day(86_399_999_999) == "23:59:59.999999"


def test_money() -> None:
    assert _written(texts.money, 40_000_000, 5, 0, None) == ["400000.00 KES", "0.05 KES", "0 KES", None]
    assert _written(texts.paid, (None, 0), (3, 0), (3, 150)) == [None, "0 KES", "1.50 KES"]
    assert _written(texts.own_money, (150, "EUR")) == ["1.50 EUR"]


def test_points_and_kept_json() -> None:
    assert _written(texts.point, (36.8, -1.3), (None, None)) == [{"type": "Point", "coordinates": [36.8, -1.3]}, None]
    assert _written(texts.kept_json, '{"a": [1]}', None) == [{"a": [1]}, None]


def test_a_project_with_more_tasks_than_it_shows_says_where_the_next_are() -> None:
    renderer = Renderer(RESOURCES["project"], TYPES, Terms(UTC, "UTC"))
    site = Site("http://h/api/v1", "/")
    values = [Project(1, "a", 0, 0, (4, 5), 7), Project(2, "b", 0, 0, (6,), 1), Project(3, "c", 0, 0)]
    more, all_shown, none = msgspec.json.decode(encode(renderer.objects(values, site)))
    start = "http://h/api/v1/projects/1/relationships/tasks/"
    assert more["relationships"]["tasks"] == {
        "data": [{"type": "Task", "id": "4"}, {"type": "Task", "id": "5"}],
        "meta": {"count": 7},
        "links": {"next": f"{start}?page=2&page_size=2"},
    }
    assert all_shown["relationships"]["tasks"] == {"data": [{"type": "Task", "id": "6"}], "meta": {"count": 1}}
    assert none["relationships"]["tasks"] == {"data": [], "meta": {"count": 0}}
    (sparse,) = msgspec.json.decode(encode(renderer.objects(values[:1], site, frozenset({"tasks"}))))
    assert (sparse["relationships"], "attributes" in sparse) == (more["relationships"], False)


def test_names_of_fields_are_used_once_and_paths_and_types_are_unique() -> None:
    for resource in RESOURCES.values():
        names = [each.name for each in (*resource.attributes, *resource.relationships)]
        assert len({*names, "type", "id"}) == len(names) + 2
        assert {each.kind for each in resource.relationships} <= RESOURCES.keys()
    assert len({each.segment for each in RESOURCES.values()}) == len(set(TYPES.values())) == len(RESOURCES) == 13


def test_what_is_kept_of_drawings_is_bounded_even_when_threads_add_one_too_many() -> None:
    drawn = Drawn(str)
    drawn.update((number, str(number)) for number in range(MOST + 1))
    assert drawn[-1] == "-1"
    assert dict(drawn) == {-1: "-1"}
