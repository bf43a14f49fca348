"""Batches of locations, written together.

A batch acts as if its rows were written one after the other, and takes the same number of statements however many rows
it has. A row names its parent and its type by their ids or by their names: a parent may stand in an earlier row, and a
type that nobody has yet is made.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rota.domain.accounts import Actor
from rota.domain.events import Event, Kind
from rota.domain.faults import Fault, Unfit
from rota.domain.field.locations import FIELDS, geometry_faults, placed
from rota.domain.field.reading import Field, Reader, line, name, read, reference
from rota.domain.field.terms import Terms
from rota.operations.events import record_all
from rota.operations.field.access import Who, permit
from rota.operations.field.locations import Locations
from rota.operations.field.naming import NAMED
from rota.operations.field.references import ABSENT, known
from rota.operations.ids import new_ids
from rota.operations.tree import listed
from rota.store.port import Tx

Outcome = int | tuple[Fault, ...]
"""The id of a new location, or what is wrong with its row."""

_ID = re.compile(r"\d{1,19}", re.ASCII)


def _named(value: Any, terms: Terms) -> int | str | None:
    """An id where it is one, else a name."""
    text = line(value, terms)
    return reference(text, terms) if _ID.fullmatch(text) else text


def _degrees(most: int) -> Reader:
    def read_degrees(value: Any, terms: Terms) -> float:
        try:
            found = float(value)
        except ValueError:
            raise Unfit("must be a number of degrees") from None
        if not abs(found) <= most:
            raise Unfit(f"must be a number of degrees from -{most} to {most}")
        return found

    return read_degrees


COLUMNS: Mapping[str, Field] = {
    "name": Field("name", name),
    "country": FIELDS["country"],
    "parent": Field("parent", _named),
    "location_type": Field("location_type", _named),
    "description": FIELDS["description"],
    "longitude": Field("longitude", _degrees(180)),
    "latitude": Field("latitude", _degrees(90)),
    "radius": FIELDS["radius"],
    "shapefile": FIELDS["shapefile"],
}
_GEOMETRY = frozenset({"longitude", "latitude", "radius", "shapefile"})


@dataclass(frozen=True, slots=True)
class _Names:
    """The ids that a batch speaks of and that there are, and ids by name: of several of one name the newest."""

    ids: frozenset[int]
    by_name: dict[str, int]

    @classmethod
    def found(cls, tx: Tx, actor: Actor, kind: str, said: Iterable[int | str | None]) -> "_Names":
        words = list(said)
        ids = known(tx, actor, kind, [each for each in words if isinstance(each, int)])
        names = listed(each for each in words if isinstance(each, str))
        rows = tx.all(NAMED[kind], account_id=actor.account.id, words=names)
        return cls(frozenset(ids), {row["name"]: row["id"] for row in rows})

    def id_of(self, said: int | str | None) -> int | None:
        if isinstance(said, str):
            return self.by_name.get(said)
        return said if said in self.ids else None


def add_all(tx: Tx, actor: Actor, rows: Sequence[Mapping[str, str]], terms: Terms, *, now: int) -> list[Outcome]:
    """What becomes of each row. An empty cell was not written. Raises Forbidden."""
    permit(actor, Who.ADMINS)
    checked = [_read(row, terms) for row in rows]
    fit = sum(not faults for _, faults in checked)
    # Of two batches that would make one type, the second finds it.
    tx.one("location_tree_lock", account_id=actor.account.id)
    parents = _Names.found(tx, actor, "location", [values["parent"] for values, _ in checked])
    types = _Names.found(tx, actor, "location_type", [values["location_type"] for values, _ in checked])
    numbers = iter(new_ids(tx, "locations", fit))
    made: list[Outcome] = []
    for values, faults in checked:
        faults += _missing(values, parents, types)
        made.append(tuple(faults) if faults else next(numbers))
        if not faults:
            values |= {"id": made[-1], "parent_id": parents.id_of(values["parent"])}
            parents.by_name[values["name"]] = values["id"]
    written = [values for values, _ in checked if "id" in values]
    _make_types(tx, actor, [values["location_type"] for values in written], types, now)
    _insert(
        tx, actor, [{**each, "location_type_id": types.id_of(each["location_type"])} for each in written], terms, now
    )
    return made


def _read(row: Mapping[str, str], terms: Terms) -> tuple[dict[str, Any], list[Fault]]:
    given = {name: row[name] for name in COLUMNS if name == "name" or row[name].strip()}
    values, faults = read(COLUMNS, given, terms, partial=False)
    longitude, latitude = values["longitude"], values["latitude"]
    values["geopoint"] = None if longitude is None or latitude is None else (longitude, latitude)
    if not _GEOMETRY & {each.path[0] for each in faults}:
        faults += _half_points(values) or [_in_columns(each) for each in geometry_faults(values)]
    return ({**values, **placed(values)} if not faults else values), faults


def _half_points(values: Mapping[str, Any]) -> list[Fault]:
    pairs = (("longitude", "latitude"), ("latitude", "longitude"))
    return [
        Fault((name,), f"is required with a {other}")
        for name, other in pairs
        if values[name] is None and values[other] is not None
    ]


def _in_columns(fault: Fault) -> Fault:
    """A fault of the point is one of its first column."""
    return Fault(("longitude",), fault.sentence) if fault.path[0] == "geopoint" else fault


def _missing(values: Mapping[str, Any], parents: _Names, types: _Names) -> list[Fault]:
    """References that lead nowhere. A type that is not there, but has a name, will be."""
    parent, type_ = values["parent"], values["location_type"]
    found = []
    if parent is not None and parents.id_of(parent) is None:
        found.append(Fault(("parent",), ABSENT, missing=True))
    if isinstance(type_, int) and types.id_of(type_) is None:
        found.append(Fault(("location_type",), ABSENT, missing=True))
    return found


def _make_types(tx: Tx, actor: Actor, said: Iterable[int | str | None], types: _Names, now: int) -> None:
    names = list(dict.fromkeys(each for each in said if isinstance(each, str) and each not in types.by_name))
    if not names:
        return
    new = dict(zip(names, new_ids(tx, "location_types", len(names)), strict=True))
    types.by_name.update(new)
    account_id = actor.account.id
    rows: list[dict[str, Any]] = [
        {"account_id": account_id, "id": number, "name": name, "now": now} for name, number in new.items()
    ]
    tx.batch("location_type_add", rows)
    record_all(tx, [_told(actor, Kind.LOCATION_TYPE_CREATED, row["id"], {"name": row["name"]}, now) for row in rows])


def _insert(tx: Tx, actor: Actor, locations: Sequence[dict[str, Any]], terms: Terms, now: int) -> None:
    if locations:
        tx.batch("location_add", [{**each, "account_id": actor.account.id, "now": now} for each in locations])
        told = Locations(terms).told
        record_all(tx, [_told(actor, Kind.LOCATION_CREATED, each["id"], told(each), now) for each in locations])


def _told(actor: Actor, kind: Kind, record_id: int, after: dict[str, Any], now: int) -> Event:
    subject = f"{kind.partition('.')[0]}:{record_id}"
    return Event(now, kind, actor.account.id, subject, actor.user.id, {"after": after})
