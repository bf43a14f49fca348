"""Records that are a name: who a task is done for, what it is part of, of what sort a location is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Client:
    id: int
    name: str
    created_at: int
    modified_at: int


@dataclass(frozen=True, slots=True)
class LocationType:
    id: int
    name: str
    created_at: int
    modified_at: int


@dataclass(frozen=True, slots=True)
class Project:
    """`task_ids` are the first of its `task_count` tasks, by id."""

    id: int
    name: str
    created_at: int
    modified_at: int
    task_ids: tuple[int, ...] = ()
    task_count: int = 0
