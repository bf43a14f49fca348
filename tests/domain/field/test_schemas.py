"""Schemas of answers: what is wrong with them and with answers is told place by place; none fetches or hangs."""

import json
import threading
from typing import Any

import pytest

from rota.domain.field.schemas import DRAFTS, FAULTS_TOLD, faults_of, is_pattern, schema_faults

TREE = {"properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}}}


def places(schema: Any) -> list[tuple[Any, ...]]:
    return [path for path, _ in schema_faults(schema)]


def nested(depth: int) -> Any:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"not": found}
    return found


def chain(length: int, last: dict[str, Any], times: int = 1) -> dict[str, Any]:
    """Definitions each of which refers to the next, so many times."""
    named = {f"a{at}": {"allOf": [{"$ref": f"#/$defs/a{at + 1}"}] * times} for at in range(length)}
    return {"$defs": {**named, f"a{length}": last}, "$ref": "#/$defs/a0"}


@pytest.mark.parametrize("draft", DRAFTS)
def test_each_draft_has_its_own_rules(draft: str) -> None:
    assert schema_faults({"$schema": draft, "type": "object", "required": ["a"]}) == []
    assert schema_faults({"$schema": draft + "#", "type": "object"}) == []
    assert schema_faults({"$schema": draft, "required": "a"}) == [(("required",), "must be a list")]
    assert (places({"$schema": draft, "exclusiveMinimum": True, "minimum": 3}) == []) == draft.endswith(
        "draft-04/schema"
    )


@pytest.mark.parametrize("draft", [3, "", "https://example.org/mine", "http://json-schema.org/draft-03/schema#"])
def test_other_drafts_are_refused(draft: Any) -> None:
    assert places({"$schema": draft}) == [("$schema",)]


def test_faults_are_told_at_their_places_and_each_once() -> None:
    schema = {"properties": {"a": {"type": "integr"}, "b": 3}, "$defs": {"c": {"minLength": -1}}}
    assert schema_faults(schema) == [
        (("$defs", "c", "minLength"), "must be 0 at least"),
        (("properties", "a", "type"), "fits none of what is allowed"),
        (("properties", "b"), "must be true or false or an object"),
    ]


def test_what_lies_elsewhere_is_never_referred_to() -> None:
    schema = {
        "properties": {
            "a": {"$ref": "https://example.org/schema"},
            "b": {"items": [{"$ref": "file:///etc/passwd"}]},
            "c": {"$dynamicRef": "other#x"},
            "d": {"$ref": "#/$defs/none"},
            "e": {"$id": "https://example.org/", "$ref": "#"},
        },
        "$schema": "https://json-schema.org/draft/2019-09/schema",
    }
    assert set(places(schema)) == {
        ("properties", "a", "$ref"),
        ("properties", "b", "items", 0, "$ref"),
        ("properties", "c", "$dynamicRef"),
        ("properties", "d", "$ref"),
        ("properties", "e", "$id"),
    }


def test_names_and_data_that_look_like_keywords_are_none() -> None:
    words = {"$ref": {"type": "string"}, "pattern": {"type": "string"}, "$id": {"type": "integer"}}
    assert schema_faults({"properties": words, "enum": [{"$ref": "https://x.org"}], "const": {"pattern": "("}}) == []
    assert places({"properties": {"enum": {"$ref": "https://x.org"}}}) == [("properties", "enum", "$ref")]


def test_what_is_referred_to_by_an_anchor_or_a_pointer_is_found() -> None:
    schema = {"$defs": {"a/b~c %": {"$anchor": "age", "type": "integer"}}, "properties": {}}
    schema["properties"] = {"x": {"$ref": "#age"}, "y": {"$ref": "#/$defs/a~1b~0c%20%25"}}
    assert schema_faults(schema) == []
    assert [path for path, _ in faults_of(json.dumps(schema), {"x": "1", "y": "1"})] == [("x",), ("y",)]


@pytest.mark.parametrize("pattern", ["(", "(?=a)b", r"(a)\1", "(a{1000}){1000}", "[z-a]"])
def test_patterns_that_cannot_be_matched_in_linear_time_are_refused(pattern: str) -> None:
    assert not is_pattern(pattern)
    schema = {"properties": {"a": {"pattern": pattern}}, "patternProperties": {pattern: {}}}
    assert set(places(schema)) == {("patternProperties", pattern), ("properties", "a", "pattern")}


def test_a_pattern_is_matched_in_linear_time() -> None:
    assert faults_of('{"pattern":"^(a+)+$"}', "a" * 50_000 + "b") == [((), "does not match ^(a+)+$")]


@pytest.mark.parametrize(
    "schema",
    [
        nested(65),
        nested(5_000),
        {"properties": {f"q{at}": {"title": "x" * 300} for at in range(1_000)}},
        {"title": "\ud800"},
        chain(60, {}, times=2),
        chain(600, {}),
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}},
        chain(200, {"properties": {"a": {"$ref": "#/$defs/a0"}}}),
        {
            "$defs": {"n": {"unevaluatedProperties": False, "properties": {"a": {"$ref": "#/$defs/n"}}}},
            "$ref": "#/$defs/n",
        },
    ],
    ids=[
        "deep",
        "very deep",
        "long",
        "no text",
        "doubling",
        "many places",
        "two of itself",
        "long way round",
        "repeating",
    ],
)
def test_what_would_unfold_without_end_is_refused(schema: Any) -> None:
    assert places(schema) == [()]


def test_a_schema_may_refer_to_itself() -> None:
    assert schema_faults(TREE) == []
    told = faults_of(json.dumps(TREE), {"name": "a", "children": [{"name": "b", "children": [{"name": 3}]}]})
    assert told == [(("children", 0, "children", 0, "name"), "must be a text")]
    assert schema_faults({"$ref": "#"}) == []
    assert faults_of('{"$ref":"#"}', 3) == []


def test_the_most_that_may_unfold_leaves_a_threads_stack_whole() -> None:
    schema = chain(36, {"properties": {"a": {"$ref": "#/$defs/a0"}}})
    assert schema_faults(schema) == []
    data: Any = {}
    for _ in range(63):
        data = {"a": data}
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(faults_of(json.dumps(schema), data)))
    before = threading.stack_size(2 * 1024 * 1024)
    try:
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    assert found == [[]]


@pytest.mark.parametrize(
    ("schema", "data", "told"),
    [
        ({"type": "integer"}, "1", [((), "must be a whole number")]),
        ({"type": ["string", "null"]}, 1, [((), "must be null or a text")]),
        ({"required": ["a", "b"]}, {}, [(("a",), "is required"), (("b",), "is required")]),
        ({"properties": {}, "additionalProperties": False}, {"a": 1}, [(("a",), "is not expected")]),
        ({"properties": {"a": False}}, {"a": 1}, [(("a",), "is not expected")]),
        ({"enum": ["a", 1]}, "b", [((), "must be one of a, 1")]),
        ({"const": None}, "b", [((), "must be null")]),
        ({"oneOf": [{"const": "a"}, {"const": "b"}]}, "c", [((), "must be one of a, b")]),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "c", [((), "must be a whole number or true or false")]),
        ({"oneOf": [{"type": "integer"}, {"minimum": 1}]}, 3, [((), "fits more than one of what is allowed")]),
        ({"anyOf": [{"minimum": 1}, {"type": "string"}]}, 0, [((), "fits none of what is allowed")]),
        ({"minimum": 3}, 1.5, [((), "must be 3 at least")]),
        ({"exclusiveMaximum": 3}, 3, [((), "must be less than 3")]),
        ({"multipleOf": 2}, 3, [((), "must be a multiple of 2")]),
        ({"maxLength": 1}, "ab", [((), "must have 1 characters at most")]),
        ({"items": {"minLength": 1}}, ["a", ""], [((1,), "must have 1 characters at least")]),
        ({"minItems": 3}, ["a", ""], [((), "must have 3 entries at least")]),
        ({"uniqueItems": True}, [1, 1], [((), "holds an entry more than once")]),
        ({"format": "date"}, "2018-02-30", [((), "must be in the form of date")]),
        ({"not": {"type": "string"}}, "a", [((), "is what is not allowed")]),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, [((), "has a field whose name is not allowed")]),
    ],
)  # fmt: skip
def test_each_fault_of_an_answer_is_a_sentence(schema: Any, data: Any, told: list[Any]) -> None:
    assert schema_faults(schema) == []
    assert sorted(faults_of(json.dumps(schema), data), key=repr) == sorted(told, key=repr)


def test_an_answer_that_fits_has_no_faults_and_one_that_does_not_a_hundred_at_most() -> None:
    schema = json.dumps({"items": {"type": "integer"}})
    assert faults_of(schema, [1, 2.0]) == []
    assert len(faults_of(schema, ["x"] * 1_000)) == FAULTS_TOLD
    assert len(schema_faults({"properties": {f"q{at}": 3 for at in range(1_000)}})) == FAULTS_TOLD


@pytest.mark.parametrize("data", ["\ud800", nested(65), nested(5_000)])
def test_answers_that_cannot_be_kept_do_not_fit(data: Any) -> None:
    assert [path for path, _ in faults_of("{}", data)] == [()]
