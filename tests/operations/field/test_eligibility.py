"""Tasks are offered to those who may do them now: each condition by itself, and all together as read naively."""

import random
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from ground import ADMIN, ANN, ROOT, START, STRANGER, Ground
from plans import insert
from rota.domain.field.geo import earth_centred
from rota.domain.field.queries import Order, Query
from rota.store.port import Store

ME = "(SELECT id FROM users WHERE email = 'ann@x.org')"
BOB_ID = "(SELECT id FROM users WHERE email = 'bob@x.org')"
OFFERED = Query(named=("eligible",), order=(Order("id"),), limit=1000)
TASK = (
    "id, account_id, name, folded_name, description, start_at, end_at, timing_rule, zone, start_given, end_given,"
    " status, total_submission_target, user_submission_target, required_expertise, target_content_type, target_id,"
    " created_by, created_at, modified_at, submission_count, approved_count, pending_count, rejected_count"
)
RULE = (
    "id, account_id, name, description, target_content_type, target_field, target_field_value, active, "
    "created_at, modified_at"
)
OCCURRENCE = (
    "account_id, task_id, location_id, date, week, week_day, start_time, end_time, starts_at, ends_at, created_at"
)
SUBMISSION = (
    "account_id, task_id, user_id, submitted_at, valid, status, comments, data, target_content_type, target_id,"
    " created_at, modified_at"
)


def run(ground: Ground, *statements: str) -> None:
    with ground.store.write() as tx:
        for each in statements:
            tx._connection.execute(each)  # type: ignore[attr-defined]


def put(ground: Ground, table: str, columns: str, *rows: str) -> None:
    if rows:
        with ground.store.write() as tx:
            insert(tx, table, columns, rows)


def of(value: object) -> str:
    return "NULL" if value is None else str(value).upper() if isinstance(value, bool) else repr(value)


@pytest.fixture
def ground(store: Store) -> Ground:
    """Task 1 is offered to Ann: every condition is there, and holds."""
    ground = Ground.found(store)
    run(ground, "UPDATE users SET name = 'Ann', expertise = 2 WHERE email = 'ann@x.org'")
    put(ground, "location_types", "id, account_id, name, created_at, modified_at", f"(1, '{ROOT}', 'Shop', 1, 1)")
    places = [
        f"({number}, '{ROOT}', '{name}', 'KE', 'd', {parent}, {kind}, {x}, 0, 0, 1, 1)"
        for number, name, parent, kind, x in ((1, "Nairobi", "NULL", "NULL", 1), (2, "Market", 1, 1, 10))
    ]
    columns = (
        "id, account_id, name, country, description, parent_id, location_type_id, x, y, z, created_at, modified_at"
    )
    put(ground, "locations", columns, *places)
    values = (
        1,
        ROOT,
        "t",
        "t",
        "",
        START,
        START,
        "FREQ=DAILY",
        "UTC",
        True,
        True,
        "a",
        3,
        2,
        2,
        15,
        1,
        1,
        1,
        1,
        3,
        1,
        1,
    )
    task = f"({', '.join(map(of, (*values, 1)))})"
    put(ground, "tasks", TASK, task)
    put(ground, "task_locations", "task_id, location_id", "(1, 1)", "(1, 2)")
    occurrence = f"('{ROOT}', 1, NULL, 20180626, 26, 3, 0, 1, {START - 1}, {START + 1}, 1)"
    put(ground, "occurrences", OCCURRENCE, occurrence)
    rules = (
        f"(1, '{ROOT}', 'r', '', 13, 'role', 'member', TRUE, 1, 1)",
        f"(2, '{ROOT}', 'r', '', 15, 'parent_name', 'Nairobi', TRUE, 1, 1)",
        f"(3, '{ROOT}', 'r', '', 13, 'email', 'nobody', FALSE, 1, 1)",
        f"(4, '{ROOT}', 'r', '', 15, 'name', 'nowhere', FALSE, 1, 1)",
    )
    put(ground, "segment_rules", RULE, *rules)
    put(ground, "task_segment_rules", "task_id, segment_rule_id", "(1, 1)", "(1, 2)", "(1, 3)", "(1, 4)")
    answers = (
        f"('{ROOT}', 1, {who}, 1, TRUE, '{status}', '', '', 15, 1, 1, 1)"
        for who, status in ((ME, "a"), (ME, "b"), (BOB_ID, "d"))
    )
    put(ground, "submissions", SUBMISSION, *answers)
    return ground


def is_offered(ground: Ground, who: str = ANN) -> bool:
    return 1 in ground.find("task", OFFERED, who=who).ids


TASKS, RULES = "UPDATE tasks SET", "UPDATE segment_rules SET"
CLOSES = {
    "a draft": f"{TASKS} status = 'd'",
    "not begun": f"{TASKS} start_at = {START + 1}, end_at = NULL",
    "over": f"{TASKS} end_at = {START - 1}",
    "too hard": f"{TASKS} required_expertise = 3",
    "total target": f"{TASKS} total_submission_target = 2",
    "own target": f"{TASKS} user_submission_target = 1",
    "own target of none": f"{TASKS} user_submission_target = 0",
    "another role": f"{RULES} target_field_value = 'admin' WHERE id = 1",
    "another expertise": f"{RULES} target_field = 'expertise', target_field_value = '3' WHERE id = 1",
    "another name": f"{RULES} target_field = 'name', target_field_value = 'Bob' WHERE id = 1",
    "another id": f"{RULES} target_field = 'id', target_field_value = '1' WHERE id = 1",
    "no such field": f"{RULES} target_field = 'shoe', target_field_value = '' WHERE id = 1",
    "a rule not met": f"{RULES} active = TRUE WHERE id = 3",
    "no location so called": f"{RULES} active = TRUE WHERE id = 4",
    "another parent": f"{RULES} target_field_value = 'Mombasa' WHERE id = 2",
    "no such type": f"{RULES} target_field = 'location_type', target_field_value = '2' WHERE id = 2",
    "only elsewhere": "DELETE FROM task_locations WHERE location_id = 2",
    "an occurrence to come": f"UPDATE occurrences SET starts_at = {START + 1}, ends_at = {START + 2}",
    "an occurrence that was": f"UPDATE occurrences SET starts_at = {START - 2}, ends_at = {START - 1}",
    "no occurrence": "DELETE FROM occurrences",
    "an occurrence where it is not offered": "UPDATE occurrences SET location_id = 1",
}
LEAVES = {
    "no end": f"{TASKS} end_at = NULL",
    "no targets": f"{TASKS} total_submission_target = NULL, user_submission_target = NULL",
    "another's submissions": f"UPDATE submissions SET user_id = {BOB_ID}",
    "an email": f"{RULES} target_field = 'email', target_field_value = 'ann@x.org' WHERE id = 1",
    "an expertise": f"{RULES} target_field = 'expertise', target_field_value = '2' WHERE id = 1",
    "a name": f"{RULES} target_field = 'name', target_field_value = 'Ann' WHERE id = 1",
    "a parent": f"{RULES} target_field = 'parent', target_field_value = '1' WHERE id = 2",
    "a type": f"{RULES} target_field = 'location_type_name', target_field_value = 'Shop' WHERE id = 2",
    "the type's id": f"{RULES} target_field = 'location_type', target_field_value = '1' WHERE id = 2",
    "an id": f"{RULES} target_field = 'id', target_field_value = '2' WHERE id = 2",
    "a country": f"{RULES} target_field = 'country', target_field_value = 'KE' WHERE id = 2",
    "a description": f"{RULES} target_field = 'description', target_field_value = 'd' WHERE id = 2",
    "an occurrence where it is offered": "UPDATE occurrences SET location_id = 2",
    "no locations and no rule about them": "DELETE FROM task_segment_rules WHERE segment_rule_id = 2",
}


class Undone(Exception):
    pass


def offered_after(ground: Ground, changes: Mapping[str, str]) -> dict[str, bool]:
    """Whether task 1 is offered to Ann after each change by itself."""
    answers = {}
    with ground.store.write() as tx:
        for name, change in changes.items():
            with suppress(Undone), tx.savepoint():
                tx._connection.execute(change)  # type: ignore[attr-defined]
                found = ground.kept("task").find(tx, ground.actors[ANN], OFFERED, now=ground.time)
                answers[name] = 1 in found.ids
                raise Undone
    return answers


def test_each_condition_alone_withdraws_a_task(ground: Ground) -> None:
    assert is_offered(ground)
    assert offered_after(ground, CLOSES) == dict.fromkeys(CLOSES, False)


def test_what_does_not_matter_leaves_it(ground: Ground) -> None:
    assert offered_after(ground, LEAVES) == dict.fromkeys(LEAVES, True)


def test_a_task_without_a_rule_is_timed_by_its_locations_if_at_all(ground: Ground) -> None:
    run(ground, f"{TASKS} timing_rule = NULL", "DELETE FROM occurrences")
    assert is_offered(ground)
    run(ground, "UPDATE task_locations SET timing_rule = 'FREQ=DAILY' WHERE location_id = 1")
    assert is_offered(ground)
    run(ground, "UPDATE task_locations SET timing_rule = 'FREQ=DAILY' WHERE location_id = 2")
    assert not is_offered(ground)
    put(ground, "occurrences", OCCURRENCE, f"('{ROOT}', 1, 2, 20180626, 26, 3, 0, 1, {START}, {START + 1}, 1)")
    assert is_offered(ground)


def test_others_are_offered_what_they_may_do(ground: Ground) -> None:
    assert not is_offered(ground, ADMIN)
    run(ground, f"{RULES} active = FALSE", "UPDATE users SET expertise = 2")
    assert is_offered(ground, ADMIN)
    assert not is_offered(ground, STRANGER)


def test_the_nearest_come_first_and_what_is_nowhere_last(ground: Ground) -> None:
    """Task 1 has a nearer location, at which its rules do not let it be done."""
    columns = ", ".join(each.strip() for each in TASK.split(",") if each.strip() != "id")
    for number in (2, 3, 4):
        run(ground, f"INSERT INTO tasks (id, {columns}) SELECT {number}, {columns} FROM tasks WHERE id = 1")
    put(
        ground,
        "locations",
        "id, account_id, name, country, description, x, y, z, created_at, modified_at",
        f"(3, '{ROOT}', 'near', '', '', 7, 0, 0, 1, 1)",
        f"(4, '{ROOT}', 'unknown', '', '', NULL, NULL, NULL, 1, 1)",
    )
    put(ground, "task_locations", "task_id, location_id", "(3, 3)", "(3, 2)", "(4, 4)")
    near: Mapping[str, Any] = dict(zip(("near_x", "near_y", "near_z"), (0.0, 0.0, 0.0), strict=True))
    assert ground.find("task", Query(order=(Order("near"),), params=near)).ids == (3, 1, 2, 4)
    both = Query(order=(Order("near"),), params=near, named=("eligible",))
    assert ground.find("task", both, who=ANN).ids == (1,)


def test_near_is_by_the_earth() -> None:
    def squared(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
        return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))

    here = earth_centred(179.9, -1.0)
    assert squared(here, earth_centred(-179.9, -1.0)) < squared(here, earth_centred(179.0, -1.0))


@dataclass(frozen=True)
class Made:
    """A task as Python has it: rules are a content type, a field, a value and whether they are active."""

    id: int
    status: str
    start: int
    end: int | None
    timed: bool
    expertise: int
    total: int | None
    own: int | None
    answers: tuple[tuple[bool, str], ...]
    places: tuple[int, ...]
    rules: tuple[tuple[int, str, str, bool], ...]
    occurrences: tuple[tuple[int | None, int, int], ...]


USER = {"role": "member", "name": "Ann", "expertise": "2"}
PLACES = {1: {"name": "Nairobi", "country": "KE"}, 2: {"name": "Market", "country": "KE"}}
OF_USERS = [("role", "member"), ("role", "admin"), ("name", "Ann"), ("expertise", "2"), ("expertise", "3")]
OF_PLACES = [("name", "Nairobi"), ("name", "Market"), ("country", "KE"), ("country", "UG")]


def made(number: int, chance: random.Random) -> Made:
    places = tuple(chance.sample([1, 2], chance.randrange(3)))
    users = [(13, *chance.choice(OF_USERS), chance.random() < 0.6) for _ in range(chance.choice([0, 0, 1, 2]))]
    wheres = [(15, *chance.choice(OF_PLACES), chance.random() < 0.6) for _ in range(chance.choice([0, 0, 1, 2]))]
    begins = [START + chance.choice([-20, -10, 0, 1]) for _ in range(chance.randrange(4))]
    return Made(
        number,
        chance.choice("aaaaaad"),
        START + chance.choice([-1, 0, 0, -1, 1]),
        chance.choice([None, START, START + 1, START + 1, START - 1]),
        chance.random() < 0.5,
        chance.choice([1, 2, 2, 3]),
        chance.choice([None, 1, 3, 3]),
        chance.choice([None, 1, 2, 2]),
        tuple((chance.random() < 0.5, chance.choice("abcd")) for _ in range(chance.randrange(4))),
        places,
        (*users, *wheres),
        tuple((chance.choice([None, *places]), at, at + chance.choice([1, 10, 30])) for at in begins),
    )


def fits(known: Mapping[str, str], rules: list[tuple[int, str, str, bool]]) -> bool:
    return all(known[field] == value for _, field, value, _ in rules)


def naive(task: Made) -> bool:
    active = [rule for rule in task.rules if rule[3]]
    of_user, of_place = ([rule for rule in active if rule[0] == each] for each in (13, 15))
    counted = [mine for mine, status in task.answers if status != "b"]
    there = [place for place in task.places if fits(PLACES[place], of_place)]
    return (
        task.status == "a"
        and task.start <= START
        and (task.end is None or task.end >= START)
        and task.expertise <= 2
        and (task.total is None or len(counted) < task.total)
        and (task.own is None or sum(counted) < task.own)
        and fits(USER, of_user)
        and (not of_place or bool(there))
        and (
            not task.timed
            or any(
                begin <= START <= end and (place is None or place in there) for place, begin, end in task.occurrences
            )
        )
    )


def rows_of(task: Made, first_rule: int) -> Iterator[tuple[str, str, str]]:
    """Tables, columns and rows; rules have ids of their own."""
    statuses = [status for _, status in task.answers]
    counts = [statuses.count("a"), statuses.count("c") + statuses.count("d"), statuses.count("b")]
    rule = "FREQ=DAILY" if task.timed else None
    values = (
        task.id,
        ROOT,
        "t",
        "t",
        "",
        task.start,
        task.end,
        rule,
        "UTC",
        True,
        True,
        task.status,
        task.total,
        task.own,
    )
    more = (task.expertise, 15, 1, 1, 1, 1, sum(counts), *counts)
    yield "tasks", TASK, f"({', '.join(map(of, (*values, *more)))})"
    for place in task.places:
        yield "task_locations", "task_id, location_id", f"({task.id}, {place})"
    for at, (kind, field, value, active) in enumerate(task.rules):
        columns = (first_rule + at, ROOT, "r", "", kind, field, value, active, 1, 1)
        yield "segment_rules", RULE, f"({', '.join(map(of, columns))})"
        yield "task_segment_rules", "task_id, segment_rule_id", f"({task.id}, {first_rule + at})"
    for at, (spot, begin, end) in enumerate(task.occurrences):
        when = (ROOT, task.id, spot, 20180626, 26, 3, at, 1, begin, end, 1)
        yield "occurrences", OCCURRENCE, f"({', '.join(map(of, when))})"
    for mine, status in task.answers:
        who = ME if mine else BOB_ID
        yield "submissions", SUBMISSION, f"('{ROOT}', {task.id}, {who}, 1, TRUE, '{status}', '', '', 15, 1, 1, 1)"


def test_what_is_offered_is_what_a_naive_reading_offers(ground: Ground) -> None:
    chance = random.Random(11)
    tasks = [made(number, chance) for number in range(2, 802)]
    tables: dict[tuple[str, str], list[str]] = {}
    for task in tasks:
        for table, columns, row in rows_of(task, task.id * 10):
            tables.setdefault((table, columns), []).append(row)
    for (table, columns), rows in tables.items():
        put(ground, table, columns, *rows)
    run(ground, "DELETE FROM task_segment_rules WHERE task_id = 1", "DELETE FROM occurrences WHERE task_id = 1")
    expected = [task.id for task in tasks if naive(task)]
    found = ground.find("task", OFFERED, who=ANN)
    assert (list(found.ids), found.count) == (expected, len(expected))
    assert len(expected) > 30
