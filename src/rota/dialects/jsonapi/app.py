"""The jsonapi dialect's routes."""

from collections.abc import Iterator, Mapping

import falcon

from rota.dialects.jsonapi import exports, tasks
from rota.dialects.jsonapi.answers import ROOT
from rota.dialects.jsonapi.api import Api
from rota.dialects.jsonapi.atomic import Operations
from rota.dialects.jsonapi.edge import Edge, add_error_handlers
from rota.dialects.jsonapi.paths import Linkage, LinkageOfOne, List, One, Path, Related
from rota.dialects.jsonapi.resource import Resource
from rota.dialects.jsonapi.uploads import Forms
from rota.dialects.service import Service
from rota.operations.field.everything import collections

_LISTS: Mapping[str, type[List]] = {"form": Forms}


def create(service: Service) -> falcon.App[falcon.Request, falcon.Response]:
    """The WSGI application that answers everything below /api."""
    app = falcon.App(middleware=[Edge()])
    app.req_options.strip_url_path_trailing_slash = True
    api = Api(collections(service.terms), service.terms)
    for resource in api.resources.values():
        for path, answering in _routes(service, api, resource):
            app.add_route(f"{ROOT}/{resource.segment}{path}", answering)
    app.add_route(f"{ROOT}/exports/submissions", exports.Submissions(service, api, api.resources["submission"]))
    app.add_route(f"{ROOT}/operations", Operations(service, api))
    add_error_handlers(app)
    return app


def _routes(service: Service, api: Api, resource: Resource) -> Iterator[tuple[str, Path]]:
    yield "", _LISTS.get(resource.kind, List)(service, api, resource)
    yield "/{record_id}", One(service, api, resource)
    yield "/{record_id}/{name}", Related(service, api, resource)
    yield "/{record_id}/relationships/{name}", Linkage(service, api, resource)
    for each in resource.relationships:
        if not each.many:
            yield f"/{{record_id}}/relationships/{each.name}", LinkageOfOne(service, api, resource, each.name)
    if resource.kind == "task":
        yield "/{record_id}/history", tasks.History(service, api, resource)
        yield "/{record_id}/clone", tasks.Clone(service, api, resource)
