"""The job commands, against a server that answers by a script in the kazoo dialect's words."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.script import ACCOUNT, Script

Rota = Callable[..., Any]

TASKS = f"/v2/accounts/{ACCOUNT}/tasks"
ID = "0123456789abcdef0123456789abcd"
ROWS = b"col1\na\nb\n"
PENDING = {
    "id": ID,
    "account_id": ACCOUNT,
    "category": "skel",
    "action": "id1",
    "created": 63_867_196_800,
    "submit_timestamp": 63_867_196_800,
    "status": "pending",
    "total_count": 2,
}
EXECUTING = {**PENDING, "status": "executing", "success_count": 1, "failure_count": 0}
SUCCESS = {**PENDING, "status": "success", "success_count": 2, "failure_count": 0, "csvs": ["in.csv", "out.csv"]}
METAS = {
    "id1": {
        "description": "The identity task",
        "doc": "As is.\nAll of it.\n",
        "mandatory": [],
        "optional": ["col1", "col2"],
    }
}


def enveloped(data: Any, **words: Any) -> dict[str, Any]:
    return {"data": data, "status": "success", "request_id": "1", **words}


def alone(job: dict[str, Any]) -> dict[str, Any]:
    return enveloped({"_read_only": job}, page_size=1)


def refused(error: str, message: str, data: Any) -> dict[str, Any]:
    return {"status": "error", "error": error, "message": message, "data": data}


def query_of(path: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}


def test_actions_need_no_token(script: Script, rota: Rota, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ROTA_TOKEN")
    script.add("GET", "/v2/tasks", enveloped({"tasks": {"skel": METAS}}))
    listed = rota("job", "actions")
    assert listed.out.splitlines() == [
        "action\tdescription\tmandatory\toptional",
        "skel.id1\tThe identity task\t\tcol1, col2",
    ]
    assert rota("job", "actions", "--json").json == {"skel": METAS}
    assert all("x-auth-token" not in each.headers for each in script.requests)


def test_one_action_is_shown_with_its_doc(script: Script, rota: Rota) -> None:
    script.add("GET", "/v2/tasks", enveloped({"tasks": METAS}))
    shown = rota("job", "actions", "skel.id1").out
    assert "doc          As is.\n             All of it.\n" in shown
    assert query_of(script.requests[0].path) == {"category": "skel", "action": "id1"}
    assert rota("job", "actions", "skel.id1", "--json").json == {"skel": METAS}


def test_a_file_is_sent_with_its_length_and_the_id_is_printed_alone(script: Script, rota: Rota, tmp_path: Path) -> None:
    (tmp_path / "rows & more.csv").write_bytes(ROWS)
    script.add("PUT", TASKS, alone(PENDING), 201)
    ran = rota("job", "add", "skel.id1", "rows & more.csv")
    assert (ran.code, ran.out, ran.err) == (0, f"{ID}\n", "")
    [put] = script.sent("PUT")
    assert query_of(put.path) == {"category": "skel", "action": "id1", "file_name": "rows & more.csv"}
    assert put.body == ROWS
    assert put.headers["content-length"] == str(len(ROWS))
    assert put.headers["content-type"] == "text/csv"
    assert put.headers["x-auth-token"] == "the-token"


def test_stdin_is_sent_with_its_length(script: Script, process: Rota) -> None:
    script.add("PUT", TASKS, alone(PENDING), 201)
    ran = process("job", "add", "skel.id1", "-", "--file-name", "mine.csv", "--json", stdin=ROWS.decode())
    assert (ran.code, ran.json, ran.err) == (0, PENDING, "")
    [put] = script.sent("PUT")
    assert (put.body, put.headers["content-length"]) == (ROWS, str(len(ROWS)))
    assert "transfer-encoding" not in put.headers
    assert query_of(put.path)["file_name"] == "mine.csv"


def test_a_pipe_is_sent_with_its_length(script: Script, rota: Rota, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_bytes(ROWS))
    writer.start()
    script.add("PUT", TASKS, alone(PENDING), 201)
    assert rota("job", "add", "skel.id1", str(tmp_path / "pipe")).code == 0
    writer.join()
    assert script.sent("PUT")[0].body == ROWS


def test_a_json_file_is_sent_as_json(script: Script, rota: Rota, tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text('{"data": {"records": [{"col1": "a"}]}}')
    script.add("PUT", TASKS, alone(PENDING), 201)
    assert rota("job", "add", "skel.id1", "rows.json").code == 0
    assert script.sent("PUT")[0].headers["content-type"] == "application/json"


def test_an_action_without_input_is_sent_no_body(script: Script, rota: Rota) -> None:
    script.add("PUT", TASKS, alone(PENDING), 201)
    assert rota("job", "add", "number_management.list").code == 0
    [put] = script.sent("PUT")
    assert put.body == b""
    assert "content-type" not in put.headers


def test_a_named_account_is_used_unasked(script: Script, rota: Rota) -> None:
    script.add("GET", "/v2/accounts/x%2Fy/tasks", enveloped([]))
    assert rota("job", "list", "--account", "x/y").code == 0
    assert [each.path.partition("?")[0] for each in script.requests] == ["/v2/accounts/x%2Fy/tasks"]


def test_a_job_is_started_and_watched_to_its_end(script: Script, rota: Rota, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rota.cli.watch.POLL_S", 0)
    script.add("PUT", TASKS, alone(PENDING), 201)
    script.add("PATCH", f"{TASKS}/{ID}", alone(EXECUTING))
    script.add("GET", f"{TASKS}/{ID}", alone(EXECUTING))
    script.add("GET", f"{TASKS}/{ID}", alone(SUCCESS))
    ran = rota("job", "add", "skel.id1", "--start", "--watch")
    assert (ran.code, ran.out) == (0, f"{ID}\n")
    assert "executing, 1 of 2 rows" in ran.err
    assert ran.err.endswith(f"rota: job {ID}: success, 2 rows succeeded, 0 failed of 2.\n")


@pytest.mark.parametrize("status", ["failure", "partial", "internal_error", "stopped"])
def test_watching_a_job_that_does_not_succeed_ends_with_1(script: Script, rota: Rota, status: str) -> None:
    ended = {**EXECUTING, "status": status}
    script.add("PATCH", f"{TASKS}/{ID}", alone(EXECUTING))
    script.add("GET", f"{TASKS}/{ID}", alone(ended))
    ran = rota("job", "start", ID, "--watch", "--json")
    assert (ran.code, ran.json) == (1, ended)
    assert rota("job", "show", ID).code == 0
    assert rota("job", "show", ID, "--watch").code == 1


def test_start_stop_and_delete(script: Script, rota: Rota) -> None:
    script.add("PATCH", f"{TASKS}/{ID}", alone(EXECUTING))
    script.add("PATCH", f"{TASKS}/{ID}/stop", alone({**EXECUTING, "status": "stopped"}))
    script.add("DELETE", f"{TASKS}/{ID}", alone(SUCCESS))
    for verb in ("start", "stop", "delete"):
        ran = rota("job", verb, ID)
        assert (ran.code, ran.out) == (0, "")
        assert ran.err.startswith(f"rota: job {ID}")
        assert rota("job", verb, ID, "--json").json["id"] == ID


def test_a_job_is_shown_with_times_that_people_read(script: Script, rota: Rota) -> None:
    script.add("GET", f"{TASKS}/{ID}", alone(SUCCESS))
    shown = dict(line.split(maxsplit=1) for line in rota("job", "show", ID).out.splitlines())
    assert shown["created"] == "2023-11-14T16:00:00Z"
    assert shown["csvs"] == "in.csv, out.csv"
    assert rota("job", "show", ID, "--json").json == SUCCESS


def test_a_list_is_as_long_as_was_asked(script: Script, rota: Rota) -> None:
    items = [{**PENDING, "id": f"{n:030}"} for n in range(3)]
    script.add("GET", TASKS, enveloped(items[:2], next_start_key="k"))
    script.add("GET", TASKS, enveloped(items[2:]))
    words = ("--status", "pending", "--category", "skel", "--action", "id1", "--limit", "1200", "--json")
    assert rota("job", "list", *words).json == items
    first, second = (query_of(each.path) for each in script.requests[1:])
    filters = {"filter_status": "pending", "filter_category": "skel", "filter_action": "id1"}
    assert first == {**filters, "page_size": "1000"}
    assert second == {**filters, "page_size": "1000", "start_key": "k"}


def test_a_list_is_lines_of_cells_that_nothing_can_break(script: Script, rota: Rota) -> None:
    script.add("GET", TASKS, enveloped([{**PENDING, "file_name": "a\tb\n\x1b[31m.csv"}]))
    _, line = rota("job", "list").out.splitlines()
    cells = line.split("\t")
    assert cells[:4] == [ID, "skel.id1", "pending", "2"]
    assert cells[-1] == "a�b��[31m.csv"


def test_output_goes_to_stdout_as_it_is(script: Script, rota: Rota) -> None:
    script.add("GET", f"{TASKS}/{ID}", ROWS)
    assert rota("job", "output", ID).out == ROWS.decode()
    assert rota("job", "output", ID, "--name", "failed.csv").out == ROWS.decode()
    first, second = script.requests[1], script.requests[3]
    assert query_of(first.path) == {"csv_name": "out.csv"}
    assert query_of(second.path) == {"csv_name": "failed.csv"}
    assert first.headers["accept"] == "text/csv"


def test_output_takes_the_place_of_a_file(script: Script, rota: Rota, tmp_path: Path) -> None:
    script.add("GET", f"{TASKS}/{ID}", ROWS)
    (tmp_path / "link.csv").symlink_to("rows.csv")
    assert rota("job", "output", ID, "-o", "link.csv").code == 0
    assert (tmp_path / "rows.csv").read_bytes() == ROWS
    assert sorted(each.name for each in tmp_path.iterdir()) == ["link.csv", "rows.csv"]


def test_output_that_breaks_off_leaves_the_file_as_it_was(script: Script, rota: Rota, tmp_path: Path) -> None:
    script.add("GET", f"{TASKS}/{ID}", ROWS, Content_Length="1000")
    (tmp_path / "rows.csv").write_text("before")
    ran = rota("job", "output", ID, "-o", "rows.csv")
    assert (ran.code, ran.out) == (1, "")
    assert "broke off" in ran.err
    assert (tmp_path / "rows.csv").read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["rows.csv"]


def test_output_to_what_is_no_file_does_not_replace_it(script: Script, rota: Rota, tmp_path: Path) -> None:
    script.add("GET", f"{TASKS}/{ID}", ROWS)
    assert rota("job", "output", ID, "-o", os.devnull).code == 0
    assert Path(os.devnull).is_char_device()
    ran = rota("job", "output", ID, "-o", str(tmp_path))
    assert (ran.code, "Is a directory" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (401, refused("401", "invalid_credentials", {"message": "invalid credentials"}), "invalid credentials."),
        (404, refused("404", "bad identifier", ["skel"]), "The server knows no skel."),
        (
            404,
            refused(
                "404", "bad_identifier", {"cause": ID, "message": "bad identifier", "reason": "task already started"}
            ),
            f"The server refuses {ID}: task already started.",
        ),
        (404, refused("404", "bad_identifier", {"cause": ID, "message": "bad identifier"}), f"There is no job {ID}."),
        (
            400,
            refused(
                "500", "invalid request", {"csv": {"format": {"message": "Empty CSV", "line": 3, "detail": "NUL"}}}
            ),
            "csv: Empty CSV (line 3: NUL).",
        ),
        (
            400,
            refused(
                "500",
                "invalid request",
                {
                    "attachment": {
                        "type": {
                            "unknown_fields": ["wef", "{x}"],
                            "missing_mandatory_fields": ["number"],
                            "missing_mandatory_values": [",+1"],
                            "expected_content": "text/csv",
                        }
                    }
                },
            ),
            "rota: The server cannot take this:\n"
            "  the action knows no field wef\n"
            "  the action knows no field {x}\n"
            "  the action needs the field number\n"
            "  a mandatory value is missing in the row ,+1\n"
            "  the action needs text/csv as input\n",
        ),
        (502, b"<html>", "The server answered 502 Bad Gateway."),
        (500, [], "The server answered 500 Internal Server Error."),
        (599, b"", "The server answered 599"),
        (200, b"<html>", "does not answer as rota does"),
    ],
)
def test_a_refusal_is_one_clear_sentence(script: Script, rota: Rota, status: int, body: Any, said: str) -> None:
    script.add("PATCH", f"{TASKS}/{ID}", body, status)
    ran = rota("job", "start", ID)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", ID), f"There is no job {ID}."),
        (("delete", ID), f"Job {ID} is running: stop it first."),
        (("output", ID), f"Job {ID} has no out.csv, or there is no such job."),
    ],
)
def test_a_no_without_a_reason_is_given_one(script: Script, rota: Rota, words: tuple[str, ...], said: str) -> None:
    body = refused("404", "bad_identifier", {"cause": ID, "message": "bad identifier"})
    script.add("GET", f"{TASKS}/{ID}", body, 404)
    script.add("DELETE", f"{TASKS}/{ID}", body, 404)
    ran = rota("job", *words)
    assert (ran.code, ran.out, ran.err) == (1, "", f"rota: {said}\n")


def test_a_server_that_is_not_there_is_named(rota: Rota, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTA_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("ROTA_TOKEN", "x")
    ran = rota("job", "list")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("rota: Nobody answers at http://127.0.0.1:1: ")


@pytest.mark.parametrize("token", ["a\nb", "ü"])
def test_a_token_that_no_header_can_hold_is_wrong_usage(
    script: Script, rota: Rota, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("ROTA_TOKEN", token)
    assert rota("job", "list").code == 2


def test_the_token_of_the_data_folder_is_used_on_this_machine(
    script: Script, rota: Rota, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("ROTA_TOKEN")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin-token").write_text("left-by-the-server\n")
    script.add("GET", TASKS, enveloped([]))
    assert rota("job", "list").code == 0
    monkeypatch.delenv("ROTA_DATA")
    assert rota("job", "list").code == 0
    assert {each.headers["x-auth-token"] for each in script.requests} == {"left-by-the-server"}


def test_ctrl_c_ends_quietly_with_130(script: Script, begin: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    script.add("GET", f"{TASKS}/{ID}", alone(EXECUTING))
    watching = begin("job", "show", ID, "--watch", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert watching.stderr is not None
    assert b"executing, 1 of 2 rows" in watching.stderr.readline()
    watching.send_signal(signal.SIGINT)
    _, err = watching.communicate(timeout=30)
    assert watching.returncode == 130
    assert [line for line in err.splitlines() if not line.startswith(b"rota: executing")] == []


def test_a_reader_who_leaves_ends_the_output_quietly(
    script: Script, begin: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    script.add("GET", f"{TASKS}/{ID}", ROWS * 100_000)
    fetching = begin("job", "output", ID, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert fetching.stdout is not None
    fetching.stdout.read(1)
    fetching.stdout.close()
    assert fetching.stderr is not None
    assert fetching.stderr.read() == b""
    assert fetching.wait(timeout=30) == 1


def test_on_a_terminal_there_is_a_bar_and_a_table(
    script: Script, on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    script.add("GET", f"{TASKS}/{ID}", alone(EXECUTING))
    script.add("GET", f"{TASKS}/{ID}", alone(SUCCESS))
    script.add("GET", TASKS, enveloped([{**PENDING, "file_name": "[red]x[/red].csv"}]))
    shown = on_terminal("job", "show", ID, "--watch")
    assert "2/2" in shown
    assert "rows/s" in shown
    table = on_terminal("job", "list")
    assert ID in table
    assert "[red]x[/red].csv" in table
    assert "\x1b[3" not in shown + table
