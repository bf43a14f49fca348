"""Urgency: a sum that is explained in full, and an order that time does not change."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.test_items import item
from rota.domain.fields import DEFAULT_DEADLINE
from rota.domain.items import Item, Times
from rota.domain.urgency import DAY, Weights, explain, parse_weights, score, urgency

NOW = 1_700_000_000_000_000
WEIGHT = st.floats(-1_000, 1_000)
WEIGHTS = st.builds(Weights, WEIGHT, WEIGHT, WEIGHT, WEIGHT, st.dictionaries(st.sampled_from("abc"), WEIGHT))
MOMENT = st.integers(NOW - 1_000 * DAY, NOW + 1_000 * DAY)


def made(created_at: int = NOW, **changes: Any) -> Item:
    given = {"deadline": created_at + DEFAULT_DEADLINE, "estimate_us": 3_600_000_000, **changes}
    return replace(item(), created_at=created_at, times=Times(created_at), **given)


ITEMS = st.builds(
    made,
    MOMENT,
    deadline=MOMENT,
    dated=st.booleans(),
    estimate_us=st.integers(1, 100 * DAY),
    priority=st.floats(-1_000, 1_000),
    tags=st.lists(st.sampled_from("abcd"), unique=True).map(tuple),
    blocks=st.integers(0, 50),
)


@given(ITEMS, WEIGHTS, MOMENT)
def test_the_terms_add_up_to_the_urgency(present: Item, weights: Weights, now: int) -> None:
    terms = explain(present, weights, now)
    assert math.fsum(term.value for term in terms) == urgency(present, weights, now)
    assert [term.name for term in terms][:4] == ["priority", "deadline", "age", "blocking"]


@given(ITEMS, ITEMS, WEIGHTS, MOMENT)
def test_time_changes_all_alike(one: Item, other: Item, weights: Weights, now: int) -> None:
    apart = urgency(one, weights, now) - urgency(other, weights, now)
    assert apart == pytest.approx(score(one, weights) - score(other, weights), abs=1e-5, rel=1e-9)


@given(st.lists(st.integers(NOW, NOW + 30 * DAY), min_size=2, max_size=5), st.integers(1, 10 * DAY), WEIGHT.map(abs))
def test_without_deadlines_equal_items_keep_the_order_of_submission(
    moments: list[int], estimate_us: int, weight: float
) -> None:
    weights = Weights(weight, weight, weight, weight)
    present = [made(at, estimate_us=estimate_us * (place + 1)) for place, at in enumerate(sorted(moments))]
    by_urgency = sorted(present, key=lambda each: (-score(each, weights), each.created_at))
    assert [each.created_at for each in by_urgency] == sorted(moments)


def test_what_makes_an_item_more_urgent() -> None:
    weights = Weights(tags={"now": 3.0})
    plain = score(made(), weights)
    assert score(made(priority=1.0), weights) == pytest.approx(plain + 10)
    assert score(made(blocks=2), weights) == pytest.approx(plain + 10)
    assert score(made(tags=("now", "else")), weights) == pytest.approx(plain + 3)
    assert score(made(dated=True, deadline=NOW + 3_600_000_000), weights) == pytest.approx(plain + 1)
    assert score(made(NOW - DAY), weights) > plain


@pytest.mark.parametrize(
    ("text", "weights"),
    [
        ("", Weights()),
        ("priority=3", Weights(priority=3)),
        (" age = 1 , deadline=2,", Weights(age=1, deadline=2)),
        ("tag.a=1,tag.x=y=2.5,tag.b.c=-1", Weights(tags={"a": 1, "x=y": 2.5, "b.c": -1})),
    ],
)
def test_weights_are_read(text: str, weights: Weights) -> None:
    assert parse_weights(text) == weights


@pytest.mark.parametrize("text", ["priority", "priority=", "speed=1", "age=nan", "age=inf", "age=1e9", "tag.=1", "=1"])
def test_weights_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"convert|="):
        parse_weights(text)


@given(WEIGHTS)
def test_weights_are_written_as_they_are_read(weights: Weights) -> None:
    assert parse_weights(str(weights)) == weights
