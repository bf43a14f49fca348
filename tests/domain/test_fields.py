"""What may be written of an item: defaults, every reader's limits, and all faults at once."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.fields import (
    ASAP,
    ESTIMATE_LIMIT,
    PRIORITY_LIMIT,
    READERS,
    SECOND,
    TAG_LIMIT,
    TAGS_LIMIT,
    TEXT_LIMIT,
    TITLE_LIMIT,
    Fields,
    read_fields,
)

NOW = 1_700_000_000 * SECOND
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def read(**given: Any) -> Fields:
    fields = read_fields({"title": "a title", **given})
    assert isinstance(fields, Fields), fields
    return fields


def fault(name: str, value: Any) -> str:
    faults = read_fields({"title": "a title", name: value})
    assert isinstance(faults, dict), faults
    assert list(faults) == [name]
    return faults[name]


def test_only_the_title_is_required() -> None:
    assert read() == Fields("a title")
    assert read_fields({}) == {"title": "is missing"}
    assert read().deadline_at(NOW) == NOW + 24 * 3_600 * SECOND
    assert read().estimate_us == 3_600 * SECOND


def test_all_faults_come_at_once_each_with_its_field() -> None:
    given = {"title": " ", "estimate": 0, "tags": 5, "color": "red", "_id": 3, "priority": "high", "state": "done"}
    faults = read_fields(given)
    assert isinstance(faults, dict)
    assert set(faults) == set(given)
    assert faults["color"] == "is not a field that can be written"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2015-11-20T17:31:33Z", datetime(2015, 11, 20, 17, 31, 33, tzinfo=UTC)),
        ("2015-11-20T17:31:33", datetime(2015, 11, 20, 17, 31, 33, tzinfo=UTC)),
        ("2015-11-20T17:31:33+02:00", datetime(2015, 11, 20, 15, 31, 33, tzinfo=UTC)),
        ("2015-11-20", datetime(2015, 11, 20, tzinfo=UTC)),
        (1448040693, datetime(2015, 11, 20, 17, 31, 33, tzinfo=UTC)),
        (1448040693.5, datetime(2015, 11, 20, 17, 31, 33, 500_000, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_a_deadline_is_a_time_or_seconds_since_1970(written: str | float, at: datetime) -> None:
    assert read(deadline=written).deadline_at(NOW) == round(at.timestamp() * SECOND)


@pytest.mark.parametrize("written", [0, -1, -0.5, 0.0])
def test_a_deadline_that_is_not_after_1970_means_as_soon_as_possible(written: float) -> None:
    fields = read(deadline=written, estimate=300)
    assert fields.deadline == ASAP
    assert fields.deadline_at(NOW) == NOW + 300 * SECOND


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("tomorrow", "neither an ISO 8601 time"),
        ("1969-12-31", "years 1970 and 9999"),
        ("9999-12-31T23:59:59-12:00", "years 1970 and 9999"),
        ("0001-01-01T00:00:00+10:00", "years 1970 and 9999"),
        (1_700_000_000_000, "seconds since 1970"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        (10**400, "finite"),
        (True, "not a number"),
        (None, "not a number"),
        ([], "not a number"),
    ],
)
def test_an_absurd_deadline_is_refused_with_a_sentence(written: Any, words: str) -> None:
    assert words in fault("deadline", written)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", 5),
        ("title", "x" * (TITLE_LIMIT + 1)),
        ("title", "two\nlines"),
        ("title", "a\x00b"),
        ("title", "\ud800"),
        ("description", "é" * (TEXT_LIMIT // 2 + 1)),
        ("description", "\x07"),
        ("instructions", None),
        ("estimate", 0),
        ("estimate", -1),
        ("estimate", "300"),
        ("estimate", ESTIMATE_LIMIT / SECOND + 1),
        ("owner", ""),
        ("owner", 7),
        ("priority", float("-inf")),
        ("priority", PRIORITY_LIMIT * 2),
        ("priority", False),
        ("tags", ["two words"]),
        ("tags", [""]),
        ("tags", [5]),
        ("tags", {"a": 1}),
        ("tags", "x" * (TAG_LIMIT + 1)),
        ("tags", " ".join(str(n) for n in range(TAGS_LIMIT + 1))),
        ("tags", ["a\x00"]),
        ("properties", []),
        ("properties", {"a": 5}),
        ("properties", {"": "x"}),
        ("properties", {"a": "\x00"}),
        ("properties", {"a": "x" * TEXT_LIMIT, "b": "x"}),
        ("properties", {str(n): "" for n in range(101)}),
        ("state", "done"),
    ],
)
def test_what_cannot_be_taken(name: str, value: Any) -> None:
    assert fault(name, value)


def test_what_just_can() -> None:
    assert read(title="x" * TITLE_LIMIT)
    assert read(description="é" * (TEXT_LIMIT // 2)).description
    assert read(description="two\nlines\tand a tab\r\n").description
    assert read(estimate=0.5).estimate_us == 500_000
    assert read(estimate=1e-9).estimate_us == 1
    assert read(priority=-0.0).priority == 0.0
    assert read(tags=" b\ta  b ").tags == ("b", "a")
    assert read(tags=["b", "a", "b"]).tags == ("b", "a")
    assert read(state="queued") == read()
    assert read(title="family 👨‍👩‍👧").title


def test_what_an_item_blocks_is_in_its_properties() -> None:
    assert read(properties={"blocks": "12 7 x -3 12 ٣ 99999999999999999999"}).blocks == (12, 7)
    assert read().blocks == ()


@given(st.dictionaries(st.sampled_from(sorted(READERS)) | st.text(max_size=3), JSON, max_size=6))
def test_whatever_is_written_is_either_read_or_refused(given: dict[str, Any]) -> None:
    fields = read_fields(given)
    if isinstance(fields, dict):
        assert fields
        assert all(sentence for sentence in fields.values())
    else:
        assert fields.deadline_at(NOW) > 0
        assert fields.title.strip()
