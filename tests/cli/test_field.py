"""The commands of the field, against a real server with a runner: each test in an account of its own."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Ran
from cli.crew import Person, cells, refused
from cli.script import Script
from rota.cli import field_documents
from sheets import workbook
from web.serving import Server

Rota = Callable[..., Ran]
Sit = Callable[[Person], None]

POINT = "-1.2921,36.8219"
SQUARE = {"type": "Polygon", "coordinates": [[[36, -2], [37, -2], [37, -1], [36, -1], [36, -2]]]}
FORM = {
    "title": "Cows",
    "type": "object",
    "required": ["age"],
    "properties": {
        "age": {"type": "integer", "minimum": 0},
        "home": {"type": "object", "properties": {"wet": {"type": "boolean"}}},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


@pytest.fixture
def ann(hire: Callable[..., Person], sit_down: Sit) -> Person:
    """Who sits at this test's command line: an admin of an account."""
    person = hire(role="admin")
    sit_down(person)
    return person


def made(ran: Ran) -> str:
    """The id that a command printed, and nothing else."""
    assert ran.code == 0, ran.err
    assert ran.out.strip().isdigit()
    return ran.out.strip()


def market(rota: Rota) -> str:
    return made(rota("field", "location", "add", "Market", "--point", POINT, "--radius", "150"))


def open_task(rota: Rota, *words: str) -> str:
    return made(rota("field", "task", "add", "Count", "cows", "--from", "yesterday", "--active", *words))


def record(ran: Ran) -> dict[str, str]:
    """The fields of one thing."""
    assert ran.code == 0, ran.err
    return dict(line.split(maxsplit=1) for line in ran.out.splitlines())


def file(tmp_path: Path, name: str, found: Any) -> str:
    (tmp_path / name).write_text(found if isinstance(found, str) else json.dumps(found))
    return name


def test_a_task_is_added_by_names_and_shown_with_them(rota: Rota, ann: Person) -> None:
    place = market(rota)
    client = made(rota("field", "client", "add", "Acme", "Ltd"))
    project = made(rota("field", "project", "add", "Census"))
    added = rota(
        *("field", "task", "add", "Count", "cows", "-r", "FREQ=DAILY;COUNT=3", "--from", "2099-06-01T08:00Z"),
        *("--at", "market", "--client", "acme ltd", "--project", project, "--amount", "400", "-x", "adv"),
        *("--total", "9", "--per-user", "2", "-e", "1h30m", "-d", "All of them.", "--active"),
    )
    task = made(added)
    said = "scheduled, from Mon 01 Jun 2099 08:00, to Wed 03 Jun 2099 23:59, on 3 dates, for 400.00 KES"
    assert added.err == f"rota: task {task}: {said}.\n"
    shown = record(rota("field", "task", "show", task))
    assert {name: shown[name] for name in ("name", "status", "required_expertise", "target", "estimated_time")} == {
        "name": "Count cows",
        "status": "Scheduled",
        "required_expertise": "Advanced",
        "target": f"location:{place}",
        "estimated_time": "01:30:00",
    }
    assert (shown["client"], shown["project"]) == (f"Acme Ltd ({client})", f"Census ({project})")
    assert (shown["locations"], shown["created_by_name"]) == (f"Market ({place})", ann.email)
    (date, *_) = cells(rota("field", "task", "dates", task, "-n", "2"))
    assert date[:4] == ["2099-06-01", "08:00:00", "23:59:59.999999", "Market"]
    assert [each[0] for each in cells(rota("field", "task", "dates", task, "--from", "2099-06-03"))] == ["2099-06-03"]


def test_a_name_that_is_nobodys_or_several_ones_is_refused(rota: Rota, ann: Person) -> None:
    ids = [made(rota("field", "client", "add", "Acme")) for _ in range(2)]
    made(rota("field", "client", "add", "Acme", "Ltd"))
    refused(rota("field", "task", "list", "--client", "Nobody"), "There is no client 'Nobody'.")
    several = rota("field", "task", "add", "x", "--from", "now", "--target", "user:1", "--client", "ACME")
    refused(several, f"Several clients are called 'ACME': say which by its id, {ids[0]} or {ids[1]}.")


def test_every_fault_is_told_on_a_line_of_its_own(rota: Rota, ann: Person) -> None:
    ran = rota("field", "task", "add", "x", "-r", "FREQ=NEVER", "--amount", "-3", "--target", "form:99")
    refused(ran, "The server cannot take this:\n")
    assert [each.split()[0] for each in ran.err.splitlines()[1:]] == ["amount", "target_id", "timing_rule"]
    refused(rota("field", "task", "show", "99"), "There is no task 99 here.")
    one = rota("field", "location", "add", "x", "--radius", "5")
    refused(one, "rota: geopoint ")
    assert len(one.err.splitlines()) == 1


def test_a_fault_is_told_with_its_place(rota: Rota, script: Script) -> None:
    errors = [
        {"detail": "The linkage must have an id.", "source": {"pointer": "/data/relationships/locations/data/1"}},
        {"detail": "name is required.", "source": {"pointer": "/data/attributes/name"}},
        {"title": "Odd", "source": {"header": "Accept"}},
        {"detail": "x must be x.", "source": {"pointer": "/data/attributes/a~1b/x"}},
    ]
    script.add("GET", "/api/v1/clients", {"errors": errors}, status=400)
    ran = rota("field", "client", "list")
    refused(ran, "The server cannot take this:")
    assert ran.err.splitlines()[1:] == [
        "  locations.1: The linkage must have an id.",
        "  name is required.",
        "  Odd",
        "  a/b.x: x must be x.",
    ]


def test_a_location_of_a_task_is_shown_with_its_own_rule_and_hours(rota: Rota, server: Server, ann: Person) -> None:
    place = market(rota)
    task = open_task(rota, "--at", place)
    own = {"timing_rule": "FREQ=WEEKLY", "start": "07:00", "end": "14:30"}
    given = {"locations": [{"type": "Location", "id": place, "meta": own}]}
    body = json.dumps({"data": {"type": "Task", "id": task, "attributes": given}})
    headers = {"X_Auth_Token": ann.token, "Content_Type": field_documents.MEDIA_TYPE}
    assert server.call("PATCH", f"/api/v1/tasks/{task}", body, **headers).status == 200
    shown = record(rota("field", "task", "show", task))["locations"]
    assert shown == f"Market ({place}, timing_rule FREQ=WEEKLY, start 07:00:00, end 14:30:00)"


def test_a_task_changes_in_what_is_named_alone(rota: Rota, ann: Person) -> None:
    task = open_task(rota, "--at", market(rota), "--total", "5", "-d", "long")
    assert rota("field", "task", "set", task, "--name", "Count goats", "--clear", "total").code == 0
    shown = record(rota("field", "task", "show", task))
    assert (shown["name"], shown["description"], "total_submission_target" in shown) == ("Count goats", "long", False)
    assert rota("field", "task", "set", task, "--status", "draft", "--json").json["attributes"]["status"] == "d"
    cleared = rota("field", "task", "set", task, "--clear", "--description", "--clear", "at", "--json").json
    assert (cleared["attributes"]["description"], cleared["relationships"]["locations"]["data"]) == ("", [])


def test_tasks_start_and_stop_and_what_cannot_be_done_is_told(rota: Rota, ann: Person) -> None:
    task = open_task(rota, "--at", market(rota))
    assert rota("field", "task", "stop", task).err == f"rota: task {task} is deactivated.\n"
    ran = rota("field", "task", "start", "999999", task)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines() == [
        "rota: task 999999: There is no task 999999 here.",
        f"rota: task {task} is active.",
    ]
    copy = made(rota("field", "task", "clone", task))
    assert rota("field", "task", "delete", copy, "--json").json == []
    assert rota("field", "task", "set", task, "--amount", "2.5", "-e", "90 s", "--to", "2099-01-01T00:00Z").code == 0
    history = cells(rota("field", "task", "history", task))
    assert [line[1:] for line in history[1:-1]] == [
        [ann.email, "task.changed", "status: a → b"],
        [ann.email, "task.changed", "status: b → a"],
        [ann.email, "task.changed", "end: none → 2099-01-01T00:00:00Z, estimated_time: none → 00:01:30"],
    ]
    assert history[-1][2] == "bounty.created"
    assert history[-1][3].endswith("amount: 2.50 KES")


def test_lists_are_filtered_and_go_on_over_pages(
    rota: Rota, ann: Person, monkeypatch: pytest.MonkeyPatch, on_terminal: Callable[..., str]
) -> None:
    monkeypatch.setattr(field_documents, "PAGE", 2)
    place = market(rota)
    tasks = [open_task(rota, "--at", place) for _ in range(5)]
    draft = made(rota("field", "task", "add", "Herd", "goats", "--from", "yesterday", "--target", f"location:{place}"))
    assert [line[0] for line in cells(rota("field", "task", "list", "cows", "--sort", "id"))] == tasks
    assert [each["id"] for each in rota("field", "task", "list", "-n", "3", "--sort=-id", "--json").json] == [
        draft,
        *tasks[:2:-1],
    ]
    assert [line[0] for line in cells(rota("field", "task", "list", "-s", "draft,exp"))] == [draft]
    assert len(cells(rota("field", "task", "list", "-l", "Market", "-s", "a"))) == 5
    assert cells(rota("field", "task", "list", "--date", "1 june 2050")) == []
    shown = on_terminal("field", "task", "list")
    assert "Active" in shown
    assert "Herd goats" in shown


def test_a_member_answers_and_an_admin_pays(
    rota: Rota, ann: Person, hire: Callable[..., Person], sit_down: Sit
) -> None:
    place, ben = market(rota), hire(ann.account)
    task = open_task(rota, "--at", place, "--amount", "400", "-x", "intermediate")
    sit_down(ben)
    assert cells(rota("field", "todo")) == []
    refused(rota("field", "task", "stop", task), "You do not have permission to perform this action.")
    assert "locations" in record(rota("field", "task", "show", task))
    sit_down(ann)
    assert rota("field", "expertise", ben.email, "inter").err == f"rota: {ben.email}: Intermediate.\n"
    sit_down(ben)
    assert [(line[0], line[4]) for line in cells(rota("field", "todo", "--near", POINT))] == [(task, "Market")]
    good = rota("field", "submit", task, "cows=12", "--at", POINT)
    answer = made(good)
    assert good.err == f"rota: submission {answer} is pending.\n"
    bad = rota("field", "submit", task, "--data", '{"cows": 12}', "--at", "1,36")
    assert (bad.code, bad.err) == (
        1,
        f"rota: submission {bad.out.strip()} is rejected: Submitted from wrong location.\n",
    )
    sit_down(ann)
    assert rota("field", "approve", answer).err == f"rota: submission {answer} is approved, for 400.00 KES.\n"
    assert [line[:2] for line in cells(rota("field", "submission", "list", "--user", ben.email))] == [
        [bad.out.strip(), "Rejected"],
        [answer, "Approved"],
    ]
    assert [line[0] for line in cells(rota("field", "submission", "list", "--task", task, "-s", "app"))] == [answer]
    people = {line[0]: line[4:] for line in cells(rota("field", "people"))}
    assert people[ben.email] == ["2", "1", "1", "0.5", "400.00 KES"]
    assert rota("field", "reject", answer, "-m", "goats").err == f"rota: submission {answer} is rejected: goats.\n"
    assert {line[0]: line[-1] for line in cells(rota("field", "people", ben.email))} == {ben.email: "0 KES"}
    ran = rota("field", "task", "delete", task)
    assert (ran.code, ran.err.startswith(f"rota: task {task}: The task has submissions")) == (1, True)


def test_answers_are_read_as_the_form_asks(rota: Rota, ann: Person, tmp_path: Path) -> None:
    form = made(rota("field", "form", "add", file(tmp_path, "cows.json", FORM)))
    assert [line[0:1] + line[4:] for line in cells(rota("field", "form", "list", "cows"))] == [[form, "Cows"]]
    task = open_task(rota, "--form", "cows")
    answer = made(rota("field", "submit", task, "age=34", "home.wet=yes", "tags=a, b"))
    shown = rota("field", "submission", "show", answer, "--json").json["attributes"]["data"]
    assert shown == {"age": 34, "home": {"wet": True}, "tags": ["a", "b"]}
    told = record(rota("field", "submission", "show", answer))
    assert (told["data.age"], told["data.home.wet"], told["data.tags"]) == ("34", "yes", "a, b")
    refused(rota("field", "submit", task, "age=old"), "data.age ")
    assert len(cells(rota("field", "submission", "list"))) == 1


def test_a_form_as_the_api_has_it_keeps_its_names(rota: Rota, ann: Person, tmp_path: Path) -> None:
    given = {"title": "Goats", "id_string": "g7", "version": "3", "fields": {"type": "object"}}
    rota("field", "form", "add", file(tmp_path, "goats.json", given), "--title", "All goats")
    (line,) = cells(rota("field", "form", "list"))
    assert line[1:] == ["g7", "3", "no", "All goats"]
    assert made(rota("field", "task", "add", "x", "--from", "now", "--form", "g7"))


@pytest.mark.parametrize(
    "found",
    [
        SQUARE,
        {"type": "Feature", "properties": {}, "geometry": SQUARE},
        {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": SQUARE}]},
    ],
)
def test_a_shape_is_taken_from_whatever_geojson_has_one(rota: Rota, ann: Person, tmp_path: Path, found: Any) -> None:
    shape = file(tmp_path, "square.geojson", found)
    added = rota("field", "location", "add", "Square", "--shape", shape, "-t", "county", "--country", "ke")
    assert added.err.startswith("rota: the location type 'county' is new: ")
    square = made(added)
    corner = rota("field", "location", "add", "Corner", "--point", POINT, "--radius", "5", "--parent", "square")
    again = rota("field", "location", "add", "Other", "-t", "County")
    assert (corner.code, again.code, again.err) == (0, 0, "")
    assert [line[1:] for line in cells(rota("field", "location", "list"))] == [
        ["Corner", "", "Square", "", f"{POINT} ±5 m"],
        ["Other", "county", "", "", ""],
        ["Square", "county", "", "KE", "a shape"],
    ]
    assert [line[0] for line in cells(rota("field", "location", "list", "--country", "ke"))] == [square]
    assert [line[1] for line in cells(rota("field", "location", "list", "--parent", square))] == ["Corner"]


def test_a_file_of_tasks_is_imported_and_its_bad_rows_are_told(rota: Rota, ann: Person, tmp_path: Path) -> None:
    place = market(rota)
    rows = "name,start,target_content_type,target_id,estimated_time\n"
    rows += f"Good,tomorrow 8:00,location,{place},1h30m\nBad,whenever,location,{place},\n"
    ran = rota("field", "import", "tasks", file(tmp_path, "tasks.csv", rows), "--json")
    assert ran.out, ran.err
    assert ran.code == 1, ran.err
    assert ran.json["text"] == "1 Tasks imported successfully. 1 Tasks failed to be imported"
    (good,), (bad,) = ran.json["succeeded"], ran.json["failed"]
    assert (good["name"], bad["row"], bad["name"]) == ("Good", 2, "Bad")
    assert "start" in bad["error"]
    assert record(rota("field", "task", "show", str(good["task_id"])))["estimated_time"] == "01:30:00"


@pytest.mark.parametrize(
    "words",
    [
        ["task", "add"],
        ["task", "add", "x", "--form", "1", "--target", "user:1"],
        ["task", "add", "x", "--target", "cow:1"],
        ["task", "add", "x", "--target", "user:x"],
        ["task", "add", "x", "--from", "whenever"],
        ["task", "add", "x", "-x", "genius"],
        ["task", "add", "x", "-e", "long"],
        ["task", "set", "1"],
        ["task", "set", "1", "-s", "a,b"],
        ["task", "set", "1", "--clear", "name"],
        ["task", "list", "-s", "nonsense"],
        ["task", "list", "-s", "d,e,"],
        ["task", "list", "--date", "never"],
        ["task", "list", "-n", "0"],
        ["todo", "--near", "x"],
        ["todo", "--near", "91,0"],
        ["submit", "1", "novalue"],
        ["submit", "1", "a=b", "--data", "{}"],
        ["submit", "1", "--data", "{"],
        ["submit", "1", "--at", "1,181"],
        ["approve"],
        ["export", "--format", "pdf"],
        ["import", "cows", "-"],
        ["import", "tasks", "not-there.csv"],
        ["location", "add", "x", "--shape", "not-there.json"],
        ["form", "add", "not-there.xlsx"],
        ["people", "-n", "1001"],
        ["expertise", "a@x.org", "5"],
    ],
)
def test_wrong_usage_ends_with_2(rota: Rota, script: Script, words: list[str]) -> None:
    script.add("GET", "/api/v1/tasks/1", task_about(13))
    ran = rota("field", *words)
    assert (ran.code, ran.out) == (2, "")
    assert "Traceback" not in ran.err
    assert [each.method for each in script.requests if each.method != "GET"] == []


def task_about(content_type: int) -> dict[str, Any]:
    """As much of a task's document as tells what it is about."""
    related = {"target_content_type": {"data": {"type": "ContentType", "id": str(content_type)}}}
    return {"data": {"type": "Task", "id": "1", "attributes": {"target_id": 1}, "relationships": related}}


def test_two_features_are_no_shape(rota: Rota, script: Script, tmp_path: Path) -> None:
    name = file(tmp_path, "two.geojson", {"type": "FeatureCollection", "features": [SQUARE, SQUARE]})
    ran = rota("field", "location", "add", "x", "--shape", name)
    assert (ran.code, "has 2 features" in ran.err) == (2, True)


@pytest.mark.parametrize(("title", "expected"), [((), "Households"), (("-t", "All of them"), "All of them")])
def test_a_spreadsheet_becomes_a_form(
    rota: Rota, ann: Person, tmp_path: Path, title: tuple[str, ...], expected: str
) -> None:
    sheets = {
        "survey": [("type", "name", "label"), ("integer", "age", "How old?")],
        "settings": [("form_title", "form_id"), ("Households", "households")],
    }
    (tmp_path / "sheet.XLSX").write_bytes(workbook(sheets))
    form = made(rota("field", "form", "add", "sheet.XLSX", *title))
    (line,) = cells(rota("field", "form", "list"))
    assert (line[:2], line[4]) == ([form, "households"], expected)
    assert made(rota("field", "submit", open_task(rota, "--form", "households"), "age=34"))


def test_submissions_are_exported_as_a_table_and_as_points(rota: Rota, ann: Person, tmp_path: Path) -> None:
    task, other = (open_task(rota, "--at", "Market" if n else market(rota)) for n in range(2))
    answer = made(rota("field", "submit", task, "cows=12", "--at", POINT))
    made(rota("field", "submit", other, "cows=13", "--at", POINT))
    ran = rota("field", "export", "--task", task, "-s", "approved,pending")
    (row,) = csv.DictReader(ran.out.splitlines())
    assert (row["id"], row["user"], row["cows"]) == (answer, ann.email, "12")
    assert rota("field", "export", "--format", "geojson", "-o", "answers.geojson").code == 0
    features = json.loads((tmp_path / "answers.geojson").read_text())["features"]
    assert [each["geometry"]["coordinates"] for each in features] == [[36.8219, -1.2921]] * 2
    assert list(csv.DictReader(rota("field", "export", "-s", "rejected").out.splitlines())) == []
    refused(rota("field", "export", "--task", str(2**62), "-s", "b", "-o", "no/where.csv"), "No such file")


def test_a_file_of_locations_is_imported_and_can_be_sent_again(rota: Rota, ann: Person, tmp_path: Path) -> None:
    rows = "name,longitude,latitude,radius,location_id,error\nMarket,36.8219,-1.2921,150,,name is odd\n"
    ran = rota("field", "import", "locations", file(tmp_path, "places.csv", rows))
    assert ran.code == 0, ran.err
    text, _, head, row = ran.out.splitlines()
    assert text == "1 Locations imported successfully. 0 Locations failed to be imported"
    assert head == "location_id\tname"
    (line,) = cells(rota("field", "location", "list"))
    assert [line[0], line[1], line[5]] == [*row.split("\t"), f"{POINT} ±150 m"]


@pytest.mark.parametrize("words", [("task", "list"), ("todo",), ("submit", "1"), ("export",), ("approve", "1")])
def test_a_server_that_is_not_there_is_told(
    rota: Rota, server: Server, ann: Person, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("ROTA_URL", "http://127.0.0.1:1")
    refused(rota("field", *words), "Nobody answers at http://127.0.0.1:1")
