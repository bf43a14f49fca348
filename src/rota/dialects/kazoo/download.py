"""How a file is given out: whole or a range of it, under a strong ETag (RFC 9110, sections 8.8, 13 and 14)."""

import re
from collections.abc import Iterator

import falcon

from rota.dialects.kazoo.errors import unsatisfiable
from rota.domain.jobs import Job
from rota.operations.files import MANIFEST, File
from rota.store.port import Blobs

_RANGE = re.compile(r"bytes=\s*([0-9]{0,18})-([0-9]{0,18})\s*", re.IGNORECASE)
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_UNFIT = re.compile(r"[^0-9A-Za-z._-]")


def send(req: falcon.Request, resp: falcon.Response, job: Job, file: File, blobs: Blobs) -> None:
    """Answer with the file, the range that was asked for, or 304 when the caller has it already."""
    etag = f'"{file.etag}"'
    resp.set_header("ETag", etag)
    resp.set_header("Accept-Ranges", "bytes")
    if _is_known(req, etag):
        resp.status = 304
        return
    _send_bytes(resp, file, _range(req, etag, file.size), blobs)
    resp.content_type = "application/json" if file.name == MANIFEST else "text/csv"
    resp.set_header("Content-Disposition", f'attachment; filename="{download_name(job, file.name)}"')


def download_name(job: Job, name: str) -> str:
    return _UNFIT.sub("_", f"{job.category}_{job.action}_{job.id}_{name}")


def _send_bytes(resp: falcon.Response, file: File, asked: tuple[int, int] | None, blobs: Blobs) -> None:
    start, end = asked or (0, file.size)
    if asked:
        resp.status = 206
        resp.set_header("Content-Range", f"bytes {start}-{end - 1}/{file.size}")
    resp.set_header("Content-Length", str(end - start))
    resp.stream = _stream(file, blobs, start, end)


def _stream(file: File, blobs: Blobs, start: int, end: int) -> Iterator[bytes]:
    yield from file.stream(blobs, start, end)


def _is_known(req: falcon.Request, etag: str) -> bool:
    """If-None-Match compares weakly."""
    asked = req.get_header("If-None-Match") or ""
    return asked.strip() == "*" or etag in _TAG.findall(asked)


def _range(req: falcon.Request, etag: str, size: int) -> tuple[int, int] | None:
    """Start and end of the range, or None for the whole: also when it is malformed, or when several are asked for."""
    match = _RANGE.fullmatch(req.get_header("Range") or "")
    if match is None or req.method != "GET" or (req.get_header("If-Range") or etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return _suffix(int(last), size) if last else None
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise unsatisfiable(size)
    return start, min(int(last) + 1 if last else size, size)


def _suffix(length: int, size: int) -> tuple[int, int]:
    if length == 0 or size == 0:
        raise unsatisfiable(size)
    return max(0, size - length), size
