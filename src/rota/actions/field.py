"""The category `field`: what people in the field work with, written in bulk."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC

from rota.actions.registry import ERROR, Answer, Batch, Context, Form, Refused, action
from rota.actions.standing import FORBIDDEN, actor_of, all_refused, tx_of
from rota.domain.accounts import Actor
from rota.domain.errors import Forbidden
from rota.domain.faults import Fault
from rota.domain.field.terms import Terms
from rota.operations.accounts import account_by_id
from rota.operations.field import imports
from rota.operations.field.imports import COLUMNS, Outcome

CATEGORY = "field"
LOCATION_ID = "location_id"
CHUNK_ROWS = 500
"""A chunk is one transaction, in which others who write wait."""

_TERMS = Terms(UTC, "UTC")
"""Nothing of a location depends on them."""


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
    optional=tuple(each for each in COLUMNS if each != "name"),
    output=(LOCATION_ID, ERROR),
    writes=True,
    chunk_rows=CHUNK_ROWS,
    ordered=True,
)
def import_locations(context: Context, batch: Batch) -> Sequence[Answer]:
    """Rows are written in the order of the file, so that parents are there before their children."""
    actor = _actor(context)
    if actor is None:
        return all_refused(batch, FORBIDDEN)
    try:
        outcomes = imports.add_all(tx_of(context), actor, batch.rows, _TERMS, now=context.now)
    except Forbidden:
        return all_refused(batch, FORBIDDEN)
    return [_answer(each) for each in outcomes]


def _actor(context: Context) -> Actor | None:
    """Who started the job, in the account that the job is of."""
    actor = actor_of(context)
    return replace(actor, account=account_by_id(tx_of(context), context.account_id)) if actor else None


def _answer(outcome: Outcome) -> Answer:
    return {LOCATION_ID: outcome} if isinstance(outcome, int) else Refused(", ".join(map(_reason, outcome)))


def _reason(fault: Fault) -> str:
    return f"{'.'.join(map(str, fault.path))} {fault.sentence}"
