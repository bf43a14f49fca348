"""A user as the field sees them, and what they have earned."""

import msgspec

from rota.domain.accounts import Role


class Person(msgspec.Struct, frozen=True, gc=False):
    """`earned` is hundredths. Submissions that are pending or under review are neither approved nor rejected."""

    id: int
    email: str
    name: str
    role: Role
    expertise: int
    submission_count: int
    approved_count: int
    rejected_count: int
    earned: int
    created_at: int

    @property
    def approval_rate(self) -> float:
        """The part of the decided submissions that is approved, 0 where none is decided."""
        decided = self.approved_count + self.rejected_count
        return self.approved_count / decided if decided else 0.0
