"""Whether what a record refers to is there, in the actor's account: one statement for each table."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.faults import Fault
from rota.operations.field.collection import ids_param
from rota.store.port import Tx

Named = tuple[str, int]
"""The kind of a record, and its id."""

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
    "job": "jobs_known",
}
"""The statement that tells which of some ids there are; what it finds is not deleted until the transaction ends."""

ABSENT = "does not exist"


def known(tx: Tx, actor: Actor, kind: str, ids: Iterable[int]) -> set[int]:
    """Those of the ids that the account has."""
    asked = sorted(set(ids))
    rows = tx.all(KNOWN[kind], account_id=actor.account.id, ids=ids_param(asked)) if asked else []
    return {row["id"] for row in rows}


def known_all(tx: Tx, actor: Actor, asked: Iterable[Named]) -> set[Named]:
    """The same of several kinds."""
    by_kind: dict[str, set[int]] = {}
    for kind, each in asked:
        by_kind.setdefault(kind, set()).add(each)
    return {(kind, each) for kind in sorted(by_kind) for each in known(tx, actor, kind, by_kind[kind])}


def missing(tx: Tx, actor: Actor, references: Mapping[str, str], values: Mapping[str, Any]) -> list[Fault]:
    """A fault for each reference of a record that leads nowhere. `references`: field to kind; `values`: field to an id,
    to Links, or to None."""
    return absent(references, values, known_all(tx, actor, named(references, values)))


def named(references: Mapping[str, str], values: Mapping[str, Any]) -> Iterator[Named]:
    """What a record refers to."""
    for field, kind in references.items():
        for _, each in _places(values.get(field)):
            yield kind, each


def absent(references: Mapping[str, str], values: Mapping[str, Any], found: Collection[Named]) -> list[Fault]:
    """A fault for each reference that leads to none of what was found."""
    return [
        Fault((field, *place), ABSENT, missing=True)
        for field, kind in references.items()
        for place, each in _places(values.get(field))
        if (kind, each) not in found
    ]


def _places(value: Any) -> list[tuple[tuple[int, ...], int]]:
    if value is None:
        return []
    if isinstance(value, int):
        return [((), value)]
    return [((at,), link.id) for at, link in enumerate(value)]
