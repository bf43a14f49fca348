"""An occurrence of a task as it is kept; how rules name occurrences is in domain/recurrence.py."""

from dataclasses import dataclass

from rota.domain.recurrence import Occurrence


@dataclass(frozen=True, slots=True)
class TaskOccurrence:
    id: int
    task_id: int
    occurrence: Occurrence
    created_at: int
