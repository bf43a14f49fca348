"""Bulk jobs, by their numbers. Whoever wants something of a job asks for it by its id, where jobs are worked."""

from rota.domain.field.jobs import NumberedJob
from rota.domain.field.queries import Order
from rota.domain.jobs import Status
from rota.operations.field.access import Access, Who
from rota.operations.field.records import Kept
from rota.operations.field.values import values_of


class Jobs(Kept):
    kind, collection = "job", "jobs"
    access = Access(read=Who.ADMINS, create=Who.NOBODY, change=Who.NOBODY, delete=Who.NOBODY)
    by_ids = "jobs_by_ids"
    order = (Order("id"),)
    values = staticmethod(values_of(NumberedJob, status=Status))
