"""What /admin/v1 answers to a refusal: one table from the kinds that it can meet to a status and a sentence."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rota.domain.errors import (
    AccountNotFound,
    Forbidden,
    InvalidFields,
    Refusal,
    StorageFull,
    TokenNotFound,
    TooManyFailures,
    Unauthenticated,
    UserNotFound,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, and a sentence whose gaps the refusal's facts fill."""

    status: int
    sentence: str


ANSWERS: Mapping[type[Refusal], Answer] = {
    InvalidFields: Answer(400, "Some fields cannot be taken: {}."),
    Unauthenticated: Answer(401, "Send a token that is alive, as X-Auth-Token or as Authorization: Bearer."),
    Forbidden: Answer(403, "You may not do this."),
    AccountNotFound: Answer(404, "There is no account {account_id}."),
    UserNotFound: Answer(404, "There is no user {email}."),
    TokenNotFound: Answer(404, "There is no token {token_id}."),
    TooManyFailures: Answer(429, "Too many failed sign-ins from your address; try again in {retry_after_s} s."),
    StorageFull: Answer(507, "There is no room left to store this."),
}


def document(code: str, message: str, **facts: Any) -> dict[str, Any]:
    """The body of every error."""
    return {"error": {"code": code, "message": message, **facts}}


def explained(refusal: Refusal) -> dict[str, Any]:
    """The body for a refusal: its code, its sentence, its facts."""
    facts: dict[str, Any] = asdict(refusal)  # type: ignore[call-overload]
    listed = ", ".join(f"{name} {fault}" for name, fault in facts.get("faults", {}).items())
    return document(refusal.code, ANSWERS[type(refusal)].sentence.format(listed, **facts), **facts)
