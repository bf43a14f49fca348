"""What becomes of a submission that comes in: whether it can be kept at all, and whether it is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.faults import Fault
from rota.domain.field.answers import written
from rota.domain.field.judging import Case, Demands, Place, is_timed, nearest, refusal
from rota.domain.field.schemas import faults_of
from rota.domain.field.submissions import Status
from rota.domain.field.tasks import Status as TaskStatus
from rota.domain.field.terms import DAY_US
from rota.operations.field.references import ABSENT, known
from rota.store.port import Row, Tx

_OCCURRENCE_US = 2 * DAY_US
"""No occurrence lasts so long: it is a stretch of one day."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """`values` are what was sent, by column. What they refer to is None where it is not there."""

    values: Mapping[str, Any]
    task: Row | None
    places: Sequence[Place]
    user: Row | None

    @property
    def named(self) -> Place | None:
        """The place that the submission says it comes from."""
        return next((place for place in self.places if place.id == self.values["location_id"]), None)


def arrive(tx: Tx, actor: Actor, values: Mapping[str, Any]) -> Arrival:
    """What the submission is about. The task is kept from others until the transaction ends, so that its counts are
    what all who came before have left."""
    task_id = values.get("task_id")
    task = tx.one("submission_task_lock", account_id=actor.account.id, id=task_id or 0)
    places = tx.all("submission_places", task_id=task_id) if task else []
    user_id = values.get("user_id") or actor.user.id
    whose = {"account_id": actor.account.id, "actor_id": actor.user.id}
    user = tx.one("submission_user", task_id=task_id or 0, user_id=user_id, **whose)
    return Arrival(values, task, [_place(row) for row in places], user)


def faults(tx: Tx, actor: Actor, arrival: Arrival) -> list[Fault]:
    """Why the submission cannot be kept, whatever a check might say of it."""
    found = []
    if arrival.task is None and arrival.values.get("task_id"):
        found.append(Fault(("task",), ABSENT, missing=True))
    if arrival.user is None:
        found.append(Fault(("user",), ABSENT, missing=True))
    if arrival.task is not None:
        found += _location_faults(tx, actor, arrival)
        found += _answer_faults(arrival.task, arrival.values.get("data"))
    return found


def judged(tx: Tx, arrival: Arrival) -> dict[str, Any]:
    """The row of a submission without faults, with what the checks say of it."""
    task, user, values = arrival.task, arrival.user, arrival.values
    assert task is not None and user is not None
    place, in_place = _whereabouts(arrival)
    occurrence_id, in_time = _occurrence(tx, arrival, place) if in_place else (None, True)
    comment = refusal(
        Case(
            _demands(task),
            values["submitted_at"],
            user["expertise"],
            in_place,
            in_time,
            user["counted"],
            task["approved_count"] + task["pending_count"],
        )
    )
    longitude, latitude = values["point"] or (None, None)
    return {
        "account_id": task["account_id"],
        "task_id": task["id"],
        "user_id": user["id"],
        "location_id": place.id if place else None,
        "occurrence_id": occurrence_id,
        "bounty_id": task["bounty_id"],
        "submitted_at": values["submitted_at"],
        "valid": not comment,
        "status": (Status.REJECTED if comment else Status.PENDING).value,
        "comments": comment or values["comments"],
        "data": written(values["data"]),
        "longitude": longitude,
        "latitude": latitude,
        "target_content_type": task["target_content_type"],
        "target_id": task["target_id"],
    }


def _location_faults(tx: Tx, actor: Actor, arrival: Arrival) -> list[Fault]:
    location_id = arrival.values.get("location_id")
    if location_id is None or arrival.named is not None:
        return []
    if known(tx, actor, "location", [location_id]):
        return [Fault(("location",), "is not a location of the task")]
    return [Fault(("location",), ABSENT, missing=True)]


def _answer_faults(task: Row, data: Any) -> list[Fault]:
    """What the form of the task does not take; nothing of answers that cannot be read."""
    if task["form_fields"] is None or data is None:
        return []
    return [Fault(("data", *path), sentence) for path, sentence in faults_of(task["form_fields"], data)]


def _whereabouts(arrival: Arrival) -> tuple[Place | None, bool]:
    """The place that the submission comes from, as far as that is known, and whether the task takes it from there."""
    named, point = arrival.named, arrival.values["point"]
    if point is None or not arrival.places:
        return named, True
    found = nearest([named] if named else arrival.places, *point)
    return found or named, found is not None


def _occurrence(tx: Tx, arrival: Arrival, place: Place | None) -> tuple[int | None, bool]:
    """The occurrence that the submission falls into, and whether it is in time."""
    task, at = arrival.task, arrival.values["submitted_at"]
    assert task is not None
    if not is_timed(task["timing_rule"] is not None, place, arrival.places):
        return None, True
    location_id = place.id if place else None
    span = {"at": at, "latest": at + _OCCURRENCE_US}
    found = tx.value("submission_occurrence", task_id=task["id"], location_id=location_id, **span)
    return found, found is not None


def _demands(task: Row) -> Demands:
    return Demands(
        TaskStatus(task["status"]),
        task["start_at"],
        task["end_at"],
        task["required_expertise"],
        task["user_submission_target"],
        task["total_submission_target"],
    )


def _place(row: Row) -> Place:
    return Place(row["id"], row["longitude"], row["latitude"], row["radius_m"], row["shape"], row["rules"] > 0)
