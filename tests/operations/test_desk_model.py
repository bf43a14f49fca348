"""The desk against a model: whatever several workers do with several items, the store tells what the model tells."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from desk import Desk
from rota.domain.errors import (
    ItemNotActive,
    ItemNotFound,
    ItemNotQueued,
    ItemNotSuspended,
    NothingToGrab,
    NotOnShift,
    NotYourItem,
    Refusal,
    Unauthenticated,
)
from rota.domain.items import Status, Verb
from rota.operations import accounts, holding, items, shifts
from rota.store.port import Store

WORKERS = ("ann@example.org", "bob@example.org", "eve@example.org")
SETTINGS = settings(
    max_examples=12,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
ADMIN = "admin@localhost"
WORKER = st.sampled_from(WORKERS)
SPENT = ("queued", "active", "suspended", "rejected")
PLACE = st.integers(0, 5)


@dataclass
class Known:
    """What the model knows of an item."""

    id: int
    rank: tuple[float, int]
    created_at: int
    since: int
    status: str = "queued"
    holder: str | None = None
    spent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SPENT, 0))
    rejections: int = 0
    events: list[str] = field(default_factory=lambda: ["item.added"])

    def turn(self, status: str, kind: str, now: int) -> None:
        self.spent[self.status] += now - self.since
        self.status, self.since = status, now
        self.events.append(kind)

    @property
    def held(self) -> bool:
        return self.status in {"active", "suspended"}


class DeskMachine(RuleBasedStateMachine):
    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk, self.store = replace(desk), desk.store
        self.known: list[Known] = []
        self.on_shift: set[str] = set()
        self.tokens: dict[str, list[str]] = {worker: [] for worker in WORKERS}
        self.shift_events: dict[str, list[str]] = {worker: [] for worker in WORKERS}
        with self.store.write() as tx:
            for table in ("item_phases", "item_tags", "items", "events", "tokens", "shifts"):
                tx._connection.execute(f"DELETE FROM {table}")  # type: ignore[attr-defined]

    # What people do

    @rule(priority=st.integers(-1, 1), tags=st.sampled_from(["", "a", "a b"]))
    def add(self, priority: int, tags: str) -> None:
        if len(self.known) < 6:
            item = self.desk.add(priority=priority, tags=tags)
            rank = (-priority, item.created_at)
            self.known.append(Known(item.id, rank, item.created_at, item.created_at))

    @rule(step=st.sampled_from([0, 1, 1_000_000, 3_600_000_000]))
    def time_passes(self, step: int) -> None:
        self.desk.time += step

    @rule(worker=WORKER)
    def login(self, worker: str) -> None:
        self.tokens[worker].append(self.desk.login(worker))
        if worker not in self.on_shift:
            self.on_shift.add(worker)
            self.shift_events[worker].append("shift.started")

    @rule(worker=WORKER)
    def logout(self, worker: str) -> None:
        active = self.active(worker)
        answer = self.attempt(shifts.logout, worker)
        if worker not in self.on_shift:
            assert isinstance(answer, NotOnShift)
            return
        self.on_shift.remove(worker)
        self.shift_events[worker].append("shift.ended")
        with self.store.read() as tx:
            for token in self.tokens[worker]:
                with pytest.raises(Unauthenticated):
                    accounts.authenticate(tx, token, self.desk.time)
        self.tokens[worker].clear()
        if active:
            assert answer.id == active.id
            active.turn("suspended", "item.suspended", self.desk.time)
        else:
            assert answer is None

    @rule(worker=WORKER)
    def grab_the_most_urgent(self, worker: str) -> None:
        waiting = sorted((each for each in self.known if each.status == "queued"), key=lambda each: each.rank)
        active = self.active(worker)
        answer = self.attempt(holding.grab, worker)
        if worker not in self.on_shift:
            assert isinstance(answer, NotOnShift)
        elif not waiting:
            assert isinstance(answer, NothingToGrab)
        else:
            assert answer.item.id == waiting[0].id
            self.foreground(answer, waiting[0], active, worker, "item.grabbed")

    @rule(worker=WORKER, place=PLACE)
    def grab(self, worker: str, place: int) -> None:
        known, active = self.at(place), self.active(worker)
        answer = self.attempt(holding.grab, worker, known.id if known else 999)
        if self.refused(answer, worker, known):
            return
        assert known
        if known.status != "queued":
            assert isinstance(answer, ItemNotQueued)
        else:
            self.foreground(answer, known, active, worker, "item.grabbed")

    @rule(worker=WORKER, place=PLACE)
    def activate(self, worker: str, place: int) -> None:
        known, active = self.at(place), self.active(worker)
        answer = self.attempt(holding.activate, worker, known.id if known else 999)
        if self.refused(answer, worker, known) or self.not_theirs(answer, worker, known):
            return
        assert known
        if known.status == "active":
            assert isinstance(answer, ItemNotSuspended)
        else:
            self.foreground(answer, known, active, worker, "item.activated")

    @rule(worker=WORKER, place=PLACE)
    def suspend(self, worker: str, place: int) -> None:
        known = self.at(place)
        answer = self.attempt(holding.suspend, worker, known.id if known else 999)
        if self.refused(answer, worker, known) or self.not_theirs(answer, worker, known):
            return
        assert known
        if known.status == "suspended":
            assert isinstance(answer, ItemNotActive)
        else:
            known.turn("suspended", "item.suspended", self.desk.time)

    @rule(worker=WORKER, place=PLACE)
    def release(self, worker: str, place: int) -> None:
        known = self.at(place)
        answer = self.attempt(holding.release, worker, known.id if known else 999)
        if self.refused(answer, worker, known) or self.not_theirs(answer, worker, known):
            return
        assert known
        known.turn("queued", "item.released", self.desk.time)
        known.spent["rejected"] += known.spent["active"] + known.spent["suspended"]
        known.spent["active"] = known.spent["suspended"] = 0
        known.rejections += 1
        known.holder = None

    @rule(worker=WORKER, place=PLACE, verb=st.sampled_from([Verb.COMPLETE_SUCCESS, Verb.COMPLETE_FAILURE]))
    def complete(self, worker: str, place: int, verb: Verb) -> None:
        known = self.at(place)
        answer = self.attempt(holding.complete, worker, known.id if known else 999, verb)
        if self.refused(answer, worker, known) or self.not_theirs(answer, worker, known):
            return
        assert known
        was_active = known.status == "active"
        known.turn("completed", "item.succeeded" if verb is Verb.COMPLETE_SUCCESS else "item.failed", self.desk.time)
        aside = self.aside(worker)
        if was_active and aside:
            assert answer.resumed.id == aside[0].id
            aside[0].turn("active", "item.activated", self.desk.time)
        else:
            assert answer.resumed is None

    @rule(place=PLACE, priority=st.integers(-1, 1))
    def update(self, place: int, priority: int) -> None:
        known = self.at(place)
        answer = self.attempt(items.update, ADMIN, known.id if known else 999, {"title": "t", "priority": priority})
        if known is None:
            assert isinstance(answer, ItemNotFound)
        elif known.status != "queued":
            assert isinstance(answer, ItemNotQueued)
        else:
            known.rank = (-priority, known.created_at)
            known.events.append("item.updated")

    @rule(place=PLACE)
    def delete(self, place: int) -> None:
        known = self.at(place)
        answer = self.attempt(items.delete, ADMIN, known.id if known else 999)
        if known is None:
            assert isinstance(answer, ItemNotFound)
        elif known.status != "queued":
            assert isinstance(answer, ItemNotQueued)
        else:
            known.turn("deleted", "item.deleted", self.desk.time)

    @rule(place=PLACE)
    def purge(self, place: int) -> None:
        known = self.at(place)
        answer = self.attempt(items.purge, ADMIN, known.id if known else 999)
        if known is None:
            assert isinstance(answer, ItemNotFound)
        else:
            self.known.remove(known)
            with self.store.read() as tx:
                assert tx.all("events_of_subject", subject=f"item:{known.id}") == []

    # What must hold

    @invariant()
    def the_store_tells_what_the_model_tells(self) -> None:
        now = self.desk.now()
        for known in self.known:
            item = self.desk.get(known.id)
            assert (item.status.value, item.holder if item.is_held else None) == (
                known.status,
                known.holder if known.held else None,
            )
            spent = dict(known.spent)
            if known.status in spent:
                spent[known.status] += now - known.since
            times = item.times_at(now)
            told = (times.queued_us, times.worked_us, times.suspended_us, times.rejected_us)
            assert told == (spent["queued"], spent["active"], spent["suspended"], spent["rejected"])
            assert times.times_rejected == known.rejections
            final = known.status in {"completed", "deleted"}
            assert times.total_us == item.elapsed_us(now) == (known.since if final else now) - item.created_at

    @invariant()
    def every_change_is_in_the_log_once(self) -> None:
        for known in self.known:
            assert self.desk.kinds(item_id=known.id) == known.events
        for worker in WORKERS:
            lines = self.desk.lines(user_id=self.desk.actors[worker].user.id)
            told = [line.kind for line in lines if line.item_id is None]
            assert told == self.shift_events[worker]

    @invariant()
    def workers_hold_what_the_model_says_they_hold(self) -> None:
        for worker in WORKERS:
            active = self.active(worker)
            with self.store.read() as tx:
                found = [item.id for item in holding.held(tx, self.desk.actors[worker])]
                on_shift = shifts.worker(tx, self.desk.actors[worker]).on_shift
                for token in self.tokens[worker]:
                    assert accounts.authenticate(tx, token, self.desk.time).user.email == worker
            assert found == [each.id for each in [*([active] if active else []), *self.aside(worker)]]
            assert on_shift == (worker in self.on_shift)

    def teardown(self) -> None:
        self.desk.check()

    # How the model answers

    def attempt(self, verb: Callable[..., Any], worker: str, *args: Any) -> Any:
        try:
            return self.desk.act(verb, worker, *args)
        except Refusal as refusal:
            return refusal

    def at(self, place: int) -> Known | None:
        return self.known[place] if place < len(self.known) else None

    def active(self, worker: str) -> Known | None:
        found = [each for each in self.known if each.status == "active" and each.holder == worker]
        assert len(found) <= 1
        return found[0] if found else None

    def aside(self, worker: str) -> list[Known]:
        found = [each for each in self.known if each.status == "suspended" and each.holder == worker]
        return sorted(found, key=lambda each: -each.since)

    def refused(self, answer: Any, worker: str, known: Known | None) -> bool:
        if worker not in self.on_shift:
            assert isinstance(answer, NotOnShift)
        elif known is None:
            assert isinstance(answer, ItemNotFound)
        else:
            return False
        return True

    def not_theirs(self, answer: Any, worker: str, known: Known | None) -> bool:
        theirs = known is not None and known.held and known.holder == worker
        assert theirs or isinstance(answer, NotYourItem)
        return not theirs

    def foreground(self, answer: Any, known: Known, active: Known | None, worker: str, kind: str) -> None:
        assert (answer.put_aside.id if answer.put_aside else None) == (active.id if active else None)
        if active:
            active.turn("suspended", "item.suspended", self.desk.time)
        known.turn("active", kind, self.desk.time)
        known.holder = worker
        assert answer.item.status is Status.ACTIVE


def test_the_desk_does_what_the_model_does(store: Store) -> None:
    desk = Desk.found(store)
    for worker in WORKERS:
        desk.hire(worker, on_shift=False)
    run_state_machine_as_test(lambda: DeskMachine(desk), settings=SETTINGS)
