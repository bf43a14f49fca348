"""Forms that come as spreadsheets: as the body of a request, or as the one file of an HTML form."""

import io
from collections.abc import Iterator
from typing import Any

import falcon
from falcon.media.multipart import MultipartFormHandler

from rota.dialects.bodies import media_type, read_body
from rota.dialects.jsonapi.errors import Problems, bad_request, parameter
from rota.dialects.jsonapi.params import Asked
from rota.dialects.jsonapi.paths import List
from rota.dialects.jsonapi.reading import Written
from rota.domain.faults import Unfit
from rota.domain.field.xlsform import FILE_LIMIT, form_of_xlsform

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MULTIPART = "multipart/form-data"
UPLOADS = frozenset({XLSX, MULTIPART})

MARGIN = 64 * 1024
"""Bytes of a body around its file."""


class Forms(List):
    """`/forms`, which takes spreadsheets besides. `file_name` stands in where one names neither a title nor an id."""

    uploads = UPLOADS

    def asked_of_one(self, req: falcon.Request) -> Asked:
        besides = frozenset({"file_name"}) if media_type(req) in UPLOADS else frozenset()
        return self.api.params[self.resource.kind].of_one(req, besides)

    def written(self, req: falcon.Request) -> Written:
        if media_type(req) in UPLOADS:
            return Written(self.resource, "/data", given=read_upload(req))
        return super().written(req)


def read_upload(req: falcon.Request) -> dict[str, Any]:
    """The fields of the form that a spreadsheet describes. Raises Problems; HTTP errors: 413 for a body that is too
    large, 400 for one that ends too early or is no multipart body."""
    asked = req.params.get("file_name", "")
    if not isinstance(asked, str):
        raise Problems(parameter("file_name", "is given more than once"))
    data, name = _file(req)
    try:
        return form_of_xlsform(data, asked or name)
    except Unfit as unfit:
        raise Problems(bad_request("unfit_spreadsheet", f"The file {unfit.sentence.rstrip('.')}.")) from None


def _file(req: falcon.Request) -> tuple[bytes, str]:
    if media_type(req) == XLSX:
        return read_body(req, FILE_LIMIT), ""
    files = list(_files(req, read_body(req, FILE_LIMIT + MARGIN)))
    if len(files) != 1:
        raise Problems(bad_request("malformed_upload", "The body must have one part, a file."))
    return files[0]


def _files(req: falcon.Request, body: bytes) -> Iterator[tuple[bytes, str]]:
    """The parts of the body, each with its file's name."""
    for part in MultipartFormHandler().deserialize(io.BytesIO(body), req.content_type, len(body)):
        if part.filename is None:
            raise Problems(bad_request("malformed_upload", f"The part {(part.name or '')[:80]!a} is no file."))
        yield part.stream.read(), part.filename
