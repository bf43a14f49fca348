"""A bulk job as the field knows it: by a number, for what a task is about is told by one."""

import msgspec

from rota.domain.jobs import Status


class NumberedJob(msgspec.Struct, frozen=True, gc=False):
    """`id` is the number, which no other job ever gets; `job_id` is what the job is called everywhere else."""

    id: int
    job_id: str
    category: str
    action: str
    file_name: str | None
    status: Status
    total_count: int | None
    success_count: int
    failure_count: int
    created_at: int
    started_at: int | None
    ended_at: int | None
