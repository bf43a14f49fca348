"""How a submission is judged when it comes: one table of checks, of which the first that fails refuses it."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rota.domain.field.geo import covers, distance_m
from rota.domain.field.tasks import Status


@dataclass(frozen=True, slots=True)
class Demands:
    """What a task asks of submissions. Moments are microseconds since 1970 UTC, both bounds included."""

    status: Status
    start_at: int
    end_at: int | None
    required_expertise: int
    user_target: int | None
    total_target: int | None


@dataclass(frozen=True, slots=True)
class Case:
    """A submission as it comes.

    `in_place` and `in_time` hold also where the task asks for no place or no time. `of_user` counts the user's
    submissions of the task that are not rejected, `of_task` everybody's.
    """

    demands: Demands
    submitted_at: int
    expertise: int
    in_place: bool
    in_time: bool
    of_user: int
    of_task: int


@dataclass(frozen=True, slots=True)
class Place:
    """A location of a task: a point with a radius, a shape (GeoJSON text), or neither. `has_rule`: one of its own."""

    id: int
    longitude: float | None
    latitude: float | None
    radius_m: float | None
    shape: str | None
    has_rule: bool


def _is_open(case: Case) -> bool:
    task = case.demands
    ended = task.end_at is not None and task.end_at < case.submitted_at
    return task.status is Status.ACTIVE and task.start_at <= case.submitted_at and not ended


def _is_expert(case: Case) -> bool:
    return case.expertise >= case.demands.required_expertise


def _in_place(case: Case) -> bool:
    return case.in_place


def _in_time(case: Case) -> bool:
    return case.in_time


def _user_may_send_more(case: Case) -> bool:
    return case.demands.user_target is None or case.of_user < case.demands.user_target


def _all_may_send_more(case: Case) -> bool:
    return case.demands.total_target is None or case.of_task < case.demands.total_target


CHECKS: tuple[tuple[Callable[[Case], bool], str], ...] = (
    (_is_open, "Task is not active."),
    (_is_expert, "User Expertise level does not meet Requirement"),
    (_in_place, "Submitted from wrong location"),
    (_in_time, "Data Submitted at wrong time."),
    (_user_may_send_more, "User Submissions for this task more than the set limit per user"),
    (_all_may_send_more, "Submissions for this task more than the set limit"),
)
"""In this order; the sentences are part of the published API."""


def refusal(case: Case) -> str:
    """Why the submission is refused, empty where nothing speaks against it."""
    return next((sentence for holds, sentence in CHECKS if not holds(case)), "")


def nearest(places: Iterable[Place], longitude: float, latitude: float) -> Place | None:
    """The place at which the point is, of several the nearest: one whose shape it is in is no way off."""
    found = [
        (distance, place.id, place) for place in places if (distance := _off(place, longitude, latitude)) is not None
    ]
    return min(found)[2] if found else None


def _off(place: Place, longitude: float, latitude: float) -> float | None:
    """Metres from the point to the place, None where it is not at it. Every point is at a place of which nobody says
    where it is, but at any other place rather."""
    if place.shape is not None:
        return 0.0 if covers(place.shape, longitude, latitude) else None
    if place.longitude is None or place.latitude is None or place.radius_m is None:
        return math.inf
    distance = distance_m(place.longitude, place.latitude, longitude, latitude)
    return distance if distance <= place.radius_m else None


def is_timed(task_has_rule: bool, place: Place | None, places: Iterable[Place]) -> bool:
    """Whether a submission must fall into an occurrence. `place` is where it comes from, None where nobody knows."""
    if task_has_rule or place is not None:
        return task_has_rule or (place is not None and place.has_rule)
    rules = [each.has_rule for each in places]
    return bool(rules) and all(rules)
