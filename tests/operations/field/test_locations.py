"""Locations: what makes one, their tree, and what becomes of tasks when one is deleted."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import planted
from ground import ADMIN, ANN, STRANGER, Ground
from races import attempt, overlap, until_they_wait
from rota.domain.errors import Forbidden, RecordNeeded, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.geo import earth_centred
from rota.domain.field.queries import Comparison, Condition, Query
from rota.operations.field import schedule
from rota.store.port import Store, Tx

NAIROBI = {"type": "Point", "coordinates": [36.82, -1.29]}
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]]}


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def faults(refused: Callable[..., Any], *args: Any, **given: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(UnfitRecord) as raised:
        refused(*args, **given)
    return [(*fault.path, fault.sentence) for fault in raised.value.faults]


def centred(ground: Ground, number: int) -> tuple[float, float, float]:
    row = planted.row(ground, "locations", number)
    return row["x"], row["y"], row["z"]


def kinds(ground: Ground, subject: str) -> list[str]:
    return [event["kind"] for event in ground.events(subject)]


def test_a_point_has_its_radius_and_is_where_it_is_on_the_earth(ground: Ground) -> None:
    shop = ground.create("location_type", name="Shop")
    city = ground.create("location", name="Nairobi", country="ke")
    number = ground.create(
        "location",
        name=" Kiosk ",
        country="KE",
        description="by the road",
        parent=city,
        location_type=shop,
        geopoint=NAIROBI,
        radius=100,
    )
    kept = ground.get("location", number, who=ANN)
    assert (kept.name, kept.country, kept.description) == ("Kiosk", "KE", "by the road")
    assert (kept.parent_id, kept.parent_name, kept.location_type_id, kept.location_type_name) == (
        city,
        "Nairobi",
        shop,
        "Shop",
    )
    assert (kept.longitude, kept.latitude, kept.radius_m, kept.shape) == (36.82, -1.29, 100.0, None)
    assert kept.has_submissions is False
    assert centred(ground, number) == earth_centred(36.82, -1.29)


def test_a_shape_is_kept_as_several_polygons_and_lies_where_a_point_of_it_lies(ground: Ground) -> None:
    number = ground.create("location", name="Square", shapefile=SQUARE)
    kept = ground.get("location", number)
    assert json.loads(kept.shape) == {"type": "MultiPolygon", "coordinates": [SQUARE["coordinates"]]}
    assert (kept.longitude, kept.latitude, kept.radius_m) == (None, None, None)
    assert centred(ground, number) == earth_centred(1.0, 1.0)


def test_a_name_alone_lies_nowhere(ground: Ground) -> None:
    number = ground.create("location", name="Somewhere", country=None, description=None)
    kept = ground.get("location", number)
    assert (kept.country, kept.description, kept.longitude, kept.shape) == ("", "", None, None)
    assert centred(ground, number) == (None, None, None)


def test_all_faults_are_told_at_once(ground: Ground) -> None:
    found = faults(
        ground.create, "location", country="QQ", geopoint={"type": "Point", "coordinates": [200, 0]}, parent=9, size=1
    )
    assert found == [
        ("size", "is not a field that can be written"),
        ("name", "is required"),
        ("country", "must be a country's code of ISO 3166, such as KE"),
        ("geopoint", "coordinates", 0, "must be a longitude from -180 to 180"),
        ("parent", "does not exist"),
    ]


def test_a_change_is_judged_by_what_comes_of_it(ground: Ground) -> None:
    number = ground.create("location", name="x", geopoint=NAIROBI, radius=5)
    assert faults(ground.change, "location", number, radius=None) == [("radius", "is required with a geopoint")]
    assert faults(ground.change, "location", number, shapefile=SQUARE) == [
        ("shapefile", "cannot stand beside a geopoint or a radius")
    ]
    ground.change("location", number, radius=7)
    assert centred(ground, number) == earth_centred(36.82, -1.29)
    ground.change("location", number, geopoint=None, radius=None, shapefile=SQUARE)
    assert centred(ground, number) == earth_centred(1.0, 1.0)
    ground.change("location", number, shapefile=None)
    assert centred(ground, number) == (None, None, None)


def test_the_log_tells_what_was_and_what_is(ground: Ground) -> None:
    number = ground.create("location", name="x", geopoint=NAIROBI, radius=5)
    ground.change("location", number, name="y", geopoint={"type": "Point", "coordinates": [1, 2, 3]}, radius=5)
    facts = [json.loads(event["facts"]) for event in ground.events(f"location:{number}")]
    assert facts[0]["after"] == {
        "name": "x",
        "country": "",
        "description": "",
        "parent_id": None,
        "location_type_id": None,
        "geopoint": [36.82, -1.29],
        "radius_m": 5.0,
        "shape": None,
    }
    assert facts[1] == {
        "before": {"name": "x", "geopoint": [36.82, -1.29]},
        "after": {"name": "y", "geopoint": [1.0, 2.0]},
    }
    ground.change("location", number, geopoint={"type": "Point", "coordinates": [1.0, 2.0]}, radius="5")
    assert len(ground.events(f"location:{number}")) == 2


def test_of_a_long_shape_the_log_is_told_the_digest(ground: Ground) -> None:
    ring = [[at / 1000, 0] for at in range(1000)] + [[1, 1], [0, 0]]
    number = ground.create("location", name="x", shapefile={"type": "Polygon", "coordinates": [ring]})
    (event,) = ground.events(f"location:{number}")
    assert json.loads(event["facts"])["after"]["shape"].startswith("sha256:")


def test_no_location_lies_below_itself(ground: Ground) -> None:
    top = ground.create("location", name="top")
    middle = ground.create("location", name="middle", parent=top)
    bottom = ground.create("location", name="bottom", parent=middle)
    fault = ("parent", "is the location itself, or lies below it")
    for below in (top, middle, bottom):
        assert faults(ground.change, "location", top, parent=below) == [fault]
    ground.change("location", middle, parent=None)
    ground.change("location", top, parent=bottom)
    assert ground.get("location", top).parent_name == "bottom"


def test_two_moves_that_meet_make_no_cycle(ground: Ground, open_store: Callable[[], Store]) -> None:
    one, two = (ground.create("location", name=name) for name in "ab")
    kept, admin = ground.kept("location"), ground.actors[ADMIN]
    _, second = overlap(
        ground.store,
        lambda tx: kept.change(tx, admin, one, {"parent": two}, now=2),
        open_store(),
        lambda tx: kept.change(tx, admin, two, {"parent": one}, now=2),
    )
    assert isinstance(second, UnfitRecord)
    assert (ground.get("location", one).parent_id, ground.get("location", two).parent_id) == (two, None)


def test_a_location_that_is_deleted_leaves_tasks_their_lists_and_its_children(ground: Ground) -> None:
    gone, stays = (ground.create("location", name=name) for name in "ab")
    child = ground.create("location", name="c", parent=gone)
    both, one = planted.task(ground, gone, stays), planted.task(ground, gone)
    other = planted.task(ground, stays)
    for task, location in ((both, gone), (both, stays), (one, gone), (other, stays)):
        planted.occurrence(ground, task, location_id=location)
    ground.delete("location", gone)
    assert ground.get("location", child).parent_id is None
    assert [planted.row(ground, "tasks", each)["occurrence_count"] for each in (both, one, other)] == [1, 0, 1]
    assert [event["facts"] for event in ground.events(f"task:{both}")] == [
        f'{{"before":{{"locations":[{gone},{stays}]}},"after":{{"locations":[{stays}]}}}}'
    ]
    assert kinds(ground, f"task:{one}") == ["task.changed"]
    assert kinds(ground, f"task:{other}") == []
    assert kinds(ground, f"location:{gone}") == ["location.created", "location.deleted"]


def test_a_task_that_comes_while_a_location_is_deleted_is_told_of_it(
    ground: Ground, open_store: Callable[[], Store]
) -> None:
    place = ground.create("location", name="x")
    number = ground.create("task", name="t", timing_rule="FREQ=DAILY;COUNT=3", target_content_type=13, target_id=1)
    tasks, locations, admin = ground.kept("task"), ground.kept("location"), ground.actors[ADMIN]
    listed, deleted = overlap(
        ground.store,
        lambda tx: tasks.change(tx, admin, number, {"locations": [place]}, now=ground.time),
        open_store(),
        lambda tx: locations.delete(tx, admin, place, now=ground.time),
    )
    assert (listed, deleted) == (None, None)
    assert (ground.get("task", number).locations, ground.get("task", number).occurrence_count) == ((), 0)
    assert kinds(ground, f"task:{number}") == ["task.created", "task.changed", "task.changed"]


def test_a_task_that_comes_late_and_is_answered_at_once_does_not_stand_in_the_way_of_a_deletion(
    ground: Ground, open_store: Callable[[], Store]
) -> None:
    """The deletion waits for the location, the submission for the task that is about to list it."""
    place = ground.create("location", name="x")
    what = {"target_content_type": 13, "target_id": 1, "start": "2018-06-01", "status": "a"}
    number = ground.create("task", name="t", **what)
    tasks, locations, submissions = (ground.kept(kind) for kind in ("task", "location", "submission"))
    admin, sent = ground.actors[ADMIN], {"task": number, "location": place, "data": {}}
    answers = list[Any]()

    def answered(tx: Tx) -> Any:
        return submissions.create(tx, admin, sent, now=ground.time)

    with ThreadPoolExecutor(1) as threads:

        def submit(tx: Tx) -> None:
            """Once the deletion waits, and until the submission waits, too."""
            answers.append(threads.submit(attempt, stores[1], answered))
            until_they_wait(ground.store, 2, answers[0])

        stores = [open_store(), open_store()]
        _, deleted = overlap(
            ground.store,
            lambda tx: tasks.change(tx, admin, number, {"locations": [place]}, now=ground.time),
            stores[0],
            lambda tx: locations.delete(tx, admin, place, now=ground.time),
            then=submit,
        )
        sent_in = answers[0].result(60)
    # Whoever is first: a location that was answered from stays, and nobody answers from one that is gone.
    outcome = (isinstance(sent_in, int), type(deleted))
    assert outcome in {(True, RecordNeeded), (False, type(None))}
    assert isinstance(sent_in, int | UnfitRecord)


def test_what_was_to_be_done_at_one_place_alone_is_to_be_done_nowhere_in_particular(ground: Ground) -> None:
    place = ground.create("location", name="x")
    what = {"timing_rule": "FREQ=DAILY;COUNT=3", "target_content_type": 13, "target_id": 1, "start": "2018-06-27"}
    number = ground.create("task", name="t", locations=[place], **what)
    before = [each.occurrence.date for each in ground.load("occurrence", ground.find("occurrence").ids)]
    ground.delete("location", place)
    with ground.store.write() as tx:
        schedule.advance(tx, ground.terms, now=ground.time)
    found = ground.load("occurrence", ground.find("occurrence").ids)
    assert [(each.occurrence.date, each.occurrence.location) for each in found] == [(day, None) for day in before]
    assert ground.get("task", number).occurrence_count == 3


def test_what_is_needed_stays(ground: Ground) -> None:
    place, about, visited = (ground.create("location", name=name) for name in "abc")
    task = planted.task(ground, place, visited, target_content_type=15, target_id=about)
    planted.submission(ground, task, location_id=place)
    planted.submission(ground, task, occurrence_id=planted.occurrence(ground, task, location_id=visited))
    for number, by in ((place, "submissions"), (about, "tasks"), (visited, "submissions")):
        with pytest.raises(RecordNeeded) as raised:
            ground.delete("location", number)
        assert raised.value.needed_by == by
    assert [each.has_submissions for each in ground.load("location", [place, about])] == [True, False]
    assert planted.row(ground, "tasks", task)["occurrence_count"] == 1


def test_members_read_and_strangers_see_nothing(ground: Ground) -> None:
    number = ground.create("location", name="x")
    assert ground.find("location", who=ANN).ids == (number,)
    for refused in (
        lambda: ground.create("location", who=ANN, name="y"),
        lambda: ground.change("location", number, who=ANN, name="y"),
        lambda: ground.delete("location", number, who=ANN),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert ground.load("location", [number], who=STRANGER) == []
    with pytest.raises(RecordNotFound):
        ground.delete("location", number, who=STRANGER)
    with pytest.raises(UnfitRecord) as raised:
        ground.create("location", who=STRANGER, name="y", parent=number)
    assert raised.value.faults == (Fault(("parent",), "does not exist", missing=True),)


def test_lists_are_filtered_by_country_parent_and_type(ground: Ground) -> None:
    kind = ground.create("location_type", name="Shop")
    top = ground.create("location", name="top", country="KE")
    shop = ground.create("location", name="shop", parent=top, location_type=kind)
    for field, value, found in (("country", "KE", top), ("parent", top, shop), ("location_type", kind, shop)):
        query = Query(conditions=(Condition(field, Comparison.EXACT, value),))
        assert ground.find("location", query).ids == (found,)


def test_a_deletion_takes_as_many_statements_with_many_tasks_as_with_one(ground: Ground, statements: list[str]) -> None:
    def cost(tasks: int) -> int:
        number = ground.create("location", name="x")
        for _ in range(tasks):
            planted.occurrence(ground, planted.task(ground, number), location_id=number)
        statements.clear()
        ground.delete("location", number)
        return len(statements)

    assert cost(1) == cost(5)
