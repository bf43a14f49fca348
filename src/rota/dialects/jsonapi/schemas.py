"""What fields hold, as JSON Schemas: what documents show of them, and what may be written.

Formats that are not those of JSON Schema are described in FORMATS.
"""

from collections.abc import Mapping

from rota.dialects.description import STRING, Node
from rota.dialects.jsonapi.params import MOST_WORDS
from rota.domain import jobs
from rota.domain.accounts import Role
from rota.domain.field import submissions, tasks
from rota.domain.field.lookups import Filter, Of
from rota.domain.field.queries import Comparison
from rota.domain.field.reading import ID_LIMIT, NAME_LIMIT, TEXT_LIMIT

FORMATS: Mapping[str, str] = {
    "timing-rule": "RFC 5545: `FREQ=…`, or lines of `DTSTART`, `RRULE`, `RDATE`, `EXDATE`",
    "span": "ISO 8601 such as `PT15M`, `[D ]HH:MM:SS[.ffffff]`, or seconds",
    "money": "a decimal number of two places at most, more than 0",
    "moment": "ISO 8601; in the zone of the server where it names none",
    "clock": "a time of day, `HH:MM[:SS[.ffffff]]`",
    "geojson": "a geometry of GeoJSON, as an object or as its text",
    "json-schema": "a JSON Schema of answers, as an object or as its text",
    "country": "an ISO 3166 code of two letters, or nothing",
    "answers": "what the form asks for",
    "target-field": "a field of users, or of locations",
    "e-mail": "an address",
}

ID: Node = {"type": "string", "pattern": "^[1-9][0-9]{0,17}$"}

_COUNT: Node = {"type": "integer", "minimum": 0}
_FLAG: Node = {"type": "boolean"}
_MONEY: Node = {"type": "string", "pattern": r"^(0|[0-9]+\.[0-9]{2}) [A-Z]{3}$"}
_MOMENT: Node = {"type": "string", "format": "date-time"}
_SPAN: Node = {"type": "string", "pattern": r"^([0-9]+ )?[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?$"}
_CLOCK: Node = {"type": "string", "pattern": r"^[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?$"}
_DATE: Node = {"type": "string", "format": "date"}
_EXPERTISE: Node = {"enum": ["1", "2", "3", "4"]}
_OBJECT: Node = {"type": "object"}


def or_null(node: Node) -> Node:
    return {"anyOf": [node, {"type": "null"}]}


_POINT: Node = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {
        "type": {"const": "Point"},
        "coordinates": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
    },
}
_SHAPE: Node = {
    "type": "object",
    "required": ["type", "coordinates"],
    "properties": {"type": {"const": "MultiPolygon"}, "coordinates": {"type": "array"}},
}

_EVERYWHERE: Mapping[str, Node] = {"name": STRING, "description": STRING, "created": _MOMENT, "modified": _MOMENT}

SHOWN: Mapping[str, Mapping[str, Node]] = {
    "task": {
        "estimated_time": or_null(_SPAN),
        **dict.fromkeys(("approved_submissions_count", "pending_submissions_count"), _COUNT),
        **dict.fromkeys(("rejected_submissions_count", "submission_count", "occurrence_count"), _COUNT),
        "total_bounty_payout": _MONEY,
        "current_bounty_amount": or_null(_MONEY),
        "required_expertise": _EXPERTISE,
        "required_expertise_display": {"enum": list(tasks.EXPERTISE_NAMES.values())},
        **dict.fromkeys(("xform_title", "xform_id_string", "created_by_name"), or_null(STRING)),
        "status": {"enum": list(tasks.Status)},
        "status_display": {"enum": list(tasks.STATUS_NAMES.values())},
        **dict.fromkeys(("start", "end"), or_null(_MOMENT)),
        "timing_rule": or_null(STRING),
        **dict.fromkeys(("total_submission_target", "user_submission_target"), or_null(_COUNT)),
        "target_id": {"type": "integer", "minimum": 1},
    },
    "occurrence": {"date": _DATE, "start_time": _CLOCK, "end_time": _CLOCK, "time_string": STRING},
    "submission": {
        "submission_time": _MOMENT,
        **dict.fromkeys(("valid", "approved"), _FLAG),
        "status": {"enum": list(submissions.Status)},
        "status_display": {"enum": list(submissions.STATUS_NAMES.values())},
        "comments": STRING,
        "data": {},
        "geopoint": or_null(_POINT),
        "target_id": {"type": "integer", "minimum": 1},
        "amount": or_null(_MONEY),
    },
    "location": {
        "country": STRING,
        "geopoint": or_null(_POINT),
        "radius": or_null({"type": "number", "exclusiveMinimum": 0}),
        "shapefile": or_null(_SHAPE),
        **dict.fromkeys(("parent_name", "location_type_name"), or_null(STRING)),
        "has_submissions": _FLAG,
    },
    "segment_rule": {"target_field": STRING, "target_field_value": STRING, "active": _FLAG},
    "bounty": {"amount": _MONEY},
    "form": {"title": STRING, "id_string": STRING, "version": STRING, "fields": _OBJECT, "has_task": _FLAG},
    "user": {
        "email": STRING,
        "role": {"enum": list(Role)},
        "role_display": STRING,
        "expertise": _EXPERTISE,
        "expertise_display": {"enum": list(tasks.EXPERTISE_NAMES.values())},
        **dict.fromkeys(("submission_count", "approved_submissions", "rejected_submissions"), _COUNT),
        "approval_rate": {"type": "number", "minimum": 0, "maximum": 1},
        "amount_earned": _MONEY,
    },
    "content_type": {"app_label": STRING, "model": STRING},
    "job": {
        **dict.fromkeys(("job_id", "category", "action"), STRING),
        "file_name": or_null(STRING),
        "status": {"enum": list(jobs.KEPT)},
        "total_count": or_null(_COUNT),
        **dict.fromkeys(("success_count", "failure_count"), _COUNT),
        **dict.fromkeys(("started", "ended"), or_null(_MOMENT)),
    },
}
"""By kind, beside what is the same everywhere."""


def shown(kind: str, name: str) -> Node:
    """What an attribute holds. Raises KeyError."""
    own = SHOWN.get(kind, {})
    return own[name] if name in own else _EVERYWHERE[name]


_CONTROL = r"\x00-\x1f\x7f-\x9f"
_LINE: Node = {"type": "string", "maxLength": NAME_LIMIT, "pattern": f"^[^{_CONTROL}]*$"}
_NAME: Node = {**_LINE, "minLength": 1, "pattern": rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"}
_TEXT: Node = or_null(
    {"type": "string", "maxLength": TEXT_LIMIT, "pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"}
)
_SPACE = r"[^\S\x0b\x0c\x1c-\x1f\x85]"
_WORD = rf"[^\s{_CONTROL}]+"
SEARCH: Node = {
    "type": "string",
    "pattern": f"^{_SPACE}*({_WORD}({_SPACE}+{_WORD}){{0,{MOST_WORDS - 1}}}{_SPACE}*)?$",
}
_TARGET = or_null({"type": "integer", "minimum": 0, "maximum": 2**31 - 1})
_OF: Mapping[str, Node] = {name: {"type": "string", "format": name} for name in FORMATS}
_OR_TEXT: Mapping[str, Node] = {
    name: {"anyOf": [{"type": "object", "format": name}, _OF[name]]} for name in ("geojson", "json-schema", "answers")
}

_NAMED: Mapping[str, Node] = {"name": _NAME}

WRITTEN: Mapping[str, Mapping[str, Node]] = {
    "task": {
        **_NAMED,
        "description": _TEXT,
        "estimated_time": or_null(_OF["span"]),
        "required_expertise": {"enum": ["1", "2", "3", "4", 1, 2, 3, 4]},
        **dict.fromkeys(("start", "end"), or_null(_OF["moment"])),
        "timing_rule": or_null(_OF["timing-rule"]),
        **dict.fromkeys(("total_submission_target", "user_submission_target"), _TARGET),
        "status": {"enum": list(tasks.Status)},
        "target_id": {"type": "integer", "minimum": 1, "maximum": ID_LIMIT},
        "amount": or_null({"anyOf": [_OF["money"], {"type": "number", "exclusiveMinimum": 0}]}),
    },
    "submission": {
        "submission_time": or_null(_OF["moment"]),
        "status": {"enum": list(submissions.Status)},
        "comments": _TEXT,
        "data": _OR_TEXT["answers"],
        "geopoint": or_null(_OR_TEXT["geojson"]),
    },
    "location": {
        **_NAMED,
        "description": _TEXT,
        "country": or_null(_OF["country"]),
        "geopoint": or_null(_OR_TEXT["geojson"]),
        "radius": or_null({"type": "number", "exclusiveMinimum": 0, "maximum": 20_000_000}),
        "shapefile": or_null(_OR_TEXT["geojson"]),
    },
    "segment_rule": {
        **_NAMED,
        "description": _TEXT,
        "target_field": _OF["target-field"],
        "target_field_value": {"anyOf": [_NAME, {"type": "integer", "minimum": 0, "maximum": 10**9}, _FLAG]},
        "active": _FLAG,
    },
    "form": {
        "title": _NAME,
        "id_string": or_null(_NAME),
        "version": or_null({"anyOf": [_NAME, {"type": "integer"}]}),
        "fields": _OR_TEXT["json-schema"],
    },
    "user": {
        "email": _OF["e-mail"],
        "name": or_null(_LINE),
        "role": {"enum": list(Role)},
        "expertise": {"enum": ["1", "2", "3", "4", 1, 2, 3, 4]},
    },
    **dict.fromkeys(("location_type", "project", "client"), _NAMED),
}
"""By kind: what may be written of its attributes."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "task": ("name", "target_id"),
    "location": ("name",),
    "segment_rule": ("name", "target_field", "target_field_value"),
    "form": ("title",),
    "user": ("email",),
    **dict.fromkeys(("location_type", "project", "client"), ("name",)),
}
"""By kind: the attributes that a new record must have."""

RELATED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("task", "segment_rule"), ("target_content_type",)),
    "submission": ("task",),
}
"""By kind: the relationships that a new record must have; they may stand among the attributes, too."""


def filtered(chosen: Filter, part: str | None, comparison: Comparison) -> Node:
    """What a parameter may be that asks for a field, or for a part of it, by a comparison."""
    if comparison is Comparison.ISNULL:
        # Django's clients write True.
        return {"type": "string", "pattern": "^([tT][rR][uU][eE]|[fF][aA][lL][sS][eE]|[01])$"}
    of = chosen.of if part is None else _PARTS.get(part, Of.NUMBER)
    choices = chosen.choices if part is None else ()
    one = f"({'|'.join(choices)})" if choices else _ONE[of]
    if comparison is Comparison.RANGE:
        return {"type": "string", "pattern": f"^{one},{one}$"}
    listed = comparison is Comparison.IN or (comparison is Comparison.EXACT and (of is not Of.TEXT or bool(choices)))
    return {"type": "string", "pattern": f"^{one}(,{one})*$" if listed else f"^{one}$"}


_PARTS: Mapping[str, Of] = {"date": Of.DATE, "time": Of.TIME}
"""The parts of moments that are no numbers."""

_DAY = "[1-9][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_HOURS = "([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?"

_ONE: Mapping[Of, str] = {
    Of.ID: "[0-9]+",
    Of.TEXT: rf"[^,{_CONTROL}]*",
    Of.NUMBER: "[+-]?[0-9]+",
    Of.FLAG: "(true|false|1|0)",
    Of.DATE: _DAY,
    Of.TIME: _HOURS,
    Of.MOMENT: f"{_DAY}(T{_HOURS}Z?)?",
}
