"""A bounty: what a task pays for an approved submission, from one moment on. None is ever changed."""

import msgspec


class Bounty(msgspec.Struct, frozen=True, gc=False):
    """`amount` is hundredths of the currency."""

    id: int
    task_id: int
    amount: int
    currency: str
    created_at: int
