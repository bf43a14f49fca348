"""From what somebody writes of a task to a task that can be kept: read, checked against what there is, timed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
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
from rota.operations.field.collection import ids_param
from rota.operations.field.references import ABSENT, Named, absent, known_all, named
from rota.operations.field.relations import related, told_location
from rota.store.port import Row, Tx

Timed = Callable[[Wanted], Timing | list[Fault]]

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
    Content.JOB: "job",
}
"""The kinds of what a task may be about."""


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
    relations = related(tx, (row["id"] for row in rows))
    return [
        _stored(row, relations.locations.get(row["id"], ()), relations.segment_rules.get(row["id"], ())) for row in rows
    ]


def _stored(row: Row, locations: tuple[TaskLocation, ...], segment_rules: tuple[int, ...]) -> Draft:
    columns = {name: row[name] for name in COLUMNS}
    columns |= {name: bool(row[name]) for name in ("start_given", "end_given")}
    timed = timing(_wanted(columns, locations, row["start_at"]))
    assert isinstance(timed, Timing), "a rule that was kept can be read"
    return Draft(columns, locations, segment_rules, timed)


def copied(draft: Draft, amount: int | None) -> Draft:
    """The same as a draft of its own, with a name that says so."""
    name = draft.columns["name"][: NAME_LIMIT - len(COPY)] + COPY
    columns = {**draft.columns, "name": name, "status": Status.DRAFT.value}
    return Draft(columns, draft.locations, draft.segment_rules, draft.timing, amount)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody writes of a task: of a new one, or of the one of that id, which is as `before`."""

    given: Mapping[str, Any]
    task_id: int | None = None
    before: Draft | None = None


def drafted(tx: Tx, actor: Actor, wish: Wish, terms: Terms, *, now: int) -> Draft:
    """The task as it is to be. Raises UnfitRecord with all its faults."""
    return only(drafted_all(tx, actor, [wish], terms, now=now))


def only(drafts: Sequence[Draft | UnfitRecord]) -> Draft:
    """What became of a wish that was alone. Raises what is wrong with it."""
    (draft,) = drafts
    if isinstance(draft, UnfitRecord):
        raise draft
    return draft


def drafted_all(tx: Tx, actor: Actor, wishes: Sequence[Wish], terms: Terms, *, now: int) -> list[Draft | UnfitRecord]:
    """For each wish the task as it is to be, or all its faults. What the wishes refer to is looked up together."""
    written = [_written(wish, terms) for wish in wishes]
    found = known_all(tx, actor, {each for one in written for each in (*one.references, *one.targets)})
    above = _above(tx, actor, written)
    # Walking a rule takes most of the time, and in a batch many tasks have the same.
    timed = cache(timing)
    return [_judged(each, found, above, timed, now) for each in written]


@dataclass(frozen=True, slots=True)
class _Written:
    """A wish that was read. `columns` are those of the task's own row, as far as they can be read."""

    wish: Wish
    values: Mapping[str, Any]
    faults: tuple[Fault, ...]
    columns: Mapping[str, Any]

    @property
    def references(self) -> Iterator[Named]:
        return named(REFERENCES, _referred(self.values))

    @property
    def targets(self) -> list[Named]:
        """What the task is about, where that can be said and is not known from before."""
        kind, target = _CONTENT_KINDS.get(self.columns.get("target_content_type", 0)), self.columns.get("target_id")
        says = {"target_content_type", "target_id"} & self.values.keys()
        return [(kind, target)] if says and kind and target is not None else []

    @property
    def moves_below(self) -> int | None:
        """The parent that a task which is there already is to have."""
        return None if self.wish.task_id is None else self.values.get("parent_id")


def _written(wish: Wish, terms: Terms) -> _Written:
    values, faults = read(FIELDS, wish.given, terms, partial=wish.before is not None)
    return _Written(wish, values, tuple(faults), _columns(wish.before, values, terms))


def _above(tx: Tx, actor: Actor, written: Iterable[_Written]) -> set[tuple[int, int]]:
    """Each parent that was asked for, with itself and with all above it."""
    parents = [each.moves_below for each in written if each.moves_below is not None]
    rows = tx.all("tasks_ancestors", account_id=actor.account.id, ids=ids_param(parents)) if parents else []
    return {(row["origin"], row["id"]) for row in rows}


def _judged(
    written: _Written, found: Collection[Named], above: Collection[tuple[int, int]], timed: Timed, now: int
) -> Draft | UnfitRecord:
    values, before, columns = written.values, written.wish.before, dict(written.columns)
    locations = values.get("locations", before.locations if before else ())
    rules = values.get("segment_rules", before.segment_rules if before else ())
    faults = [*written.faults, *absent(REFERENCES, _referred(values), found)]
    faults += _target_faults(written, found)
    if (written.moves_below, written.wish.task_id) in above:
        faults.append(Fault(("parent",), "is the task itself, or below it"))
    reference = before.columns["start_at"] if before else now
    found_timing = timed(_wanted(_timeable(columns, faults, reference), locations, reference))
    if isinstance(found_timing, list):
        return UnfitRecord((*faults, *found_timing))
    columns |= {"start_at": found_timing.start_at, "end_at": found_timing.end_at}
    if before is None or {"status", *TIMING} & values.keys():
        faults += _settle_status(columns, now)
    if faults:
        return UnfitRecord(tuple(faults))
    ids = sorted({each.id if isinstance(each, Link) else each for each in rules})
    by_id = sorted(locations, key=lambda each: each.location_id)
    return Draft(columns, tuple(by_id), tuple(ids), found_timing, values.get("amount"))


def _referred(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the fields refer to."""
    found = {name: values.get(FIELDS[name].column) for name in REFERENCES}
    return {**found, "locations": [Link(each.location_id, {}) for each in found["locations"] or ()]}


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


def _wanted(columns: Mapping[str, Any], locations: tuple[TaskLocation, ...], reference: int) -> Wanted:
    zone = zone_named(columns["zone"])
    assert zone is not None
    start_at = columns.get("start_at") if columns["start_given"] else None
    end_at = columns.get("end_at") if columns["end_given"] else None
    return Wanted(columns.get("timing_rule"), start_at, end_at, locations, zone, reference)


def _target_faults(written: _Written, found: Collection[Named]) -> list[Fault]:
    """What the task is about must exist."""
    content, target = written.columns.get("target_content_type"), written.columns.get("target_id")
    if content is None or not {"target_content_type", "target_id"} & written.values.keys():
        return []
    if content not in CONTENT_TYPES:
        return [Fault(("target_content_type",), ABSENT, missing=True)]
    if target is None or any(each in found for each in written.targets):
        return []
    return [Fault(("target_id",), f"is the id of no {CONTENT_TYPES[content].model}")]


def _settle_status(columns: dict[str, Any], now: int) -> list[Fault]:
    """An active task whose start is to come is a scheduled one; one whose end is past cannot be."""
    if columns.get("status") != Status.ACTIVE:
        return []
    if columns["end_at"] is not None and columns["end_at"] < now:
        return [Fault(("end",), "is past: an active task ends later than now")]
    if columns["start_at"] > now:
        columns["status"] = Status.SCHEDULED.value
    return []
