"""The files of a task: what is in them, how they are asked for, and ranges."""

import csv
import hashlib
import io
import threading

import pytest

from dialects.kazoo.lab import CHILD, NODE, Lab, error
from rota.domain.jobs import Job
from rota.operations import files, jobs

BODY = b'\xef\xbb\xbfnumber,account_id\r\n1,"a,\r\nb"\r\n\r\n2,b\r\n3,c\r\n4,d\r\n5,"e"\r\n'
"""Five rows, which the action's chunks of two make three chunks."""

OUT = "number,account_id,error\n"


@pytest.fixture
def task_id(lab: Lab) -> str:
    """A task of five rows, stopped after three chunks' worth of two: all good, one of each, and one not worked."""
    task_id = lab.started(BODY)
    lab.run(("++", [["1", "a,\r\nb", ""], ["2", "b", ""]]), ("+-", [["3", "c", ""], ["4", "d", "not_found"]]))
    assert lab.ask("PATCH", lab.task(task_id, "/stop")).status_code == 200
    return task_id


EXPECTED = {
    "in.csv": BODY,
    "out.csv": (OUT + '1,"a,\r\nb",\n2,b,\n3,c,\n4,d,not_found\n').encode(),
    "success.csv": (OUT + '1,"a,\r\nb",\n2,b,\n3,c,\n').encode(),
    "failed.csv": (OUT + "4,d,not_found\n").encode(),
    "unprocessed.csv": b"number,account_id\n5,e\n",
}


@pytest.mark.parametrize("name", list(EXPECTED))
def test_each_file_whole(lab: Lab, task_id: str, name: str) -> None:
    assert name in lab.ask("GET", lab.task(task_id)).json["data"]["_read_only"]["csvs"]
    for _ in range(2):
        answer = lab.ask("GET", lab.task(task_id), params={"csv_name": name}, headers={"Accept": "text/csv"})
        assert (answer.status_code, answer.content) == (200, EXPECTED[name])
        assert answer.headers["content-type"] == "text/csv"
        disposition = f'attachment; filename="number_management_add_{task_id}_{name}"'
        assert answer.headers["content-disposition"] == disposition
        assert answer.headers["content-length"] == str(len(EXPECTED[name]))
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["x-request-id"] == "req-1"


def test_files_hold_every_row_once(lab: Lab, task_id: str) -> None:
    numbers: list[str] = []
    for name in ("success.csv", "failed.csv", "unprocessed.csv"):
        text = lab.ask("GET", lab.task(task_id), params={"csv_name": name}).text
        numbers += [row[0] for row in csv.reader(io.StringIO(text, newline=""))][1:]
    assert sorted(numbers) == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("verdicts", "good", "bad"), [("++", "1,2,\n3,4,\n", ""), ("--", "", "1,2,\n3,4,\n"), ("-+", "3,4,\n", "1,2,\n")]
)
def test_chunks_of_one_kind_have_one_segment(lab: Lab, verdicts: str, good: str, bad: str) -> None:
    task_id = lab.started("number,account_id\n1,2\n3,4\n")
    lab.run((verdicts, [["1", "2", ""], ["3", "4", ""]]))
    found = [
        lab.ask("GET", lab.task(task_id), params={"csv_name": f"{name}.csv"}).text for name in ("success", "failed")
    ]
    assert found == [OUT + good, OUT + bad]


def test_old_way(lab: Lab, task_id: str) -> None:
    for tail, name in (("/input", "in.csv"), ("/output", "out.csv")):
        for accept in ("*/*", "text/csv", "application/json", ""):
            answer = lab.ask("GET", lab.task(task_id, tail), headers={"Accept": accept})
            assert (answer.status_code, answer.content) == (200, EXPECTED[name])
            assert answer.headers["content-disposition"].endswith(f'_{name}"')


def test_input_before_the_start_and_output_only_at_the_end(lab: Lab) -> None:
    task_id = lab.created(BODY)
    gone = error("404", "bad_identifier", {"cause": task_id, "message": "bad identifier"}, page_size=1)
    for step in ("pending", "executing"):
        assert lab.ask("GET", lab.task(task_id, "/input")).content == BODY
        assert lab.ask("GET", lab.task(task_id)).json["data"]["_read_only"]["status"] == step
        for answer in (
            lab.ask("GET", lab.task(task_id, "/output")),
            lab.ask("GET", lab.task(task_id, "/manifest")),
            lab.ask("GET", lab.task(task_id), headers={"Accept": "text/csv"}),
            lab.ask("GET", lab.task(task_id), params={"csv_name": "failed.csv"}),
            lab.ask("GET", lab.task(task_id), params={"csv_name": "nope.csv", "accept": "csv"}),
            lab.ask("GET", lab.task(task_id), params={"csv_name": "../in.csv"}),
        ):
            assert (answer.status_code, answer.json) == (404, gone)
        lab.ask("PATCH", lab.task(task_id))


def test_a_task_without_input(lab: Lab) -> None:
    task_id = lab.started(action="number_management/list")
    assert lab.ask("GET", lab.task(task_id, "/input")).status_code == 404
    lab.run(("++", [["+1", "available"], ["+2", "reserved"]]))
    task = lab.ask("GET", lab.task(task_id)).json["data"]["_read_only"]
    assert (task["csvs"], task["status"], task["success_count"]) == (["out.csv"], "success", 2)
    assert lab.ask("GET", lab.task(task_id, "/output")).text == "number,state\n+1,available\n+2,reserved\n"
    assert lab.ask("GET", lab.task(task_id), params={"csv_name": "success.csv"}).status_code == 404


@pytest.mark.parametrize(
    ("accept", "query", "csv"),
    [
        ("text/csv", "", True),
        ("text/comma-separated-values", "", True),
        ("*/*", "", False),
        ("", "", False),
        ("application/json, text/csv", "", False),
        ("text/csv, application/json", "", True),
        ("text/html, text/csv;q=0.5", "", True),
        ("image/png", "", False),
        ("application/json", "accept=csv", True),
        ("text/csv", "accept=json", False),
        ("*/*", "csv_name=out.csv", True),
        ("", "csv_name=out.csv", True),
        ("application/x-json", "csv_name=out.csv", False),
    ],
)
def test_what_is_accepted(lab: Lab, task_id: str, accept: str, query: str, csv: bool) -> None:
    answer = lab.ask("GET", lab.task(task_id), headers={"Accept": accept}, query_string=query)
    kind = "text/csv" if csv else "application/json"
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
    assert not csv or answer.content == EXPECTED["out.csv"]


def test_accept_must_be_known(lab: Lab, task_id: str) -> None:
    answer = lab.ask("GET", lab.task(task_id), params={"accept": "xml"})
    data = {"accept": {"invalid": {"message": "must be csv or json"}}}
    assert (answer.status_code, answer.json) == (400, error("400", "invalid request", data, page_size=1))


# -- ranges --


@pytest.mark.parametrize("name", list(EXPECTED))
def test_every_range(lab: Lab, task_id: str, name: str) -> None:
    body, url = EXPECTED[name], lab.task(task_id)
    size = len(body)
    for first in range(0, size, 3):
        for last in (first, first + 1, first + 20, size - 1, size + 9):
            answer = lab.ask("GET", url, params={"csv_name": name}, headers={"Range": f"bytes={first}-{last}"})
            if last < first:
                assert (answer.status_code, answer.content) == (200, body)
                continue
            end = min(last, size - 1)
            assert (answer.status_code, answer.content) == (206, body[first : end + 1])
            assert answer.headers["content-range"] == f"bytes {first}-{end}/{size}"


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=-5", 206, slice(-5, None)),
        ("bytes=-99999", 206, slice(None)),
        ("bytes=10-", 206, slice(10, None)),
        ("bytes=-0", 416, None),
        ("bytes=99999-", 416, None),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=-", 200, slice(None)),
        ("rows=0-1", 200, slice(None)),
        ("bytes=x-1", 200, slice(None)),
        ("bytes=" + "9" * 50 + "-", 200, slice(None)),
    ],
)
def test_odd_ranges(lab: Lab, task_id: str, asked: str, status: int, part: slice | None) -> None:
    answer = lab.ask("GET", lab.task(task_id, "/output"), headers={"Range": asked})
    assert answer.status_code == status
    if part is None:
        assert answer.headers["content-range"] == f"bytes */{len(EXPECTED['out.csv'])}"
        assert answer.json["error"] == "416"
    else:
        assert answer.content == EXPECTED["out.csv"][part]


def test_etags(lab: Lab, task_id: str) -> None:
    tags = set()
    for name, body in EXPECTED.items():
        ask = {"params": {"csv_name": name}}
        etag = lab.ask("GET", lab.task(task_id), **ask).headers["etag"]
        assert not etag.startswith("W/")
        tags.add(etag)
        for known in (etag, f'"x", W/{etag}', "*"):
            answer = lab.ask("GET", lab.task(task_id), headers={"If-None-Match": known}, **ask)
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
        for tag, content in ((etag, body[1:3]), ('"other"', body)):
            headers = {"Range": "bytes=1-2", "If-Range": tag}
            assert lab.ask("GET", lab.task(task_id), headers=headers, **ask).content == content
    assert len(tags) == len(EXPECTED)


def test_head_of_a_file(lab: Lab, task_id: str) -> None:
    answer = lab.ask("HEAD", lab.task(task_id, "/output"), headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(EXPECTED["out.csv"]))


# -- the manifest --


def test_manifest(lab: Lab, task_id: str) -> None:
    rows = {"in.csv": 5, "out.csv": 4, "success.csv": 3, "failed.csv": 1, "unprocessed.csv": 1}
    expected = {
        "id": task_id,
        "account_id": CHILD,
        "category": "number_management",
        "action": "add",
        "status": "stopped",
        "files": [
            {"name": name, "rows": rows[name], "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in EXPECTED.items()
        ],
    }
    for _ in range(2):
        answer = lab.ask("GET", lab.task(task_id, "/manifest"))
        assert (answer.status_code, answer.json) == (200, expected)
        assert answer.headers["content-type"] == "application/json"
    assert lab.ask("GET", lab.task(task_id), params={"csv_name": "manifest.json"}).json == expected
    assert f"jobs/{task_id}/manifest.json" in lab.blob_names()


def test_a_task_deleted_while_its_file_is_written_leaves_nothing(
    lab: Lab, task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = files.open_plan

    def delete_first(*given: object) -> files.File:
        assert lab.ask("DELETE", lab.task(task_id)).status_code == 200
        return kept(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "open_plan", delete_first)
    assert lab.ask("GET", lab.task(task_id), params={"csv_name": "unprocessed.csv"}).status_code == 404
    assert f"jobs/{task_id}/unprocessed.csv" not in lab.blob_names()


def test_first_requests_at_once_get_the_same(lab: Lab, task_id: str) -> None:
    found: list[bytes] = []
    ask = {"params": {"csv_name": "unprocessed.csv"}}
    threads = [
        threading.Thread(target=lambda: found.append(lab.ask("GET", lab.task(task_id), **ask).content))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [EXPECTED["unprocessed.csv"]] * 4


def test_open_file_is_ready_after_the_transaction(lab: Lab, task_id: str) -> None:
    with lab.store.read() as tx:
        job = jobs.load(tx, task_id)
        assert isinstance(job, Job)
        file = files.open_file(tx, lab.blobs, job, "out.csv")
    assert b"".join(file.stream(lab.blobs)) == EXPECTED["out.csv"]
    assert job.node == NODE
