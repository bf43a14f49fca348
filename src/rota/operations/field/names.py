"""Clients and location types."""

from rota.domain.accounts import Actor
from rota.domain.events import Kind
from rota.domain.field import reading
from rota.domain.field.names import Client, LocationType
from rota.domain.field.reading import Field
from rota.operations.field.access import Access, Who, permit
from rota.operations.field.collection import ids_param
from rota.operations.field.locking import lock_after_referring
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.values import values_of
from rota.store.port import Tx

NAME = {"name": Field("name", reading.name, required=True)}


class _Referred(Records):
    """What tasks or locations refer to, and stay without when it goes. Two statements tell which do: the first keeps
    them from others until the transaction ends, the second only looks."""

    referring_lock: str
    referring: str

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        permit(actor, self.access.delete)
        whose = {"account_id": actor.account.id, "ids": ids_param([record_id])}
        lock_after_referring(
            tx,
            lambda: tx.all(self.referring_lock, **whose),
            lambda: self.lock(tx, actor, record_id),
            lambda: tx.columns(self.referring, **whose)["id"],
        )
        super().delete(tx, actor, record_id, now=now)


class Clients(_Referred):
    kind, collection = "client", "clients"
    access = Access(read=Who.ADMINS)
    fields = NAME
    by_ids = "clients_by_ids"
    statements = Statements("client_lock", "client_insert", "client_update", "client_delete")
    kinds = Kinds(Kind.CLIENT_CREATED, Kind.CLIENT_CHANGED, Kind.CLIENT_DELETED)
    values = staticmethod(values_of(Client))
    referring_lock, referring = "tasks_of_client_lock", "tasks_of_client"


class LocationTypes(_Referred):
    kind, collection = "location_type", "location_types"
    fields = NAME
    by_ids = "location_types_by_ids"
    statements = Statements(
        "location_type_lock",
        "location_type_insert",
        "location_type_update",
        "location_type_delete",
    )
    kinds = Kinds(Kind.LOCATION_TYPE_CREATED, Kind.LOCATION_TYPE_CHANGED, Kind.LOCATION_TYPE_DELETED)
    values = staticmethod(values_of(LocationType))
    referring_lock, referring = "locations_of_type_lock", "locations_of_type"

    def delete(self, tx: Tx, actor: Actor, record_id: int, *, now: int) -> None:
        permit(actor, self.access.delete)
        # Who deletes a location waits for those below it, whatever their ids.
        tx.one("location_tree_lock", account_id=actor.account.id)
        super().delete(tx, actor, record_id, now=now)
