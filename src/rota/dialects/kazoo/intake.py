"""What comes in with a new task: a CSV as bytes, or records in JSON that become one. Either is checked in one pass.

A CSV goes straight to a blob while it is scanned: memory does not grow with the file, and nothing of it is kept unless
the whole of it arrived and is sound.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import falcon
import msgspec
from msgspec import Raw

from rota.actions.registry import Action
from rota.dialects.kazoo.errors import bad_json, bad_parameters, cut_short, too_large, unsupported
from rota.dialects.kazoo.params import CSV_TYPES, JSON_TYPES
from rota.domain.errors import MalformedCsv, UnfitInput
from rota.domain.jobs import blob_prefix
from rota.domain.rows import FormatFault, Scan, Scanner, Transcoder, format_rows, transcoder
from rota.operations.files import INPUT
from rota.operations.jobs import Input
from rota.store.port import Blobs, Upload

BLOCK = 1 << 20
"""Bytes read at once."""

ROWS = "rows.csv"
"""The UTF-8 form of an input that came in another charset."""

_CSV = CSV_TYPES | {"application/octet-stream"}
_JSON = JSON_TYPES | {"", "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class Content:
    """The type of a body, and the charset that it names."""

    is_csv: bool
    charset: str | None


@dataclass(frozen=True, slots=True)
class Table:
    """CSV bytes on their way in. `stray` are names of later records that the first one lacks.

    `whole` is true when an end of the bytes cannot be a cut.
    """

    blocks: Iterator[bytes]
    charset: str | None = None
    whole: bool = True
    stray: tuple[str, ...] = ()


class Data(msgspec.Struct):
    """The `data` of a JSON body. Values are read when it is their turn in the order of checks."""

    records: Raw = Raw(b"null")
    file_name: Raw = Raw(b"null")
    api_key: Raw = Raw(b"null")


class _Envelope(msgspec.Struct):
    data: Data | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A sound CSV whose bytes nobody sees yet. `uploads` are by name; `sha256` is of the bytes as they came."""

    scan: Scan
    sha256: str
    uploads: dict[str, Upload]
    job_id: str

    @property
    def keys(self) -> list[str]:
        return [blob_prefix(self.job_id) + name for name in self.uploads]

    def commit(self) -> Input:
        """Make the bytes visible under their keys; what a job is told of them."""
        for upload in self.uploads.values():
            upload.commit()
        # The engine reads what was scanned, which is the last of them.
        return Input(self.scan.header, self.scan.spans, self.scan.rows, list(self.uploads)[-1], self.sha256)


def content(req: falcon.Request) -> Content:
    """What kind of body this is. Raises a Fault for a type or a charset that is not known."""
    kind, options = falcon.parse_header(req.content_type or "")
    kind = kind.strip().lower()
    if kind not in _CSV | _JSON and has_body(req):
        raise unsupported(f"a body must be text/csv or application/json, not {kind}")
    charset = options.get("charset")
    try:
        transcoder(charset)
    except LookupError:
        raise unsupported(f"the charset {charset} is not known") from None
    return Content(kind in _CSV, charset)


def has_body(req: falcon.Request) -> bool:
    return bool(req.content_length) or "HTTP_TRANSFER_ENCODING" in req.env


def blocks(req: falcon.Request, limit: int) -> Iterator[bytes]:
    """The body in blocks. Raises a Fault when it is over the limit, or ends before its announced length."""
    announced = req.content_length
    if announced is not None and announced > limit:
        raise too_large(limit)
    while block := _read(req, announced):
        if req.context.got > limit:
            raise too_large(limit)
        yield block
    if announced is not None and req.context.got < announced:
        raise cut_short(req.context.got, announced)


def _read(req: falcon.Request, announced: int | None) -> bytes:
    """The next bytes; never past the announced end, where some servers wait. `req.context.got` counts them.

    Not falcon's bounded stream: that one takes a short read for a full one, and loses the rest.
    """
    got: int = req.context.get("got") or 0
    size = BLOCK if announced is None else min(BLOCK, announced - got)
    try:
        block = bytes(req.env["wsgi.input"].read(size)) if size else b""
    except (OSError, RuntimeError):  # a connection that broke: OSError in most servers, RuntimeError in Granian
        raise cut_short(got, announced or 0) from None
    req.context.got = got + len(block)
    return block


def json_data(req: falcon.Request, given: Content, limit: int) -> Data:
    """The `data` of a JSON body; an absent body has none. Raises a Fault unless it is well-formed."""
    body = b"".join(blocks(req, limit))
    try:
        text = _as_text(body, given.charset)
        if not text.strip():
            return Data()
        found = msgspec.json.decode(text, type=_Envelope).data
        if found is None and msgspec.json.decode(text, type=dict[str, Raw]).keys() - {"data"}:
            raise bad_json("the object has no data")
    except (FormatFault, ValueError, RecursionError) as error:
        raise bad_json(str(error)) from None
    return found or Data()


def _as_text(body: bytes, charset: str | None) -> str:
    if recode := transcoder(charset):
        body = recode.feed(body) + recode.finish()
    return body.decode("utf-8-sig")


def text_value(raw: Raw, name: str) -> str | None:
    """A string of a JSON body, None for null. Raises a Fault that names it."""
    try:
        return msgspec.json.decode(raw, type=str | None)
    except (ValueError, RecursionError):
        raise bad_parameters({name: "must be a string"}) from None


def csv_table(req: falcon.Request, given: Content, limit: int) -> Table:
    # A server without a length to compare reports a cut stream as a plain end: the last row must end its line then.
    return Table(blocks(req, limit), given.charset, whole=req.content_length is not None)


def records_table(raw: Raw) -> Table | None:
    """Records as a CSV whose header is the first record's keys; None when there are none. Raises a Fault."""
    try:
        records = msgspec.json.decode(raw, type=list[dict[str, Raw]] | None)
    except (ValueError, RecursionError) as error:
        raise bad_json(f"records must be a list of flat objects: {error}") from None
    if not records:
        return None
    if not records[0]:
        raise bad_json("record 1 has no fields")
    header = tuple(records[0])
    stray = dict.fromkeys(key for record in records for key in record if key not in records[0])
    rows = [header, *(_cells(record, header, number) for number, record in enumerate(records, 1))]
    return Table(iter([format_rows(rows)]), stray=tuple(stray))


def _cells(record: dict[str, Raw], header: tuple[str, ...], number: int) -> list[str]:
    for name in record:
        _cell(record, name, number)
    return [_cell(record, name, number) if name in record else "" for name in header]


def _cell(record: dict[str, Raw], name: str, number: int) -> str:
    """A value as text: a string as it is, null empty, numbers and booleans as they stand in the JSON."""
    raw = bytes(record[name]).strip()
    if raw[:1] in (b"{", b"["):
        raise bad_json(f"record {number}, field {name}: must be a string, a number, true, false or null")
    if raw[:1] != b'"':
        return "" if raw == b"null" else raw.decode()
    try:
        return msgspec.json.decode(raw, type=str)
    except ValueError as error:
        raise bad_json(f"record {number}, field {name}: {error}") from None


@contextmanager
def receive(blobs: Blobs, table: Table, scanner: Scanner, job_id: str) -> Iterator[Received]:
    """Store and scan a CSV for a job to be, in one pass. Raises MalformedCsv, or the Fault of a body that is cut or too
    large.

    The uploads live as long as the context: that keeps the sweep away until the job is committed.
    """
    recode = transcoder(table.charset)
    with ExitStack() as stack:
        names = [INPUT, ROWS] if recode else [INPUT]
        keys = {name: blob_prefix(job_id) + name for name in names}
        uploads: dict[str, Upload] = {name: stack.enter_context(blobs.create(key)) for name, key in keys.items()}
        digest = hashlib.sha256()
        try:
            for block, text in _recoded(table.blocks, recode):
                digest.update(block)
                uploads[INPUT].write(block)
                if recode:
                    uploads[ROWS].write(text)
                scanner.feed(text)
            scan = scanner.finish(truncated_ok=table.whole)
        except FormatFault as fault:
            raise MalformedCsv(fault.line, fault.detail) from None
        yield Received(scan, digest.hexdigest(), uploads, job_id)


def _recoded(source: Iterator[bytes], recode: Transcoder | None) -> Iterator[tuple[bytes, bytes]]:
    """Each block as it came, and in UTF-8."""
    for block in source:
        yield block, recode.feed(block) if recode else block
    if recode:
        yield b"", recode.finish()


def check(action: Action, table: Table, scan: Scan) -> None:
    """Does the action take this table? Raises UnfitInput with every fault at once."""
    if not action.takes_input:
        raise UnfitInput(expected_content="none")
    unknown = [] if action.any_fields else [name for name in scan.header if name not in action.fields]
    unknown += [name for name in table.stray if name not in unknown]
    missing = [name for name in action.mandatory if name not in scan.header]
    if unknown or missing or scan.missing_values:
        raise UnfitInput(tuple(unknown), tuple(missing), scan.missing_values, scan.more_missing)
