"""Who reaches whom, for a whole batch of accounts at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from rota.domain.accounts import Account
from rota.store.port import Tx


@dataclass(frozen=True, slots=True)
class Tree:
    """The part of the tree that a batch speaks of. An account that is not in it reaches nothing and is unreachable."""

    accounts: dict[str, Account]

    def reaches(self, account_id: str, other_id: str | None) -> bool:
        """True for an account itself and its descendants."""
        one, other = self.accounts.get(account_id), self.accounts.get(other_id or "")
        return one is not None and other is not None and one.reaches(other)

    def is_root(self, account_id: str) -> bool:
        account = self.accounts.get(account_id)
        return account is not None and account.parent_id is None


def tree(tx: Tx, ids: Iterable[str | None]) -> Tree:
    """Those of the accounts that there are, in one statement."""
    rows = tx.all("accounts_by_ids", ids=listed(each for each in ids if each))
    return Tree({row["id"]: Account(**row) for row in rows})


def listed(values: Iterable[str]) -> str:
    """A set of values as the one parameter of a statement."""
    return msgspec.json.encode(sorted(set(values))).decode()
