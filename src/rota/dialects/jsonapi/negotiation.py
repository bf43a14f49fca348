"""Which media types a request may have and ask for (JSON:API 1.1, content negotiation)."""

import re
from collections.abc import Iterator, Mapping

import falcon

from rota.dialects.jsonapi.documents import MEDIA_TYPE

ATOMIC = "https://jsonapi.org/ext/atomic"
EXTENSIONS = frozenset({ATOMIC})

_WIDE = frozenset({"*/*", "application/*", "application/json"})
_OWN = frozenset({"ext", "profile"})
_PART = re.compile(r'((?:[^,";]|"(?:\\.|[^"\\])*")*)([,;]|$)')

Entry = tuple[str, Mapping[str, str]]


def entries(header: str) -> Iterator[Entry]:
    """The media types of a header, each with its parameters; names in lower case."""
    media, parameters = "", dict[str, str]()
    at = 0
    while at <= len(header) and (match := _PART.match(header, at)):
        name, _, value = match[1].partition("=")
        if not media:
            media = match[1].strip().lower()
        elif name.strip():
            parameters[name.strip().lower()] = _unquoted(value.strip())
        if match[2] != ";":
            if media:
                yield media, parameters
            media, parameters = "", {}
        if not match[2]:
            return
        at = match.end()


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if len(value) > 1 and value[0] == value[-1] == '"' else value


def check_accept(req: falcon.Request, extensions: frozenset[str] = frozenset()) -> None:
    """HTTP errors: 406 where the caller takes no JSON:API without media type parameters, or only with extensions that
    are not served here."""
    accepted = [each for each in entries(req.get_header("Accept") or "*/*") if not _refused(each)]
    ours = [parameters for media, parameters in accepted if media == MEDIA_TYPE]
    fit = any(_fits(parameters, extensions) for parameters in ours)
    if not fit and (ours or not any(media in _WIDE for media, _ in accepted)):
        raise falcon.HTTPNotAcceptable(description=f"Answers are {MEDIA_TYPE}, without media type parameters.")


def _refused(entry: Entry) -> bool:
    return re.fullmatch(r"0(\.0*)?", entry[1].get("q", "1")) is not None


def _fits(parameters: Mapping[str, str], extensions: frozenset[str]) -> bool:
    return parameters.keys() <= _OWN | {"q"} and extensions.issuperset(parameters.get("ext", "").split())


def check_content_type(req: falcon.Request, extensions: frozenset[str] = frozenset()) -> None:
    """HTTP errors: 415 for a body that is no JSON:API, or for media type parameters that it may not have."""
    found = next(entries(req.content_type or ""), ("", {}))
    if found[0] == MEDIA_TYPE:
        if not _fits(found[1], extensions) or "q" in found[1]:
            raise falcon.HTTPUnsupportedMediaType(description=f"{MEDIA_TYPE} takes no such media type parameters.")
    elif has_body(req):
        raise falcon.HTTPUnsupportedMediaType(description=f"The body must be {MEDIA_TYPE}.")


def require_extension(req: falcon.Request, extension: str) -> None:
    """HTTP errors: 415 for a document that is not said to be one of this extension."""
    _, parameters = next(entries(req.content_type or ""), ("", {}))
    if extension not in parameters.get("ext", "").split():
        raise falcon.HTTPUnsupportedMediaType(description=f'The body must be {MEDIA_TYPE}; ext="{extension}".')


def has_body(req: falcon.Request) -> bool:
    try:
        return bool(req.content_length) or req.get_header("Transfer-Encoding") is not None
    except falcon.HTTPError:  # a length that cannot be read, which is told when the body is
        return True
