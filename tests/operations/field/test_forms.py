"""Forms: schemas that can be checked against are taken, ids are unique, and a form that a task is about stays."""

import json
from typing import Any

import pytest

import planted
from ground import ADMIN, ANN, STRANGER, Ground
from races import overlap
from rota.domain.errors import Forbidden, RecordNeeded, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.queries import Found
from rota.operations.field.forms import Forms
from rota.store.port import Store, Tx
from rota.store.sqlite import SqliteStore

AGE = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def faults(ground: Ground, **given: Any) -> list[tuple[Any, ...]]:
    with pytest.raises(UnfitRecord) as raised:
        ground.create("form", **given)
    return [(*fault.path, fault.sentence) for fault in raised.value.faults]


def test_a_form_is_kept_as_it_was_given_and_its_id_is_made_from_the_title(ground: Ground) -> None:
    form = ground.get("form", ground.create("form", title=" Wasser & Brücken: 2018! ", fields=AGE))
    assert (form.title, form.id_string, form.version) == ("Wasser & Brücken: 2018!", "wasser_brucken_2018", "1")
    assert (json.loads(form.fields), form.has_task) == (AGE, False)
    given = ground.get(
        "form", ground.create("form", title="水", id_string="Form2 id", version=7, fields=json.dumps(AGE))
    )
    assert (given.id_string, given.version, json.loads(given.fields)) == ("Form2 id", "7", AGE)
    assert ground.get("form", ground.create("form", title="水", fields={})).id_string == "form"


def test_an_id_is_given_once_in_an_account(ground: Ground) -> None:
    first = ground.create("form", title="One", fields={})
    assert faults(ground, title="one", fields={}) == [("id_string", "is taken")]
    second = ground.create("form", title="Two", fields={})
    with pytest.raises(UnfitRecord) as raised:
        ground.change("form", second, id_string="one", title="Three")
    assert raised.value.faults == (Fault(("id_string",), "is taken"),)
    assert ground.get("form", second).title == "Two"
    assert [each["kind"] for each in ground.events(f"form:{second}")] == ["form.created"]
    ground.change("form", first, id_string="one")
    ground.create("form", who=STRANGER, title="One", fields={})


def test_all_faults_are_told_at_once(ground: Ground) -> None:
    assert faults(ground, color=1) == [
        ("color", "is not a field that can be written"),
        ("title", "is required"),
    ]
    bad = {"properties": {"a": {"type": "integr"}, "b": {"minimum": "3"}}, "required": "a"}
    assert {each[:-1] for each in faults(ground, title="", version="", fields=bad)} == {
        ("title",),
        ("version",),
        ("fields", "properties", "a", "type"),
        ("fields", "properties", "b", "minimum"),
        ("fields", "required"),
    }


def test_a_form_without_fields_takes_whatever_answers_come(ground: Ground) -> None:
    assert ground.get("form", ground.create("form", title="Form2", id_string="form2_id")).fields == "{}"


@pytest.mark.parametrize("value", [None, 3, "{", "3", [], True, "\ud800"])
def test_what_is_no_object_is_no_schema(ground: Ground, value: Any) -> None:
    assert faults(ground, title="x", fields=value) == [("fields", "must be a JSON Schema, which is an object")]


def test_fields_may_change_while_a_task_is_about_the_form_which_then_stays(ground: Ground) -> None:
    form = ground.create("form", title="One", fields=AGE)
    planted.task(ground, target_content_type=16, target_id=form)
    assert ground.get("form", form).has_task
    ground.change("form", form, fields={"type": "object"})
    assert ground.get("form", form).fields == '{"type":"object"}'
    with pytest.raises(RecordNeeded) as raised:
        ground.delete("form", form)
    assert (raised.value.kind, raised.value.needed_by) == ("form", "tasks")
    other = ground.create("form", title="Two", fields={})
    ground.delete("form", other)
    assert ground.load("form", [form, other]) == [ground.get("form", form)]


def test_a_change_that_is_no_schema_changes_nothing(ground: Ground) -> None:
    form = ground.create("form", title="One", fields=AGE)
    with pytest.raises(UnfitRecord) as raised:
        ground.change("form", form, title="Two", fields={"$ref": "https://example.org/schema"})
    assert [fault.path for fault in raised.value.faults] == [("fields", "$ref")]
    assert ground.get("form", form).title == "One"


def test_members_read_forms_and_write_none_and_others_see_none(ground: Ground) -> None:
    form = ground.create("form", title="One", fields={})
    assert ground.find("form", who=ANN) == Found((form,), 1)
    assert ground.get("form", form, who=ANN).title == "One"
    with pytest.raises(Forbidden):
        ground.create("form", who=ANN, title="Mine", fields={})
    with pytest.raises(Forbidden):
        ground.change("form", form, who=ANN, title="Mine")
    with pytest.raises(Forbidden):
        ground.delete("form", form, who=ANN)
    assert ground.load("form", [form], who=STRANGER) == []
    with pytest.raises(RecordNotFound):
        ground.change("form", form, who=STRANGER, title="Mine")


def test_of_two_who_take_an_id_at_once_one_is_told_that_it_is_taken(ground: Ground) -> None:
    if isinstance(ground.store, SqliteStore):
        pytest.skip("SQLite lets one write after the other")
    forms = Forms(ground.terms)
    old = ground.create("form", title="Old", fields={})

    def create(tx: Tx) -> Any:
        return forms.create(tx, ground.actors[ADMIN], {"title": "New", "fields": {}}, now=1)

    def rename(tx: Tx) -> Any:
        return forms.change(tx, ground.actors[ADMIN], old, {"id_string": "new"}, now=1)

    for second in (create, rename):
        first, refused = overlap(ground.store, create, ground.store, second)
        assert isinstance(refused, UnfitRecord)
        assert refused.faults == (Fault(("id_string",), "is taken"),)
        ground.delete("form", first)


def test_a_task_that_comes_to_be_about_a_form_keeps_it(ground: Ground) -> None:
    if isinstance(ground.store, SqliteStore):
        pytest.skip("SQLite lets one write after the other")
    form = ground.create("form", title="One", fields={})
    actor = ground.actors[ADMIN]
    given = {"name": "x", "start": "2018-06-27T00:00:00", "target_content_type": 16, "target_id": form}

    def create(tx: Tx) -> Any:
        return ground.kept("task").create(tx, actor, given, now=ground.time)

    def delete(tx: Tx) -> Any:
        return ground.kept("form").delete(tx, actor, form, now=ground.time)

    _, refused = overlap(ground.store, create, ground.store, delete)
    assert isinstance(refused, RecordNeeded)
    assert ground.get("form", form).has_task
