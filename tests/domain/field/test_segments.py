"""What may be written of a segment rule."""

from typing import Any

import pytest

from ground import TERMS
from rota.domain.field.reading import Link, read
from rota.domain.field.segments import FIELDS, field_faults

RULE = {"name": "Experts", "target_content_type": 13, "target_field": "expertise", "target_field_value": 4}


def values(**given: Any) -> dict[str, Any]:
    found, faults = read(FIELDS, {**RULE, **given}, TERMS, partial=False)
    assert faults == []
    return found


@pytest.mark.parametrize(
    ("value", "text"),
    [("x ", "x"), (4, "4"), (4.0, "4"), (2.5, "2.5"), (-1, "-1"), (True, "true"), (False, "false"), ("4", "4")],
)
def test_a_value_is_kept_as_its_text(value: Any, text: str) -> None:
    assert values(target_field_value=value)["target_field_value"] == text


@pytest.mark.parametrize("content", [13, "13", Link(13, {})])
def test_a_content_type_may_be_referred_to_in_any_way(content: Any) -> None:
    assert values(target_content_type=content)["target_content_type"] == 13


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("target_content_type", 16, "must be 13, for users, or 15, for locations"),
        ("target_content_type", None, "must be 13, for users, or 15, for locations"),
        ("target_content_type", "user", "must be an id"),
        ("target_field", " ", "may not be blank"),
        ("target_field_value", "", "may not be blank"),
        ("target_field_value", None, "must be a text"),
        ("target_field_value", [1], "must be a text"),
        ("target_field_value", float("nan"), "must be a text, or a number that a field can hold"),
        ("target_field_value", 10**400, "must be a text, or a number that a field can hold"),
        ("active", None, "must be true or false"),
    ],
)
def test_what_cannot_be_compared_is_refused(name: str, value: Any, sentence: str) -> None:
    _, faults = read(FIELDS, {**RULE, name: value}, TERMS, partial=False)
    assert [(fault.path, fault.sentence) for fault in faults] == [((name,), sentence)]


@pytest.mark.parametrize(("content", "field"), [(13, "email"), (13, "id"), (15, "country"), (15, "parent_name")])
def test_a_field_is_one_that_the_target_has(content: int, field: str) -> None:
    assert field_faults(values(target_content_type=content, target_field=field)) == []
    (fault,) = field_faults(values(target_content_type=28 - content, target_field=f"{field}_"))
    assert fault.path == ("target_field",)
    assert fault.sentence.startswith("must be one of id, ")
