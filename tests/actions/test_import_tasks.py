"""Importing tasks: cells as fields, names as ids, one outcome a row, rights, and a constant number of statements."""

from collections.abc import Sequence
from typing import Any

from actions.world import NOW, World, errors
from books import query
from ground import TERMS
from plans import insert
from rota.actions import field
from rota.actions.registry import Answer
from rota.domain.accounts import Actor
from rota.domain.field.tasks import Task
from rota.operations import accounts
from rota.operations.field.everything import collections
from rota.store.port import Tx

FIELDS = ("name", *field.TASK_COLUMNS)
ADMIN = {"target_content_type": "user"}


def cells(world: World, **given: str) -> dict[str, str]:
    whole = {"name": "Awful Task", "timing_rule": "FREQ=DAILY;COUNT=3", "target_content_type": "user"}
    return {**dict.fromkeys(FIELDS, ""), **whole, "target_id": f"{world.admin}", **given}


def imported(world: World, rows: Sequence[dict[str, str]], **whose: Any) -> list[Answer]:
    return world.change(field.import_tasks, rows, **whose)


def refusal(world: World, **given: str) -> str:
    (found,) = errors(imported(world, [cells(world, **given)]))
    return found


def actor(world: World, tx: Tx) -> Actor:
    found = accounts.actor_of_user(tx, world.admin)
    assert found
    return found


def load(world: World, kind: str, ids: Sequence[int]) -> list[Any]:
    with world.store.read() as tx:
        return collections(TERMS)[kind].load(tx, actor(world, tx), ids, now=NOW)


def tasks(world: World, answers: Sequence[Any]) -> list[Task]:
    return load(world, "task", [each["task_id"] for each in answers])


def create(world: World, kind: str, **given: Any) -> int:
    with world.store.write() as tx:
        return collections(TERMS)[kind].create(tx, actor(world, tx), given, now=NOW)


def plant(world: World, table: str, **columns: str) -> int:
    """A row of a table of which only these columns matter."""
    values = {"account_id": world.reseller, "created_at": "1", "modified_at": "1", **columns}
    names, texts = ", ".join(values), ", ".join(f"'{each}'" for each in values.values())
    with world.store.write() as tx:
        connection: Any = tx._connection  # type: ignore[attr-defined]
        return int(connection.execute(f"INSERT INTO {table} ({names}) VALUES ({texts}) RETURNING id").fetchone()["id"])


def plant_job(world: World, account_id: str) -> int:
    """The number of a new job of the account."""
    columns = "id, account_id, auth_account_id, user_id, category, action, header, out_header, ordered, created_at"
    whose = f"'{account_id}', '{account_id}', '{account_id}', {world.admin}"
    with world.store.write() as tx:
        insert(tx, "jobs", f"{columns}, status", [f"({whose}, 'trial', 'row', '[]', '[]', FALSE, 1, 'pending')"])
        (row,) = query(tx, f"SELECT id FROM job_numbers WHERE job_id = '{account_id}'")
    return int(row["id"])


def location(world: World, name: str) -> int:
    return plant(world, "locations", name=name, country="", description="")


def test_cells_are_the_fields(world: World) -> None:
    client, shop, mall = create(world, "client", name="Acme"), location(world, "a shop"), location(world, "a mall")
    project = plant(world, "projects", name="Census")
    rule = plant(
        world,
        "segment_rules",
        name="experts",
        description="",
        target_content_type="13",
        target_field="expertise",
        target_field_value="4",
        active="1",
    )
    parent, child = imported(world, [cells(world), cells(world, name="other")])
    answers = imported(
        world,
        [
            cells(
                world,
                name=" Count shelves ",
                description="All\nof them",
                start="2030-06-12T17:48:34+03:00",
                end="2030-06-20T00:00:00+03:00",
                timing_rule="FREQ=DAILY",
                total_submission_target="1000",
                user_submission_target="5",
                status="a",
                estimated_time="3 2:20:10",
                target_content_type="location",
                target_id="a mall",
                required_expertise="3",
                amount="12.50",
                parent=f"{parent['task_id']}",
                client="Acme",
                project="Census",
                segment_rules="experts",
                locations=f"a shop; {mall}",
            )
        ],
    )
    (made,) = tasks(world, answers)
    assert (made.name, made.description, made.status) == ("Count shelves", "All\nof them", "s")
    assert (made.total_submission_target, made.user_submission_target, made.required_expertise) == (1000, 5, 3)
    assert made.estimated_us == ((3 * 24 + 2) * 3_600 + 20 * 60 + 10) * 1_000_000
    assert (made.target_content_type, made.target_id, made.bounty_amount) == (15, mall, 1250)
    assert (made.parent_id, made.client_id, made.project_id) == (parent["task_id"], client, project)
    assert ([each.location_id for each in made.locations], made.segment_rules) == ([shop, mall], (rule,))
    assert made.occurrence_count == 2 * 8
    assert load(world, "bounty", [made.bounty_id or 0])[0].task_id == made.id
    assert child != parent


def test_a_row_that_cannot_be_taken_says_all_that_is_wrong_and_spares_the_others(world: World) -> None:
    location(world, "a shop")
    rows = [
        cells(world, name=" "),
        cells(world, timing_rule="FREQ=NEVER", amount="0", parent="77"),
        cells(world, target_content_type="planet", target_id=""),
        cells(world, locations="a shop;999;nowhere", client="nobody"),
        cells(world),
    ]
    found = errors(imported(world, rows))
    assert found[0] == "name may not be blank"
    assert "amount " in found[1] and "timing_rule " in found[1] and "parent does not exist" in found[1]
    assert found[2] == "target_content_type is the name of no content type; target_id is required"
    assert found[3] == (
        "client is the name of no client; locations nowhere is the name of no location; locations 999 does not exist"
    )
    assert found[4] == ""


def test_a_name_that_several_have_is_refused_and_digits_are_an_id(world: World) -> None:
    create(world, "client", name="Acme")
    create(world, "client", name="Acme")
    create(world, "client", name="77")
    assert refusal(world, client="Acme") == "client is the name of 2 clients"
    assert refusal(world, client="77") == "client does not exist"
    assert refusal(world, client="a\0b") == "client is the name of no client"
    assert refusal(world, client="x" * 300) == "client is the name of no client"
    assert refusal(world, client="9" * 30) == "client must be an id"


def test_a_form_is_known_by_its_id_string(world: World) -> None:
    form = plant(world, "forms", title="Shelves", id_string="shelves", version="1", fields="{}")
    (made,) = tasks(world, imported(world, [cells(world, target_content_type="Form", target_id="shelves")]))
    assert (made.target_content_type, made.target_id) == (16, form)
    assert refusal(world, target_content_type="16", target_id="walls") == "target_id is the id_string of no form"
    assert refusal(world, target_content_type="job", target_id="1") == "target_id is the id of no job"
    assert refusal(world, target_content_type="user", target_id="ann") != ""


def test_a_job_is_known_by_its_number(world: World) -> None:
    job = plant_job(world, world.reseller)
    (made,) = tasks(world, imported(world, [cells(world, target_content_type="job", target_id=f"{job}")]))
    assert (made.target_content_type, made.target_id) == (17, job)
    theirs = plant_job(world, world.customer)
    assert refusal(world, target_content_type="job", target_id=f"{theirs}") == "target_id is the id of no job"


def test_only_admins_create_and_only_where_they_reach(world: World) -> None:
    for whose in ({"user_id": world.member}, {"user_id": world.admin, "account_id": world.customer}):
        found = errors(imported(world, [cells(world)] * 2, **whose))
        assert found == (["forbidden"] * 2 if whose["user_id"] == world.member else [TARGETLESS] * 2)


TARGETLESS = "target_id is the id of no user"
"""The admin is a user of another account than the one that the job is of."""


def test_another_accounts_records_do_not_exist(world: World) -> None:
    create(world, "client", name="Acme")
    rows = [{**cells(world, target_content_type="user", target_id="1", client="Acme")}]
    found = errors(imported(world, rows, account_id=world.customer))
    assert found == ["client is the name of no client; target_id is the id of no user"]


def test_a_batch_takes_as_many_statements_as_a_few_rows(world: World) -> None:
    location(world, "a shop")
    create(world, "client", name="Acme")
    whole = cells(world, locations="a shop", client="Acme", amount="5", parent="1")
    imported(world, [cells(world)])
    counts = []
    for size in (2, 60):
        with world.counted() as statements:
            answers = imported(world, [{**whole, "name": f"{number}"} for number in range(size)])
        counts.append(list(statements))
        assert errors(answers) == [""] * size
    assert counts[0] == counts[1]
