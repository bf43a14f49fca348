"""Reads what each operation of a document aims at, before any of them is performed (the Atomic Operations extension).

A target is named by `ref`, by `href`, or follows from `data`. What is wrong with the forms of all operations is told
at once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

from rota.dialects.jsonapi.errors import Problem, Problems, at, bad_request, missing
from rota.dialects.jsonapi.reading import pointer
from rota.dialects.jsonapi.resource import Relationship, Resource

MOST_OPERATIONS = 100
"""Of a document: nobody else writes meanwhile."""

OPERATIONS, RESULTS = "atomic:operations", "atomic:results"

_ID = re.compile(r"[1-9][0-9]{0,17}")

Lid = tuple[str, str]
"""A type, and the local id by which the document calls a record of it that it makes."""


class Op(StrEnum):
    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


class Aim(StrEnum):
    COLLECTION = "collection"
    RECORD = "record"
    TO_ONE = "to-one"
    TO_MANY = "to-many"


@dataclass(frozen=True, slots=True)
class Target:
    """`pointer` is where the document names it. Without a `record` it is the whole collection; it is a relationship
    where one is `related`."""

    resource: Resource
    pointer: str
    record: int | Lid | None = None
    related: Relationship | None = None

    @property
    def aim(self) -> Aim:
        if self.related:
            return Aim.TO_MANY if self.related.many else Aim.TO_ONE
        return Aim.COLLECTION if self.record is None else Aim.RECORD


@dataclass(frozen=True, slots=True)
class Operation:
    """One of a document, at `pointer`. `data` is None where there is none, too: `has_data` tells."""

    op: Op
    target: Target
    pointer: str
    data: Any
    has_data: bool

    @property
    def lid(self) -> Lid | None:
        """The local id that a new record gets."""
        found = self.data.get("lid") if isinstance(self.data, dict) else None
        made = self.op is Op.ADD and self.target.aim is Aim.COLLECTION and isinstance(found, str)
        return (self.target.resource.type, str(found)) if made else None


@dataclass(slots=True)
class Targets:
    """`resources` are those that are served, by kind; relative `href`s start from the URL `base`, and all lead below
    `root`."""

    resources: Mapping[str, Resource]
    base: str
    root: str
    lids: set[Lid] = field(default_factory=set)

    def read(self, document: Mapping[str, Any]) -> list[Operation]:
        """Raises Problems."""
        found, problems = list[Operation](), list[Problem]()
        for number, given in enumerate(_listed(document)):
            try:
                found.append(self._operation(given, pointer("", OPERATIONS, number)))
            except Problems as refused:
                problems += refused.problems
        if problems:
            raise Problems(*problems)
        return found

    def _operation(self, given: Any, place: str) -> Operation:
        if not isinstance(given, dict):
            raise Problems(at(place, "An operation must be an object."))
        op = _op(given, place)
        found = Operation(op, self._target(given, op, place), place, given.get("data"), "data" in given)
        if (lid := found.lid) is not None:
            if lid in self.lids:
                _refuse(pointer(place, "data", "lid"), "The lid names another record already.")
            self.lids.add(lid)
        return found

    def _target(self, given: dict[str, Any], op: Op, place: str) -> Target:
        if "ref" in given and "href" in given:
            _refuse(place, "An operation has a ref or an href, not both.")
        if "ref" in given:
            return self._referred(given["ref"], pointer(place, "ref"))
        if "href" in given:
            return self._linked(given["href"], pointer(place, "href"))
        return self._implied(given.get("data"), op, place)

    def _referred(self, ref: Any, place: str) -> Target:
        if not isinstance(ref, dict):
            _refuse(place, "A ref must be an object.")
        resource = self._of_type(ref, place)
        record = self._record(resource, ref, place)
        if "relationship" not in ref:
            return Target(resource, place, record)
        name, there = ref["relationship"], pointer(place, "relationship")
        if not isinstance(name, str):
            _refuse(there, "A relationship is called by its name.")
        return Target(resource, place, record, self._related(resource, name, there))

    def _implied(self, data: Any, op: Op, place: str) -> Target:
        """An operation that names no target is about what its data is about."""
        if op is Op.REMOVE:
            _refuse(place, "An operation that removes must have a ref or an href.")
        there = pointer(place, "data")
        if not isinstance(data, dict):
            _refuse(there if data is not None else place, "An operation must have a ref, an href or a resource object.")
        resource = self._of_type(data, there)
        return Target(resource, there, self._record(resource, data, there) if op is Op.UPDATE else None)

    def _linked(self, href: Any, place: str) -> Target:
        if not isinstance(href, str):
            _refuse(place, "An href must be a text.")
        resource, record, name = self._steps(href, place)
        if record is not None and not _ID.fullmatch(record):
            raise Problems(missing(place, "The href leads to nothing here."))
        related = None if name is None else self._related(resource, name, place)
        return Target(resource, place, None if record is None else int(record), related)

    def _steps(self, href: str, place: str) -> tuple[Resource, str | None, str | None]:
        """The parts of a path such as `/tasks/1/relationships/client`."""
        try:
            url = urlsplit(urljoin(self.base, href))
        except ValueError:
            _refuse(place, "The href is no URL.")
        path = f"{url.scheme}://{url.netloc}{url.path}".removesuffix("/")
        segment, *steps = path.removeprefix(self.root + "/").split("/")
        resource = next((each for each in self.resources.values() if each.segment == segment), None)
        known = len(steps) < 2 or (len(steps) == 3 and steps[1] == "relationships")
        if not path.startswith(self.root + "/") or url.query or resource is None or not known:
            raise Problems(missing(place, "The href leads to nothing here."))
        return resource, steps[0] if steps else None, steps[2] if len(steps) == 3 else None

    def _of_type(self, given: dict[str, Any], place: str) -> Resource:
        type_ = given.get("type")
        found = next((each for each in self.resources.values() if each.type == type_), None)
        if found is None:
            there = pointer(place, "type") if "type" in given else place
            _refuse(there, "type must be that of a resource." if "type" in given else "type is required.")
        return found

    def _record(self, resource: Resource, given: dict[str, Any], place: str) -> int | Lid:
        """By its id, or by the lid that an operation before has given it."""
        found, lid = given.get("id"), given.get("lid")
        if found is not None:
            if isinstance(found, bool) or not isinstance(found, str | int):
                _refuse(pointer(place, "id"), "id must be a text.")
            if not _ID.fullmatch(str(found)):
                raise Problems(missing(pointer(place, "id"), f"There is no {resource.type} of this id."))
            return int(found)
        if lid is None:
            _refuse(place, "id or lid is required.")
        if not isinstance(lid, str) or (resource.type, lid) not in self.lids:
            _refuse(pointer(place, "lid"), "The lid names nothing that an operation before has made.")
        return resource.type, lid

    def _related(self, resource: Resource, name: str, place: str) -> Relationship:
        found = resource.relationship(name)
        if found is None or found.kind not in self.resources:
            raise Problems(missing(place, f"{resource.type} has no relationship of this name."))
        return found


def _listed(document: Mapping[str, Any]) -> list[Any]:
    """The operations. Raises Problems where the document is none of the extension."""
    problems = [
        at(pointer("", name), f"A document of operations has no {name}.")
        for name in ("data", "included", "errors", RESULTS)
        if name in document
    ]
    found, place = document.get(OPERATIONS), pointer("", OPERATIONS)
    if OPERATIONS not in document:
        problems.append(bad_request("no_operations", f"The document must have a member {OPERATIONS}.", pointer=""))
    elif not isinstance(found, list) or not found:
        problems.append(at(place, f"{OPERATIONS} must be a list of operations."))
    elif len(found) > MOST_OPERATIONS:
        problems.append(at(place, f"{OPERATIONS} may hold {MOST_OPERATIONS} operations, not {len(found)}."))
    if problems:
        raise Problems(*problems)
    return found or []


def _op(given: dict[str, Any], place: str) -> Op:
    found = given.get("op")
    if not isinstance(found, str) or found not in set(Op):
        there = pointer(place, "op") if "op" in given else place
        _refuse(there, f"op must be one of {', '.join(Op)}.")
    return Op(found)


def _refuse(place: str, sentence: str) -> NoReturn:
    raise Problems(at(place, sentence))
