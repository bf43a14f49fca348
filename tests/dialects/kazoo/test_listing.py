"""Pages, filters, and how many statements each endpoint runs."""

from typing import Any

import pytest

from dialects.kazoo.lab import CHILD, CHILD_TOKEN, GREGORIAN, ROOT_TOKEN, Lab, error

LIST = f"/v2/accounts/{CHILD}/tasks"
CSV = "number,account_id\n1,2\n"


def ids(lab: Lab, **params: Any) -> list[str]:
    answer = lab.ask("GET", LIST, params=params)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json["data"]]


def many(lab: Lab, number: int) -> list[str]:
    """Tasks, newest first; some are of the same second."""
    made = []
    for count in range(number):
        made.append(lab.created(action="number_management/list"))
        lab.now += 1_000_000 * (count % 2)
    return made[::-1]


def test_pages_hold_every_task_once(lab: Lab) -> None:
    made, found, key, sizes = many(lab, 7), list[str](), None, []
    while True:
        answer = lab.ask("GET", LIST, params={"page_size": 3, **({"start_key": key} if key else {})}).json
        found += [item["id"] for item in answer["data"]]
        sizes.append(answer["page_size"])
        assert answer.get("start_key") == key
        key = answer.get("next_start_key")
        if key is None:
            break
    assert (found, sizes) == (made, [3, 3, 1])


def test_default_page_size(lab: Lab) -> None:
    made = many(lab, 51)
    answer = lab.ask("GET", LIST).json
    assert ([item["id"] for item in answer["data"]], answer["page_size"]) == (made[:50], 50)
    assert "next_start_key" in answer


def test_everything_at_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    made = many(lab, 8)
    assert ids(lab, paginate="false") == made
    whole = lab.ask("GET", LIST, params={"paginate": "false"}).json
    monkeypatch.setattr("rota.dialects.kazoo.params.PAGE_LIMIT", 3)
    answer = lab.ask("GET", LIST, params={"paginate": "false"})
    assert {**answer.json, "revision": ""} == {**whole, "revision": ""}
    pretty = lab.ask("GET", LIST, params={"paginate": "false", "pretty_print": "true"})
    assert pretty.json == answer.json
    assert "\n" in pretty.text
    assert lab.ask("HEAD", LIST, params={"paginate": "false"}).status_code == 200
    assert ids(lab, paginate="false", start_key=f"{lab.now}-{'f' * 30}") == made


def test_filters(lab: Lab) -> None:
    pending = lab.created(CSV)
    running = lab.started(CSV)
    lab.now += 5_000_000
    other = lab.created(action="services/descendant_quantities")
    assert ids(lab, filter_status="pending") == [other, pending]
    assert ids(lab, filter_status="executing") == [running]
    assert ids(lab, filter_status="success") == []
    assert ids(lab, filter_category="services") == [other]
    assert ids(lab, filter_action="add", filter_status="pending") == [pending]
    assert ids(lab, created_from=GREGORIAN + 5) == [other]
    assert sorted(ids(lab, created_to=GREGORIAN)) == sorted([pending, running])
    assert ids(lab, created_from=GREGORIAN, created_to=GREGORIAN + 5)[0] == other
    assert ids(lab, created_from=GREGORIAN + 6) == []


def test_stopping_is_found_as_executing(lab: Lab) -> None:
    task_id = lab.started(CSV)
    assert lab.take()
    with lab.store.write() as tx:
        tx.run(
            "job_move",
            id=task_id,
            from_status="executing",
            to_status="stopping",
            started_at=None,
            ended_at=None,
            node=None,
            turn=None,
        )
    assert ids(lab, filter_status="executing") == [task_id]


def test_every_bad_value_is_told_at_once(lab: Lab) -> None:
    bad = {
        "page_size": "0",
        "paginate": "maybe",
        "start_key": "x",
        "filter_status": "stopping",
        "created_from": "-1",
        "created_to": "9" * 30,
    }
    answer = lab.ask("GET", LIST, params=bad)
    messages = {
        "page_size": "must be a whole number from 1 to 1000",
        "paginate": "must be true or false",
        "start_key": "must be the next_start_key of another page",
        "filter_status": "must be one of pending, executing, stopped, success, failure, partial, internal_error",
        "created_from": "must be gregorian seconds",
        "created_to": "must be gregorian seconds",
    }
    data = {name: {"invalid": {"message": message}} for name, message in messages.items()}
    assert (answer.status_code, answer.json) == (400, error("400", "invalid request", data))


@pytest.mark.parametrize("size", ["", "1001", "1.5", "٣", "-1", "ten"])
def test_bad_page_sizes(lab: Lab, size: str) -> None:
    assert lab.ask("GET", LIST, query_string=f"page_size={size}").status_code == 400


def test_unknown_parameters_are_ignored(lab: Lab) -> None:
    assert lab.ask("GET", LIST, params={"nope": "1"}).status_code == 200


@pytest.mark.parametrize(("token", "more"), [(CHILD_TOKEN, []), (ROOT_TOKEN, ["account_by_id"])])
def test_statements_do_not_grow_with_the_list(lab: Lab, token: str, more: list[str]) -> None:
    for _ in range(2):
        lab.statements.clear()
        lab.ask("GET", LIST, token, params={"page_size": 1000})
        assert lab.statements == ["actor_by_token", *more, "jobs_page"]
        many(lab, 20)


def test_statements_of_a_task(lab: Lab) -> None:
    task_id = lab.created(CSV)
    lab.statements.clear()
    lab.ask("GET", lab.task(task_id))
    assert lab.statements == ["actor_by_token", "job_by_id"]
    lab.statements.clear()
    lab.ask("GET", lab.task(task_id, "/input"))
    assert lab.statements == ["actor_by_token", "job_by_id"]


def test_statements_of_an_upload_do_not_grow_with_it(lab: Lab) -> None:
    counts = []
    for rows in (1, 1000):
        lab.statements.clear()
        lab.created("number,account_id\n" + "1,2\n" * rows)
        counts.append(len(lab.statements))
    assert counts[0] == counts[1]
