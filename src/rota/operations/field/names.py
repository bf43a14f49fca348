"""Clients and location types."""

from rota.domain.events import Kind
from rota.domain.field import reading
from rota.domain.field.names import Client, LocationType
from rota.domain.field.reading import Field
from rota.operations.field.access import Access, Who
from rota.operations.field.records import Kinds, Records, Statements
from rota.operations.field.values import values_of

NAME = {"name": Field("name", reading.name, required=True)}


class Clients(Records):
    kind, collection = "client", "clients"
    access = Access(read=Who.ADMINS)
    fields = NAME
    by_ids = "clients_by_ids"
    statements = Statements("client_lock", "client_insert", "client_update", "client_delete")
    kinds = Kinds(Kind.CLIENT_CREATED, Kind.CLIENT_CHANGED, Kind.CLIENT_DELETED)
    values = staticmethod(values_of(Client))


class LocationTypes(Records):
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
