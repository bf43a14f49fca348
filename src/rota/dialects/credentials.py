"""Tells who is asking, by a token or by an e-mail and a password, and keeps those who guess waiting."""

from base64 import b64decode
from collections.abc import Callable

import falcon

from rota.domain.accounts import Actor, email_fault
from rota.domain.errors import Unauthenticated
from rota.operations import accounts
from rota.operations.passwords import verify
from rota.store.port import Store

Clock = Callable[[], int]


def sent_token(req: falcon.Request) -> str | None:
    """The caller's token, if one was sent: as X-Auth-Token, or as Authorization: Bearer (RFC 6750)."""
    return req.get_header("X-Auth-Token") or _credentials(req, "bearer") or None


def by_token(store: Store, clock: Clock, req: falcon.Request) -> Actor:
    """Who holds the token that was sent. Raises Unauthenticated. A token has too many bits to be guessed: whoever
    sends a wrong one is not kept waiting."""
    token = sent_token(req)
    if token is None:
        raise Unauthenticated
    with store.look() as tx:
        return accounts.authenticate(tx, token, clock())


def by_any(store: Store, clock: Clock, req: falcon.Request) -> Actor:
    """Who holds the token, or the password of HTTP Basic (RFC 7617), that was sent; a token comes first.

    Raises Unauthenticated, or TooManyFailures for an address that guesses passwords.
    """
    given = _credentials(req, "basic")
    if not given or sent_token(req):
        return by_token(store, clock, req)
    # Before the hash is made, which takes tens of milliseconds: guessing is to cost the guesser, not the server.
    with store.read() as tx:
        accounts.refuse_if_locked_out(tx, req.remote_addr, clock())
    actor = _by_password(store, given)
    if actor is None:
        with store.write() as tx:
            accounts.note_failure(tx, req.remote_addr, clock())
        raise Unauthenticated
    return actor


def standing(store: Store, clock: Clock, req: falcon.Request, actor: Actor) -> Callable[[], bool]:
    """Asks whether what the actor was let in with still works, for an answer that lasts.

    A token is looked up again. A password is not hashed again, which takes too long to be done often: it works as long
    as it has not been changed.
    """
    token = sent_token(req)
    if token is None:
        with store.read() as tx:
            password = accounts.password_of(tx, actor.user.email)

    def works() -> bool:
        with store.read() as tx:
            if token is None:
                return accounts.password_of(tx, actor.user.email) == password
            try:
                return accounts.authenticate(tx, token, clock()).user.id == actor.user.id
            except Unauthenticated:
                return False

    return works


def _credentials(req: falcon.Request, wanted: str) -> str:
    scheme, _, credentials = (req.get_header("Authorization") or "").partition(" ")
    return credentials.strip() if scheme.lower() == wanted else ""


def _by_password(store: Store, given: str) -> Actor | None:
    """None for any fault. The hash is checked outside of the transaction, which others may wait for."""
    try:
        email, _, password = b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return None
    if email_fault(email):
        return None
    with store.read() as tx:
        found = accounts.password_of(tx, email)
    if not verify(password, found.password_hash if found else None) or found is None:
        return None
    with store.read() as tx:
        return accounts.actor_of_user(tx, found.user_id)
