"""The documents of this dialect as JSON Schemas, made from the descriptions of the resources."""

from collections.abc import Iterable, Mapping
from typing import Any

from rota.dialects.description import STRING, Node, ref
from rota.dialects.jsonapi.reading import takes
from rota.dialects.jsonapi.resource import Attribute, Relationship, Resource
from rota.dialects.jsonapi.schemas import ID, RELATED, REQUIRED, WRITTEN, or_null, shown
from rota.dialects.jsonapi.targets import MOST_OPERATIONS, OPERATIONS, RESULTS, Op
from rota.domain.events import Kind

_URL: Node = {"type": "string", "format": "uri"}
_META: Node = {"type": "object"}
_COUNT: Node = {"type": "integer", "minimum": 0}


def closed(properties: Mapping[str, Node], required: Iterable[str] = ()) -> Node:
    """An object of these members and no others."""
    return {**opened(properties, required), "additionalProperties": False}


def opened(properties: Mapping[str, Node], required: Iterable[str] = ()) -> Node:
    """An object of which other members are not looked at."""
    return {"type": "object", "properties": dict(properties), "required": list(required)}


def listed(node: Node, **more: Any) -> Node:
    return {"type": "array", "items": node, **more}


_JSONAPI = closed({"version": {"const": "1.1"}, "ext": listed(_URL)}, ("version",))
_SELF = closed({"self": _URL}, ("self",))
_PAGES = closed(
    {"self": _URL, "first": _URL, "last": _URL, "next": or_null(_URL), "prev": or_null(_URL)},
    ("self", "first", "last", "next", "prev"),
)
_PAGINATION = closed(
    {"page": {"type": "integer", "minimum": 1}, "pages": {"type": "integer", "minimum": 1}, "count": _COUNT},
    ("page", "pages", "count"),
)
_ERROR = closed(
    {
        **dict.fromkeys(("id", "status", "code", "title", "detail"), STRING),
        "source": closed(dict.fromkeys(("pointer", "parameter", "header"), STRING)),
    },
    ("id", "status", "code", "title", "detail"),
)

_EVENT = closed(
    {
        "type": {"const": "Event"},
        "id": ID,
        "attributes": closed(
            {
                "at": shown("task", "created"),
                "kind": {"enum": list(Kind)},
                "user": or_null(STRING),
                **dict.fromkeys(("before", "after"), or_null(_META)),
            },
            ("at", "kind", "user", "before", "after"),
        ),
    },
    ("type", "id", "attributes"),
)
_FEATURE = closed(
    {
        "type": {"const": "Feature"},
        "id": {"type": "integer", "minimum": 1},
        "geometry": shown("submission", "geopoint"),
        "properties": _META,
    },
    ("type", "id", "geometry", "properties"),
)


def components(resources: Mapping[str, Resource]) -> dict[str, Node]:
    """All schemas by name; `resources` are those that are served, by kind."""
    found: dict[str, Node] = {
        "Errors": closed({"errors": listed(_ERROR, minItems=1)}, ("errors",)),
        "Resource": {"oneOf": [ref(each.type) for each in resources.values()]},
        "Operations": _operations(resources),
        "Results": _results(),
        "History": closed({"jsonapi": _JSONAPI, "links": _SELF, "data": listed(_EVENT)}, ("jsonapi", "links", "data")),
        "Features": closed(
            {"type": {"const": "FeatureCollection"}, "features": listed(_FEATURE)}, ("type", "features")
        ),
    }
    for each in resources.values():
        found |= _of(each, resources)
    return found


def _of(resource: Resource, resources: Mapping[str, Resource]) -> dict[str, Node]:
    type_ = resource.type
    found = {
        type_: _object(resource, resources),
        f"{type_}Id": closed({"type": {"const": type_}, "id": ID, "meta": _META}, ("type", "id")),
        f"{type_}Document": _document(ref(type_), _SELF),
        f"{type_}OrNull": _document(or_null(ref(type_)), _SELF),
        f"{type_}List": _document(listed(ref(type_)), _PAGES, closed({"pagination": _PAGINATION}, ("pagination",))),
        f"{type_}Linkage": _linkage(or_null(ref(f"{type_}Id"))),
        f"{type_}Linkages": _linkage(listed(ref(f"{type_}Id"))),
    }
    if resource.kind in WRITTEN:
        found[f"New{type_}"] = opened({"data": _new(resource, resources)}, ("data",))
        found[f"Changed{type_}"] = opened({"data": _changed(resource, resources)}, ("data",))
    return found


def _document(data: Node, links: Node, meta: Node | None = None) -> Node:
    members = {"jsonapi": _JSONAPI, "links": links, "data": data, "included": listed(ref("Resource"))}
    more = {"meta": meta} if meta else {}
    return closed({**members, **more}, ("jsonapi", "links", "data", *more))


def _linkage(data: Node) -> Node:
    links = closed(
        {**dict.fromkeys(("self", "related", "first", "last"), _URL), "next": or_null(_URL), "prev": or_null(_URL)},
        ("self", "related"),
    )
    meta = closed({"count": _COUNT, "pagination": _PAGINATION}, ("count",))
    return closed({"jsonapi": _JSONAPI, "links": links, "data": data, "meta": meta}, ("jsonapi", "links", "data"))


def _object(resource: Resource, resources: Mapping[str, Resource]) -> Node:
    attributes = {each.name: shown(resource.kind, each.name) for each in resource.attributes if each.shown}
    relationships = {each.name: _relationship(each, resources) for each in resource.relationships}
    members = {"type": {"const": resource.type}, "id": ID, "attributes": closed(attributes)}
    more = {"relationships": closed(relationships)} if relationships else {}
    return closed({**members, **more, "links": _SELF, "meta": _META}, ("type", "id", "links"))


def _relationship(related: Relationship, resources: Mapping[str, Resource]) -> Node:
    target = resources.get(related.kind)
    identifier = ref(f"{target.type}Id") if target else closed({"type": STRING, "id": ID}, ("type", "id"))
    if not related.many:
        return closed({"data": or_null(identifier)}, ("data",))
    meta, links = closed({"count": _COUNT}, ("count",)), closed({"next": _URL}, ("next",))
    return closed({"data": listed(identifier), "meta": meta, "links": links}, ("data", "meta"))


_ID_WRITTEN: Node = {"anyOf": [ID, {"type": "integer", "minimum": 1}]}


def identifier_written(type_: str, id_: Node = _ID_WRITTEN) -> Node:
    return opened({"type": {"const": type_}, "id": id_}, ("type", "id"))


def linkage_written(resource: Resource, related: Relationship, type_: str, *, removed: bool = False) -> Node:
    """The document by which a relationship is written. What is `removed` need not be there, nor be an id."""
    one = identifier_written(type_, {"type": ["string", "integer"]} if removed else _ID_WRITTEN)
    return opened({"data": _data(resource, related, one)}, ("data",))


def _data(resource: Resource, related: Relationship, one: Node) -> Node:
    if related.many:
        return listed(one)
    return one if related.name in RELATED.get(resource.kind, ()) else or_null(one)


_ANNOTATIONS: Node = {"patternProperties": {"^@": {}}}
"""Members whose names begin so are not looked at."""


def _fields(resource: Resource, resources: Mapping[str, Resource], *, new: bool) -> dict[str, Node]:
    """What may stand in a resource object that is sent. What only the server writes is not looked at."""
    written = WRITTEN[resource.kind]
    fields: tuple[Attribute | Relationship, ...] = (*resource.attributes, *resource.relationships)
    taken = {each.name for each in fields if takes(each, new)}
    attributes = {each.name: written[each.name] if each.name in taken else {} for each in resource.attributes}
    required = [name for name in REQUIRED.get(resource.kind, ()) if new]
    relationships: dict[str, Node] = {}
    for each in resource.relationships:
        one = identifier_written(resources[each.kind].type) if each.kind in resources else {}
        bare: Node = {"anyOf": [one, _ID_WRITTEN]}
        attributes[each.name] = _data(resource, each, bare) if each.name in taken else {}
        relationships[each.name] = opened({"data": _data(resource, each, one) if each.name in taken else {}}, ("data",))
    return {
        "attributes": closed(attributes, required) | _ANNOTATIONS,
        "relationships": closed(relationships, RELATED.get(resource.kind, ()) if new else ()) | _ANNOTATIONS,
    }


def _new(resource: Resource, resources: Mapping[str, Resource]) -> Node:
    members: dict[str, Node] = {"type": {"const": resource.type}, "id": {"type": "null"}, "lid": STRING}
    required = ["type"]
    required += ["attributes"] if REQUIRED.get(resource.kind) else []
    required += ["relationships"] if RELATED.get(resource.kind) else []
    return opened({**members, **_fields(resource, resources, new=True)}, required)


def _changed(resource: Resource, resources: Mapping[str, Resource]) -> Node:
    identified: dict[str, Node] = {
        "type": {"const": resource.type},
        "id": _ID_WRITTEN,
    }
    return opened({**identified, **_fields(resource, resources, new=False)}, ("type", "id"))


def _operations(resources: Mapping[str, Resource]) -> Node:
    types = [each.type for each in resources.values()]
    target = {"type": {"enum": types}, "id": ID, "lid": STRING, "relationship": STRING}
    operation = opened(
        {"op": {"enum": list(Op)}, "ref": opened(target, ("type",)), "href": STRING, "data": {}}, ("op",)
    )
    return opened({OPERATIONS: listed(operation, minItems=1, maxItems=MOST_OPERATIONS)}, (OPERATIONS,))


def _results() -> Node:
    result = closed({"data": ref("Resource")})
    return closed({"jsonapi": _JSONAPI, RESULTS: listed(result, minItems=1)}, ("jsonapi", RESULTS))
