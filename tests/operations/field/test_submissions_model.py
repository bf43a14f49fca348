"""Submissions and the ledger against a model: whatever is sent, reviewed, paid and deleted, the books add up."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from answering import Answering
from ground import ADMIN, ANN, BOB
from rota.domain.errors import RecordNeeded
from rota.operations.field import ledger
from rota.store.port import Store

SETTINGS = settings(
    max_examples=20,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
USERS = (ANN, BOB, ADMIN)
TABLES = ("ledger_entries", "submissions", "bounties", "tasks", "events")
OWN_TARGET = "User Submissions for this task more than the set limit per user"
TARGET = "Submissions for this task more than the set limit"
TARGETS = st.none() | st.integers(0, 3)
PLACE = st.integers(0, 9)


@dataclass
class Known:
    """What the model knows of a submission."""

    id: int
    user: str
    status: str
    paid: int = 0
    was_paid: bool = False


class SubmissionsMachine(RuleBasedStateMachine):
    def __init__(self, field: Answering) -> None:
        super().__init__()
        self.field = Answering(replace(field.ground))
        self.known: list[Known] = []
        self.amount: int | None = None
        with self.field.ground.store.write() as tx:
            for table in TABLES:
                tx._connection.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]

    @initialize(own=TARGETS, total=TARGETS, is_paid=st.booleans())
    def begin(self, own: int | None, total: int | None, is_paid: bool) -> None:
        self.own, self.total = own, total
        self.task = self.field.task(user_submission_target=own, total_submission_target=total)
        if is_paid:
            self.pay_otherwise(1)

    # What people do

    @rule(who=st.sampled_from(USERS))
    def submit(self, who: str) -> None:
        sent = self.field.submit(self.task, who=who)
        assert sent.comments == self.refusal(who)
        assert sent.valid is not bool(sent.comments)
        self.known.append(Known(sent.id, who, "b" if sent.comments else "d"))

    @precondition(lambda self: self.known)
    @rule(place=PLACE, status=st.sampled_from("abcd"))
    def review(self, place: int, status: str) -> None:
        known = self.known[place % len(self.known)]
        if known.status != "a" and status == "a":
            known.paid = self.amount or 0
            known.was_paid |= known.paid > 0
        elif status != "a":
            known.paid = 0
        known.status = status
        assert self.field.review(known.id, status).paid == known.paid

    @precondition(lambda self: self.known)
    @rule(place=PLACE)
    def delete(self, place: int) -> None:
        known = self.known[place % len(self.known)]
        try:
            self.field.ground.delete("submission", known.id)
        except RecordNeeded:
            assert known.was_paid
        else:
            assert not known.was_paid
            self.known.remove(known)

    @rule(amount=st.integers(1, 3))
    def pay_otherwise(self, amount: int) -> None:
        self.amount = amount * 100
        self.field.bounty(self.task, self.amount)

    @rule(own=TARGETS, total=TARGETS)
    def aim_otherwise(self, own: int | None, total: int | None) -> None:
        self.own, self.total = own, total
        self.field.ground.change("task", self.task, user_submission_target=own, total_submission_target=total)

    # What must hold

    @invariant()
    def the_task_counts_what_the_model_counts(self) -> None:
        if hasattr(self, "task"):
            counts = Counter(known.status for known in self.known)
            told = (len(self.known), counts["a"], counts["c"] + counts["d"], counts["b"], self.paid())
            assert self.field.counts(self.task) == told

    @invariant()
    def users_have_what_their_submissions_were_paid(self) -> None:
        for who in USERS:
            assert self.field.earned(who) == self.paid(who)

    @invariant()
    def the_books_add_up(self) -> None:
        self.field.check()
        if hasattr(self, "task"):
            with self.field.ground.store.read() as tx:
                assert ledger.balance_of_task(tx, self.field.ground.actors[ADMIN], self.task) == -self.paid()

    # How the model answers

    def paid(self, who: str | None = None) -> int:
        return sum(known.paid for known in self.known if who in {None, known.user})

    def refusal(self, who: str) -> str:
        counted = [known for known in self.known if known.status != "b"]
        if self.own is not None and sum(known.user == who for known in counted) >= self.own:
            return OWN_TARGET
        return TARGET if self.total is not None and len(counted) >= self.total else ""


def test_submissions_do_what_the_model_does(store: Store) -> None:
    field: Any = Answering.found(store)
    run_state_machine_as_test(lambda: SubmissionsMachine(field), settings=SETTINGS)
