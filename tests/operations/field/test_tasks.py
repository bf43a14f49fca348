"""Tasks of the field: what is kept of them, what follows from their rules, and what the log is told."""

import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ground import ADMIN, ANN, SECOND, START, STRANGER, Ground
from races import overlap
from rota.domain.errors import Forbidden, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.queries import Comparison, Condition, Query
from rota.domain.field.reading import Link
from rota.domain.field.tasks import Status, TaskLocation
from rota.domain.field.terms import DAY_US, Terms
from rota.store.port import Store, Tx

DAY = 86_400
NAIROBI = Terms(ZoneInfo("Africa/Nairobi"), "Africa/Nairobi")
USER = {"target_content_type": 13, "target_id": 1}
"""The admin: there is always one to be a target."""


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store, NAIROBI)


def task(ground: Ground, **given: Any) -> int:
    return ground.create("task", **{"name": "Awful Task", "timing_rule": "FREQ=DAILY;COUNT=3", **USER, **given})


def faults(ground: Ground, task_id: int | None = None, **given: Any) -> tuple[Fault, ...]:
    with pytest.raises(UnfitRecord) as raised:
        if task_id is None:
            ground.create("task", **given)
        else:
            ground.change("task", task_id, **given)
    return raised.value.faults


def dates(ground: Ground, task_id: int) -> list[tuple[int | None, str, str, str]]:
    page = Query(conditions=(Condition("task", Comparison.EXACT, task_id),), limit=20_000)
    found = [each.occurrence for each in ground.load("occurrence", ground.find("occurrence", page).ids)]
    return [(each.location, f"{each.date}", f"{each.start_time}", f"{each.end_time}") for each in found]


def told(ground: Ground, task_id: int) -> list[tuple[str, Any]]:
    return [(event["kind"], json.loads(event["facts"])) for event in ground.events(f"task:{task_id}")]


def test_the_seeds_own_task(ground: Ground) -> None:
    client, place = ground.create("client", name="Acme"), shop(ground)
    number = ground.create(
        "task",
        name="Awful Task",
        estimated_time="3 2:20:10",
        description="This is awesome, as tasks go.",
        start="2018-06-12T17:48:34+03:00",
        end="2018-12-12T17:48:34+03:00",
        timing_rule="RRULE:FREQ=DAILY;INTERVAL=10;COUNT=50",
        total_submission_target=1000,
        user_submission_target=5,
        status="d",
        target_id=place,
        target_content_type=15,
        client=client,
        locations=[place],
    )
    found = ground.get("task", number)
    assert found.estimated_us == ((3 * 24 + 2) * 3_600 + 20 * 60 + 10) * SECOND
    assert (found.status, found.client_id, found.locations) == (Status.DRAFT, client, (TaskLocation(place),))
    assert (found.start_at, found.end_at) == (1_528_814_914 * SECOND, 1_544_626_114 * SECOND)
    assert found.occurrence_count == 19
    assert dates(ground, number)[0] == (place, "2018-06-12", "17:48:34", "23:59:59.999999")
    assert dates(ground, number)[-1][1] == "2018-12-09"


def shop(ground: Ground) -> int:
    with ground.store.write() as tx:
        number: int = tx._connection.execute(  # type: ignore[attr-defined]
            "INSERT INTO locations (account_id, name, country, description, created_at, modified_at)"
            f" VALUES ('{'0' * 32}', 'a shop', '', '', 1, 1) RETURNING id"
        ).fetchone()["id"]
        return number


def test_a_task_wants_a_name_a_target_and_a_rule_or_a_start(ground: Ground) -> None:
    assert {fault.path: fault.sentence for fault in faults(ground)} == {
        ("name",): "is required",
        ("target_content_type",): "is required",
        ("target_id",): "is required",
        ("timing_rule",): "is required unless start is given",
    }
    assert ground.get("task", task(ground, timing_rule=None, start="2018-06-27T12:00")).occurrence_count == 0


def test_all_that_is_wrong_is_told_at_once(ground: Ground) -> None:
    given = {
        "name": " ",
        "start": "tomorrow",
        "timing_rule": "FREQ=NEVER",
        "total_submission_target": -1,
        "user_submission_target": 1.5,
        "status": "z",
        "estimated_time": "soon",
        "target_content_type": 99,
        "target_id": 1,
        "required_expertise": "5",
        "amount": 0,
        "parent": 77,
        "client": 78,
        "project": "x",
        "segment_rules": [1, "y"],
        "locations": [79, 80],
        "colour": "red",
    }
    found = faults(ground, **given)
    assert {fault.path[0] for fault in found} == set(given) - {"target_id"}
    assert {fault.path for fault in found if fault.missing} == {
        ("target_content_type",),
        ("parent",),
        ("client",),
        ("locations", 0),
        ("locations", 1),
    }


@pytest.mark.parametrize("content", [13, 14, 15, 16, 17])
def test_the_target_must_exist(ground: Ground, content: int) -> None:
    assert [
        each.path for each in faults(ground, name="x", start="2018-01-01", target_content_type=content, target_id=999)
    ]


def test_the_start_and_the_end_are_those_of_the_rule_unless_they_are_given(ground: Ground) -> None:
    rule = "DTSTART;TZID=Africa/Nairobi:20180701T070000\nRRULE:FREQ=DAILY;COUNT=3"
    number = task(ground, timing_rule=rule)
    found = ground.get("task", number)
    assert (found.start_at, found.end_at) == (1_530_417_600 * SECOND, 1_530_651_599_999_999)
    ground.change("task", number, end="2018-07-02T12:00")
    assert [date for _, date, _, _ in dates(ground, number)] == ["2018-07-01", "2018-07-02"]
    ground.change("task", number, timing_rule="RRULE:FREQ=DAILY;UNTIL=20180705T140000", end=None)
    found = ground.get("task", number)
    assert (found.start_at, found.end_at) == (1_530_417_600 * SECOND, 1_530_788_400 * SECOND)
    assert dates(ground, number)[-1] == (None, "2018-07-05", "07:00:00", "14:00:00")
    ground.change("task", number, timing_rule="FREQ=DAILY")
    assert ground.get("task", number).end_at is None


def test_what_ends_before_it_starts_is_refused(ground: Ground) -> None:
    assert faults(ground, name="x", **USER, start="2018-07-02", end="2018-07-01") == (
        Fault(("end",), "is before the start"),
    )
    number = task(ground, start="2018-07-01")
    assert faults(ground, number, end="2018-06-30") == (Fault(("end",), "is before the start"),)


def test_an_active_task_ends_later_than_now_and_one_that_starts_later_is_scheduled(ground: Ground) -> None:
    past = {"start": "2018-01-01", "end": "2018-02-01"}
    assert [each.path for each in faults(ground, name="x", **USER, **past, status="a")] == [("end",)]
    number = task(ground, **past)
    assert [each.path for each in faults(ground, number, status="a")] == [("end",)]
    ground.change("task", number, status="s")
    assert ground.get("task", task(ground, start="2018-07-01", status="a")).status is Status.SCHEDULED
    assert (
        ground.get("task", task(ground, start="2018-06-01T08:00", timing_rule="FREQ=DAILY", status="a")).status
        is Status.ACTIVE
    )


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", Status)
def test_any_status_may_become_any_other(ground: Ground, before: Status, after: Status) -> None:
    number = task(ground, timing_rule="FREQ=DAILY", status=before.value)
    ground.change("task", number, status=after.value)
    assert ground.get("task", number).status is after


def test_saving_twice_changes_nothing(ground: Ground) -> None:
    given = {"name": "x", "timing_rule": "FREQ=DAILY;COUNT=5", "locations": [shop(ground)], "amount": "12.50", **USER}
    number = ground.create("task", **given)
    before, lines = (ground.get("task", number), dates(ground, number)), told(ground, number)
    ground.wait(60)
    ground.change("task", number, **given)
    assert (ground.get("task", number), dates(ground, number)) == before
    assert told(ground, number) == lines


def test_a_location_has_its_own_rule_and_hours(ground: Ground) -> None:
    one, other = shop(ground), shop(ground)
    own = {"timing_rule": "FREQ=DAILY;COUNT=1", "start": "07:00", "end": "14:30"}
    number = task(ground, timing_rule="FREQ=DAILY;COUNT=2", start="2018-07-01T09:00", locations=[Link(one, own), other])
    assert dates(ground, number) == [
        (one, "2018-07-01", "07:00:00", "14:30:00"),
        (other, "2018-07-01", "09:00:00", "23:59:59.999999"),
        (other, "2018-07-02", "09:00:00", "23:59:59.999999"),
    ]
    (kept, _) = ground.get("task", number).locations
    assert kept == TaskLocation(one, "FREQ=DAILY;COUNT=1", 7 * 3_600 * SECOND, (14 * 60 + 30) * 60 * SECOND)
    wrong: list[Any] = [Link(one, {"start": "25:00", "end": "x"}), Link(other, {"end": 7})]
    assert [each.path for each in faults(ground, number, locations=wrong)] == [
        ("locations", 0, "meta", "start"),
        ("locations", 0, "meta", "end"),
        ("locations", 1, "meta", "end"),
    ]
    assert [each.path for each in faults(ground, number, locations=["x", one, None], segment_rules=[0])] == [
        ("segment_rules", 0),
        ("locations", 0),
        ("locations", 2),
    ]
    wrong = [Link(one, {"timing_rule": "FREQ=X"}), Link(other, {"start": "25:00"})]
    assert [each.path for each in faults(ground, number, locations=wrong)] == [("locations", 1, "meta", "start")]
    wrong = [Link(one, {"timing_rule": "FREQ=X"}), Link(other, {"start": "12:00", "end": "11:00"})]
    assert [each.path for each in faults(ground, number, locations=wrong)] == [
        ("locations", 0, "meta", "timing_rule"),
        ("locations", 1, "meta", "end"),
    ]


def test_a_rule_without_end_is_expanded_to_the_horizon(store: Store) -> None:
    ground = Ground.found(store, Terms(ZoneInfo("UTC"), "UTC", horizon_us=10 * DAY_US))
    number = task(ground, timing_rule="FREQ=DAILY")
    assert ground.get("task", number).occurrence_count == 11
    assert ground.get("task", task(ground, timing_rule="FREQ=DAILY;COUNT=50")).occurrence_count == 50


def test_no_more_than_ten_thousand_are_kept_and_that_is_said(ground: Ground) -> None:
    found = ground.get("task", task(ground, timing_rule="FREQ=MINUTELY;COUNT=20000"))
    assert (found.occurrence_count, found.occurrences_cut) == (10_000, True)


def test_a_task_cannot_be_below_itself(ground: Ground) -> None:
    top = task(ground)
    middle = task(ground, parent=top)
    low = task(ground, parent=middle)
    for above in (top, middle, low):
        assert [each.path for each in faults(ground, top, parent=above)] == [("parent",)]
    ground.change("task", low, parent=top)
    ground.change("task", low, parent=None)
    assert ground.get("task", low).parent_id is None


def test_a_bounty_is_added_only_when_the_amount_changes(ground: Ground) -> None:
    number = task(ground, amount=400000)
    first = ground.get("task", number)
    assert first.bounty_amount == 40_000_000
    ground.change("task", number, amount="400000.00")
    ground.change("task", number, name="Other")
    assert ground.get("task", number).bounty_id == first.bounty_id
    ground.change("task", number, amount="5.5")
    found = ground.get("task", number)
    assert (found.bounty_id != first.bounty_id, found.bounty_amount) == (True, 550)
    ground.change("task", number, amount=400000)
    assert ground.get("task", number).bounty_id > found.bounty_id
    kinds = [kind for kind, _ in told(ground, number)]
    assert kinds.count("bounty.created") == 3


def test_a_clone_is_a_draft_of_its_own(ground: Ground) -> None:
    place = shop(ground)
    own = [Link(place, {"start": "07:00"})]
    number = task(ground, name="n" * 255, amount=3, locations=own, status="a", timing_rule="FREQ=DAILY;COUNT=40")
    with ground.store.write() as tx:
        copy = ground.kept("task").clone(tx, ground.actors[ADMIN], number, now=ground.time)  # type: ignore[attr-defined]
    before, found = ground.get("task", number), ground.get("task", copy)
    assert found.name == "n" * 248 + " - Copy"
    assert (found.status, found.bounty_amount, found.locations) == (Status.DRAFT, 300, before.locations)
    assert found.bounty_id != before.bounty_id
    assert dates(ground, copy) == dates(ground, number)
    assert told(ground, copy)[0][1]["cloned_from"] == number


def test_a_deleted_task_leaves_its_children(ground: Ground) -> None:
    top = task(ground, amount=3, locations=[shop(ground)])
    low = task(ground, parent=top)
    ground.delete("task", top)
    assert ground.load("task", [top]) == []
    assert ground.get("task", low).parent_id is None
    assert told(ground, top)[-1][0] == "task.deleted"


def test_the_log_is_told_what_was_and_what_is(ground: Ground) -> None:
    number = task(ground)
    ground.wait(1)
    ground.change("task", number, name="Better", timing_rule="FREQ=DAILY;COUNT=4")
    kind, facts = told(ground, number)[-1]
    assert kind == "task.changed"
    assert facts["before"]["name"], facts["after"]["name"] == ("Awful Task", "Better")
    assert facts["occurrences"] == {"added": 1}
    assert facts["before"].keys() == facts["after"].keys() == {"name", "timing_rule", "end_at"}


def test_whoever_refers_to_a_task_does_not_wait_for_those_who_change_it(ground: Ground) -> None:
    """Else who comes from a task to its parent, and who comes the other way, would wait in a circle."""
    parent, child = task(ground), task(ground)

    def change(tx: Tx, task_id: int, **given: Any) -> None:
        ground.kept("task").change(tx, ground.actors[ADMIN], task_id, given, now=ground.time)

    first, second = overlap(
        ground.store,
        lambda tx: change(tx, parent, name="Upper"),
        ground.store,
        lambda tx: change(tx, child, parent=parent),
        then=lambda tx: change(tx, child, name="Lower"),
    )
    assert (first, second) == (None, None)
    assert (ground.get("task", child).name, ground.get("task", child).parent_id) == ("Lower", parent)


def test_members_read_and_strangers_do_not(ground: Ground) -> None:
    number = task(ground)
    assert ground.get("task", number, who=ANN).name == "Awful Task"
    assert ground.load("task", [number], who=STRANGER) == []
    for who, refusal in ((ANN, Forbidden), (STRANGER, RecordNotFound)):
        with pytest.raises(refusal):
            ground.change("task", number, who=who, name="x")
        with pytest.raises(refusal):
            ground.delete("task", number, who=who)
    with pytest.raises(Forbidden):
        ground.find("occurrence", who=ANN)
    assert ground.time == START


def test_a_page_takes_as_many_statements_as_a_record(ground: Ground, statements: list[str]) -> None:
    numbers = [task(ground, locations=[shop(ground)]) for _ in range(3)]
    statements.clear()
    ground.load("task", numbers[:1])
    one = list(statements)
    statements.clear()
    ground.load("task", numbers)
    assert statements == one


@pytest.mark.parametrize(("target", "taken"), [(0, True), (2**31 - 1, True), (None, True), (-1, False), (2**31, False)])
def test_targets_are_as_large_as_numbers_of_32_bits(ground: Ground, target: int | None, taken: bool) -> None:
    if taken:
        assert ground.get("task", task(ground, total_submission_target=target)).total_submission_target == target
    else:
        given = {"name": "x", "start": "2018-07-01T09:00", "total_submission_target": target, **USER}
        assert [each.path for each in faults(ground, **given)] == [("total_submission_target",)]
