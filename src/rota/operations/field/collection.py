"""What every collection of the field can be asked: one protocol, so that whoever speaks of one can speak of all."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from rota.domain.accounts import Actor
from rota.domain.field.queries import Found, Query
from rota.operations.field.access import Access
from rota.store.port import Tx


class Collection(Protocol):
    """Records of one kind, of the actor's account. `kind` is such as `task`.

    `given` are fields by name as a person wrote them: values as JSON has them, an id or None for a record referred to,
    a list of ids or Links (domain/field/reading.py) for several. Every verb raises Forbidden.
    """

    @property
    def kind(self) -> str: ...

    @property
    def access(self) -> Access: ...

    def find(self, tx: Tx, actor: Actor, query: Query, *, now: int) -> Found:
        """The ids of a page of what the actor may see, and how many there are in all."""
        ...

    def load(self, tx: Tx, actor: Actor, ids: Sequence[int], *, now: int) -> list[Any]:
        """The values of these ids in their order, without those that the actor may not see. A constant number of
        statements, however many ids."""
        ...

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        """The id of the new record. Raises UnfitRecord."""
        ...

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """Write some fields anew; the others stay. Raises RecordNotFound, UnfitRecord."""
        ...

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        """Raises RecordNotFound, and RecordNeeded where others need the record."""
        ...


def ids_param(ids: Sequence[int]) -> str:
    """A list of ids as the one parameter of a statement with `{ids}`; numbers that no id can be are left out."""
    return msgspec.json.encode([each for each in ids if 0 < each < 2**63]).decode()


def in_order(values: Iterable[Any], ids: Sequence[int]) -> list[Any]:
    """The values in the order of these ids; an id that has none is left out."""
    by_id = {value.id: value for value in values}
    return [by_id[each] for each in ids if each in by_id]
