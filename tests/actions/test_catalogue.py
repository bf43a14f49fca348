"""The shipped actions as the catalogue shows them."""

import pytest

from rota.actions import accounts, field, http, numbers, queue, rates, services, skel
from rota.actions.registry import Action, Catalogue, declared_in

MODULES = (skel, numbers, services, rates, accounts, http, queue, field)
CATALOGUE = Catalogue(each for module in MODULES for each in declared_in(module))

SHIPPED = {
    "skel": ["id1", "id2"],
    "number_management": [
        "list", "list_all", "dump", "find", "add", "assign_to", "reserve", "release", "delete",
    ],
    "services": ["descendant_quantities", "import_quantities"],
    "rates": ["export", "import", "delete"],
    "accounts": ["import"],
    "http": ["call"],
    "queue": ["add", "update", "delete"],
    "field": ["import_locations", "import_tasks", "export_submissions"],
}  # fmt: skip


def test_what_is_shipped() -> None:
    found = CATALOGUE.find(None, None)
    assert {category: list(actions) for category, actions in found.items()} == SHIPPED


@pytest.mark.parametrize("action", list(CATALOGUE), ids=lambda each: f"{each.category}.{each.name}")
def test_a_declaration_is_sound(action: Action) -> None:
    assert len(set(action.fields)) == len(action.fields)
    assert set(action.verifiers) <= set(action.fields)
    assert action.description and action.doc
    assert action.takes_input or not (action.fields or action.writes)
    assert action.output


@pytest.mark.parametrize(
    ("name", "mandatory", "optional"),
    [
        ("add", ("number", "account_id"), ("auth_by", "module_name")),
        ("assign_to", ("number", "account_id"), ("auth_by",)),
        ("reserve", ("number", "account_id"), ("auth_by",)),
        ("find", ("number",), ("auth_by",)),
        ("release", ("number",), ("auth_by",)),
        ("delete", ("number",), ("auth_by",)),
    ],
)
def test_the_fields_of_number_management(name: str, mandatory: tuple[str, ...], optional: tuple[str, ...]) -> None:
    action = CATALOGUE.get("number_management", name)
    assert (action.mandatory, action.optional) == (mandatory, optional)
    assert action.writes


def test_the_lists_give_the_inventory_number_first() -> None:
    columns = ("number", "account_id", "previously_assigned_to", "state", "created", "modified", "module_name")
    for name in ("list", "list_all", "dump"):
        assert CATALOGUE.get("number_management", name).output == columns


def test_the_columns_of_the_field_are_those_of_its_operations() -> None:
    from rota.actions import field
    from rota.operations.field import exports, imports

    assert (*exports.FIXED, exports.DATA) == field.EXPORTED
    assert tuple(name for name in imports.COLUMNS if name != "name") == field.LOCATION_COLUMNS
