"""`/exports/submissions`: all submissions that the filters let through, as CSV or GeoJSON, streamed from one moment."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack

import falcon
import msgspec

from rota.dialects.jsonapi.errors import Problems, parameter
from rota.dialects.jsonapi.paths import Path
from rota.domain.accounts import Actor
from rota.domain.field.queries import Query
from rota.domain.field.terms import Terms
from rota.operations.field import exports
from rota.operations.field.access import permit
from rota.store.port import Tx

BLOCK = 64 * 1024
"""Bytes that are sent together, about."""

Exporter = Callable[[Tx, Actor, Query, Terms], Iterator[bytes]]


class Submissions(Path):
    """`/exports/submissions`"""

    negotiates = True
    """What is answered is said by `format`."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        actor = self.actor(req)
        permit(actor, self.kept.access.read)
        asked = self.api.params[self.resource.kind].of_filters(req, frozenset({"format"}))
        chosen = req.get_param("format") or "csv"
        if chosen not in FORMATS:
            raise Problems(parameter("format", f"must be one of {', '.join(FORMATS)}"))
        resp.content_type, exporter = FORMATS[chosen]
        resp.set_header("Content-Disposition", f'attachment; filename="submissions.{chosen}"')
        with ExitStack() as stack:
            tx = stack.enter_context(self.read())
            blocks = exporter(tx, actor, asked.query(0), self.service.terms)
            resp.stream = Stream(stack.pop_all(), blocks)


class Stream:
    """Blocks that are read within a transaction, which ends with them, or with whoever stops listening."""

    def __init__(self, open_: ExitStack, blocks: Iterator[bytes]) -> None:
        self._open, self._blocks = open_, blocks

    def __iter__(self) -> "Stream":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._blocks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._open.close()

    def __del__(self) -> None:
        # A server that never begins to read it need not close it, either.
        self.close()


def _csv(tx: Tx, actor: Actor, query: Query, terms: Terms) -> Iterator[bytes]:
    table = exports.table(tx, actor, query, terms)

    def lines() -> Iterator[bytes]:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(table.header)
        for row in table.rows:
            writer.writerow(row)
            if text.tell() >= BLOCK:
                yield text.getvalue().encode()
                text.seek(0)
                text.truncate()
        yield text.getvalue().encode()

    return lines()


def _geojson(tx: Tx, actor: Actor, query: Query, terms: Terms) -> Iterator[bytes]:
    features = exports.features(tx, actor, query, terms)
    return _joined(b'{"type":"FeatureCollection","features":[', map(msgspec.json.encode, features), b"]}")


def _joined(head: bytes, parts: Iterable[bytes], tail: bytes) -> Iterator[bytes]:
    """Parts with commas between them, in blocks."""
    block, comma = bytearray(head), b""
    for part in parts:
        block += comma + part
        comma = b","
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block) + tail


FORMATS: Mapping[str, tuple[str, Exporter]] = {
    "csv": ("text/csv; charset=utf-8", _csv),
    "geojson": ("application/geo+json", _geojson),
}
"""The media type of each format, and what writes it."""
