"""What submissions need: tasks, their places, bounties and occurrences, written straight into the tables."""

from dataclasses import dataclass
from typing import Any

from ground import ADMIN, ANN, ROOT, SECOND, START, Ground
from rota.domain.field.submissions import Submission
from rota.operations.field import ledger
from rota.store.port import Store

HOUR = 3600 * SECOND
DAY = 24 * HOUR
SQUARE = '{"type":"MultiPolygon","coordinates":[[[[36,-2],[37,-2],[37,-1],[36,-1],[36,-2]]]]}'
NAIROBI = (36.8172, -1.2833)


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


@dataclass
class Answering:
    ground: Ground

    @classmethod
    def found(cls, store: Store) -> "Answering":
        return cls(Ground.found(store))

    def insert(self, table: str, **values: Any) -> int:
        columns, marks = ", ".join(values), ", ".join(f":{name}" for name in values)
        with self.ground.store.write() as tx:
            sql = f"INSERT INTO {table} ({columns}) VALUES ({marks}) RETURNING *"
            return next(iter(self.raw(tx, sql, **values)[0].values()))

    def raw(self, tx: Any, sql: str, **values: Any) -> list[dict[str, Any]]:
        tx._sql = {**tx._sql, "raw": sql if hasattr(tx, "_before") else _placed(sql)}
        return list(tx.all("raw", **values))

    def query(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        with self.ground.store.write() as tx:
            return self.raw(tx, sql, **values)

    def task(self, **values: Any) -> int:
        """An active task from an hour ago on, without end, for everybody."""
        stamps = {
            "start_at": START - HOUR,
            "start_given": True,
            "end_given": True,
            "created_at": START,
            "modified_at": START,
        }
        what = {"target_content_type": 17, "target_id": 1, "required_expertise": 1, "status": "a"}
        name = {"name": "Count", "folded_name": "count", "description": "", "zone": "UTC", "account_id": ROOT}
        creator = {"created_by": self.user(ADMIN)}
        return self.insert("tasks", **{**stamps, **what, **name, **creator, **values})

    def bounty(self, task: int, amount: int) -> int:
        """What the task pays from now on, in hundredths; the bounty's id."""
        self.ground.change("task", task, amount=amount / 100)
        found: int = self.ground.get("task", task).bounty_id
        return found

    def place(self, task: int, *, rule: str | None = None, **values: Any) -> int:
        """A location of the task; without more, nobody says where it is."""
        number = self.location(**values)
        self.insert("task_locations", task_id=task, location_id=number, timing_rule=rule)
        return number

    def location(self, **values: Any) -> int:
        names = {"account_id": ROOT, "name": "Here", "country": "KE", "description": ""}
        return self.insert("locations", **names, created_at=START, modified_at=START, **values)

    def disc(self, task: int, radius_m: float, at: tuple[float, float] = NAIROBI, **values: Any) -> int:
        return self.place(task, longitude=at[0], latitude=at[1], radius_m=radius_m, **values)

    def occurrence(self, task: int, starts_at: int, ends_at: int, location: int | None = None) -> int:
        day = {"date": 20180626, "week": 26, "week_day": 3, "start_time": starts_at % DAY, "end_time": ends_at % DAY}
        times = {"starts_at": starts_at, "ends_at": ends_at, "created_at": START}
        return self.insert("occurrences", account_id=ROOT, task_id=task, location_id=location, **day, **times)

    def form(self, schema: str) -> int:
        names = {"account_id": ROOT, "title": "Form", "id_string": "form", "version": "1"}
        return self.insert("forms", **names, fields=schema, created_at=START, modified_at=START)

    def user(self, email: str) -> int:
        return self.ground.actors[email].user.id

    def submit(self, task: int, *, who: str = ANN, **given: Any) -> Submission:
        return self.get(self.ground.create("submission", who=who, task=task, **given))

    def get(self, number: int) -> Submission:
        found: Submission = self.ground.get("submission", number)
        return found

    def review(self, number: int, status: str, **given: Any) -> Submission:
        self.ground.change("submission", number, status=status, **given)
        return self.get(number)

    def counts(self, task: int) -> tuple[int, int, int, int, int]:
        """Submissions, approved, pending, rejected; and what was paid."""
        (row,) = self.query("SELECT * FROM tasks WHERE id = :id", id=task)
        kept = ("submission_count", "approved_count", "pending_count", "rejected_count", "paid")
        submitted, approved, pending, rejected, paid = (row[name] for name in kept)
        return submitted, approved, pending, rejected, paid

    def earned(self, email: str) -> int:
        with self.ground.store.read() as tx:
            return ledger.balance_of_user(tx, self.ground.actors[ADMIN], self.user(email))

    def check(self) -> None:
        """The books add up."""
        with self.ground.store.read() as tx:
            assert ledger.faults(tx) == []


def _placed(sql: str) -> str:
    from rota.store.postgres import _placed as placed

    return placed(sql)
