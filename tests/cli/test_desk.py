"""The commands of the desk, against a real server with runners: each test in an account of its own."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.conftest import Ran
from cli.crew import Person, cells, refused
from rota.cli.main import SECTIONS
from rota.cli.shift import SUDO_VERBS
from web.serving import Server

Rota = Callable[..., Ran]

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def ann(server: Server, hire: Callable[..., Person], sit_down: Callable[[Person], None]) -> Person:
    """Who sits at this test's desk: a plain member of an account."""
    person = hire()
    sit_down(person)
    return person


def test_a_shift_at_the_desk(rota: Rota, ann: Person) -> None:
    first = rota("add", "water", "the", "plants", "-p", "3").out.strip()
    second = rota("add", "-t", "read").out.strip()
    assert [line[0] for line in cells(rota("peek", "-n", "5"))] == [first, second]
    refused(rota("grab"), "You need to log in to perform this command")
    refused(rota("done"), "You need to log in to perform this command")
    begun = rota("login")
    assert (begun.code, begun.err) == (0, "rota: You are now logged in! You can start working.\n")
    assert "title             water the plants" in rota("grab").out
    assert rota("bg").err == f"rota: task {first}: Task suspended.\n"
    refused(rota("bg"), "You are working on no task")
    assert rota("grab", second, "--json").json["_id"] == int(second)
    assert rota("fg").err == f"rota: task {first}: Task resumed. Task {second} is put aside.\n"
    assert [line[:2] for line in cells(rota("jobs"))] == [[first, "active"], [second, "suspended"]]
    assert rota("done").err == f"rota: task {first}: Task completed. Task {second} resumed.\n"
    assert rota("done", "failure", second, "--json").json["task"]["_completion_status"] == "failure"
    refused(rota("grab"), "There seems to be no tasks to work on at this time! Try again later")
    refused(rota("fg"), "You have put no task aside")
    assert [line[1:4] for line in cells(rota("last", "--task", first))] == [
        [ann.email, what, first] for what in ("add", "grab", "suspend", "activate", "complete-success")
    ]
    assert rota("logout").err == "rota: You have just logged out! See you again\n"
    assert rota("logout").code == 1


def test_a_released_task_is_in_the_queue_again(rota: Rota) -> None:
    task = rota("add", "x").out.strip()
    rota("login")
    rota("grab")
    assert rota("release").err == f"rota: task {task}: Task released.\n"
    assert [line[:3] for line in cells(rota("list"))] == [[task, "0", "queued"]]
    assert rota("jobs", "--json").json == []


def test_what_is_written_of_a_task_is_sent(rota: Rota, ann: Person, hire: Callable[..., Person]) -> None:
    bob = hire(ann.account)
    words = ("-d", "long", "-i", "so", "-e", "5 minutes", "-p", "-2.5", "-g", "a b", "-g", "c", "-o", bob.email)
    ran = rota("add", "--title", "x", *words, "--property", "n=1=2", "--property", "m=", "-f", "in 2 hours", "--json")
    assert (ran.code, ran.err) == (0, "")
    made = ran.json
    assert (made["title"], made["description"], made["instructions"]) == ("x", "long", "so")
    assert (made["estimate"], made["priority"], made["tags"], made["owner"]) == (300, -2.5, ["a", "b", "c"], bob.email)
    assert made["properties"] == {"n": "1=2", "m": ""}
    left = datetime.fromisoformat(made["deadline"]) - datetime.now(UTC)
    assert timedelta(minutes=118) < left <= timedelta(hours=2)
    assert rota("add", "y", "-f", "asap", "-e", "1h", "--json").json["estimate"] == 3_600


def test_how_a_free_form_time_was_understood_is_said(rota: Rota) -> None:
    ran = rota("add", "x", "-f", "2126-11-23 12:00")
    assert re.fullmatch(r"rota: task \d+ is due Sat 23 Nov 2126 12:00 \(in \d+ d( \d+ h)?\)\.\n", ran.err)
    assert ran.out.strip().isdigit()
    assert rota("add", "x").err == ""


@pytest.mark.parametrize(
    ("words", "option", "text"),
    [
        (("add", "x", "-f", "gibberish"), "--deadline", "gibberish"),
        (("add", "x", "-e", "soon"), "--estimate", "soon"),
        (("update", "1", "-f", "17"), "--deadline", "17"),
        (("add", "x", "--property", "novalue"), "--property", "novalue"),
        (("stats", "tasks", "--from", "gibberish"), "--from", "gibberish"),
        (("stats", "floor", "--threshold", "soon"), "--threshold", "soon"),
    ],
)
def test_what_cannot_be_read_is_wrong_usage_that_names_it(
    rota: Rota, words: tuple[str, ...], option: str, text: str
) -> None:
    ran = rota(*words)
    assert (ran.code, ran.out) == (2, "")
    assert f"{option}: '{text}'" in ran.err


def test_a_text_is_read_from_stdin(process: Rota) -> None:
    made = process("add", "x", "-d", "-", "--json", stdin="one\ntwo\n").json
    assert made["description"] == "one\ntwo\n"


def test_an_update_keeps_what_is_not_named(rota: Rota) -> None:
    words = ("-d", "long", "-e", "2h", "-p", "7", "-g", "a", "--property", "k=v", "-f", "2126-11-23T12:00:00Z")
    before = rota("add", "old", *words, "--json").json
    task = str(before["_id"])
    ran = rota("update", task, "new", "title", "--property", "l=w")
    assert (ran.code, ran.out, ran.err) == (0, "", f"rota: task {task} is updated.\n")
    after = rota("show", task, "--json").json
    changed = {"title": "new title", "properties": {"k": "v", "l": "w"}}
    modified = "_last_modified_on"
    assert {**after, modified: ""} == {**before, **changed, modified: "", "history": after["history"]}
    rota("login")
    rota("grab", task)
    refused(rota("update", task, "-p", "1"), "Cannot Update. Task is being worked on")
    refused(rota("update", "999999999", "-p", "1"), "Task does not exist.")


def test_those_that_can_be_deleted_are_and_the_others_are_told(rota: Rota) -> None:
    one, two = (rota("add", "x").out.strip() for _ in range(2))
    ran = rota("delete", one, "999999999", two)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        f"rota: task {one} is deleted.",
        "rota: task 999999999: Task does not exist.",
        f"rota: task {two} is deleted.",
    ]
    assert sorted(line[0] for line in cells(rota("list", "--status", "deleted"))) == sorted([one, two])
    refused(rota("delete", one), "Cannot Delete. Task is deleted")
    three = rota("add", "x").out.strip()
    assert [each["state"] for each in rota("delete", three, "--json").json] == ["deleted"]


def test_lists_are_narrowed(rota: Rota, ann: Person, hire: Callable[..., Person]) -> None:
    bob = hire(ann.account)
    mine, his = rota("add", "x", "-g", "red").out.strip(), rota("add", "y", "-o", bob.email).out.strip()
    assert [line[0] for line in cells(rota("list", "--owner", bob.email))] == [his]
    assert [line[0] for line in cells(rota("list", "--tag", "red"))] == [mine]
    assert [each["_id"] for each in rota("list", "-n", "1", "--status", "queued", "--json").json] == [int(mine)]
    ran = rota("list", "--status", "lost")
    refused(ran, "status must be one of queued, active, suspended, completed, deleted")
    refused(rota("last", "--type", "nonsense"), "Event type not recognized!\n  type must be one of loginout, add")
    refused(rota("add", "x", "-o", "nobody@x.org"), "owner is not a user of this account")


def test_a_task_is_shown_with_its_life_and_why_it_is_urgent(rota: Rota) -> None:
    task = rota("add", "x", "-d", "one\ttab", "-p", "2", "--property", "k=v").out.strip()
    shown = rota("show", task, "--why")
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert "properties        k=v" in lines
    assert "description       one\N{REPLACEMENT CHARACTER}tab" in lines
    assert any(re.fullmatch(r"time_elapsed +[\d.]+", line) for line in lines)
    assert any(line.startswith("priority\t2.0\t10.0\t20.0") for line in lines)
    document = rota("show", task, "--why", "--json").json
    assert document.keys() >= {"_id", "title", "history", "why"}
    assert [each["what"] for each in document["history"]["events"]] == ["add"]
    refused(rota("show", "999999999"), "Task does not exist.")


def test_who_is_there(rota: Rota, ann: Person, hire: Callable[..., Person]) -> None:
    bob = hire(ann.account)
    assert rota("whoami").out == f"{ann.email}\n"
    assert rota("whoami", "--json").json["account"]["id"] == ann.account
    assert cells(rota("who")) == []
    rota("login")
    assert [line[:2] for line in cells(rota("who"))] == [[ann.email, "loggedin"]]
    assert [line[:2] for line in cells(rota("who", "--all"))] == [[ann.email, "loggedin"], [bob.email, "loggedout"]]
    task = rota("add", "x").out.strip()
    rota("grab")
    fingered = rota("finger")
    assert f"userid       {ann.email}" in fingered.out
    assert f"\n{task}\tactive\t" in fingered.out
    assert rota("finger", bob.email, "--json").json["current"] is None
    refused(rota("finger", "nobody@x.org"), "Worker does not exist.")


def test_a_password_begins_a_shift_and_its_token_dies_with_it(
    process: Rota, rota: Rota, ann: Person, hire: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = hire(ann.account, password=PASSWORD)
    monkeypatch.delenv("ROTA_TOKEN")
    ran = process("login", "--email", bob.email, "--password", "-", stdin=PASSWORD + "\n")
    assert (ran.code, len(ran.out.split())) == (0, 1)
    monkeypatch.setenv("ROTA_TOKEN", ran.out.strip())
    assert rota("whoami").out == f"{bob.email}\n"
    assert rota("logout", "--json").json == {}
    refused(rota("whoami"), "Send a token that is alive")
    wrong = process("login", "--email", bob.email, "--password", "-", stdin="not that one\n")
    refused(wrong, "Send a token that is alive, or an e-mail and its password")
    assert rota("login", "--email", bob.email).code == 2


def test_sudo_acts_as_another_and_leaves_no_token_behind(
    rota: Rota, server: Server, ann: Person, hire: Callable[..., Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused(rota("sudo", hire(ann.account).email, "whoami"), "You may not do this")
    refused(rota("sudo", "admin@localhost", "whoami"), "There is no user admin@localhost")
    monkeypatch.setenv("ROTA_TOKEN", server.token)
    assert rota("sudo", ann.email, "whoami").out == f"{ann.email}\n"
    assert rota("whoami").out == "admin@localhost\n"
    assert rota("sudo", ann.email, "add", "x", "-p", "4", "--json").json["owner"] == ann.email
    refused(rota("sudo", ann.email, "show", "999999999"), "Task does not exist.")
    assert rota("sudo", ann.email, "list", "--nonsense").code == 2
    assert rota("sudo", ann.email, "serve").code == 2
    made = rota("token", "list", "--email", ann.email, "--json").json
    assert len(made) == 5
    assert [each["revoked_at"] is None for each in made] == [True, False, False, False, False]


@pytest.mark.parametrize("is_near", [True, False])
def test_sudo_begins_anothers_shift(
    rota: Rota,
    server: Server,
    ann: Person,
    hire: Callable[..., Person],
    monkeypatch: pytest.MonkeyPatch,
    is_near: bool,
) -> None:
    """The superuser's own account and another are two desks."""
    whom = hire(server.account) if is_near else ann
    monkeypatch.setenv("ROTA_TOKEN", server.token)
    begun = rota("sudo", whom.email, "login")
    assert begun.err == "rota: You are now logged in! You can start working.\n"
    monkeypatch.setenv("ROTA_TOKEN", begun.out.strip())
    assert rota("whoami").out == f"{whom.email}\n"
    assert rota("finger", "--json").json["status"] == "loggedin"
    made = rota("token", "list", "--json").json
    assert len(made) == (2 if is_near else 3)
    assert [each["id"] for each in made if each["revoked_at"]] == ([] if is_near else [made[1]["id"]])


def test_sudo_knows_every_command_of_the_desk() -> None:
    desk = [name for section in list(SECTIONS)[:3] for name in SECTIONS[section]]
    assert set(desk) - {"sudo"} == SUDO_VERBS


def test_statistics(rota: Rota, ann: Person) -> None:
    rota("add", "x", "-g", "red")
    rota("login")
    rota("grab")
    rota("done", "failure")
    head, line = (line.split("\t") for line in rota("stats", "workers").out.splitlines())
    worker = dict(zip(head, line, strict=True))
    assert (worker["worker"], worker["tasks_completed"], worker["failure_ratio"]) == (ann.email, "1", "1.0")
    assert rota("stats", "workers", "--worker", ann.email, "--from", "1 hour ago", "--json").json.keys() == {ann.email}
    assert rota("stats", "owners", "--to", "yesterday").out == "owner\n"
    assert "tasks_requested               1" in rota("stats", "tasks", "--tag", "red", "--from", "yesterday").out
    assert rota("stats", "tasks", "--tag", "blue", "--json").json["tasks_requested"] == 0
    floor = rota("stats", "floor", "--threshold", "5 minutes", "--json").json
    assert (floor["waiting"]["threshold"], floor["tasks"]["completed"]) == (300, 1)
    assert "threshold         300" in rota("stats", "floor", "--threshold", "5 minutes").out
    refused(rota("stats", "tasks", "--from", "today", "--to", "yesterday"), "to is before from")


BATCH = """title,deadline,estimate,tags,priority,description
one,tomorrow noon,5 minutes,a b,1,"multi
line"
two,2126-12-01T10:00:00Z,,,2,
,,,,,
four,whenever,,,,
"""


def test_a_batch_of_a_plain_member(rota: Rota, ann: Person, tmp_path: Path) -> None:
    (tmp_path / "new tasks.csv").write_text(BATCH)
    ran = rota("add", "-b", "new tasks.csv")
    assert ran.code == 1
    sentence, _, head, *queued = ran.out.splitlines()
    assert sentence == "2 Tasks queued successfully. 2 Tasks failed to be queued"
    assert head == "task_id\ttitle"
    assert [line.partition("\t")[2] for line in queued[:2]] == ["one", "two"]
    assert queued[2:5] == ["", "row\ttitle\terror", "3\t\ttitle is blank"]
    assert queued[5].startswith("4\tfour\tdeadline is neither")
    job = re.search(r"the batch is job (\w+)\.", ran.err)
    assert job
    assert f"job {job[1]}: partial, 2 rows succeeded, 2 failed of 4." in ran.err
    two, one = rota("list", "--tag", "addbatch=new_tasks.csv", "--json").json
    assert (one["tags"], one["estimate"], one["description"]) == (
        ["a", "b", "addbatch=new_tasks.csv"],
        300,
        "multi\nline",
    )
    assert (two["deadline"], two["owner"]) == ("2126-12-01T10:00:00Z", ann.email)
    assert rota("job", "list", "--json").json[0]["file_name"] == "new tasks.csv"


def test_batches_of_stdin_that_update_and_delete(process: Rota, rota: Rota) -> None:
    added = process("add", "-b", "-", "--json", stdin="title\none\ntwo\n")
    assert added.code == 0
    document = added.json
    assert (document["success_count"], document["failure_count"], document["failed"]) == (2, 0, [])
    assert document["text"] == "2 Tasks queued successfully. 0 Tasks failed to be queued"
    assert [each["title"] for each in document["succeeded"]] == ["one", "two"]
    one, two = (str(each["task_id"]) for each in document["succeeded"])
    assert [each["tags"] for each in rota("list", "--json").json] == [["addbatch=stdin"]] * 2
    updated = process("update", "-b", "-", stdin=f"task_id,title,estimate\n{one},eins,2h\n999999999,x,\n")
    assert updated.code == 1
    assert updated.out.splitlines() == [
        "1 Tasks updated successfully. 1 Tasks failed to be updated",
        *("", "task_id\ttitle", f"{one}\teins"),
        *("", "row\ttask_id\ttitle\terror", "2\t999999999\tx\tnot found"),
    ]
    assert rota("show", one, "--json").json["estimate"] == 7_200
    deleted = process("delete", "-b", "-", "--json", stdin=f"task_id,error\n{two},\n{one},\n,\n")
    assert deleted.code == 1
    assert deleted.json["succeeded"] == [{"task_id": int(two)}, {"task_id": int(one)}]
    assert deleted.json["failed"] == [{"row": 3, "task_id": "", "error": "bad field(s) task_id"}]
    assert deleted.json["text"] == "2 Tasks deleted successfully. 1 Tasks failed to be deleted"
    assert rota("list", "--json").json == []


def test_a_long_batch_shows_its_first_rows_and_json_has_all(rota: Rota, tmp_path: Path) -> None:
    rows = [f"task {n},{'x' if n % 2 else n}" for n in range(250)]
    (tmp_path / "long.csv").write_text("\n".join(["title,priority", *rows, ""]))
    ran = rota("add", "-b", "long.csv")
    assert ran.out.count("\ttask ") == 200
    assert "these are the first 100; all of them: rota job output " in ran.err
    document = rota("add", "-b", "long.csv", "--json").json
    assert [each["title"] for each in document["succeeded"]] == [f"task {n}" for n in range(0, 250, 2)]
    assert [each["row"] for each in document["failed"]] == list(range(2, 251, 2))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"title,colour\na,red\n", "the action knows no field colour"),
        (b"description\na\n", "the action needs the field title"),
        (b"title,x\na\n", "bad.csv, line 2: 1 cells in a row, and 2 in the header."),
        (b"title\n\xff\n", "bad.csv is not UTF-8"),
        (b"", "the file has no header"),
        (b"title\n", "the file has a header and no rows"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_as_a_whole(
    rota: Rota, tmp_path: Path, content: bytes, said: str
) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    refused(rota("add", "-b", "bad.csv"), said)
    assert rota("list", "--json").json == []


def test_on_a_terminal_a_list_is_drawn_in_colour_unless_that_is_unwanted(
    rota: Rota, on_terminal: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    rota("add", "a" * 80, "-f", "1999-01-01T00:00:00Z")
    drawn = on_terminal("list")
    assert re.search(r"\x1b\[31m\d+ d( \d+ h)? ago", drawn)
    assert "a" * 59 + "…" in drawn
    assert "a" * 60 not in drawn
    monkeypatch.setenv("NO_COLOR", "1")
    plain = on_terminal("list")
    assert " ago" in plain
    assert not re.search(r"\x1b\[[\d;]*3\d", plain)
    assert "\x1b" not in rota("list").out
    assert "1999-01-01T00:00:00Z" in rota("list").out


@pytest.mark.parametrize("words", [("list",), ("grab",), ("login",), ("sudo", "a@x.org", "whoami"), ("stats", "tasks")])
def test_a_server_that_is_not_there_is_told(
    rota: Rota, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ROTA_URL", "http://127.0.0.1:1")
    refused(rota(*words), "Nobody answers at http://127.0.0.1:1")
