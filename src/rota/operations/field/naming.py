"""Names for ids: what a task refers to may be said by the name of a record, where only one has it.

A text of digits is an id, whatever is called so.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.errors import UnfitRecord
from rota.domain.faults import Fault
from rota.domain.field.contents import CONTENT_TYPES, Content
from rota.domain.field.reading import NAME_LIMIT
from rota.operations.field.drafts import Draft
from rota.operations.tree import listed
from rota.store.port import Tx

NAMED: Mapping[str, str] = {
    "client": "clients_named",
    "project": "projects_named",
    "location": "locations_named",
    "location_type": "location_types_named",
    "segment_rule": "segment_rules_named",
    "form": "forms_named",
}
"""The statement that finds records of a kind by their names; forms by their id_strings."""

_FIELDS: Mapping[str, str] = {
    "target_content_type": "content_type",
    "client": "client",
    "project": "project",
    "segment_rules": "segment_rule",
    "locations": "location",
}
_TARGETS: Mapping[int, str] = {Content.LOCATION: "location", Content.FORM: "form"}
_CONTENTS: Mapping[str, int] = {each.model: int(each.id) for each in CONTENT_TYPES.values()}

_CALLED: Mapping[str, str] = {"form": "id_string"}
_NONE = (0, 0)
_UNASKED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no name holds, and databases choke on."""

_Name = tuple[str, str]
"""A kind, and what a record of it is called."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Fields without names; those that could not be resolved are left out, and have faults."""

    given: Mapping[str, Any]
    faults: tuple[Fault, ...]

    def outcome(self, draft: Draft | UnfitRecord) -> Draft | UnfitRecord:
        """What became of the fields in the end. Of one that was left out no more is said than why."""
        if not self.faults and isinstance(draft, Draft):
            return draft
        others = [self._shown(each) for each in draft.faults] if isinstance(draft, UnfitRecord) else []
        left_out = {fault.path for fault in self.faults}
        return UnfitRecord((*self.faults, *(each for each in others if each.path not in left_out)))

    def _shown(self, fault: Fault) -> Fault:
        """With what stands at a place of a list in place of its number."""
        field, *place = fault.path
        value = self.given.get(str(field))
        if not place or not isinstance(value, list) or not isinstance(place[0], int):
            return fault
        return replace(fault, path=(field, f"{value[place[0]]}", *place[1:]))


def resolved_all(tx: Tx, actor: Actor, givens: Sequence[Mapping[str, Any]]) -> list[Resolved]:
    """The fields of tasks without names, in one statement for each kind that is named at all."""
    typed = [_typed(given) for given in givens]
    found = _find(tx, actor, {name for given in typed for name in _names(given)})
    return [_resolved(given, found) for given in typed]


def _typed(given: Mapping[str, Any]) -> Mapping[str, Any]:
    """With the number of a content type that is named."""
    content = given.get("target_content_type")
    number = _CONTENTS.get(content.strip().lower()) if isinstance(content, str) else None
    return {**given, "target_content_type": number} if number else given


def _kinds(given: Mapping[str, Any]) -> Mapping[str, str]:
    """The fields that may hold names, and of what."""
    target = _TARGETS.get(_number(given.get("target_content_type")))
    return {**_FIELDS, "target_id": target} if target else _FIELDS


def _number(value: Any) -> int:
    return int(value) if str(value).isascii() and str(value).isdigit() else 0


def _words(value: Any) -> list[str]:
    """The names in a cell, of one record or of several."""
    cells = value if isinstance(value, list) else [value]
    return [each for each in cells if isinstance(each, str) and not (each.isascii() and each.isdigit())]


def _is_askable(word: str) -> bool:
    return len(word) <= NAME_LIMIT and not _UNASKED.search(word)


def _names(given: Mapping[str, Any]) -> Iterator[_Name]:
    for field, kind in _kinds(given).items():
        for word in _words(given.get(field)):
            yield kind, word


def _find(tx: Tx, actor: Actor, names: set[_Name]) -> dict[_Name, tuple[int, int]]:
    """By name the first record that has it, and how many have."""
    found: dict[_Name, tuple[int, int]] = {}
    for kind, statement in NAMED.items():
        words = [word for of, word in names if of == kind and _is_askable(word)]
        rows = tx.all(statement, account_id=actor.account.id, words=listed(words)) if words else []
        found |= {(kind, row["name"]): (row["id"], row["n"]) for row in rows}
    return found


def _resolved(given: Mapping[str, Any], found: Mapping[_Name, tuple[int, int]]) -> Resolved:
    fields, faults = dict(given), list[Fault]()
    for field, kind in _kinds(given).items():
        value: Any = given.get(field)
        ids = {word: found.get((kind, word), _NONE) for word in _words(value)}
        unclear = {word: _unclear(kind, count) for word, (_, count) in ids.items() if count != 1}
        several = isinstance(value, list)
        faults += [Fault((field, word) if several else (field,), said) for word, said in unclear.items()]
        if several:
            fields[field] = [ids.get(each, (each,))[0] for each in value if each not in unclear]
        elif unclear:
            del fields[field]
        elif ids:
            fields[field] = ids[value][0]
    return Resolved(fields, tuple(faults))


def _unclear(kind: str, count: int) -> str:
    what = kind.replace("_", " ")
    return f"is the {_CALLED.get(kind, 'name')} of {f'{count} {what}s' if count else f'no {what}'}"
