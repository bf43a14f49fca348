"""What is in an archive: the part of it that says how to read the rest."""

import msgspec

from rota.store.whole import Table, Unmovable

FORMAT = 1
"""Grows when an older rota could no longer read what is written."""

NAME = "manifest.json"


class Content(msgspec.Struct, frozen=True):
    """What a table held, its rows in the form of store/wire.py. `highest` is where its sequence stands, or 0."""

    table: Table
    rows: int
    bytes: int
    sha256: str
    highest: int = 0


class Manifest(msgspec.Struct, frozen=True):
    """`id` is the archive's own; `taken_at` is microseconds since 1970 UTC. `blobs` and `blob_bytes` count what is in
    the archive besides the tables."""

    format: int
    id: str
    taken_at: int
    rota: str
    migrations: tuple[str, ...]
    tables: tuple[Content, ...]
    blobs: int
    blob_bytes: int

    def encode(self) -> bytes:
        return msgspec.json.format(msgspec.json.encode(self)) + b"\n"

    @property
    def rows(self) -> int:
        return sum(content.rows for content in self.tables)


class _Format(msgspec.Struct):
    format: int
    rota: str = "?"


def decode(data: bytes) -> Manifest:
    """Raises Unmovable for one of another format, or none."""
    try:
        found = msgspec.json.decode(data, type=_Format)
        if found.format != FORMAT:
            raise Unmovable(
                f"The archive has the format {found.format}, and this rota reads {FORMAT}: use rota {found.rota}."
            )
        return msgspec.json.decode(data, type=Manifest)
    except msgspec.MsgspecError as error:
        raise Unmovable(f"The manifest cannot be read: {error}.") from error
