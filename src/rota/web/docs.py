"""/docs: each dialect's OpenAPI 3.1 document, as JSON and as one page that needs nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import falcon
import msgspec

Document = Mapping[str, Any]

_VERBS = ("get", "put", "post", "patch", "delete")

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; } h3 { margin-top: 2rem; font-weight: 600; }
code, pre { font: 0.875rem/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; padding: 0.75rem; border: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: 0.25rem 1rem 0.25rem 0; }
td { border-top: 1px solid color-mix(in srgb, currentColor 15%, transparent); vertical-align: top; }
.verb { display: inline-block; min-width: 4.5rem; text-transform: uppercase; font-weight: 700; }
"""


def add_routes(app: falcon.App[Any, Any], documents: Mapping[str, Document]) -> None:
    """/docs for people, and /docs/NAME.json for each document."""
    app.add_route("/docs", _Fixed("text/html; charset=utf-8", _page(documents).encode()))
    for name, document in documents.items():
        app.add_route(f"/docs/{name}.json", _Fixed(falcon.MEDIA_JSON, msgspec.json.encode(document)))


class _Fixed:
    """A document that is the same for as long as the server runs."""

    def __init__(self, content_type: str, data: bytes) -> None:
        self._content_type, self._data = content_type, data

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        response.content_type, response.data = self._content_type, self._data


def _page(documents: Mapping[str, Document]) -> str:
    parts = [part for name, document in documents.items() for part in _section(name, document)]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>rota API</title><style>{_STYLE}</style>'
        f"<h1>rota API</h1>{''.join(parts)}</html>"
    )


def _section(name: str, document: Document) -> Iterator[str]:
    info = document["info"]
    yield f'<h2 id="{escape(name)}">{escape(info["title"])}</h2>'
    yield f'<p>{escape(info.get("description", ""))} <a href="/docs/{escape(name)}.json">OpenAPI 3.1</a></p>'
    for path, item in document["paths"].items():
        for verb in _VERBS:
            if verb in item:
                yield from _operation(document, path, verb, item)


def _operation(document: Document, path: str, verb: str, item: Document) -> Iterator[str]:
    operation = item[verb]
    yield f'<h3><span class="verb">{verb}</span> <code>{escape(path)}</code></h3>'
    yield f"<p>{escape(operation.get('summary', ''))} {escape(operation.get('description', ''))}</p>"
    parameters = [_resolve(document, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    if parameters:
        yield _table("Parameter", "In", "", rows=[_parameter_row(each) for each in parameters])
    if body := operation.get("requestBody"):
        yield _table("Body", "", "", rows=[(kind, "", _shape(media)) for kind, media in _contents(document, body)])
    yield _table(
        "Answer", "", "", rows=[_answer_row(document, code, it) for code, it in operation["responses"].items()]
    )


def _parameter_row(parameter: Document) -> tuple[str, str, str]:
    return (parameter["name"], parameter["in"], escape(parameter.get("description", "")))


def _answer_row(document: Document, code: str, response: Document) -> tuple[str, str, str]:
    response = _resolve(document, response)
    shapes = "".join(
        f"<p><code>{escape(kind)}</code></p>{_shape(media)}" for kind, media in _contents(document, response)
    )
    return (code, "", f"{escape(response.get('description', ''))}{shapes}")


def _contents(document: Document, holder: Document) -> list[tuple[str, Document]]:
    return list(_resolve(document, holder).get("content", {}).items())


def _shape(media: Document) -> str:
    shown = media.get("example", media.get("schema"))
    if not shown:
        return ""
    text = msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
    return f"<details><summary>shape</summary><pre>{escape(text)}</pre></details>"


def _resolve(document: Document, part: Document) -> Document:
    while "$ref" in part:
        target: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        part = target
    return part


def _table(*head: str, rows: list[tuple[str, str, str]]) -> str:
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join(f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td><td>{c}</td></tr>" for a, b, c in rows)
    return f"<table><tr>{heads}</tr>{body}</table>"
