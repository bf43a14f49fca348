"""A server that is asked from without, by HTTP alone: what is made there is removed again."""

from dataclasses import dataclass, field
from functools import cached_property
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx

MEDIA_TYPE = "application/vnd.api+json"
ROOT = "/api/v1"
RULE = "FREQ=DAILY;COUNT=3"

Document = dict[str, Any]


def linked(type_: str, *ids: str | None) -> list[Document]:
    return [{"type": type_, "id": each} for each in ids]


@dataclass(frozen=True)
class World:
    """What checks look at: the self links of records that refer to one another, and to nothing."""

    client: Document
    project: Document
    place: Document
    parent: Document
    task: Document
    bare: Document
    form: Document
    submission: Document


@dataclass
class Peer:
    """`token` is an admin's. Paths go on from the root of the API; whole URLs are taken as they are."""

    url: str
    token: str
    made: list[str] = field(default_factory=list)

    def __enter__(self) -> "Peer":
        headers = {"X-Auth-Token": self.token, "Accept": MEDIA_TYPE}
        self.http = httpx.Client(base_url=self.url.rstrip("/"), headers=headers, timeout=60)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """What needs others goes first; what others still need stays until they are gone."""
        for url in reversed(self.made):
            self.ask("DELETE", url)
        self.http.close()

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> httpx.Response:
        """`Content_Type` in keywords is the header Content-Type. A document that is no bytes is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        target = path if path.startswith("http") else ROOT + path
        if document is None:
            return self.http.request(method, target, headers=sent)
        sent = {"Content-Type": MEDIA_TYPE, **sent}
        if isinstance(document, bytes):
            return self.http.request(method, target, headers=sent, content=document)
        request = self.http.build_request(method, target, headers=sent, json=document)
        request.headers["Content-Type"] = sent["Content-Type"]
        return self.http.send(request)

    def get(self, path: str, status: int = 200) -> Any:
        """The document of an answer."""
        return expect(self.ask("GET", path), status).json()

    def create(self, segment: str, data: Any, status: int = 201) -> Any:
        """The answer to a new resource, which is removed in the end."""
        answer = self.ask("POST", f"/{segment}", {"data": data})
        if answer.status_code == 201:
            self.made.append(answer.json()["data"]["links"]["self"])
        return expect(answer, status)

    def make(self, segment: str, type_: str, attributes: Any, **relationships: Any) -> Document:
        """The resource object of a new record."""
        linkage = {name: {"data": data} for name, data in relationships.items()}
        data = {"type": type_, "attributes": attributes, "relationships": linkage}
        found: Document = self.create(segment, data).json()["data"]
        return found

    def client(self, name: str = "") -> Document:
        return self.make("clients", "Client", {"name": name or fresh("client")})

    def task(self, **more: Any) -> Document:
        """One of three days, about a client of its own; relationships in keywords that are no texts or numbers."""
        target = linked("ContentType", "13")[0]
        related = {name: more.pop(name) for name in list(more) if isinstance(more[name], dict | list)}
        attributes = {"name": fresh("task"), "timing_rule": RULE, "target_id": int(self.person["id"]), **more}
        return self.make("tasks", "Task", attributes, target_content_type=target, **related)

    @cached_property
    def person(self) -> Document:
        """Somebody who is there already."""
        found: Document = self.get("/users?page_size=1")["data"][0]
        return found

    @cached_property
    def world(self) -> World:
        client = self.client()
        point = {"type": "Point", "coordinates": [36.8219, -1.2921]}
        kind = self.make("locationtypes", "LocationType", {"name": fresh("kind")})
        place = self.make(
            "locations",
            "Location",
            {"name": fresh("place"), "country": "KE", "geopoint": point, "radius": 100},
            location_type=linked("LocationType", kind["id"])[0],
        )
        form = self.make("forms", "Form", {"title": fresh("form"), "fields": {"type": "object"}})
        parent = self.task()
        own = [{**linked("Location", place["id"])[0], "meta": {"start": "07:00", "end": "14:30"}}]
        task = self.task(
            client=linked("Client", client["id"])[0],
            parent=linked("Task", parent["id"])[0],
            locations=own,
            amount="12.50",
            status="a",
        )
        project = self.make("projects", "Project", {"name": fresh("project")}, tasks=linked("Task", task["id"]))
        submission = self.make("submissions", "Submission", {"data": {}}, task=linked("Task", task["id"])[0])
        return World(client, project, place, parent, task, self.task(), form, submission)

    @cached_property
    def corpus(self) -> list[tuple[str, httpx.Response]]:
        """Answers of all sorts, each with what was asked."""
        world = self.world
        task, parent, bare, project = (
            urlsplit(each["links"]["self"]).path.removeprefix(ROOT)
            for each in (world.task, world.parent, world.bare, world.project)
        )
        segments = ("tasks", "occurrences", "submissions", "locations", "locationtypes", "segmentrules", "projects")
        segments += ("clients", "bounties", "forms", "contenttypes", "jobs", "users")
        paths = [
            *(f"/{segment}?page_size=3" for segment in segments),
            f"/clients?filter[id]={world.client['id']}",
            "/clients?filter[name]=of+nobody+at+all",
            *(f"{each}" for each in (task, parent, bare, project)),
            f"{task}?include=client,parent,locations.location_type,created_by,bounty",
            f"{task}?include=client&fields[Client]=name&fields[Task]=name,client",
            f"/tasks?filter[id]={world.task['id']},{world.parent['id']}&include=parent,client",
            f"{bare}?include=client,locations",
            *(f"{each}/{name}" for each in (task, bare) for name in ("client", "locations", "parent", "bounty")),
            *(f"{each}/relationships/{name}" for each in (task, bare) for name in ("client", "locations", "parent")),
            f"{project}/tasks",
            f"{project}/relationships/tasks",
            "/tasks/999999999999",
            "/tasks?include=x,client.y&fields[Task]=z&sort=w&u=1",
            f"{task}/relationships/nothing",
        ]
        answers = [(f"GET {path}", self.ask("GET", path)) for path in paths]
        unfit = {"data": {"type": "Task", "attributes": {"name": "", "colour": "red", "timing_rule": "FREQ=X"}}}
        answers += [
            ("POST /tasks", self.ask("POST", "/tasks", unfit)),
            ("POST /clients", self.create("clients", {"type": "Client", "attributes": {"name": fresh("client")}})),
            ("PATCH /clients", self.change(self.client(), {"name": fresh("client")})),
        ]
        return answers

    @property
    def documents(self) -> list[tuple[str, Document]]:
        """Those of the corpus."""
        return [(asked, answer.json()) for asked, answer in self.corpus]

    def change(self, record: Document, attributes: Any = None, **relationships: Any) -> httpx.Response:
        data = {"type": record["type"], "id": record["id"]}
        if attributes is not None:
            data["attributes"] = attributes
        if relationships:
            data["relationships"] = {name: {"data": each} for name, each in relationships.items()}
        return self.ask("PATCH", url_of(record), {"data": data})


def url_of(record: Document, *steps: str) -> str:
    """Of a record, or below it."""
    return "/".join([str(record["links"]["self"]).rstrip("/"), *steps])


def linkage_url(record: Document, name: str) -> str:
    return url_of(record, "relationships", name)


def fresh(word: str) -> str:
    """A name that nothing has yet."""
    return f"{word} {uuid4().hex[:12]}"


def expect(answer: httpx.Response, *statuses: int) -> httpx.Response:
    assert answer.status_code in statuses, f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text}"
    return answer
