"""A page of tasks drawn and encoded, against msgspec's encoding of the same document when it is ready.

The page is drawn again and again: ids and amounts that were drawn once are kept, as in a server.

Size: tasks on the page.
"""

from collections.abc import Iterator
from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec

from bench.measure import Finding, at_least, brief, in_turns
from rota.dialects.jsonapi.documents import Renderer, Site, encode
from rota.dialects.jsonapi.resources import RESOURCES, TASK
from rota.domain.field.tasks import Status, Task, TaskLocation
from rota.domain.field.terms import Terms

RUNS = 400
SECOND = 1_000_000
BEGIN = 1_735_689_600 * SECOND
TERMS = (Terms(UTC, "UTC"), Terms(ZoneInfo("Africa/Nairobi"), "Africa/Nairobi"))


def measure(size: int = 100) -> Iterator[Finding]:
    values = [_task(number) for number in range(1, size + 1)]
    site = Site("https://example.com/api/v1", "/")
    for terms in TERMS:
        renderer = Renderer(TASK, {kind: each.type for kind, each in RESOURCES.items()}, terms)

        def page(renderer: Renderer = renderer) -> bytes:
            return encode({"data": renderer.objects(values, site)})

        ready = msgspec.json.decode(page())
        took = in_turns(RUNS, rota=lambda: void(page()), limit=lambda: void(msgspec.json.encode(ready)))  # noqa: B023
        more = f"{brief(took['rota'].median)} against {brief(took['limit'].median)}, {len(page()) // 1000} kB"
        ratio = took["limit"].median / took["rota"].median
        yield at_least(f"{size} tasks drawn in {terms.zone_name}, against encoding alone", 0.3, ratio, more)


def void(_: object) -> None:
    return None


def _task(number: int) -> Task:
    """With two locations, a bounty, a client and five occurrences, and a description as people write them."""
    return Task(
        id=number,
        name=f"Task {number}",
        description="What is to be done, in a sentence or two, as people write them.",
        start_at=BEGIN + number * SECOND,
        end_at=BEGIN + number * 86_400 * SECOND,
        timing_rule="RRULE:FREQ=DAILY;COUNT=5",
        estimated_us=900 * SECOND,
        total_submission_target=1_000,
        user_submission_target=5,
        status=Status.ACTIVE,
        required_expertise=number % 4 + 1,
        target_content_type=15,
        target_id=number,
        form_title=None,
        form_id_string=None,
        parent_id=None,
        client_id=number % 50 + 1,
        project_id=None,
        created_by=1,
        created_by_name="admin@localhost",
        created_at=BEGIN + number,
        modified_at=BEGIN + 2 * number,
        bounty_id=number,
        bounty_amount=number * 100,
        submission_count=number % 13,
        approved_count=0,
        pending_count=number % 13,
        rejected_count=0,
        paid=0,
        occurrence_count=5,
        occurrences_cut=False,
        locations=(TaskLocation(number % 500 + 1), TaskLocation(number % 499 + 501)),
    )
