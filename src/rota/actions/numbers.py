"""The category `number_management`: the inventory of phone numbers, listed and changed in bulk."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rota.actions.registry import ERROR, Answer, Batch, Context, Form, Line, Refused, action
from rota.actions.standing import FORBIDDEN, is_superuser, tx_of
from rota.actions.verifiers import is_number
from rota.domain import gregorian
from rota.domain.accounts import is_account_id
from rota.domain.numbers import Number, Reason
from rota.operations import inventory
from rota.operations.accounts import account_by_id

CATEGORY = "number_management"
COLUMNS = ("number", "account_id", "previously_assigned_to", "state", "created", "modified", "module_name")

_LIST_DOC = """For each number found, returns the fields:
* `number`: the phone number in E.164, with its leading `+`.
* `account_id`: the account that it is assigned to, or empty.
* `previously_assigned_to`: the account that it was assigned to before, or empty.
* `state`: available, in_service, reserved, released or deleted.
* `created`, `modified`: when, in gregorian seconds.
* `module_name`: what the number is served by, or empty.
"""
_RIGHTS_DOC = """Note: the number must be in E.164, with its leading `+`.
Note: the account of the task must be the number's account or above it; so must `auth_by`, if given, which then counts
instead and must itself be the account of the task or below it.
"""
_VERIFIERS = {"number": is_number, "account_id": is_account_id, "auth_by": is_account_id}

_Change = Callable[..., list[inventory.Outcome]]


def _changes(name: str, description: str, doc: str, **declared: Any) -> Callable[[Any], Any]:
    """What the actions that change the inventory declare alike. Rows of one number act in the order of the file."""
    fields: dict[str, Any] = {"mandatory": ("number",), "optional": ("auth_by",), **declared}
    names = (*fields["mandatory"], *fields["optional"])
    return action(
        CATEGORY,
        name,
        description=description,
        doc=doc + _RIGHTS_DOC,
        form=Form.BATCH,
        verifiers={field: test for field, test in _VERIFIERS.items() if field in names},
        writes=True,
        ordered=name != "find",
        **fields,
    )


@action(
    CATEGORY,
    "list",
    description="List all numbers assigned to the account of the task",
    doc=_LIST_DOC,
    form=Form.GENERATOR,
    output=COLUMNS,
)
def list_own(context: Context) -> Iterator[list[Line]]:
    """By number."""
    yield from _lines(inventory.pages(tx_of(context), context.account_id))


@action(
    CATEGORY,
    "list_all",
    description="List all numbers assigned to the account of the task and its descendants",
    doc=_LIST_DOC,
    form=Form.GENERATOR,
    output=COLUMNS,
)
def list_all(context: Context) -> Iterator[list[Line]]:
    """The account's own first, then its descendants' in the order of the tree, each by number."""
    tx = tx_of(context)
    yield from _lines(inventory.pages_below(tx, account_by_id(tx, context.account_id)))


@action(
    CATEGORY,
    "dump",
    description="List all numbers in the system",
    doc=_LIST_DOC + "Note: for superusers only. Deleted numbers are in it, too.\n",
    form=Form.GENERATOR,
    output=COLUMNS,
)
def dump(context: Context) -> Iterator[list[Line]]:
    """By number. Raises Refused unless a superuser started the job."""
    if not is_superuser(context):
        raise Refused(FORBIDDEN)
    yield from _lines(inventory.all_pages(tx_of(context)))


@_changes(
    "find",
    "List the given numbers",
    _LIST_DOC + "Reasons for failure: `not_found`, `unauthorized`.\n",
    output=(*COLUMNS, ERROR),
)
def find(context: Context, batch: Batch) -> list[Answer]:
    """Each number's line of the inventory."""
    outcomes = inventory.find(tx_of(context), context.account_id, _requests(batch), now=context.now)
    return [Refused(each.value) if isinstance(each, Reason) else _line(each) for each in outcomes]


@_changes(
    "add",
    "Bulk-create numbers",
    "Creates numbers in service of `account_id`. A number that was deleted may be added again.\n"
    "Reasons for failure: `number_exists`, `unauthorized`.\n",
    mandatory=("number", "account_id"),
    optional=("auth_by", "module_name"),
)
def add(context: Context, batch: Batch) -> list[Answer]:
    return _changed(inventory.add, context, batch)


@_changes(
    "assign_to",
    "Bulk-assign numbers to the provided account",
    "Assigns existing numbers to another account, where they are in service.\n"
    "Reasons for failure: `not_found`, `unauthorized`.\n",
    mandatory=("number", "account_id"),
)
def assign_to(context: Context, batch: Batch) -> list[Answer]:
    return _changed(inventory.assign, context, batch)


@_changes(
    "reserve",
    "Bulk-reserve numbers",
    "Assigns numbers to an account in state `reserved`; a number that is missing is created.\n"
    "Reason for failure: `unauthorized`.\n",
    mandatory=("number", "account_id"),
)
def reserve(context: Context, batch: Batch) -> list[Answer]:
    return _changed(inventory.reserve, context, batch)


@_changes(
    "release",
    "Unassign numbers from accounts",
    "Releases numbers from their account, which is remembered in `previously_assigned_to`.\n"
    "Reasons for failure: `not_found`, `unauthorized`.\n",
)
def release(context: Context, batch: Batch) -> list[Answer]:
    return _changed(inventory.release, context, batch)


@_changes(
    "delete",
    "Bulk-remove numbers",
    "Removes numbers from the inventory.\nReasons for failure: `not_found`, `unauthorized`.\n",
)
def delete(context: Context, batch: Batch) -> list[Answer]:
    return _changed(inventory.delete, context, batch)


def _changed(change: _Change, context: Context, batch: Batch) -> list[Answer]:
    outcomes = change(tx_of(context), context.account_id, _requests(batch), now=context.now)
    return [Refused(each.value) if isinstance(each, Reason) else None for each in outcomes]


def _requests(batch: Batch) -> list[inventory.Request]:
    return [
        inventory.Request(row["number"], row.get("account_id", ""), row["auth_by"], row.get("module_name", ""))
        for row in batch
    ]


def _lines(pages: Iterable[list[Number]]) -> Iterator[list[Line]]:
    for page in pages:
        yield [_line(number) for number in page]


def _line(number: Number) -> Line:
    return {
        "number": number.number,
        "account_id": number.account_id,
        "previously_assigned_to": number.previously_assigned_to,
        "state": number.state.value,
        "created": gregorian.seconds(number.created_at),
        "modified": gregorian.seconds(number.modified_at),
        "module_name": number.module_name,
    }
