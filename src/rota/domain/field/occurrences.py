"""An occurrence of a task as it is kept; how rules name occurrences is in domain/recurrence.py."""

import msgspec

from rota.domain.recurrence import Occurrence


class TaskOccurrence(msgspec.Struct, frozen=True, gc=False):
    id: int
    task_id: int
    occurrence: Occurrence
    created_at: int
