"""Occurrences of tasks, as they are kept. Nobody writes them but the rules of their tasks."""

from rota.domain.field.occurrences import TaskOccurrence
from rota.domain.field.queries import Order
from rota.operations.field.access import Access, Who
from rota.operations.field.calendars import occurrence
from rota.operations.field.records import Kept
from rota.store.port import Row


def _kept(row: Row) -> TaskOccurrence:
    return TaskOccurrence(row["id"], row["task_id"], occurrence(row), row["created_at"])


class Occurrences(Kept):
    kind, collection = "occurrence", "occurrences"
    access = Access(read=Who.ADMINS, create=Who.NOBODY, change=Who.NOBODY, delete=Who.NOBODY)
    by_ids = "occurrences_by_ids"
    order = (Order("date"), Order("start_time"))
    value = staticmethod(_kept)
