"""The inventory of phone numbers: changed in batches, read in pages.

The rows of a batch are worked on a view in memory, so that they act as if they ran one after the other, and what came
of it is written in one go. A batch takes four statements, however many rows it has.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rota.domain.accounts import Account
from rota.domain.numbers import Number, Reason, State
from rota.operations.tree import Tree, listed, tree
from rota.store.port import Row, Tx

PAGE_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Request:
    """One row: `auth_by`, when given, is the account whose reach counts instead of the job's own."""

    number: str
    account_id: str = ""
    auth_by: str = ""
    module_name: str = ""


Outcome = Number | Reason


@dataclass(slots=True)
class _View:
    """What a batch has read, and what its rows have made of it so far."""

    tree: Tree
    numbers: dict[str, Number]
    acting: str
    now: int
    changed: dict[str, Number] = field(default_factory=dict)

    def known(self, number: str) -> Number | None:
        """A deleted number is not known."""
        found = self.numbers.get(number)
        return found if found and found.state is not State.DELETED else None

    def put(self, number: Number) -> Number:
        self.numbers[number.number] = self.changed[number.number] = number
        return number

    def new(self, request: Request) -> Number:
        """A number that is not known; one that was deleted keeps whose it was."""
        fresh = Number(request.number, None, State.AVAILABLE, self.now, self.now)
        return self.numbers.get(request.number, fresh).renewed(request.module_name, self.now)

    def who(self, request: Request) -> str:
        return request.auth_by or self.acting

    def may_act(self, request: Request) -> bool:
        return not request.auth_by or self.tree.reaches(self.acting, request.auth_by)

    def may_give(self, request: Request) -> bool:
        return self.may_act(request) and self.tree.reaches(self.who(request), request.account_id)

    def may_take(self, request: Request, number: Number) -> bool:
        """A number that nobody holds may be taken by anybody."""
        return number.account_id is None or self.tree.reaches(self.who(request), number.account_id)

    def may_touch(self, request: Request, number: Number) -> bool:
        """A number that nobody holds answers to who held it last, and without such a one to the root alone."""
        who = self.who(request)
        return self.tree.reaches(who, number.last_held_by) or self.tree.is_root(who)


_Step = Callable[[_View, Request], Outcome]


def add(tx: Tx, account_id: str, requests: Sequence[Request], *, now: int) -> list[Outcome]:
    """New numbers in service; a deleted one may be added again."""
    return _change(tx, account_id, requests, _add, now)


def assign(tx: Tx, account_id: str, requests: Sequence[Request], *, now: int) -> list[Outcome]:
    """Known numbers into service for another account."""
    return _change(tx, account_id, requests, _assign, now)


def reserve(tx: Tx, account_id: str, requests: Sequence[Request], *, now: int) -> list[Outcome]:
    """Numbers kept for an account; one that is missing is created."""
    return _change(tx, account_id, requests, _reserve, now)


def release(tx: Tx, account_id: str, requests: Sequence[Request], *, now: int) -> list[Outcome]:
    """Numbers out of their account's hands."""
    return _change(tx, account_id, requests, _release, now)


def delete(tx: Tx, account_id: str, requests: Sequence[Request], *, now: int) -> list[Outcome]:
    """Numbers out of the inventory."""
    return _change(tx, account_id, requests, _delete, now)


def find(tx: Tx, account_id: str, requests: Sequence[Request], *, now: int) -> list[Outcome]:
    view = _view(tx, account_id, requests, now)
    return [_find(view, request) for request in requests]


def pages(tx: Tx, account_id: str, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Number]]:
    """An account's own numbers, by number."""
    after = ""
    while rows := tx.all("numbers_of_account", account_id=account_id, after=after, limit=page_rows):
        yield [_number(row) for row in rows]
        after = rows[-1]["number"]


def pages_below(tx: Tx, account: Account, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Number]]:
    """An account's numbers and then its descendants', in the order of the tree, each account's by number."""
    lineage, account_id, after = account.lineage, account.id, ""
    while rows := _page_below(tx, account, lineage, account_id, after, page_rows):
        yield [_number(row) for row in rows]
        account_id, after = rows[-1]["account_id"], rows[-1]["number"]
        lineage = tree(tx, [account_id]).accounts[account_id].lineage


def all_pages(tx: Tx, *, page_rows: int = PAGE_ROWS) -> Iterator[list[Number]]:
    """Every number in the system, deleted ones too, by number."""
    after = ""
    while rows := tx.all("numbers_after", after=after, limit=page_rows):
        yield [_number(row) for row in rows]
        after = rows[-1]["number"]


def _page_below(tx: Tx, top: Account, lineage: str, account_id: str, after: str, limit: int) -> list[Row]:
    """The rest of one account, then those after it: two ranges of an index, where one condition would be a scan."""
    rows = tx.all("numbers_of_account", account_id=account_id, after=after, limit=limit)
    if len(rows) < limit:
        end = top.lineage[:-1] + "0"
        rows += tx.all("numbers_beyond", after=lineage, lineage_end=end, limit=limit - len(rows))
    return rows


def _change(tx: Tx, account_id: str, requests: Sequence[Request], step: _Step, now: int) -> list[Outcome]:
    tx.run("numbers_lock")
    view = _view(tx, account_id, requests, now)
    outcomes = [step(view, request) for request in requests]
    if view.changed:
        tx.batch("number_write", [_params(view.changed[number]) for number in sorted(view.changed)])
    return outcomes


def _view(tx: Tx, account_id: str, requests: Sequence[Request], now: int) -> _View:
    rows = tx.all("numbers_by_ids", numbers=listed(request.number for request in requests))
    numbers = {row["number"]: _number(row) for row in rows}
    ids = {account_id, *(number.last_held_by for number in numbers.values())}
    for request in requests:
        ids |= {request.account_id, request.auth_by}
    return _View(tree(tx, ids), numbers, account_id, now)


def _add(view: _View, request: Request) -> Outcome:
    if not view.may_give(request):
        return Reason.UNAUTHORIZED
    if view.known(request.number):
        return Reason.NUMBER_EXISTS
    return view.put(view.new(request).assigned(request.account_id, State.IN_SERVICE, view.now))


def _assign(view: _View, request: Request) -> Outcome:
    number = view.known(request.number)
    if number is None:
        return Reason.NOT_FOUND if view.may_act(request) else Reason.UNAUTHORIZED
    return _give(view, request, number, State.IN_SERVICE)


def _reserve(view: _View, request: Request) -> Outcome:
    return _give(view, request, view.known(request.number) or view.new(request), State.RESERVED)


def _give(view: _View, request: Request, number: Number, state: State) -> Outcome:
    if not (view.may_give(request) and view.may_take(request, number)):
        return Reason.UNAUTHORIZED
    return view.put(number.assigned(request.account_id, state, view.now))


def _find(view: _View, request: Request) -> Outcome:
    if not view.may_act(request):
        return Reason.UNAUTHORIZED
    number = view.known(request.number)
    if number is None:
        return Reason.NOT_FOUND
    return number if view.may_touch(request, number) else Reason.UNAUTHORIZED


def _release(view: _View, request: Request) -> Outcome:
    number = _find(view, request)
    return number if isinstance(number, Reason) else view.put(number.unassigned(State.RELEASED, view.now))


def _delete(view: _View, request: Request) -> Outcome:
    number = _find(view, request)
    return number if isinstance(number, Reason) else view.put(number.unassigned(State.DELETED, view.now))


def _number(row: Row) -> Number:
    return Number(**{**row, "state": State(row["state"])})


def _params(number: Number) -> dict[str, Any]:
    return {**asdict(number), "state": number.state.value}
