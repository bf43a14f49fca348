"""The field's API as the command line speaks it: resource objects in and out, and things named by id or by name."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

from rota.cli.output import CommandError
from rota.cli.wire import connect, segment

if TYPE_CHECKING:
    from rota.cli.client import Client

ROOT = "/api/v1"
MEDIA_TYPE = "application/vnd.api+json"
PAGE = 100
"""Of a list the API gives no more at once."""

COUNT = 100
"""How many of a list are shown where nobody says."""

Object = Mapping[str, Any]
"""A resource object."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What the API calls it, what people do, and the attributes by which they name one of them."""

    type: str
    word: str
    named_by: tuple[str, ...] = ("name",)


KINDS: Mapping[str, Kind] = {
    "tasks": Kind("Task", "task"),
    "submissions": Kind("Submission", "submission", ()),
    "locations": Kind("Location", "location"),
    "locationtypes": Kind("LocationType", "location type"),
    "projects": Kind("Project", "project"),
    "clients": Kind("Client", "client"),
    "forms": Kind("Form", "form", ("id_string", "title")),
    "users": Kind("User", "user", ("email", "name")),
}
"""By the segment of their paths."""


@dataclass(slots=True)
class Found:
    """Resource objects, and what those are called that they refer to, by type and id."""

    objects: list[Object] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)

    def take(self, document: Mapping[str, Any]) -> None:
        data = document["data"]
        self.objects += data if isinstance(data, list) else [data]
        self.names |= {(each["type"], each["id"]): called(each) for each in document.get("included", ())}

    def record(self, found: Object, *, in_full: bool = False) -> dict[str, Any]:
        """One of them as a line of a table: what it refers to is told by its name, `in_full` with its id."""
        relationships = found.get("relationships") or {}
        told = {name: self._told(each["data"], in_full) for name, each in relationships.items()}
        return {"id": found["id"], **(found.get("attributes") or {}), **told}

    def records(self) -> Iterator[dict[str, Any]]:
        return map(self.record, self.objects)

    def _told(self, linkage: Any, in_full: bool) -> Any:
        if isinstance(linkage, list):
            return [self._told(each, in_full) for each in linkage]
        if linkage is None:
            return None
        name = self.names.get((linkage["type"], linkage["id"]))
        if name is None:
            return linkage["id"]
        own = [f"{word} {value}" for word, value in (linkage.get("meta") or {}).items() if value]
        return f"{name} ({', '.join([linkage['id'], *own])})" if in_full else name


def called(found: Object) -> str:
    """What people call it, or its id."""
    attributes = found.get("attributes") or {}
    names = (attributes.get(each) for each in ("name", "email", "title"))
    return str(next((name for name in names if name), found["id"]))


class Field:
    """The field of one's own account on one server."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def ask(
        self,
        method: str,
        *steps: object,
        query: Mapping[str, Any] | None = None,
        data: Any = None,
        file: IO[bytes] | None = None,
        content_type: str = MEDIA_TYPE,
    ) -> Any:
        """The document of the answer, None for an empty one. Raises as Client.ask does."""
        body = None if data is None else {"data": data}
        path = "/".join((ROOT, *(segment(str(each)) for each in steps)))
        sent = content_type if body or file else None
        return self._client.ask(method, path, query=query, body=body, file=file, content_type=sent)

    def one(self, kind: str, record_id: int, include: str | None = None) -> Found:
        found = Found()
        found.take(self.ask("GET", kind, record_id, query={"include": include}))
        return found

    def list(self, kind: str, query: Mapping[str, Any] | None = None, number: int | None = None) -> Found:
        """The first so many, however many pages the server makes of them."""
        wanted, found, page = number or COUNT, Found(), 1
        while page:
            asked = {**(query or {}), "page": page, "page_size": min(wanted, PAGE)}
            document = self.ask("GET", kind, query=asked)
            found.take(document)
            is_last = len(found.objects) >= wanted or not document["links"]["next"]
            page = 0 if is_last else page + 1
        del found.objects[wanted:]
        return found

    def add(self, kind: str, given: Mapping[str, Any]) -> Object:
        return self._data(self.ask("POST", kind, data={"type": KINDS[kind].type, "attributes": given}))

    def change(self, kind: str, record_id: int, given: Mapping[str, Any]) -> Object:
        data = {"type": KINDS[kind].type, "id": str(record_id), "attributes": given}
        return self._data(self.ask("PATCH", kind, record_id, data=data))

    def id_of(self, kind: str, text: str) -> int:
        """Of the one that has this id or this name. Raises CommandError where there is none, or more than one."""
        if text.isascii() and text.isdigit():
            return int(text)
        ids = self.ids_of(kind, text)
        if len(ids) == 1:
            return ids[0]
        word = KINDS[kind].word
        if ids:
            raise CommandError(f"Several {word}s are called {text!r}: say which by its id, {_or(ids)}.")
        raise CommandError(f"There is no {word} {text!r}.")

    def ids_of(self, kind: str, name: str) -> Sequence[int]:
        """Of all that have this name."""
        named_by, asked = KINDS[kind].named_by, name.strip().casefold()
        found = dict[int, None]()
        for attribute in named_by:
            query = {"search": name} if attribute in {"name", "title"} else {attribute: name}
            for each in self.list(kind, query, PAGE).objects:
                if str(each["attributes"][attribute]).strip().casefold() == asked:
                    found[int(each["id"])] = None
        return tuple(found)

    @staticmethod
    def _data(document: Any) -> Object:
        found: Object = document["data"]
        return found


@contextmanager
def field_work() -> Iterator[Field]:
    """The field on the server of ROTA_URL, or on the one on this machine."""
    with connect() as client:
        yield Field(client)


def _or(ids: Iterable[int]) -> str:
    return " or ".join(map(str, ids))
