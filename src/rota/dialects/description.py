"""Puts an OpenAPI 3.1 document together from a dialect's small tables of paths, parameters, errors and schemas."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rota import __version__

Node = dict[str, Any]

STRING: Node = {"type": "string"}

JSON = "application/json"


def ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One verb of a path. `answers` is what succeeds: a status to media types and their schemas.

    `parameters` are names in the description's table, `required` those of them that must be sent; so must the `body`
    where `body_required`. `security` names the schemes that do here, if not those that do everywhere.
    """

    name: str
    summary: str
    answers: Mapping[int, Mapping[str, Node]]
    errors: Sequence[int] = ()
    parameters: Sequence[str] = ()
    body: Mapping[str, Node] | None = None
    required: frozenset[str] = frozenset()
    body_required: bool = False
    security: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A dialect's tables.

    `parameters`: name to where it stands, its schema and what it means; what follows a last `:` in such a name only
    tells two of one name apart. A query parameter that is an object stands as `name[member]`. `errors`: status to what
    it means; those of `always` any operation may answer, in the form of `error`. `identify` gives an operation's id.
    """

    title: str
    about: str
    paths: Mapping[str, Mapping[str, Operation]]
    parameters: Mapping[str, tuple[str, Node, str]]
    errors: Mapping[int, str]
    always: Sequence[int]
    schemas: Mapping[str, Node]
    schemes: Mapping[str, Node]
    security: Sequence[str]
    identify: Callable[[str, Operation], str]
    error: Mapping[str, Node] = field(default_factory=lambda: {JSON: ref("Error")})

    def document(self) -> Node:
        return {
            "openapi": "3.1.0",
            "info": {"title": self.title, "version": __version__, "description": self.about},
            "paths": {path: self._path(path, verbs) for path, verbs in self.paths.items()},
            "security": [{name: []} for name in self.security],
            "components": {"securitySchemes": dict(self.schemes), "schemas": dict(self.schemas)},
        }

    def parameter(self, name: str, *, required: bool = False) -> Node:
        where, schema, description = self.parameters[name]
        named = self.schemas.get(str(schema.get("$ref")).removeprefix("#/components/schemas/"), schema)
        members = where == "query" and named.get("type") == "object"
        return {
            "name": name.partition(":")[0],
            "in": where,
            "required": required or where == "path",
            "schema": schema,
            "description": description,
            **({"style": "deepObject", "explode": True} if members else {}),
        }

    def _path(self, path: str, verbs: Mapping[str, Operation]) -> Node:
        in_path = re.findall(r"{(\w+)}", path)
        return {verb: self._operation(path, operation, in_path) for verb, operation in verbs.items()}

    def _operation(self, path: str, operation: Operation, in_path: list[str]) -> Node:
        names = (*in_path, *operation.parameters)
        described: Node = {
            "operationId": self.identify(path, operation),
            "summary": operation.summary,
            "parameters": [self.parameter(name, required=name in operation.required) for name in names],
            "responses": self._responses(operation),
        }
        if operation.security is not None:
            described["security"] = [{name: []} for name in operation.security]
        if operation.body:
            described["requestBody"] = {"required": operation.body_required, "content": _content(operation.body)}
        return described

    def _responses(self, operation: Operation) -> Node:
        good = {str(status): _response("Done.", content) for status, content in operation.answers.items()}
        statuses = sorted({*self.always, *operation.errors})
        return {**good, **{str(status): _response(self.errors[status], self.error) for status in statuses}}


def _response(description: str, content: Mapping[str, Node]) -> Node:
    named: Node = {"X-Request-ID": {"schema": STRING, "description": "The request's id."}}
    response: Node = {"description": description, "headers": named}
    return {**response, "content": _content(content)} if content else response


def _content(kinds: Mapping[str, Node]) -> Node:
    return {kind: {"schema": schema} for kind, schema in kinds.items()}
