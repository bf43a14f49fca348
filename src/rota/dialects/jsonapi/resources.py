"""The thirteen resources of the field."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from rota.dialects.jsonapi import texts
from rota.dialects.jsonapi.resource import Attribute, Relationship, Resource
from rota.domain import jobs
from rota.domain.accounts import Role
from rota.domain.field import submissions, tasks
from rota.domain.field.lookups import Filter, Of
from rota.domain.field.tasks import EXPERTISE_NAMES

CREATED = Attribute("created", "created_at", texts.moment)
MODIFIED = Attribute("modified", "modified_at", texts.moment)
NAME = Attribute("name", writable=True)
DESCRIPTION = Attribute("description", writable=True)

ID = Filter("id", Of.ID)
_EXPERTISE_DISPLAY = texts.word(EXPERTISE_NAMES)
_ROLE_DISPLAY = texts.word({each: each.name.capitalize() for each in Role})


def _texts(*names: str) -> Mapping[str, Filter]:
    return {name: Filter(name, Of.TEXT) for name in names}


def _ids(*names: str) -> Mapping[str, Filter]:
    return {name: Filter(name, Of.ID) for name in names}


def _moments(*names: str) -> Mapping[str, Filter]:
    return {name: Filter(name, Of.MOMENT) for name in names}


def _same(*names: str) -> Mapping[str, str]:
    """Orders that the collection calls as the public does."""
    return {name: name for name in names}


_TIMES: Mapping[str, Filter] = {
    "date": Filter("date", Of.DATE),
    "start_time": Filter("start_time", Of.TIME),
    "end_time": Filter("end_time", Of.TIME),
}
_OF_NAMED: Mapping[str, Filter] = {"id": ID, **_texts("name"), **_moments("created", "modified")}
_BY_NAME = _same("name", "created", "modified", "id")


def _own_rule(timing_rule: str | None, start: int | None, end: int | None) -> Mapping[str, Any] | None:
    """What is said of one location of a task, where anything is."""
    if timing_rule is None and start is None and end is None:
        return None
    return {"timing_rule": timing_rule, "start": texts.time_of_day(start), "end": texts.time_of_day(end)}


def _cut(task: tasks.Task) -> Mapping[str, Any] | None:
    return {"occurrences_cut": True} if task.occurrences_cut else None


TASK = Resource(
    "task",
    "Task",
    "tasks",
    attributes=(
        CREATED,
        MODIFIED,
        NAME,
        Attribute("estimated_time", "estimated_us", texts.duration, writable=True),
        Attribute("approved_submissions_count", "approved_count"),
        Attribute("pending_submissions_count", "pending_count"),
        Attribute("rejected_submissions_count", "rejected_count"),
        Attribute("total_bounty_payout", "paid", texts.money),
        Attribute("current_bounty_amount", "bounty_amount", texts.money),
        Attribute("required_expertise", write=texts.digits, writable=True),
        DESCRIPTION,
        Attribute("xform_title", "form_title"),
        Attribute("xform_id_string", "form_id_string"),
        Attribute("status_display", "status", texts.word(tasks.STATUS_NAMES)),
        Attribute("required_expertise_display", "required_expertise", _EXPERTISE_DISPLAY),
        Attribute("start", "start_at", texts.moment, writable=True),
        Attribute("end", "end_at", texts.moment, writable=True),
        Attribute("timing_rule", writable=True),
        Attribute("total_submission_target", writable=True),
        Attribute("user_submission_target", writable=True),
        Attribute("status", writable=True),
        Attribute("submission_count"),
        Attribute("target_id", writable=True),
        Attribute("created_by_name"),
        Attribute("occurrence_count"),
        Attribute("amount", writable=True, shown=False),
    ),
    relationships=(
        Relationship("created_by", "user", "created_by"),
        Relationship("parent", "task", "parent_id", writable=True),
        Relationship("client", "client", "client_id", writable=True),
        Relationship("bounty", "bounty", "bounty_id"),
        Relationship("target_content_type", "content_type", "target_content_type", writable=True),
        Relationship("segment_rules", "segment_rule", "segment_rules", many=True, writable=True),
        Relationship(
            "locations",
            "location",
            "locations",
            many=True,
            writable=True,
            id_of=attrgetter("location_id"),
            told=("timing_rule", "start_time", "end_time"),
            meta_of=_own_rule,
        ),
        Relationship("project", "project", "project_id", writable=True),
    ),
    filters={
        "id": ID,
        **_ids("locations", "segment_rules", "project", "parent", "client"),
        "status": Filter("status", Of.TEXT, tuple(tasks.Status)),
        "required_expertise": Filter("required_expertise", Of.NUMBER),
        **_TIMES,
        **_moments("created", "modified"),
    },
    orders={
        **_same("created", "modified", "status", "submission_count", "estimated_time", "name", "start", "end", "id"),
        **dict.fromkeys(("project__id", "project_id", "project"), "project"),
        **dict.fromkeys(("bounty__amount", "current_bounty_amount"), "bounty_amount"),
    },
    search=True,
    near=True,
    meta=_cut,
)

OCCURRENCE = Resource(
    "occurrence",
    "TaskOccurrence",
    "occurrences",
    attributes=(
        CREATED,
        Attribute("date", "occurrence.date", texts.iso),
        Attribute("start_time", "occurrence.start_time", texts.iso),
        Attribute("end_time", "occurrence.end_time", texts.iso),
        Attribute("time_string", "occurrence.time_string"),
    ),
    relationships=(
        Relationship("task", "task", "task_id"),
        Relationship("location", "location", "occurrence.location"),
    ),
    filters={"id": ID, **_ids("task", "location"), **_TIMES},
    orders=_same("date", "start_time", "end_time", "created", "id"),
)

SUBMISSION = Resource(
    "submission",
    "Submission",
    "submissions",
    attributes=(
        Attribute("submission_time", "submitted_at", texts.moment, writable=True, fixed=True),
        Attribute("valid"),
        Attribute("approved", "status", texts.is_one(submissions.Status.APPROVED)),
        Attribute("status", writable=True),
        Attribute("status_display", "status", texts.word(submissions.STATUS_NAMES)),
        Attribute("comments", writable=True),
        Attribute("data", write=texts.kept_json, writable=True, fixed=True),
        Attribute("geopoint", ("longitude", "latitude"), texts.point, writable=True, fixed=True),
        Attribute("target_id"),
        Attribute("amount", ("bounty_id", "paid"), texts.paid),
        CREATED,
        MODIFIED,
    ),
    relationships=(
        Relationship("task", "task", "task_id", writable=True, fixed=True),
        Relationship("user", "user", "user_id", writable=True, fixed=True),
        Relationship("location", "location", "location_id", writable=True, fixed=True),
        Relationship("bounty", "bounty", "bounty_id"),
    ),
    filters={
        "id": ID,
        **_ids("task", "user", "location"),
        "status": Filter("status", Of.TEXT, tuple(submissions.Status)),
        "valid": Filter("valid", Of.FLAG),
        **_moments("submission_time", "created", "modified"),
    },
    orders=_same("submission_time", "created", "modified", "status", "id"),
)

LOCATION = Resource(
    "location",
    "Location",
    "locations",
    attributes=(
        NAME,
        Attribute("country", writable=True),
        DESCRIPTION,
        Attribute("geopoint", ("longitude", "latitude"), texts.point, writable=True),
        Attribute("radius", "radius_m", writable=True),
        Attribute("shapefile", "shape", texts.kept_json, writable=True),
        Attribute("parent_name"),
        Attribute("location_type_name"),
        Attribute("has_submissions"),
        CREATED,
        MODIFIED,
    ),
    relationships=(
        Relationship("parent", "location", "parent_id", writable=True),
        Relationship("location_type", "location_type", "location_type_id", writable=True),
    ),
    filters={**_OF_NAMED, **_texts("country"), **_ids("parent", "location_type")},
    orders=_BY_NAME,
    search=True,
)

SEGMENT_RULE = Resource(
    "segment_rule",
    "SegmentRule",
    "segmentrules",
    attributes=(
        NAME,
        DESCRIPTION,
        Attribute("target_field", writable=True),
        Attribute("target_field_value", writable=True),
        Attribute("active", writable=True),
        CREATED,
        MODIFIED,
    ),
    relationships=(Relationship("target_content_type", "content_type", "target_content_type", writable=True),),
    filters={**_OF_NAMED, "active": Filter("active", Of.FLAG), **_ids("target_content_type")},
    orders=_BY_NAME,
    search=True,
)

PROJECT = Resource(
    "project",
    "Project",
    "projects",
    attributes=(NAME, CREATED, MODIFIED),
    relationships=(
        Relationship("tasks", "task", "task_ids", many=True, writable=True, total="task_count", listed_by="project"),
    ),
    filters=_OF_NAMED,
    orders=_BY_NAME,
    search=True,
)

BOUNTY = Resource(
    "bounty",
    "Bounty",
    "bounties",
    attributes=(Attribute("amount", ("amount", "currency"), texts.own_money), CREATED),
    relationships=(Relationship("task", "task", "task_id"),),
    filters={"id": ID, **_ids("task"), **_moments("created")},
    orders=_same("amount", "created", "id"),
)

FORM = Resource(
    "form",
    "Form",
    "forms",
    attributes=(
        Attribute("title", writable=True),
        Attribute("id_string", writable=True),
        Attribute("version", writable=True),
        Attribute("fields", write=texts.kept_json, writable=True),
        Attribute("has_task"),
        CREATED,
        MODIFIED,
    ),
    filters={"id": ID, **_texts("title", "id_string")},
    orders=_same("title", "id_string", "created", "modified", "id"),
    search=True,
)

USER = Resource(
    "user",
    "User",
    "users",
    attributes=(
        Attribute("email", writable=True),
        NAME,
        Attribute("role", writable=True),
        Attribute("role_display", "role", _ROLE_DISPLAY),
        Attribute("expertise", write=texts.digits, writable=True),
        Attribute("expertise_display", "expertise", _EXPERTISE_DISPLAY),
        Attribute("submission_count"),
        Attribute("approved_submissions", "approved_count"),
        Attribute("rejected_submissions", "rejected_count"),
        Attribute("approval_rate"),
        Attribute("amount_earned", "earned", texts.money),
        CREATED,
    ),
    filters={
        "id": ID,
        **_texts("email", "name"),
        "role": Filter("role", Of.TEXT, tuple(Role)),
        "expertise": Filter("expertise", Of.NUMBER),
    },
    orders=_same("email", "name", "expertise", "created", "id"),
    search=True,
)

CONTENT_TYPE = Resource(
    "content_type",
    "ContentType",
    "contenttypes",
    attributes=(Attribute("app_label"), Attribute("model")),
    filters={"id": ID, **_texts("app_label", "model")},
    orders=_same("id", "app_label", "model"),
    search=True,
)

JOB = Resource(
    "job",
    "Job",
    "jobs",
    attributes=(
        Attribute("job_id"),
        Attribute("category"),
        Attribute("action"),
        Attribute("file_name"),
        Attribute("status"),
        Attribute("total_count"),
        Attribute("success_count"),
        Attribute("failure_count"),
        CREATED,
        Attribute("started", "started_at", texts.moment),
        Attribute("ended", "ended_at", texts.moment),
    ),
    filters={
        "id": ID,
        **_texts("job_id", "category", "action"),
        "status": Filter("status", Of.TEXT, jobs.KEPT),
        **_moments("created"),
    },
    orders=_same("created", "id"),
)


def _named(kind: str, type_: str, segment: str) -> Resource:
    return Resource(kind, type_, segment, (NAME, CREATED, MODIFIED), (), _OF_NAMED, _BY_NAME, search=True)


RESOURCES: Mapping[str, Resource] = {
    each.kind: each
    for each in (
        TASK,
        OCCURRENCE,
        SUBMISSION,
        LOCATION,
        _named("location_type", "LocationType", "locationtypes"),
        SEGMENT_RULE,
        PROJECT,
        _named("client", "Client", "clients"),
        BOUNTY,
        FORM,
        CONTENT_TYPE,
        JOB,
        USER,
    )
}
"""By kind."""
