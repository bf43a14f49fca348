"""Answers for /admin/v1: accounts, users and tokens as plain JSON, for the command line and for scripts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import falcon
import msgspec

from rota.clock import new_token
from rota.dialects.bodies import flag, one_of, or_null, read_object, text, whole
from rota.dialects.credentials import by_token, sent_token
from rota.dialects.edge import code_of, title_of
from rota.domain.accounts import (
    Account,
    Actor,
    Role,
    User,
    email_fault,
    is_account_id,
    name_fault,
    password_fault,
    slack_id_fault,
)
from rota.domain.errors import InvalidFields, Refusal, TooManyFailures, Unauthenticated
from rota.operations import accounts, slack
from rota.operations.passwords import hash_password
from rota.store.port import Row, Store
from rota.web import refusals

PREFIX = "/admin/v1"
LONGEST_S = 100 * 366 * 86_400
SECOND = 1_000_000

Who = Callable[[falcon.Request], Actor]
"""Tells who is asking. Raises Unauthenticated or TooManyFailures."""


def create(
    *, store: Store, clock: Callable[[], int], new_id: Callable[[int], str], session_s: float, who: Who | None = None
) -> falcon.App[falcon.Request, falcon.Response]:
    """The WSGI application of /admin/v1.

    `clock` gives microseconds since 1970, `new_id` so many lower-case hex. A token for which no life is asked lives
    `session_s`. `who` is for a caller who has proven who they are in another way than by a token.
    """
    desk = _Desk(store, clock, new_id, session_s, who or partial(_by_counted_token, store, clock))
    app: falcon.App[falcon.Request, falcon.Response] = falcon.App()
    app.add_error_handler(Refusal, _refuse)
    app.set_error_serializer(_serialize)
    app.add_route(f"{PREFIX}/me", _Me(desk))
    app.add_route(f"{PREFIX}/accounts", _Accounts(desk))
    app.add_route(f"{PREFIX}/accounts/{{account_id}}", _Account(desk))
    app.add_route(f"{PREFIX}/users", _Users(desk))
    # An address may hold a slash.
    app.add_route(f"{PREFIX}/users/{{email:path}}", _User(desk))
    app.add_route(f"{PREFIX}/tokens", _Tokens(desk))
    app.add_route(f"{PREFIX}/tokens/{{token_id}}", _Token(desk))
    return app


@dataclass(frozen=True, slots=True)
class _Desk:
    """What every resource works with."""

    store: Store
    clock: Callable[[], int]
    new_id: Callable[[int], str]
    session_s: float
    who: Who


@dataclass(frozen=True, slots=True)
class _Resource:
    desk: _Desk


class _Me(_Resource):
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        _send(response, {"user": _user(actor.user), "account": _account(actor.account)})


class _Accounts(_Resource):
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        _query(request)
        with self.desk.store.read() as tx:
            found = accounts.accounts_below(tx, actor.account)
        _send(response, {"accounts": [_account(each) for each in found]})

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        given = read_object(
            request,
            required={"name": text(name_fault)},
            optional={"parent_id": or_null(_account_id), "id": or_null(_account_id)},
        )
        account_id, now = given.get("id") or self.desk.new_id(32), self.desk.clock()
        with self.desk.store.write() as tx:
            made = accounts.add_account(
                tx, actor, given["name"], given.get("parent_id"), account_id=account_id, now=now
            )
        _send(response, _account(made), 201)


class _Account(_Resource):
    def on_get(self, request: falcon.Request, response: falcon.Response, account_id: str) -> None:
        actor = self.desk.who(request)
        with self.desk.store.read() as tx:
            found = accounts.reach(tx, actor, account_id)
        _send(response, _account(found))


class _Users(_Resource):
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        account_id = _query(request, "account") or actor.account.id
        with self.desk.store.read() as tx:
            found = accounts.users_of(tx, actor, account_id)
        _send(response, {"users": [_user(each) for each in found]})

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        optional = {"account_id": or_null(_account_id), "superuser": flag, **_CHANGEABLE}
        given = read_object(request, required={"email": _email}, optional=optional)
        # Hashed before the transaction begins: others would wait for it.
        hashed = _hashed(given)
        with self.desk.store.write() as tx:
            made = accounts.add_user(
                tx,
                actor,
                given["email"],
                account_id=given.get("account_id"),
                role=Role(given.get("role", Role.MEMBER)),
                superuser=given.get("superuser", False),
                password_hash=hashed,
                now=self.desk.clock(),
            )
        _send(response, _user(made), 201)


class _User(_Resource):
    def on_get(self, request: falcon.Request, response: falcon.Response, email: str) -> None:
        actor = self.desk.who(request)
        with self.desk.store.read() as tx:
            found = accounts.user_by_email(tx, actor, email)
        _send(response, _user(found))

    def on_patch(self, request: falcon.Request, response: falcon.Response, email: str) -> None:
        actor = self.desk.who(request)
        optional = {"slack_id": or_null(text(slack_id_fault)), **_CHANGEABLE}
        given = read_object(request, required={}, optional=optional)
        role, hashed = Role(given["role"]) if "role" in given else None, _hashed(given)
        with self.desk.store.write() as tx:
            now = self.desk.clock()
            changed = accounts.change_user(tx, actor, email, role=role, password_hash=hashed, now=now)
            if "slack_id" in given:
                changed = slack.link(tx, actor, email, given["slack_id"], now=now)
        _send(response, _user(changed))


class _Tokens(_Resource):
    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        email = _query(request, "email") or actor.user.email
        with self.desk.store.read() as tx:
            found = accounts.tokens_of(tx, actor, email)
        _send(response, {"tokens": [_token(each, email) for each in found]})

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        actor = self.desk.who(request)
        given = read_object(request, required={"email": _email}, optional={"expires_in_s": or_null(_LIFE)})
        now, token_id, token = self.desk.clock(), self.desk.new_id(16), new_token()
        life_s = given.get("expires_in_s", self.desk.session_s)
        expires_at = None if life_s is None else now + int(life_s * SECOND)
        with self.desk.store.write() as tx:
            user = accounts.add_token(
                tx, actor, given["email"], token, token_id=token_id, expires_at=expires_at, now=now
            )
        made = {"id": token_id, "created_at": now, "expires_at": expires_at, "revoked_at": None}
        response.set_header("Cache-Control", "no-store")
        _send(response, {**_token(made, user.email), "token": token}, 201)


class _Token(_Resource):
    def on_delete(self, request: falcon.Request, response: falcon.Response, token_id: str) -> None:
        actor = self.desk.who(request)
        with self.desk.store.write() as tx:
            accounts.revoke_token(tx, actor, token_id, now=self.desk.clock())
        response.status = falcon.HTTP_204


def _account_id(value: Any) -> str | None:
    return None if isinstance(value, str) and is_account_id(value) else "must be an account id: 32 lower-case hex"


_LIFE = whole(1, LONGEST_S)
_email = text(email_fault)
_CHANGEABLE = {"role": one_of(*Role), "password": text(password_fault)}


def _hashed(given: dict[str, Any]) -> str | None:
    return hash_password(given["password"]) if "password" in given else None


def _query(request: falcon.Request, name: str = "") -> str | None:
    """The one parameter of the query that is known here; a misspelt one is refused, not ignored."""
    if unknown := request.params.keys() - {name}:
        raise InvalidFields(dict.fromkeys(sorted(unknown), "is not known here"))
    return request.get_param(name) if name else None


def _by_counted_token(store: Store, clock: Callable[[], int], request: falcon.Request) -> Actor:
    """An address that keeps sending wrong tokens is told to wait: presets may be short. Whoever sends a right one
    from behind it never is."""
    try:
        return by_token(store, clock, request)
    except Unauthenticated:
        if sent_token(request):
            _count_failure(store, request.remote_addr, clock())
        raise


def _count_failure(store: Store, address: str, now: int) -> None:
    with store.read() as tx:
        accounts.refuse_if_locked_out(tx, address, now)
    with store.write() as tx:
        accounts.note_failure(tx, address, now)


def _refuse(request: falcon.Request, response: falcon.Response, refusal: Refusal, params: dict[str, Any]) -> None:
    if isinstance(refusal, TooManyFailures):
        response.set_header("Retry-After", str(refusal.retry_after_s))
    if isinstance(refusal, Unauthenticated):
        response.set_header("WWW-Authenticate", "Bearer")
    _send(response, refusals.explained(refusal), refusals.ANSWERS[type(refusal)].status)


def _serialize(request: falcon.Request, response: falcon.Response, error: falcon.HTTPError) -> None:
    """What falcon refuses by itself."""
    told = refusals.document(code_of(error), error.description or f"{title_of(error)}.")
    response.data = msgspec.json.encode(told)


def _send(response: falcon.Response, document: dict[str, Any], status: int = 200) -> None:
    response.status = status
    response.data = msgspec.json.encode(document)


def _iso(at: int | None) -> str | None:
    """Microseconds since 1970 as ISO 8601 in UTC."""
    if at is None:
        return None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _account(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "name": account.name,
        "parent_id": account.parent_id,
        "created_at": _iso(account.created_at),
    }


def _user(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "account_id": user.account_id,
        "role": user.role.value,
        "superuser": user.superuser,
        "slack_id": user.slack_id,
        "created_at": _iso(user.created_at),
    }


def _token(row: Row, email: str) -> dict[str, Any]:
    times = {name: _iso(row[name]) for name in ("created_at", "expires_at", "revoked_at")}
    return {"id": row["id"], "email": email.lower(), **times}
