"""Golden documents of a task's life, whole, as the published API has them."""

import threading
from typing import Any

import pytest

from dialects.kazoo.lab import (
    CHILD,
    CHILD_TOKEN,
    DOC,
    GREGORIAN,
    NODE,
    OTHER,
    OTHER_TOKEN,
    ROOT,
    ROOT_TOKEN,
    Lab,
    error,
    success,
    whole,
)
from rota.domain import jobs as domain_jobs
from rota.engine import ledger
from rota.engine.ledger import Shown
from rota.operations import jobs

CSV = "number,account_id\n+14157215234," + CHILD + "\n+14157215235," + CHILD + "\n"
UNKNOWN = "f" * 30


def item(task_id: str, **more: Any) -> dict[str, Any]:
    return {
        "id": task_id,
        "account_id": CHILD,
        "auth_account_id": CHILD,
        "category": "number_management",
        "action": "add",
        "created": GREGORIAN,
        "submit_timestamp": GREGORIAN,
        **more,
    }


def gone(task_id: str, **more: Any) -> dict[str, Any]:
    data = {"cause": task_id, "message": "bad identifier", **more}
    return error("404", "bad_identifier", data, page_size=1)


def finish(lab: Lab, task_id: str, verdicts: str = "++") -> None:
    lines = [["+14157215234", CHILD, "" if mark == "+" else "number_exists"] for mark in verdicts]
    lab.run((verdicts, lines))


# -- the catalogue --


def test_catalogue_of_one_action(lab: Lab) -> None:
    answer = lab.ask("GET", "/v2/tasks", None, params={"category": "services", "action": "descendant_quantities"})
    described = {"description": "List per-month descendant accounts quantities", "doc": DOC}
    expected = success({"tasks": {"descendant_quantities": described}})
    expected.pop("auth_token")
    assert (answer.status_code, whole(answer)) == (200, expected)
    assert answer.headers["content-type"] == "application/json"


def test_catalogue_of_a_category_and_of_all(lab: Lab) -> None:
    add = {
        "description": "The add task",
        "doc": "Does add.",
        "expected_content": "text/csv",
        "mandatory": ["number", "account_id"],
        "optional": ["auth_by", "module_name"],
    }
    some = lab.ask("GET", "/v2/tasks", params={"category": "number_management"})
    listed = {"description": "The list task", "doc": "Does list."}
    assert whole(some) == success({"tasks": {"number_management": {"add": add, "list": listed}}})
    every = lab.ask("GET", "/v2/tasks").json["data"]["tasks"]
    assert list(every) == ["number_management", "services", "skel"]
    by_action = lab.ask("GET", "/v2/tasks", params={"action": "add"}).json["data"]
    assert by_action == {"tasks": {"number_management": {"add": add}}}


@pytest.mark.parametrize("query", ["category=services&action=blipblop", "category=nope", "action=nope", "category="])
def test_catalogue_without_such_an_action(lab: Lab, query: str) -> None:
    answer = lab.ask("GET", "/v2/tasks", query_string=query)
    assert (answer.status_code, answer.json) == (
        400,
        error("500", "invalid request", {"message": "invalid request"}),
    )


# -- create --


def test_create_from_csv(lab: Lab) -> None:
    answer = lab.put_csv(CSV, params={"file_name": "my_input_for_add.csv"})
    task_id = answer.json["data"]["_read_only"]["id"]
    expected = item(task_id, status="pending", file_name="my_input_for_add.csv", total_count=2)
    assert (answer.status_code, whole(answer)) == (201, success({"_read_only": expected}, page_size=1))
    assert len(task_id) == 30
    assert lab.blob_names() == [f"jobs/{task_id}/in.csv"]


def test_create_without_input(lab: Lab) -> None:
    task_id = lab.created(action="number_management/list")
    answer = lab.ask("GET", lab.task(task_id))
    assert whole(answer) == success({"_read_only": item(task_id, action="list", status="pending")}, page_size=1)
    assert lab.blob_names() == []


def test_create_without_account_is_for_superusers(lab: Lab) -> None:
    query = {"category": "number_management", "action": "list"}
    assert lab.ask("PUT", "/v2/tasks", params=query).status_code == 403
    answer = lab.ask("PUT", "/v2/tasks", ROOT_TOKEN, params=query)
    task = answer.json["data"]["_read_only"]
    assert (answer.status_code, task["account_id"], task["auth_account_id"]) == (201, ROOT, ROOT)
    for verb, tail in (("GET", ""), ("PATCH", ""), ("PATCH", "/stop"), ("DELETE", "")):
        assert lab.ask(verb, f"/v2/tasks/{task['id']}{tail}", ROOT_TOKEN).status_code == 200


def test_an_ancestor_creates_in_a_descendant(lab: Lab) -> None:
    task_id = lab.created(CSV, token=ROOT_TOKEN)
    task = lab.ask("GET", lab.task(task_id)).json["data"]["_read_only"]
    assert (task["account_id"], task["auth_account_id"]) == (CHILD, ROOT)


def test_unknown_category_and_action(lab: Lab) -> None:
    for action, named in (("nope/add", "nope"), ("number_management/nope", "nope")):
        answer = lab.put_csv(CSV, action)
        assert (answer.status_code, answer.json) == (404, error("404", "bad identifier", [named]))
        assert lab.put_csv("a,b\n1\n", action).json["error"] == "500"
        assert lab.ask(
            "PUT",
            f"/v2/accounts/{CHILD}/tasks",
            params=dict(zip(("category", "action"), action.split("/"), strict=True)),
        ).json == error("404", "bad identifier", [named])
    assert lab.blob_names() == []


@pytest.mark.parametrize("query", ["", "category=a", "action=a", "category=&action=a"])
def test_category_and_action_must_be_named(lab: Lab, query: str) -> None:
    answer = lab.ask("PUT", f"/v2/accounts/{CHILD}/tasks", query_string=query, body=CSV)
    assert answer.status_code == 400
    answer = lab.ask("PUT", f"/v2/accounts/{CHILD}/tasks", query_string=query)
    assert (answer.status_code, answer.json) == (400, error("500", "invalid request", {"message": "invalid request"}))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("", 1),
        ("number,account_id\n", 2),
        ("number,account_id\n1,2,3\n", 2),
        ("number,account_id\n1,2\n1\n", 3),
        ("number,number\n1,2\n", 1),
        ("number,\n1,2\n", 1),
        ('number,account_id\n"1,2\n', 2),
        (b"number,account_id\n1,\xff\n", 2),
        (b"number,account_id\n1,\0\n", 2),
    ],
)
def test_bad_csv(lab: Lab, body: bytes | str, line: int) -> None:
    answer = lab.put_csv(body)
    told = answer.json["data"]["csv"]["format"]
    assert told.pop("detail")
    message = "Empty CSV or some row(s) longer than others or header missing"
    expected = error("500", "invalid request", {"csv": {"format": {"message": message, "line": line}}})
    assert (answer.status_code, {**answer.json, "data": {"csv": {"format": told}}}) == (400, expected)
    assert lab.blob_names() == []


def test_unknown_field(lab: Lab) -> None:
    answer = lab.put_csv("number,account_id,wef\n1,2,3\n")
    expected = error("500", "invalid request", {"attachment": {"type": {"unknown_fields": ["wef"]}}})
    assert (answer.status_code, answer.json) == (400, expected)


def test_missing_mandatory_fields(lab: Lab) -> None:
    answer = lab.put_csv("auth_by\nx\n")
    data = {"attachment": {"type": {"missing_mandatory_fields": ["number", "account_id"]}}}
    assert (answer.status_code, answer.json) == (400, error("500", "invalid request", data))


def test_missing_mandatory_values(lab: Lab) -> None:
    answer = lab.put_csv("account_id,number\n,+14157215234\n009afc511c97b2ae693c6cc4920988e8,\nx,y\n")
    rows = [",+14157215234", "009afc511c97b2ae693c6cc4920988e8,"]
    data = {"attachment": {"type": {"missing_mandatory_values": rows}}}
    assert (answer.status_code, answer.json) == (400, error("500", "invalid request", data))


def test_all_field_faults_at_once_and_a_count_of_the_rest(lab: Lab) -> None:
    answer = lab.put_csv("b,number,a\n" + '"x,y",,1\n' * 103)
    faults = {
        "unknown_fields": ["b", "a"],
        "missing_mandatory_fields": ["account_id"],
        "missing_mandatory_values": ["x,y,,1"] * 100,
        "more": 3,
    }
    assert answer.json == error("500", "invalid request", {"attachment": {"type": faults}})
    assert lab.blob_names() == []


def test_expected_content(lab: Lab) -> None:
    for action, body, expected in (("add", None, "text/csv"), ("list", "a\n1\n", "none")):
        params = {"category": "number_management", "action": action}
        headers = {"Content-Type": "text/csv"} if body else {}
        answer = lab.ask("PUT", f"/v2/accounts/{CHILD}/tasks", params=params, body=body, headers=headers)
        data = {"attachment": {"type": {"expected_content": expected}}}
        assert (answer.status_code, answer.json) == (400, error("500", "invalid request", data))
    assert lab.blob_names() == []


def test_any_fields_pass_where_the_action_takes_any(lab: Lab) -> None:
    assert lab.put_csv("x,y\n1,2\n", "skel/id1").status_code == 201


# -- list, show, start, stop, delete --


def test_list_is_newest_first_and_flat(lab: Lab) -> None:
    first = lab.started(CSV)
    finish(lab, first)
    lab.now += 1_000_000
    second = lab.created(CSV, params={"file_name": "my_input_for_add.csv"})
    later = {"created": GREGORIAN + 1, "submit_timestamp": GREGORIAN + 1}
    answer = lab.ask("GET", f"/v2/accounts/{CHILD}/tasks")
    ended = item(
        first,
        start_timestamp=GREGORIAN,
        end_timestamp=GREGORIAN,
        node=NODE,
        status="success",
        total_count=2,
        success_count=2,
        failure_count=0,
    )
    pending = item(second, file_name="my_input_for_add.csv", status="pending", total_count=2) | later
    expected = success([pending, ended], page_size=2, timestamp="2023-11-14T22:13:21Z")
    assert (answer.status_code, whole(answer)) == (200, expected)


def test_show_while_it_executes(lab: Lab) -> None:
    task_id = lab.started(CSV)
    grant = lab.take()
    assert grant
    with lab.store.write() as tx:
        ledger.beat(tx, [Shown(grant.chunk, 1, 0)], lease_until=lab.now)
    expected = item(
        task_id,
        start_timestamp=GREGORIAN,
        node=NODE,
        status="executing",
        total_count=2,
        success_count=1,
        failure_count=0,
        csvs=["in.csv"],
    )
    assert whole(lab.ask("GET", lab.task(task_id))) == success({"_read_only": expected}, page_size=1)


def test_unknown_task_shown_and_deleted_is_in_list_form(lab: Lab) -> None:
    for verb in ("GET", "DELETE"):
        answer = lab.ask(verb, lab.task(UNKNOWN))
        assert (answer.status_code, answer.json) == (404, error("404", "bad identifier", [UNKNOWN], page_size=1))


@pytest.mark.parametrize(
    ("verb", "tail", "headers"),
    [
        ("PATCH", "", {}),
        ("PATCH", "/stop", {}),
        ("GET", "/input", {}),
        ("GET", "/output", {}),
        ("GET", "/manifest", {}),
        ("GET", "", {"Accept": "text/csv"}),
        ("GET", "?csv_name=in.csv", {}),
    ],
)
def test_unknown_task_elsewhere_is_in_object_form(lab: Lab, verb: str, tail: str, headers: dict[str, str]) -> None:
    tail, _, query = tail.partition("?")
    answer = lab.ask(verb, lab.task(UNKNOWN, tail), headers=headers, query_string=query)
    assert (answer.status_code, answer.json) == (404, gone(UNKNOWN))


def test_start(lab: Lab) -> None:
    task_id = lab.created(CSV)
    answer = lab.ask("PATCH", lab.task(task_id))
    expected = item(task_id, node=NODE, start_timestamp=GREGORIAN, status="executing", total_count=2)
    assert (answer.status_code, whole(answer)) == (200, success({"_read_only": expected}, page_size=1))


@pytest.mark.parametrize("ended", [False, True])
def test_start_again(lab: Lab, ended: bool) -> None:
    task_id = lab.started(CSV)
    if ended:
        finish(lab, task_id)
    answer = lab.ask("PATCH", lab.task(task_id))
    assert (answer.status_code, answer.json) == (404, gone(task_id, reason="task already started"))


def test_two_starts_at_once_start_once(lab: Lab) -> None:
    task_id = lab.created(CSV)
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(lab.ask("PATCH", lab.task(task_id)).status_code)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [200, 404, 404, 404]


def stopped(task_id: str, **more: Any) -> dict[str, Any]:
    return item(
        task_id,
        start_timestamp=GREGORIAN,
        end_timestamp=GREGORIAN,
        node=NODE,
        status="stopped",
        csvs=["in.csv", "out.csv", "success.csv", "failed.csv", "unprocessed.csv"],
        **more,
    )


def test_stop_with_nobody_at_work(lab: Lab) -> None:
    task_id = lab.started(CSV)
    answer = lab.ask("PATCH", lab.task(task_id, "/stop"))
    expected = stopped(task_id, total_count=2, success_count=0, failure_count=0)
    assert (answer.status_code, whole(answer)) == (200, success({"_read_only": expected}, page_size=1))


def test_stop_fences_a_runner_that_does_not_let_go(lab: Lab) -> None:
    task_id = lab.started(CSV)
    grant = lab.take()
    assert grant
    answer = lab.ask("PATCH", lab.task(task_id, "/stop"))
    assert answer.json["data"]["_read_only"] == stopped(task_id, total_count=2, success_count=0, failure_count=0)
    with pytest.raises(ledger.Fenced), lab.store.write() as tx:
        ledger.beat(tx, [Shown(grant.chunk, 2, 0)], lease_until=lab.now)


def test_stop_waits_for_a_runner_that_does(lab: Lab) -> None:
    lab.with_options(stop_s=30.0)
    task_id = lab.started(CSV)
    grant = lab.take()
    assert grant
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(lab.ask("PATCH", lab.task(task_id, "/stop"))))
    asking.start()
    while status(lab, task_id) is domain_jobs.Status.EXECUTING:
        pass
    shown = lab.ask("GET", lab.task(task_id)).json["data"]["_read_only"]
    assert (shown["status"], shown["csvs"]) == ("executing", ["in.csv"])
    lab.settle(grant, "+-", [["1", "2", ""], ["3", "4", "no"]])
    asking.join()
    expected = stopped(task_id, total_count=2, success_count=1, failure_count=1)
    assert answers[0].json["data"]["_read_only"] == expected


def status(lab: Lab, task_id: str) -> domain_jobs.Status:
    with lab.store.read() as tx:
        job = jobs.load(tx, task_id)
    assert job
    return job.status


def test_stop_what_does_not_run_and_start_what_was_stopped(lab: Lab) -> None:
    task_id = lab.created(CSV)
    idle = gone(task_id, reason="task is not running")
    assert lab.ask("PATCH", lab.task(task_id, "/stop")).json == idle
    lab.ask("PATCH", lab.task(task_id))
    lab.ask("PATCH", lab.task(task_id, "/stop"))
    answer = lab.ask("PATCH", lab.task(task_id, "/stop"))
    assert (answer.status_code, answer.json) == (404, idle)
    assert lab.ask("PATCH", lab.task(task_id)).json == gone(task_id, reason="task already started")


def test_delete(lab: Lab) -> None:
    task_id = lab.started(CSV)
    finish(lab, task_id, "--")
    answer = lab.ask("DELETE", lab.task(task_id))
    expected = item(
        task_id,
        start_timestamp=GREGORIAN,
        end_timestamp=GREGORIAN,
        node=NODE,
        status="failure",
        total_count=2,
        success_count=0,
        failure_count=2,
    )
    assert (answer.status_code, whole(answer)) == (200, success({"_read_only": expected}, page_size=1))
    assert lab.ask("GET", lab.task(task_id)).status_code == 404


def test_delete_while_it_executes(lab: Lab) -> None:
    task_id = lab.started(CSV)
    answer = lab.ask("DELETE", lab.task(task_id))
    assert (answer.status_code, answer.json) == (404, gone(task_id))
    lab.take()
    assert lab.ask("DELETE", lab.task(task_id)).json == gone(task_id)


@pytest.mark.parametrize(("verdicts", "expected"), [("++", "success"), ("--", "failure"), ("+-", "partial")])
def test_how_a_task_ends(lab: Lab, verdicts: str, expected: str) -> None:
    task_id = lab.started(CSV)
    finish(lab, task_id, verdicts)
    assert lab.ask("GET", lab.task(task_id)).json["data"]["_read_only"]["status"] == expected


def test_another_accounts_task_is_not_found(lab: Lab) -> None:
    task_id = lab.created(CSV)
    path = f"/v2/accounts/{OTHER}/tasks"
    for verb, tail in (("GET", ""), ("DELETE", ""), ("PATCH", ""), ("PATCH", "/stop"), ("GET", "/input")):
        assert lab.ask(verb, f"{path}/{task_id}{tail}", OTHER_TOKEN).status_code == 404
    assert lab.ask("GET", path, OTHER_TOKEN).json["data"] == []
    assert lab.ask("GET", f"/v2/accounts/{ROOT}/tasks", ROOT_TOKEN).json["data"] == []


def test_revision_changes_with_the_document(lab: Lab) -> None:
    task_id = lab.created(CSV)
    before = [lab.ask("GET", lab.task(task_id)).json["revision"] for _ in range(2)]
    lab.ask("PATCH", lab.task(task_id))
    after = lab.ask("GET", lab.task(task_id)).json["revision"]
    assert before[0] == before[1] != after
    assert CHILD_TOKEN
