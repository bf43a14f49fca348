"""All statements of the list, in its order, each with what proves it of a server, or why it binds clients alone."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialects.jsonapi.conformance import documents as d
from dialects.jsonapi.conformance import fetching as f
from dialects.jsonapi.conformance import writing as w
from dialects.jsonapi.conformance.peer import Peer

Check = Callable[[Peer], None]

LIST = Path(__file__).with_name("jsonapi-1.1-statements.json")


@dataclass(frozen=True)
class Statement:
    """`checks` prove it; without any, `reason` says what it asks of clients."""

    id: str
    checks: tuple[Check, ...] = ()
    reason: str = ""


def _proved(id_: str, *checks: Check) -> Statement:
    return Statement(id_, checks)


def _clients(id_: str, reason: str) -> Statement:
    return Statement(id_, (), reason)


STATEMENTS: tuple[Statement, ...] = (
    _clients(
        "request-content-type", "what clients send; a server refuses the rest, as response-unsupported-media-type says"
    ),
    _clients("request-accept", "what clients send; a server refuses the rest, as response-not-acceptable says"),
    _clients("response-ignore-parameters", "what clients do with answers"),
    _proved("response-content-type", d.media_type),
    _proved("response-unsupported-media-type", f.refuses_parameters),
    _proved("response-not-acceptable", f.refuses_to_answer_with_parameters),
    _proved("additional-members", d.only_known_members),
    _proved("ignore-additional-members", w.ignores_unknown_members),
    _proved("json-object", d.roots_are_objects, w.refuses_other_roots),
    _proved("required-top-level", d.has_data_errors_or_meta),
    _proved("data-errors", d.data_and_errors_apart),
    _proved("optional-top-level", d.only_known_members, d.jsonapi_is_told),
    _proved("data-included", d.included_with_data),
    _proved("top-level-links", d.top_level_links),
    _proved("primary-data", d.data_fits_target),
    _proved("logical-collection", d.lists_are_arrays),
    _proved("resource-required-top-level", d.resources_are_named, w.creates),
    _proved("resource-optional-top-level", d.only_known_members),
    _proved("resource-id-type", d.resources_are_named),
    _proved("resource-id-type-types", d.names_are_texts),
    _proved("resource-unique", d.one_resource_of_a_name),
    _proved("resource-type-constraints", d.types_are_member_names),
    _proved("resource-fields", d.fields_share_a_namespace),
    _proved("resource-attributes-key", d.attributes_are_objects, w.refuses_other_attributes),
    _proved("resource-attributes-reserve-members", d.attributes_leave_reserved_names),
    _proved("resource-attributes-reserve-members", d.no_foreign_keys),
    _proved("resource-relationships-key", d.relationships_are_objects),
    _proved("resource-relationships-object", d.relationships_say_something),
    _proved("resource-relationships-pagination", f.relationships_have_pages),
    _proved("resource-related-resource-link", f.related_links_are_valid_and_stay),
    _proved("resource-related-resource-link-change", f.related_links_are_valid_and_stay),
    _proved("resource-linkage", d.linkage_forms),
    _proved("resource-links", d.resources_link_to_themselves),
    _proved("resource-link-response", f.self_links_lead_to_their_resource),
    _proved("resource-identifier-required-members", d.identifiers_are_named),
    _proved("resource-identifier-optional-member", d.identifiers_may_have_meta),
    _proved("compound-documents-allow", f.includes_what_is_asked),
    _proved("compound-documents-top-level-included", d.included_is_an_array),
    _proved("compound-documents-full-linkage", d.full_linkage),
    _proved("compound-documents-duplicates", d.no_duplicates),
    _proved("meta-objects", d.metas_are_objects),
    _proved("meta-object-members", d.metas_are_objects),
    _proved("top-level-links", d.links_are_objects),
    _proved("top-level-links-members", d.links_are_urls),
    _proved("top-level-json-api-member", d.jsonapi_is_told),
    _proved("json-api-type", d.jsonapi_is_told),
    _proved("json-api-version", d.jsonapi_is_told),
    _proved("json-api-meta", d.jsonapi_is_told),
    _proved("member-name-case", w.names_are_case_sensitive),
    _proved("member-name-character", d.member_names_fit),
    _proved("member-name-allowed-characters-only", d.member_names_fit),
    _proved("member-name-globally-allowed", d.member_names_fit),
    _proved("member-name-url-safe", d.member_names_are_url_safe),
    _proved("member-name-allowed-characters", d.member_names_fit),
    _proved("member-name-reserved-characters", d.member_names_fit),
    _proved("member-name-at-members-definition", w.ignores_at_members),
    _proved("member-name-at-members-where", w.ignores_at_members),
    _proved("member-name-at-members-no-process", w.ignores_at_members),
    _proved("member-name-at-members-ignore-for-definitions", w.ignores_at_members),
    _proved("fetch-url-support", f.all_links_can_be_fetched),
    _proved("fetch-response-code", f.collections_are_answered),
    _proved("fetch-primary-data-collection", f.collections_are_answered),
    _proved("fetch-primary-data-single", f.single_resources_are_answered),
    _proved("fetch-responses-404", f.what_is_not_there_is_404),
    _proved("fetch-responses-other-status-codes", f.what_is_not_there_is_404),
    _proved("fetch-responses-error-details", f.what_is_not_there_is_404),
    _proved("fetch-responses-http-semantics", f.follows_http),
    _proved("fetch-relationships", f.relationships_can_be_fetched),
    _proved("fetch-relationships-response-200", f.relationships_can_be_fetched),
    _proved("fetch-relationships-response-200-primary-data", f.relationships_can_be_fetched),
    _proved("fetch-relationships-response-200-self-related", f.relationships_can_be_fetched),
    _proved("fetch-relationships-response-404", f.unknown_relationships_are_404),
    _proved("fetch-relationships-response-exists-empty", f.empty_relationships_are_answered),
    _proved("fetch-relationships-other-status-codes", f.unknown_relationships_are_404),
    _proved("fetch-relationships-other-error-details", f.unknown_relationships_are_404),
    _proved("fetch-relationships-http-semantics", f.follows_http),
    _proved("inclusion-default", f.includes_what_is_asked),
    _proved("inclusion-include-parameter", f.includes_what_is_asked),
    _proved("inclusion-unrequested", f.includes_what_is_asked),
    _proved("inclusion-include-parameter-value", f.includes_what_is_asked),
    _proved("inclusion-bad-request", f.refuses_unknown_paths),
    _proved("sparse-fieldsets-parameter", f.shows_only_fields_that_are_asked),
    _proved("sparse-fieldsets-parameter-value", f.shows_only_fields_that_are_asked),
    _proved("sparse-fieldsets-additional-fields", f.shows_only_fields_that_are_asked),
    _proved("sorting-option", f.sorts),
    _proved("sorting-parameter", f.sorts),
    _proved("sorting-parameter-value", f.sorts),
    _proved("sorting-multiple-fields", f.sorts_by_several_fields),
    _proved("sorting-multiple-fields-order", f.sorts_by_several_fields),
    _proved("sorting-order", f.sorts),
    _proved("sorting-not-supported", f.refuses_unknown_orders),
    _proved("sorting-specified-order", f.sorts),
    _proved("sorting-default", f.sorts_by_default),
    _proved("pagination", f.pages),
    _proved("pagination-links", f.pages),
    _proved("pagination-links-object", f.pages),
    _proved("pagination-keys", f.pages),
    _proved("pagination-unavailable-link", f.pages),
    _proved("pagination-order", f.pages),
    _proved("pagination-page-parameter", f.pages),
    _proved("filtering", f.filters),
    _proved("create-support", w.creates),
    _proved("modify-delete-support", w.changes, w.removes),
    _proved("crud-atomic", w.is_all_or_nothing),
    _proved("create-single-resource", w.wants_a_single_resource),
    _proved("create-type-member", w.wants_a_type),
    _proved("create-relationships-member", w.wants_relationship_objects),
    _proved("create-accept-client-generated-ids", w.refuses_ids_of_clients),
    _clients(
        "create-client-generated-ids-key", "what clients send to a server that takes their ids; this one refuses them"
    ),
    _clients(
        "create-client-generated-ids-uuid", "what clients send to a server that takes their ids; this one refuses them"
    ),
    _proved("create-client-generated-ids-forbidden", w.refuses_ids_of_clients),
    _proved("create-responses-201-status", w.creates),
    _proved("create-responses-201-location", w.creates),
    _proved("create-responses-201-document", w.creates),
    _proved("create-responses-201-self", w.creates),
    _proved("create-responses-202", w.answers_at_once),
    _proved("create-responses-204", w.refuses_ids_of_clients),
    _proved("create-responses-403", w.refuses_what_is_not_made_by_clients),
    _proved("create-responses-404-related", w.knows_no_missing_relations),
    _proved("create-responses-409-exists", w.refuses_ids_of_clients),
    _proved("create-responses-409-bad-type", w.refuses_other_types),
    _proved("create-responses-409-error-details", w.refuses_other_types),
    _proved("create-responses-other-status", w.wants_a_type, w.wants_a_single_resource),
    _proved("create-responses-other-error-details", w.wants_a_type, w.wants_a_single_resource),
    _proved("create-http-semantics", f.follows_http),
    _proved("update-patch-resource", w.wants_a_single_resource),
    _proved("update-patch-resource-members", w.wants_type_and_id),
    _proved("update-resource-attributes", w.changes),
    _proved("update-interpret-resource-attributes", w.changes),
    _proved("update-resource-relationships", w.changes_relationships_with_their_resource),
    _proved("update-interpret-resource-relationships", w.changes_relationships_with_their_resource),
    _proved("update-resource-relationship-value", w.wants_relationship_objects),
    _proved("update-resource-relationship-reject-full-replacement", w.changes_relationships_with_their_resource),
    _proved(
        "update-resource-relationship-reject-full-replacement-response", w.changes_relationships_with_their_resource
    ),
    _proved("update-resource-202-status", w.answers_at_once),
    _proved("update-resource-200-status", w.changes),
    _proved("update-resource-relationship-200-response", w.changes),
    _proved("update-resource-200-meta", w.changes),
    _proved("update-resource-200-meta-representation", w.changes),
    _proved("update-resource-204-status", w.changes),
    _proved(
        "update-resource-403-status",
        w.refuses_what_is_not_made_by_clients,
        w.refuses_relationships_that_cannot_be_written,
    ),
    _proved("update-resource-404-status", w.changes_nothing_that_is_not_there),
    _proved("update-resource-404-related", w.knows_no_missing_relations),
    _proved("update-resource-409-status", w.tells_why_it_cannot_remove),
    _proved("update-resource-409-no-match", w.wants_the_same_type_and_id),
    _proved("update-resource-409-details", w.wants_the_same_type_and_id),
    _proved("update-resource-409-details", w.wants_the_same_type_and_id),
    _proved("update-resource-other-status", w.wants_type_and_id),
    _proved("update-resource-other-status", w.wants_type_and_id),
    _proved("update-resource-other-semantics", w.wants_type_and_id),
    _proved("update-resource-http-semantics", f.follows_http),
    _proved("respond-patch-to-one-relationship-link", w.changes_to_one_relationships),
    _proved("patch-to-one-data-member", w.changes_to_one_relationships),
    _proved("patch-to-one-response", w.changes_to_one_relationships),
    _proved(
        "respond-patch-post-delete-to-many-relationship-link", w.replaces_members, w.adds_members, w.takes_members_away
    ),
    _proved("patch-post-delete-to-many-data-member", w.wants_members),
    _proved("patch-to-many-complete-replace", w.replaces_members),
    _proved("post-to-many-add", w.adds_members),
    _proved("post-to-many-add-again", w.adds_members),
    _proved("post-to-many-add-again", w.adds_members),
    _proved("post-to-many-response", w.adds_members),
    _proved("delete-to-many", w.takes_members_away),
    _proved("delete-to-many", w.takes_members_away),
    _proved("delete-to-many-success", w.takes_members_away),
    _proved("updating-relationship-202-status", w.answers_at_once),
    _proved("updating-relationship-204-status", w.changes_to_one_relationships, w.replaces_members),
    _proved("updating-relationship-200-status", w.changes_to_one_relationships, w.adds_members),
    _proved("updating-relationship-200-response", w.changes_to_one_relationships, w.adds_members),
    _proved("updating-relationship-200-meta", w.changes_to_one_relationships, w.adds_members),
    _proved("updating-relationship-200-meta-content", w.changes_to_one_relationships, w.adds_members),
    _proved("updating-relationship-403-status", w.refuses_relationships_that_cannot_be_written),
    _proved("updating-relationship-other-status", w.wants_members),
    _proved("updating-relationship-other-details", w.wants_members),
    _proved("update-relationship-http-semantics", f.follows_http),
    _proved("delete-202-status", w.answers_at_once),
    _proved("delete-204-status", w.removes),
    _proved("delete-200-status", w.removes),
    _proved("delete-404-status", w.removes),
    _proved("deleting-other-status", w.tells_why_it_cannot_remove),
    _proved("deleting-other-details", w.tells_why_it_cannot_remove),
    _proved("deleting-http-semantics", f.follows_http),
    _proved("query-parameters-non-alpha", f.own_parameters_are_known_by_their_names),
    _proved("query-parameters-under-camel", f.own_parameters_are_known_by_their_names),
    _proved("query-parameters-bad-request", f.refuses_unknown_parameters),
    _proved("error-stop-processing", f.tells_several_problems),
    _proved("error-general", d.error_status_is_general),
    _proved("error-object-key", d.errors_are_an_array),
    _proved("error-object-members", d.error_members),
)


def listed() -> list[Any]:
    """The list itself."""
    found: list[Any] = json.loads(LIST.read_text())
    return found


def failure(statement: Statement, peer: Peer) -> str | None:
    """What a server does otherwise than the statement says."""
    for check in statement.checks:
        try:
            check(peer)
        except (AssertionError, KeyError, TypeError, ValueError) as error:
            return f"{check.__name__}: {type(error).__name__} {error}"
    return None
