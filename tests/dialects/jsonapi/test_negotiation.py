"""Media types: what may be sent, what may be asked for."""

import pytest

from dialects.jsonapi.outpost import MEDIA_TYPE, Outpost
from rota.dialects.jsonapi.negotiation import entries

ATOMIC = 'ext="https://jsonapi.org/ext/atomic"'


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("*/*", [("*/*", {})]),
        ("Text/HTML;Q=0.5, */*;q=0.1", [("text/html", {"q": "0.5"}), ("*/*", {"q": "0.1"})]),
        ('a/b; x="1,2;3\\"", c/d', [("a/b", {"x": '1,2;3"'}), ("c/d", {})]),
        ("a/b;;x=1,,", [("a/b", {"x": "1"})]),
        ('a/b; x="', []),
    ],
)
def test_a_header_is_taken_apart(header: str, found: object) -> None:
    assert list(entries(header)) == found


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (MEDIA_TYPE, 200),
        ("*/*", 200),
        ("application/*", 200),
        ("application/json", 200),
        ("text/html, */*;q=0.1", 200),
        (f"{MEDIA_TYPE}; charset=utf-8, {MEDIA_TYPE}", 200),
        (f'{MEDIA_TYPE}; profile="http://x.org/p"', 200),
        (f"{MEDIA_TYPE};q=0.5", 200),
        (f"{MEDIA_TYPE}; charset=utf-8", 406),
        (f"{MEDIA_TYPE}; charset=utf-8, */*", 406),
        (f'{MEDIA_TYPE}; ext="http://x.org/e"', 406),
        (f"{MEDIA_TYPE};q=0", 406),
        ("text/html", 406),
    ],
)
def test_what_may_be_asked_for(door: Outpost, accept: str, status: int) -> None:
    answer = door.ask("GET", "/clients", headers={"Accept": accept})
    assert (answer.status_code, "errors" in answer.json) == (status, status == 406)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        (MEDIA_TYPE, 201),
        (f'{MEDIA_TYPE}; profile="http://x.org/p"', 201),
        (f"{MEDIA_TYPE}; charset=utf-8", 415),
        (f"{MEDIA_TYPE}; {ATOMIC}", 415),
        ("application/json", 415),
        ("", 415),
    ],
)
def test_what_may_be_sent(door: Outpost, content_type: str, status: int) -> None:
    body = {"data": {"type": "Client", "attributes": {"name": "Acme"}}}
    answer = door.ask("POST", "/clients", body, headers={"Content-Type": content_type})
    assert answer.status_code == status


def test_a_request_without_a_body_may_say_what_it_would_have_been(door: Outpost) -> None:
    assert door.ask("GET", "/clients", headers={"Content-Type": MEDIA_TYPE}).status_code == 200
    assert door.refused("GET", "/clients", headers={"Content-Type": f"{MEDIA_TYPE}; a=b"})[0] == 415


@pytest.mark.parametrize(
    ("verb", "headers", "blamed"),
    [("GET", {"Accept": "text/html"}, "Accept"), ("POST", {"Content-Type": "text/plain"}, "Content-Type")],
)
def test_the_header_that_is_refused_is_named(door: Outpost, verb: str, headers: dict[str, str], blamed: str) -> None:
    answer = door.ask(verb, "/clients", b"{}" if verb == "POST" else None, headers=headers)
    assert answer.json["errors"][0]["source"] == {"header": blamed}
