"""Clients and location types: kept, found, renamed, removed, told of; and nobody else's business."""

import pytest

from ground import ADMIN, ANN, STRANGER, Ground
from rota.domain.errors import Forbidden, RecordNotFound, UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.queries import Comparison, Condition, Found, Order, Query
from rota.store.port import Store


@pytest.fixture
def ground(store: Store) -> Ground:
    return Ground.found(store)


def test_a_record_is_kept_renamed_and_removed_and_the_log_is_told(ground: Ground) -> None:
    number = ground.create("client", name="  Acme ")
    assert ground.get("client", number).name == "Acme"
    ground.wait(1)
    ground.change("client", number, name="Ajax")
    assert (ground.get("client", number).name, ground.get("client", number).modified_at) == ("Ajax", ground.time)
    ground.delete("client", number)
    assert ground.load("client", [number]) == []
    told = [(event["kind"], event["facts"]) for event in ground.events(f"client:{number}")]
    assert told == [
        ("client.created", '{"after":{"name":"Acme"}}'),
        ("client.changed", '{"before":{"name":"Acme"},"after":{"name":"Ajax"}}'),
        ("client.deleted", '{"before":{"name":"Ajax"}}'),
    ]


def test_what_changes_nothing_is_no_change(ground: Ground) -> None:
    number = ground.create("client", name="Acme")
    ground.wait(1)
    ground.change("client", number, name="Acme")
    assert len(ground.events(f"client:{number}")) == 1
    assert ground.get("client", number).modified_at < ground.time


def test_all_faults_are_told_at_once(ground: Ground) -> None:
    with pytest.raises(UnfitRecord) as raised:
        ground.create("client", size=3)
    assert raised.value.faults == (
        Fault(("size",), "is not a field that can be written"),
        Fault(("name",), "is required"),
    )


def test_another_accounts_records_do_not_exist(ground: Ground) -> None:
    number = ground.create("location_type", name="Shop")
    assert ground.load("location_type", [number], who=STRANGER) == []
    assert ground.find("location_type", who=STRANGER) == Found((), 0)
    with pytest.raises(RecordNotFound):
        ground.change("location_type", number, who=STRANGER, name="Mine")
    with pytest.raises(RecordNotFound):
        ground.delete("location_type", number, who=STRANGER)


def test_members_see_location_types_and_no_clients_and_write_neither(ground: Ground) -> None:
    number = ground.create("location_type", name="Shop")
    assert [each.name for each in ground.load("location_type", [number], who=ANN)] == ["Shop"]
    for verb in (ground.find, ground.create):
        with pytest.raises(Forbidden):
            verb("client", who=ANN)
    with pytest.raises(Forbidden):
        ground.change("location_type", number, who=ANN, name="Mine")


def test_a_page_is_in_the_order_asked_for_and_counts_all(ground: Ground) -> None:
    numbers = [ground.create("client", name=name) for name in ("b", "a", "c", "a")]
    query = Query(order=(Order("name", descending=True),), limit=3)
    assert ground.find("client", query) == Found((numbers[2], numbers[0], numbers[1]), 4)
    named = Query(conditions=(Condition("name", Comparison.IN, ("a", "c")),), order=(Order("id"),), offset=1)
    assert ground.find("client", named, who=ADMIN) == Found((numbers[2], numbers[3]), 3)
