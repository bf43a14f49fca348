"""Submissions: judged in the order of the contract, kept whatever comes of it, reviewed, and nobody else's business."""

from collections.abc import Callable
from typing import Any

import pytest

from answering import HOUR, NAIROBI, SQUARE, Answering, point
from ground import ADMIN, ANN, BOB, START, STRANGER
from rota.domain.errors import Forbidden, RecordNeeded, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.queries import Comparison, Condition, Found, Order, Query
from rota.domain.field.reading import Link
from rota.domain.field.submissions import Status
from rota.store.port import Store

CLOSED = "Task is not active."
INEXPERT = "User Expertise level does not meet Requirement"
ELSEWHERE = "Submitted from wrong location"
UNTIMELY = "Data Submitted at wrong time."
OWN_TARGET = "User Submissions for this task more than the set limit per user"
TARGET = "Submissions for this task more than the set limit"
INSIDE, OUTSIDE = point(*NAIROBI), point(40.0, 5.0)
NORTH_900_M = (NAIROBI[0], NAIROBI[1] + 900 / 110_575)


@pytest.fixture
def field(store: Store) -> Answering:
    return Answering.found(store)


def faults(act: Callable[[], Any]) -> tuple[Fault, ...]:
    with pytest.raises(UnfitRecord) as raised:
        act()
    return raised.value.faults


def test_a_submission_is_kept_as_it_came_and_waits_for_its_review(field: Answering) -> None:
    task = field.task()
    bounty = field.bounty(task, 500)
    place = field.disc(task, 100)
    sent = field.submit(
        task, data={"n": [1, {"x": None}]}, geopoint=INSIDE, submission_time="2018-06-26T08:01:02+00:00"
    )
    assert (sent.status, sent.valid, sent.comments, sent.paid) == (Status.PENDING, True, "", 0)
    assert (sent.task_id, sent.user_id, sent.location_id, sent.bounty_id) == (task, field.user(ANN), place, bounty)
    assert (sent.longitude, sent.latitude, sent.data) == (*NAIROBI, '{"n":[1,{"x":null}]}')
    assert (sent.submitted_at, sent.created_at) == (START + 62_000_000, START)
    assert field.counts(task) == (1, 0, 1, 0, 0)
    (event,) = field.ground.events(f"submission:{sent.id}")
    assert event["kind"] == "submission.created"


def test_a_submission_without_more_is_of_this_moment_and_of_whoever_sends_it(field: Answering) -> None:
    sent = field.submit(field.task(), who=BOB)
    assert (sent.user_id, sent.submitted_at, sent.data, sent.location_id) == (field.user(BOB), START, "{}", None)


def test_the_first_check_that_fails_is_the_reason(field: Answering) -> None:
    values: dict[str, Any] = {
        "status": "b",
        "required_expertise": 2,
        "timing_rule": "FREQ=DAILY",
        "user_submission_target": 0,
        "total_submission_target": 0,
    }
    place = {"radius_m": 1.0}
    at = point(NAIROBI[0], NAIROBI[1] + 0.0001)
    for mended, reason in (
        ({}, CLOSED),
        ({"status": "a"}, INEXPERT),
        ({"required_expertise": 1}, ELSEWHERE),
        ({"radius_m": 100.0}, UNTIMELY),
        ({"timing_rule": None}, OWN_TARGET),
        ({"user_submission_target": 1}, TARGET),
        ({"total_submission_target": 1}, ""),
    ):
        (place if "radius_m" in mended else values).update(mended)
        task = field.task(**values)
        field.disc(task, **place)
        sent = field.submit(task, geopoint=at)
        assert (sent.comments, sent.valid) == (reason, not reason)
        assert sent.status is (Status.REJECTED if reason else Status.PENDING)
        assert field.counts(task) == (1, 0, 0 if reason else 1, 1 if reason else 0, 0)


def test_only_an_active_task_takes_submissions(field: Answering) -> None:
    for status in "bcdes":
        assert field.submit(field.task(status=status)).comments == CLOSED


def test_a_task_takes_submissions_from_its_start_to_its_end_both_included(field: Answering) -> None:
    task = field.task(start_at=START, end_at=START + HOUR)
    for second, taken in ((-1, False), (0, True), (3600, True), (3601, False)):
        sent = field.submit(
            task, submission_time=f"2018-06-26T{8 + second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
        )
        assert sent.valid is taken


def test_a_point_must_be_within_the_radius_or_in_the_shape_of_a_place(field: Answering) -> None:
    near = field.task()
    field.disc(near, 899)
    wide = field.task()
    disc = field.disc(wide, 901)
    square = field.task()
    shape = field.place(square, shape=SQUARE)
    at = point(*NORTH_900_M)
    assert field.submit(near, geopoint=at).comments == ELSEWHERE
    assert field.submit(wide, geopoint=at).location_id == disc
    assert field.submit(square, geopoint=at).location_id == shape
    assert field.submit(square, geopoint=OUTSIDE).comments == ELSEWHERE


def test_of_several_places_the_nearest_is_the_submissions(field: Answering) -> None:
    task = field.task()
    field.place(task)
    field.disc(task, 5000, (NAIROBI[0], NAIROBI[1] + 0.02))
    nearest = field.disc(task, 5000, (NAIROBI[0], NAIROBI[1] + 0.01))
    assert field.submit(task, geopoint=INSIDE).location_id == nearest


def test_where_nobody_says_where_the_places_are_every_point_is_right(field: Answering) -> None:
    task = field.task()
    place = field.place(task)
    assert field.submit(task, geopoint=OUTSIDE).location_id == place
    assert field.submit(field.task(), geopoint=OUTSIDE).valid


def test_whoever_names_a_place_must_be_there(field: Answering) -> None:
    task = field.task()
    here, there = field.disc(task, 100), field.disc(task, 100, (40.0, 5.0))
    assert field.submit(task, geopoint=INSIDE, location=here).location_id == here
    sent = field.submit(task, geopoint=INSIDE, location=there)
    assert (sent.comments, sent.location_id) == (ELSEWHERE, there)
    assert field.submit(task, location=there).valid


def test_a_task_with_a_rule_takes_submissions_during_its_occurrences_alone(field: Answering) -> None:
    task = field.task(timing_rule="FREQ=DAILY")
    first = field.occurrence(task, START, START + HOUR)
    assert field.submit(task).valid
    (row,) = field.query("SELECT occurrence_id FROM submissions")
    assert row["occurrence_id"] == first
    field.ground.time = START + HOUR + 1
    assert field.submit(task).comments == UNTIMELY


def test_an_occurrence_at_another_place_does_not_count(field: Answering) -> None:
    task = field.task(timing_rule="FREQ=DAILY")
    here, there = field.disc(task, 100), field.disc(task, 100, (40.0, 5.0))
    field.occurrence(task, START, START + HOUR, there)
    assert field.submit(task, geopoint=INSIDE).comments == UNTIMELY
    assert field.submit(task, location=here).comments == UNTIMELY
    assert field.submit(task, geopoint=OUTSIDE).valid
    assert field.submit(task).valid


def test_a_place_with_a_rule_of_its_own_has_times_even_where_the_task_has_none(field: Answering) -> None:
    task = field.task()
    timed, free = field.disc(task, 100, rule="FREQ=DAILY"), field.disc(task, 100, (40.0, 5.0))
    assert field.submit(task, location=timed).comments == UNTIMELY
    assert field.submit(task, location=free).valid
    assert field.submit(task).valid


def test_rules_and_hours_of_tasks_and_places_are_the_times_of_submissions(field: Answering) -> None:
    here, there = field.location(), field.location()
    hours = Link(there, {"timing_rule": "FREQ=WEEKLY;BYDAY=WE", "start": "07:00", "end": "14:30"})
    task = field.ground.create(
        "task",
        name="Count",
        start="2018-06-20T09:00:00Z",
        timing_rule="FREQ=DAILY",
        status="a",
        target_content_type=13,
        target_id=1,
        locations=[here, hours],
    )
    for place, time, taken in (
        (here, "2018-06-26T08:59:59Z", False),
        (here, "2018-06-26T09:00:00Z", True),
        (here, "2018-06-26T23:59:59.999999Z", True),
        (there, "2018-06-26T09:00:00Z", False),
        (there, "2018-06-27T07:00:00Z", True),
        (there, "2018-06-27T14:30:01Z", False),
    ):
        sent = field.submit(task, location=place, submission_time=time)
        assert (place, time, sent.comments) == (place, time, "" if taken else UNTIMELY)


def test_a_users_target_counts_their_own_that_are_not_rejected(field: Answering) -> None:
    task = field.task(user_submission_target=1)
    first = field.submit(task)
    for status in "dca":
        field.review(first.id, status)
        assert field.submit(task).comments == OWN_TARGET
    assert field.submit(task, who=BOB).valid
    field.review(first.id, "b")
    assert field.submit(task).valid


def test_a_total_target_counts_all_that_are_approved_pending_or_under_review(field: Answering) -> None:
    task = field.task(total_submission_target=2)
    first, second = field.submit(task), field.submit(task, who=BOB)
    field.review(first.id, "a")
    field.review(second.id, "c")
    assert field.submit(task).comments == TARGET
    field.review(second.id, "b")
    assert field.submit(task).valid
    assert field.counts(task) == (4, 1, 1, 2, 0)


def test_answers_that_do_not_fit_the_form_are_not_kept_and_told_where(field: Answering) -> None:
    schema = '{"type":"object","properties":{"who":{"type":"object","properties":{"age":{"type":"integer"}}}}}'
    task = field.task(target_content_type=16, target_id=field.form(schema))
    found = faults(lambda: field.submit(task, data={"who": {"age": "old"}}))
    assert [fault.path for fault in found] == [("data", "who", "age")]
    assert field.query("SELECT id FROM submissions") == []
    assert field.submit(task, data={"who": {"age": 4}}).valid


def test_all_that_is_wrong_is_told_at_once(field: Answering) -> None:
    found = faults(
        lambda: field.submit(
            999, who=ADMIN, user=999, data=[], geopoint={"type": "Line"}, submission_time="noon", size=1
        )
    )
    assert {fault.path[0] for fault in found} == {"task", "user", "data", "geopoint", "submission_time", "size"}
    assert {fault.path[0] for fault in found if fault.missing} == {"task", "user"}
    assert [fault.path for fault in faults(lambda: field.ground.create("submission", who=ANN))] == [("task",)]


def test_a_location_must_be_one_of_the_task(field: Answering) -> None:
    task = field.task()
    foreign = field.place(field.task())
    assert faults(lambda: field.submit(task, location=foreign)) == (
        Fault(("location",), "is not a location of the task"),
    )
    assert faults(lambda: field.submit(task, location=999)) == (Fault(("location",), "does not exist", missing=True),)


def test_answers_that_json_cannot_say_or_that_are_too_long_are_not_taken(field: Answering) -> None:
    task = field.task()
    for data in [{"a": "\ud800"}, {"a": object()}, {"a": "x" * 2**20}]:
        assert [fault.path for fault in faults(lambda data=data: field.submit(task, data=data))] == [("data",)]


def test_admins_submit_for_others_and_members_for_themselves_alone(field: Answering) -> None:
    task = field.task(required_expertise=1, user_submission_target=1)
    assert field.submit(task, who=ADMIN, user=field.user(BOB)).user_id == field.user(BOB)
    assert field.submit(task, who=BOB, user=field.user(BOB)).comments == OWN_TARGET
    with pytest.raises(Forbidden):
        field.submit(task, who=ANN, user=field.user(BOB))
    stranger = field.user(STRANGER)
    assert faults(lambda: field.submit(task, who=ADMIN, user=stranger)) == (
        Fault(("user",), "does not exist", missing=True),
    )


def test_status_and_comments_are_for_admins(field: Answering) -> None:
    task = field.task()
    field.bounty(task, 500)
    found = faults(lambda: field.submit(task, status="a", comments="Mine is good"))
    assert [(fault.path, fault.sentence) for fault in found] == [
        (("status",), "is for admins"),
        (("comments",), "is for admins"),
    ]
    sent = field.submit(task, who=ADMIN, user=field.user(ANN), status="a", comments="Seen")
    assert (sent.status, sent.comments, sent.paid, field.earned(ANN)) == (Status.APPROVED, "Seen", 500, 500)
    refused = field.submit(field.task(status="d"), who=ADMIN, status="a", comments="Seen")
    assert (refused.status, refused.comments) == (Status.REJECTED, CLOSED)
    field.check()


def test_members_see_their_own_and_change_and_delete_none(field: Answering) -> None:
    task = field.task()
    mine, theirs = field.submit(task), field.submit(task, who=BOB)
    order = Query(order=(Order("id"),))
    assert field.ground.find("submission", order, who=ANN) == Found((mine.id,), 1)
    assert field.ground.find("submission", order) == Found((mine.id, theirs.id), 2)
    of_bob = Query(conditions=(Condition("user", Comparison.EXACT, field.user(BOB)),))
    assert field.ground.find("submission", of_bob, who=ANN) == Found((), 0)
    assert [each.id for each in field.ground.load("submission", [theirs.id, mine.id], who=ANN)] == [mine.id]
    for act in (
        lambda: field.ground.change("submission", mine.id, who=ANN, status="a"),
        lambda: field.ground.delete("submission", mine.id, who=ANN),
    ):
        with pytest.raises(Forbidden):
            act()


def test_another_accounts_tasks_and_submissions_do_not_exist(field: Answering) -> None:
    task = field.task()
    number = field.submit(task).id
    assert faults(lambda: field.ground.create("submission", who=STRANGER, task=task)) == (
        Fault(("task",), "does not exist", missing=True),
    )
    assert field.ground.load("submission", [number], who=STRANGER) == []
    with pytest.raises(RecordNotFound):
        field.ground.change("submission", number, who=STRANGER, status="a")
    with pytest.raises(RecordNotFound):
        field.ground.delete("submission", number, who=STRANGER)


def test_what_is_no_submission_is_not_found(field: Answering) -> None:
    for number in (0, -1, 999, 2**63, 2**70):
        with pytest.raises(RecordNotFound):
            field.ground.change("submission", number, status="a")
        assert field.ground.load("submission", [number]) == []


def test_a_review_writes_status_and_comments_and_nothing_else(field: Answering) -> None:
    number = field.submit(field.task()).id
    field.ground.wait(1)
    after = field.review(number, "c", comments="Blurred")
    assert (after.status, after.comments, after.modified_at) == (Status.UNDER_REVIEW, "Blurred", field.ground.time)
    field.ground.wait(1)
    assert field.review(number, "c").modified_at < field.ground.time
    told = [(event["kind"], event["facts"]) for event in field.ground.events(f"submission:{number}")]
    assert told[1:] == [
        ("submission.changed", '{"before":{"status":"d","comments":""},"after":{"status":"c","comments":"Blurred"}}')
    ]
    assert [fault.path for fault in faults(lambda: field.review(number, "x", data={}))] == [("data",), ("status",)]


def test_a_submission_that_was_ever_paid_cannot_be_deleted(field: Answering) -> None:
    task = field.task()
    field.bounty(task, 500)
    paid, unpaid = field.submit(task), field.submit(task)
    field.review(paid.id, "a")
    field.review(paid.id, "b")
    with pytest.raises(RecordNeeded) as raised:
        field.ground.delete("submission", paid.id)
    assert raised.value.needed_by == "ledger_entries"
    field.ground.delete("submission", unpaid.id)
    assert field.ground.load("submission", [unpaid.id]) == []
    assert field.counts(task) == (1, 0, 0, 1, 0)
    assert field.ground.events(f"submission:{unpaid.id}")[-1]["kind"] == "submission.deleted"
    field.check()


def test_one_create_and_one_review_take_few_statements_however_many_places(
    field: Answering, statements: list[str]
) -> None:
    task = field.task(timing_rule="FREQ=DAILY")
    field.bounty(task, 500)
    for step in range(10):
        field.occurrence(task, START, START + HOUR, field.disc(task, 5000, (NAIROBI[0], NAIROBI[1] + step / 1000)))
    statements.clear()
    number = field.ground.create("submission", who=ANN, task=task, geopoint=INSIDE)
    assert len(statements) == 7
    statements.clear()
    field.ground.change("submission", number, status="a")
    assert len(statements) == 7
