"""The checks of submissions: in the published order, the first that fails speaks."""

from dataclasses import replace
from itertools import product

from rota.domain.field.judging import CHECKS, Case, Demands, Place, is_timed, nearest, refusal
from rota.domain.field.submissions import COUNTERS, PAYMENTS, Payment
from rota.domain.field.submissions import Status as Standing
from rota.domain.field.tasks import Status

GOOD = Case(Demands(Status.ACTIVE, 0, 10, 2, 3, 5), 5, 2, in_place=True, in_time=True, of_user=2, of_task=4)
BAD = (
    replace(GOOD, submitted_at=11),
    replace(GOOD, expertise=1),
    replace(GOOD, in_place=False),
    replace(GOOD, in_time=False),
    replace(GOOD, of_user=3),
    replace(GOOD, of_task=5),
)
"""One for each check, in their order."""

SENTENCES = [
    "Task is not active.",
    "User Expertise level does not meet Requirement",
    "Submitted from wrong location",
    "Data Submitted at wrong time.",
    "User Submissions for this task more than the set limit per user",
    "Submissions for this task more than the set limit",
]
WAYS = ("submitted_at", "expertise", "in_place", "in_time", "of_user", "of_task")


def test_the_sentences_stand_in_the_published_order() -> None:
    assert [sentence for _, sentence in CHECKS] == SENTENCES
    assert [refusal(case) for case in BAD] == SENTENCES
    assert refusal(GOOD) == ""


def test_whatever_is_wrong_the_first_of_it_is_said() -> None:
    for wrong in product([False, True], repeat=len(WAYS)):
        ways = {way: getattr(bad, way) for way, bad, is_wrong in zip(WAYS, BAD, wrong, strict=True) if is_wrong}
        said = [sentence for sentence, is_wrong in zip(SENTENCES, wrong, strict=True) if is_wrong]
        assert refusal(replace(GOOD, **ways)) == (said[0] if said else "")


def test_a_task_without_end_and_targets_takes_everything_from_its_start_on() -> None:
    demands = Demands(Status.ACTIVE, 0, None, 1, None, None)
    case = replace(GOOD, demands=demands, of_user=10**9, of_task=10**9, submitted_at=10**18)
    assert refusal(case) == ""
    assert refusal(replace(case, submitted_at=-1)) == SENTENCES[0]


def test_every_review_is_in_the_table_and_what_is_paid_is_paid_while_it_is_approved() -> None:
    assert set(PAYMENTS) == set(product(Standing, repeat=2))
    assert set(COUNTERS) == set(Standing)
    for (before, after), payment in PAYMENTS.items():
        step = {Payment.NONE: 0, Payment.PAY: 1, Payment.TAKE_BACK: -1}[payment]
        assert (before is Standing.APPROVED) + step == (after is Standing.APPROVED)


def disc(number: int, longitude: float, radius_m: float) -> Place:
    return Place(number, longitude, 0.0, radius_m, None, False)


def test_the_radius_is_measured_along_the_earth() -> None:
    """A degree of the equator is 111 319.49 m."""
    assert nearest([disc(1, 0.0, 111_319.4)], 1.0, 0.0) is None
    assert nearest([disc(1, 0.0, 111_319.5)], 1.0, 0.0) == disc(1, 0.0, 111_319.5)
    assert nearest([disc(1, 179.5, 111_320.0)], -179.5, 0.0) == disc(1, 179.5, 111_320.0)


def test_the_nearest_of_those_that_reach_the_point_is_taken_and_of_equals_the_first() -> None:
    near, far, anywhere = disc(3, 0.1, 1e6), disc(2, 0.5, 1e6), Place(1, None, None, None, None, False)
    assert nearest([anywhere, far, near], 0.0, 0.0) == near
    assert nearest([anywhere, far], 0.0, 0.0) == far
    assert nearest([anywhere, disc(2, 5.0, 1.0)], 0.0, 0.0) == anywhere
    assert nearest([replace(near, id=9), near], 0.0, 0.0) == near


def test_times_are_asked_for_where_the_task_or_the_place_has_a_rule() -> None:
    free, timed = disc(1, 0.0, 1.0), replace(disc(2, 0.0, 1.0), has_rule=True)
    assert is_timed(True, None, [])
    assert is_timed(True, free, [free])
    assert is_timed(False, timed, [free, timed])
    assert not is_timed(False, free, [free, timed])
    assert not is_timed(False, None, [free, timed])
    assert is_timed(False, None, [timed])
    assert not is_timed(False, None, [])
