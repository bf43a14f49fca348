"""Segment rules: kept, judged as they come to be, and gone from tasks with their deletion."""

import json
from typing import Any

import pytest

import planted
from ground import ANN, STRANGER, Ground
from rota.domain.errors import Forbidden, RecordNotFound, UnfitRecord
from rota.store.port import Store

RULE = {"name": "Kenya", "target_content_type": 15, "target_field": "country", "target_field_value": "KE"}


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def faults(ground: Ground, number: int, **given: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(UnfitRecord) as raised:
        ground.change("segment_rule", number, **given)
    return [(*fault.path, fault.sentence) for fault in raised.value.faults]


def test_a_rule_is_kept_as_it_was_written(ground: Ground) -> None:
    number = ground.create("segment_rule", **RULE, active=False, description="at home")
    kept = ground.get("segment_rule", number)
    assert (kept.name, kept.description, kept.active) == ("Kenya", "at home", False)
    assert (kept.target_content_type, kept.target_field, kept.target_field_value) == (15, "country", "KE")
    ground.change("segment_rule", number, active=True)
    assert ground.get("segment_rule", number).active is True
    assert [event["facts"] for event in ground.events(f"segment_rule:{number}")][1:] == [
        '{"before":{"active":false},"after":{"active":true}}'
    ]
    ground.change("segment_rule", number, active=True)
    assert len(ground.events(f"segment_rule:{number}")) == 2


def test_all_faults_are_told_at_once(ground: Ground) -> None:
    with pytest.raises(UnfitRecord) as raised:
        ground.create("segment_rule")
    required = [("name",), ("target_content_type",), ("target_field",), ("target_field_value",)]
    assert [(fault.path, fault.sentence) for fault in raised.value.faults] == [
        (path, "is required") for path in required
    ]


def test_another_target_needs_a_field_that_it_has(ground: Ground) -> None:
    number = ground.create("segment_rule", **RULE)
    assert faults(ground, number, target_content_type=13) == [
        ("target_field", "must be one of id, email, name, role, expertise")
    ]
    assert [fault[0] for fault in faults(ground, number, target_field="email")] == ["target_field"]
    ground.change("segment_rule", number, target_content_type=13, target_field="expertise", target_field_value=3)
    assert ground.get("segment_rule", number).target_field_value == "3"


def test_tasks_lose_a_rule_that_is_deleted(ground: Ground) -> None:
    gone, stays = (ground.create("segment_rule", **RULE) for _ in range(2))
    task, other = planted.task(ground), planted.task(ground)
    for task_id, rule in ((task, gone), (task, stays), (other, stays)):
        planted.insert(ground, "task_segment_rules", task_id=task_id, segment_rule_id=rule)
    ground.delete("segment_rule", gone)
    told = [(event["kind"], json.loads(event["facts"])) for event in ground.events(f"task:{task}")]
    change = {"before": {"segment_rules": [gone, stays]}, "after": {"segment_rules": [stays]}}
    assert told == [("task.changed", change)]
    assert ground.events(f"task:{other}") == []
    assert ground.find("segment_rule").ids == (stays,)


def test_rules_are_for_admins_of_the_account(ground: Ground) -> None:
    number = ground.create("segment_rule", **RULE)
    for refused in (
        lambda: ground.find("segment_rule", who=ANN),
        lambda: ground.load("segment_rule", [number], who=ANN),
        lambda: ground.create("segment_rule", who=ANN, **RULE),
        lambda: ground.delete("segment_rule", number, who=ANN),
    ):
        with pytest.raises(Forbidden):
            refused()
    with pytest.raises(RecordNotFound):
        ground.delete("segment_rule", number, who=STRANGER)
