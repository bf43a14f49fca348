"""Rows of the field as they stand in the tables, for tests of operations that find them there."""

from typing import Any

from ground import ADMIN, ROOT, Ground

TASK = {
    "account_id": ROOT,
    "name": "t",
    "folded_name": "t",
    "description": "",
    "start_at": 1,
    "start_given": True,
    "end_given": False,
    "zone": "UTC",
    "status": "d",
    "required_expertise": 1,
    "target_content_type": 17,
    "target_id": 1,
    "created_at": 1,
    "modified_at": 1,
}
OCCURRENCE = {
    "account_id": ROOT,
    "date": 20180626,
    "week": 26,
    "week_day": 3,
    "start_time": 0,
    "end_time": 1,
    "starts_at": 0,
    "ends_at": 1,
    "created_at": 1,
}
SUBMISSION = {
    "account_id": ROOT,
    "submitted_at": 1,
    "valid": True,
    "status": "d",
    "comments": "",
    "data": "{}",
    "target_content_type": 17,
    "target_id": 1,
    "created_at": 1,
    "modified_at": 1,
}
JOB = {
    "account_id": ROOT,
    "category": "trial",
    "action": "row",
    "header": "[]",
    "out_header": "[]",
    "ordered": False,
    "created_at": 1,
    "status": "pending",
}
BOUNTY = {"account_id": ROOT, "currency": "KES", "created_at": 1}


def insert(ground: Ground, table: str, **columns: Any) -> int:
    """The id of a new row."""
    values = ", ".join(map(_literal, columns.values()))
    with ground.store.write() as tx:
        rows = tx._connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({values}) RETURNING *")  # type: ignore[attr-defined]
        row: dict[str, Any] = rows.fetchone()
    return int(row.get("id", 0))


def task(ground: Ground, *locations: int, **columns: Any) -> int:
    number = insert(ground, "tasks", **{**TASK, "created_by": ground.actors[ADMIN].user.id, **columns})
    for location in locations:
        insert(ground, "task_locations", task_id=number, location_id=location)
    return number


def occurrence(ground: Ground, task_id: int, **columns: Any) -> int:
    """An occurrence, counted by its task."""
    number = insert(ground, "occurrences", **{**OCCURRENCE, "task_id": task_id, **columns})
    execute(ground, f"UPDATE tasks SET occurrence_count = occurrence_count + 1 WHERE id = {task_id}")
    return number


def submission(ground: Ground, task_id: int, **columns: Any) -> int:
    row = {**SUBMISSION, "task_id": task_id, "user_id": ground.actors[ADMIN].user.id, **columns}
    return insert(ground, "submissions", **row)


def bounty(ground: Ground, task_id: int, amount: int, **columns: Any) -> int:
    return insert(ground, "bounties", **{**BOUNTY, "task_id": task_id, "amount": amount, **columns})


def job(ground: Ground, job_id: str, **columns: Any) -> int:
    """The number of a new bulk job, which is inserted as nodes do it that know of no numbers."""
    whose = {"auth_account_id": columns.get("account_id", ROOT), "user_id": ground.actors[ADMIN].user.id}
    values = {"id": job_id, **JOB, **whose, **columns}
    execute(ground, f"INSERT INTO jobs ({', '.join(values)}) VALUES ({', '.join(map(_literal, values.values()))})")
    with ground.store.write() as tx:
        sql = f"SELECT id FROM job_numbers WHERE job_id = '{job_id}'"
        return int(tx._connection.execute(sql).fetchone()["id"])  # type: ignore[attr-defined]


def _literal(value: Any) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value)


def execute(ground: Ground, sql: str) -> None:
    with ground.store.write() as tx:
        tx._connection.execute(sql)  # type: ignore[attr-defined]


def row(ground: Ground, table: str, number: int) -> dict[str, Any]:
    with ground.store.write() as tx:
        found: dict[str, Any] = tx._connection.execute(f"SELECT * FROM {table} WHERE id = {number}").fetchone()  # type: ignore[attr-defined]
    return found
