"""Forms: what answers must look like. Members read them."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import msgspec

from rota.domain.accounts import Actor
from rota.domain.errors import RecordNeeded, UnfitRecord
from rota.domain.events import Kind
from rota.domain.faults import Fault, Unfit
from rota.domain.field import reading
from rota.domain.field.forms import Form
from rota.domain.field.reading import Field
from rota.domain.field.schemas import schema_faults, shape_faults
from rota.domain.field.terms import Terms
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.values import values_of
from rota.store.port import Row, Taken, Tx

FIRST_VERSION = "1"
ANYTHING = "{}"
"""The fields of a form that takes whatever answers come."""


def slug(title: str) -> str:
    """A title as an id: lower-case letters and digits of ASCII, and `_` between words; `form` where none are left."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") or "form"


def _version(value: Any, terms: Terms) -> str:
    if value is None:
        return FIRST_VERSION
    return reading.name(str(value) if type(value) is int else value, terms)


def _schema(value: Any, terms: Terms) -> str:
    """The JSON text of a JSON Schema, given as JSON has it or as text; what it says is checked later."""
    try:
        found = msgspec.json.decode(value) if isinstance(value, str) else value
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise Unfit("must be a JSON Schema, which is an object") from None
    for path, sentence in shape_faults(found):
        raise Unfit(sentence, path)
    return msgspec.json.encode(found).decode()


FIELDS: Mapping[str, Field] = {
    "title": Field("title", reading.name, required=True),
    "id_string": Field("id_string", reading.or_null(reading.name)),
    "version": Field("version", _version, default=FIRST_VERSION),
    "fields": Field("fields", _schema, default=ANYTHING),
}


class Forms(Records):
    """The `id_string` is unique in the account, and made from the title where none is given."""

    kind, collection = "form", "forms"
    fields = FIELDS
    by_ids = "forms_by_ids"
    statements = Statements("form_lock", "form_insert", "form_update", "form_delete")
    kinds = Kinds(Kind.FORM_CREATED, Kind.FORM_CHANGED, Kind.FORM_DELETED)
    values = staticmethod(values_of(Form, has_task=bool))

    def create(self, tx: Tx, actor: Actor, given: Mapping[str, Any], *, now: int) -> int:
        try:
            with tx.savepoint():
                return super().create(tx, actor, given, now=now)
        except Taken:
            raise UnfitRecord((Fault(("id_string",), "is taken"),)) from None

    def change(self, tx: Tx, actor: Actor, record_id: int, given: Mapping[str, Any], *, now: int) -> None:
        """Answers that were given stay, whether they fit the new fields or not."""
        try:
            with tx.savepoint():
                super().change(tx, actor, record_id, given, now=now)
        except Taken:
            raise UnfitRecord((Fault(("id_string",), "is taken"),)) from None

    def check(self, tx: Tx, actor: Actor, before: Row | None, values: dict[str, Any]) -> list[Fault]:
        faults = []
        if "id_string" in values and values["id_string"] is None:
            values["id_string"] = slug(values.get("title") or "") if before is None else before["id_string"]
        schema = values.get("fields")
        if schema is not None and (before is None or before["fields"] != schema):
            faults += [Fault(("fields", *path), said) for path, said in schema_faults(msgspec.json.decode(schema))]
        return faults

    def refuse_if_needed(self, tx: Tx, actor: Actor, record_id: int) -> None:
        if tx.one("form_task", id=record_id):
            raise RecordNeeded(self.kind, record_id, "tasks")
