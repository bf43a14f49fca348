"""What comes in with a task: charsets, records, limits, and clients that vanish on the way."""

import hashlib
import io
import json
from typing import Any

import pytest

from dialects.kazoo.lab import CHILD, CHILD_TOKEN, Lab, error
from rota.operations import jobs

LIST = f"/v2/accounts/{CHILD}/tasks"
ADD = {"category": "number_management", "action": "add"}
CSV = "number,account_id\n1,2\n3,4\n"


def put_json(lab: Lab, data: Any, **more: Any) -> Any:
    body = data if isinstance(data, str | bytes) else json.dumps({"data": data})
    return lab.ask("PUT", LIST, params=more.pop("params", ADD), body=body, **more)


def stored(lab: Lab, answer: Any) -> bytes:
    task_id = answer.json["data"]["_read_only"]["id"]
    return bytes(lab.ask("GET", lab.task(task_id, "/input")).content)


# -- types and charsets --


@pytest.mark.parametrize(
    "kind",
    ["text/csv", "TEXT/CSV", "text/comma-separated-values", "application/octet-stream", "text/csv; header=present"],
)
def test_types_of_csv(lab: Lab, kind: str) -> None:
    answer = lab.put_csv(CSV, headers={"Content-Type": kind})
    assert (answer.status_code, stored(lab, answer)) == (201, CSV.encode())


@pytest.mark.parametrize("kind", ["application/json", "application/x-json", "", "application/x-www-form-urlencoded"])
def test_types_of_json(lab: Lab, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = put_json(lab, {"records": [{"number": "1", "account_id": "2"}]}, headers=headers)
    assert (answer.status_code, stored(lab, answer)) == (201, b"number,account_id\n1,2\n")


@pytest.mark.parametrize(
    "kind", ["image/png", "multipart/form-data; boundary=x", "text/plain", "text/csv; charset=nope"]
)
def test_types_that_are_not_known(lab: Lab, kind: str) -> None:
    answer = lab.put_csv(CSV, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json["error"]) == (415, "415")
    assert answer.json["message"] == "unsupported media type"


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "windows-1252", '"iso-8859-1"', "cp437"])
def test_other_charsets_are_kept_as_they_came_and_read_as_utf8(lab: Lab, charset: str) -> None:
    text = "number,account_id\n1,Zoë\n"
    body = text.encode(charset.strip('"'))
    answer = lab.put_csv(body, headers={"Content-Type": f"text/csv; charset={charset}"})
    assert (answer.status_code, stored(lab, answer)) == (201, body)
    task_id = answer.json["data"]["_read_only"]["id"]
    assert lab.blob_names() == [f"jobs/{task_id}/in.csv", f"jobs/{task_id}/rows.csv"]
    key = f"jobs/{task_id}/rows.csv"
    assert lab.blobs.read(key, 0, 100).decode("utf-8-sig") == text
    with lab.store.read() as tx:
        job = jobs.load(tx, task_id)
    assert job
    assert (job.rows_name, job.input_sha256) == ("rows.csv", hashlib.sha256(body).hexdigest())
    assert job.files == ("in.csv",)


@pytest.mark.parametrize("charset", ["utf-8", "us-ascii", "UTF8"])
def test_utf8_is_kept_once(lab: Lab, charset: str) -> None:
    answer = lab.put_csv(CSV, headers={"Content-Type": f"text/csv; charset={charset}"})
    assert lab.blob_names() == [f"jobs/{answer.json['data']['_read_only']['id']}/in.csv"]


def test_unprocessed_rows_of_another_charset(lab: Lab) -> None:
    body = "number,account_id\n1,Zoë\n".encode("utf-16")
    task_id = lab.started(body, headers={"Content-Type": "text/csv; charset=utf-16"})
    lab.ask("PATCH", lab.task(task_id, "/stop"))
    answer = lab.ask("GET", lab.task(task_id), params={"csv_name": "unprocessed.csv"})
    assert answer.content.decode() == "number,account_id\n1,Zoë\n"


def test_bytes_that_are_not_of_the_charset(lab: Lab) -> None:
    answer = lab.put_csv("number,account_id\n1,é\n".encode(), headers={"Content-Type": "text/csv; charset=ascii"})
    assert answer.status_code == 201  # ASCII is read as the UTF-8 that it is a part of
    answer = lab.put_csv(b"number,account_id\n1,\x81\n", headers={"Content-Type": "text/csv; charset=cp1252"})
    assert (answer.status_code, answer.json["data"]["csv"]["format"]["line"]) == (400, 2)
    assert len(lab.blob_names()) == 1


def test_chunks_are_as_long_as_the_action_says(lab: Lab) -> None:
    task_id = lab.created("number,account_id\n" + "1,2\n" * 5)
    with lab.store.read() as tx:
        assert [row["row_count"] for row in tx.all("chunks_of_job", job_id=task_id)] == [2, 2, 1]


# -- records --


def test_records_become_text(lab: Lab) -> None:
    text = (
        '{"data":{"file_name":"f","records":[{"number":1.10,"account_id":"a,\\"b","auth_by":null,"module_name":true},'
        '{"account_id":false,"number":123456789012345678901234567890},{"number":"x","account_id":-1e5}]}}'
    )
    answer = put_json(lab, text)
    assert answer.status_code == 201
    assert answer.json["data"]["_read_only"]["file_name"] == "f"
    assert answer.json["data"]["_read_only"]["total_count"] == 3
    expected = (
        'number,account_id,auth_by,module_name\n1.10,"a,""b",,true\n123456789012345678901234567890,false,,\nx,-1e5,,\n'
    )
    assert stored(lab, answer).decode() == expected


def test_a_later_records_unknown_key_is_told(lab: Lab) -> None:
    answer = put_json(lab, {"records": [{"number": 1, "x": 1}, {"account_id": "", "number": 2, "y": 3}]})
    faults = {"unknown_fields": ["x", "account_id", "y"], "missing_mandatory_fields": ["account_id"]}
    assert answer.json == error("500", "invalid request", {"attachment": {"type": faults}})
    stray = put_json(lab, {"records": [{"a": 1}, {"b": 2}]}, params={"category": "skel", "action": "id1"})
    assert stray.json["data"] == {"attachment": {"type": {"unknown_fields": ["b"]}}}


@pytest.mark.parametrize("data", [{}, {"records": []}, {"records": None}, None, "", " ", "{}"])
def test_no_records_are_no_input(lab: Lab, data: Any) -> None:
    answer = put_json(lab, data, params={"category": "number_management", "action": "list"})
    assert answer.status_code == 201
    assert "total_count" not in answer.json["data"]["_read_only"]


def test_file_name_of_the_data_comes_first(lab: Lab) -> None:
    query = {"category": "number_management", "action": "list", "file_name": "q"}
    for data, name in (({"file_name": "d"}, "d"), ({}, "q"), ({"file_name": None}, "q"), ({"file_name": ""}, "q")):
        assert put_json(lab, data, params=query).json["data"]["_read_only"]["file_name"] == name
    for bad in (5, "a\0b", "x" * 1025):
        answer = put_json(lab, {"file_name": bad}, params=query)
        assert (answer.status_code, list(answer.json["data"])) == (400, ["file_name"])


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '"x"',
        "nul",
        '{"records":[]}',
        '{"data":[]}',
        '{"data":{"records":}}',
        '{"data":{"records":[{"a":"\\ud800"}]}}',
        "a,b\n1,2\n",
        b"\xff",
        "[" * 9000,
        '{"data":{"records":' + "[" * 9000 + "]" * 9000 + "}}",
    ],
)
def test_malformed_json(lab: Lab, body: str | bytes) -> None:
    for query in (ADD, {}):
        answer = put_json(lab, body, params=query)
        assert answer.status_code == 400
        message = answer.json["data"]["json"]["invalid"]["message"]
        data = {"json": {"invalid": {"message": message}}}
        assert answer.json == error("400", "invalid request", data)


@pytest.mark.parametrize(
    ("records", "told"),
    [
        ('"x"', "records must be a list of flat objects"),
        ("[1]", "records must be a list of flat objects"),
        ("[{}]", "record 1 has no fields"),
        ('[{"a":1},{"a":[]}]', "record 2, field a"),
        ('[{"a":1},{"a":1,"b":{}}]', "record 2, field b"),
    ],
)
def test_records_that_are_not_flat(lab: Lab, records: str, told: str) -> None:
    answer = put_json(lab, '{"data":{"records":' + records + "}}")
    assert (answer.status_code, answer.json["error"], answer.json["message"]) == (400, "400", "invalid request")
    assert answer.json["data"]["json"]["invalid"]["message"].startswith(told)


def test_json_in_another_charset(lab: Lab) -> None:
    body = json.dumps({"data": {"records": [{"number": "é", "account_id": 1}]}}, ensure_ascii=False)
    kind = {"Content-Type": "application/json; charset=utf-16"}
    answer = put_json(lab, body.encode("utf-16"), headers=kind)
    assert stored(lab, answer).decode() == "number,account_id\né,1\n"
    assert put_json(lab, b"\xd8\x00\xd8", headers=kind).status_code == 400
    assert put_json(lab, b"\xef\xbb\xbf" + body.encode()).status_code == 201


# -- limits, and clients that vanish --


def too_large(limit: int) -> dict[str, Any]:
    data = {"file": {"maxSize": {"message": f"Files must not be more than {limit} bytes", "target": limit}}}
    return error("413", "request entity too large", data)


def test_limits(lab: Lab) -> None:
    lab.with_options(max_upload=len(CSV), max_json=20)
    assert lab.put_csv(CSV).status_code == 201
    before = lab.blob_names()
    answer = lab.put_csv(CSV + "\n")
    assert (answer.status_code, answer.json) == (413, too_large(len(CSV)))
    answer = put_json(lab, {"records": [{"number": "1"}]})
    assert (answer.status_code, answer.json) == (413, too_large(20))
    assert lab.blob_names() == before


class Source(io.RawIOBase):
    """A body that gives what it has, and then ends or breaks."""

    def __init__(self, data: bytes, broken: Exception | None = None) -> None:
        self._left, self._broken = io.BytesIO(data), broken

    def read(self, size: int = -1) -> bytes:
        block = self._left.read(min(size, 7) if size > 0 else size)
        if not block and self._broken:
            raise self._broken
        return block


def send(lab: Lab, body: Source, **env: str) -> tuple[str, dict[str, Any]]:
    import falcon.testing

    environ = falcon.testing.create_environ(
        path=LIST,
        method="PUT",
        query_string="category=number_management&action=add",
        headers={"X-Auth-Token": CHILD_TOKEN, "Content-Type": "text/csv"},
    )
    environ.pop("CONTENT_LENGTH", None)
    told: list[Any] = []
    answer = lab.app()(environ | env | {"wsgi.input": body}, lambda status, headers, exc=None: told.append(status))
    return told[0], json.loads(b"".join(answer))


@pytest.mark.parametrize("broken", [None, OSError("reset"), RuntimeError("stream closed")])
def test_a_client_that_vanishes_leaves_nothing(lab: Lab, broken: Exception | None) -> None:
    status, body = send(lab, Source(CSV.encode(), broken), CONTENT_LENGTH="5000")
    message = f"the body ended after {len(CSV)} of 5000 bytes"
    assert (status[:3], body["data"]) == ("400", {"file": {"invalid": {"message": message}}})
    assert lab.blob_names() == []
    assert lab.ask("GET", LIST).json["data"] == []


def test_a_body_without_length(lab: Lab) -> None:
    status, _ = send(lab, Source(CSV.encode()), HTTP_TRANSFER_ENCODING="chunked")
    assert status.startswith("201")
    before = lab.blob_names()
    status, body = send(lab, Source(CSV.encode() + b"5,6"), HTTP_TRANSFER_ENCODING="chunked")
    assert (status[:3], body["data"]["csv"]["format"]["line"]) == ("400", 4)
    status, body = send(lab, Source(b"x" * (2 << 20)), HTTP_TRANSFER_ENCODING="chunked")
    assert (status[:3], body["error"]) == ("413", "413")
    assert lab.blob_names() == before


def test_a_small_body_is_read_to_its_end_after_a_refusal(lab: Lab) -> None:
    source = Source(b"x" * 500)
    status, _ = send(lab, source, CONTENT_LENGTH="500", HTTP_X_AUTH_TOKEN="no")
    assert status.startswith("401")
    assert source.read() == b""


def test_uploads_hold_no_transaction_while_they_are_read(lab: Lab) -> None:
    class Curious(Source):
        def read(self, size: int = -1) -> bytes:
            with lab.store.write() as tx:
                tx.one("job_exists", id="")
            return super().read(size)

    status, _ = send(lab, Curious(CSV.encode()), CONTENT_LENGTH=str(len(CSV)))
    assert status.startswith("201")
