"""The category `rates`: the rate deck, which belongs to the superusers."""

from collections.abc import Iterator, Sequence

from rota.actions.registry import Answer, Batch, Context, Form, Line, Refused, action
from rota.actions.standing import FORBIDDEN, all_refused, is_superuser, tx_of
from rota.actions.verifiers import is_money, is_whole, matches, one_of
from rota.domain.accounts import is_account_id
from rota.domain.numbers import Reason
from rota.domain.rates import COLUMNS, MONEY, WHOLE, rate, wanted
from rota.operations import rates

CATEGORY = "rates"

_VERIFIERS = {
    "prefix": matches(r"[0-9]{1,30}"),
    "account_id": is_account_id,
    "direction": one_of("inbound", "outbound"),
    "iso_country_code": matches(r"[A-Za-z]{2}"),
    **dict.fromkeys(sorted(MONEY), is_money),
    **dict.fromkeys(sorted(WHOLE), is_whole),
}


@action(
    CATEGORY,
    "export",
    description="Export the rate deck",
    doc="Lists all rates, by prefix. Note: for superusers only.\n",
    form=Form.GENERATOR,
    output=COLUMNS,
)
def export(context: Context) -> Iterator[Sequence[Line]]:
    """What `import` takes. Raises Refused unless a superuser started the job."""
    if not is_superuser(context):
        raise Refused(FORBIDDEN)
    yield from rates.pages(tx_of(context))


@action(
    CATEGORY,
    "import",
    description="Bulk-import rates",
    doc="Creates rates. A rate of the same `prefix`, `ratedeck_id`, `account_id`, `rate_version` and `direction` is "
    "replaced.\n"
    "If `rate_name` is empty, it is made of `direction`, `iso_country_code` and `prefix`.\n"
    "If `weight` is empty, it follows from the length of the prefix and the cost; it is kept within 1 and 100.\n"
    "Note: amounts of money are decimals, such as 0.012. For superusers only (`forbidden`).\n",
    form=Form.BATCH,
    mandatory=COLUMNS[:2],
    optional=COLUMNS[2:],
    verifiers=_VERIFIERS,
    writes=True,
    ordered=True,
)
def import_(context: Context, batch: Batch) -> Sequence[Answer] | None:
    """A file that is imported twice gives the same deck."""
    if not is_superuser(context):
        return all_refused(batch, FORBIDDEN)
    rates.write(tx_of(context), [rate(row) for row in batch])
    return None


@action(
    CATEGORY,
    "delete",
    description="Bulk-remove rates",
    doc="Deletes the rates that have all the values that a row gives; empty cells do not count.\n"
    "Reasons for failure: `not_found`, and `forbidden` to all but superusers.\n",
    form=Form.BATCH,
    mandatory=COLUMNS[:1],
    optional=COLUMNS[1:],
    verifiers=_VERIFIERS,
    writes=True,
    ordered=True,
)
def delete(context: Context, batch: Batch) -> Sequence[Answer]:
    if not is_superuser(context):
        return all_refused(batch, FORBIDDEN)
    counts = rates.delete(tx_of(context), [wanted(row) for row in batch])
    return [None if count else Refused(Reason.NOT_FOUND.value) for count in counts]
