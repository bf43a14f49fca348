"""The category `field`: what people in the field work with, written in bulk."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from rota.actions.registry import ERROR, Answer, Batch, Context, Form, Line, Refused, action
from rota.actions.standing import FORBIDDEN, actor_at, all_refused, tx_of
from rota.domain.faults import Fault
from rota.domain.field import writing
from rota.domain.field.queries import Query
from rota.operations.field.access import is_admin

CATEGORY = "field"
LOCATION_ID, TASK_ID = "location_id", "task_id"
LOCATION_ROWS, TASK_ROWS = 500, 200
"""A chunk is one transaction, in which others who write wait; a task may have thousands of occurrences."""

LOCATION_COLUMNS = (
    *("country", "parent", "location_type", "description", "longitude", "latitude", "radius", "shapefile"),
)
EXPORTED = (
    *("id", "task", "task_name", "user", "location", "location_name", "submission_time", "status", "valid", "comments"),
    *("amount", "longitude", "latitude", "data"),
)
# What these actions work with is imported by those that run: it doubles the time that a runner takes to start anew,
# which it does whenever a row has killed it.
TASK_COLUMNS = tuple(name for name in writing.FIELDS if name != "name")
_Write = Callable[..., Sequence[int | tuple[Fault, ...]]]
LISTS = ("segment_rules", "locations")


@action(
    CATEGORY,
    "import_locations",
    description="Add locations",
    doc="Adds a location to the account. Returns the new location's `location_id`. An empty cell stands for none:\n"
    "* `country`: a code of ISO 3166, such as KE.\n"
    "* `parent`: the id or the name of a location; it may stand in an earlier row. Of several of one name the newest.\n"
    "* `location_type`: the id or the name of a location type; one that is not there is made.\n"
    "* `longitude`, `latitude`, `radius`: a point in degrees, and how many metres belong to it.\n"
    "* `shapefile`: in place of a point, a GeoJSON Polygon or MultiPolygon.\n"
    "Reason for failure: what is wrong with which columns.\n",
    form=Form.BATCH,
    mandatory=("name",),
    optional=LOCATION_COLUMNS,
    output=(LOCATION_ID, ERROR),
    writes=True,
    chunk_rows=LOCATION_ROWS,
    ordered=True,
)
def import_locations(context: Context, batch: Batch) -> Sequence[Answer]:
    """Rows are written in the order of the file, so that parents are there before their children."""
    from rota.operations.field import imports

    return _written(context, batch, LOCATION_ID, imports.add_all, batch.rows)


@action(
    CATEGORY,
    "import_tasks",
    description="Create tasks of the field",
    doc="Creates a task of the field, with the occurrences that its rule names and the bounty that it pays. Returns "
    "the new task's `task_id`. The columns are the fields of the API under `/api/v1/tasks`; an empty cell is not "
    "given:\n"
    "* `start`, `end`: ISO 8601; `timing_rule`: an RRULE, required unless `start` is given.\n"
    "* `total_submission_target`, `user_submission_target`: how many submissions are wanted.\n"
    "* `status`: a, b, c, d, e or s. Default: d.\n"
    "* `estimated_time`: a duration such as PT15M.\n"
    "* `target_content_type`: user, submission, location, form or job, or its id. `target_id`: an id, of a job "
    "its number under `/api/v1/jobs`; also the id_string of a form, or the name of a location.\n"
    "* `required_expertise`: 1 to 4. Default: 1.\n"
    "* `amount`: what the task pays.\n"
    "* `parent`: an id. `client`, `project`: an id or a name.\n"
    "* `segment_rules`, `locations`: ids or names, separated by `;`.\n"
    "A name must be that of one record alone; a cell of digits is an id.\n"
    "Reasons for failure: what is wrong with which fields, and `forbidden` to all but admins.\n",
    form=Form.BATCH,
    mandatory=("name",),
    optional=TASK_COLUMNS,
    output=(TASK_ID, ERROR),
    writes=True,
    chunk_rows=TASK_ROWS,
)
def import_tasks(context: Context, batch: Batch) -> Sequence[Answer]:
    """A chunk that runs again has left no trace: what it created was never committed."""
    from rota.operations.field import task_batches

    return _written(context, batch, TASK_ID, task_batches.import_all, [_given(row) for row in batch])


@action(
    CATEGORY,
    "export_submissions",
    description="List all submissions of the account of the task",
    doc="For each submission, in the order in which they came, returns the fields:\n"
    "* `id`, `task`, `task_name`, `user`: its number, the task, and the e-mail address of whoever answered.\n"
    "* `location`, `location_name`: where it is for, or empty. `longitude`, `latitude`: where it was sent from.\n"
    "* `submission_time`: ISO 8601. `status`: a, b, c or d. `valid`: true or false. `comments`.\n"
    "* `amount`: what was paid for it. `data`: the answers, as JSON.\n"
    "Note: for admins only.\n",
    form=Form.GENERATOR,
    output=EXPORTED,
)
def export_submissions(context: Context) -> Iterator[list[Line]]:
    """By id. Raises Refused unless an admin started the job."""
    actor = actor_at(context)
    if actor is None or not is_admin(actor):
        raise Refused(FORBIDDEN)
    from rota.operations.field import exports

    lines = exports.lines(tx_of(context), actor, Query(), context.options["terms"])
    while page := list[Line](islice(lines, exports.PAGE)):
        yield page


def _written(context: Context, batch: Batch, column: str, write: _Write, rows: Sequence[Any]) -> Sequence[Answer]:
    """For each row the id of its record, in that column, or what is wrong with it."""
    actor = actor_at(context)
    if actor is None or not is_admin(actor):
        return all_refused(batch, FORBIDDEN)
    outcomes = write(tx_of(context), actor, rows, context.options["terms"], now=context.now)
    return [{column: each} if isinstance(each, int) else _refused(each) for each in outcomes]


def _given(row: Mapping[str, str]) -> dict[str, Any]:
    """A row as a person would write it in JSON: empty cells were not written."""
    given: dict[str, Any] = {name: row[name] for name in TASK_COLUMNS if row[name].strip()}
    for name in given:
        given[name] = _several(row[name]) if name in LISTS else row[name].strip()
    return {"name": row["name"], **given}


def _several(cell: str) -> list[str]:
    return [each.strip() for each in cell.split(";") if each.strip()]


def _refused(faults: tuple[Fault, ...]) -> Refused:
    return Refused("; ".join(f"{_place(fault)} {fault.sentence}" for fault in faults))


def _place(fault: Fault) -> str:
    """A column, and what in it the fault is about."""
    return (" " if fault.path[0] in LISTS else ".").join(map(str, fault.path))
