"""JSON Schemas of answers: whether one can be taken, and whether an answer fits.

Nothing is ever fetched, patterns are matched in time linear in the text, and what would unfold without end is refused.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec
from jsonschema_rs import RegexOptions, ValidationError, Validator, validator_for

from rota.domain.field import schema_parts, schema_words
from rota.domain.field.schema_words import Told

FAULTS_TOLD = 100
SIZE_LIMIT = 256 * 1024
NESTING = 64
PARTS_LIMIT = 100_000
REFERRED_LIMIT = 5_000
"""Parts that one reference may unfold into: 12 000 of them, each in the one before, have used up a thread's stack."""

TARGETS_LIMIT = 500
DEFAULT_DRAFT = "https://json-schema.org/draft/2020-12/schema"
DRAFTS = (
    DEFAULT_DRAFT,
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
    "http://json-schema.org/draft-06/schema",
    "http://json-schema.org/draft-04/schema",
)


def schema_faults(fields: Any) -> list[Told]:
    """Why this is no schema that answers can be checked against: places and sentences, none for one that is."""
    for check in (shape_faults, _against_draft, _parts_alone, _as_a_whole):
        if faults := check(fields):
            return faults[:FAULTS_TOLD]
    return []


def faults_of(schema_json: str, data: Any) -> list[Told]:
    """Where an answer does not fit a schema that was taken; 100 faults at most."""
    if schema_parts.nested_deeper(data, NESTING):
        return [((), f"is nested more than {NESTING} levels deep")]
    try:
        return schema_words.told(_compiled(schema_json).iter_errors(data), FAULTS_TOLD)
    except ValueError:
        return [((), "holds what is no text")]


@lru_cache(maxsize=256)
def _compiled(schema_json: str) -> Validator:
    return _compile(msgspec.json.decode(schema_json))


def _compile(schema: dict[str, Any]) -> Validator:
    """Raises ValidationError and ValueError."""
    return validator_for(schema, pattern_options=RegexOptions(), validate_formats=True, offline=True, mask="it")


@lru_cache(maxsize=len(DRAFTS))
def _meta_schema(draft: str) -> Validator:
    return validator_for({"$schema": draft, "$ref": draft}, offline=True, mask="it")


def shape_faults(fields: Any) -> list[Told]:
    """Whether it has the shape of a schema, one that can be looked into: one fault at most."""
    if not isinstance(fields, dict):
        return [((), "must be a JSON Schema, which is an object")]
    if schema_parts.nested_deeper(fields, NESTING):
        return [((), f"is nested more than {NESTING} levels deep")]
    try:
        if len(msgspec.json.encode(fields)) > SIZE_LIMIT:
            return [((), f"is longer than {SIZE_LIMIT // 1024} KiB")]
    except UnicodeEncodeError:
        return [((), "holds what is no text")]
    if _draft(fields) not in DRAFTS:
        return [(("$schema",), f"must be one of {', '.join(DRAFTS)}")]
    return []


def _draft(fields: Mapping[str, Any]) -> str:
    return str(fields.get("$schema", DEFAULT_DRAFT)).removesuffix("#")


def _against_draft(fields: dict[str, Any]) -> list[Told]:
    return schema_words.told(_meta_schema(_draft(fields)).iter_errors(fields), FAULTS_TOLD)


def _parts_alone(fields: dict[str, Any]) -> list[Told]:
    known = schema_parts.referred(fields)
    return [fault for part in schema_parts.parts(fields) for find in _OF_A_PART for fault in find(part, known)]


def _as_a_whole(fields: dict[str, Any]) -> list[Told]:
    if len(schema_parts.referred(fields)) > TARGETS_LIMIT:
        return [((), f"refers to more than {TARGETS_LIMIT} places")]
    parts = schema_parts.unfolded(fields, REFERRED_LIMIT, NESTING)
    if parts is None or parts > PARTS_LIMIT:
        return [((), "unfolds into too many parts, where references are followed")]
    try:
        _compile(fields)
    except ValidationError as error:
        return [(tuple(error.instance_path), f"cannot be read: {error.message[: schema_words.LENGTH_SHOWN]}")]
    except ValueError:
        return [((), "is nested too deep")]
    return []


Known = Mapping[str, Any]


def _references(part: schema_parts.Part, known: Known) -> Iterator[Told]:
    for keyword, ref in schema_parts.references(part[1]).items():
        if not ref.startswith("#"):
            yield (*part[0], keyword), "may refer to what begins with # alone: nothing is fetched"
        elif ref not in known:
            yield (*part[0], keyword), "refers to nothing in the schema"


def _names(part: schema_parts.Part, known: Known) -> Iterator[Told]:
    if part[0] and isinstance(part[1].get("$id"), str):
        yield (*part[0], "$id"), "may stand at the top alone"


def _patterns(part: schema_parts.Part, known: Known) -> Iterator[Told]:
    path, schema = part
    places = [((*path, "pattern"), schema["pattern"])] if isinstance(schema.get("pattern"), str) else []
    named = schema.get("patternProperties")
    places += [((*path, "patternProperties", each), each) for each in (named if isinstance(named, dict) else ())]
    for place, pattern in places:
        if not is_pattern(pattern):
            yield place, "is no regular expression that can be matched in linear time"


_OF_A_PART: tuple[Callable[[schema_parts.Part, Known], Iterator[Told]], ...] = (_references, _names, _patterns)


def is_pattern(text: str) -> bool:
    """Whether the text is a regular expression without look-around and back references, and no costly one."""
    try:
        _compile({"pattern": text})
    except ValueError:
        return False
    return True
