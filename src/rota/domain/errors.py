"""Every way rota refuses: a code and facts, never HTTP. Each dialect has one table from these to its own bodies."""

from dataclasses import dataclass
from typing import ClassVar

from rota.domain.faults import Fault


class Refusal(Exception):
    """Something rota will not do. `code` names the kind; the fields are the facts a dialect may show."""

    code: ClassVar[str]


@dataclass(eq=False)
class Unauthenticated(Refusal):
    """No token, or one that is unknown, expired or revoked, or a wrong password."""

    code: ClassVar[str] = "unauthenticated"


@dataclass(eq=False)
class TooManyFailures(Refusal):
    """Too many failed sign-ins from one address; try again after `retry_after_s` seconds."""

    retry_after_s: int
    code: ClassVar[str] = "too_many_failures"


@dataclass(eq=False)
class Forbidden(Refusal):
    """The actor is known, but may not do this."""

    code: ClassVar[str] = "forbidden"


@dataclass(eq=False)
class AccountNotFound(Refusal):
    account_id: str
    code: ClassVar[str] = "account_not_found"


@dataclass(eq=False)
class UserNotFound(Refusal):
    email: str
    code: ClassVar[str] = "user_not_found"


@dataclass(eq=False)
class TokenNotFound(Refusal):
    token_id: str
    code: ClassVar[str] = "token_not_found"


@dataclass(eq=False)
class InvalidFields(Refusal):
    """Faults of a body or a command, all at once: field name to sentence."""

    faults: dict[str, str]
    code: ClassVar[str] = "invalid_fields"


@dataclass(eq=False)
class JobNotFound(Refusal):
    job_id: str
    code: ClassVar[str] = "job_not_found"


@dataclass(eq=False)
class JobAlreadyStarted(Refusal):
    job_id: str
    code: ClassVar[str] = "job_already_started"


@dataclass(eq=False)
class JobNotRunning(Refusal):
    job_id: str
    code: ClassVar[str] = "job_not_running"


@dataclass(eq=False)
class JobRunning(Refusal):
    """A job in execution cannot be deleted."""

    job_id: str
    code: ClassVar[str] = "job_running"


@dataclass(eq=False)
class FileNotFound(Refusal):
    """The job has no file of that name (yet)."""

    job_id: str
    name: str
    code: ClassVar[str] = "file_not_found"


@dataclass(eq=False)
class CategoryNotFound(Refusal):
    category: str
    code: ClassVar[str] = "category_not_found"


@dataclass(eq=False)
class ActionNotFound(Refusal):
    action: str
    code: ClassVar[str] = "action_not_found"


@dataclass(eq=False)
class NothingInCatalogue(Refusal):
    """No category or action matches what was asked of the catalogue."""

    code: ClassVar[str] = "nothing_in_catalogue"


@dataclass(eq=False)
class MalformedCsv(Refusal):
    """The upload is not a table: `line` is the physical line of the first fault, counted from 1."""

    line: int
    detail: str
    code: ClassVar[str] = "malformed_csv"


@dataclass(eq=False)
class UnfitInput(Refusal):
    """A well-formed table that the action does not take; all faults at once.

    `unknown_fields` are in header order, `missing_fields` in catalogue order, `missing_values` in input order, at
    most 100 of them with `more_missing` counting the rest. `expected_content` is `text/csv` when input is needed and
    none came, `none` when some came and none is taken.
    """

    unknown_fields: tuple[str, ...] = ()
    missing_fields: tuple[str, ...] = ()
    missing_values: tuple[str, ...] = ()
    more_missing: int = 0
    expected_content: str | None = None
    code: ClassVar[str] = "unfit_input"


@dataclass(eq=False)
class ItemNotFound(Refusal):
    """No such item in the actor's account. `item_id` is what was asked for, number or not."""

    item_id: int | str
    code: ClassVar[str] = "item_not_found"


@dataclass(eq=False)
class ItemNotQueued(Refusal):
    """Only a queued item can be updated, deleted or grabbed.

    `verb` is which of them; `standing` is `being worked on`, `completed` or `deleted`.
    """

    item_id: int
    verb: str
    standing: str
    code: ClassVar[str] = "item_not_queued"


@dataclass(eq=False)
class NotYourItem(Refusal):
    """The actor does not have the item in hand."""

    item_id: int
    verb: str
    code: ClassVar[str] = "not_your_item"


@dataclass(eq=False)
class ItemNotSuspended(Refusal):
    """Only a suspended item can be activated."""

    item_id: int
    code: ClassVar[str] = "item_not_suspended"


@dataclass(eq=False)
class ItemNotActive(Refusal):
    """Only an active item can be suspended."""

    item_id: int
    code: ClassVar[str] = "item_not_active"


@dataclass(eq=False)
class NothingToGrab(Refusal):
    """The queue is empty."""

    code: ClassVar[str] = "nothing_to_grab"


@dataclass(eq=False)
class NotOnShift(Refusal):
    """Only a worker who is logged in can do this."""

    code: ClassVar[str] = "not_on_shift"


@dataclass(eq=False)
class WorkerNotFound(Refusal):
    """No such user in the actor's account."""

    email: str
    code: ClassVar[str] = "worker_not_found"


@dataclass(eq=False)
class WebhookNotFound(Refusal):
    """No such webhook in the actor's account."""

    webhook_id: str
    code: ClassVar[str] = "webhook_not_found"


@dataclass(eq=False)
class DeliveryNotFound(Refusal):
    """The webhook has no such delivery, or has it no longer."""

    delivery_id: str
    code: ClassVar[str] = "delivery_not_found"


@dataclass(eq=False)
class WebhookDisabled(Refusal):
    """Nothing is sent to a webhook that is disabled."""

    webhook_id: str
    code: ClassVar[str] = "webhook_disabled"


@dataclass(eq=False)
class DeliveryUnderWay(Refusal):
    """A courier has the delivery in hand at this moment."""

    delivery_id: str
    code: ClassVar[str] = "delivery_under_way"


@dataclass(eq=False)
class TooManyWebhooks(Refusal):
    """The account has `most` webhooks already."""

    most: int
    code: ClassVar[str] = "too_many_webhooks"


@dataclass(eq=False)
class TooManyStreams(Refusal):
    """As many event streams are open as may be; one may end within `retry_after_s` seconds."""

    retry_after_s: int
    code: ClassVar[str] = "too_many_streams"


@dataclass(eq=False)
class RecordNotFound(Refusal):
    """No such record of the field in the actor's account. `kind` is such as `task`, `record_id` what was asked for."""

    kind: str
    record_id: int | str
    code: ClassVar[str] = "record_not_found"


@dataclass(eq=False)
class UnfitRecord(Refusal):
    """A record of the field that cannot be kept as it was given: all faults at once."""

    faults: tuple[Fault, ...]
    code: ClassVar[str] = "unfit_record"


@dataclass(eq=False)
class RecordNeeded(Refusal):
    """A record of the field that others need, as submissions need their task, cannot be deleted."""

    kind: str
    record_id: int
    needed_by: str
    code: ClassVar[str] = "record_needed"


@dataclass(eq=False)
class StorageFull(Refusal):
    """The disk or the database has no room; nothing of the request was kept."""

    code: ClassVar[str] = "storage_full"


@dataclass(eq=False)
class StoreUnavailable(Refusal):
    """The database or the store of the blobs does not answer, or the database is locked; trying again may help.

    `reason` is for operators, where there is more to say. In a `circle` transactions waited for one another until the
    database undid this one: the others go on, and once they are done it will not meet them again.
    """

    reason: str = ""
    circle: bool = False
    code: ClassVar[str] = "store_unavailable"


DESK: frozenset[type[Refusal]] = frozenset(
    {
        ItemNotFound,
        ItemNotQueued,
        NotYourItem,
        ItemNotSuspended,
        ItemNotActive,
        NothingToGrab,
        NotOnShift,
        WorkerNotFound,
        WebhookNotFound,
        DeliveryNotFound,
        WebhookDisabled,
        DeliveryUnderWay,
        TooManyWebhooks,
        TooManyStreams,
    }
)
"""What only the desk refuses: a dialect that does not serve it never meets these."""

FIELD: frozenset[type[Refusal]] = frozenset({RecordNotFound, UnfitRecord, RecordNeeded})
"""What only the field refuses."""
