"""From what somebody writes of a task to a task that can be kept: read, checked against what there is, timed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.contents import CONTENT_TYPES, Content
from rota.domain.field.reading import NAME_LIMIT, Link, read
from rota.domain.field.tasks import Status, TaskLocation
from rota.domain.field.terms import Terms
from rota.domain.field.timing import Timing, Wanted, timing
from rota.domain.field.writing import FIELDS, REFERENCES, TIMING
from rota.domain.walltime import zone_named
from rota.operations.field.references import ABSENT, known, missing
from rota.operations.field.relations import locations_of, segment_rules_of, told_location
from rota.store.port import Row, Tx

COPY = " - Copy"

COLUMNS = (
    *("name", "description", "start_at", "start_given", "end_at", "end_given", "timing_rule", "zone", "estimated_us"),
    *("total_submission_target", "user_submission_target", "status", "required_expertise", "target_content_type"),
    *("target_id", "parent_id", "client_id", "project_id"),
)
"""What is written of a task's own row."""

_CONTENT_KINDS: Mapping[int, str] = {
    Content.USER: "user",
    Content.SUBMISSION: "submission",
    Content.LOCATION: "location",
    Content.FORM: "form",
}
"""What a task may be about that has a number by which to refer to it; jobs have none."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A task that can be kept. `amount` is what it is to pay, None where nobody said."""

    columns: Mapping[str, Any]
    locations: tuple[TaskLocation, ...]
    segment_rules: tuple[int, ...]
    timing: Timing
    amount: int | None = None

    @property
    def row(self) -> dict[str, Any]:
        """What is written of the task's own row."""
        return {**self.columns, "folded_name": self.columns["name"].casefold()}

    @property
    def told(self) -> dict[str, Any]:
        """What the log shows of it."""
        return {
            **self.columns,
            "locations": [told_location(each) for each in self.locations],
            "segment_rules": [*self.segment_rules],
        }


def stored(tx: Tx, row: Row) -> Draft:
    """What would have been written to get the task of this row."""
    return stored_all(tx, [row])[0]


def stored_all(tx: Tx, rows: list[Row]) -> list[Draft]:
    """The same for many, with the same number of statements."""
    locations, rules = locations_of(tx, rows), segment_rules_of(tx, rows)
    return [_stored(row, locations.get(row["id"], ()), rules.get(row["id"], ())) for row in rows]


def _stored(row: Row, locations: tuple[TaskLocation, ...], segment_rules: tuple[int, ...]) -> Draft:
    columns = {name: row[name] for name in COLUMNS}
    columns |= {name: bool(row[name]) for name in ("start_given", "end_given")}
    timed = _timing(columns, locations, row["start_at"])
    assert isinstance(timed, Timing), "a rule that was kept can be read"
    return Draft(columns, locations, segment_rules, timed)


def copied(draft: Draft, amount: int | None) -> Draft:
    """The same as a draft of its own, with a name that says so."""
    name = draft.columns["name"][: NAME_LIMIT - len(COPY)] + COPY
    columns = {**draft.columns, "name": name, "status": Status.DRAFT.value}
    return Draft(columns, draft.locations, draft.segment_rules, draft.timing, amount)


def drafted(
    tx: Tx, actor: Actor, before: Draft | None, task_id: int | None, given: Mapping[str, Any], terms: Terms, *, now: int
) -> Draft:
    """The task as it is to be: a new one, or `before` with what is given. Raises UnfitRecord with all its faults."""
    values, faults = read(FIELDS, given, terms, partial=before is not None)
    columns = _columns(before, values, terms)
    locations = values.get("locations", before.locations if before else ())
    rules = values.get("segment_rules", before.segment_rules if before else ())
    faults += missing(tx, actor, REFERENCES, _referred(values))
    faults += _target_faults(tx, actor, columns, values)
    faults += _parent_faults(tx, actor, values.get("parent_id"), task_id)
    reference = before.columns["start_at"] if before else now
    timed = _timing(_timeable(columns, faults, reference), locations, reference)
    if isinstance(timed, list):
        raise UnfitRecord((*faults, *timed))
    columns |= {"start_at": timed.start_at, "end_at": timed.end_at}
    if before is None or {"status", *TIMING} & values.keys():
        faults += _settle_status(columns, now)
    if faults:
        raise UnfitRecord(tuple(faults))
    ids = sorted({each.id if isinstance(each, Link) else each for each in rules})
    by_id = sorted(locations, key=lambda each: each.location_id)
    return Draft(columns, tuple(by_id), tuple(ids), timed, values.get("amount"))


def _referred(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields refer to."""
    named = {name: values.get(FIELDS[name].column) for name in REFERENCES}
    return {**named, "locations": [Link(each.location_id, {}) for each in named["locations"] or ()]}


def _columns(before: Draft | None, values: Mapping[str, Any], terms: Terms) -> dict[str, Any]:
    """The task's own columns, as far as they can be read. A start or an end that is given stays until null is given."""
    columns = dict(before.columns) if before else {"zone": terms.zone_name, "start_given": False, "end_given": False}
    columns |= {name: value for name, value in values.items() if name in COLUMNS}
    for name in ("start", "end"):
        if f"{name}_at" in values:
            columns[f"{name}_given"] = values[f"{name}_at"] is not None
    if values.get("timing_rule") is not None:
        columns["zone"] = terms.zone_name
    return columns


def _timeable(columns: Mapping[str, Any], faults: list[Fault], reference: int) -> Mapping[str, Any]:
    """Columns by which a rule can be judged even where a time beside it could not be read."""
    if not {"start", "end", "timing_rule"} & {each.path[0] for each in faults}:
        return columns
    return {**columns, "start_at": reference, "start_given": True, "end_given": False}


def _timing(columns: Mapping[str, Any], locations: tuple[TaskLocation, ...], reference: int) -> Timing | list[Fault]:
    zone = zone_named(columns["zone"])
    assert zone is not None
    start_at = columns.get("start_at") if columns["start_given"] else None
    end_at = columns.get("end_at") if columns["end_given"] else None
    return timing(Wanted(columns.get("timing_rule"), start_at, end_at, locations, zone, reference))


def _target_faults(tx: Tx, actor: Actor, columns: Mapping[str, Any], values: Mapping[str, Any]) -> list[Fault]:
    """What the task is about must exist."""
    content, target = columns.get("target_content_type"), columns.get("target_id")
    if content is None or not {"target_content_type", "target_id"} & values.keys():
        return []
    if content not in CONTENT_TYPES:
        return [Fault(("target_content_type",), ABSENT, missing=True)]
    kind = _CONTENT_KINDS.get(content)
    if target is None or (kind and known(tx, actor, kind, [target])):
        return []
    return [Fault(("target_id",), f"is the id of no {CONTENT_TYPES[content].model}")]


def _parent_faults(tx: Tx, actor: Actor, parent_id: int | None, task_id: int | None) -> list[Fault]:
    if parent_id is None or task_id is None:
        return []
    above = {row["id"] for row in tx.all("task_ancestors", id=parent_id, account_id=actor.account.id)}
    return [Fault(("parent",), "is the task itself, or below it")] if task_id in above else []


def _settle_status(columns: dict[str, Any], now: int) -> list[Fault]:
    """An active task whose start is to come is a scheduled one; one whose end is past cannot be."""
    if columns.get("status") != Status.ACTIVE:
        return []
    if columns["end_at"] is not None and columns["end_at"] < now:
        return [Fault(("end",), "is past: an active task ends later than now")]
    if columns["start_at"] > now:
        columns["status"] = Status.SCHEDULED.value
    return []
