"""`/workers`: shifts, who is there, and what a worker does with the tasks in hand."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import falcon

from rota.dialects.queue import documents, params
from rota.dialects.queue.resource import Resource, given_object, send
from rota.domain.errors import InvalidFields
from rota.domain.items import Turn, Verb
from rota.operations import holding, shifts


class Workers(Resource):
    """`/workers`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        params.query(req, {})
        actor = self.actor(req)
        with self.read() as tx:
            found = shifts.who(tx, actor)
        send(resp, [documents.worker(each) for each in found])

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Begin a shift: one's own or, as a superuser, another's."""
        token = str(uuid4())
        actor, email = self.actor(req), _email(given_object(req, empty=b"{}"))
        with self.write() as tx:
            shifts.login(tx, actor, email, token=token, token_id=self.service.new_id(16), now=self.now())
        resp.set_header("Cache-Control", "no-store")
        send(resp, {"token": token})

    def on_delete(self, req: falcon.Request, resp: falcon.Response) -> None:
        """End one's own shift."""
        actor = self.actor(req)
        with self.write() as tx:
            shifts.logout(tx, actor, now=self.now())
        send(resp, {})


class LoggedIn(Resource):
    """`/workers/loggedin`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        params.query(req, {})
        actor = self.actor(req)
        with self.read() as tx:
            found = shifts.who(tx, actor, on_shift=True)
        send(resp, [documents.worker(each) for each in found])


class Worker(Resource):
    """`/workers/{email}`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response, email: str) -> None:
        asked = params.query(req, {"long": params.flag})
        actor = self.actor(req)
        with self.read() as tx:
            if asked.get("long"):
                document = documents.report(shifts.report(tx, actor, email))
            else:
                document = documents.worker(shifts.worker(tx, actor, email))
        send(resp, document)


class Hand(Resource):
    """`/workers/tasks`"""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """What the caller holds: the active task, then the suspended ones, the last first."""
        params.query(req, {})
        actor = self.actor(req)
        with self.read() as tx:
            found = holding.held(tx, actor)
        send(resp, documents.tasks(found))

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Grab the most urgent task."""
        actor = self.actor(req)
        with self.write() as tx:
            taken = holding.grab(tx, actor, now=self.now())
        send(resp, documents.task(taken.item))


class HandTask(Resource):
    """`/workers/tasks/{task_id}`"""

    def on_post(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        """Grab this task."""
        actor = self.actor(req)
        with self.write() as tx:
            taken = holding.grab(tx, actor, params.task_id(task_id), now=self.now())
        send(resp, documents.task(taken.item))

    def on_put(self, req: falcon.Request, resp: falcon.Response, task_id: str) -> None:
        """Move a task in hand: resume it, put it aside, release it, complete it."""
        actor, verb = self.actor(req), _verb(given_object(req))
        with self.write() as tx:
            done = MOVES[verb](tx, actor, params.task_id(task_id), now=self.now())
        send(resp, documents.turn(verb, done))


VERBS: Mapping[str, Verb] = {
    "fg": Verb.ACTIVATE,
    "bg": Verb.SUSPEND,
    "release": Verb.RELEASE,
    "complete-success": Verb.COMPLETE_SUCCESS,
    "complete-failure": Verb.COMPLETE_FAILURE,
}
"""What `status` may be."""

MOVES: Mapping[Verb, Callable[..., Turn]] = {
    Verb.ACTIVATE: holding.activate,
    Verb.SUSPEND: holding.suspend,
    Verb.RELEASE: holding.release,
    Verb.COMPLETE_SUCCESS: partial(holding.complete, verb=Verb.COMPLETE_SUCCESS),
    Verb.COMPLETE_FAILURE: partial(holding.complete, verb=Verb.COMPLETE_FAILURE),
}


def _verb(given: Mapping[str, Any]) -> Verb:
    faults = {name: "is not a field that can be written" for name in given if name != "status"}
    if "status" not in given:
        faults["status"] = "is missing"
    elif not isinstance(given["status"], str) or given["status"] not in VERBS:
        faults["status"] = f"must be one of {', '.join(VERBS)}"
    if faults:
        raise InvalidFields(faults)
    return VERBS[given["status"]]


def _email(given: Mapping[str, Any]) -> str | None:
    """Whose shift begins; None for the caller's own."""
    faults = {name: "is not a field that can be written" for name in given if name != "id"}
    email = given.get("id")
    if email is not None and not isinstance(email, str):
        faults["id"] = "is not an e-mail address"
    if faults:
        raise InvalidFields(faults)
    return email
