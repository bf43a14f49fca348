"""The table of moves as all pairs, and the clock that every move keeps."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.errors import ItemNotActive, ItemNotQueued, ItemNotSuspended, NotYourItem, Refusal
from rota.domain.items import (
    MOVES,
    STATES,
    Completion,
    Holder,
    Item,
    State,
    Status,
    Times,
    Verb,
    elapse,
    move,
    phase,
    reject,
)

ANN, BOB = Holder(1, "ann@example.org"), Holder(2, "bob@example.org")
START = 1_000_000

TABLE = {
    #               update       delete       grab        suspend        activate    release     complete
    "queued":    ("queued",    "deleted",   "active",   "yours",       "yours",    "yours",    "yours"),
    "active":    ("queue",     "queue",     "queue",    "suspended",   "aside",    "queued",   "completed"),
    "suspended": ("queue",     "queue",     "queue",    "not active",  "active",   "queued",   "completed"),
    "completed": ("queue",     "queue",     "queue",    "yours",       "yours",    "yours",    "yours"),
    "deleted":   ("queue",     "queue",     "queue",    "yours",       "yours",    "yours",    "yours"),
}  # fmt: skip
VERBS = (
    Verb.UPDATE, Verb.DELETE, Verb.GRAB, Verb.SUSPEND, Verb.ACTIVATE, Verb.RELEASE, Verb.COMPLETE_SUCCESS,
)  # fmt: skip
REFUSED: dict[str, type[Refusal]] = {
    "queue": ItemNotQueued,
    "yours": NotYourItem,
    "aside": ItemNotSuspended,
    "not active": ItemNotActive,
}


def item(status: str = "queued", holder: Holder | None = None) -> Item:
    held = status in {"active", "suspended", "completed"}
    holder = holder or (ANN if held else None)
    return Item(
        id=7,
        account_id="0" * 32,
        title="t",
        description="",
        instructions="",
        deadline=START,
        dated=False,
        estimate_us=1,
        priority=0.0,
        tags=(),
        properties={},
        blocks=0,
        owner_id=1,
        owner="o@example.org",
        creator_id=1,
        creator="o@example.org",
        created_at=START,
        modified_at=START,
        times=Times(START),
        status=Status(status),
        holder_id=holder.id if holder else None,
        holder=holder.email if holder else None,
        completion=Completion.FAILURE if status == "completed" else None,
    )


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("place", range(len(VERBS)))
def test_every_pair_of_a_status_and_a_verb(status: Status, place: int) -> None:
    wanted, before = TABLE[status.value][place], item(status.value)
    if wanted in REFUSED:
        with pytest.raises(REFUSED[wanted]):
            move(before, VERBS[place], ANN, START)
        assert (status, VERBS[place]) not in MOVES
    else:
        assert move(before, VERBS[place], ANN, START).status.value == wanted


def test_the_table_has_a_row_and_a_column_for_everything() -> None:
    assert set(TABLE) == {status.value for status in Status} == {status.value for status in STATES}
    assert {*VERBS, Verb.COMPLETE_FAILURE} == set(Verb)
    assert {status for status, verb in MOVES if verb is Verb.COMPLETE_FAILURE} == {
        status for status, verb in MOVES if verb is Verb.COMPLETE_SUCCESS
    }


@pytest.mark.parametrize("status", ["active", "suspended"])
@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in {Verb.UPDATE, Verb.DELETE, Verb.GRAB}])
def test_what_one_worker_holds_no_other_moves(status: str, verb: Verb) -> None:
    with pytest.raises(NotYourItem):
        move(item(status), verb, BOB, START)


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        ("active", "being worked on"),
        ("suspended", "being worked on"),
        ("completed", "completed"),
        ("deleted", "deleted"),
    ],
)
def test_who_wants_an_item_that_is_not_queued_is_told_where_it_stands(status: str, standing: str) -> None:
    for verb in (Verb.UPDATE, Verb.DELETE, Verb.GRAB):
        with pytest.raises(ItemNotQueued) as caught:
            move(item(status), verb, ANN, START)
        assert (caught.value.item_id, caught.value.verb, caught.value.standing) == (7, verb.value, standing)


def test_the_words_of_the_published_api() -> None:
    assert [item(status.value).state for status in Status] == [
        State.QUEUED, State.WORKED_ON, State.WORKED_ON, State.DONE, State.DELETED,
    ]  # fmt: skip
    assert [item(status.value).work_status for status in Status] == [None, "active", "suspended", "failure", None]
    assert [state.value for state in State] == ["queued", "worked on", "done", "deleted"]


def test_a_life_in_full() -> None:
    grabbed = move(item(), Verb.GRAB, ANN, START + 10)
    assert (grabbed.holder, grabbed.grabbed_at, grabbed.times) == (
        ANN.email,
        START + 10,
        Times(START + 10, queued_us=10),
    )
    aside = move(grabbed, Verb.SUSPEND, ANN, START + 15)
    released = move(aside, Verb.RELEASE, ANN, START + 18)
    assert (released.holder, released.grabbed_at) == (None, None)
    assert released.times == Times(START + 18, queued_us=10, rejected_us=8, times_rejected=1)
    again = move(released, Verb.GRAB, BOB, START + 20)
    done = move(again, Verb.COMPLETE_FAILURE, BOB, START + 27)
    assert done.times == Times(START + 27, 12, 7, 0, 8, 1)
    assert (done.holder, done.completion, done.completed_at) == (BOB.email, Completion.FAILURE, START + 27)
    assert done.times_at(START + 1_000) == done.times
    assert done.elapsed_us(START + 1_000) == 27


def test_a_clock_that_is_set_back_takes_nothing_back() -> None:
    grabbed = move(item(), Verb.GRAB, ANN, START + 10)
    earlier = move(grabbed, Verb.SUSPEND, ANN, START + 3)
    assert (earlier.times, earlier.modified_at) == (Times(START + 10, queued_us=10), START + 10)
    assert earlier.times_at(START).total_us == earlier.elapsed_us(START) == 10


def test_a_phase_belongs_to_its_holder_and_a_queued_one_to_who_ended_it() -> None:
    grabbed = move(item(), Verb.GRAB, ANN, START + 10)
    waited = phase(item(), grabbed, Verb.GRAB)
    assert (waited.status, waited.user_id, waited.started_at, waited.ended_at) == (
        Status.QUEUED, ANN.id, START, START + 10,
    )  # fmt: skip
    released = move(grabbed, Verb.RELEASE, ANN, START + 12)
    assert phase(grabbed, released, Verb.RELEASE).user_id == ANN.id
    deleted = move(released, Verb.DELETE, BOB, START + 13)
    assert phase(released, deleted, Verb.DELETE).user_id is None


@given(st.lists(st.tuples(st.sampled_from(list(Verb)), st.booleans(), st.integers(0, 10**15)), max_size=30))
def test_at_every_moment_the_times_add_up_to_what_has_elapsed(steps: list[tuple[Verb, bool, int]]) -> None:
    now, present = START, item()
    for verb, ann, passed in steps:
        now += passed
        with suppress(Refusal):
            present = move(present, verb, ANN if ann else BOB, now)
        times = present.times_at(now)
        assert times.total_us == present.elapsed_us(now) == times.since - START
        if present.status not in {Status.COMPLETED, Status.DELETED}:
            assert times.since == now
        if present.status is Status.QUEUED:
            assert times.worked_us == times.suspended_us == 0


@given(st.builds(Times, *[st.integers(0, 10**15)] * 6), st.sampled_from(Status), st.integers(0, 10**16))
def test_rejecting_and_elapsing_lose_nothing(times: Times, status: Status, now: int) -> None:
    assert reject(times).total_us == times.total_us
    later = elapse(times, status, now)
    assert later.total_us - times.total_us == later.since - times.since >= 0
    assert elapse(later, status, later.since) == replace(later)
