"""What webhooks are told, how it is signed, and when it is tried again."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.events import DESK, Kind
from rota.domain.webhooks import (
    DAY,
    JITTER,
    KINDS,
    PATIENCE_S,
    SCHEDULE_S,
    SECOND,
    TEST,
    Fields,
    Outcome,
    Secrets,
    State,
    Verdict,
    Webhook,
    data_of,
    headers,
    judge,
    new_secret,
    payload,
    read_fields,
    sign,
)

NOW = 1_700_000_000 * SECOND
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OLDER = "whsec_" + base64.b64encode(b"x" * 24).decode()
FAILURES = [Outcome(status) for status in (302, 400, 404, 429, 500, 503)] + [Outcome(error="timed out")]


def fine(url: str) -> None:
    return None


def read(**given: Any) -> Any:
    return read_fields(given, fine)


def listener(**changes: Any) -> Webhook:
    whole = {
        "id": "1",
        "account_id": "a",
        "url": "http://x/",
        "kinds": (),
        "description": "",
        "secrets": Secrets(SECRET),
        "position": 10,
        "created_at": NOW,
        **dict.fromkeys(("disabled_at", "disabled_because", "delivered_at", "failing_since")),
    }
    return Webhook(**{**whole, **changes})


def test_a_signature_is_what_the_standard_says() -> None:
    body = b'{"type":"item.added"}'
    mac = hmac.new(bytes(range(32)), b"msg_1.1700000000." + body, hashlib.sha256).digest()
    assert sign(SECRET, "msg_1", 1_700_000_000, body) == "v1," + base64.b64encode(mac).decode()


def test_headers_carry_the_id_the_seconds_of_the_attempt_and_a_signature_for_each_secret() -> None:
    told = dict(headers("msg_1", (SECRET, OLDER), b"{}", NOW + 999_999))
    both = [sign(secret, "msg_1", 1_700_000_000, b"{}") for secret in (SECRET, OLDER)]
    assert told == {
        "webhook-id": "msg_1",
        "webhook-timestamp": "1700000000",
        "webhook-signature": " ".join(both),
    }


@given(st.binary(min_size=24, max_size=64))
def test_a_secret_is_its_bytes_in_base64_behind_a_prefix(random: bytes) -> None:
    secret = new_secret(random)
    prefix, _, encoded = secret.partition("_")
    assert (prefix, base64.b64decode(encoded, validate=True)) == ("whsec", random)


def test_the_previous_secret_signs_until_its_time_has_come() -> None:
    rotated = Secrets(SECRET, OLDER, NOW)
    assert rotated.at(NOW - 1) == (SECRET, OLDER)
    assert rotated.at(NOW) == (SECRET,)
    assert Secrets(SECRET).at(0) == (SECRET,)


def test_secrets_are_not_in_what_a_log_would_show() -> None:
    assert "whsec" not in repr(listener(secrets=Secrets(SECRET, OLDER, NOW)))


def test_the_schedule_is_a_day_and_grows() -> None:
    assert 0.9 * 86_400 < sum(SCHEDULE_S) < 1.1 * 86_400
    assert list(SCHEDULE_S) == sorted(SCHEDULE_S)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_2xx_is_delivered(status: int) -> None:
    assert judge(Outcome(status), "item.added", 1, 0, NOW, 0.5) == Verdict(State.DELIVERED, NOW)


@pytest.mark.parametrize("outcome", FAILURES, ids=str)
@pytest.mark.parametrize("attempts", range(1, len(SCHEDULE_S) + 1))
def test_anything_else_is_tried_again_as_the_schedule_says(outcome: Outcome, attempts: int) -> None:
    waits = [judge(outcome, "item.added", attempts, 0, NOW, jitter).next_at - NOW for jitter in (0.0, 0.5, 0.999)]
    wait = SCHEDULE_S[attempts - 1] * SECOND
    assert waits[0] == pytest.approx(wait * (1 - JITTER))
    assert waits[1] == wait
    assert waits[1] < waits[2] < wait * (1 + JITTER)


@pytest.mark.parametrize("outcome", FAILURES, ids=str)
def test_after_the_last_attempt_it_is_given_up(outcome: Outcome) -> None:
    assert judge(outcome, "item.added", len(SCHEDULE_S) + 1, 0, NOW, 0.5) == Verdict(State.FAILED, NOW)


def test_what_has_waited_for_a_day_is_given_up_whatever_attempts_are_left() -> None:
    assert judge(Outcome(500), "item.added", 2, DAY - 1, NOW, 0.5).state is State.PENDING
    assert judge(Outcome(500), "item.added", 2, DAY, NOW, 0.5).state is State.FAILED
    assert judge(Outcome(200), "item.added", 2, DAY, NOW, 0.5).state is State.DELIVERED


def test_a_day_is_long_enough_for_all_attempts_whatever_the_jitter() -> None:
    longest = sum(SCHEDULE_S[:-1]) * (1 + JITTER) * SECOND
    assert longest < DAY


def test_410_is_final_at_once_and_a_test_is_sent_once() -> None:
    assert judge(Outcome(410), "item.added", 1, 0, NOW, 0.5).state is State.FAILED
    assert judge(Outcome(500), TEST, 1, 0, NOW, 0.5).state is State.FAILED
    assert judge(Outcome(200), TEST, 1, 0, NOW, 0.5).state is State.DELIVERED


@pytest.mark.parametrize(
    ("status", "header", "wait_s"),
    [
        (503, "120", 120),
        (429, " 120 ", 120),
        (503, "1", 5),
        (503, "0", 5),
        (503, "99999999999999999999", PATIENCE_S),
        (503, "Tue, 14 Nov 2023 22:15:20 GMT", 120),
        (503, "Tue, 14 Nov 2000 22:15:20 GMT", 5),
        (503, "Tue, 14 Nov 2099 22:15:20 GMT", PATIENCE_S),
        (503, "Tue, 14 Nov 2023 22:15:20 -0000", 5),
        (503, "Tue, 14 Nov 2023 22:15:20 +999999999999999999999999999999", 5),
        (503, "Tue, 99 Nov 2023 22:15:20 GMT", 5),
        (503, "soon", 5),
        (503, "-5", 5),
        (503, "²", 5),
        (503, "", 5),
        (500, "120", 5),
        (404, "120", 5),
    ],
)
def test_a_receiver_is_left_alone_as_long_as_it_asks_within_bounds(status: int, header: str, wait_s: int) -> None:
    verdict = judge(Outcome(status, retry_after=header), "item.added", 1, 0, NOW, 0.5)
    assert verdict == Verdict(State.PENDING, NOW + wait_s * SECOND)


@given(st.text(max_size=40), st.integers(1, 11))
def test_no_header_stops_the_retries_or_moves_them_beyond_reach(header: str, attempts: int) -> None:
    verdict = judge(Outcome(503, retry_after=header), "item.added", attempts, 0, NOW, 0.9)
    assert NOW <= verdict.next_at <= NOW + DAY


def test_a_payload_tells_the_type_the_time_of_the_event_and_the_data() -> None:
    text = payload("item.added", NOW + 1, {"task_id": 1})
    assert json.loads(text) == {
        "type": "item.added",
        "timestamp": "2023-11-14T22:13:20.000001Z",
        "data": {"task_id": 1},
    }


@pytest.mark.parametrize(
    ("subject", "user", "facts", "data"),
    [
        ("item:7", "a@x", {}, {"task_id": 7, "user": "a@x"}),
        ("item:7", "a@x", {"for": 9}, {"task_id": 7, "user": "a@x", "for": 9}),
        ("user:3", "a@x", {"items": [1, 2]}, {"tasks": [1, 2], "user": "a@x"}),
        ("user:3", "a@x", {"by": "b@x"}, {"by": "b@x", "user": "a@x"}),
        ("job:0a", None, {"status": "success", "reason": None}, {"job_id": "0a", "status": "success", "reason": None}),
    ],
)
def test_data_of_an_event(subject: str, user: str | None, facts: dict[str, Any], data: dict[str, Any]) -> None:
    assert data_of(subject, user, facts) == data


def test_webhooks_may_be_told_of_the_desk_and_of_jobs_and_of_nothing_else() -> None:
    assert set(KINDS) >= DESK
    assert set(KINDS) - DESK == {kind for kind in Kind if kind.startswith("job.")}
    assert Kind.ITEM_PURGED not in KINDS


def test_a_webhook_wants_what_comes_after_its_beginning_of_the_kinds_it_asked_for() -> None:
    assert listener().wants("item.added", 11)
    assert not listener().wants("item.added", 10)
    assert not listener().wants("chunk.settled", 11)
    assert not listener().wants("webhook.updated", 11)
    assert listener(kinds=("job.ended",)).wants("job.ended", 11)
    assert not listener(kinds=("job.ended",)).wants("item.added", 11)


def test_fields_have_defaults() -> None:
    assert read(url="http://x/") == Fields("http://x/", (), "", None)
    assert read(url="http://x/", types=None, description="") == Fields("http://x/")
    given = read(url="http://x/", types=["job.ended", "item.added", "job.ended"], description="d", enabled=False)
    assert given == Fields("http://x/", ("job.ended", "item.added"), "d", False)


def test_all_faults_are_told_at_once() -> None:
    faults = read(types=["item.added", "item.gone"], description=1, enabled="yes", secret="mine")
    assert set(faults) == {"url", "types", "description", "enabled", "secret"}
    assert faults["url"] == "is missing"
    assert "job.ended" in faults["types"]


@pytest.mark.parametrize(
    "field",
    [
        {"url": 1},
        {"url": "http://x/\0"},
        {"url": "http://x/" + "y" * 2_000},
        {"types": "item.added"},
        {"types": [1]},
        {"types": ["*"]},
        {"description": "a\nb"},
        {"description": "\0"},
        {"description": "x" * 1_001},
        {"description": None},
        {"enabled": None},
    ],
    ids=str,
)
def test_what_no_field_takes(field: dict[str, Any]) -> None:
    faults = read_fields({"url": "http://x/", **field}, fine)
    assert isinstance(faults, dict)
    assert set(faults) == set(field)


def test_the_check_of_a_url_is_the_callers() -> None:
    assert read_fields({"url": "http://x/"}, lambda url: f"{url} is bad") == {"url": "http://x/ is bad"}


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (Outcome(204), None),
        (Outcome(500), "answered 500"),
        (Outcome(307), "answered 307, and redirects are not followed"),
        (Outcome(error="timed out"), "timed out"),
    ],
)
def test_an_outcome_says_what_was_wrong(outcome: Outcome, sentence: str | None) -> None:
    assert outcome.sentence == sentence
