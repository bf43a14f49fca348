"""Puts documents together: a single resource, a page of a list, and what they include."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

import falcon

from rota.dialects.jsonapi.api import Api, Moment
from rota.dialects.jsonapi.documents import JSONAPI, Document, Identifier, Site
from rota.dialects.jsonapi.errors import Problems, no_such_page
from rota.dialects.jsonapi.params import Asked, pages
from rota.dialects.jsonapi.resource import Resource
from rota.domain.field.queries import Found, Query

ROOT = "/api/v1"


def site(req: falcon.Request) -> Site:
    """As the caller wrote it: scheme, host, and whether paths end in a slash."""
    return Site(req.prefix + ROOT, "/" if req.env["PATH_INFO"].endswith("/") else "")


def self_url(req: falcon.Request) -> str:
    """The URL of the request, in characters that a URL may have: clients write brackets as they are."""
    return _url(req, quote(req.query_string, safe="%!$&'()*+,;=:@/?"))


def one(api: Api, at: Moment, resource: Resource, value: Any, asked: Asked, there: Site, url: str) -> Document:
    """The document of a value, or of null."""
    values = [] if value is None else [value]
    drawn = api.renderers[resource.kind].objects(values, there, asked.fields.get(resource.type)) if values else []
    document: Document = {"jsonapi": JSONAPI, "links": {"self": url}, "data": drawn[0] if drawn else None}
    return _with_included(document, api, at, resource, values, asked, there)


def page(api: Api, at: Moment, resource: Resource, asked: Asked, req: falcon.Request) -> Document:
    """A page of what the actor may see of a resource. Raises Problems for a page that is not there, Forbidden."""
    found, number = _found(api, at, resource, asked)
    kept, there = api.kept[resource.kind], site(req)
    values = kept.load(at.tx, at.actor, found.ids, now=at.now)
    drawn = api.renderers[resource.kind].objects(values, there, asked.fields.get(resource.type))
    document: Document = {
        "jsonapi": JSONAPI,
        "links": page_links(req, asked, number, found.count),
        "data": drawn,
    }
    return {
        **_with_included(document, api, at, resource, values, asked, there),
        "meta": page_meta(asked, number, found.count),
    }


def identifiers(api: Api, at: Moment, resource: Resource, asked: Asked, req: falcon.Request) -> Document:
    """A page of the identifiers of what the actor may see of a resource, with links to the other pages."""
    found, number = _found(api, at, resource, asked)
    return {
        "links": page_links(req, asked, number, found.count),
        "data": [Identifier(resource.type, str(each)) for each in found.ids],
        "meta": {"count": found.count, **page_meta(asked, number, found.count)},
    }


def page_meta(asked: Asked, number: int, count: int) -> Document:
    return {"pagination": {"page": number, "pages": pages(count, asked.size), "count": count}}


def page_links(req: falcon.Request, asked: Asked, number: int, count: int) -> Mapping[str, str | None]:
    """Absolute; all other parameters are kept."""
    last = pages(count, asked.size)
    pairs = parse_qsl(req.query_string, keep_blank_values=True)
    page_name = asked.page_name or "page"

    def link(to: int) -> str:
        kept = [(name, value) for name, value in pairs if name != page_name]
        return _url(req, urlencode([*kept, (page_name, to)], quote_via=quote, safe=","))

    return {
        "self": self_url(req),
        "first": link(1),
        "last": link(last),
        "next": link(number + 1) if number < last else None,
        "prev": link(number - 1) if number > 1 else None,
    }


def _found(api: Api, at: Moment, resource: Resource, asked: Asked) -> tuple[Found, int]:
    """The ids of the page, and its number."""
    number = 1 if asked.number is None else asked.number
    if number < 1:
        raise Problems(no_such_page(asked.page_name or "page"))
    query = asked.query((number - 1) * asked.size)
    found = _find(api, at, resource, query)
    last = pages(found.count, asked.size)
    if asked.number is None and last > 1:
        return _find(api, at, resource, replace(query, offset=(last - 1) * asked.size)), last
    if number > last:
        raise Problems(no_such_page(asked.page_name or "page"))
    return found, number


def _find(api: Api, at: Moment, resource: Resource, query: Query) -> Found:
    return api.kept[resource.kind].find(at.tx, at.actor, query, now=at.now)


def _with_included(
    document: Document, api: Api, at: Moment, resource: Resource, values: Sequence[Any], asked: Asked, there: Site
) -> Document:
    if asked.include is None:
        return document
    return {**document, "included": api.included(at, resource, values, asked.include, there, asked.fields)}


def _url(req: falcon.Request, query: str) -> str:
    return req.prefix + quote(req.env["PATH_INFO"], safe="/:") + (f"?{query}" if query else "")
