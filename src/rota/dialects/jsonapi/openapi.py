"""The OpenAPI 3.1 document of this dialect: made from the descriptions of the resources."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rota.dialects.description import STRING, Description, Node, Operation, ref
from rota.dialects.jsonapi import shapes
from rota.dialects.jsonapi.answers import ROOT
from rota.dialects.jsonapi.atomic import ATOMIC_TYPE
from rota.dialects.jsonapi.documents import MEDIA_TYPE
from rota.dialects.jsonapi.exports import FORMATS as EXPORTS
from rota.dialects.jsonapi.params import SIZE
from rota.dialects.jsonapi.resource import Relationship, Resource
from rota.dialects.jsonapi.resources import RESOURCES
from rota.dialects.jsonapi.schemas import FORMATS, ID, SEARCH, filtered
from rota.dialects.jsonapi.uploads import MULTIPART, XLSX
from rota.domain.field.lookups import known
from rota.domain.field.terms import Terms
from rota.operations.field.access import Who
from rota.operations.field.collection import Collection
from rota.operations.field.everything import collections

Paths = dict[str, dict[str, Operation]]
Parameters = dict[str, tuple[str, Node, str]]

_ERRORS: Mapping[int, str] = {
    400: "The request cannot be read: all that is wrong with it.",
    401: "No live token, and no e-mail with its password.",
    403: "The caller may not do this, or nobody may.",
    404: "There is no such record or page, or what the document refers to does not exist.",
    405: "The path does not take this verb.",
    406: "The caller takes no JSON:API without media type parameters.",
    409: "The type or the id is not that of the URL, or others need the record.",
    413: "The body is too large.",
    415: "The body is no JSON:API, or has media type parameters.",
    429: "Too many failed sign-ins from this address.",
    500: "A fault of the server.",
    503: "The database does not answer.",
    507: "There is no room.",
}
_ALWAYS = (400, 401, 403, 404, 405, 406, 415, 429, 500, 503)
_BODY = (409, 413, 507)

_FILE: Node = {"type": "string", "contentMediaType": XLSX}
_UPLOADS: Mapping[str, Mapping[str, Node]] = {
    "form": {
        XLSX: _FILE,
        MULTIPART: {"type": "object", "properties": {"file": _FILE}, "required": ["file"], "maxProperties": 1},
    }
}
"""By kind: what a new record may be made of besides a document."""
_FILE_NAMES: Mapping[str, tuple[str, ...]] = {"form": ("file_name",)}

_NUMBER: Node = {"type": "string", "pattern": "^([1-9][0-9]{0,8}|last)$"}
_SIZE: Node = {"type": "string", "pattern": "^([1-9][0-9]?|100)$", "default": f"{SIZE}"}
_PAGING: Parameters = {
    "id": ("path", ID, "The record."),
    "page": (
        "query",
        _NUMBER,
        "The number of the page, or `last`; also `page[number]`. A page that is not there is 404.",
    ),
    "page_size": ("query", _SIZE, "How many on a page; also `page[size]`."),
    "search": ("query", SEARCH, "Words, of which the name must hold all."),
    "eligible_for": ("query", {"enum": ["me"]}, "Only active tasks that the caller may do now."),
    "near": (
        "query",
        {"type": "string", "pattern": r"^-?[1-8]?[0-9](\.[0-9]{1,9})?,-?[1-9]?[0-9](\.[0-9]{1,9})?$"},
        "A latitude and a longitude: what is nearest comes first.",
    ),
    "file_name": ("query", STRING, "With a spreadsheet: its name, for a form that has neither a title nor an id."),
    "format": ("query", {"enum": list(EXPORTS), "default": next(iter(EXPORTS))}, "What the export is written as."),
}

_CHANGING = (("patch", "Replace"), ("post", "Add to"), ("delete", "Take from"))
"""How linkage is written; of one, only the first."""

_EXPORTED: Mapping[str, Node] = {"text/csv": STRING, "application/geo+json": ref("Features")}


def document(terms: Terms) -> Node:
    """The whole description of what this dialect serves."""
    return _Api(collections(terms)).description().document()


class _Api:
    """The paths and parameters of all resources that are served."""

    def __init__(self, kept: Mapping[str, Collection]) -> None:
        self.kept = kept
        self.resources = {kind: each for kind, each in RESOURCES.items() if kind in kept}
        self.parameters: Parameters = dict(_PAGING)
        self.paths: Paths = {}
        self.schemas = shapes.components(self.resources)

    def description(self) -> Description:
        for each in self.resources.values():
            self._describe(each)
        self._describe_more()
        return Description(
            title="rota: the field",
            about="Tasks at places, in JSON:API 1.1. Formats: " + "; ".join(f"`{a}`: {b}" for a, b in FORMATS.items()),
            paths=self.paths,
            parameters=self.parameters,
            errors=_ERRORS,
            always=_ALWAYS,
            schemas=self.schemas,
            schemes={
                "token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token"},
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
            security=("token", "bearer", "basic"),
            identify=lambda path, operation: f"jsonapi_{operation.name}",
            error={MEDIA_TYPE: ref("Errors")},
        )

    def _describe(self, resource: Resource) -> None:
        self.schemas[f"{resource.type}Filter"] = _object(_filters(resource))
        self.schemas[f"{resource.type}Fields"] = _object(self._fields(resource))
        self.parameters |= dict(self._own_parameters(resource))
        path, kind, type_ = f"{ROOT}/{resource.segment}", resource.kind, resource.type
        listing = _get(f"list_{resource.segment}", f"{type_}s.", f"{type_}List", self._listing(resource))
        showing = _get(f"show_{kind}", f"One {type_}.", f"{type_}Document", self._showing(resource))
        self.paths[path] = {"get": listing, "post": self._writing(resource, f"create_{kind}", f"New{type_}", 201)}
        self.paths[f"{path}/{{id}}"] = {
            "get": showing,
            "patch": self._writing(resource, f"change_{kind}", f"Changed{type_}", 200),
            "delete": Operation(f"delete_{kind}", f"Remove a {type_}.", {204: {}}, (409, 507)),
        }
        self._leave_out(path, "post", self.kept[kind].access.create)
        self._leave_out(f"{path}/{{id}}", "patch", self.kept[kind].access.change)
        self._leave_out(f"{path}/{{id}}", "delete", self.kept[kind].access.delete)
        for related in resource.relationships:
            if related.kind in self.resources:
                self._describe_relationship(resource, related)

    def _describe_relationship(self, resource: Resource, related: Relationship) -> None:
        target, path = self.resources[related.kind], f"{ROOT}/{resource.segment}/{{id}}"
        name, what = f"{resource.kind}_{related.name}", f"{related.name} of a {resource.type}"
        if related.many:
            showing = _get(f"related_{name}", f"The {what}.", f"{target.type}List", self._listing(target))
        else:
            showing = _get(f"related_{name}", f"The {what}.", f"{target.type}OrNull", self._showing(target))
        self.paths[f"{path}/{related.name}"] = {"get": showing}
        linkage = f"{target.type}{'Linkages' if related.many else 'Linkage'}"
        listing = self._listing(target) if related.listed_by else ()
        verbs = {"get": _get(f"linkage_{name}", f"The linkage of {what}.", linkage, listing)}
        for verb, does in _CHANGING if related.many else _CHANGING[:1]:
            told = f"{does} the {what}."
            body = {MEDIA_TYPE: shapes.linkage_written(resource, related, target.type, removed=verb == "delete")}
            verbs[verb] = Operation(f"{verb}_{name}", told, {204: {}}, _BODY, body=body, body_required=True)
        self.paths[linking := f"{path}/relationships/{related.name}"] = verbs
        if related.fixed or not related.writable:
            for verb in verbs.keys() - {"get"}:
                self._leave_out(linking, verb, Who.NOBODY)

    def _describe_more(self) -> None:
        operations = Operation(
            "operations",
            "Several changes in one transaction: the extension Atomic Operations.",
            {200: {ATOMIC_TYPE: ref("Results")}, 204: {}},
            _BODY,
            body={ATOMIC_TYPE: ref("Operations")},
            body_required=True,
        )
        self.paths[f"{ROOT}/operations"] = {"post": operations}

        told = "All submissions that the filters let through, with all that was answered."
        exporting = Operation("export_submissions", told, {200: _EXPORTED}, (), ("format", "filter:submission"))
        self.paths[f"{ROOT}/exports/submissions"] = {"get": exporting}
        task, told = f"{ROOT}/tasks/{{id}}", "What happened to a task, oldest first; also to one that has been removed."
        self.paths[f"{task}/history"] = {"get": _get("task_history", told, "History", ())}
        cloned = {201: {MEDIA_TYPE: ref("TaskDocument")}}
        cloning = Operation("clone_task", "A draft that is the same.", cloned, (507,), self._showing(RESOURCES["task"]))
        self.paths[f"{task}/clone"] = {"post": cloning}

    def _leave_out(self, path: str, verb: str, who: Who) -> None:
        """What nobody may do is no operation, and `Allow` does not name it; whoever tries is told 403."""
        if who is Who.NOBODY:
            del self.paths[path][verb]

    def _writing(self, resource: Resource, name: str, body: str, status: int) -> Operation:
        return Operation(
            name,
            f"{'A new' if status == 201 else 'Change a'} {resource.type}.",
            {status: {MEDIA_TYPE: ref(f"{resource.type}Document")}},
            _BODY,
            (*self._showing(resource), *(_FILE_NAMES.get(resource.kind, ()) if status == 201 else ())),
            body={MEDIA_TYPE: ref(body), **(_UPLOADS.get(resource.kind, {}) if status == 201 else {})},
            body_required=True,
        )

    def _showing(self, resource: Resource) -> tuple[str, ...]:
        names = [f"fields:{resource.kind}"]
        return tuple([f"include:{resource.kind}", *names] if self._related(resource) else names)

    def _listing(self, resource: Resource) -> tuple[str, ...]:
        more = [f"{name}:{resource.kind}" for name in ("ordering", "sort") if resource.orders]
        if resource.filters:
            more.append(f"filter:{resource.kind}")
        if resource.search:
            more.append("search")
        if resource.near:
            more += ["eligible_for", "near"]
        return ("page", "page_size", *self._showing(resource), *more)

    def _related(self, resource: Resource) -> list[Relationship]:
        return [each for each in resource.relationships if each.kind in self.resources]

    def _steps(self, resource: Resource) -> list[str]:
        """The paths of one step or two."""
        return [
            f"{each.name}{more}"
            for each in self._related(resource)
            for more in ("", *(f"[.]{further.name}" for further in self._related(self.resources[each.kind])))
        ]

    def _own_parameters(self, resource: Resource) -> Iterator[tuple[str, tuple[str, Node, str]]]:
        kind, orders = resource.kind, _list_of([f"-?{name}" for name in resource.orders])
        paths = _perhaps(self._steps(resource))
        yield f"include:{kind}", ("query", paths, "Paths through relationships, with commas between; also longer ones.")
        yield f"fields:{kind}", ("query", ref(f"{resource.type}Fields"), "The fields of each type that are shown.")
        yield f"ordering:{kind}", ("query", orders, "Fields, with commas between; `-` for descending.")
        yield f"sort:{kind}", ("query", orders, "The same as `ordering`.")
        yield (
            f"filter:{kind}",
            ("query", ref(f"{resource.type}Filter"), "Lookups; each may also stand without `filter[…]`."),
        )

    def _fields(self, resource: Resource) -> Mapping[str, Node]:
        types = {resource.kind, *(each.kind for each in self._related(resource))}
        shown = {self.resources[kind].type: sorted(self.resources[kind].shown) for kind in sorted(types)}
        return {type_: _perhaps(names) for type_, names in shown.items()}


def _get(name: str, summary: str, schema: str, parameters: Iterable[str]) -> Operation:
    return Operation(name, summary, {200: {MEDIA_TYPE: ref(schema)}}, (), tuple(parameters))


def _filters(resource: Resource) -> Mapping[str, Node]:
    return {
        f"{name}{suffix}": filtered(each, part, comparison)
        for name, each in resource.filters.items()
        for suffix, part, comparison in known(each)
    }


def _object(properties: Mapping[str, Node]) -> dict[str, Any]:
    return {"type": "object", "properties": dict(properties), "additionalProperties": False}


def _list_of(words: Iterable[str]) -> Node:
    return {"type": "string", "pattern": f"^{_listed(words)}$"}


def _perhaps(words: Iterable[str]) -> Node:
    """The same, or nothing: no paths, no fields."""
    return {"type": "string", "pattern": f"^({_listed(words)}| *)$"}


def _listed(words: Iterable[str]) -> str:
    one = f" *({'|'.join(words)}) *"
    return f"{one}(,{one})*"
