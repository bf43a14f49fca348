"""Phone numbers of the inventory: their states, and what each change makes of one."""

from dataclasses import dataclass, replace
from enum import StrEnum


class State(StrEnum):
    AVAILABLE = "available"
    IN_SERVICE = "in_service"
    RESERVED = "reserved"
    RELEASED = "released"
    DELETED = "deleted"


class Reason(StrEnum):
    """Why a row of a batch is not done."""

    NUMBER_EXISTS = "number_exists"
    NOT_FOUND = "not_found"
    UNAUTHORIZED = "unauthorized"


@dataclass(frozen=True, slots=True)
class Number:
    """`number` is E.164 with its `+`. `account_id` is None for one that is released or deleted."""

    number: str
    account_id: str | None
    state: State
    created_at: int
    modified_at: int
    module_name: str = ""
    previously_assigned_to: str | None = None

    @property
    def last_held_by(self) -> str | None:
        """Who may still speak for it once it belongs to nobody."""
        return self.account_id or self.previously_assigned_to

    def assigned(self, account_id: str, state: State, now: int) -> "Number":
        """In the hands of an account; another one that held it before is remembered."""
        before = self.account_id if self.account_id not in {None, account_id} else self.previously_assigned_to
        return replace(self, account_id=account_id, state=state, previously_assigned_to=before, modified_at=now)

    def unassigned(self, state: State, now: int) -> "Number":
        """In nobody's hands; the account that held it last is remembered."""
        return replace(self, account_id=None, state=state, previously_assigned_to=self.last_held_by, modified_at=now)

    def renewed(self, module_name: str, now: int) -> "Number":
        """A deleted number at the beginning of another life."""
        return replace(self, created_at=now, module_name=module_name)
