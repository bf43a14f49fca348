"""A small tree of accounts on a real store: root > reseller > customer, and a stranger beside the reseller."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rota.actions.registry import Action, Answer, Batch, Context, Form, Refused
from rota.domain.accounts import Role
from rota.store.port import Store, Tx

NOW = 1_700_000_000_000_000
GREGORIAN_NOW = 1_700_000_000 + 62_167_219_200


class Silent:
    def info(self, event: str, **facts: Any) -> None: ...

    def warning(self, event: str, **facts: Any) -> None: ...

    def exception(self, event: str, **facts: Any) -> None: ...


class World:
    root = f"{0xA0:032x}"
    reseller = f"{0xB0:032x}"
    customer = f"{0xC0:032x}"
    stranger = f"{0xD0:032x}"
    unknown = f"{0xE0:032x}"

    def __init__(self, store: Store, statements: list[str], options: Mapping[str, Any] | None = None) -> None:
        self.store, self.statements, self.options = store, statements, options or {}
        self.users: dict[str, int] = {}
        with store.write() as tx:
            self._open(tx, self.root, None, "")
            self._open(tx, self.reseller, self.root, f"{self.root}/")
            self._open(tx, self.customer, self.reseller, f"{self.root}/{self.reseller}/")
            self._open(tx, self.stranger, self.root, f"{self.root}/")
            self.root_user = self._admit(tx, self.root, "root@example.org", superuser=True)
            self.admin = self._admit(tx, self.reseller, "admin@example.org")
            self.member = self._admit(tx, self.reseller, "member@example.org", role=Role.MEMBER)
            self.root_member = self._admit(tx, self.root, "plain@example.org")
        self.home = {
            self.root_user: self.root,
            self.root_member: self.root,
            self.admin: self.reseller,
            self.member: self.reseller,
        }

    def _open(self, tx: Tx, account_id: str, parent_id: str | None, above: str) -> None:
        lineage = f"{above}{account_id}/"
        tx.run("account_insert", id=account_id, name="x", parent_id=parent_id, lineage=lineage, created_at=1)

    def _admit(self, tx: Tx, account_id: str, email: str, *, superuser: bool = False, role: Role = Role.ADMIN) -> int:
        user_id: int = tx.value(
            "user_insert",
            account_id=account_id,
            email=email,
            name="",
            role=role.value,
            superuser=superuser,
            expertise=1,
            password_hash=None,
            created_at=1,
        )
        return user_id

    def context(self, account_id: str, user_id: int, tx: Tx | None = None, now: int = NOW) -> Context:
        return Context("job1", account_id, self.home[user_id], user_id, now, Silent(), self.options, tx)

    def change(
        self,
        function: Callable[..., Any],
        rows: Sequence[Mapping[str, str]],
        *,
        account_id: str | None = None,
        user_id: int | None = None,
        now: int = NOW,
    ) -> list[Answer]:
        """Put rows through a batch action in a transaction of its own; by default for the reseller."""
        with self.store.write() as tx:
            context = self.context(account_id or self.reseller, user_id or self.admin, tx, now)
            return answers(function, context, rows)

    def generate(
        self, function: Callable[..., Any], account_id: str | None = None, user_id: int | None = None
    ) -> list[Any]:
        with self.store.read() as tx:
            context = self.context(account_id or self.reseller, user_id or self.admin, tx)
            return [line for page in function(context) for line in page]

    @contextmanager
    def counted(self) -> Iterator[list[str]]:
        self.statements.clear()
        yield self.statements

    def numbers(self) -> dict[str, tuple[Any, ...]]:
        with self.store.read() as tx:
            rows = tx.all("numbers_after", after="", limit=10_000)
        return {row["number"]: (row["account_id"], row["state"], row["previously_assigned_to"]) for row in rows}


def answers(function: Callable[..., Any], context: Context, rows: Sequence[Mapping[str, str]]) -> list[Answer]:
    action: Action = function.__action__  # type: ignore[attr-defined]
    assert action.form is Form.BATCH
    header = tuple(rows[0])
    batch = Batch(header, [[row[field] for field in header] for row in rows], action.fields)
    numbered = context if len(context.rows) == len(rows) else replace(context, rows=range(len(rows)))
    found = function(numbered, batch)
    return [None] * len(rows) if found is None else list(found)


def errors(found: Sequence[Answer]) -> list[str]:
    """The reason of each row, empty for those that were done."""
    return [str(each) if isinstance(each, Refused) else "" for each in found]
