"""Lists of tasks find by dates and times what the occurrences are at that moment, whoever has changed them."""

from collections.abc import Mapping

import pytest

from ground import Ground
from rota.domain.field.lookups import Filter, Of, conditions
from rota.domain.field.queries import Order, Query
from rota.domain.field.reading import Link
from rota.store.port import Store

FILTERS: Mapping[str, Filter] = {
    "date": Filter("date", Of.DATE),
    "start_time": Filter("start_time", Of.TIME),
}
WEEKLY = "DTSTART:20180702T070000Z\nRRULE:FREQ=WEEKLY;COUNT=3"
LATER = "DTSTART:20180903T093000Z\nRRULE:FREQ=DAILY;COUNT=2"


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def listed(ground: Ground, name: str, value: str) -> tuple[int, ...]:
    asked = conditions(FILTERS, name, [value], ground.terms)
    return ground.find("task", Query(asked, order=(Order("id"),))).ids


def task(ground: Ground, **given: object) -> int:
    return ground.create("task", name="t", target_content_type=13, target_id=1, **given)


def test_a_new_rule_is_what_lists_go_by(ground: Ground) -> None:
    number = task(ground, timing_rule=WEEKLY)
    assert listed(ground, "date__month", "7") == listed(ground, "date", "2018-07-09") == (number,)
    assert listed(ground, "date", "2018-07-10") == ()
    assert listed(ground, "start_time", "07:00") == (number,)
    ground.change("task", number, timing_rule=LATER)
    assert listed(ground, "date__month", "7") == listed(ground, "start_time", "07:00") == ()
    assert listed(ground, "date__month", "9") == listed(ground, "start_time__minute", "30") == (number,)
    ground.delete("task", number)
    assert listed(ground, "date__month", "9") == listed(ground, "date__isnull", "false") == ()


def test_a_task_whose_rule_is_gone_has_no_dates(ground: Ground) -> None:
    number = task(ground, timing_rule=WEEKLY)
    ground.change("task", number, timing_rule=None, start="2018-07-02T07:00Z")
    assert listed(ground, "date__isnull", "true") == (number,)
    assert listed(ground, "date__gt", "2000-01-01") == ()


def test_what_was_to_be_done_at_a_location_goes_with_it(ground: Ground) -> None:
    here, there = (ground.create("location", name=name) for name in ("here", "there"))
    number = task(
        ground, timing_rule=WEEKLY, end="2018-12-31T00:00Z", locations=[Link(here, {"timing_rule": LATER}), there]
    )
    assert listed(ground, "date__month", "9") == listed(ground, "date__month", "7") == (number,)
    ground.delete("location", here)
    assert listed(ground, "date__month", "9") == ()
    assert listed(ground, "date__month", "7") == (number,)
