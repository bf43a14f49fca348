"""The kazoo dialect's routes: reads a request, calls one operation, and writes down what came of it."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import falcon
import msgspec

from rota.dialects.kazoo import documents, download, errors, intake, params
from rota.dialects.kazoo.creation import Creation
from rota.dialects.kazoo.service import Edge, Resource, add_error_handlers, envelope_facts
from rota.dialects.service import Service
from rota.domain.accounts import Account, Actor
from rota.domain.errors import JobNotFound, Unauthenticated
from rota.domain.jobs import Job, Status
from rota.operations import accounts, files, jobs
from rota.store.port import Tx

STOP_POLL_S = 0.02


def create(service: Service) -> falcon.App[falcon.Request, falcon.Response]:
    """The WSGI application that answers everything below `/v2`."""
    app = falcon.App(middleware=[Edge(service)])
    app.req_options.strip_url_path_trailing_slash = True
    for path, resource in _routes(service):
        app.add_route(path, resource)
    add_error_handlers(app, service)
    return app


def _routes(service: Service) -> Iterator[tuple[str, Resource]]:
    yield "/v2/api_auth", ApiAuth(service)
    yield "/v2/tasks", CatalogueTasks(service)
    yield "/v2/accounts/{account_id}/tasks", AccountTasks(service)
    for tasks in ("/v2/tasks", "/v2/accounts/{account_id}/tasks"):
        yield f"{tasks}/{{task_id}}", Task(service)
        yield f"{tasks}/{{task_id}}/stop", Stop(service)
        yield f"{tasks}/{{task_id}}/input", TaskFile(service, files.INPUT)
        yield f"{tasks}/{{task_id}}/output", TaskFile(service, files.OUTPUT)
        yield f"{tasks}/{{task_id}}/manifest", TaskFile(service, files.MANIFEST)


class CatalogueTasks(Creation):
    """`/v2/tasks`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """The catalogue of actions, for everybody."""
        category, action = req.get_param("category"), req.get_param("action")
        found = self.service.catalogue.find(category, action)
        self.succeed(req, resp, documents.catalogue(found, one=None not in {category, action}))

    on_head = on_get


class AccountTasks(Creation):
    """`/v2/accounts/{account_id}/tasks`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, account_id: str) -> None:
        """The account's own tasks, newest first."""
        with self.service.store.read() as tx:
            _, account = self.admit(req, tx, account_id)
            asked = params.listing(req)
            page = jobs.page(tx, account, asked.tests, asked.limit or params.PAGE_LIMIT)
        facts = {"start_key": asked.start_key}
        if asked.limit is None and page.next_key:
            self._stream(req, resp, self._batches(account, asked.tests, page), facts)
            return
        items = [documents.listed_task(job) for job in page.jobs]
        self.succeed(req, resp, items, page_size=len(items), next_start_key=page.next_key, **facts)

    on_head = on_get

    def _batches(self, account: Account, tests: Mapping[str, Any], page: jobs.Page) -> Iterator[list[Any]]:
        """Page after page. Each is read by itself: no transaction stays open for as long as a slow client reads."""
        while True:
            yield [documents.listed_task(job) for job in page.jobs]
            if page.next_key is None:
                return
            with self.service.store.read() as tx:
                page = jobs.page(tx, account, {**tests, **params.after(page.next_key)}, params.PAGE_LIMIT)

    def _stream(
        self, req: falcon.Request, resp: falcon.Response, batches: Iterator[list[Any]], facts: dict[str, Any]
    ) -> None:
        blocks = documents.streamed(batches, **envelope_facts(self.service, req), **facts)
        resp.content_type = "application/json"
        if params.wants_indent(req):
            resp.data = msgspec.json.format(b"".join(blocks), indent=documents.INDENT)
        else:
            resp.stream = blocks


class _TaskResource(Resource):
    def find(self, tx: Tx, account: Account, task_id: str) -> Job:
        """The account's job. What cannot be an id is not asked of the database, which takes no NUL."""
        if not params.is_task_id(task_id):
            raise JobNotFound(task_id)
        return jobs.by_id(tx, account, task_id)

    def send(self, req: falcon.Request, resp: falcon.Response, plan: files.Plan) -> None:
        """Answer with the planned file."""
        file = files.open_plan(self.service.blobs, plan)
        if files.is_kept(plan.name):
            self._forget_if_deleted(plan)
        download.send(req, resp, plan.job, file, self.service.blobs)

    def _forget_if_deleted(self, plan: files.Plan) -> None:
        """A job deleted while its file was written leaves the file behind, after the trash has been emptied."""
        with self.service.store.read() as tx:
            if jobs.load(tx, plan.job.id):
                return
        self.service.blobs.delete([plan.key])
        raise JobNotFound(plan.job.id)


class Task(_TaskResource):
    """`…/tasks/{task_id}`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: str, account_id: str | None = None) -> None:
        """The task, or one of its files."""
        with self.service.store.read() as tx:
            _, account = self.admit(req, tx, account_id)
            if not params.wants_csv(req):
                job = self._find_listed(tx, account, task_id)
                return self.succeed_with_task(req, resp, documents.task(job))
            plan = files.plan(tx, self.find(tx, account, task_id), req.get_param("csv_name") or files.OUTPUT)
        return self.send(req, resp, plan)

    on_head = on_get

    def on_patch(self, req: falcon.Request, resp: falcon.Response, task_id: str, account_id: str | None = None) -> None:
        """Start the task."""
        actor, account = self.admitted(req, account_id)
        with self.service.store.write() as tx:
            self.find(tx, account, task_id)
            now = self.service.clock()
            job = jobs.start(tx, actor, account, task_id, node=self.service.node, now=now)
        self.succeed_with_task(req, resp, documents.started_task(job))

    def on_delete(
        self, req: falcon.Request, resp: falcon.Response, task_id: str, account_id: str | None = None
    ) -> None:
        """Delete the task, unless it executes."""
        actor, account = self.admitted(req, account_id)
        with self.service.store.write() as tx:
            self._find_listed(tx, account, task_id)
            job = jobs.delete(tx, actor, account, task_id, now=self.service.clock())
        self.succeed_with_task(req, resp, documents.listed_task(job))

    def _find_listed(self, tx: Tx, account: Account, task_id: str) -> Job:
        try:
            return self.find(tx, account, task_id)
        except JobNotFound:
            raise errors.unknown_task(task_id) from None


class Stop(_TaskResource):
    """`…/tasks/{task_id}/stop`"""

    def on_patch(self, req: falcon.Request, resp: falcon.Response, task_id: str, account_id: str | None = None) -> None:
        """Stop the task: the rows in hand are finished where that is quick, and given up where it is not."""
        actor, account = self.admitted(req, account_id)
        with self.service.store.write() as tx:
            self.find(tx, account, task_id)
            job = jobs.stop(tx, actor, account, task_id, now=self.service.clock())
        until = time.monotonic() + self.service.stop_s
        while job.status is Status.STOPPING and time.monotonic() < until:
            time.sleep(STOP_POLL_S)
            with self.service.store.read() as tx:
                job = jobs.by_id(tx, account, task_id)
        if job.status is Status.STOPPING:
            job = self._halt(account, task_id)
        self.succeed_with_task(req, resp, documents.task(job))

    def _halt(self, account: Account, task_id: str) -> Job:
        with self.service.store.write() as tx:
            jobs.halt(tx, task_id, now=self.service.clock())
            return jobs.by_id(tx, account, task_id)


class TaskFile(_TaskResource):
    """`…/tasks/{task_id}/input`, `/output` and `/manifest`"""

    def __init__(self, service: Service, name: str) -> None:
        super().__init__(service)
        self._name = name

    def on_get(self, req: falcon.Request, resp: falcon.Response, task_id: str, account_id: str | None = None) -> None:
        """The file."""
        with self.service.store.read() as tx:
            _, account = self.admit(req, tx, account_id)
            plan = files.plan(tx, self.find(tx, account, task_id), self._name)
        self.send(req, resp, plan)

    on_head = on_get


class ApiAuth(Resource):
    """`/v2/api_auth`"""

    def on_put(self, req: falcon.Request, resp: falcon.Response) -> None:
        """A session token for whoever sends a live token of theirs as `api_key`."""
        given = intake.content(req)
        if given.is_csv:
            raise errors.unsupported("a body must be application/json")
        data = intake.json_data(req, given, self.service.max_json)
        api_key = intake.text_value(data.api_key, "api_key")
        if not api_key:
            raise errors.required("api_key")
        token = self.service.new_id(64)
        actor = self._sign_in(api_key, token, req.remote_addr or "")
        resp.status = 201
        document = {"account_id": actor.account.id, "auth_token": token, "owner_id": str(actor.user.id)}
        self.succeed(req, resp, document, auth_token=token)

    def _sign_in(self, api_key: str, token: str, address: str) -> Actor:
        now = self.service.clock()
        with self.service.store.write() as tx:
            accounts.refuse_if_locked_out(tx, address, now)
            actor = self._authenticated(tx, api_key, now)
            if actor:
                expires_at = now + round(self.service.session_s * 1_000_000)
                email, token_id = actor.user.email, self.service.new_id(16)
                accounts.add_token(tx, actor, email, token, token_id=token_id, expires_at=expires_at, now=now)
            else:
                # Returned from here, not raised: the note is to be committed.
                accounts.note_failure(tx, address, now)
        if actor is None:
            raise Unauthenticated
        return actor

    def _authenticated(self, tx: Tx, api_key: str, now: int) -> Actor | None:
        try:
            return accounts.authenticate(tx, api_key, now)
        except Unauthenticated:
            return None
