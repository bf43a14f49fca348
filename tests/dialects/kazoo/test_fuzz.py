"""Whatever is sent: an answer of the dialect, never a 5xx; a sound table is read as the standard library does."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialects.kazoo.lab import CHILD, Lab, people
from rota.store.blobs import LocalBlobs
from rota.store.sqlite import SqliteStore

TASKS = f"/v2/accounts/{CHILD}/tasks"

fuzzed = settings(max_examples=150, deadline=None)

bits_of_csv = st.lists(
    st.sampled_from([b'"', b",", b"\n", b"\r", b"\r\n", b"a", b"\xc3\xa9", b"\xff", b"\0", b"\xef\xbb\xbf", b" "])
).map(b"".join)
bits_of_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
types = st.sampled_from(["text/csv", "text/csv; charset=utf-16", "application/json", "application/octet-stream", "x/y"])
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Lab]:
    path: Path = tmp_path_factory.mktemp("fuzz")
    store = SqliteStore(f"sqlite:///{path / 'rota.db'}", durable=False)
    store.migrate()
    people(store)
    yield Lab(store, LocalBlobs(path / "blobs", durable=False), [])
    store.close()


def check(status: int, body: dict[str, object]) -> None:
    assert status < 500
    assert body["status"] == ("success" if status < 400 else "error")


@fuzzed
@given(body=st.binary() | bits_of_csv, kind=types)
def test_any_bytes_are_answered_below_500(shared: Lab, body: bytes, kind: str) -> None:
    answer = shared.put_csv(body, "skel/id1", headers={"Content-Type": kind})
    check(answer.status_code, answer.json)
    assert shared.blobs.names("incoming/") == []


@fuzzed
@given(data=bits_of_json | st.fixed_dictionaries({"records": st.lists(bits_of_json, max_size=3)}))
def test_any_json_is_answered_below_500(shared: Lab, data: object) -> None:
    params = {"category": "skel", "action": "id1"}
    answer = shared.ask("PUT", TASKS, json={"data": data}, params=params)
    check(answer.status_code, answer.json)


@fuzzed
@given(
    verb=st.sampled_from(["GET", "PUT", "PATCH", "DELETE", "POST"]),
    path=st.lists(st.text(max_size=8), max_size=3).map("/".join),
    params=st.dictionaries(
        st.sampled_from(["page_size", "start_key", "created_from", "filter_status", "csv_name", "accept", "paginate"]),
        st.text(max_size=8),
    ),
)
def test_any_path_and_query_are_answered_below_500(shared: Lab, verb: str, path: str, params: dict[str, str]) -> None:
    answer = shared.ask(verb, f"{TASKS}/{path}".replace("?", ""), params=params)
    check(answer.status_code, answer.json)


@fuzzed
@given(table=tables, line_end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_sound_table_is_read_as_the_standard_library_reads_it(
    shared: Lab, table: list[list[str]], line_end: str
) -> None:
    text = io.StringIO(newline="")
    header = [f"c{number}" for number in range(len(table[0]))]
    csv.writer(text, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows([header, *table])
    task_id = shared.put_csv(text.getvalue().encode(), "skel/id1").json["data"]["_read_only"]["id"]
    with shared.store.read() as tx:
        chunks = tx.all("chunks_of_job", job_id=task_id)
    source = shared.blobs.read(f"jobs/{task_id}/in.csv", 0, 1 << 20).decode()
    read = list(csv.reader(io.StringIO(source, newline="")))
    assert sum(chunk["row_count"] for chunk in chunks) == len(read) - 1 == len(table)
    spans = "".join(source.encode()[chunk["start_byte"] : chunk["end_byte"]].decode() for chunk in chunks)
    assert list(csv.reader(io.StringIO(spans, newline=""))) == table
