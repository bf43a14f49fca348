"""Checks of what documents look like, each over all answers of a peer's corpus."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from dialects.jsonapi.conformance.peer import MEDIA_TYPE, Document, Peer

NAME = re.compile(r"[a-zA-Z0-9\u0080-\U0010ffff]([-_ a-zA-Z0-9\u0080-\U0010ffff]*[a-zA-Z0-9\u0080-\U0010ffff])?")

TOP = {"jsonapi", "links", "data", "included", "meta", "errors"}
RESOURCE = {"type", "id", "attributes", "relationships", "links", "meta"}
IDENTIFIER = {"type", "id", "meta"}
ERROR = {"id", "links", "status", "code", "title", "detail", "source", "meta"}


def walk(value: Any) -> Iterator[Document]:
    """All objects, the outermost first."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from walk(each)


def primary(document: Document) -> list[Document]:
    data = document.get("data")
    return data if isinstance(data, list) else [data] if data else []


def is_linkage(asked: str) -> bool:
    return "/relationships/" in asked


def resources(peer: Peer) -> list[Document]:
    found = [each for asked, document in peer.documents if not is_linkage(asked) for each in primary(document)]
    return found + [each for _, document in peer.documents for each in document.get("included", [])]


def relationships(peer: Peer) -> list[Document]:
    return [each for resource in resources(peer) for each in resource.get("relationships", {}).values()]


def identifiers(peer: Peer) -> list[Document]:
    found = [each for asked, document in peer.documents if is_linkage(asked) for each in primary(document)]
    for each in relationships(peer):
        found += primary(each)
    return found


def members(peer: Peer) -> set[str]:
    """All names of members but those of what clients write as they like."""
    return {name for _, document in peer.documents for each in walk(document) for name in each}


def media_type(peer: Peer) -> None:
    for asked, answer in peer.corpus:
        assert answer.headers["content-type"] == MEDIA_TYPE, asked


def only_known_members(peer: Peer) -> None:
    for asked, document in peer.documents:
        assert document.keys() <= TOP, asked
        assert document.get("jsonapi", {}).keys() <= {"version", "ext", "profile", "meta"}
        assert all(error.keys() <= ERROR for error in document.get("errors", []))
    assert all(each.keys() <= RESOURCE for each in resources(peer))
    assert all(each.keys() <= {"links", "data", "meta"} for each in relationships(peer))
    assert all(each.keys() <= IDENTIFIER for each in identifiers(peer))


def roots_are_objects(peer: Peer) -> None:
    assert all(isinstance(document, dict) for _, document in peer.documents)


def has_data_errors_or_meta(peer: Peer) -> None:
    assert all(document.keys() & {"data", "errors", "meta"} for _, document in peer.documents)


def data_and_errors_apart(peer: Peer) -> None:
    assert all(not {"data", "errors"} <= document.keys() for _, document in peer.documents)
    assert {"data" in document for _, document in peer.documents} == {True, False}


def included_with_data(peer: Peer) -> None:
    assert any("included" in document for _, document in peer.documents)
    assert all("data" in document for _, document in peer.documents if "included" in document)


def top_level_links(peer: Peer) -> None:
    for asked, answer in peer.corpus:
        if answer.status_code == 200 and asked.startswith("GET"):
            links = answer.json()["links"]
            assert unquote(str(answer.url)) == unquote(links["self"]) or "+" in str(answer.url), asked
            assert not is_linkage(asked) or links["related"] == links["self"].replace("/relationships", "")


def data_fits_target(peer: Peer) -> None:
    for asked, document in peer.documents:
        if "data" in document:
            data = document["data"]
            several = data if isinstance(data, list) else [data]
            assert all(each is None or {"type", "id"} <= each.keys() for each in several), asked


def lists_are_arrays(peer: Peer) -> None:
    lengths = set()
    for asked, document in peer.documents:
        if "pagination" in document.get("meta", {}):
            assert isinstance(document["data"], list), asked
            lengths.add(min(len(document["data"]), 2))
    assert lengths == {0, 1, 2}, "lists of none, of one and of several"


def resources_are_named(peer: Peer) -> None:
    assert all({"type", "id"} <= each.keys() for each in resources(peer))


def names_are_texts(peer: Peer) -> None:
    found = resources(peer) + identifiers(peer)
    assert all(isinstance(each["type"], str) and isinstance(each["id"], str) for each in found)


def one_resource_of_a_name(peer: Peer) -> None:
    urls: dict[tuple[str, str], str] = {}
    for each in resources(peer):
        key = (each["type"], each["id"])
        assert urls.setdefault(key, each["links"]["self"]) == each["links"]["self"]
    assert len(set(urls.values())) == len(urls)


def types_are_member_names(peer: Peer) -> None:
    assert all(NAME.fullmatch(each["type"]) for each in resources(peer) + identifiers(peer))


def fields_share_a_namespace(peer: Peer) -> None:
    for each in resources(peer):
        attributes, related = each.get("attributes", {}).keys(), each.get("relationships", {}).keys()
        assert not attributes & related
        assert not {"type", "id"} & (attributes | related)


def attributes_are_objects(peer: Peer) -> None:
    assert all(isinstance(each.get("attributes", {}), dict) for each in resources(peer))


def attributes_leave_reserved_names(peer: Peer) -> None:
    for each in resources(peer):
        assert all(not {"links", "relationships"} & inner.keys() for inner in walk(each.get("attributes")))


def no_foreign_keys(peer: Peer) -> None:
    """A target is of any type, and no relationship; the id string of a form is its name."""
    found = {name for each in resources(peer) for name in each.get("attributes", {}) if name.endswith("_id")}
    assert found <= {"target_id"}


def relationships_are_objects(peer: Peer) -> None:
    assert all(isinstance(each.get("relationships", {}), dict) for each in resources(peer))
    assert relationships(peer)


def relationships_say_something(peer: Peer) -> None:
    assert all(each.keys() & {"links", "data", "meta"} for each in relationships(peer))


def linkage_forms(peer: Peer) -> None:
    forms = set()
    for each in relationships(peer):
        data = each["data"]
        forms.add("null" if data is None else "object" if isinstance(data, dict) else "some" if data else "none")
    assert forms == {"null", "object", "some", "none"}


def resources_link_to_themselves(peer: Peer) -> None:
    assert all(isinstance(each["links"]["self"], str) for each in resources(peer))


def identifiers_are_named(peer: Peer) -> None:
    assert identifiers(peer)
    assert all({"type", "id"} <= each.keys() for each in identifiers(peer))


def identifiers_may_have_meta(peer: Peer) -> None:
    found = [each["meta"] for each in identifiers(peer) if "meta" in each]
    assert found
    assert all(isinstance(each, dict) for each in found)


def included_is_an_array(peer: Peer) -> None:
    found = [document["included"] for _, document in peer.documents if "included" in document]
    assert any(found)
    assert all(isinstance(each, list) for each in found)


def full_linkage(peer: Peer) -> None:
    for asked, document in peer.documents:
        if "included" in document and "fields[" not in asked:
            named = set()
            for resource in primary(document) + document["included"]:
                for each in resource.get("relationships", {}).values():
                    named |= {(one["type"], one["id"]) for one in primary(each)}
            assert {(each["type"], each["id"]) for each in document["included"]} <= named, asked


def no_duplicates(peer: Peer) -> None:
    for asked, document in peer.documents:
        if not is_linkage(asked):
            names = [(each["type"], each["id"]) for each in primary(document) + document.get("included", [])]
            assert len(set(names)) == len(names), asked


def metas_are_objects(peer: Peer) -> None:
    found = [each["meta"] for _, document in peer.documents for each in walk(document) if "meta" in each]
    assert found
    assert all(isinstance(each, dict) for each in found)


def links_are_objects(peer: Peer) -> None:
    found = [each["links"] for _, document in peer.documents for each in walk(document) if "links" in each]
    assert found
    assert all(isinstance(each, dict) for each in found)


def links_are_urls(peer: Peer) -> None:
    for _, document in peer.documents:
        for each in walk(document):
            for link in each.get("links", {}).values():
                assert link is None or str(link["href"] if isinstance(link, dict) else link).startswith("http")


def jsonapi_is_told(peer: Peer) -> None:
    found = [document["jsonapi"] for _, document in peer.documents if "jsonapi" in document]
    assert found
    assert all(isinstance(each, dict) and isinstance(each["version"], str) for each in found)
    assert all(isinstance(each.get("meta", {}), dict) for each in found)


def member_names_fit(peer: Peer) -> None:
    found = members(peer)
    assert {"type", "id", "attributes", "timing_rule"} <= found
    assert all(NAME.fullmatch(name.removeprefix("@")) for name in found)


def member_names_are_url_safe(peer: Peer) -> None:
    assert all(re.fullmatch(r"[-_a-zA-Z0-9]+", name) for name in members(peer))


def errors_are_an_array(peer: Peer) -> None:
    found = [(asked, answer) for asked, answer in peer.corpus if answer.status_code >= 400]
    assert len(found) > 3
    for asked, answer in found:
        errors = answer.json()["errors"]
        assert isinstance(errors, list), asked
        assert errors, asked


def error_members(peer: Peer) -> None:
    for _, document in peer.documents:
        for each in document.get("errors", []):
            assert all(isinstance(each[name], str) for name in ("id", "status", "code", "title", "detail"))
            assert each.get("source", {}).keys() <= {"pointer", "parameter", "header"}
            assert all(isinstance(value, str) for value in each.get("source", {}).values())


def error_status_is_general(peer: Peer) -> None:
    """The status of all errors where they agree, else that of their class."""
    for asked, answer in peer.corpus:
        if answer.status_code >= 400:
            statuses = {error["status"] for error in answer.json()["errors"]}
            assert {str(answer.status_code)} == statuses or (answer.status_code == 400 and len(statuses) > 1), asked
