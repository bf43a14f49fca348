"""Content types: a closed list, which nobody writes."""

import pytest

from ground import ADMIN, ANN, Ground
from rota.domain.errors import Forbidden
from rota.domain.field.contents import CONTENT_TYPES
from rota.domain.field.queries import Comparison, Condition, Found, Order, Query
from rota.store.port import Store


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def test_a_page_is_in_the_order_asked_for_and_counts_all(ground: Ground) -> None:
    assert ground.find("content_type", who=ANN) == Found((13, 14, 15, 16, 17), 5)
    query = Query(order=(Order("app_label", descending=True), Order("model")), limit=2, offset=1)
    assert ground.find("content_type", query) == Found((16, 15), 5)
    assert ground.load("content_type", [17, 1, 13]) == [CONTENT_TYPES[17], CONTENT_TYPES[13]]


@pytest.mark.parametrize(
    ("field", "comparison", "value", "ids"),
    [
        ("id", Comparison.EXACT, 15, (15,)),
        ("model", Comparison.EXACT, "job", (17,)),
        ("app_label", Comparison.IN, ("jobs", "accounts"), (13, 17)),
        ("id", Comparison.RANGE, (14, 15), (14, 15)),
        ("id", Comparison.GT, 15, (16, 17)),
        ("id", Comparison.GTE, 16, (16, 17)),
        ("id", Comparison.LT, 14, (13,)),
        ("id", Comparison.LTE, 14, (13, 14)),
        ("model", Comparison.ISNULL, True, ()),
    ],
)
def test_conditions_hold(
    ground: Ground, field: str, comparison: Comparison, value: object, ids: tuple[int, ...]
) -> None:
    assert ground.find("content_type", Query((Condition(field, comparison, value),))).ids == ids


def test_words_are_sought_in_the_model(ground: Ground) -> None:
    assert ground.find("content_type", Query(words=("SUB", "on"))).ids == (14,)


def test_nobody_writes_them(ground: Ground) -> None:
    for refused in (
        lambda: ground.create("content_type", model="x"),
        lambda: ground.change("content_type", 13, who=ADMIN, model="x"),
        lambda: ground.delete("content_type", 13),
    ):
        with pytest.raises(Forbidden):
            refused()
