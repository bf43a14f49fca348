"""What Slack sends again is answered again and done once, on both databases."""

from pathlib import Path

import pytest

from desk import SECOND
from dialects.queue.slack.lab import BOB, Lab
from races import at_once, overlap
from rota.operations import items, slack
from rota.operations.slack import KEPT_US, Request
from rota.store.port import Store, Tx


def added(lab: Lab) -> int:
    return lab.desk.kinds().count("item.added")


def test_the_same_request_is_answered_the_same_and_done_once(lab_of_each: Lab) -> None:
    lab = lab_of_each
    body = lab.typed("add a title")
    first = lab.post("/slack/commands", body)
    assert first.json["text"].startswith("Task 1 added")
    again = lab.post("/slack/commands", body)
    retry = lab.post("/slack/commands", body, X_Slack_Retry_Num="1", X_Slack_Retry_Reason="http_timeout")
    later = lab.post("/slack/commands", body, stamp=lab.desk.time // SECOND + 60)
    assert first.content == again.content == retry.content == later.content
    assert added(lab) == 1


def test_a_refusal_is_said_again(lab_of_each: Lab) -> None:
    lab = lab_of_each
    body = lab.typed("grab")
    first = lab.post("/slack/commands", body)
    lab.desk.add()
    assert lab.post("/slack/commands", body).content == first.content
    assert lab.command("grab")["text"].startswith("Task 1 grabbed")


def test_the_same_words_said_anew_are_done_anew(lab: Lab) -> None:
    for _ in range(2):
        lab.command("add a title")
    assert added(lab) == 2


@pytest.mark.parametrize(
    "changed", [{"text": "add another"}, {"user_id": "U0BOB"}, {"trigger_id": "another"}, {"team_id": "T1"}]
)
def test_requests_that_differ_in_what_counts_are_different(lab: Lab, changed: dict[str, str]) -> None:
    body = lab.typed("add a title", trigger_id="one")
    other = lab.typed(**{"text": "add a title", "trigger_id": "one", **changed})
    for each in (body, other, body, other):
        lab.post("/slack/commands", each)
    assert added(lab) == 2


def test_requests_that_differ_in_nothing_else_are_one(lab: Lab) -> None:
    for url in ("https://hooks.slack.com/1", "https://hooks.slack.com/2"):
        lab.post("/slack/commands", lab.typed("add a title", trigger_id="one", response_url=url))
    assert added(lab) == 1


def test_without_a_trigger_the_time_tells_requests_apart_but_for_retries(lab_of_each: Lab) -> None:
    lab, now = lab_of_each, lab_of_each.desk.time // SECOND
    body = lab.typed("add a title", trigger_id="")
    lab.post("/slack/commands", body, stamp=now)
    lab.post("/slack/commands", body, stamp=now)
    lab.post("/slack/commands", body, stamp=now + 2, X_Slack_Retry_Num="1")
    assert added(lab) == 1
    said = lab.post("/slack/commands", body, stamp=now + 3)
    assert said.json["text"].startswith("Task 2 added")
    assert lab.post("/slack/commands", body, stamp=now + 4, X_Slack_Retry_Num="1").content == said.content
    assert added(lab) == 2


def test_a_button_that_is_sent_again_is_pressed_once(lab_of_each: Lab) -> None:
    lab = lab_of_each
    lab.desk.add()
    for action in ("grab", "release"):
        body = lab.pressed((action, 1))
        first, again = (lab.post("/slack/interactive", body) for _ in range(2))
        assert first.content == again.content
    assert lab.desk.kinds(item_id=1) == ["item.added", "item.grabbed", "item.released"]


@pytest.mark.parametrize("fields", [{"trigger_id": ""}, {"trigger_id": None}])
def test_a_press_without_a_trigger_is_told_by_its_own_time(lab: Lab, fields: dict[str, str | None]) -> None:
    lab.desk.add()
    body = lab.pressed(("grab", 1), **fields)
    now = lab.desk.time // SECOND
    answers = [lab.post("/slack/interactive", body, stamp=now + late).content for late in (0, 5)]
    assert answers[0] == answers[1]
    other = body.replace(b"1700000000.000001", b"1700000000.000002")
    assert lab.post("/slack/interactive", other).json["text"] == "Task is not in queue!"


def test_whoever_was_not_linked_is_heard_once_they_are(lab: Lab) -> None:
    body = lab.typed("add a title", "U0NEW")
    assert "link-slack" in lab.post("/slack/commands", body).text
    with lab.desk.store.write() as tx:
        slack.link(tx, lab.desk.admin, "admin@localhost", "U0NEW", now=lab.desk.now())
    assert lab.post("/slack/commands", body).json["text"].startswith("Task 1 added")


def test_many_of_one_request_at_the_same_time_are_one(lab_of_each: Lab) -> None:
    lab = lab_of_each
    body = lab.typed("add a title")
    answers = at_once(*[lambda: lab.post("/slack/commands", body, X_Slack_Retry_Num="1")] * 6)
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json["text"].startswith("Task 1 added")
    assert added(lab) == 1
    lab.desk.check()


def test_many_requests_at_the_same_time_each_get_a_task_of_their_own(lab_of_each: Lab) -> None:
    lab = lab_of_each
    for number in range(6):
        lab.desk.add(f"task {number}")
        lab.desk.hire(f"{number}@example.org")
    bodies = [lab.typed("grab", f"U{number}", user_email=f"{number}@example.org") for number in range(6)] * 2
    answers = at_once(*[lambda body=body: lab.post("/slack/commands", body) for body in bodies])
    texts = [answer.json["text"] for answer in answers]
    assert texts[:6] == texts[6:]
    assert len({text.split()[1] for text in texts}) == 6
    lab.desk.check()


REQUEST = Request("a request", "", retry=False)


def test_the_second_waits_for_the_first_and_answers_the_same(lab_of_each: Lab) -> None:
    desk = lab_of_each.desk

    def act(words: str) -> slack.Callable[[Tx], str]:
        def change(tx: Tx) -> str:
            def add() -> str:
                items.add(tx, desk.admin, {"title": words}, now=desk.now())
                return words

            return slack.once(tx, REQUEST, add, now=desk.now())

        return change

    assert overlap(desk.store, act("first"), desk.store, act("second")) == ("first", "first")
    assert [desk.get(1).title, added(lab_of_each)] == ["first", 1]


def test_what_was_rolled_back_was_never_handled(store: Store, tmp_path: Path) -> None:
    desk = Lab.found(store, tmp_path).desk
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        slack.once(tx, REQUEST, lambda: str(1 // 0), now=desk.now())
    with store.write() as tx:
        assert slack.once(tx, REQUEST, lambda: "done", now=desk.now()) == "done"


def test_answers_are_forgotten_after_their_time(lab_of_each: Lab) -> None:
    lab = lab_of_each
    lab.command("add a title")
    lab.command("login", BOB)
    with lab.desk.store.read() as tx:
        kept = tx._connection.execute("SELECT * FROM slack_requests").fetchall()  # type: ignore[attr-defined]
    assert len(kept) == 2
    lab.desk.time += KEPT_US
    lab.command("add another")
    with lab.desk.store.read() as tx:
        kept = tx._connection.execute("SELECT * FROM slack_requests").fetchall()  # type: ignore[attr-defined]
    assert len(kept) == 1


def test_a_look_is_not_kept(lab: Lab) -> None:
    for text in ("list", "show 1", "who", "whoami", "finger x", "jobs", "last", "help", "", "fly"):
        lab.command(text)
    with lab.desk.store.read() as tx:
        kept = tx._connection.execute("SELECT * FROM slack_requests").fetchall()  # type: ignore[attr-defined]
    assert kept == []
