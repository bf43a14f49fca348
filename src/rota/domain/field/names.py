"""Records that are a name: who a task is done for, what it is part of, of what sort a location is."""

import msgspec


class Client(msgspec.Struct, frozen=True, gc=False):
    id: int
    name: str
    created_at: int
    modified_at: int


class LocationType(msgspec.Struct, frozen=True, gc=False):
    id: int
    name: str
    created_at: int
    modified_at: int


class Project(msgspec.Struct, frozen=True, gc=False):
    """`task_ids` are the first of its `task_count` tasks, by id."""

    id: int
    name: str
    created_at: int
    modified_at: int
    task_ids: tuple[int, ...] = ()
    task_count: int = 0
