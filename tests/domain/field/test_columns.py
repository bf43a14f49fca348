"""Answers as columns: nothing is lost, nothing is said twice."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rota.domain.field.columns import COLUMNS_LIMIT, Columns, cell, leaves

KEYS = st.sampled_from(["a", "b", "a.b", "id", "data", ""])
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from(["", "x", "é,"])
    | st.lists(st.integers(0, 9), max_size=2)
)
ANSWERS = st.dictionaries(
    KEYS, st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=3)), max_size=4
)


@given(st.lists(ANSWERS, max_size=4))
def test_every_answer_has_a_cell_of_its_own(several: list[dict[str, Any]]) -> None:
    columns = Columns(["id"])
    for answers in several:
        columns.add(answers)
    header = columns.header
    assert len({"id", *header}) == len(header) + 1
    for answers in several:
        cells = columns.cells(answers)
        assert len(cells) == len(header)
        said = sorted(each for each in cells if each)
        assert said == sorted(text for _, value in leaves(answers) if (text := cell(value)))


def test_what_is_taken_is_called_otherwise() -> None:
    columns = Columns(["id"])
    columns.add({"id": 1, "a.b": 2, "a": {"b": 3}})
    assert columns.header == ["data.id", "a.b", "data.a.b"]
    assert columns.cells({"id": 1, "a.b": 2, "a": {"b": 3}}) == ["1", "2", "3"]


def test_what_there_is_no_column_for_stands_together() -> None:
    columns = Columns([])
    columns.add({f"q{number}": number for number in range(COLUMNS_LIMIT + 2)})
    cells = columns.cells({"q0": 0, f"q{COLUMNS_LIMIT}": "x", f"q{COLUMNS_LIMIT + 1}": "y"})
    assert (len(columns.header), columns.header[-1], cells[0]) == (COLUMNS_LIMIT + 1, "data", "0")
    assert json.loads(cells[-1]) == {f"q{COLUMNS_LIMIT}": "x", f"q{COLUMNS_LIMIT + 1}": "y"}
    beyond = {"z.y": 1, "z": {"y": 2, "x": {}}}
    assert json.loads(columns.cells(beyond)[-1]) == beyond
