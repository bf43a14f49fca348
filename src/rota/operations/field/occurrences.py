"""Occurrences of tasks, as they are kept. Nobody writes them but the rules of their tasks."""

from collections.abc import Iterable

from rota.domain.field.occurrences import TaskOccurrence
from rota.domain.field.queries import Order
from rota.domain.field.timing import date_of, time_of
from rota.domain.recurrence import Occurrence
from rota.operations.field.access import Access, Who
from rota.operations.field.records import Kept
from rota.operations.field.values import values_of
from rota.store.port import Columns

_values = values_of(TaskOccurrence)


def _kept(columns: Columns) -> Iterable[TaskOccurrence]:
    read = {"date": date_of, "start_time": time_of, "end_time": time_of}
    when = (map(to, columns[name]) for name, to in read.items())
    where = (columns[name] for name in ("starts_at", "ends_at", "location_id"))
    return _values({**columns, "occurrence": list(map(Occurrence, *when, *where))})


class Occurrences(Kept):
    kind, collection = "occurrence", "occurrences"
    access = Access(read=Who.ADMINS, create=Who.NOBODY, change=Who.NOBODY, delete=Who.NOBODY)
    by_ids = "occurrences_by_ids"
    order = (Order("date"), Order("start_time"))
    values = staticmethod(_kept)
