"""Reads resource objects and linkage as clients write them into fields as the collections take them.

Where each field stands is kept, so that what is found wrong with it later can be told at its place. `pointer` is where
the object itself stands: `/data`, or within a document of several operations.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rota.dialects.jsonapi.errors import MOST_PROBLEMS, Problem, Problems, at, bad_request, conflict, detail, missing
from rota.dialects.jsonapi.resource import Attribute, Relationship, Resource
from rota.domain.faults import Fault, Path
from rota.domain.field.reading import Link, as_whole

_ID = re.compile(r"[0-9]{1,19}")

Lids = Mapping[tuple[str, str], int]
"""The ids of records that an earlier operation of the same document has made, by type and local id."""


@dataclass(slots=True)
class Written:
    """Fields by name, and what is wrong with those that cannot be handed on."""

    resource: Resource
    pointer: str
    given: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unfit: set[str] = field(default_factory=set)

    def refuse(self, faults: tuple[Fault, ...] = ()) -> None:
        """Raises Problems where anything is wrong, with the faults that a collection has found added."""
        told = [each for each in faults if each.path[0] not in self.unfit]
        found = [self.problem(each) for each in told[:MOST_PROBLEMS]]
        if found or self.problems:
            raise Problems(*self.problems, *found)

    def problem(self, fault: Fault) -> Problem:
        kind = missing if fault.missing else at
        return kind(self.place(fault.path), detail(fault.path, fault.sentence))

    def place(self, path: Path) -> str:
        """The pointer to what a path leads to, or to where it would stand."""
        name, *rest = path
        related = self.resource.relationship(str(name))
        found = self.places.get(str(name)) or pointer(
            self.pointer, "relationships" if related else "attributes", str(name)
        )
        return pointer(found, *rest)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads what is written of one resource. `types` are the names of the types by kind."""

    resource: Resource
    types: Mapping[str, str]
    lids: Lids = field(default_factory=dict)

    def new(self, data: Any, place: str = "/data") -> Written:
        """A resource object of a record to be made. Raises Problems where it is none, or is of another type, or brings
        an id; what is wrong with its fields is left in the result."""
        found = self._object(data, place)
        if found.get("id") is not None:
            raise Problems(
                Problem(
                    403, "client_id", "Forbidden", "Ids are given by the server.", {"pointer": pointer(place, "id")}
                )
            )
        if not isinstance(found.get("lid", ""), str):
            raise Problems(at(pointer(place, "lid"), "lid must be a text."))
        return self._fields(found, place, new=True)

    def change(self, data: Any, record_id: int, place: str = "/data") -> Written:
        """A resource object of this record. Raises Problems where it is none, or another record's."""
        found = self._object(data, place)
        given = found.get("id")
        if given is None:
            raise Problems(at(place, "id is required."))
        if isinstance(given, bool) or not isinstance(given, str | int | float):
            raise Problems(at(pointer(place, "id"), "id must be a text."))
        if given != record_id and given != str(record_id):
            raise Problems(conflict(pointer(place, "id"), f"The id is not {record_id}, as the URL has it."))
        return self._fields(found, place, new=False)

    def linkage(self, relationship: Relationship, data: Any, place: str = "/data") -> Written:
        """The linkage of one relationship. What is wrong with it is left in the result."""
        written = Written(self.resource, place)
        self._link(written, relationship, data, place)
        return written

    def _object(self, data: Any, place: str) -> dict[str, Any]:
        if not isinstance(data, dict):
            raise Problems(at(place, "The data must be a resource object."))
        type_ = data.get("type")
        if not isinstance(type_, str):
            there = pointer(place, "type") if "type" in data else place
            raise Problems(at(there, f"type is required: here it is {self.resource.type}."))
        if type_ != self.resource.type:
            raise Problems(conflict(pointer(place, "type"), f"The type is not {self.resource.type}."))
        return data

    def _fields(self, data: dict[str, Any], place: str, *, new: bool) -> Written:
        """What cannot be written, or no longer, is left out: a client may send back all that it got."""
        written = Written(self.resource, place)
        for name, value in self._members(written, data, "attributes"):
            self._attribute(written, name, value, pointer(place, "attributes", name), new)
        for name, value in self._members(written, data, "relationships"):
            self._relationship(written, name, value, pointer(place, "relationships", name), new)
        return written

    def _members(self, written: Written, data: dict[str, Any], part: str) -> list[tuple[str, Any]]:
        found = data.get(part, {})
        if not isinstance(found, dict):
            written.problems.append(at(pointer(written.pointer, part), f"{part} must be an object."))
            return []
        return [(name, value) for name, value in found.items() if not name.startswith("@")]

    def _attribute(self, written: Written, name: str, value: Any, place: str, new: bool) -> None:
        if related := self.resource.relationship(name):
            if takes(related, new):
                self._link(written, related, value, place, bare=True)
            return
        known = self.resource.attribute(name)
        if known is None:
            written.problems.append(at(place, f"{self.resource.type} has no attribute of this name.", "unknown_field"))
        elif takes(known, new):
            _put(written, name, value, place)

    def _relationship(self, written: Written, name: str, value: Any, place: str, new: bool) -> None:
        related = self.resource.relationship(name)
        if related is None:
            told = f"{self.resource.type} has no relationship of this name."
            written.problems.append(at(place, told, "unknown_field"))
        elif not isinstance(value, dict) or "data" not in value:
            written.problems.append(at(place, f"{name} must be a relationship object with data."))
            written.unfit.add(name)
        elif takes(related, new):
            self._link(written, related, value["data"], pointer(place, "data"))

    def _link(self, written: Written, related: Relationship, value: Any, place: str, bare: bool = False) -> None:
        """`bare` ids are taken where the field stands among the attributes."""
        linker = _Linker(self.types[related.kind], self.lids, bare)
        found = linker.many(value, place) if related.many else linker.one(value, place)
        if linker.problems:
            written.problems += linker.problems
            written.unfit.add(related.name)
        else:
            _put(written, related.name, found, place)


def takes(field: Attribute | Relationship, new: bool) -> bool:
    """Whether it can be written: what is fixed, only of a new record."""
    return field.writable and (new or not field.fixed)


def _put(written: Written, name: str, value: Any, place: str) -> None:
    """What was read of it before, among the attributes, counts no longer."""
    written.given[name], written.places[name] = value, place
    written.unfit.discard(name)


@dataclass(slots=True)
class _Linker:
    """Reads resource identifiers of one type."""

    type: str
    lids: Lids
    bare: bool
    problems: list[Problem] = field(default_factory=list)

    def one(self, value: Any, place: str) -> Any:
        return None if value is None else self._identifier(value, place)

    def many(self, value: Any, place: str) -> Any:
        if not isinstance(value, list):
            return self._fault(place, "must be a list of resource identifiers")
        found = []
        for number, each in enumerate(value):
            found.append(self._identifier(each, pointer(place, number)))
            if len(self.problems) >= MOST_PROBLEMS:
                break
        return found

    def _identifier(self, value: Any, place: str) -> Any:
        if not isinstance(value, dict):
            return value if self.bare else self._fault(place, "must be a resource identifier")
        if value.get("type") != self.type:
            there = pointer(place, "type") if "type" in value else place
            return self._fault(there, f"must be of the type {self.type}")
        found = self._id(value, place)
        meta = value.get("meta") or {}
        if not isinstance(meta, dict):
            return self._fault(pointer(place, "meta"), "must be an object")
        told = {name: each for name, each in meta.items() if not name.startswith("@")}
        return Link(found, told) if told and isinstance(found, int) else found

    def _id(self, value: dict[str, Any], place: str) -> Any:
        found = as_whole(value.get("id"))
        if isinstance(found, str) or type(found) is int:
            return int(found) if isinstance(found, str) and _ID.fullmatch(found) else found
        if "id" in value:
            return self._fault(pointer(place, "id"), "must be an id")
        lid = value.get("lid")
        if lid is None:
            return self._fault(place, "must have an id")
        if not isinstance(lid, str) or (self.type, lid) not in self.lids:
            return self._fault(pointer(place, "lid"), "names nothing that this document has made")
        return self.lids[self.type, lid]

    def _fault(self, place: str, sentence: str) -> None:
        self.problems.append(at(place, f"The linkage {sentence}."))


def primary(document: Mapping[str, Any]) -> Any:
    """The data of a document. Raises Problems where there is none."""
    if "data" not in document:
        raise Problems(bad_request("no_data", "The document must have a member data.", pointer=""))
    return document["data"]


def pointer(start: str, *steps: str | int) -> str:
    """A JSON pointer that goes on from there (RFC 6901).

    >>> pointer("/data", "attributes", "a/b")
    '/data/attributes/a~1b'
    """
    return "".join([start, *("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)])
