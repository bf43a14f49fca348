"""Whether what a record refers to is there, in the actor's account: one statement for each table."""

from collections.abc import Iterable, Mapping
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.faults import Fault
from rota.operations.field.collection import ids_param
from rota.store.port import Tx

KNOWN: Mapping[str, str] = {
    "client": "clients_known",
    "project": "projects_known",
    "location": "locations_known",
    "location_type": "location_types_known",
    "segment_rule": "segment_rules_known",
    "form": "forms_known",
    "task": "tasks_known",
    "submission": "submissions_known",
    "user": "users_known",
}
"""The statement that tells which of some ids there are; what it finds is not deleted until the transaction ends."""

ABSENT = "does not exist"


def known(tx: Tx, actor: Actor, kind: str, ids: Iterable[int]) -> set[int]:
    """Those of the ids that the account has."""
    asked = sorted(set(ids))
    rows = tx.all(KNOWN[kind], account_id=actor.account.id, ids=ids_param(asked)) if asked else []
    return {row["id"] for row in rows}


def missing(tx: Tx, actor: Actor, references: Mapping[str, str], values: Mapping[str, Any]) -> list[Fault]:
    """A fault for each reference of a record that leads nowhere. `references`: field to kind; `values`: field to an id,
    to Links, or to None."""
    asked: dict[str, set[int]] = {}
    for field, kind in references.items():
        asked.setdefault(kind, set()).update(_ids(values.get(field)))
    found = {kind: known(tx, actor, kind, ids) for kind, ids in asked.items()}
    return [
        Fault((field, *place), ABSENT, missing=True)
        for field, kind in references.items()
        for place, each in _places(values.get(field))
        if each not in found[kind]
    ]


def _ids(value: Any) -> list[int]:
    return [each for _, each in _places(value)]


def _places(value: Any) -> list[tuple[tuple[int, ...], int]]:
    if value is None:
        return []
    if isinstance(value, int):
        return [((), value)]
    return [((at,), link.id) for at, link in enumerate(value)]
