"""Every verb of the slash command, what it does and what is said of it."""

from dataclasses import replace
from typing import Any

import pytest

from desk import SECOND
from dialects.queue.slack.lab import ANN, BOB, Lab, buttons, sections
from rota.dialects.queue.slack.commands import COMMANDS
from rota.domain.errors import StoreUnavailable
from rota.domain.items import Completion, Status
from rota.operations import accounts, items, shifts, slack

VERBS = [
    "add",
    "update",
    "delete",
    "list",
    "show",
    "peek",
    "grab",
    "done",
    "release",
    "fg",
    "bg",
    "login",
    "logout",
    "who",
    "whoami",
    "finger",
    "jobs",
    "last",
    "help",
]


def test_the_verbs_are_those_of_the_contract() -> None:
    assert list(COMMANDS) == VERBS


def test_login_and_logout_say_the_published_sentences(lab: Lab) -> None:
    assert lab.command("login", BOB)["text"] == "You are now logged in! You can start working."
    assert lab.command("login", BOB)["text"] == "You are now logged in! You can start working."
    assert lab.desk.kinds(user_id=lab.desk.actors[BOB].user.id) == ["shift.started"]
    assert lab.command("logout", BOB)["text"] == "You have just logged out! See you again"
    assert lab.command("logout", BOB)["text"] == "You need to log in to perform this command"


def test_a_logout_puts_the_active_task_aside(lab: Lab) -> None:
    item = lab.desk.add()
    lab.command("grab")
    lab.command("logout")
    assert lab.desk.status(item) is Status.SUSPENDED


def test_add_takes_every_field(lab: Lab) -> None:
    text = (
        'add -t "A title" -d “with a description” -f "2026-12-01T12:00:00Z" -e 300 -o BOB@example.org -p -3.5'
        " -g 'a b' -i \"first look\""
    )
    said = lab.command(text)
    assert said["text"].startswith("Task 1 added\n#1 A title (queued)")
    item = lab.desk.get(1)
    assert (item.title, item.description, item.instructions) == ("A title", "with a description", "first look")
    assert (item.deadline, item.estimate_us) == (1_796_126_400 * SECOND, 300 * SECOND)
    assert (item.owner, item.creator, item.priority, item.tags) == (BOB, ANN, -3.5, ("a", "b"))
    assert buttons(said) == {1: ["grab"]}


def test_add_takes_a_title_without_an_option_or_a_quote(lab: Lab) -> None:
    lab.command("add don't forget the 5\" pipe -p 2")
    item = lab.desk.get(1)
    assert (item.title, item.priority) == ("don't forget the 5\" pipe", 2)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("300", 300),
        ("5m", 300),
        ("5 minutes", 300),
        ("1h30m", 5_400),
        ("2 hours and 5 min", 7_500),
        ("1.5 days", 129_600),
    ],
)
def test_an_estimate_is_a_duration_in_words(lab: Lab, said: str, seconds: int) -> None:
    lab.command(f'add x -e "{said}"')
    assert lab.desk.get(1).estimate_us == seconds * SECOND


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("2h", 7_200), ("in 3 days", 259_200), ("Tomorrow", 86_400), ("30 minutes", 1_800), ("asap", 3_600), ("0", 3_600)],
)
def test_a_deadline_may_be_counted_from_now(lab: Lab, said: str, seconds: int) -> None:
    lab.command(f'add x -f "{said}"')
    item = lab.desk.get(1)
    assert abs(item.deadline - item.created_at - seconds * SECOND) < SECOND


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("add", "What is to be done?"),
        ("add -t", "-t needs a value."),
        ("add x -z 1", "-z is no option here"),
        ("add -t one two", "“two” belongs to nothing"),
        ("add x -e soon", "“soon” is no duration"),
        ("add x -e '5 parsecs'", "“5 parsecs” is no duration"),
        ("add x -p high", "“high” is not a number."),
        ("update", "Which task?"),
        ("update 1", "What is to be changed?"),
        ("update x y", "“x” is not the number of a task."),
        ("update 1 -g tag", "The tags of a task cannot be changed."),
        ("delete", "Which task?"),
        ("delete 1 2", "“2” is more than this command takes."),
        ("list red", "“red” is neither a number nor one of queued, active"),
        ("list 0", "“0” is not a whole number from 1 to 1000."),
        ('list ""', "“” is neither a number"),
        ("show", "You work on no task just now"),
        ("show one", "“one” is not the number of a task."),
        ("peek x", "“x” is not a whole number"),
        ("grab 1 2", "“2” is more than this command takes."),
        ("done", "You work on no task just now"),
        ("done 1 2", "One task at a time"),
        ("done failure success", "One task at a time"),
        ("bg", "You work on no task just now"),
        ("release", "You work on no task just now"),
        ("fg", "You have put no task aside."),
        ("finger", "Who?"),
        ("last 101", "“101” is not a whole number from 1 to 100."),
        ("login now", "“now” is more than this command takes."),
        ("help nothing", "There is no command “nothing”."),
    ],
)
def test_wrong_usage_is_told_with_the_right_one(lab: Lab, text: str, fault: str) -> None:
    said = lab.command(text)
    assert said["text"].startswith(fault)
    assert said["text"].split("\n")[1].startswith(f"Usage: {text.split()[0]}")
    assert lab.desk.kinds(item_id=1) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("show 7", "Task does not exist."),
        ("update 7 x", "Task does not exist."),
        ("delete 7", "Task does not exist."),
        ("grab 7", "Task does not exist."),
        ("grab", "There seems to be no tasks to work on at this time! Try again later"),
        ("finger nobody@example.org", "Worker does not exist."),
        ("finger a\0b@example.org", "Worker does not exist."),
        ("add x -o nobody@example.org", "owner is not a user of this account"),
        ("add x -f noon", "deadline is neither an ISO 8601 time"),
        ("add x -p nan", "priority is not a finite number"),
        ("add 'a\0b'", "title holds control characters"),
    ],
)
def test_what_the_desk_refuses_is_a_sentence(lab: Lab, text: str, sentence: str) -> None:
    assert lab.command(text)["text"].startswith(sentence)


@pytest.mark.parametrize("text", ["grab", "grab 1", "done", "done 1", "release", "fg", "bg 1", "logout"])
def test_the_hands_need_a_shift(lab: Lab, text: str) -> None:
    lab.desk.add()
    assert lab.command(text, BOB)["text"] == "You need to log in to perform this command"


def test_update_keeps_what_is_not_said(lab: Lab) -> None:
    lab.command("add old -d text -f 2026-12-01 -e 300 -p 3 -g tag -i steps -o bob@example.org")
    before = lab.desk.get(1)
    assert lab.command("update #1 new title")["text"].startswith("Task 1 updated")
    after = lab.desk.get(1)
    assert after.title == "new title"
    assert replace(after, title=before.title, modified_at=before.modified_at) == before
    lab.command("grab 1")
    assert lab.command("update 1 x")["text"] == "Cannot Update. Task is being worked on"


def test_update_keeps_a_deadline_that_nobody_gave(lab: Lab) -> None:
    before = lab.desk.add()
    lab.desk.time += 60 * SECOND
    lab.command(f"update {before.id} new title")
    after = lab.desk.get(before.id)
    assert (after.title, after.deadline, after.dated) == ("new title", before.deadline, False)


def test_delete(lab: Lab) -> None:
    item = lab.desk.add()
    assert buttons(lab.command(f"delete {item.id}")) == {}
    assert lab.desk.status(item) is Status.DELETED
    assert lab.command(f"delete {item.id}")["text"] == "Cannot Delete. Task is deleted"


def test_list_by_status_and_number(lab: Lab) -> None:
    for number in range(30):
        lab.desk.add(f"task {number}", priority=number)
    lab.command("grab 1")
    assert [buttons(lab.command(text)) for text in ("list active", "list 1", "LIST 2 Queued")] == [
        {1: ["done", "done-failure", "bg", "release"]},
        {30: ["grab"]},
        {30: ["grab"], 29: ["grab"]},
    ]
    assert len(buttons(lab.command("list"))) == 10
    assert lab.command("list deleted")["text"] == "There are no such tasks."


def test_a_list_says_that_there_is_more_than_slack_can_show(lab: Lab) -> None:
    for _ in range(25):
        lab.desk.add("a long title " * 50)
    said = lab.command("list queued 1000")
    assert said["text"].startswith("24 tasks; there are more")
    assert len(said["blocks"]) == 49
    assert len(buttons(said)) == 24
    assert lab.command("list queued 24")["text"].startswith("24 tasks\n")
    assert len(buttons(lab.command("peek 1000"))) == 24


def test_a_peek_shows_the_most_urgent_and_is_logged(lab: Lab) -> None:
    lab.desk.add("first", priority=1)
    urgent = lab.desk.add("second", priority=9)
    assert list(buttons(lab.command("peek"))) == [urgent.id]
    assert lab.desk.kinds()[-1] == "item.peeked"


def test_show_tells_all_of_one_task(lab: Lab) -> None:
    lab.desk.add("t" * 1_000, description="d" * 60_000, instructions="do this", tags="a b", priority=2)
    title, description, instructions = sections(lab.command("show 1"))[1:]
    assert f"*#1* {'t' * 1_000}\nqueued · for admin@localhost · due 2023-11-15T22:13:20Z · priority 2 · a · b" == title
    assert (description[:9], description[-1], instructions) == ("d" * 9, "…", "do this")
    lab.command("grab 1")
    assert sections(lab.command("show"))[1].endswith(
        f"active · by {ANN} · for admin@localhost · due 2023-11-15T22:13:20Z · priority 2 · a · b"
    )


def test_a_task_goes_through_the_hands(lab: Lab) -> None:
    first, second = lab.desk.add("first", priority=2), lab.desk.add("second", priority=1)
    assert lab.command("grab")["text"].startswith("Task 1 grabbed\n#1 first (active)")
    assert lab.command("grab")["text"].startswith("Task 2 grabbed. Task 1 suspended\n#2 second (active)\n#1 first")
    assert list(buttons(lab.command("jobs"))) == [2, 1]
    assert lab.command("fg")["text"].startswith("Task resumed. Task 2 suspended\n#1 first (active)")
    assert lab.command("bg")["text"].startswith("Task suspended\n#1 first (suspended)")
    assert lab.command("bg 1")["text"] == "This task is not active!"
    assert lab.command("fg 2")["text"].startswith("Task resumed\n#2")
    assert lab.command("done")["text"].startswith(
        "Task completed. Task 1 resumed\n#2 second (success)\n#1 first (active)"
    )
    assert lab.command("done FAILURE")["text"].startswith("Task completed\n#1 first (failure)")
    assert [lab.desk.get(item.id).completion for item in (first, second)] == [Completion.FAILURE, Completion.SUCCESS]
    assert lab.command("jobs")["text"] == "You have no tasks in hand."
    lab.desk.check()


def test_release_gives_back_the_active_task_or_the_one_that_is_named(lab: Lab) -> None:
    first, second = lab.desk.add("first", priority=2), lab.desk.add("second")
    lab.command("grab")
    lab.command("grab")
    assert lab.command(f"release {first.id}")["text"].startswith("Task released")
    assert lab.command("release")["text"].startswith("Task released")
    assert {lab.desk.status(item) for item in (first, second)} == {Status.QUEUED}


def test_fg_without_a_number_takes_what_was_put_aside_last(lab: Lab) -> None:
    for _ in range(3):
        lab.desk.add()
        lab.command("grab")
    lab.command("bg 3")
    assert lab.command("fg")["text"].startswith("Task resumed\n#3")


def test_anothers_task_in_hand_has_no_buttons(lab: Lab) -> None:
    lab.desk.add()
    lab.command("grab")
    assert buttons(lab.command("show 1", BOB)) == {}
    assert buttons(lab.command("show 1")) == {1: ["done", "done-failure", "bg", "release"]}
    lab.command("bg")
    assert buttons(lab.command("show 1")) == {1: ["fg", "done", "done-failure", "release"]}


def test_who_whoami_and_finger(lab: Lab) -> None:
    lab.desk.add("what ann does")
    lab.command("grab")
    assert lab.command("who")["text"].split("\n")[1:] == [f"{ANN}: logged in since 2023-11-14T22:13:20Z"]
    assert lab.command("whoami", BOB)["text"] == f"{BOB}: never logged in"
    for text in (f"finger {ANN}", "finger <@U0ANN|ann>", f"finger <mailto:{ANN}|{ANN}>"):
        said = lab.command(text, BOB)["text"]
        assert said == f"{ANN}: logged in since 2023-11-14T22:13:20Z\n#1 what ann does (active)", text
    lab.command("logout")
    assert lab.command("who")["text"] == "Nobody is logged in."
    assert lab.command("whoami")["text"].startswith(f"{ANN}: logged out; last login 2023-11-14T22:13:20Z")


def test_last_tells_what_happened_in_its_order(lab: Lab) -> None:
    lab.desk.add()
    lab.command("grab")
    told = [line.split(" ", 1)[1] for line in lab.command("last 3")["text"].split("\n")[1:]]
    assert told == [f"{ANN} login", "admin@localhost add #1", f"{ANN} grab #1"]


@pytest.mark.parametrize("text", ["", "  ", "help", "HELP"])
def test_help_tells_of_every_command(lab: Lab, text: str) -> None:
    lines = lab.command(text)["text"].split("\n")[1:]
    assert [line.split()[0].rstrip(":") for line in lines] == VERBS


def test_help_of_one_command_and_of_none(lab: Lab) -> None:
    assert len(lab.command("help grab")["text"].split("\n")) == 2
    unknown = lab.command("fly away")["text"].split("\n")
    assert unknown[0] == "There is no command “fly”. What you can do here:"
    assert len(unknown) == 1 + len(VERBS)


@pytest.mark.parametrize("text", ["add —title x —priority 2", "add --title x -p 2", "add –title x -p 2"])
def test_a_dash_that_a_keyboard_made_of_two_is_two(lab: Lab, text: str) -> None:
    lab.command(text)
    assert (lab.desk.get(1).title, lab.desk.get(1).priority) == ("x", 2)


def test_nothing_that_somebody_wrote_pings_links_or_marks_up(lab: Lab) -> None:
    lab.desk.add("<!channel> & <@U0BOB> <https://evil.example|rota>", tags="<!here>", description="<!everyone>")
    for text in ("list", "show 1", "peek", "add &lt;!channel&gt;", "<!here>", "finger <!subteam^S1>", "grab", "last"):
        said = lab.command(text)
        assert "<" not in said["text"] + "".join(sections(said)), text
    assert sections(lab.command("show 1"))[1].startswith(
        "*#1* &lt;!channel&gt; &amp; &lt;@U0BOB&gt; &lt;https://evil.example|rota&gt;\n"
    )
    assert lab.desk.get(2).title == "<!channel>"


@pytest.mark.parametrize("char", ["&", "\U0001f600", "é", "x"])
def test_no_length_bursts_a_block(lab: Lab, char: str) -> None:
    # What they say is within the limits: the lab checks each message.
    lab.desk.add(char * 1_000, description=char * 15_000, instructions=char * 15_000, tags=[char * 100])
    for text in ("show 1", "list", "grab", "finger " + char * 5_000, char * 5_000, "add -t " + char * 1_001):
        lab.command(text)
    for number in range(40):
        lab.desk.hire(f"{number}{'x' * 200}@example.org")
    assert len(sections(lab.command("who"))) > 2


def test_whoever_is_not_linked_is_told_how_to_be(lab: Lab) -> None:
    said = lab.command("grab", "U0NEW")["text"]
    assert "`rota user link-slack EMAIL U0NEW`" in said
    assert "link-slack EMAIL SLACK_ID" in lab.command("grab", "")["text"]
    assert "link-slack" in lab.command("login", "U0\0")["text"]
    assert "link-slack" in lab.press("grab", 1, "U0NEW")["text"]


@pytest.mark.parametrize("fields", [{"user_email": "Zoe@example.org"}, {"user_name": "zoe@example.org"}])
def test_an_email_that_slack_tells_is_as_good_as_a_link(lab: Lab, fields: dict[str, str]) -> None:
    lab.desk.hire("zoe@example.org", on_shift=False)
    assert lab.command("login", "U0ZOE", **fields)["text"].startswith("You are now logged in!")
    assert lab.desk.kinds(user_id=lab.desk.actors["zoe@example.org"].user.id) == ["shift.started"]


def test_an_email_does_not_open_what_is_linked_to_another(lab: Lab) -> None:
    assert "link-slack" in lab.command("whoami", "U0EVE", user_email=ANN)["text"]
    assert lab.command("whoami", "U0BOB", user_email=ANN)["text"].startswith(BOB)


def test_each_works_in_their_own_account(lab: Lab) -> None:
    with lab.desk.store.write() as tx:
        other = accounts.add_account(tx, lab.desk.admin, "other", None, account_id="1" * 32, now=lab.desk.now())
        accounts.add_user(tx, lab.desk.admin, "eve@example.org", account_id=other.id, now=lab.desk.now())
        slack.link(tx, lab.desk.admin, "eve@example.org", "U0EVE", now=lab.desk.now())
    lab.desk.add()
    assert lab.command("show 1", "U0EVE")["text"] == "Task does not exist."
    assert lab.command(f"finger {ANN}", "U0EVE")["text"] == "Worker does not exist."
    assert lab.command("finger <@U0ANN>", "U0EVE")["text"] == "Worker does not exist."


def test_the_token_of_a_shift_that_began_in_slack_is_nowhere(lab: Lab) -> None:
    said = lab.post("/slack/commands", lab.typed("login", BOB)).text
    with lab.desk.store.read() as tx:
        report = shifts.report(tx, lab.desk.admin, BOB)
    assert report.worker.on_shift
    assert "token" not in said


def test_trouble_of_the_servers_is_no_answer_and_leaves_nothing(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise StoreUnavailable

    body = lab.typed("add a title")
    with monkeypatch.context() as patch:
        patch.setattr(items, "add", fail)
        answer = lab.post("/slack/commands", body)
    assert (answer.status_code, answer.json["error"]["code"]) == (503, "store_unavailable")
    assert lab.message(lab.post("/slack/commands", body))["text"].startswith("Task 1 added")
