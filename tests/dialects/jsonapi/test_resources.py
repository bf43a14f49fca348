"""The other resources: whole documents, who may see them, what may be written of them."""

from typing import Any

import planted
from dialects.jsonapi.outpost import HOST, Outpost
from ground import ADMIN, ANN, BOB, SECOND, START, STRANGER

NOW = "2018-06-26T08:00:00Z"
POINT = {"type": "Point", "coordinates": [36.8, -1.3]}
SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}}


def _one(type_: str, number: int | None) -> Any:
    return {"data": None if number is None else {"type": type_, "id": str(number)}}


def _surveyed(outpost: Outpost) -> tuple[int, int]:
    """A form and a task about it."""
    form = outpost.make("forms", "Form", title="Form2", id_string="form2_id", version="1", fields=SCHEMA)
    about = {"target_content_type": 16, "target_id": form}
    return form, outpost.make("tasks", "Task", name="T", timing_rule="FREQ=DAILY", status="a", amount="2.50", **about)


def test_a_submission_is_sent_reviewed_and_paid(outpost: Outpost) -> None:
    form, task = _surveyed(outpost)
    attributes = {"data": {"age": 7}, "geopoint": POINT}
    written = {"type": "Submission", "attributes": attributes, "relationships": {"task": _one("Task", task)}}
    made = outpost.ask("POST", "/submissions", {"data": written}, who=ANN)
    ann = outpost.ground.actors[ANN].user.id
    shown = {
        "type": "Submission",
        "id": "1",
        "attributes": {
            "submission_time": NOW,
            "valid": True,
            "approved": False,
            "status": "d",
            "status_display": "Pending",
            "comments": "",
            **attributes,
            "target_id": form,
            "amount": "0 KES",
            "created": NOW,
            "modified": NOW,
        },
        "relationships": {
            "task": _one("Task", task),
            "user": _one("User", ann),
            "location": _one("Location", None),
            "bounty": _one("Bounty", 1),
        },
        "links": {"self": f"{HOST}/api/v1/submissions/1"},
    }
    assert (made.status_code, made.json["data"]) == (201, shown)
    review = {"data": {**shown, "attributes": {**shown["attributes"], "status": "a"}}}
    assert outpost.refused("PATCH", "/submissions/1", review, who=ANN)[0] == 403
    reviewed = outpost.ask("PATCH", "/submissions/1", review).json["data"]["attributes"]
    assert [reviewed[name] for name in ("approved", "status_display", "amount")] == [True, "Approved", "2.50 KES"]
    assert outpost.get("/submissions", who=BOB)["data"] == []
    assert outpost.refused("GET", "/submissions/1", who=BOB)[0] == 404
    assert outpost.refused("PATCH", "/submissions/1/relationships/task", _one("Task", task))[0] == 403
    assert outpost.refused("DELETE", f"/tasks/{task}")[0] == 409
    task_shown = outpost.get(f"/tasks/{task}")["data"]["attributes"]
    assert (task_shown["xform_title"], task_shown["total_bounty_payout"]) == ("Form2", "2.50 KES")
    user = outpost.get(f"/users/{ann}", who=ANN)["data"]["attributes"]
    assert (user["approved_submissions"], user["approval_rate"], user["amount_earned"]) == (1, 1.0, "2.50 KES")


def test_an_id_is_a_whole_number_however_json_writes_it(outpost: Outpost) -> None:
    task = outpost.make("tasks", "Task", name="a", start="2018-07-01", target_content_type=13.0, target_id=1)
    project = outpost.make("projects", "Project", name="p", tasks=[float(task)])
    assert outpost.get(f"/tasks/{task}")["data"]["relationships"]["project"]["data"]["id"] == str(project)
    wrong = {"data": {"type": "Project", "attributes": {"name": "q", "tasks": [1.5]}}}
    assert outpost.refused("POST", "/projects", wrong) == (
        400,
        [("/data/attributes/tasks/0", "tasks.0 must be an id.")],
    )


def test_answers_that_do_not_fit_the_form_are_told_where(outpost: Outpost) -> None:
    _, task = _surveyed(outpost)
    written = {"type": "Submission", "attributes": {"task": task, "data": {"age": "x"}}}
    status, ((place, _),) = outpost.refused("POST", "/submissions", {"data": written}, who=ANN)
    assert (status, place) == (400, "/data/attributes/data/age")
    assert outpost.get("/submissions")["data"] == []


def test_a_form_and_a_bounty(outpost: Outpost) -> None:
    form, task = _surveyed(outpost)
    assert outpost.get(f"/forms/{form}", who=ANN)["data"]["attributes"] == {
        "title": "Form2",
        "id_string": "form2_id",
        "version": "1",
        "fields": SCHEMA,
        "has_task": True,
        "created": NOW,
        "modified": NOW,
    }
    bounty = outpost.get("/bounties")["data"]
    assert [(each["attributes"], each["relationships"]) for each in bounty] == [
        ({"amount": "2.50 KES", "created": NOW}, {"task": _one("Task", task)})
    ]
    assert outpost.refused("POST", "/bounties", {"data": {"type": "Bounty"}})[0] == 403
    assert outpost.refused("GET", "/bounties", who=ANN)[0] == 403


def test_a_user_sees_and_writes_themselves(outpost: Outpost) -> None:
    ann = outpost.ground.actors[ANN].user.id
    assert [each["attributes"]["email"] for each in outpost.get("/users")["data"]] == [ADMIN, ANN, BOB]
    (user,) = outpost.get("/users", who=ANN)["data"]
    assert [*user["attributes"]][:6] == ["email", "name", "role", "role_display", "expertise", "expertise_display"]
    data = {"type": "User", "id": str(ann), "attributes": {"name": "Ann"}}
    changed = outpost.ask("PATCH", f"/users/{ann}", {"data": data}, who=ANN).json["data"]["attributes"]
    assert (changed["name"], changed["role_display"], changed["expertise"]) == ("Ann", "Member", "1")
    data["attributes"] = {"role": "admin"}
    assert outpost.refused("PATCH", f"/users/{ann}", {"data": data}, who=ANN)[0] == 403


def test_a_project_gathers_tasks_and_pages_through_them(outpost: Outpost) -> None:
    about = {"target_content_type": 13, "target_id": 1, "start": NOW}
    tasks = [outpost.make("tasks", "Task", name=name, **about) for name in "abc"]
    project = outpost.make("projects", "Project", name="P", tasks=tasks[:2])
    path = f"/projects/{project}/relationships/tasks"
    third = {"data": [{"type": "Task", "id": str(tasks[2])}]}
    assert outpost.ask("POST", path, third).status_code == 204
    page = outpost.get(f"{path}?page_size=2&page=2")
    url = f"{HOST}/api/v1{path}?page_size=2"
    assert page == {
        "jsonapi": {"version": "1.1"},
        "links": {
            "self": f"{url}&page=2",
            "related": f"{HOST}/api/v1/projects/{project}/tasks",
            "first": f"{url}&page=1",
            "last": f"{url}&page=2",
            "next": None,
            "prev": f"{url}&page=1",
        },
        "data": third["data"],
        "meta": {"count": 3, "pagination": {"page": 2, "pages": 2, "count": 3}},
    }
    names = outpost.get(f"/projects/{project}/tasks?fields[Task]=name&sort=-name")["data"]
    assert [each["attributes"]["name"] for each in names] == ["c", "b", "a"]
    assert outpost.ask("DELETE", path, third).status_code == 204
    assert outpost.get(f"/projects/{project}")["data"]["relationships"]["tasks"]["meta"] == {"count": 2}


def test_content_types_are_the_same_for_all(door: Outpost) -> None:
    found = door.get("/contenttypes", who=ANN)["data"]
    assert [(each["id"], each["attributes"]["model"]) for each in found] == [
        ("13", "user"),
        ("14", "submission"),
        ("15", "location"),
        ("16", "form"),
        ("17", "job"),
    ]
    assert door.refused("DELETE", "/contenttypes/13")[0] == 403
    assert door.refused("DELETE", "/contenttypes/13?include=")[0] == 403


def test_a_job_is_shown_to_admins_by_its_number(outpost: Outpost) -> None:
    times = {"created_at": START, "started_at": START + SECOND, "ended_at": START + 2 * SECOND}
    counts = {"total_count": 3, "success_count": 2, "failure_count": 1}
    number = planted.job(outpost.ground, "j1", file_name="a.csv", status="partial", **times, **counts)
    shown = {
        "type": "Job",
        "id": str(number),
        "attributes": {
            "job_id": "j1",
            "category": "trial",
            "action": "row",
            "file_name": "a.csv",
            "status": "partial",
            **counts,
            "created": NOW,
            "started": "2018-06-26T08:00:01Z",
            "ended": "2018-06-26T08:00:02Z",
        },
        "links": {"self": f"{HOST}/api/v1/jobs/{number}"},
    }
    assert outpost.get(f"/jobs/{number}")["data"] == shown
    assert [*outpost.get("/jobs")["data"][0]["attributes"]] == [*shown["attributes"]]
    bare = outpost.get(f"/jobs/{planted.job(outpost.ground, 'j2')}?fields[Job]=file_name,total_count,started,ended")
    assert {*bare["data"]["attributes"].values()} == {None}
    assert outpost.refused("GET", "/jobs", who=ANN)[0] == outpost.refused("GET", f"/jobs/{number}", who=ANN)[0] == 403
    assert outpost.get("/jobs", who=STRANGER)["data"] == []
    assert outpost.refused("GET", f"/jobs/{number}", who=STRANGER) == (404, [("", f"There is no job {number} here.")])


def test_a_job_is_refused_to_be_written_as_a_bounty_is(outpost: Outpost) -> None:
    number = planted.job(outpost.ground, "a")
    for method, path in (("POST", ""), ("PATCH", f"/{number}"), ("DELETE", f"/{number}")):
        told = [
            outpost.refused(method, f"/{segment}{path}", {"data": {"type": type_, "id": str(number)}})
            for segment, type_ in (("jobs", "Job"), ("bounties", "Bounty"))
        ]
        assert told == [(403, [("", "You do not have permission to perform this action.")])] * 2
    assert outpost.get(f"/jobs/{number}")["data"]["attributes"]["status"] == "pending"


def test_jobs_are_listed_by_what_is_asked_of_them(outpost: Outpost) -> None:
    day = 86_400 * SECOND
    made = (
        ("a", "success", "trial", "row", 2),
        ("b", "pending", "queue", "add", 1),
        ("c", "success", "queue", "add", 0),
    )
    for job_id, status, category, action, days in made:
        what = {"status": status, "category": category, "action": action, "created_at": START + days * day}
        planted.job(outpost.ground, job_id, **what)

    def found(query: str) -> str:
        return "".join(each["attributes"]["job_id"] for each in outpost.get(f"/jobs?{query}")["data"])

    for query, expected in (
        *(("", "abc"), ("sort=-id", "cba"), ("ordering=created", "cba"), ("sort=-created,id", "abc")),
        *(("id=2", "b"), ("id__in=1,3", "ac"), ("filter[id__gt]=1", "bc"), ("id=999", ""), ("job_id=c", "c")),
        *(
            ("job_id__in=a,b", "ab"),
            ("status=success", "ac"),
            ("status=success,pending", "abc"),
            ("status__in=pending", "b"),
        ),
        *(("category=queue&action=add", "bc"), ("action__isnull=True", ""), ("created=2018-06-27", "b")),
        *(
            ("created__gte=2018-06-27&created__lt=2018-06-28", "b"),
            ("created__day=28", "a"),
            ("page_size=2&page=2", "c"),
        ),
    ):
        assert found(query) == expected, query
    for query, place in (("status=deleted", "status"), ("id=a", "id"), ("sort=status", "sort"), ("ended=1", "ended")):
        assert [each[0] for each in outpost.refused("GET", f"/jobs?{query}")[1]] == [place]


def test_a_task_may_be_about_a_job(outpost: Outpost) -> None:
    number, theirs = planted.job(outpost.ground, "a"), planted.job(outpost.ground, "b", account_id="e" * 32)
    task = outpost.make("tasks", "Task", name="t", start=NOW, target_content_type=17, target_id=number)
    shown = outpost.get(f"/tasks/{task}")["data"]
    assert shown["attributes"]["target_id"] == number
    assert shown["relationships"]["target_content_type"] == _one("ContentType", 17)
    told = [("/data/attributes/target_id", "target_id is the id of no job.")]
    for other in (theirs, 999):
        attributes = {"name": "t", "start": NOW, "target_content_type": 17, "target_id": other}
        assert outpost.refused("POST", "/tasks", {"data": {"type": "Task", "attributes": attributes}}) == (400, told)
        changed = {"data": {"type": "Task", "id": str(task), "attributes": {"target_id": other}}}
        assert outpost.refused("PATCH", f"/tasks/{task}", changed) == (400, told)
    sent = outpost.make("submissions", "Submission", task=task, data={})
    assert outpost.get(f"/submissions/{sent}")["data"]["attributes"]["target_id"] == number
