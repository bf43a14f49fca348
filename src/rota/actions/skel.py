"""Identity: rows go out as they came in. For trying things, and for measuring what the engine itself costs."""

from rota.actions.registry import Batch, Context, Form, action

_DESCRIPTION = "The identity task"


@action(
    "skel",
    "id1",
    description=_DESCRIPTION,
    doc="Takes 1 column as input and returns it as is. Any further column is returned as is, too.",
    form=Form.BATCH,
    optional=("col1",),
    any_fields=True,
    chunk_rows=20_000,
    batch_rows=1_000,
)
def id1(context: Context, batch: Batch) -> None:
    """Every row succeeds and adds nothing."""


@action(
    "skel",
    "id2",
    description=_DESCRIPTION,
    doc="Takes 2 columns as input and returns them as is. Any further column is returned as is, too.",
    form=Form.BATCH,
    optional=("col1", "col2"),
    any_fields=True,
    chunk_rows=20_000,
    batch_rows=1_000,
)
def id2(context: Context, batch: Batch) -> None:
    """Every row succeeds and adds nothing."""
