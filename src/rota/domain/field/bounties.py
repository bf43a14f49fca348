"""A bounty: what a task pays for an approved submission, from one moment on. None is ever changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounty:
    """`amount` is hundredths of the currency."""

    id: int
    task_id: int
    amount: int
    currency: str
    created_at: int
