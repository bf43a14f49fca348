"""What time does to tasks is done once, whoever does it, and soon."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import structlog

from ground import SECOND, START, Ground
from rota.domain.field.tasks import Status
from rota.domain.field.terms import DAY_US
from rota.engine.scheduler import Almanac, Scheduler
from rota.store.port import Store

DAY = 86_400
USER = {"target_content_type": 13, "target_id": 1}


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def scheduler(ground: Ground, store: Store | None = None) -> Scheduler:
    log = structlog.get_logger()
    return Scheduler(Almanac(store or ground.store, ground.terms, lambda: ground.time, log))


def status(ground: Ground, task_id: int) -> str:
    return str(ground.get("task", task_id).status)


def changes(ground: Ground, task_id: int) -> list[Any]:
    found = ground.events(f"task:{task_id}")
    return [json.loads(event["facts"])["after"]["status"] for event in found if event["kind"] == "task.changed"]


def test_a_scheduled_task_becomes_active_at_its_start_and_expires_at_its_end(ground: Ground) -> None:
    number = ground.create("task", name="x", start="2018-06-27", end="2018-06-28", status="a", **USER)
    assert scheduler(ground).turn() == 0
    assert status(ground, number) == "s"
    ground.wait(DAY)
    assert scheduler(ground).turn() == 1
    assert status(ground, number) == "a"
    assert scheduler(ground).turn() == 0
    ground.wait(DAY)
    assert scheduler(ground).turn() == 1
    assert status(ground, number) == "c"
    assert changes(ground, number) == ["a", "c"]


def test_a_task_expires_after_its_last_occurrence(ground: Ground) -> None:
    rule = "DTSTART:20180626T090000\nRRULE:FREQ=DAILY;COUNT=2"
    number = ground.create("task", name="x", timing_rule=rule, end="2018-08-01", status="a", **USER)
    ground.time = 1_530_057_599 * SECOND  # the last second of 26 June
    assert scheduler(ground).turn() == 1
    ground.wait(DAY + 1)
    assert scheduler(ground).turn() == 1
    assert status(ground, number) == "c"


def test_what_was_scheduled_and_is_over_never_becomes_active(ground: Ground) -> None:
    number = ground.create("task", name="x", start="2018-06-27", end="2018-06-28", status="s", **USER)
    ground.wait(10 * DAY)
    assert scheduler(ground).turn() == 1
    assert changes(ground, number) == ["c"]


@pytest.mark.parametrize("kept", [Status.DRAFT, Status.DEACTIVATED, Status.ARCHIVED, Status.EXPIRED])
def test_others_are_left_alone(ground: Ground, kept: Status) -> None:
    number = ground.create("task", name="x", start="2018-06-27", end="2018-06-28", status=kept.value, **USER)
    for _ in range(3):
        ground.wait(DAY)
        assert scheduler(ground).turn() == 0
    assert status(ground, number) == kept


def test_horizons_move_on_without_a_gap_and_nothing_twice(store: Store) -> None:
    ground = Ground.found(store)
    ground.terms = replace(ground.terms, horizon_us=20 * DAY_US)
    number = ground.create("task", name="x", timing_rule="FREQ=DAILY", status="a", **USER)
    assert ground.get("task", number).occurrence_count == 21
    for day in range(1, 41):
        ground.wait(DAY)
        scheduler(ground).turn()
        assert ground.get("task", number).occurrence_count in {day + 20, day + 21}
    assert ground.get("task", number).occurrence_count == ground.find("occurrence").count


def test_several_schedulers_do_everything_once(open_store: Callable[[], Store]) -> None:
    stores = [open_store() for _ in range(3)]
    stores[0].migrate()
    ground = Ground.found(stores[0])
    given = {"timing_rule": "FREQ=DAILY", "status": "a", "start": "2018-06-27", **USER}
    numbers = [ground.create("task", name=f"{number}", **given) for number in range(30)]
    ground.time = START + 100 * DAY_US
    with ThreadPoolExecutor(3) as pool:
        counts = list(pool.map(lambda each: scheduler(ground, each).turn(), stores))
    assert sum(counts) == 60
    for number in numbers:
        assert status(ground, number) == "a"
        kinds = [event["kind"] for event in ground.events(f"task:{number}")]
        assert kinds == ["task.created", "task.changed", "task.extended"]
    assert ground.find("occurrence").count == sum(ground.get("task", each).occurrence_count for each in numbers)
