"""The category `services`: what accounts used, month by month."""

from collections.abc import Iterator, Sequence

from rota.actions.registry import Answer, Batch, Context, Form, Line, Refused, action
from rota.actions.standing import FORBIDDEN, all_refused, is_superuser, tx_of
from rota.actions.verifiers import is_integer, matches
from rota.domain.accounts import is_account_id
from rota.domain.numbers import Reason
from rota.operations import quantities
from rota.operations.accounts import account_by_id
from rota.operations.quantities import Quantity

CATEGORY = "services"
COLUMNS = ("account_id", "year", "month", "category", "item", "quantity_bom", "quantity_eom")

_DESCENDANT_DOC = (
    "Attempts to create a month-on-month listing of quantities used by descendant accounts.\n"
    "This task returns the following fields:\n"
    "* `account_id`: a sub-account of the creator of this task.\n"
    "* `year`: integral year as 4 characters.\n"
    "* `month`: integral month as 2 characters (left-padded with a zero).\n"
    "* `category`: name of the quantity's category.\n"
    "* `item`: name of the category's item.\n"
    "* `quantity_bom`: integral quantity's value or empty.\n"
    "* `quantity_eom`: integral quantity's value or empty.\n"
    "Note: some beginning-of-month and end-of-month quantities documents may be missing.\n"
    "Note: when both an account's BoM & EoM documents for a given month are missing, "
    "no rows are a created for this month.\n"
    "Note: in all other cases the documents' value is printed verbatim: if unset the empty string is returned.\n"
    "E.g.: an integer quantity (such as 1, 10 or 0 (zero)) represents was the system has. "
    "If no quantity was found, the empty value is used.\n"
)


@action(
    CATEGORY,
    "descendant_quantities",
    description="List per-month descendant accounts quantities",
    doc=_DESCENDANT_DOC,
    form=Form.GENERATOR,
    output=COLUMNS,
)
def descendant_quantities(context: Context) -> Iterator[list[Line]]:
    """Descendants by id, then months, categories and items, each sorted."""
    tx = tx_of(context)
    for page in quantities.pages_of_descendants(tx, account_by_id(tx, context.account_id)):
        yield [_line(quantity) for quantity in page]


@action(
    CATEGORY,
    "import_quantities",
    description="Bulk-import quantities of accounts",
    doc="Sets what accounts used of an item at the beginning and at the end of a month.\n"
    "A quantity that the file has no column for stays as it is; an empty one becomes unset.\n"
    "Note: for superusers only (`forbidden`); the account of the task must be the row's account or above it "
    "(`unauthorized`).\n",
    form=Form.BATCH,
    mandatory=COLUMNS[:5],
    optional=COLUMNS[5:],
    verifiers={
        "account_id": is_account_id,
        "year": matches(r"[0-9]{4}"),
        "month": matches(r"0[1-9]|1[0-2]"),
        "quantity_bom": is_integer,
        "quantity_eom": is_integer,
    },
    writes=True,
    ordered=True,
)
def import_quantities(context: Context, batch: Batch) -> Sequence[Answer]:
    """Each in place of what was known of the same item and month."""
    if not is_superuser(context):
        return all_refused(batch, FORBIDDEN)
    sets_bom, sets_eom = ("quantity_bom" in batch.header, "quantity_eom" in batch.header)
    wanted = [_quantity(row) for row in batch]
    reached = quantities.write(tx_of(context), context.account_id, wanted, sets_bom=sets_bom, sets_eom=sets_eom)
    return [None if each else Refused(Reason.UNAUTHORIZED.value) for each in reached]


def _quantity(row: dict[str, str]) -> Quantity:
    bom, eom = (int(row[field]) if row[field] else None for field in ("quantity_bom", "quantity_eom"))
    return Quantity(row["account_id"], f"{row['year']}-{row['month']}", row["category"], row["item"], bom, eom)


def _line(quantity: Quantity) -> Line:
    year, month = quantity.month.split("-")
    return {
        "account_id": quantity.account_id,
        "year": year,
        "month": month,
        "category": quantity.category,
        "item": quantity.item,
        "quantity_bom": quantity.quantity_bom,
        "quantity_eom": quantity.quantity_eom,
    }
